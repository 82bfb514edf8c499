"""The incident's channel: created once, named by rule, people invited; each step can be run again."""

from __future__ import annotations

from dataclasses import dataclass, replace

import structlog

from bot.jobs.outcome import DONE, RunResult
from bot.jobs.surfaces import stays_home
from bot.slack import refusals
from playbooks import errors
from playbooks.domain.incidents import Incident, channel_name, open_key
from playbooks.plays.house import House, refresh, spoken, want
from playbooks.plays.reach import invitees
from playbooks.ports import Messenger, Surface

log = structlog.get_logger(__name__)
_NAMES = 20  # suffixes tried before a person is asked
_AGAIN = frozenset({errors.Kind.TRANSIENT, errors.Kind.RATE_LIMITED, errors.Kind.UNKNOWN_OUTCOME})


@dataclass(frozen=True, slots=True)
class Channels:
    """The job bodies `channel` and `invite`."""

    house: House
    messenger: Messenger

    def create(self, subject: str) -> RunResult:
        """Give the incident a channel of its own. Raises SlackError of a kind that may be tried again."""
        with self.house.store.read() as uow:
            incident = uow.incident(int(subject))
        if incident is None or incident.channel:
            return DONE
        try:
            channel, name = self._make(incident)
        except errors.SlackError as error:
            if error.kind in _AGAIN:
                raise
            self._stays_home(incident, error)
            return DONE
        with self.house.store.begin() as uow:
            now = self.house.now()
            fresh = uow.incident(incident.id, lock=True)
            if fresh is None or fresh.channel:
                return DONE
            fresh = uow.save_incident(replace(fresh, channel=channel, channel_name=name), open_key=_key(fresh))
            topic = Surface(f"topic:{fresh.id}", "topic", f"incident:{fresh.id}", incident_id=fresh.id)
            refresh(uow, fresh, now=now)
            want(uow, topic, now=now)
            uow.want_job("invite", str(fresh.id), now=now, lane=f"incident:{fresh.id}")
        return DONE

    def _make(self, incident: Incident) -> tuple[str, str]:
        """Create the channel; the name is written down before the call, so that a lost answer is recognised by it."""
        prefix = self.house.rules.channel_prefix
        tried = incident.channel_name
        for number in range(_NAMES):
            suffix = "" if number == 0 else str(number + 1)
            name = channel_name(incident.id, incident.component, incident.failure, prefix=prefix, suffix=suffix)
            ours = name == tried
            if tried and not ours and number <= self._number_of(incident, tried):
                continue  # an earlier run already found this name taken by somebody else
            if not ours:
                incident = self._intend(incident, name)
            try:
                return self.messenger.create_channel(name), name
            except errors.SlackError as error:
                if error.code != "name_taken":
                    raise
            found = self.messenger.find_channel(name) if ours else None
            if found is not None and found[1] and not self._used(found[0]):
                return found[0], name
        raise errors.SlackError(
            f"No free channel name for {incident.name} after {_NAMES} tries.",
            "Rename or archive old channels.",
            code="name_taken",
        )

    def _number_of(self, incident: Incident, name: str) -> int:
        prefix = self.house.rules.channel_prefix
        for number in range(_NAMES):
            suffix = "" if number == 0 else str(number + 1)
            if channel_name(incident.id, incident.component, incident.failure, prefix=prefix, suffix=suffix) == name:
                return number
        return 0

    def _intend(self, incident: Incident, name: str) -> Incident:
        with self.house.store.begin() as uow:
            fresh = uow.incident(incident.id, lock=True) or incident
            return uow.save_incident(replace(fresh, channel_name=name), open_key=_key(fresh))

    def _used(self, channel: str) -> bool:
        with self.house.store.read() as uow:
            return uow.incident_by_channel(channel) is not None

    def _stays_home(self, incident: Incident, error: errors.SlackError) -> None:
        """No channel can be made: the incident goes on in the channel where its owner was told."""
        log.error("channel_refused", incident=incident.name, code=error.code)
        with self.house.store.begin() as uow:
            now = self.house.now()
            uow.notice(f"slack:{error.code}:conversations.create", error.told, now=now)
            text = f"I couldn't create a channel for {incident.name}: {error.told} The incident goes on here."
            if incident.home:
                want(
                    uow,
                    Surface(stays_home(incident.id), "post", incident.home, payload={"text": text}),
                    now=now,
                )
                # What was to be shown in its channel is shown there now.
                uow.want_job("deliver", f"incident:{incident.id}", now=now, lane=f"incident:{incident.id}")

    def invite(self, subject: str) -> RunResult:
        """Invite who has to be there; each refusal is told in the channel once, with the next step."""
        with self.house.store.read() as uow:
            incident = uow.incident(int(subject))
        if incident is None or not incident.channel:
            return DONE
        users = invitees(self.house, incident)
        if not users:
            return DONE
        try:
            refused = {user: _why(user, code) for user, code in self.messenger.invite(incident.channel, users).items()}
        except errors.SlackError as error:
            if error.kind in _AGAIN:
                raise
            refused = {"": error.told}
        if refused:
            self._not_invited(incident, refused)
        return DONE

    def _not_invited(self, incident: Incident, refused: dict[str, str]) -> None:
        """Tell the channel once per person, with the next step; without a person it was the whole call."""
        with self.house.store.begin() as uow:
            now = self.house.now()
            for user, sentence in refused.items():
                uow.notice(f"slack:invite:{user}", sentence, now=now)
                key = f"say:invite:{incident.id}:{user}"
                if uow.surface(key) is None:
                    mentions = [f"slack:{user}"] if user else []
                    payload = spoken(sentence, mentions, hint="The incident goes on.")
                    target = f"incident:{incident.id}"
                    want(uow, Surface(key, "say", target, payload=payload, incident_id=incident.id), now=now)


def _why(user: str, code: str) -> str:
    """Slack's code for one person as a sentence; the person is its first mention."""
    return refusals.told("conversations.invite", code, whom="{0}").told


def _key(incident: Incident) -> str | None:
    return open_key(incident.component, incident.failure) if incident.open else None
