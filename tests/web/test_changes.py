"""Changes through HTTP: their own signatures, the timeline of what came before, and the echo of our own action."""

from __future__ import annotations

import json

from bot.slack import ids
from tests.end_to_end.scene import DANA, HOME, Scene
from tests.web.senders import mlflow


def test_a_change_before_an_incident_stands_in_its_timeline(both: Scene) -> None:
    """It opens nothing; the incident that follows is told what changed before. A repeated delivery is known."""
    at = both.clock.now().isoformat()
    event = {
        "entity": "model_version_alias",
        "action": "created",
        "timestamp": at,
        "data": {"name": "fraud-scorer", "alias": "champion", "version": "43"},
    }
    body = json.dumps(event).encode()
    row = mlflow(both, body).json()["alerts"][0]
    assert (row["decision"], row["incident"]) == ("change", None)
    assert mlflow(both, body).json()["duplicates"] == 1
    with both.service.house.store.read() as uow:
        assert uow.incidents(open_only=False) == []
    both.drift()
    with both.service.house.store.read() as uow:
        changes = [e for e in uow.events(1) if e.kind.value == "change"]
    assert len(changes) == 1
    assert "43" in changes[0].text


def test_the_echo_of_our_own_action_is_recognised(web: Scene) -> None:
    """What Muster switched off comes back as a change: it belongs to the action and opens nothing."""
    web.workspace.slash(DANA, HOME, "/disable auto-decline for 1h because test")
    preview = web.whisper(DANA, "Disable auto-decline", button=ids.PREVIEW_CONFIRM)
    web.workspace.click(DANA, preview, ids.PREVIEW_CONFIRM)
    web.until(lambda: web.flag_turns() == ["on", "off"], "the flag is off")
    web.settle()
    told = {
        "kind": "flag",
        "subject": "default/auto-decline",
        "environment": "production",
        "before": "on",
        "after": "off",
        "by": "muster",
        "id": "flag-2",
    }
    row = web.send("/changes/generic", told).json()["alerts"][0]
    assert (row["decision"], row["incident"]) == ("echo", "INC-1")
    by_hand = {**told, "after": "on", "before": "off", "by": "ravi", "id": "flag-3"}
    assert web.send("/changes/generic", by_hand).json()["alerts"][0]["decision"] == "change"
    with web.service.house.store.read() as uow:
        assert len(uow.incidents(open_only=False)) == 1
