"""A real rule of Prometheus through a real Alertmanager fires, grows, ends in part and ends; each state in Muster."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from playbooks.domain.alerts import AlertStatus
from playbooks.domain.incidents import Incident, State
from playbooks.domain.timeline import EventKind
from playbooks.ports import StoredAlert
from tests.end_to_end.scene import HOME, TOKEN, Scene, scene
from tests.real.listener import Gauges
from tests.real.servers import Alertmanager, Prometheus

pytestmark = pytest.mark.real

RULE = {
    "alert": "ModelDriftHigh",
    "expr": "model_drift_psi > 0.2",
    "labels": {"severity": "critical", "component": "fraud-scorer"},
    "annotations": {
        "summary": "PSI {{ $value }} on {{ $labels.feature }}",
        "metric": "PSI of {{ $labels.feature }}",
        "value": "{{ $value }}",
        "threshold": "0.20",
    },
}
REPEATED = 40.0  # seconds: repeat_interval is 20 s, and the machine may be busy


@pytest.fixture
def night(tmp_path: Path, database_url: str) -> Iterator[Scene]:
    """A running Muster on either database."""
    with scene(tmp_path, database_url=database_url) as running:
        yield running


def shown(**series: float) -> list[str]:
    return [f'model_drift_psi{{feature="{name}"}} {value}' for name, value in series.items()]


def incident(night: Scene) -> Incident:
    with night.service.house.store.read() as uow:
        (found,) = uow.incidents(open_only=False)
    return found


def counts(night: Scene) -> tuple[int, int]:
    """Alerts of the only incident, and how many of them fire; (0, 0) while there is none."""
    with night.service.house.store.read() as uow:
        found = uow.incidents(open_only=False)
    return (found[0].alerts_total, found[0].alerts_firing) if found else (0, 0)


def episodes(night: Scene) -> dict[str, StoredAlert]:
    """By feature, what is stored."""
    with night.service.house.store.read() as uow:
        stored = uow.alerts_of(incident(night).id)
    assert len({each.alert.labels["feature"] for each in stored}) == len(stored)
    return {each.alert.labels["feature"]: each for each in stored}


def told(night: Scene) -> list[tuple[str, str]]:
    """The alerts' lines in the timeline: what was measured, and the status."""
    with night.service.house.store.read() as uow:
        events = [e for e in uow.events(incident(night).id) if e.kind is EventKind.ALERT]
    return [(e.payload["signal"]["metric"], e.payload["status"]) for e in events]


def test_a_rule_fires_grows_ends_in_part_and_ends(
    night: Scene,
    gauges: Gauges,
    start_alertmanager: Callable[[str, str], Alertmanager],
    start_prometheus: Callable[..., Prometheus],
) -> None:
    gauges.lines[:] = shown(score=0.05, amount=0.05)
    alertmanager = start_alertmanager(f"{night.service.url}/alerts/alertmanager", TOKEN)
    start_prometheus([RULE], gauges.target, alertmanager.address)

    gauges.lines[:] = shown(score=0.34, amount=0.05)
    night.until(lambda: counts(night) == (1, 1), "the rule fires", within=30)
    assert incident(night).component == "fraud-scorer"
    owner = night.message(HOME, "fraud-scorer is drifting", "PSI of score 0.34, limit 0.20")
    assert "1 alert (1 firing)" in str(owner.blocks)
    assert told(night) == [("PSI of score", "firing")]

    gauges.lines[:] = shown(score=0.34, amount=0.41)
    night.until(lambda: counts(night) == (2, 2), "the group grows", within=30)
    assert told(night) == [("PSI of score", "firing"), ("PSI of amount", "firing")]
    first = episodes(night)

    gauges.lines[:] = shown(score=0.34, amount=0.05)
    night.until(lambda: counts(night) == (2, 1), "a part of it ends", within=30)
    assert told(night)[2:] == [("PSI of amount", "resolved")]
    halfway = episodes(night)
    assert halfway["amount"].alert.status is AlertStatus.RESOLVED
    assert halfway["amount"].alert.ends_at is not None
    assert halfway["score"].alert.status is AlertStatus.FIRING
    channel = night.incident_channel()
    assert not night.find(channel, "have ended")

    def repeated() -> bool:
        return episodes(night)["score"].seen > halfway["score"].seen

    night.until(repeated, "repeat_interval", within=REPEATED)
    assert counts(night) == (2, 1)  # a repetition is counted on its episode, and opens and tells nothing
    assert len(told(night)) == 3

    gauges.lines[:] = shown(score=0.05, amount=0.05)
    night.until(lambda: counts(night) == (2, 0), "all of it ends", within=30)
    night.message(channel, "All 2 alerts have ended.")
    assert told(night)[3:] == [("PSI of score", "resolved")]
    assert incident(night).state is State.TRIAGE  # it is suggested, never done
    last = episodes(night)
    assert {name: each.id for name, each in last.items()} == {name: each.id for name, each in first.items()}
    night.settle()
    assert len(night.all(channel, "All 2 alerts have ended.")) == 1
    with night.service.house.store.read() as uow:
        assert uow.verify(incident(night).id).ok
