"""Where a victim runs: workspace and plant that survive it, and what it left behind, looked at from outside."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Any

import httpx
import yaml
from sqlalchemy import Engine

from bot.clock import RandomIds
from bot.demo.stage import drift_body, workspace_seed
from bot.plant import Plant, seed_story
from bot.workspace.replies import Reply
from bot.workspace.server import Workspace
from bot.workspace.state import Message
from playbooks.ports import Job
from storage.engine import make_engine
from storage.jobs import SqlJobBoard
from storage.store import SqlStore
from tests.end_to_end.scene import DANA, HOME, TOKEN, configuration, environment, newest
from tests.end_to_end.victim import FileClock
from tests.migrated import lay
from tests.real.processes import wait_until

NEVER = 0
ALL_TIME = datetime(9000, 1, 1, tzinfo=UTC)
WITHIN = 20.0


class Forge:
    """The warm process that forks victims."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "tests.end_to_end.victim"]
        root = Path(__file__).parents[2]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=root, start_new_session=True
        )
        assert self._output.readline().strip() == "ready"

    @property
    def _output(self) -> IO[str]:
        assert self._process.stdout is not None
        return self._process.stdout

    def order(self, order: dict[str, Any]) -> int:
        """A fresh process that serves; its id."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return int(self._output.readline())

    def close(self) -> None:
        """Take no more orders."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(10)
        self._output.close()


