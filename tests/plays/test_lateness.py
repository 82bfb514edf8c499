"""What fell due while nothing ran happens once, at the first sweep after the restart, and says how late it is."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from bot.slack.blocks import render
from playbooks.domain.actions import ActionKind
from playbooks.domain.lateness import late_words
from playbooks.domain.timeline import EventKind
from playbooks.messages import Late, Say
from playbooks.plays import incident, standing, weekly_posts
from playbooks.plays.standing import Wish
from playbooks.plays.timebox import sweep
from tests.plays.ledger_registry import LEDGER_REGISTRY
from tests.plays.stage import HOUR, MINUTE, Stage, on_sqlite

LATE = 12 * MINUTE
WORDS = "late by 12 min: I was not running"
DAY = 24 * HOUR


def _asked(stage: Stage) -> str:
    stage.opened()
    action = stage.asked()
    return f"approval_expiry:{action.id}"


def _off(stage: Stage, kind: str, *, mitigated: bool = False) -> str:
    number = stage.opened()
    if mitigated:
        incident.mitigate(stage.house, stage.by("dana"), number)
    return f"{kind}:{stage.disabled().id}"


def _stood(stage: Stage, kind: ActionKind, timer: str) -> str:
    stage.opened()
    until = stage.clock.at + 20 * DAY if kind is ActionKind.ACCEPT_RISK else stage.clock.at + 5 * HOUR
    wish = Wish(kind, "fraud-scorer", until, "few are touched", incident_id=1)
    standing.ask_for(stage.house, stage.by("lin"), wish)
    stage.settle()
    return f"{timer}:1"


def _weekly(stage: Stage) -> str:
    weekly_posts.plan(stage.house)
    return "weekly:gaps"


CASES: dict[str, tuple[Callable[[Stage], str], EventKind | None, str]] = {
    "a request expires": (_asked, EventKind.DECISION, "say:expired:"),
    "a warning": (lambda s: _off(s, "override_warn"), EventKind.UNDO_DUE, "override_warn:"),
    "an end that asks": (lambda s: _off(s, "override_end"), EventKind.UNDO_DUE, "override_ask:"),
    "a risk's warning": (
        lambda s: _stood(s, ActionKind.ACCEPT_RISK, "entry_warn"),
        EventKind.UNDO_DUE,
        "entry:1:holder:warning",
    ),
    "a risk's end": (
        lambda s: _stood(s, ActionKind.ACCEPT_RISK, "entry_end"),
        EventKind.UNDO_DUE,
        "entry:1:holder:ended",
    ),
    "a freeze's end": (lambda s: _stood(s, ActionKind.FREEZE, "entry_end"), EventKind.UNDONE, "say:thawed:1:0"),
    "a weekly post": (_weekly, None, "gaps_week:"),
}


def _due(stage: Stage, timer: str) -> datetime:
    with stage.house.store.read() as uow:
        return uow.timers([timer])[timer].due_at


def _runs_until(stage: Stage, end: datetime) -> None:
    """The bot is at work until shortly before, then dies; `sweep` of the next life is the first to see the timer."""
    stage.wait(end - stage.clock.at)
    stage.restart()


@on_sqlite
@pytest.mark.parametrize(("begun", "kind", "delivery"), list(CASES.values()), ids=list(CASES))
@pytest.mark.parametrize("late", [LATE, timedelta(seconds=20)], ids=["late", "in time"])
def test_it_says_how_late_it_is_once(
    stage: Stage, begun: Callable[[Stage], str], kind: EventKind | None, delivery: str, late: timedelta
) -> None:
    stage.registry = LEDGER_REGISTRY
    stage.restart()
    timer = begun(stage)
    due = _due(stage, timer)
    _runs_until(stage, due - MINUTE)
    stage.clock.at = due + late
    sweep(stage.house)
    stage.settle()
    said = stage.posted(delivery)
    assert said, "nothing was said"
    wanted = late == LATE
    assert all(("Late(" in text) == wanted for text in said)
    if kind is not None:
        event = stage.events(1, kind)[-1]
        assert (WORDS in event.text) == wanted
    before = (len(said), len(stage.events(1)) if kind is not None else 0)
    stage.restart()
    sweep(stage.house)
    stage.settle()
    after = (len(stage.posted(delivery)), len(stage.events(1)) if kind is not None else 0)
    assert after == before


@on_sqlite
def test_a_restore_that_comes_late_says_so(stage: Stage) -> None:
    timer = _off(stage, "override_end", mitigated=True)
    due = _due(stage, timer)
    _runs_until(stage, due - MINUTE)
    stage.clock.at = due + LATE
    sweep(stage.house)
    stage.settle()
    assert stage.override(1).state == "closed"
    action = stage.action(2)
    assert action.because == f"the time box ended (due {due:%H:%M} UTC, {WORDS})"
    assert stage.clock.at - due < LATE + MINUTE  # at the first sweep, not later
    sweep(stage.house)
    assert len(stage.events(1, EventKind.UNDONE)) == 1


@on_sqlite
def test_a_warning_that_was_slept_through_is_not_given_after_the_end(stage: Stage) -> None:
    timer = _off(stage, "override_end")
    stage.clock.at = _due(stage, timer) + LATE
    stage.restart()
    sweep(stage.house)
    stage.settle()
    assert [e.payload["phase"] for e in stage.events(1, EventKind.UNDO_DUE)] == ["overdue"]
    assert stage.posted("override_warn:1") == []


def test_words() -> None:
    due = datetime.fromisoformat("2026-11-21T03:10:00+00:00")
    assert late_words(due, due + LATE) == f"due 03:10 UTC, {WORDS}"
    assert late_words(due, due + DAY) == "due 21 Nov 03:10 UTC, late by 1 d: I was not running"
    assert late_words(due, due + MINUTE) == ""
    shown = render(Late(Say("No answer yet."), due, LATE))
    assert shown["text"] == "No answer yet. Due 03:10 UTC, late by 12 min: I was not running."
    assert shown["blocks"][-1]["type"] == "context"
