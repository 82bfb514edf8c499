"""The stage of the demo: a local workspace, a model registry with servers and flags, and Muster between them."""

from __future__ import annotations

import contextlib
import secrets
import socket
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any

import httpx
import yaml

from bot.clock import AdvancingClock
from bot.demo.guide import FOUR_HOURS, SEND, steps
from bot.plant import Plant
from bot.plant.seed import ALIAS, MODEL, seed_story
from bot.service import Service
from bot.settings import Settings
from bot.slack.manifest import manifest
from bot.trust import trusted
from bot.wiring import Parts, build
from bot.workspace.control import Control, Guide, Panel, Step
from bot.workspace.seed import Seed, SeedChannel, SeedCommand, SeedShortcut, SeedUser
from bot.workspace.server import Workspace

SHORTLY = timedelta(seconds=2)
PEOPLE = (
    ("U01DANA", "dana", "Dana Ortiz", "Europe/Berlin"),
    ("U02OMAR", "omar", "Omar Haddad", "Europe/London"),
    ("U03LIN", "lin", "Lin Zhao", "Asia/Singapore"),
    ("U04MEI", "mei", "Mei Tanaka", "America/New_York"),
    ("U05RAVI", "ravi", "Ravi Patel", "Asia/Kolkata"),
    ("U07SAM", "sam", "Sam Stranger", "Europe/Paris"),
)
CHANNELS = (
    ("C01FRAUDML", "fraud-ml"),
    ("C02PAYDATA", "payments-data"),
    ("C03MLPLAT", "ml-platform"),
    ("C04RISKPROD", "risk-product"),
    ("C09TRIAGE", "triage"),
    ("C10UPDATES", "updates"),
)
COMMANDS = (
    ("/inc", "incidents", "new | list | ack | update | resolve | help"),
    ("/rollback", "roll a model back", "<component> [to <version>] [because …]"),
    ("/disable", "switch off, with an end", "<component> for 4h [because …]"),
    ("/enable", "switch on again", "<component>"),
    ("/owner", "who owns it, who may decide", "<component>"),
    ("/postmortem", "the draft", "[INC-42]"),
)


def workspace_seed() -> Seed:
    """The team of the story."""
    everyone = [p[0] for p in PEOPLE]
    return Seed(
        users=[SeedUser(id=i, name=n, real_name=r, email=f"{n}@example.com", tz=z) for i, n, r, z in PEOPLE],
        channels=[SeedChannel(id=i, name=n, members=everyone) for i, n in CHANNELS],
        commands=[SeedCommand(command=c, description=d, usage_hint=u) for c, d, u in COMMANDS],
        shortcuts=[
            SeedShortcut(callback_id=one["callback_id"], name=one["name"], type=one["type"])
            for one in manifest()["features"]["shortcuts"]
        ],
    )


