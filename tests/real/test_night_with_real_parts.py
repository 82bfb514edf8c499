"""The main job on real parts: Prometheus, Alertmanager, PostgreSQL, MLflow with MLServer, Unleash, signed HTTP."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
import yaml

from bot.clock import AdvancingClock
from bot.demo.stage import free_port, workspace_seed
from bot.service import Service
from bot.settings import Settings
from bot.slack import ids
from bot.wiring import Parts, build
from bot.workspace import Workspace
from bot.workspace.state import Message
from playbooks.domain.drafts.snapshots import snapshots_of
from tests.real.listener import Gauges
from tests.real.processes import wait_until
from tests.real.servers import Alertmanager, MLflow, MLServer, Prometheus, Unleash

pytestmark = pytest.mark.real

DANA, OMAR = "U01DANA", "U02OMAR"
MODEL, FLAG, TOKEN = "night-scorer", "night-auto-decline", "intake-token-of-the-test"

RULE = {
    "alert": "ModelDriftHigh",
    "expr": "model_drift_psi > 0.2",
    "labels": {"severity": "critical", "component": MODEL},
    "annotations": {
        "summary": "PSI {{ $value }} on score",
        "metric": "PSI of score",
        "value": "{{ $value }}",
        "threshold": "0.20",
    },
}

REGISTRY = f"""
api: ownership/v1
people:
  dana: {{slack: {DANA}}}
  omar: {{slack: {OMAR}}}
teams:
  fraud-ml: {{channel: C01FRAUDML, members: [dana, omar], on_call: {{static: [dana]}}}}
components:
  {MODEL}:
    kind: model
    accountable: fraud-ml
    alerts: [{{match: {{labels.component: {MODEL}}}, failure: drift}}]
    levers:
      rollback: {{provider: mlflow, model: {MODEL}, alias: champion, serving: "SERVING", answers: 5}}
    rights:
      roll_back: {{decide: [omar], approvals: 1}}
  {FLAG}:
    kind: automation
    accountable: fraud-ml
    depends_on: [{MODEL}]
    levers:
      disable: {{provider: unleash, project: default, flag: {FLAG}, environment: production}}
    rights:
      disable: {{decide: ["on_call:fraud-ml"], approvals: 1, longest: P1D}}
"""


@dataclass(frozen=True)
class Night:
    """The parts of the night."""

    service: Service
    workspace: Workspace
    clock: AdvancingClock

    def message(self, channel: str, words: str) -> Message | None:
        """The newest message of a channel with these words."""
        return next((m for m in reversed(self.workspace.history(channel)) if words in m.text), None)

    def whisper(self, user: str, words: str) -> Message | None:
        """The newest message that only this person sees, with these words."""
        return next((m for m in reversed(self.workspace.ephemerals(user)) if words in m.text), None)

    def see(self, look: Callable[[], Message | str | None], what: str, within: float = 30.0) -> Message | str:
        """Wait for what people would see."""
        try:
            found = self.workspace.wait_for(look, within, what)
        except TimeoutError:
            seen = [m.text for c in ("C01FRAUDML", self.channel()) if c for m in self.workspace.history(c)]
            whispers = [m.text for m in self.workspace.ephemerals(DANA)]
            raise AssertionError(f"{what}: seen {seen}, whispered {whispers}") from None
        assert found is not None
        return found

    def channel(self) -> str:
        """The incident's channel, once it is there."""
        made = [c.result.get("channel", {}) for c in self.workspace.calls_of("conversations.create") if c.ok]
        found = str(made[0]["id"]) if made else ""
        return found if found and DANA in self.workspace.channel(found).members else ""

    def advance(self, hours: float) -> None:
        """Let hours pass."""
        self.clock.advance(timedelta(hours=hours))
        self.service.schedules.run_all()
        self.service.engine.nudge()


@pytest.fixture
def night(
    tmp_path: Path, postgres_url: str, mlflow_server: MLflow, mlserver: MLServer, unleash: Unleash
) -> Iterator[Night]:
    clock = AdvancingClock()
    workspace = Workspace(workspace_seed(), clock=lambda: clock.now().timestamp()).start()
    (tmp_path / "ownership.yaml").write_text(REGISTRY.replace("SERVING", mlserver.url))
    providers = {
        "mlflow": {"url": mlflow_server.url},
        "unleash": {"url": unleash.url, "token": unleash.admin_token, "client_token": unleash.client_token},
    }
    config = {"channels": {"triage": "C09TRIAGE"}, "providers": providers, "cadences": {"sweep": "PT1S"}}
    (tmp_path / "muster.yaml").write_text(yaml.safe_dump(config))
    settings = Settings.load(
        {
            "SLACK_BOT_TOKEN": workspace.bot_token,
            "SLACK_SIGNING_SECRET": workspace.signing_secret,
            "SLACK_API_URL": workspace.api_url,
            "MUSTER_DATABASE_URL": postgres_url,
            "MUSTER_CONFIG": str(tmp_path / "muster.yaml"),
            "MUSTER_INTAKE_TOKEN": TOKEN,
            "MUSTER_PORT": str(free_port()),
        },
        env_file=None,
    )
    service = build(settings, parts=Parts(clock=clock))
    service.start()
    workspace.deliver_to(f"{service.url}/slack/events")
    yield Night(service, workspace, clock)
    service.stop()
    workspace.stop()


