"""Incidents, timelines and components over the read API: closed without the token, paged, and as described."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import httpx
import pytest

from playbooks.domain.timeline import Event, content_digest
from tests.end_to_end.acting import taken
from tests.end_to_end.scene import DANA, Scene, scene
from tests.test_schemas import faults

TOKEN = "read-5d1c77e0"


@pytest.fixture(scope="module")
def reading(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """INC-1 is taken and noted about, INC-2 is declared for another component."""
    with scene(tmp_path_factory.mktemp("api"), environ={"MUSTER_API_TOKEN": TOKEN}) as running:
        running.drift()
        taken(running)
        channel = running.incident_channel(member=DANA)
        for line in ("/inc note first", "/inc note second", "/inc new merchant-embeddings late again"):
            running.workspace.slash(DANA, channel, line)
        running.settle()
        yield running


def get(running: Scene, path: str, *, token: str = TOKEN, **query: Any) -> httpx.Response:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return running.http.get(f"{running.service.url}{path}", params=query, headers=headers)


def items(running: Scene, path: str, **query: Any) -> list[dict[str, Any]]:
    """All pages of a list, in steps of two."""
    found: list[dict[str, Any]] = []
    cursor = ""
    while True:
        page = get(running, path, limit=2, cursor=cursor, **query).json()
        found += page["items"]
        assert len(page["items"]) <= 2
        cursor = page["next"] or ""
        if not cursor:
            return found


PATHS = (
    "/api/incidents",
    "/api/incidents/1",
    "/api/incidents/1/timeline",
    "/api/components",
    "/api/components/fraud-scorer",
)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("token", ["", "wrong", "intake-0c9e2b7d51"])
def test_nobody_reads_without_the_token(reading: Scene, path: str, token: str) -> None:
    answer = get(reading, path, token=token)
    assert (answer.status_code, answer.json()["type"]) == (401, "urn:muster:wrong_token")


@pytest.mark.parametrize("path", PATHS)
def test_what_it_answers_is_what_it_describes(reading: Scene, path: str) -> None:
    described = get(reading, "/openapi.json", token="").json()
    place = path.replace("/1", "/{number}").replace("/fraud-scorer", "/{id}")
    operation = described["paths"][place]["get"]
    reference = operation["responses"]["200"]["content"]["application/json"]["schema"]["$ref"]
    schemas = described["components"]["schemas"]
    answer = get(reading, path)
    assert faults(answer.json(), schemas[reference.rsplit("/", 1)[1]], {"$defs": schemas}) == []
    inside = [p["name"] for p in operation["parameters"] if p["in"] == "path"]
    assert inside == [part[1:-1] for part in place.split("/") if part.startswith("{")]
    again = reading.http.get(
        f"{reading.service.url}{path}",
        headers={"Authorization": f"Bearer {TOKEN}", "If-None-Match": answer.headers["etag"]},
    )
    assert (again.status_code, again.content) == (304, b"")


def test_incidents_by_page_and_by_what_they_concern(reading: Scene) -> None:
    assert [one["incident"] for one in items(reading, "/api/incidents")] == ["INC-1", "INC-2"]
    assert [one["number"] for one in items(reading, "/api/incidents", component="fraud-scorer")] == [1]
    assert [one["number"] for one in items(reading, "/api/incidents", team="payments-data")] == [2]
    assert items(reading, "/api/incidents", severity="sev9") == []
    assert len(items(reading, "/api/incidents", state="open")) == 2


def test_one_incident(reading: Scene) -> None:
    found = get(reading, "/api/incidents/1").json()
    assert found["incident"]["acknowledged_by"] == "dana"
    assert found["next"]
    named = {one["name"]: one for one in found["lengths"]}
    ends = named["Detected to acknowledged"]
    timeline = {one["seq"]: one for one in items(reading, "/api/incidents/1/timeline")}
    assert timeline[ends["to_event"]]["kind"] == "ack"


def test_the_timeline_can_be_verified_by_its_reader(reading: Scene) -> None:
    found = items(reading, "/api/incidents/1/timeline")
    assert [one["seq"] for one in found] == list(range(1, len(found) + 1))
    assert all(after["prev_hash"] == before["hash"] for before, after in pairwise(found))
    assert found[-1]["hash"] == get(reading, "/api/incidents/1").json()["incident"]["chain_head"]
    assert {"first", "second"} <= {one["text"] for one in found}
    with reading.service.house.store.read() as uow:
        event: Event = uow.events(1)[0]
    assert content_digest(event.salt, found[0]["text"]) == found[0]["content_sha256"]
    assert "salt" not in found[0]


def test_components_and_who_may_decide(reading: Scene) -> None:
    every = [one["id"] for one in items(reading, "/api/components")]
    assert every == sorted(every)
    assert "fraud-scorer" in every
    assert {one["accountable"] for one in items(reading, "/api/components", team="fraud-ml")} == {"fraud-ml"}
    assert {one["kind"] for one in items(reading, "/api/components", kind="model")} == {"model"}
    one = get(reading, "/api/components/fraud-scorer").json()
    rights = {right["right"]: right for right in one["rights"]}
    assert [holder["person"] for holder in rights["roll_back"]["decide"]] == ["omar"]
    assert one["open_incidents"] == ["INC-1"]
    assert "dana" in one["on_call"]


@pytest.mark.parametrize(
    "path",
    ["/api/incidents/404", "/api/incidents/0", "/api/incidents/1e3", "/api/incidents/404/timeline", "/api/incidents/ 1",
     "/api/components/nothing-here", "/api/components/UPPER", "/api/incidents/99999999999999999999"],
)  # fmt: skip
def test_what_there_is_not(reading: Scene, path: str) -> None:
    answer = get(reading, path)
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
    assert "There is no" in answer.json()["detail"] or "There are none" in answer.json()["detail"]


@pytest.mark.parametrize("query", [{"number": "2"}, {"limit": "3"}, {"nonsense": "1"}])
def test_one_incident_takes_no_query(reading: Scene, query: dict[str, str]) -> None:
    answer = get(reading, "/api/incidents/1", **query)
    assert (answer.status_code, answer.json()["type"]) == (400, "urn:muster:bad_query")
