"""Figures in Slack: what is typed, few rows with one number each, and nothing injected."""

from __future__ import annotations

import pytest

from bot.slack import ids
from bot.slack.blocks import render
from bot.slack.grammar import parse
from bot.slack.grammar_values import StatsArgs
from playbooks import errors
from playbooks.messages import FigureView
from tests.slack import story
from tests.slack.test_ledger import buttons

VIEW = story.STORY["figures"]
assert isinstance(VIEW, FigureView)


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("stats", StatsArgs()),
        ("stats 90d", StatsArgs(span="90d")),
        ("stats component", StatsArgs("component")),
        ("stats by teams last 4w", StatsArgs("team", span="4w")),
        ("stats fraud-scorer", StatsArgs(name="fraud-scorer")),
        ("figures team fraud-ml 30d", StatsArgs("team", "fraud-ml", "30d")),
        ("stats since 2026-09-01 failure", StatsArgs("failure", since="2026-09-01")),
        ("stats severity since 8w", StatsArgs("severity", since="8w")),
    ],
)
def test_what_was_typed(typed: str, read: StatsArgs) -> None:
    assert parse(typed).args == read


def test_two_names_are_one_too_many() -> None:
    with pytest.raises(errors.InputError, match="one name at a time"):
        parse("stats ranker fraud-scorer")


def test_it_is_no_wall() -> None:
    shown = render(VIEW)
    assert [block["type"] for block in shown["blocks"]] == ["section", "section", "section", "context", "actions"]
    rows = shown["blocks"][1]["text"]["text"].split("\n")
    assert rows[0] == "*Silent* 12 min · was 20 min · of 14"
    assert rows[1] == "*Acknowledge* 1 min 6 s · of only 2"
    assert "Not recorded: verify." in shown["blocks"][3]["elements"][0]["text"]
    assert "Left out: 1 drill and 2 backfills. 3 incidents still to be counted." in shown["text"]


def test_its_buttons_are_commands_that_are_understood() -> None:
    (page, *rest) = buttons(render(VIEW))
    assert page[0] == ids.OPEN_PAGE
    for action, value in rest:
        text = ids.decode(value).text
        command, _, words = text.partition(" ")
        assert ids.base(action) == ids.RUN_SUGGESTION
        assert parse(words, command=command).verb == "stats"


def test_nothing_is_said_calmly() -> None:
    shown = render(FigureView("", 30, 0, 2, 1, 0, 0, 0, ()))
    assert "No incident was declared in them and is over; 1 still open." in shown["text"]
