"""Every kind of source over HTTP: nothing answers 5xx, what was acknowledged is stored, twice and late is the same."""

from __future__ import annotations

import json
import random
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import make_url

from bot.providers.sources import ALERTS as READ
from tests.end_to_end.scene import Scene, scene
from tests.sources.test_any_body import ANY, recorded

ALERTS = tuple(kind for kind in READ if kind != "mapped")  # which needs a mapping of somebody's own
BROKEN = (b"", b"{", b"\xff\xfe\x00", b"null", b"7", b"[]", b"{}", b'"x"', b"[" * 5000, b'{"a": 1e999}', b"<xml/>")


@pytest.fixture(scope="module")
def all_kinds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """A service with the default sources: one of each kind."""
    with scene(tmp_path_factory.mktemp("kinds")) as running:
        yield running


def stored(running: Scene) -> tuple[set[str], dict[str, int]]:
    """Ids of all alerts, changes and kept bodies, and how many series of a source fire."""
    with closing(
        sqlite3.connect(str(make_url(running.settings.database_url.get_secret_value()).database))
    ) as connection:
        rows = connection.execute("SELECT id, source, status FROM alert").fetchall()
        kept = {row[0] for row in connection.execute("SELECT id FROM quarantine UNION ALL SELECT key FROM change")}
    firing: dict[str, int] = {}
    for _, name, status in rows:
        firing[name] = firing.get(name, 0) + (status == "firing")
    return kept | {row[0] for row in rows}, firing


def acknowledged(running: Scene, kind: str, body: bytes) -> set[str]:
    """Post; the ids that the answer names."""
    answer = running.send(f"/alerts/{kind}", content=body)
    assert answer.status_code in (202, 400), (kind, answer.status_code, answer.text[:200])
    return {row["id"] for row in answer.json()["alerts"]} if answer.status_code == 202 else set()


@pytest.mark.parametrize("kind", ALERTS)
def test_broken_bodies_and_recorded_ones(all_kinds: Scene, kind: str) -> None:
    named = [acknowledged(all_kinds, kind, body) for body in BROKEN]
    named += [acknowledged(all_kinds, kind, json.dumps(body).encode()) for body in recorded(kind)]
    assert set().union(*named) <= stored(all_kinds)[0]


@given(data=st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_anything_to_any_source(all_kinds: Scene, data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(sorted(ALERTS)))
    body = data.draw(st.binary(max_size=200) | ANY.map(lambda told: json.dumps(told).encode()))
    named = acknowledged(all_kinds, kind, body)
    assert named <= stored(all_kinds)[0]
    answer = all_kinds.send("/v2/enqueue", content=body, secret="")
    assert answer.status_code == 400


def test_every_body_that_is_answered_400_is_kept_with_its_reason(all_kinds: Scene) -> None:
    before = len(stored(all_kinds)[0])
    kinds = [kind for kind in ALERTS if kind not in ("raw", "sentry")]
    for kind in kinds:
        assert all_kinds.send(f"/alerts/{kind}", content=b"{").status_code == 400
    assert len(stored(all_kinds)[0]) == before + len(kinds)


def _life(kind: str, number: int) -> list[dict[str, Any]]:
    """Bodies of one vendor that fire and end, of a series of its own."""
    begun, over = "2026-11-21T02:00:00Z", "2026-11-21T02:20:00Z"
    if kind == "pagerduty":
        data = {"id": f"P{number}", "type": "incident", "title": "x", "status": "triggered"}
        events = [
            ("incident.triggered", begun),
            ("incident.acknowledged", over[:-4] + "1Z"),
            ("incident.resolved", over),
        ]
        return [
            {"event": {"id": f"{kind}-{number}-{name}", "event_type": name, "occurred_at": at, "data": data}}
            for name, at in events
        ]
    if kind == "sns":
        return [
            {"AlarmName": f"a{number}", "AWSAccountId": "1", "NewStateValue": state, "StateChangeTime": at}
            for state, at in (("ALARM", begun), ("OK", over))
        ]
    if kind == "gcp_monitoring":
        told = {"incident_id": f"g{number}", "condition_name": "x", "started_at": 1795226400}
        return [
            {"incident": told | {"state": "open"}},
            {"incident": told | {"state": "closed", "ended_at": 1795227600}},
        ]
    if kind == "azure_monitor":
        told = {"originAlertId": f"z{number}", "alertRule": "x", "severity": "Sev1", "firedDateTime": begun}
        ended = {"monitorCondition": "Resolved", "resolvedDateTime": over}
        return [{"data": {"essentials": told | more}} for more in ({"monitorCondition": "Fired"}, ended)]
    if kind == "datadog":
        told = {"alert_cycle_key": f"c{number}", "alert_title": "x", "alert_id": "7"}
        turns = (("Triggered", 1795226400000), ("Recovered", 1795227600000))
        return [told | {"alert_transition": turn, "date": at} for turn, at in turns]
    assert kind == "alertmanager"
    told = {"labels": {"alertname": "x", "n": str(number)}, "startsAt": begun}
    return [{"alerts": [told | {"status": "firing"}]}, {"alerts": [told | {"status": "resolved", "endsAt": over}]}]


@pytest.mark.parametrize("kind", ["alertmanager", "pagerduty", "sns", "gcp_monitoring", "azure_monitor", "datadog"])
def test_twice_at_once_and_in_any_order_leaves_nothing_firing(all_kinds: Scene, kind: str) -> None:
    before = stored(all_kinds)[1].get(kind, 0)
    dice = random.Random(kind)
    for number in range(3):
        bodies = _life(kind, number) * 2
        dice.shuffle(bodies)
        for body in bodies:
            acknowledged(all_kinds, kind, json.dumps(body).encode())
    with ThreadPoolExecutor(8) as pool:
        at_once = [json.dumps(body).encode() for body in _life(kind, 99) for _ in range(10)]
        list(pool.map(lambda body: acknowledged(all_kinds, kind, body), at_once))
    assert stored(all_kinds)[1].get(kind, 0) == before