def alive(pid: int) -> bool:
    """Whether the process still runs."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@dataclass
class Stand:
    """One database and its surroundings. `start` runs a victim; `keep` runs it again without a kill when it is dead.

    Attributes:
        member: whether the bot is in the owner team's channel, where it may look for what it posted.
    """

    forge: Forge
    folder: Path
    registry: str
    database_url: str = ""
    member: bool = True
    pid: int = 0
    deaths: int = 0
    plant: Plant = field(init=False)
    workspace: Workspace = field(init=False)
    clock: FileClock = field(init=False)
    engine: Engine = field(init=False)
    store: SqlStore = field(init=False)
    environ: dict[str, str] = field(init=False)
    http: httpx.Client = field(init=False)
    _bell: int = field(init=False)
    _offset: float = 0.0

    def open(self) -> Stand:
        """Everything but the victim."""
        self.clock = FileClock(self.folder / "clock")
        os.mkfifo(self.folder / "bell")
        self._bell = os.open(self.folder / "bell", os.O_RDWR)  # both ends: no victim has to be there to ring
        self.plant = Plant(self.folder / "plant.db", self.clock, reload=0.0)
        seed_story(self.plant.state, self.clock.now())
        self.plant.start()
        self.workspace = Workspace(
            workspace_seed(), clock=lambda: self.clock.now().timestamp(), retry_seconds=(0.0, 0.1, 0.3, 1.0)
        ).start()
        if self.member:
            self.workspace.invite(DANA, HOME, self.workspace.seed.bot_user_id)
        (self.folder / "ownership.yaml").write_text(self.registry, encoding="utf-8")
        written = configuration(self.plant.url)
        (self.folder / "muster.yaml").write_text(yaml.safe_dump(written), encoding="utf-8")
        self.database_url = self.database_url or lay(self.folder / "muster.db")
        self.environ = environment(self.workspace, self.folder, self.database_url, socket_mode=False)
        self.engine = make_engine(self.database_url)
        self.store = SqlStore(self.engine, RandomIds())
        self.http = httpx.Client(timeout=5, trust_env=False, verify=False)
        self.workspace.deliver_to(f"{self.url}/slack/events")
        return self

    def close(self) -> None:
        """Take everything down."""
        if self.pid and alive(self.pid):
            os.kill(self.pid, signal.SIGKILL)
            wait_until(lambda: not alive(self.pid), "the victim's end", 5)
        os.close(self._bell)
        self.http.close()
        self.engine.dispose()
        self.workspace.stop()
        self.plant.close()

    @property
    def url(self) -> str:
        """Where the victim listens."""
        return f"http://127.0.0.1:{self.environ['MUSTER_PORT']}"

    # ------------------------------------------------------------------ life and death

    def start(self, kill_at: int = NEVER) -> None:
        """Run the service until its n-th point; returns when it answers, or is dead already."""
        order = {
            "environ": self.environ,
            "kill_at": kill_at,
            "points": str(self.folder / "points"),
            "clock": str(self.folder / "clock"),
            "bell": str(self.folder / "bell"),
            "log": str(self.folder / "victim.log"),
        }
        self.pid = self.forge.order(order)
        wait_until(lambda: not alive(self.pid) or self._answers(), "the victim's start", WITHIN, 0.01)

    def keep(self) -> None:
        """A supervisor: what died is started again, without a kill."""
        if not alive(self.pid):
            self.deaths += 1
            if self.deaths > 1:
                raise AssertionError(f"the service died by itself:\n{self.log()}")
            self.start()

    def terminate(self) -> None:
        """SIGTERM."""
        os.kill(self.pid, signal.SIGTERM)

    def log(self) -> str:
        """What victims wrote."""
        path = self.folder / "victim.log"
        return path.read_text(errors="replace")[-4000:] if path.exists() else ""

    def points(self) -> list[str]:
        """The labels passed so far."""
        path = self.folder / "points"
        return path.read_text().splitlines() if path.exists() else []

    def _answers(self) -> bool:
        try:
            return self.http.get(f"{self.url}/healthz").status_code == 200
        except httpx.TransportError:
            return False

    # ------------------------------------------------------------------ acts that are repeated until they are answered

    def post(self, body: dict[str, Any]) -> dict[str, Any]:
        """Send an alert as Alertmanager does: again and again until it is accepted."""
        answers: list[httpx.Response] = []

        def accepted() -> bool:
            self.keep()
            try:
                answer = self.http.post(
                    f"{self.url}/alerts/alertmanager", json=body, headers={"Authorization": f"Bearer {TOKEN}"}
                )
            except httpx.TransportError:
                return False
            answers.append(answer)
            return answer.status_code == 202

        wait_until(accepted, "the alert is accepted", WITHIN, 0.05)
        return dict(answers[-1].json())

    def act(self, first: Callable[[], Reply]) -> None:
        """A command or click; the same delivery again where no answer came."""
        self.keep()
        reply = first()
        delivery = reply.delivery
        assert delivery is not None

        def answered() -> bool:
            last = delivery.last
            if last is not None and last.ok:
                return True
            self.keep()
            loop_wait = self.workspace._wait
            again = loop_wait(self.workspace.courier.ask(delivery.kind, delivery.payload))
            return again.last is not None and again.last.ok

        wait_until(answered, f"an answer to {delivery.kind}", WITHIN, 0.05)

    def see(self, look: Callable[[], Any], what: str, *, within: float = WITHIN) -> Any:
        """Wait until something is seen, starting the service again if it died, moving the clock over pauses."""
        found: list[Any] = []

        def seen() -> bool:
            self.keep()
            self._over_pauses()
            found.append(look())
            return bool(found[-1])

        try:
            wait_until(seen, what, within, 0.02)
        except TimeoutError as late:
            jobs = [(j.id, j.error, j.attempts, str(j.due_at)) for j in self.pending()]
            raise AssertionError(f"{late}; jobs {jobs}; after {self.points()[-3:]}\n{self.log()}") from late
        return found[-1]

    def advance(self, **span: float) -> None:
        """Move the clock of all on."""
        self._offset += timedelta(**span).total_seconds()
        written = self.folder / "clock.new"
        written.write_text(f"{self._offset:.6f}", encoding="ascii")
        written.replace(self.folder / "clock")
        self._ring()

    def _ring(self) -> None:
        """The victim looks now: what is due need not wait for its next look."""
        os.write(self._bell, b"!")

    def _over_pauses(self) -> None:
        """Short pauses between two edits, or before another try, need not be waited out."""
        waiting = [job.due_at for job in self.pending()]
        now = self.clock.now()
        if waiting and now < min(waiting) < now + timedelta(seconds=90):
            self.advance(seconds=(min(waiting) - now).total_seconds())

    def settle(self) -> None:
        """Until nothing is pending, here or on its way to the service."""
        self.see(lambda: not self.pending() and all(d.done for d in self.workspace.deliveries), "all settled")

    # ------------------------------------------------------------------ what is there

    def pending(self) -> list[Job]:
        """Jobs that have something to do, whenever."""
        return SqlJobBoard(self.store).pending(now=ALL_TIME)

    def newest(self, channel: str, *words: str, button: str = "") -> Message | None:
        """The newest message of a channel that holds the words."""
        return newest(self.workspace.history(channel), *words, button=button)

    def whispered(self, user: str, *words: str, button: str = "") -> Message | None:
        """The newest message only this person sees."""
        return newest(self.workspace.ephemerals(user), *words, button=button)

    def incident_channels(self) -> list[str]:
        """Ids of the channels made for incidents."""
        with self.workspace.state.lock:
            return [c.id for c in self.workspace.state.contents.channels.values() if c.name.startswith("inc-")]

    def deliveries(self) -> Counter[str]:
        """How often each message of ours stands in Slack, by its delivery id."""
        with self.workspace.state.lock:
            places = list(self.workspace.state.contents.channels.values())
            shown = [m for place in places for m in place.messages.values() if m.metadata]
        return Counter(str(m.metadata["event_payload"]["id"]) for m in shown if m.metadata)

    def flag_turns(self) -> list[str]:
        """How the flag was turned, oldest first."""
        return [m.value for m in reversed(self.plant.state.flag_history("default", "auto-decline", "production"))]


@contextmanager
def stand(forge: Forge, folder: Path, registry: str, database_url: str = "", *, member: bool = True) -> Iterator[Stand]:
    """A stand that is taken down again."""
    made = Stand(forge, folder, registry, database_url, member).open()
    try:
        yield made
    finally:
        made.close()


def drift(now: datetime) -> dict[str, Any]:
    """The story's alert at this time."""
    return drift_body(now - timedelta(seconds=5), since=now - timedelta(minutes=51))
