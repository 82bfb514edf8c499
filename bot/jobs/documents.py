"""The draft as a file in the incident's channel: rendered from the chain, posted once per version."""

from __future__ import annotations

from dataclasses import dataclass, replace
from hashlib import sha256

from bot.jobs.outcome import DONE, RunResult
from playbooks import errors
from playbooks.domain.documents import DocumentState
from playbooks.domain.incidents import Incident
from playbooks.plays import document_changes
from playbooks.plays.house import House, spoken, want
from playbooks.plays.postmortem import draft_of
from playbooks.plays.publishing import destinations_of, publish, state_of
from playbooks.ports import Document, Messenger, Surface
from playbooks.render import Draft


@dataclass(frozen=True, slots=True)
class Documents:
    """The job body `document`."""

    house: House
    messenger: Messenger

    def run(self, subject: str) -> RunResult:
        """Render and share the draft; a version already shared is not shared again. Raises what Slack raises."""
        document_changes.tell(self.house, int(subject))
        with self.house.store.read() as uow:
            incident = uow.incident(int(subject))
            if incident is None:
                return DONE
            document = uow.document(incident.id) or Document(incident.id, {})
            draft = draft_of(self.house, uow, incident)
            state = state_of(uow, incident.id)
            elsewhere = _stands_there(self.house, incident, state)
        channel = incident.channel or incident.home
        digest = sha256(draft.text.encode()).hexdigest()
        if digest == document.rendered_sha256 or not channel:
            return DONE
        try:
            file_id = "" if elsewhere else self._share(incident, channel, draft, state)
        except errors.SlackError as error:
            if error.kind in (errors.Kind.TRANSIENT, errors.Kind.RATE_LIMITED, errors.Kind.UNKNOWN_OUTCOME):
                raise
            self._refused(incident.id, error)
            return DONE
        with self.house.store.begin() as uow:
            fresh = uow.document(incident.id) or document
            uow.save_document(replace(fresh, rendered_sha256=digest, file_id=file_id, channel=channel))
            publish(self.house, uow, incident, state_of(uow, incident.id), now=self.house.now())
            resolved = uow.surface(f"resolved:{incident.id}:{incident.reopened}")
            if resolved is not None:
                want(uow, resolved, now=self.house.now())
        return DONE

    def _share(self, incident: Incident, channel: str, draft: Draft, state: str) -> str:
        left = len(draft.open_prompts)
        what = "Draft" if state == DocumentState.DRAFT else f"Postmortem ({state.replace('_', ' ')})"
        yours = "1 question is yours" if left == 1 else f"{left} questions are yours"
        open_ones = yours if left else "no question is open"
        return self.messenger.upload(
            channel,
            filename=f"{incident.name.lower()}-postmortem.md",
            title=f"{incident.name} postmortem" + (" draft" if state == DocumentState.DRAFT else ""),
            text=draft.text,
            comment=f"{what} of {incident.name}, rendered from {draft.facts.events} events; {open_ones}.",
        )

    def _refused(self, incident_id: int, error: errors.SlackError) -> None:
        """A document is never missing in silence: the channel reads why, and how to get it all the same."""
        with self.house.store.begin() as uow:
            now = self.house.now()
            uow.notice(f"slack:{error.code}:files", error.told, now=now)
            text = f"I couldn't share the draft: {error.told} It can be had with `muster postmortem INC-{incident_id}`."
            target = f"incident:{incident_id}"
            payload = spoken(text)
            want(
                uow,
                Surface(
                    f"say:nodraft:{incident_id}:{error.code}", "say", target, payload=payload, incident_id=incident_id
                ),
                now=now,
            )


def _stands_there(house: House, incident: Incident, state: str) -> bool:
    """Whether the document stands in the channel anyway, as a canvas, so that a file would be a second one."""
    return any(each.in_channel and each.reached(state) for each in destinations_of(house, incident))
