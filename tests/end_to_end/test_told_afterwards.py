"""Milestones and pasted lines through Slack's forms: the echo first, events only when it is confirmed."""

from __future__ import annotations

from bot.slack import ids
from playbooks.domain.timeline import EventKind
from tests.end_to_end.acting import opened, taken
from tests.end_to_end.scene import DANA, HOME, Scene


def _kinds(at: Scene, number: int = 1) -> list[EventKind]:
    with at.service.house.store.read() as uow:
        return [event.kind for event in uow.events(number)]


def _fields(lines: str, zone: str = "UTC", **more: str) -> dict[str, str]:
    return {"lines": lines, "zone": zone, **more}


def test_a_block_is_shown_before_it_is_written(night: Scene) -> None:
    channel = opened(night)
    before = len(_kinds(night))
    form = night.workspace.slash(DANA, channel, "/inc backfill").wait_for_view()
    night.workspace.submit_view(DANA, form, _fields("2020-01-01 10:00 alert: drift\n10:05 PST x"))
    echo = night.workspace.top_view(DANA)
    assert echo is not None
    assert "Not readable yet" in str(echo.body)
    assert echo.body["submit"]["text"] == "Check again"
    night.workspace.submit_view(DANA, echo, _fields("2020-01-01 10:00 alert: drift\n10:05 decision: roll back"))
    echo = night.workspace.top_view(DANA)
    assert echo is not None
    assert "2020-01-01 10:05 UTC" in str(echo.body)
    assert echo.body["submit"]["text"] == "Write 2 events"
    assert len(_kinds(night)) == before
    night.workspace.submit_view(DANA, echo, _fields("2020-01-01 10:00 alert: drift\n10:06 decision: roll back"))
    assert len(_kinds(night)) == before  # another letter than was shown: shown again
    echo = night.workspace.top_view(DANA)
    assert echo is not None
    night.workspace.submit_view(DANA, echo, _fields("2020-01-01 10:00 alert: drift\n10:06 decision: roll back"))
    night.until(lambda: len(_kinds(night)) == before + 2, "written")
    assert _kinds(night)[-2:] == [EventKind.ALERT, EventKind.DECISION]


def test_lines_behind_the_command_go_to_the_echo_and_a_past_incident_is_opened(night: Scene) -> None:
    typed = "/inc backfill 2020-01-01 10:00 alert: drift\n2020-01-01 12:00 resolved: rolled back"
    echo = night.workspace.slash(DANA, HOME, typed).wait_for_view()
    assert "what was wrong" in str(echo.body)
    lines = typed.removeprefix("/inc backfill ")
    night.workspace.submit_view(DANA, echo, _fields(lines, title="declines doubled"))
    night.workspace.submit_view(DANA, None, _fields(lines, title="declines doubled"))
    night.until(lambda: night.workspace.top_view(DANA) is None, "confirmed")
    assert EventKind.RESOLVED in _kinds(night)


def test_the_card_asks_and_resolve_confirms(night: Scene) -> None:
    channel = opened(night)
    taken(night)
    card = night.message(channel, "fraud-scorer is drifting", button=ids.MILESTONE_OPEN)
    form = night.workspace.click(DANA, card, ids.MILESTONE_OPEN).wait_for_view()
    now = int(night.service.house.now().timestamp())
    night.workspace.submit_view(DANA, form, {"kind": "impact", "when": now - 600})
    night.message(channel, "Impact began", "record so far")
    form = night.workspace.slash(DANA, channel, "/inc resolve").wait_for_view()
    night.workspace.submit_view(DANA, form, {"aware": now - 300, "confirmed": ["detected"]})
    night.until(lambda: EventKind.RESOLVED in _kinds(night), "resolved")
    assert {EventKind.AWARE, EventKind.DETECTED} <= set(_kinds(night))
