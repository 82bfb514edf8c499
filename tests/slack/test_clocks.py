"""Clocks in Slack: what is due first with the way to draft and record it, the rest in one line, and each reminder."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.slack import ids
from bot.slack.blocks import render
from playbooks.messages import ClockList, ClockRow, EntryNote, Tag, Who

NIGHT = datetime(2026, 11, 21, 2, 31, tzinfo=UTC)
DANA = Who("dana", "U01DANA")
TAG = Tag(7, "INC-7", "drift", "SEV2", "red_circle", "investigating")
DUE = NIGHT + timedelta(hours=72)
FIRST = ClockRow(4, "gdpr-33", "initial", "GDPR Art. 33", "notification", "72 h", ("nature",), DUE)
LATER = ClockRow(0, "dora-19", "interim", "DORA", "intermediate report", "72 h", ("x",), waits="initial sent")
SENT = replace(FIRST, clock="nis2-23", sent_at=NIGHT, reference="AT-17")
LIST = ClockList(TAG, "yes", "data was lost", NIGHT, NIGHT, (FIRST, LATER, SENT), (DANA,))
NOTE = EntryNote(4, "clock", "fraud-scorer", "on", "GDPR Art. 33: notification", DANA, NIGHT, DUE, (), "INC-7")


def buttons(rendered: dict[str, Any]) -> list[str]:
    return [e["action_id"] for b in rendered["blocks"] if b["type"] == "actions" for e in b["elements"]]


def words(rendered: dict[str, Any]) -> str:
    return repr(rendered["blocks"])


def test_what_is_due_comes_with_its_rule_and_the_rest_in_one_line() -> None:
    shown = render(LIST)
    text = words(shown)
    assert buttons(shown) == [ids.CLOCK_DRAFT, ids.REVIEW_OPEN]
    assert "24 Nov 02:31 UTC" in text
    assert "Needs: nature" in text
    assert "Then: `dora-19 interim` intermediate report (waits for: initial sent)" in text
    assert "`nis2-23 initial` sent" in text
    assert "not legal advice" in text
    assert "gdpr-33 initial" in shown["text"] or "GDPR" in shown["text"]


def test_what_is_overdue_says_so() -> None:
    assert "*overdue* since" in words(render(replace(LIST, rows=(replace(FIRST, overdue=True),))))


@pytest.mark.parametrize(
    ("verdict", "said"), [("", "nobody decided"), ("no", "not reportable"), ("undecided", "undecided")]
)
def test_while_none_runs_there_is_one_thing_to_do(verdict: str, said: str) -> None:
    shown = render(replace(LIST, verdict=verdict, rows=(), choices=(("gdpr-33", "GDPR Art. 33"),)))
    assert said in words(shown)
    assert buttons(shown) == [ids.REPORTABLE_OPEN]


def test_without_awareness_it_asks_for_it() -> None:
    assert "/inc milestone aware 03:10" in words(render(replace(LIST, aware_at=None, rows=())))


@pytest.mark.parametrize(
    ("phase", "said", "asks"),
    [
        ("on", "until", True),
        ("warning", "is due soon", True),
        ("ended", "is it sent?", True),
        ("closed", "over", False),
    ],
)
def test_each_reminder_asks_one_thing(phase: str, said: str, asks: bool) -> None:
    shown = render(replace(NOTE, phase=phase, why="sent, reference R-1" if phase == "closed" else ""))
    assert said in words(shown)
    assert buttons(shown) == ([ids.REVIEW_OPEN] if asks else [])


def test_a_hold_says_what_it_does_and_has_no_button() -> None:
    shown = render(replace(NOTE, kind="hold", reason="not told yet"))
    assert "stopping it goes through" in words(shown)
    assert buttons(shown) == []


def test_text_from_outside_stays_text() -> None:
    assert "<!channel>" not in words(render(replace(LIST, because="<!channel>")))
