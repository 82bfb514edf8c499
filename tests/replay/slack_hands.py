"""Hands that reach a service as senders and people do: webhooks with their token, Slack's payloads over signed HTTP."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import httpx
import uvicorn
import yaml

from bot.console.hands import StandingClock
from bot.console.retelling import registry_text, slack_id
from bot.http_server import HttpServer
from bot.service import Service
from bot.settings import Settings
from bot.slack import ids
from bot.slack.blocks import kit
from bot.trust import trusted
from bot.wiring import Parts, build
from bot.workspace import Seed, SeedChannel, SeedCommand, SeedUser, Workspace
from bot.workspace.replies import Reply
from playbooks.domain.backfill import KINDS, Entered
from playbooks.domain.milestones import MILESTONES
from playbooks.domain.timeline import EventKind, Precision
from playbooks.domain.timeline_file import TimelineFile, Told
from tests.real.processes import free_port

TRIAGE, TOKEN, MACHINE = "C09TRIAGE", "only-for-this-test", "U0MACHINE"
_WORDS = {kind: word for word, kind in reversed(KINDS.items())}


def a_workspace() -> Workspace:
    """A Slack with a triage channel and nobody but the one who types for machines."""
    return Workspace(
        Seed(
            users=[SeedUser(id=MACHINE, name="desk")],
            channels=[SeedChannel(id=TRIAGE, name="triage", members=[MACHINE])],
            commands=[SeedCommand(command="/inc")],
        )
    )


@contextmanager
def serving(
    workspace: Workspace, folder: Path, file: TimelineFile, clock: StandingClock, url: str
) -> Iterator[Service]:
    """A service over the file's own registry that only answers: no job runs, and no schedule but the file's."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "ownership.yaml").write_text(registry_text(file), encoding="utf-8")
    (folder / "muster.yaml").write_text(yaml.safe_dump({"channels": {"triage": TRIAGE}}), encoding="utf-8")
    environ = {
        "SLACK_BOT_TOKEN": workspace.bot_token,
        "SLACK_SIGNING_SECRET": workspace.signing_secret,
        "SLACK_API_URL": workspace.api_url,
        "MUSTER_DATABASE_URL": url,
        "MUSTER_CONFIG": str(folder / "muster.yaml"),
        "MUSTER_INTAKE_TOKEN": TOKEN,
        "MUSTER_LOG_LEVEL": "ERROR",
    }
    service = build(Settings.load(environ, env_file=None), parts=Parts(clock=clock), base=folder)
    service.registry.reload()
    port = free_port()
    server = HttpServer(uvicorn.Config(service.web, port=port, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    service.intake.start()
    thread.start()
    try:
        assert server.ready.wait(15)
        service.port = port
        workspace.deliver_to(f"http://127.0.0.1:{port}/slack/events")
        yield service
    finally:
        server.leave()
        thread.join(5)
        service.intake.stop(patience=1)
        service.close()


@dataclass
class SlackHands:
    """See `retelling.Hands`."""

    service: Service
    workspace: Workspace
    clock: StandingClock
    http: httpx.Client
    used: list[str] = field(default_factory=list)

    def at(self, when: datetime) -> None:
        """See `Hands`."""
        self.clock.move(when)

    def alert(self, body: bytes) -> int | None:
        """See `Hands`."""
        (row,) = self._post("alerts", body)
        return int(str(row["incident"]).removeprefix("INC-")) if row["incident"] else None

    def change(self, body: bytes) -> None:
        """See `Hands`."""
        self._post("changes", body)

    def _post(self, kind: str, body: bytes) -> list[dict[str, object]]:
        self.used.append(kind)
        answer = self.http.post(
            f"http://127.0.0.1:{self.service.port}/{kind}/generic",
            content=body,
            headers={"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"},
        )
        assert answer.status_code == 202, answer.text
        return list(answer.json()["alerts"])

    # ------------------------------------------------------------------ people

    def declare(self, told: Told, title: str, component: str) -> int:
        """By command."""
        reply = self._slash(told, f"/inc new {component} {title}")
        found = re.search(r"INC-(\d+) is open", reply.text)
        assert found is not None, reply.text
        return int(found[1])

    def acknowledge(self, told: Told, incident: int) -> None:
        """By the button on the owner's message."""
        self._click(told, incident, ids.TAKE)

    def update(self, told: Told, incident: int) -> None:
        """By command."""
        self._slash(told, f"/inc INC-{incident} update {told.text}")

    def mitigate(self, told: Told, incident: int) -> None:
        """By the button on the card."""
        self._click(told, incident, ids.MITIGATED)

    def resolve(self, told: Told, incident: int) -> None:
        """By the form."""
        self._slash(told, f"/inc INC-{incident} resolve")
        self._submit(told, {"text": told.text})

    def write(self, told: Told, incident: int, line: Entered) -> None:
        """By the form for what is told afterwards: pasted, shown as it was read, confirmed."""
        self._slash(told, f"/inc INC-{incident} backfill")
        text, zone = pasted(line)
        self._submit(told, {"lines": text, "zone": zone})
        shown = self.workspace.top_view(self._user(told))
        assert shown is not None, text
        assert "Not readable" not in str(shown.body), (text, str(shown.body))
        self._submit(told, {})

    def changes_in(self, incident: int) -> set[str]:
        """See `Hands`."""
        with self.service.house.store.read() as uow:
            events = uow.events(incident)
        return {str(e.payload.get("key")) for e in events if e.kind is EventKind.CHANGE and e.payload.get("key")}

    def _user(self, told: Told) -> str:
        if not told.actor.team:
            return MACHINE
        user = slack_id(told.actor.team)
        if user not in self.workspace.state.contents.users:
            self.workspace.add_user(user, told.actor.team[:20])
            self.workspace.join(user, TRIAGE)
        return user

    def _slash(self, told: Told, line: str) -> Reply:
        self.used.append(" ".join(word for word in line.split()[:3] if not word.startswith("INC-")))
        reply = self.workspace.slash(self._user(told), TRIAGE, line)
        assert reply.ok, line
        return reply

    def _click(self, told: Told, incident: int, action: str) -> None:
        self.used.append(f"button {action}")
        blocks = kit.actions(kit.button("Do it", action, ids.Value(incident=incident)))
        with httpx.Client(trust_env=False, verify=trusted()) as bot:
            posted = bot.post(
                f"{self.workspace.api_url}chat.postMessage",
                json={"channel": TRIAGE, "text": "now", "blocks": [block.to_dict() for block in blocks]},
                headers={"Authorization": f"Bearer {self.workspace.bot_token}"},
            ).json()
        assert posted["ok"], posted
        reply = self.workspace.click(self._user(told), str(posted["ts"]), action)
        assert reply.ok, reply.failure

    def _submit(self, told: Told, values: dict[str, str]) -> None:
        self.used.append("form")
        reply = self.workspace.submit_view(self._user(told), None, dict(values))
        assert reply.ok, (reply.errors, reply.failure)
        assert not reply.errors, reply.errors


def pasted(line: Entered) -> tuple[str, str]:
    """The line as a person would paste it, and the zone beside it."""
    word = _WORDS.get(line.kind, "note")
    place = line.payload.get("phase") if line.kind in MILESTONES else line.payload.get("audience") or line.component
    about = str(place or "").split(" ")[0]
    head = f"{word} {about}: {line.text}" if about else f"{word}: {line.text}"
    if line.precision is Precision.DAY:
        ahead = line.at.hour if line.at.hour <= 12 else line.at.hour - 24
        zone = f"{'-' if ahead >= 0 else '+'}{abs(ahead):02}:00"
        return f"{(line.at - timedelta(hours=ahead)):%Y-%m-%d} {head}", zone
    exact = line.precision in (Precision.EXACT, Precision.MINUTE, Precision.SPAN)
    until = f" - {line.until:%Y-%m-%d %H:%M}" if line.until is not None else ""
    return f"{'' if exact else '~'}{line.at:%Y-%m-%d %H:%M}{until} UTC {head}", "UTC"
