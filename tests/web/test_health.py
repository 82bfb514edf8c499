"""Probes, figures, a database that is locked or full, and a stop that loses nothing."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from sqlalchemy import event, text

from tests.end_to_end.scene import DANA, HOME, TOKEN, Scene, scene
from tests.end_to_end.stand import Forge, alive, stand
from tests.end_to_end.test_kill import REGISTRY
from tests.real.processes import wait_until
from tests.web.test_alerts import alert
from tests.web.test_refusals import problem


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Another process holds the write lock."""
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.execute("ROLLBACK")
        other.close()


def test_a_web_socket_is_refused_and_the_next_request_answered(web: Scene) -> None:
    asked = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
    key = {"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}
    assert web.http.get(f"{web.service.url}/alerts/generic", headers=asked | key).status_code == 403
    assert web.http.get(f"{web.service.url}/healthz", headers=asked).status_code == 400
    assert web.http.get(f"{web.service.url}/healthz").text == "ok"


def test_alive_ready_and_figures(both: Scene) -> None:
    url = both.service.url
    assert both.http.get(f"{url}/healthz").text == "ok"
    both.until(lambda: both.http.get(f"{url}/readyz").status_code == 200, "ready")
    assert set(both.http.get(f"{url}/readyz").json()["checks"].values()) == {"ok"}
    both.drift()
    figures = both.http.get(f"{url}/metrics")
    assert figures.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert 'muster_alerts_total{decision="opened",source="alertmanager"} 1.0' in figures.text
    assert 'muster_open_promises{what="jobs_parked"} 0.0' in figures.text
    assert "intake-" not in figures.text


def test_a_silent_schedule_is_not_ready(web: Scene) -> None:
    url = web.service.url
    web.until(lambda: web.http.get(f"{url}/readyz").status_code == 200, "ready")
    web.service.schedules.last["sweep"] = web.clock.now().replace(year=2020)
    found = web.http.get(f"{url}/readyz")
    late = "schedule sweep" in str(found.json()["checks"])
    assert late


def test_a_locked_database_is_told_and_recovered_from(tmp_path: Path) -> None:
    """503 with Retry-After, never 429; what was not accepted is accepted when it is sent again. No restart."""
    with scene(tmp_path, busy_timeout=0.1) as web:
        body = {"alerts": [alert(web, 1)]}
        with locked(tmp_path / "muster.db"):
            begun = time.monotonic()
            with ThreadPoolExecutor(8) as pool:
                answers = list(pool.map(lambda _: web.send("/alerts/alertmanager", body), range(8)))
            assert time.monotonic() - begun < 3
            for answer in answers:
                problem(answer, 503, "database_locked")
                assert int(answer.headers["retry-after"]) >= 1
            raw = web.send("/alerts/alertmanager", {"no": "alerts"})
            problem(raw, 503, "database_locked")
            told = web.workspace.slash(DANA, HOME, "/inc new fraud-scorer declines doubled")
            assert told.ok
            assert "Another process holds the database" in told.text
            assert web.http.get(f"{web.service.url}/healthz").text == "ok"
        web.until(lambda: web.send("/alerts/alertmanager", body).status_code == 202, "accepted")
        assert web.workspace.slash(DANA, HOME, "/inc new fraud-scorer declines doubled").ok
        web.message(HOME, "fraud-scorer")


def test_a_full_disk_is_told_and_recovered_from(tmp_path: Path) -> None:
    with scene(tmp_path) as web:
        schedules = web.service.schedules
        web.until(lambda: len(schedules.last) == len(schedules.ticks), "first look of every schedule")
        engine = web.service.house.store.engine  # type: ignore[attr-defined]
        with engine.connect() as connection:
            pages = connection.execute(text("PRAGMA page_count")).scalar_one()

        def full(connection: sqlite3.Connection, _entry: object) -> None:
            connection.execute(f"PRAGMA max_page_count={pages}")

        event.listen(engine, "connect", full)
        engine.dispose()
        body = {"alerts": [alert(web, n) for n in range(500)]}
        answer = web.send("/alerts/alertmanager", body)
        assert answer.status_code == 503, answer.text
        assert "retry-after" in answer.headers
        event.remove(engine, "connect", full)
        engine.dispose()
        assert web.send("/alerts/alertmanager", body).json()["accepted"] == 500


def test_a_stop_answers_what_was_accepted(forge: Forge, tmp_path: Path) -> None:
    """SIGTERM in a storm: the process ends within five seconds, and each alert answered 202 is on disk."""
    with stand(forge, tmp_path, REGISTRY) as at:
        at.start()
        accepted: list[str] = []
        stopped = threading.Event()

        def send(number: int) -> None:
            found = {"alerts": [_plain(at.clock.now().isoformat(), number)]}
            try:
                answer = client.post("/alerts/alertmanager", json=found)
            except httpx.TransportError:
                return
            if answer.status_code == 202:
                accepted.extend(row["id"] for row in answer.json()["alerts"])
            if len(accepted) >= 60 and not stopped.is_set():
                stopped.set()
                at.terminate()

        bearer = {"Authorization": f"Bearer {TOKEN}"}
        with (
            httpx.Client(base_url=at.url, headers=bearer, timeout=5, trust_env=False) as client,
            ThreadPoolExecutor(12) as pool,
        ):
            list(pool.map(send, range(400)))
        begun = time.monotonic()
        wait_until(lambda: not alive(at.pid), "the end of the process", 5, 0.02)
        assert time.monotonic() - begun <= 5
        assert len(accepted) >= 60
        with at.store.read() as uow:
            assert all(uow.alert_by_id(found) is not None for found in accepted)
        at.start()
        at.settle()
        assert len(at.incident_channels()) == 1


def _plain(at: str, number: int) -> dict[str, object]:
    labels = {"alertname": "ModelDriftHigh", "component": "fraud-scorer", "feature": str(number)}
    return {"status": "firing", "labels": labels, "startsAt": at, "fingerprint": f"{number:016x}"}


@pytest.mark.parametrize("socket_mode", [True, False], ids=["socket", "http"])
def test_stopping_takes_less_than_a_second(tmp_path: Path, socket_mode: bool) -> None:
    with scene(tmp_path, socket_mode=socket_mode) as web:
        web.drift()
        web.incident_channel()
        web.settle()
        begun = time.monotonic()
        web.service.stop()
        assert time.monotonic() - begun < 1.5
        web.service.stop()  # again: nothing happens