@dataclass(slots=True)
class Stage:
    """Everything of the demo, in one process; each part is reached over its own HTTP address.

    Attributes:
        folder: where database, registry and configuration lie. clock: can be moved on.
        socket_mode: whether Slack is reached by Socket Mode or signed HTTP.
        echoed: what the registry's webhook told Muster, and what Muster answered.
    """

    folder: Path
    clock: AdvancingClock = field(default_factory=AdvancingClock)
    socket_mode: bool = True
    port: int = 0
    workspace_port: int = 0
    intake_token: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    plant: Plant = field(init=False)
    workspace: Workspace = field(init=False)
    service: Service = field(init=False)
    echoed: list[dict[str, Any]] = field(default_factory=list)
    _omar_dm: str = field(init=False, default="")

    def start(self) -> Stage:
        """Bring everything up; returns when Slack and the bot are connected."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.plant = Plant(self.folder / "plant.db", self.clock, listener=self._echo)
        if not self.plant.state.models():
            seed_story(self.plant.state, self.clock.now())
        self.plant.start()
        controls = (
            Control(SEND, self.send_drift),
            Control("The drift ends", self.send_recovery),
            Control("Advance the clock by 15 min", lambda: self.advance(timedelta(minutes=15))),
            Control(FOUR_HOURS, lambda: self.advance(timedelta(hours=4))),
        )
        panels = (Panel("Asked from outside", self.seen_outside),)
        self.workspace = Workspace(
            workspace_seed(),
            clock=lambda: self.clock.now().timestamp(),
            port=self.workspace_port,
            controls=controls,
            panels=panels,
            guide=Guide("Play the night", self._steps),
        ).start()
        self.service = build(self._settings(), parts=Parts(clock=self.clock), base=self.folder)
        self.service.start()
        if self.socket_mode:
            self.workspace.wait_for_app(timeout=15)
        else:
            self.workspace.deliver_to(f"{self.service.url}/slack/events")
        self._omar_dm = self.workspace.open_dm("U02OMAR").id
        for told in self._promotions():
            self._echo(told)
        return self

    def stop(self) -> None:
        """Take everything down in order."""
        self.service.stop()
        self.workspace.stop()
        self.plant.stop()
        self.plant.close()

    # ------------------------------------------------------------ set-up

    def _settings(self) -> Settings:
        (self.folder / "ownership.yaml").write_text(example("ownership.yaml"), encoding="utf-8")
        config = {
            "channels": {"triage": "C09TRIAGE", "updates": "C10UPDATES"},
            "providers": {"local": {"url": self.plant.url}},
            "cadences": {"sweep": "PT1S"},
        }
        path = self.folder / "muster.yaml"
        path.write_text(yaml.safe_dump(config), encoding="utf-8")
        port = self.port or free_port()
        environ = {
            "SLACK_BOT_TOKEN": self.workspace.bot_token,
            "SLACK_SIGNING_SECRET": self.workspace.signing_secret,
            "SLACK_API_URL": self.workspace.api_url,
            "MUSTER_DATABASE_URL": f"sqlite:///{self.folder / 'muster.db'}",
            "MUSTER_CONFIG": str(path),
            "MUSTER_INTAKE_TOKEN": self.intake_token,
            "MUSTER_PORT": str(port),
            "MUSTER_PUBLIC_URL": f"http://127.0.0.1:{port}",
            "MUSTER_LINK_KEY": secrets.token_urlsafe(32),
            "MUSTER_LOG_LEVEL": "WARNING",
        }
        if self.socket_mode:
            environ["SLACK_APP_TOKEN"] = self.workspace.app_token
        return Settings.load(environ, env_file=None)

    # ------------------------------------------------------------ what the outside does

    def send_drift(self) -> dict[str, Any]:
        """The recorded drift alert, as Alertmanager sends it, with times of today."""
        now = self.clock.now()
        starts = now - timedelta(seconds=5)
        return self.post("alertmanager", drift_body(starts, since=starts - timedelta(minutes=51)))

    def send_recovery(self) -> dict[str, Any]:
        """The end of the drift, as Alertmanager sends it."""
        now = self.clock.now()
        found = self._first_alert()
        return self.post("alertmanager", drift_body(found or now, since=now, ended=now))

    def _first_alert(self) -> datetime | None:
        with self.service.house.store.read() as uow:
            for incident in reversed(uow.incidents(open_only=False)):
                alerts = uow.alerts_of(incident.id)
                if alerts:
                    return alerts[0].alert.starts_at
        return None

    def post(self, source: str, body: dict[str, Any], *, kind: str = "alerts") -> dict[str, Any]:
        """Post to the intake as a sender does."""
        answer = httpx.post(
            f"{self.service.url}/{kind}/{source}",
            json=body,
            headers={"Authorization": f"Bearer {self.intake_token}"},
            timeout=10,
            verify=trusted(),
        )
        answer.raise_for_status()
        return dict(answer.json())

    def advance(self, span: timedelta) -> None:
        """Move the clock of workspace, plant and bot on, and let what is due happen."""
        self.clock.advance(span)
        self.service.schedules.run_all()
        self.service.engine.nudge()

    def over_pause(self) -> None:
        """Where nothing is left to do but a job that waits a moment for its turn: its turn has come."""
        engine = self.service.engine
        if not engine.idle or not all(delivery.done for delivery in self.workspace.deliveries):
            return
        now = self.clock.now()
        due = engine.next_due(before=now + SHORTLY)
        if due is not None:
            self.clock.advance(max(due - now, timedelta(0)))
            engine.nudge()

    def _echo(self, change: Mapping[str, str]) -> None:
        """The registry's webhook of every change, ours included: Muster has to know its own echo."""
        with contextlib.suppress(httpx.HTTPError):  # as any sender of webhooks, it does not wait for who is down
            answer = self.post("generic", dict(change), kind="changes")
            self.echoed.append({"change": dict(change), "answer": answer})

    def _promotions(self) -> Iterator[dict[str, str]]:
        """What the registry's webhook told before the night: every promotion of the model, oldest first."""
        before = ""
        for move in reversed(self.plant.state.alias_history(MODEL, ALIAS)):
            yield {
                "id": f"model_alias-{move.id}",
                "kind": "model_alias",
                "subject": f"{MODEL}@{ALIAS}",
                "before": before,
                "after": move.value,
                "at": move.at.isoformat(),
                "by": f"the {move.by}",
            }
            before = move.value

    def _steps(self) -> list[Step]:
        """The guide on the page; nothing to do before everything is up."""
        if not self._omar_dm:
            return []
        return steps(self.service.house, home="C01FRAUDML", dana="U01DANA", omar="U02OMAR", omar_dm=self._omar_dm)

    def seen_outside(self) -> dict[str, str]:
        """What a client of its own sees: which version answers, and what the automation does."""
        decided = deciding(self.plant.url)
        return {
            "fraud-scorer": "v" + ", v".join(answering(self.plant.url)),
            "auto-decline": decided["flag"],
            "risky payment": decided["decision"],
            "clock (UTC)": f"{self.clock.now():%d %b %H:%M}",
        }


