"""Every recorded body of a real sender, through HTTP."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.end_to_end.scene import Scene
from tests.web.conftest import ENVIRON
from tests.web.senders import mlflow
from tests.web.test_alerts import KEYS
from tests.web.test_refusals import problem

ROOT = Path(__file__).parents[1] / "payloads"
PAYLOADS = sorted((ROOT / "alertmanager").glob("*.json"))


@pytest.mark.parametrize("path", PAYLOADS, ids=lambda p: p.stem)
def test_every_recorded_payload_is_taken(web_once: Scene, path: Path) -> None:
    body = path.read_bytes()
    first = web_once.send("/alerts/alertmanager", content=body)
    assert first.status_code == 202, first.text
    answer = first.json()
    assert set(answer) == {"accepted", "duplicates", "alerts"}
    assert answer["alerts"]
    assert all(set(row) == KEYS for row in answer["alerts"])
    again = web_once.send("/alerts/alertmanager", content=body).json()
    assert again["duplicates"] == len(again["alerts"])
    assert again["accepted"] == 0
    assert [r["id"] for r in again["alerts"]] == [r["id"] for r in answer["alerts"]]


def test_a_body_in_generic_form(web_once: Scene) -> None:
    body = {"name": "PSI of score", "component": "manual-review-queue", "summary": "PSI 0.34"}
    row = web_once.send("/alerts/generic", body).json()["alerts"][0]
    assert row["incident"]
    assert row["status"] == "firing"


@pytest.mark.parametrize("path", sorted((ROOT / "mlflow").glob("*.json")), ids=lambda p: p.stem)
def test_every_recorded_mlflow_webhook_is_taken(web_once: Scene, path: Path) -> None:
    answer = mlflow(web_once, path.read_bytes(), delivery=path.stem)
    assert answer.status_code == 202, answer.text
    assert answer.json()["alerts"][0]["decision"] in ("change", "raw")


def test_mlflow_is_refused_without_a_signature_of_now(web_once: Scene) -> None:
    body = (ROOT / "mlflow" / "model_version_alias_created.json").read_bytes()
    problem(mlflow(web_once, body, age=301), 401, "wrong_secret")
    problem(mlflow(web_once, body, secret="other"), 401, "wrong_secret")
    problem(web_once.send("/changes/mlflow", content=body, secret=""), 401, "wrong_secret")


@pytest.mark.parametrize("path", sorted((ROOT / "unleash").glob("*.json")), ids=lambda p: p.stem)
def test_every_recorded_unleash_event_is_taken(web_once: Scene, path: Path) -> None:
    own = ENVIRON["UNLEASH_SECRET"]
    answer = web_once.send("/changes/unleash", content=path.read_bytes(), secret="", Authorization=own)
    assert answer.status_code == 202, answer.text
    problem(web_once.send("/changes/unleash", content=path.read_bytes(), secret="wrong"), 401, "wrong_secret")


def test_changes_that_say_nothing_usable_are_kept(web_once: Scene) -> None:
    answer = web_once.send("/changes/generic", {"subject": "x"})
    assert answer.status_code == 202, answer.text
    assert answer.json()["alerts"][0]["decision"] == "raw"
    problem(web_once.send("/changes/generic", content=b"{"), 400, "not_json")
