"""To which episode a word belongs whose source does not state the start: found among the episodes that are stored.

Words come twice, late and in any order, so what they make of a series must not hang on the order where the source
tells its own times: a series fires exactly when a firing word is newer than every end.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from playbooks.domain.alerts import Alert, AlertStatus, Known

Series = tuple[str, str]  # source, fingerprint


@dataclass(slots=True)
class Spell:
    """One stored episode of a series; `ends_at` is None while it fires.

    `held`: its incident still takes alerts, or it has none (silenced, say). Many vendors never tell an end, so that
    what people have closed is over.
    """

    starts_at: datetime
    ends_at: datetime | None = None
    held: bool = True


@dataclass(slots=True)
class Spells:
    """The episodes of some series while a batch is placed; what is placed counts for what comes after it."""

    of: Mapping[Series, list[Spell]]
    fresh: dict[Series, list[Spell]] = field(default_factory=dict)

    def place(self, alert: Alert, *, again: bool) -> list[Alert]:
        """The alert with the start of its episode; an end may end several, so there is at least one.

        Args:
            again: whether this very delivery was taken before.
        """
        series = (alert.source, alert.fingerprint)
        known = self.fresh.setdefault(series, list(self.of.get(series, ())))
        ends = alert.status is AlertStatus.RESOLVED
        starts = _ends(alert, known, again) if ends else [_begins(alert, known, again)]
        for start in starts:
            _note(known, start, alert)
        return [_at(alert, start) for start in starts]


def _at(alert: Alert, starts_at: datetime) -> Alert:
    ends_at = None if alert.ends_at is None else max(starts_at, alert.ends_at)
    return replace(alert, starts_at=starts_at, ends_at=ends_at)


def _note(known: list[Spell], starts_at: datetime, alert: Alert) -> None:
    spell = next((each for each in known if each.starts_at == starts_at), None)
    if spell is None:
        known.append(Spell(starts_at, alert.ends_at))
    elif spell.ends_at is None and alert.ends_at is not None:
        spell.ends_at = max(starts_at, alert.ends_at)


def _begins(alert: Alert, known: Sequence[Spell], again: bool) -> datetime:
    """The start of the episode that a firing word is about."""
    assert alert.said is not None
    at, how = alert.starts_at, alert.said.known
    if how is None or not known or any(each.starts_at == at for each in known):
        return at
    if again or how is Known.BY_ID:
        return max(each.starts_at for each in known)
    fires = [each for each in known if each.ends_at is None]
    if how is Known.WHILE_OPEN:
        return max((each.starts_at for each in fires if each.held), default=at)
    ended_since = [each for each in known if each.ends_at is not None and each.ends_at >= at]
    if ended_since:
        return min(ended_since, key=lambda each: (each.ends_at, each.starts_at)).starts_at
    return max((each.starts_at for each in fires if each.starts_at > at), default=at)


def _ends(alert: Alert, known: Sequence[Spell], again: bool) -> list[datetime]:
    """The starts of all episodes that an end is about."""
    assert alert.said is not None
    assert alert.ends_at is not None
    how, at = alert.said.known, alert.ends_at
    if how is None:
        return [alert.starts_at]
    ended = [each for each in known if each.ends_at is not None]
    if again and ended:
        return [max(each.starts_at for each in ended)]
    fires = [each for each in known if each.ends_at is None]
    if how is Known.BY_TURN:
        fires = [each for each in fires if each.starts_at <= at]
        ended = [each for each in ended if each.ends_at == at]
    if fires:
        return sorted(each.starts_at for each in fires)
    return [max((each.starts_at for each in ended), default=alert.starts_at)]