def answering(url: str, *, times: int = 9) -> list[str]:
    """Which versions answer now, asked as any client asks (Open Inference Protocol V2), all servers in turn."""
    found: list[str] = []
    with httpx.Client(timeout=5, verify=trusted()) as client:
        width = int(client.get(f"{url}/v2/models/fraud-scorer").json()["inputs"][0]["shape"][-1])
        tensor = {"name": "features", "shape": [1, width], "datatype": "FP64", "data": [0.5] * width}
        servers = client.get(f"{url}/api/servers").json().get("servers", [])
        bases = [f"{url}{server}" for server in servers] or [url]
        for number in range(times):
            answer = client.post(
                f"{bases[number % len(bases)]}/v2/models/fraud-scorer/infer", json={"inputs": [tensor]}
            )
            version = str(answer.json().get("model_version", "?"))
            if version not in found:
                found.append(version)
    return found


def deciding(url: str) -> dict[str, str]:
    """What the automation does with a transaction of high score, and what its flag reads, asked from outside."""
    with httpx.Client(timeout=5, verify=trusted()) as client:
        width = int(client.get(f"{url}/v2/models/fraud-scorer").json()["inputs"][0]["shape"][-1])
        decided = client.post(f"{url}/decide", json={"features": [0.9] * width}).json()
        flag = client.get(f"{url}/api/projects/default/flags/auto-decline/environments/production").json()
    state = flag.get("state", flag.get("value", flag.get("enabled", "?")))
    reads = {True: "on", False: "off"}.get(state, state) if isinstance(state, bool) else str(state)
    return {"flag": str(reads), "decision": str(decided.get("decision", "?"))}


def drift_body(starts: datetime, *, since: datetime, ended: datetime | None = None) -> dict[str, Any]:
    """An Alertmanager v4 webhook body with the figures of the story as annotations."""
    status = "resolved" if ended else "firing"
    labels = {
        "alertname": "ModelDriftHigh",
        "component": "fraud-scorer",
        "severity": "critical",
        "feature": "score",
        "model": "fraud-scorer",
    }
    annotations = {
        "summary": "PSI 0.34 on score for fraud-scorer",
        "metric": "PSI of score",
        "value": "0.34",
        "threshold": "0.20",
        "windows": "4 of the last 4 windows",
        "samples": "18,240",
        "reference": "Oct 1–31",
        "first_breach": since.isoformat(),
    }
    alert = {
        "status": status,
        "labels": labels,
        "annotations": annotations,
        "startsAt": starts.isoformat(),
        "endsAt": ended.isoformat() if ended else "0001-01-01T00:00:00Z",
        "generatorURL": "http://prometheus.example/graph?g0.expr=psi",
        "fingerprint": "766806000a89b955",
    }
    return {
        "version": "4",
        "receiver": "muster",
        "status": status,
        "groupKey": '{}:{alertname="ModelDriftHigh", component="fraud-scorer"}',
        "truncatedAlerts": 0,
        "groupLabels": {"alertname": "ModelDriftHigh", "component": "fraud-scorer"},
        "commonLabels": labels,
        "commonAnnotations": annotations,
        "externalURL": "http://alertmanager.example",
        "alerts": [alert],
    }


def example(name: str) -> str:
    """An example file of the distribution."""
    return (files("bot") / "examples" / name).read_text(encoding="utf-8")


def free_port() -> int:
    """A free port on loopback."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def temporary_folder() -> Path:
    """A new folder for one run."""
    return Path(tempfile.mkdtemp(prefix="muster-demo-"))
