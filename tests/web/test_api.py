"""The read API: off without a token, closed without the right one, paged by cursor, and as its description says."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.web import api
from bot.web import reading as listing
from bot.web.problems import Refused
from playbooks.domain.actions import ActionKind
from playbooks.plays import standing
from playbooks.plays.house import actor_for
from playbooks.plays.orders import Order
from tests.end_to_end.scene import LIN, Scene, scene
from tests.test_schemas import faults

TOKEN = "read-5d1c77e0"
REGISTRY_RIGHT = 'accept_risk: {decide: ["team:risk-product"], approvals: 2}'


@pytest.fixture(scope="module")
def reading(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """A service whose ledger has five accepted risks."""
    from bot.demo.stage import example

    registry = example("ownership.yaml")
    assert REGISTRY_RIGHT in registry
    registry = registry.replace(REGISTRY_RIGHT, "accept_risk: {decide: [lin], approvals: 1}")
    folder = tmp_path_factory.mktemp("api")
    with scene(folder, environ={"MUSTER_API_TOKEN": TOKEN}, registry=registry) as running:
        house = running.service.house
        for day in range(1, 6):
            order = Order(actor_for(house.registry(), LIN), "", once=f"risk:{day}")
            until = house.now() + timedelta(days=day)
            wish = standing.Wish(ActionKind.ACCEPT_RISK, "fraud-scorer", until, f"known since day {day}")
            standing.ask_for(house, order, wish)
        yield running


def get(running: Scene, path: str, *, token: str = TOKEN, **query: Any) -> httpx.Response:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return running.http.get(f"{running.service.url}{path}", params=query, headers=headers)


def told(answer: httpx.Response, status: int, code: str) -> None:
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert answer.json()["type"] == f"urn:muster:{code}"


@pytest.mark.parametrize("token", ["", "wrong", TOKEN[:-1], TOKEN + "x"])
def test_nobody_reads_without_the_token(reading: Scene, token: str) -> None:
    told(get(reading, "/api/debt", token=token), 401, "wrong_token")


def test_other_schemes_and_the_intake_token_are_refused(reading: Scene) -> None:
    for header in (TOKEN, f"Basic {TOKEN}", "Bearer", "Bearer intake-0c9e2b7d51"):
        answer = reading.http.get(f"{reading.service.url}/api/debt", headers={"Authorization": header})
        told(answer, 401, "wrong_token")


def test_pages_follow_each_other_without_a_gap(reading: Scene) -> None:
    seen: list[str] = []
    cursor = ""
    for _ in range(10):
        page = get(reading, "/api/debt", limit=2, cursor=cursor, kind="accepted_risk").json()
        seen += [item["reason"] for item in page["items"]]
        cursor = page["next"] or ""
        if not cursor:
            break
    assert seen == [f"known since day {day}" for day in range(1, 6)]


def test_what_it_answers_is_what_it_describes(reading: Scene) -> None:
    described = get(reading, "/openapi.json", token="").json()
    assert described["openapi"].startswith("3.1")
    operation = described["paths"]["/api/debt"]["get"]
    reference = operation["responses"]["200"]["content"]["application/json"]["schema"]["$ref"]
    schemas = described["components"]["schemas"]
    assert all(s.get("additionalProperties") is False for s in schemas.values() if s.get("type") == "object")
    page = get(reading, "/api/debt").json()
    root = {"$defs": schemas}
    assert faults(page, schemas[reference.rsplit("/", 1)[1]], root) == []
    assert page["items"][0].keys() == set(schemas["DebtEntry"]["required"])
    named = {p["name"] for p in operation["parameters"] if p["in"] == "query"}
    assert named == {"limit", "cursor", "team", "component", "owner", "kind", "state"}


def test_whatever_is_asked_the_answer_is_one_that_is_described(reading: Scene) -> None:
    """Queries of the described form, and others: each answer has a described status and the described shape."""
    described = get(reading, "/openapi.json", token="").json()
    operation = described["paths"]["/api/debt"]["get"]
    schemas = described["components"]["schemas"]
    words = st.text(max_size=20) | st.sampled_from(["fraud-ml", "freeze", "open", "all", "0", "-1", "1", "\x00", "W10"])
    names = st.sampled_from([p["name"] for p in operation["parameters"]] + ["other"])

    @settings(max_examples=60, deadline=None, derandomize=True)
    @given(st.lists(st.tuples(names, words), max_size=4), st.sampled_from(["", "*", 'W/"x", "y"']))
    def asked(query: list[tuple[str, str]], match: str) -> None:
        headers = {"Authorization": f"Bearer {TOKEN}"} | ({"If-None-Match": match} if match else {})
        url = f"{reading.service.url}/api/debt"
        answer = reading.http.get(url, params=httpx.QueryParams(tuple(query)), headers=headers)
        shown = operation["responses"][str(answer.status_code)]
        if answer.status_code == 304:
            assert answer.content == b""
            return
        kind = answer.headers["content-type"]
        schema = shown["content"][kind]["schema"]["$ref"].rsplit("/", 1)[1]
        assert faults(answer.json(), schemas[schema], {"$defs": schemas}) == []

    asked()


def test_what_did_not_change_is_not_sent_again(reading: Scene) -> None:
    first = get(reading, "/api/debt", kind="accepted_risk")
    etag = first.headers["etag"]
    headers = {"Authorization": f"Bearer {TOKEN}", "If-None-Match": etag}
    url = f"{reading.service.url}/api/debt"
    again = reading.http.get(url, params={"kind": "accepted_risk"}, headers=headers)
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)
    assert reading.http.get(url, params={"kind": "freeze"}, headers=headers).status_code == 200
    wrong = reading.http.get(url, headers=headers | {"Authorization": "Bearer no"})
    told(wrong, 401, "wrong_token")


def test_of_a_component_and_of_a_person(reading: Scene) -> None:
    def reasons(**query: str) -> int:
        return len(get(reading, "/api/debt", kind="accepted_risk", **query).json()["items"])

    assert reasons(component="fraud-scorer") == reasons(owner="lin") == 5
    assert reasons(component="auto-decline") == reasons(owner="omar") == 0


def test_team_and_kind(reading: Scene) -> None:
    assert len(get(reading, "/api/debt", team="fraud-ml", kind="accepted_risk").json()["items"]) == 5
    assert get(reading, "/api/debt", team="risk-product", kind="accepted_risk").json()["items"] == []
    assert get(reading, "/api/debt", kind="freeze").json() == {"items": [], "next": None}


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"limit": "0"}, "bad_query"),
        ({"limit": "501"}, "bad_query"),
        ({"limit": "many"}, "bad_query"),
        ({"kind": "other"}, "bad_query"),
        ({"page": "2"}, "bad_query"),
        ({"cursor": "%%%"}, "bad_cursor"),
        ({"cursor": "W10"}, "bad_cursor"),
        ({"cursor": "bm90IGpzb24"}, "bad_cursor"),
    ],
)
def test_a_query_that_cannot_be_used(reading: Scene, query: dict[str, str], code: str) -> None:
    told(get(reading, "/api/debt", **query), 400, code)


def test_it_is_for_reading(reading: Scene) -> None:
    answer = reading.http.post(f"{reading.service.url}/api/debt", headers={"Authorization": f"Bearer {TOKEN}"})
    told(answer, 405, "method_not_allowed")


def test_without_a_token_it_is_off() -> None:
    with pytest.raises(Refused) as refused:
        api.admit("", "Bearer anything")
    assert (refused.value.status, refused.value.code) == (404, "api_off")
    assert "MUSTER_API_TOKEN" in refused.value.detail


def test_a_page_survives_what_comes_and_goes() -> None:
    """An entry that goes away meanwhile, the cursor's own included, neither repeats nor skips another."""
    items = [(f"2026-01-{day:02}", f"D-{day}") for day in range(1, 10)]
    first, cursor = listing.page(items, listing.Query(limit=3), lambda item: item)
    assert cursor is not None
    rest = [item for item in items if item not in (first[-1], items[4])] + [("2025-12-31", "D-0")]
    second, _ = listing.page(rest, listing.Query(limit=3, cursor=cursor), lambda item: item)
    assert second == [items[3], items[5], items[6]]
