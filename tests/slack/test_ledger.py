"""The ledger in Slack: the commands' words, the list with the way to its rest, and each entry's one question."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.slack import ids
from bot.slack.blocks import render
from bot.slack.grammar import DebtArgs, Person, TaskArgs, parse
from playbooks import errors
from playbooks.messages import DebtList, DebtRow, EntryNote, TeamRow, Who

NIGHT = datetime(2026, 11, 21, 2, 31, tzinfo=UTC)
LIN, OMAR = Who("lin", "U03LIN"), Who("omar", "U02OMAR")
ROW = DebtRow(4, "accepted risk", "fraud-scorer", LIN, "late by a day", NIGHT, NIGHT, "under a week", True)
RISK = EntryNote(4, "accepted_risk", "fraud-scorer", "on", "late by a day", LIN, NIGHT, NIGHT, (OMAR,))


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("debt", DebtArgs()),
        ("debt fraud-ml", DebtArgs("fraud-ml")),
        ("debt fraud-ml 2", DebtArgs("fraud-ml", page=2)),
        ("debt 3", DebtArgs(page=3)),
        ("debt page 3", DebtArgs(page=3)),
        ("debt me", DebtArgs(whose=Person())),
        ("debt @lin 2", DebtArgs(whose=Person("", "lin"), page=2)),
        ("debt <@U03LIN|lin>", DebtArgs(whose=Person("U03LIN", "lin"))),
        ("task mend the backfill", TaskArgs("mend the backfill")),
        ("task mend it <@U02OMAR|omar> until 5d", TaskArgs("mend it", Person("U02OMAR", "omar"), "5d")),
        ("task mend it by 2026-12-01", TaskArgs("mend it", until="2026-12-01")),
        ("task mend it @omar", TaskArgs("mend it", Person("", "omar"))),
    ],
)
def test_what_was_typed(typed: str, read: object) -> None:
    assert parse(typed).args == read


@pytest.mark.parametrize("typed", ["debt a b", "task mend @omar @lin"])
def test_what_cannot_be_read_shows_the_form(typed: str) -> None:
    with pytest.raises(errors.InputError) as told:
        parse(typed)
    assert "/inc " + typed.split()[0] in told.value.next_step


def buttons(rendered: dict[str, Any]) -> list[tuple[str, str]]:
    found = [e for b in rendered["blocks"] if b["type"] == "actions" for e in b["elements"]]
    return [(e["action_id"], e["value"]) for e in found]


def test_the_rest_of_a_long_list_is_one_click_away() -> None:
    teams = (TeamRow("fraud-ml", 20, 3, NIGHT), TeamRow("search", 5, 0, NIGHT))
    ages = (("over a month", 3), ("under a day", 22))
    view = DebtList((ROW,) * 12, more=13, teams=teams, ages=ages, total=25, overdue=3)
    shown = render(view)
    assert "25 entries · *3 overdue*" in str(shown["blocks"][0])
    assert "By age: 3 over a month · 22 under a day" in str(shown["blocks"][0])
    assert "By team: fraud-ml 20 (3 overdue) · search 5" in str(shown["blocks"][0])
    assert len(shown["blocks"]) <= 50
    (name, value), *rest = buttons(shown)
    assert (name, ids.decode(value).text, rest) == (ids.RUN_SUGGESTION, "/inc debt 2", [])
    command, _, text = ids.decode(value).text.partition(" ")
    assert parse(text, command=command).args == DebtArgs(page=2)


@pytest.mark.parametrize(("about", "person"), [("fraud-ml", None), ("@lin", LIN)])
def test_the_next_page_is_of_the_same(about: str, person: Who | None) -> None:
    view = DebtList((ROW,) * 12, more=1, about=about, person=person, total=25, page=2)
    value = buttons(render(view))[0][1]
    assert ids.decode(value).text == f"/inc debt {about} 3"
    assert buttons(render(replace(view, more=0))) == []


@pytest.mark.parametrize(
    ("note", "words", "asked"),
    [
        (RISK, ["accepted until", "I'll ask again"], [ids.RENEW_OPEN, ids.LET_END_OPEN]),
        (
            replace(RISK, phase="ended"),
            ["is it still acceptable", "D-4 is overdue"],
            [ids.RENEW_OPEN, ids.LET_END_OPEN],
        ),
        (replace(RISK, phase="over"), ["ended on"], []),
        (replace(RISK, phase="closed", closed_by=OMAR, why="mended"), ["mended", "D-4 is closed"], []),
        (replace(RISK, kind="freeze", stops=True), ["FROZEN", "but for stopping it"], [ids.UNFREEZE]),
        (replace(RISK, kind="freeze", changes=2), ["Changed 2 times in spite of it"], [ids.UNFREEZE]),
        (replace(RISK, kind="break_glass", what="broken glass"), ["was it right"], [ids.REVIEW_OPEN]),
        (replace(RISK, kind="follow_up", phase="ended"), ["late by a day", "is it done"], [ids.REVIEW_OPEN]),
        (replace(RISK, kind="follow_up", phase="closed", why="runs"), ["done", "runs"], []),
    ],
)
def test_an_entry_asks_one_thing(note: EntryNote, words: list[str], asked: list[str]) -> None:
    shown = render(note)
    assert all(word in str(shown["blocks"]) for word in words)
    assert [name for name, _ in buttons(shown)] == asked
    assert shown["text"].strip("…")


def test_a_late_week_says_so() -> None:
    late = DebtList((), week="2026-11-23", late=NIGHT + timedelta(days=9))
    assert "This post was due" in str(render(late)["blocks"])
