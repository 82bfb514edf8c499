"""A whole stage for tests: a local Slack, a plant and the running service, each reached over its own address."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import httpx
import yaml

from bot.clock import AdvancingClock
from bot.demo.stage import drift_body, example, workspace_seed
from bot.plant import Plant, seed_story
from bot.service import Service
from bot.settings import Settings
from bot.slack.pauses import Pauses
from bot.wiring import Parts, build
from bot.workspace.driving import Driving
from bot.workspace.server import Workspace
from bot.workspace.state import Message
from storage.jobs import SqlJobBoard
from tests.migrated import lay
from tests.real.processes import free_port, wait_until

DANA, OMAR, LIN, MEI, RAVI, SAM = "U01DANA", "U02OMAR", "U03LIN", "U04MEI", "U05RAVI", "U07SAM"
HOME, TRIAGE = "C01FRAUDML", "C09TRIAGE"
TOKEN = "intake-0c9e2b7d51"
WITHIN = 15.0  # seconds that anything may take to be seen
SHORTLY = timedelta(seconds=2)
_POLL = 0.03
T = TypeVar("T")


def configuration(plant_url: str, extra: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """`muster.yaml` of the stage."""
    base: dict[str, Any] = {
        "channels": {"triage": TRIAGE, "updates": "C10UPDATES"},
        "providers": {"local": {"url": plant_url}},
        "cadences": {"sweep": "PT1S"},
    }
    more = dict(extra or {})
    more["providers"] = {**base["providers"], **more.get("providers", {})}
    return base | more


def environment(workspace: Workspace, folder: Path, database_url: str, *, socket_mode: bool) -> dict[str, str]:
    """The variables a service on this stage runs with."""
    found = {
        "SLACK_BOT_TOKEN": workspace.bot_token,
        "SLACK_SIGNING_SECRET": workspace.signing_secret,
        "SLACK_API_URL": workspace.api_url,
        "MUSTER_DATABASE_URL": database_url,
        "MUSTER_CONFIG": str(folder / "muster.yaml"),
        "MUSTER_INTAKE_TOKEN": TOKEN,
        "MUSTER_PORT": str(free_port()),
        "MUSTER_LOG_LEVEL": "WARNING",
    }
    return found | ({"SLACK_APP_TOKEN": workspace.app_token} if socket_mode else {})


@dataclass
class Scene:
    """What the tests act on and look at.

    Attributes:
        config, environ: laid over the stage's own. registry: text of `ownership.yaml`. parts: of the service.
    """

    folder: Path
    database_url: str = ""
    socket_mode: bool = False
    config: Mapping[str, Any] = field(default_factory=dict)
    environ: Mapping[str, str] = field(default_factory=dict)
    registry: str = field(default_factory=lambda: example("ownership.yaml"))
    busy_timeout: float = 1.2
    clock: AdvancingClock = field(default_factory=AdvancingClock)
    http: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=WITHIN, trust_env=False, verify=False))
    plant: Plant = field(init=False)
    workspace: Workspace = field(init=False)
    service: Service = field(init=False)
    settings: Settings = field(init=False)
    _skipped: timedelta = timedelta(0)

    def start(self) -> Scene:
        """Bring everything up; returns when Slack reaches the service."""
        self.plant = Plant(self.folder / "plant.db", self.clock, reload=0.05)
        seed_story(self.plant.state, self.clock.now())
        self.plant.start()
        self.workspace = Workspace(
            workspace_seed(), clock=lambda: self.clock.now().timestamp(), retry_seconds=(0.0, 0.2, 0.5, 1.0)
        ).start()
        (self.folder / "ownership.yaml").write_text(self.registry, encoding="utf-8")
        written = yaml.safe_dump(configuration(self.plant.url, self.config))
        (self.folder / "muster.yaml").write_text(written, encoding="utf-8")
        url = self.database_url or lay(self.folder / "muster.db")
        given = environment(self.workspace, self.folder, url, socket_mode=self.socket_mode)
        self.settings = Settings.load({**given, **self.environ}, env_file=None)
        return self.serve()

    def serve(self) -> Scene:
        """Start the service (again), on the database as it is."""
        pauses = Pauses(lambda: time.monotonic() + self._skipped.total_seconds())
        parts = Parts(clock=self.clock, busy_timeout=self.busy_timeout, pauses=pauses)
        self.service = build(self.settings, parts=parts, base=self.folder)
        self.service.start()
        if self.socket_mode:
            self.workspace.wait_for_app(timeout=WITHIN)
        else:
            self.workspace.deliver_to(f"{self.service.url}/slack/events")
        return self

    def stop(self) -> None:
        """Take everything down."""
        self.http.close()
        self.workspace.faults.clear()
        self.service.stop()
        self.workspace.stop()
        self.plant.close()

    # ------------------------------------------------------------------ senders

    def send(
        self, path: str, body: object = None, *, secret: str = TOKEN, content: bytes | None = None, **headers: str
    ) -> httpx.Response:
        """A POST as a sender does it."""
        given = {"Authorization": f"Bearer {secret}"} if secret else {}
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        data = json.dumps(body).encode() if content is None else content
        return self.http.post(f"{self.service.url}{path}", content=data, headers=given)

    def drift(self, *, ended: bool = False, starts: datetime | None = None) -> dict[str, Any]:
        """The story's alert; returns its row of the answer."""
        now = self.clock.now()
        begun = starts or now - timedelta(seconds=5)
        body = drift_body(begun, since=now - timedelta(minutes=51), ended=now if ended else None)
        answer = self.send("/alerts/alertmanager", body)
        assert answer.status_code == 202, answer.text
        return dict(answer.json()["alerts"][0])

    def advance(self, **span: float) -> None:
        """Move the clock of everything on; what is due happens at the next tick."""
        self.clock.advance(timedelta(**span))
        self.service.schedules.run_all()
        self.service.engine.nudge()

    # ------------------------------------------------------------------ what Slack shows

    def message(self, channel: str, *words: str, button: str = "", within: float = WITHIN) -> Message:
        """Wait for the newest message of a channel that holds all words (and a button of this id)."""
        what = f"{words} {button} in {channel}"
        found = self.seen(lambda: self.find(channel, *words, button=button), what, within=within)
        assert found is not None
        return found

    def find(self, channel: str, *words: str, button: str = "") -> Message | None:
        """The newest such message, None where there is none now."""
        return newest(self.workspace.history(channel), *words, button=button)

    def all(self, channel: str, *words: str) -> list[Message]:
        """All such messages, oldest first."""
        return [m for m in self.workspace.history(channel) if holds(m, *words)]

    def whisper(self, user: str, *words: str, button: str = "", within: float = WITHIN) -> Message:
        """Wait for what only this person sees."""
        what = f"{words} {button} for {user}"
        found = self.seen(lambda: newest(self.workspace.ephemerals(user), *words, button=button), what, within=within)
        assert found is not None
        return found

    def dm(self, user: str) -> str:
        """The channel of the direct conversation with a person."""
        return self.workspace.open_dm(user).id

    def incident_channel(self, *, member: str = "") -> str:
        """Wait for the channel of the only incident."""

        def made() -> str:
            for call in self.workspace.calls_of("conversations.create"):
                channel = str(call.result.get("channel", {}).get("id", ""))
                if channel and (not member or member in self.workspace.channel(channel).members):
                    return channel
            return ""

        return self.seen(made, "the incident's channel")

    # ------------------------------------------------------------------ what the plant shows

    def alias_moves(self) -> list[str]:
        """The versions the alias pointed to, oldest first."""
        return [m.value for m in reversed(self.plant.state.alias_history("fraud-scorer", "champion"))]

    def flag_turns(self) -> list[str]:
        """How the flag was turned, oldest first."""
        return [m.value for m in reversed(self.plant.state.flag_history("default", "auto-decline", "production"))]

    # ------------------------------------------------------------------ waiting

    def seen(self, look: Callable[[], T], what: str, *, within: float = WITHIN) -> T:
        """Wait for what Slack shows; looked for again after every change there."""
        deadline = time.monotonic() + within
        while not (found := self._looked(look)):
            if time.monotonic() > deadline:
                raise TimeoutError(f"waited {within:g} s in vain for {what}")
            self._over_pause()
        return found

    def _looked(self, look: Callable[[], T]) -> T:
        with self.workspace.state.changed_now:
            return self.workspace.state.changed_now.wait_for(look, _POLL)

    def until(self, look: Callable[[], object], what: str, *, within: float = WITHIN) -> None:
        """Wait for what another system shows."""

        def there() -> bool:
            if look():
                return True
            self._over_pause()
            return False

        wait_until(there, what, within, _POLL)

    def _over_pause(self) -> None:
        """Where nothing is left to do but a job that waits its turn between two edits or tries: its turn has come."""
        if not self._quiet():
            return
        due, now = self._board.next_due(), self.clock.now()
        if due is not None and due < now + SHORTLY:
            left = max(due - now, timedelta(0))
            self._skipped += left
            self.clock.advance(left)
            self.service.engine.nudge()

    def settle(self, *, within: float = 30.0) -> None:
        """Wait until no job is due and nothing is on its way to the service."""
        self.until(self.settled, "everything settled", within=within)

    def settled(self) -> bool:
        """Whether no job is due shortly, or runs, and Slack has nothing on its way."""
        return self._quiet() and not self._board.pending(now=self.clock.now() + SHORTLY)

    def _quiet(self) -> bool:
        return all(d.done for d in self.workspace.deliveries) and self.service.engine.idle

    @property
    def _board(self) -> SqlJobBoard:
        return SqlJobBoard(self.service.house.store)  # type: ignore[arg-type]


def holds(message: Message, *words: str) -> bool:
    """Whether text or blocks hold all words."""
    said = f"{message.text} {message.blocks}"
    return all(word in said for word in words)


def newest(messages: list[Message], *words: str, button: str = "") -> Message | None:
    """The last message that holds all words and the button."""
    for message in reversed(messages):
        if holds(message, *words) and (not button or f"'{button}'" in str(message.blocks)):
            return message
    return None


def cards(workspace: Driving, channel: str) -> list[Message]:
    """The incident cards of a channel: one, unless something was posted twice."""
    return [m for m in workspace.history(channel) if m.user and "Signal:" in m.text and "INC-" in m.text]


@contextmanager
def scene(folder: Path, **given: Any) -> Iterator[Scene]:
    """A stage that is taken down again."""
    made = Scene(folder, **given)
    try:
        yield made.start()
    finally:
        made.stop()
