"""The job body `notification`: the draft for an authority as a file in the incident's channel."""

from __future__ import annotations

from dataclasses import dataclass

from bot.jobs.outcome import DONE, RunResult
from playbooks import errors
from playbooks.plays.house import House, spoken, want
from playbooks.plays.notifications import draft_in
from playbooks.ports import Messenger, Surface


@dataclass(frozen=True, slots=True)
class Notifications:
    """Renders from the chain and shares; a clock that was called off meanwhile is left out."""

    house: House
    messenger: Messenger

    def run(self, subject: str) -> RunResult:
        """One draft (`42:gdpr-33`). Raises what Slack raises where it is worth trying again."""
        number, clock = subject.split(":", 1)
        with self.house.store.read() as uow:
            incident = uow.incident(int(number))
            if incident is None:
                return DONE
            try:
                one, text = draft_in(self.house, uow, incident, clock)
            except errors.Conflict:
                return DONE
        channel = incident.channel or incident.home
        if not channel:
            return DONE
        try:
            self.messenger.upload(
                channel,
                filename=f"{incident.name.lower()}-{clock}-{one.stage.id}-draft.md",
                title=f"{incident.name} draft: {one.clock.title}",
                text=text,
                comment=f"Draft of {one.stage.title} ({one.clock.title}), from {incident.name}. "
                "A reminder, not legal advice: check it, complete it, send it yourselves.",
            )
        except errors.SlackError as error:
            if error.kind in (errors.Kind.TRANSIENT, errors.Kind.RATE_LIMITED, errors.Kind.UNKNOWN_OUTCOME):
                raise
            self._refused(incident.id, clock, error)
        return DONE

    def _refused(self, incident_id: int, clock: str, error: errors.SlackError) -> None:
        with self.house.store.begin() as uow:
            now = self.house.now()
            uow.notice(f"slack:{error.code}:files", error.told, now=now)
            target, key = f"incident:{incident_id}", f"say:nonotification:{incident_id}:{clock}:{error.code}"
            payload = spoken(f"I couldn't share the draft for {clock}: {error.told}")
            want(uow, Surface(key, "say", target, payload=payload, incident_id=incident_id), now=now)
