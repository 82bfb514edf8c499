"""`/api/metrics` and the metrics of incidents: as described, closed without the token, the same as what was played."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from playbooks.domain.figures import VERSION, Figures, Measure, Mode
from playbooks.domain.incidents import State, open_key
from playbooks.ports import NewIncident
from tests.end_to_end.scene import Scene, scene
from tests.test_schemas import faults
from tests.web.test_api import TOKEN, get, told

TEAMS = ("fraud-ml", "fraud-ml", "risk-product", "a-team-that-is-gone")


@pytest.fixture(scope="module")
def reading(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """A service with four incidents that are over, one of them a drill."""
    with scene(tmp_path_factory.mktemp("metrics"), environ={"MUSTER_API_TOKEN": TOKEN}) as running:
        house = running.service.house
        with house.store.begin() as uow:
            for index, team in enumerate(TEAMS):
                _over(uow, house.now() - timedelta(days=1), f"f{index}", team, Mode.DRILL if index == 1 else Mode.REAL)
        yield running


def _over(uow: Any, opened: Any, failure: str, team: str, mode: Mode) -> None:
    key = open_key("fraud-scorer", failure)
    over = State.RESOLVED.value
    made = NewIncident("t", "fraud-scorer", failure, key, "sev2", opened, opened, "source:a", team, "C1", state=over)
    incident, _ = uow.open_incident(made)
    fresh = uow.incident(incident.id, lock=True)
    assert fresh.state is State.RESOLVED
    uow.save_incident(fresh, open_key=None)
    seconds = {Measure.SILENT: 90, Measure.RESOLVE: 5000}
    row = Figures(fresh.id, VERSION, 0, opened, opened, "fraud-scorer", team, "sev2", failure, mode, seconds)
    uow.put_figures([row])


def test_nobody_reads_without_the_token(reading: Scene) -> None:
    told(get(reading, "/api/metrics", token=""), 401, "wrong_token")
    told(get(reading, "/api/metrics", token="wrong"), 401, "wrong_token")


def test_what_it_answers_is_what_it_describes(reading: Scene) -> None:
    described = get(reading, "/openapi.json", token="").json()
    schema = described["components"]["schemas"]["MetricsPage"]
    root = {"$defs": described["components"]["schemas"]}
    text = get(reading, "/api/metrics", by="team").json()
    assert faults(text, schema, root) == []
    assert (text["incidents"], text["drills"], text["pending"]) == (3, 1, 0)
    silent = next(row for row in text["measures"] if row["measure"] == "silent")
    assert (silent["median"], silent["p90"], silent["n"], silent["not_recorded"]) == (90, 90, 3, 0)
    verify = next(row for row in text["measures"] if row["measure"] == "verify")
    assert (verify["median"], verify["n"], verify["not_recorded"]) == (None, 0, 3)


def test_groups_come_by_cursor_each_once(reading: Scene) -> None:
    keys, cursor = [], ""
    for _ in range(9):
        answer = get(reading, "/api/metrics", by="team", limit=1, cursor=cursor).json()
        keys += [item["key"] for item in answer["items"]]
        cursor = answer["next"] or ""
        if not cursor:
            break
    assert keys == ["a-team-that-is-gone", "fraud-ml", "risk-product"]


@pytest.mark.parametrize("query", [{"by": "colour"}, {"days": 0}, {"day": 3}])
def test_what_cannot_be_used_is_refused_with_a_sentence(reading: Scene, query: dict[str, Any]) -> None:
    told(get(reading, "/api/metrics", **query), 400, "bad_query")


def test_a_name_that_nobody_knows(reading: Scene) -> None:
    told(get(reading, "/api/metrics", name="nobody-knows"), 404, "unknown_name")


def test_prometheus_reads_the_rows_with_bounded_labels(reading: Scene) -> None:
    text = reading.http.get(f"{reading.service.url}/metrics").text
    assert 'muster_incident_seconds_count{measure="silent",severity="sev2",team="fraud-ml"} 1.0' in text
    assert 'muster_incident_seconds_bucket{le="120.0",measure="silent",severity="sev2",team="other"} 1.0' in text
    assert 'muster_incident_seconds_bucket{le="60.0",measure="silent",severity="sev2",team="other"} 0.0' in text
    assert "a-team-that-is-gone" not in text