def _version_answering(mlserver: MLServer) -> str:
    inputs = {"inputs": [{"name": "x", "shape": [1], "datatype": "FP32", "data": [0.5]}]}
    answer = httpx.post(f"{mlserver.url}/v2/models/{MODEL}/infer", json=inputs, timeout=10)
    return str(answer.json().get("model_version"))


def test_a_drifting_metric_becomes_an_incident_a_rollback_and_a_time_boxed_disable(
    night: Night,
    gauges: Gauges,
    start_alertmanager: Callable[[str, str], Alertmanager],
    start_prometheus: Callable[..., Prometheus],
    mlflow_server: MLflow,
    mlserver: MLServer,
    unleash: Unleash,
) -> None:
    mlflow_server.register(MODEL, versions=3)
    mlflow_server.point(MODEL, "champion", "3")
    tag = {"name": MODEL, "version": "1", "key": "validation_status", "value": "approved"}
    mlflow_server.call("POST", "model-versions/set-tag", **tag).raise_for_status()
    mlserver.deploy(MODEL, "3")
    unleash.create(FLAG, "production", on=True)
    gauges.lines[:] = ["model_drift_psi 0.05"]
    alertmanager = start_alertmanager(f"{night.service.url}/alerts/alertmanager", TOKEN)
    start_prometheus([RULE], gauges.target, alertmanager.address)

    gauges.lines[:] = ["model_drift_psi 0.34"]
    told = night.see(lambda: night.message("C01FRAUDML", f"{MODEL} is drifting"), "the owner is told")
    assert isinstance(told, Message)
    assert f"<@{DANA}> is on call" in told.text
    night.workspace.click(DANA, told, ids.TAKE)
    channel = str(night.see(night.channel, "the channel"))
    night.see(lambda: night.message(channel, "Next:"), "the card")

    night.workspace.slash(DANA, channel, f"/rollback {MODEL} because drift")
    preview = night.see(lambda: night.whisper(DANA, "v3 → v1"), "the preview: the last good one, not the one before")
    night.workspace.click(DANA, preview, ids.PREVIEW_ASK)
    dm = night.workspace.open_dm(OMAR).id
    request = night.see(lambda: night.message(dm, "asks"), "the request")
    assert mlflow_server.pointed(MODEL, "champion") == "3", "nothing moves before it is approved"
    night.workspace.click(OMAR, request, ids.APPROVE)
    wait_until(lambda: mlflow_server.pointed(MODEL, "champion") == "1", "the alias", within=20)
    assert _version_answering(mlserver) == "3", "the pointer moved, the server has not reloaded"
    assert night.message(channel, "confirmed") is None, "not confirmed by the pointer alone"
    mlserver.deploy(MODEL, "1")
    night.see(lambda: night.message(channel, "confirmed"), "the rollback is proved by the answers", within=60)
    assert _version_answering(mlserver) == "1"

    night.workspace.slash(DANA, channel, f"/disable {FLAG} for 4h because declines from v3")
    preview = night.see(lambda: night.whisper(DANA, f"Disable {FLAG}"), "the preview of the disable")
    night.workspace.click(DANA, preview, ids.PREVIEW_CONFIRM)
    night.see(lambda: night.message(channel, "OFF"), "the flag is off and proved")
    assert unleash.client(f"/features/{FLAG}").json()["enabled"] is False
    night.workspace.slash(DANA, channel, "/inc mitigated v1 answers")
    night.see(lambda: night.message(channel, "is mitigated"), "mitigated")
    night.advance(4.01)
    night.see(lambda: night.message(channel, "is ON"), "restored by itself")
    assert unleash.client(f"/features/{FLAG}").json()["enabled"] is True

    gauges.lines[:] = ["model_drift_psi 0.05"]
    night.see(lambda: night.message(channel, "has ended"), "Alertmanager's resolved is told", within=40)
    night.workspace.slash(DANA, channel, "/inc resolve drift is gone")
    night.see(lambda: night.message(channel, "resolved"), "resolved")
    with night.service.house.store.read() as uow:
        incidents = uow.incidents(open_only=False)
        assert len(incidents) == 1
        assert uow.verify(incidents[0].id).ok
        assert [a.state.value for a in uow.actions_of(incidents[0].id)] == ["confirmed"] * 3
        snapshots = snapshots_of(uow.events(incidents[0].id))
    read = [{fact.subject: fact.value for fact in one.rows if fact.known} for one in snapshots[:3]]
    assert [one.moment for one in snapshots[:3]] == ["declared", "action", "action"]
    assert [facts[f"{MODEL}@champion"] for facts in read[:2]] == ["3", "3"], "as MLflow had it before the rollback"
    assert "on" in read[2].values(), "the flag as Unleash had it before the stop"
