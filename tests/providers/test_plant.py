"""The plant behaves like the systems it stands for, and forgets nothing."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from bot.plant import Fault, Plant, seed_story
from bot.trust import trusted
from tests.contracts.lever_suite import SetClock
from tests.real.processes import wait_until

NIGHT = datetime(2026, 11, 21, 2, 31, tzinfo=UTC)
ALIAS = "/api/models/fraud-scorer/aliases/champion"
FLAG = "/api/projects/default/flags/auto-decline/environments/production"
USUAL = [0.3, 0.0, 0.2, 0.4]
SUSPICIOUS = [1.4, 1.0, 0.9, 0.8]


@pytest.fixture
def clock() -> SetClock:
    return SetClock(NIGHT)


@pytest.fixture
def told() -> list[Mapping[str, str]]:
    return []


@pytest.fixture
def plant(tmp_path: Path, clock: SetClock, told: list[Mapping[str, str]]) -> Iterator[Plant]:
    with Plant(tmp_path / "plant.db", clock, reload=2.0, listener=told.append) as plant:
        seed_story(plant.state, NIGHT)
        yield plant


@pytest.fixture
def http(plant: Plant) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=plant.url, trust_env=False, verify=trusted()) as client:
        yield client


def _infer(http: httpx.Client, server: str = "") -> tuple[str, float]:
    tensor = {"name": "features", "shape": [1, 4], "datatype": "FP64", "data": USUAL}
    answer = http.post(f"{server}/v2/models/fraud-scorer/infer", json={"inputs": [tensor]}).raise_for_status().json()
    return answer["model_version"], answer["outputs"][0]["data"][0]


def test_a_rollback_is_seen_in_the_answers_once_the_servers_reload(http: httpx.Client, clock: SetClock) -> None:
    drifted = _infer(http)
    http.put(ALIAS, json={"version": "42"}).raise_for_status()
    at_once = _infer(http)
    clock.at += timedelta(seconds=2)
    reloaded, slower = _infer(http), _infer(http, "/servers/3")
    clock.at += timedelta(seconds=4)

    assert drifted[0] == at_once[0] == slower[0] == "43"
    assert reloaded[0] == _infer(http, "/servers/3")[0] == "42"
    assert drifted[1] > 2 * reloaded[1]


def test_the_automation_declines_only_while_its_flag_is_on(http: httpx.Client) -> None:
    def decide(features: list[float]) -> str:
        return str(http.post("/decide", json={"features": features}).json()["decision"])

    assert (decide(SUSPICIOUS), decide([0, 0, 0, 0])) == ("declined", "approved")
    http.put(FLAG, json={"enabled": False}).raise_for_status()
    assert (decide(SUSPICIOUS), decide([0, 0, 0, 0])) == ("queued for review", "approved")


def test_history_says_who_moved_what_and_why(http: httpx.Client) -> None:
    http.put(ALIAS, json={"version": "42", "note": "INC-42 action 17", "by": "muster"}).raise_for_status()
    newest, before, *_ = http.get(f"{ALIAS}/history").json()["history"]

    assert (newest["value"], newest["by"], newest["note"]) == ("42", "muster", "INC-42 action 17")
    assert (before["value"], before["by"], before["at"]) == ("43", "training pipeline", "2026-11-20T22:10:00+00:00")


def test_a_change_is_told_once(http: httpx.Client, told: list[Mapping[str, str]]) -> None:
    for _ in range(2):
        http.put(FLAG, json={"enabled": False, "by": "muster"}).raise_for_status()
    wait_until(lambda: bool(told), "the listener was not told", within=5)

    [change] = told
    assert (change["kind"], change["subject"], change["environment"]) == ("flag", "default/auto-decline", "production")
    assert (change["before"], change["after"], change["by"]) == ("on", "off", "muster")


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/api/models/none", None, 404),
        ("GET", "/api/models/fraud-scorer/aliases/none", None, 404),
        ("PUT", ALIAS, {"version": "99"}, 404),
        ("PUT", ALIAS, {"version": 42}, 400),
        ("PUT", FLAG, {}, 400),
        ("PUT", FLAG.replace("auto", "semi"), {"enabled": True}, 404),
        ("PUT", "/api/models/fraud-scorer/versions/42/mark", {"mark": "fine"}, 400),
        ("PUT", "/api/models/fraud-scorer/versions/99/mark", {"mark": "good"}, 404),
        ("POST", "/v2/models/none/infer", {}, 404),
        ("POST", "/v2/models/fraud-scorer/infer", {"inputs": []}, 400),
        ("POST", "/servers/9/v2/models/fraud-scorer/infer", {"inputs": []}, 404),
        ("GET", "/v2/models/fraud-scorer/versions/42/ready", None, 404),
        ("GET", "/v2/models/fraud-scorer/versions/43/ready", None, 200),
        ("POST", "/decide", {"features": [1]}, 400),
    ],
)
def test_requests_it_cannot_serve(http: httpx.Client, method: str, path: str, body: object, status: int) -> None:
    assert http.request(method, path, json=body).status_code == status


def test_a_stuck_server_comes_free_again(plant: Plant, http: httpx.Client, clock: SetClock) -> None:
    plant.set_fault(Fault.STUCK)
    http.put(ALIAS, json={"version": "42"}).raise_for_status()
    clock.at += timedelta(minutes=1)
    assert _infer(http)[0] == "43"
    plant.clear_faults()
    assert _infer(http)[0] == "42"


def test_it_listens_on_the_same_port_again(plant: Plant, http: httpx.Client) -> None:
    plant.stop()
    with pytest.raises(httpx.ConnectError):
        http.get("/health")
    plant.start()
    assert http.get("/health").json() == {"status": "ok"}


def test_the_seed_does_not_touch_a_plant_that_has_the_story(plant: Plant, http: httpx.Client) -> None:
    http.put(ALIAS, json={"version": "42"}).raise_for_status()
    seed_story(plant.state, NIGHT)

    assert http.get(ALIAS).json() == {"version": "42"}


def test_kill_9_loses_nothing_that_was_answered(tmp_path: Path) -> None:
    path = tmp_path / "plant.db"

    def run() -> tuple[subprocess.Popen[bytes], str]:
        path.with_name("plant.db.url").unlink(missing_ok=True)
        process = subprocess.Popen(
            [sys.executable, "-m", "bot.plant", "--path", str(path)], stdout=subprocess.DEVNULL, start_new_session=True
        )
        address = path.with_name("plant.db.url")

        def ready() -> bool:
            if not address.exists():
                return False
            try:
                return httpx.get(address.read_text().strip() + ALIAS, trust_env=False, verify=trusted()).is_success
            except httpx.TransportError:
                return False

        wait_until(ready, "the plant did not start", within=30)
        return process, address.read_text().strip()

    first, url = run()
    try:
        httpx.put(f"{url}{ALIAS}", json={"version": "42"}, trust_env=False, verify=trusted()).raise_for_status()
        httpx.put(f"{url}{FLAG}", json={"enabled": False}, trust_env=False, verify=trusted()).raise_for_status()
    finally:
        os.kill(first.pid, signal.SIGKILL)
        first.wait(10)
    second, url = run()
    try:
        assert httpx.get(f"{url}{ALIAS}", trust_env=False, verify=trusted()).json() == {"version": "42"}
        assert httpx.get(f"{url}{FLAG}", trust_env=False, verify=trusted()).json() == {"enabled": False}
    finally:
        second.terminate()
        second.wait(10)
