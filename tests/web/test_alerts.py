"""Alerts through HTTP: what is answered, what is on disk, and what Slack shows for it."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

from bot.demo.stage import drift_body
from tests.end_to_end.scene import HOME, TRIAGE, WITHIN, Scene

KEYS = {"id", "fingerprint", "status", "decision", "reason", "incident"}


def alert(scene: Scene, number: int, *, component: str = "fraud-scorer", status: str = "firing") -> dict[str, Any]:
    """One of many alerts."""
    now = scene.clock.now()
    return {
        "status": status,
        "labels": {"alertname": "ModelDriftHigh", "component": component, "feature": f"f{number}"},
        "annotations": {"summary": f"feature {number} drifts"},
        "startsAt": (now - timedelta(minutes=1)).isoformat(),
        "endsAt": now.isoformat() if status == "resolved" else "0001-01-01T00:00:00Z",
        "fingerprint": f"{component}-{number:08x}",
    }


def quarantined(scene: Scene) -> list[str]:
    """Reasons of what was kept because it could not be used."""
    with scene.service.house.store.read() as uow:
        return [str(row[0]) for row in uow.query(_reasons())]  # type: ignore[attr-defined]


def _reasons() -> Any:
    from sqlalchemy import text

    return text("SELECT reason FROM quarantine ORDER BY reason")


def test_the_answer_comes_after_the_commit(both: Scene) -> None:
    row = both.drift()
    assert (row["decision"], row["incident"]) == ("opened", "INC-1")
    with both.service.house.store.read() as uow:
        stored = uow.alert_by_id(row["id"])
        assert stored is not None
        assert stored.incident_id == 1
    assert both.drift(starts=stored.alert.starts_at)["decision"] == "duplicate"
    both.message(HOME, "fraud-scorer is drifting")


def test_json_that_cannot_be_mapped_is_kept_and_told(both: Scene) -> None:
    for body in ({"status": "firing"}, [1, 2], "text", None, {"alerts": "none"}):
        answer = both.send("/alerts/alertmanager", body)
        assert answer.status_code == 202, answer.text
        told = answer.json()
        assert [row["decision"] for row in told["alerts"]] == ["raw"]
        assert set(told["alerts"][0]) == KEYS
    assert len(quarantined(both)) == 5
    both.message(TRIAGE, "`alertmanager`", "kept as")
    assert len(both.all(TRIAGE, "I can't read what `alertmanager` sends")) == 1


def test_one_bad_alert_does_not_spoil_its_body(both: Scene) -> None:
    bad = {"status": "firing", "labels": {"alertname": "X"}, "startsAt": "yesterday"}
    body = {"alerts": [alert(both, 1), bad, 7, alert(both, 2)]}
    answer = both.send("/alerts/alertmanager", body).json()
    assert answer["accepted"] == 2
    assert sorted(row["decision"] for row in answer["alerts"]) == ["attached", "opened", "rejected", "rejected"]
    assert len(quarantined(both)) == 2
    assert quarantined(both)[0].startswith("alert 1")


def test_an_end_before_its_beginning_opens_nothing(both: Scene) -> None:
    starts = both.clock.now() - timedelta(minutes=3)
    ended = both.drift(ended=True, starts=starts)
    assert (ended["decision"], ended["incident"]) == ("resolved", None)
    late = both.drift(starts=starts)
    assert late["decision"] == "duplicate"
    with both.service.house.store.read() as uow:
        assert uow.incidents(open_only=False) == []
    assert both.drift(starts=starts + timedelta(minutes=2))["decision"] == "opened"


def test_an_alert_of_nobody_goes_to_triage(web: Scene) -> None:
    body = {
        "alerts": [{"labels": {"alertname": "NobodyKnows"}, "startsAt": "2026-11-21T02:00:00Z", "status": "firing"}]
    }
    row = web.send("/alerts/alertmanager", body).json()["alerts"][0]
    assert (row["decision"], row["reason"]) == ("unowned", "no_component") or row["decision"] == "unowned"
    web.message(TRIAGE, "NobodyKnows")


def test_text_from_outside_cannot_mention_people(web: Scene) -> None:
    one = alert(web, 1)
    one["annotations"]["summary"] = "<!channel> <@U01DANA> <https://evil.example|click> *bold* `code`"
    web.send("/alerts/alertmanager", {"alerts": [one]})
    shown = web.message(HOME, "fraud-scorer")
    said = f"{shown.text} {shown.blocks}"
    assert "<!channel>" not in said
    assert "<https://evil" not in said


def test_a_storm_is_one_incident_a_component_and_one_card(both: Scene) -> None:
    """2,000 alerts of four components in parallel bodies: all answered 202, all stored, nothing piled up."""
    # Downstream first: what begins after a trouble upstream joins that one.
    components = ("auto-decline", "fraud-scorer", "transactions-features", "merchant-embeddings")
    bodies = [{"alerts": [alert(both, 10 * n + i, component=components[n % 4]) for i in range(10)]} for n in range(200)]
    answers = [both.send("/alerts/alertmanager", body) for body in bodies[:4]]
    with ThreadPoolExecutor(16) as pool:
        answers += pool.map(lambda body: both.send("/alerts/alertmanager", body), bodies[4:])
    assert {a.status_code for a in answers} == {202}
    rows = [row for a in answers for row in a.json()["alerts"]]
    assert len({row["id"] for row in rows}) == 2000
    decided = [row["decision"] for row in rows]
    assert (decided.count("opened"), decided.count("attached")) == (4, 1996)
    with both.service.house.store.read() as uow:
        found = uow.incidents(open_only=True)
        assert sorted((i.component, i.alerts_total, i.alerts_firing) for i in found) == sorted(
            (c, 500, 500) for c in components
        )
        assert all(uow.verify(i.id).ok for i in found)
        assert all(len(uow.events(i.id)) < 100 for i in found)
    both.until(lambda: len(both.workspace.calls_of("conversations.create")) == 4, "four channels")
    both.workspace.wait_for(lambda: both.find(HOME, "fraud-scorer"), WITHIN)
    both.settle()
    assert len(both.all(HOME, "INC-")) <= 2  # one message an incident of this team


def test_many_ends_ask_once(web: Scene) -> None:
    starting = [alert(web, n) for n in range(30)]
    web.send("/alerts/alertmanager", {"alerts": starting})
    ending = [{**one, "status": "resolved", "endsAt": web.clock.now().isoformat()} for one in starting]
    answer = web.send("/alerts/alertmanager", {"alerts": ending}).json()
    assert {row["decision"] for row in answer["alerts"]} == {"resolved"}
    channel = web.incident_channel()
    web.message(channel, "have ended")
    web.send("/alerts/alertmanager", {"alerts": ending})
    web.settle()
    asked = [m for m in web.all(channel, "have ended") if m.metadata and "suggest:" in str(m.metadata)]
    assert len(asked) == 1


def test_the_story_alert_is_shown_with_its_figures(web: Scene) -> None:
    now = web.clock.now()
    web.send("/alerts/alertmanager", content=json.dumps(drift_body(now, since=now - timedelta(minutes=51))).encode())
    shown = web.message(HOME, "fraud-scorer is drifting")
    for words in ("0.34", "0.20", "18,240", "51 min"):
        assert words in shown.text


def test_wrong_secrets_are_told_to_the_operator_once(web: Scene) -> None:
    """Silent loss at a sender must be seen: one message, whose count is edited, by source."""
    for _ in range(5):
        web.send("/alerts/second", {}, secret="wrong")
    for name in ("guess-1", "guess-2"):
        web.send(f"/alerts/{name}", {}, secret="wrong")
    web.service.schedules.run_all()
    web.message(TRIAGE, "5 requests to the source `second`")
    web.message(TRIAGE, "2 requests to the source `unknown`")
    assert not web.find(TRIAGE, "guess-1")
    for _ in range(3):
        web.send("/alerts/second", {}, secret="wrong")
    web.service.schedules.run_all()
    web.message(TRIAGE, "8 requests to the source `second`")
    assert len(web.all(TRIAGE, "`second` had a wrong or missing secret")) == 1


def test_no_incident_comes_of_what_is_refused(web: Scene) -> None:
    from bot.demo.stage import drift_body

    now = web.clock.now()
    web.send("/alerts/alertmanager", drift_body(now, since=now), secret="wrong")
    with web.service.house.store.read() as uow:
        assert uow.incidents(open_only=False) == []
