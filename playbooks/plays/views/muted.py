"""What is kept quiet, and why an alert was decided as it was: built from what is on disk."""

from __future__ import annotations

from datetime import datetime, timedelta

from playbooks import errors
from playbooks.domain.pipeline.path import whole
from playbooks.domain.pipeline.silences import AtEnd, Silence
from playbooks.domain.typed_signals import signal_of, signal_words, told_of
from playbooks.messages import AlertPath, KeptRow, Message, SilenceList, SilenceNote, Who
from playbooks.plays.house import House
from playbooks.ports import Surface, UnitOfWork

_LATELY = timedelta(days=1)
_MOST = 15


def silence_note(house: House, uow: UnitOfWork, surface: Surface) -> Message | None:
    """The message of a silence in its team's channel."""
    silence = uow.silence(int(surface.id.split(":")[1]))
    return None if silence is None else silence_view(house, silence, house.now())


def silence_view(house: House, silence: Silence, now: datetime) -> SilenceNote:
    """How a silence stands."""
    phase = "over" if silence.ended_at is not None else "planned" if silence.starts_at > now else "on"
    return SilenceNote(
        number=silence.id,
        kind=silence.kind.value,
        scope=silence.scope,
        phase=phase,
        reason=silence.reason,
        by=house.who(silence.by) or Who("somebody"),
        starts_at=silence.starts_at,
        ends_at=silence.ends_at,
        opens=silence.at_end is AtEnd.OPEN,
        muted=silence.muted,
        ended_at=silence.ended_at,
        ended_by=house.who(silence.ended_by),
    )


def silence_list(house: House) -> SilenceList:
    """What is muted, held or only recorded: nothing is dropped in silence."""
    now = house.now()
    with house.store.read() as uow:
        current = uow.silences_open()
        ended = uow.silences_ended(since=now - _LATELY)
        kept = uow.kept_back_counts(since=now - _LATELY)
    rows = [KeptRow(k.decision.value, k.component, k.failure, k.count, k.firing, k.last_at) for k in kept]
    return SilenceList(
        tuple(silence_view(house, each, now) for each in sorted(current, key=lambda s: s.ends_at)),
        tuple(silence_view(house, each, now) for each in ended[:_MOST]),
        tuple(rows[:_MOST]),
        max(0, len(rows) - _MOST),
    )


def alert_path(house: House, word: str) -> AlertPath:
    """The decision path of an alert, by its id or fingerprint, else of the newest of that name or component.

    Raises UnknownName.
    """
    with house.store.read() as uow:
        found = uow.alerts_named(word)
        if not found:
            raise errors.UnknownName(
                f"I know no alert `{word[:80]}`.",
                "Use its id (in the answer to its sender), its fingerprint, its name or its component.",
            )
        stored = found[0]
        incident = uow.incident(stored.incident_id) if stored.incident_id is not None else None
    signal = signal_of(stored.alert, stored.failure)
    heard = signal.since is not None and signal.since <= stored.received_at
    return AlertPath(
        alert=stored.id,
        name=stored.alert.name,
        source=stored.alert.source,
        component=stored.component,
        status=stored.alert.status.value,
        decision=stored.decision.value,
        reason=stored.reason.value,
        received_at=stored.received_at,
        updated_at=stored.updated_at,
        seen=stored.seen,
        steps=whole(stored.path, stored.decision, stored.reason),
        incident=incident.name if incident is not None else "",
        channel=incident.channel if incident is not None else "",
        link=stored.alert.link,
        others=tuple((each.id, each.decision.value, each.received_at) for each in found[1:]),
        signal=signal_words(told_of(stored.alert, stored.failure)),
        since=signal.since if heard else None,
        silent=int((stored.received_at - signal.since).total_seconds()) if signal.since and heard else None,
    )
