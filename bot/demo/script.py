"""The scripted night: each step is done as a person or a sender does it, and seen from outside before the next."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from bot.demo.stage import Stage, answering, deciding
from bot.slack import ids
from playbooks.plays.house import must_find
from playbooks.plays.postmortem import basis_of
from playbooks.render import verify

DANA, OMAR, MEI, SAM = "U01DANA", "U02OMAR", "U04MEI", "U07SAM"
HOME = "C01FRAUDML"
_LOOK = 0.05  # seconds


class StepFailed(Exception):
    """A step of the night was not seen to have taken effect."""


@dataclass(slots=True)
class Night:
    """Plays the story on a stage. `tell` prints a line."""

    stage: Stage
    tell: Callable[[str], None]
    done: int = 0
    channel: str = ""
    seen: dict[str, Any] = field(default_factory=dict)

    def play(self) -> None:
        """All steps in order. Raises StepFailed at the first that is not seen."""
        for step in (
            self.drifting,
            self.alert,
            self.owner_told,
            self.taken,
            self.channel_made,
            self.stranger_refused,
            self.rollback_asked,
            self.approved,
            self.rolled_back,
            self.disabled,
            self.mitigated,
            self.handed_over,
            self.warned,
            self.restored,
            self.ended,
            self.resolved,
            self.drafted,
        ):
            step()

    # ------------------------------------------------------------ how a step is seen

    def _see(self, what: str, look: Callable[[], Any], *, within: float = 20.0) -> Any:
        """Wait until `look` gives something, bounded, but over short pauses of jobs; then say so."""
        end = time.monotonic() + within
        while not (found := self._looked(look)):
            if time.monotonic() > end:
                raise StepFailed(f"not seen within {within:.0f} s: {what}")
            self.stage.over_pause()
        self.done += 1
        self.tell(f"  ✓ {self.done:2} {what}")
        return found

    def _looked(self, look: Callable[[], Any]) -> Any:
        """What `look` gives now, or after a change in Slack that comes at once."""
        try:
            return self.stage.workspace.wait_for(look, _LOOK)
        except TimeoutError:
            return None

    def _poll(self, what: str, look: Callable[[], Any], *, within: float = 20.0) -> Any:
        """As `_see`, for what is asked of other systems: asked again every 50 ms."""
        pause = threading.Event()
        for _ in range(int(within / _LOOK)):
            found = look()
            if found:
                self.done += 1
                self.tell(f"  ✓ {self.done:2} {what}")
                return found
            self.stage.over_pause()
            pause.wait(_LOOK)
        raise StepFailed(f"not seen within {within:.0f} s: {what}")

    def _message(self, channel: str, words: str, *, button: str = "") -> Any:
        """The newest message in a channel that holds the words (and a button of this id)."""
        for message in reversed(self.stage.workspace.history(channel)):
            if words in message.text and (not button or f"'{button}'" in str(message.blocks)):
                return message
        return None

    def _whisper(self, user: str, words: str) -> Any:
        for message in reversed(self.stage.workspace.ephemerals(user)):
            if words in message.text:
                return message
        return None

    # ------------------------------------------------------------ the night

    def drifting(self) -> None:
        """Before: the new version answers, the automation acts on it."""
        self._poll(
            "the model servers answer v43 (asked as a client asks)", lambda: answering(self.stage.plant.url) == ["43"]
        )
        self._poll(
            "auto-decline is on: a risky payment is declined", lambda: deciding(self.stage.plant.url)["flag"] == "on"
        )

    def alert(self) -> None:
        """The drift alert, as Alertmanager sends it."""
        answer = self.stage.send_drift()
        row = answer["alerts"][0]
        if row["decision"] != "opened":
            raise StepFailed(f"the alert was not opened as an incident: {row}")
        self.seen["incident"] = row["incident"]
        self.done += 1
        what = f"{row['decision']} {row['incident']}, because {row['reason']}"
        self.tell(f"  ✓ {self.done:2} the drift alert is accepted: {what}")

    def owner_told(self) -> None:
        """The owner's team reads it in its own channel, with who is on call."""
        self._see(
            "#fraud-ml is told: what drifts, since when, and that @dana is on call",
            lambda: self._message(HOME, "fraud-scorer is drifting", button=ids.TAKE),
        )
        self._see(
            "it says what changed before: v42 → v43, by the training pipeline",
            lambda: self._message(HOME, "changed before: fraud-scorer v42 → v43"),
        )

    def taken(self) -> None:
        """Dana takes it with one click."""
        message = self._message(HOME, "fraud-scorer is drifting", button=ids.TAKE)
        self.stage.workspace.click(DANA, message, ids.TAKE)
        self._see("Dana clicks “I take it”; the message says so", lambda: self._leads())

    def _leads(self) -> Any:
        message = self._message(HOME, "fraud-scorer is drifting")
        return message if message is not None and "leads" in message.text else None

    def channel_made(self) -> None:
        """The incident's own channel, with Dana in it and the card pinned."""
        name = f"{self.seen['incident'].lower()}-fraud-scorer-drift"
        self.channel = self._see(f"#{name} exists and Dana is in it", lambda: self._joined(name))
        self._see("its card is pinned and names the next action", lambda: self._pinned())

    def _joined(self, name: str) -> str:
        for call in self.stage.workspace.calls_of("conversations.create"):
            made = call.result.get("channel", {})
            if made.get("name") == name and DANA in self.stage.workspace.channel(made["id"]).members:
                return str(made["id"])
        return ""

    def _pinned(self) -> bool:
        card = self._message(self.channel, "Next:")
        return card is not None and any(c.ok for c in self.stage.workspace.calls_of("pins.add"))

    def stranger_refused(self) -> None:
        """Somebody of another team is refused, and told who may."""
        self.stage.workspace.slash(SAM, HOME, "/rollback fraud-scorer")
        self._see("Sam of another team is refused, and told who may", lambda: self._whisper(SAM, "You can't ask"))

    def rollback_asked(self) -> None:
        """Dana asks; the preview says from, to, and who decides; she asks for approval."""
        self.stage.workspace.slash(DANA, self.channel, "/rollback fraud-scorer because drift since v43")
        preview = self._see("Dana sees the preview: v43 → v42", lambda: self._whisper(DANA, "v43 → v42"))
        self.stage.workspace.click(DANA, preview, ids.PREVIEW_ASK)
        dm = self.stage.workspace.open_dm(OMAR).id
        self.seen["dm"] = dm
        self._see(
            "Omar, the model owner, is asked by direct message", lambda: self._message(dm, "asks", button=ids.APPROVE)
        )

    def approved(self) -> None:
        """Omar approves; nothing had moved before."""
        if answering(self.stage.plant.url) != ["43"]:
            raise StepFailed("the model moved before it was approved")
        request = self._message(self.seen["dm"], "asks", button=ids.APPROVE)
        self.stage.workspace.click(OMAR, request, ids.APPROVE)
        self._see("Omar approves; the request shows it and its buttons are gone", lambda: self._decided())

    def _decided(self) -> bool:
        request = self._message(self.seen["dm"], "fraud-scorer")
        return request is not None and f"'{ids.APPROVE}'" not in str(request.blocks) and "Approved by" in request.text

    def rolled_back(self) -> None:
        """The answers carry the old version again."""
        self._poll(
            "every model server answers v42 (asked as a client asks)", lambda: answering(self.stage.plant.url) == ["42"]
        )
        self._see("the channel reads that it is confirmed", lambda: self._message(self.channel, "confirmed"))
        self._poll("the registry's own webhook of it is known as our echo", lambda: self._echoed("42"))

    def _echoed(self, version: str) -> bool:
        """Whether the webhook of our own rollback was recognised, and opened nothing."""
        rows = [row for e in self.stage.echoed[-5:] if e["change"]["after"] == version for row in e["answer"]["alerts"]]
        if any(row["decision"] == "opened" for row in rows):
            raise StepFailed(f"the echo of our own rollback opened an incident: {rows}")
        return any(row["decision"] == "echo" for row in rows)

    def disabled(self) -> None:
        """The automation is switched off for four hours; the click of a holder is the approval."""
        line = "/disable auto-decline for 4h because declines from v43 are in the queue"
        self.stage.workspace.slash(DANA, self.channel, line)
        preview = self._see(
            "Dana sees what switching auto-decline off does", lambda: self._whisper(DANA, "Disable auto-decline")
        )
        self.stage.workspace.click(DANA, preview, ids.PREVIEW_CONFIRM)
        self._poll("the flag reads off; a risky payment waits for a person", lambda: self._flag("off"))
        self._see("the channel reads until when it is off", lambda: self._message(self.channel, "OFF"))

    def _flag(self, wanted: str) -> bool:
        return deciding(self.stage.plant.url)["flag"] == wanted

    def mitigated(self) -> None:
        """The harm has stopped."""
        self.stage.workspace.slash(DANA, self.channel, "/inc mitigated v42 answers, queue is held")
        self._see("the incident is mitigated", lambda: self._message(self.channel, "is mitigated"))

    def handed_over(self) -> None:
        """Dana goes to sleep: Mei gets a brief, and leads once she accepts."""
        self.stage.workspace.slash(DANA, self.channel, "/inc handoff @mei")
        dm = self.stage.workspace.open_dm(MEI).id
        offer = self._see(
            "Mei is offered the lead, with what is in flight",
            lambda: self._message(dm, "auto-decline off until", button=ids.HANDOFF_ACCEPT),
        )
        self.stage.workspace.click(MEI, offer, ids.HANDOFF_ACCEPT)
        self._see("Mei accepts and leads; the channel reads it", lambda: self._message(self.channel, "handed it over"))

    def warned(self) -> None:
        """A quarter of an hour before the end, the channel is told."""
        self.stage.advance(timedelta(hours=3, minutes=46))
        self._see(
            "3 h 46 min later: the channel is warned that auto-decline comes back",
            lambda: self._message(self.channel, "comes back"),
        )
        if not self._flag("off"):
            raise StepFailed("the flag came back before its time")

    def restored(self) -> None:
        """At its end the automation comes back by itself, and that is proved."""
        self.stage.advance(timedelta(minutes=15))
        self._poll("15 min later: the flag reads on again", lambda: self._flag("on"))
        self._see("the channel reads that auto-decline is on", lambda: self._message(self.channel, "is ON"))

    def ended(self) -> None:
        """The alert ends: a suggestion, never more."""
        self.stage.send_recovery()
        self._see(
            "the drift ends; the channel is asked whether it is over", lambda: self._message(self.channel, "has ended")
        )

    def resolved(self) -> None:
        """Resolve asks for the moments that are never guessed."""
        self.stage.workspace.slash(DANA, self.channel, "/inc resolve")
        view = self._see(
            "`/inc resolve` asks when impact began and when relief came", lambda: self.stage.workspace.top_view(DANA)
        )
        self.stage.workspace.submit_view(DANA, view, {})
        self._see("the incident is resolved, with its figures", lambda: self._message(self.channel, "resolved"))

    def drafted(self) -> None:
        """The draft is shared as a file, and is what the chain says, byte for byte."""
        text = self._see("the draft is shared in the channel", self._draft)
        number = int(self.seen["incident"].removeprefix("INC-"))
        house = self.stage.service.house
        with house.store.read() as uow:
            incident = must_find(uow, number, lock=False)
            report = uow.verify(number)
            problems = verify(text, uow.events(number), **basis_of(house, incident))
        if problems or not report.ok:
            raise StepFailed(f"the draft is not what the chain says: {problems or report.why}")
        for words in ("resolved", "42", "model owner"):
            if words not in text:
                raise StepFailed(f"the draft does not say “{words}”")
        self.done += 1
        self.tell(f"  ✓ {self.done:2} the draft is what the chain of {report.count} events says, byte for byte")
        self.seen["draft"] = text

    def _draft(self) -> str:
        for message in reversed(self.stage.workspace.history(self.channel)):
            for shared in getattr(message, "files", None) or []:
                found = self.stage.workspace.file_text(shared["id"] if isinstance(shared, dict) else shared)
                if found and "machine:" in found:
                    return found
        return ""
