"""What is typed to mute alerts: component, alert, start, end, reason, and what happens at the end."""

from __future__ import annotations

import pytest

from bot.slack.grammar import parse
from bot.slack.grammar_values import SilenceArgs, UnsilenceArgs
from playbooks import errors

KNOWN = {"fraud-scorer", "ranker"}


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("fraud-scorer for 2h because rebuild", SilenceArgs("fraud-scorer", "", "", "2h", "", "rebuild")),
        ("fraud-scorer 2h because rebuild", SilenceArgs("fraud-scorer", "", "", "2h", "", "rebuild")),
        ("fraud-scorer until 18:00 because x", SilenceArgs("fraud-scorer", "", "", "", "18:00", "x")),
        ("fraud-scorer ModelDrift for 30m because x", SilenceArgs("fraud-scorer", "ModelDrift", "", "30m", "", "x")),
        ("fraud-scorer drift 30m because x", SilenceArgs("fraud-scorer", "drift", "", "30m", "", "x")),
        (
            "fraud-scorer from 22:00 until 23:30 because the move",
            SilenceArgs("fraud-scorer", "", "22:00", "", "23:30", "the move"),
        ),
        ("fraud-scorer from 22:00 to 23:30 because x", SilenceArgs("fraud-scorer", "", "22:00", "", "23:30", "x")),
        ("fraud-scorer from 22:00 for 90m because x", SilenceArgs("fraud-scorer", "", "22:00", "90m", "", "x")),
        ("fraud-scorer for 2h because x then list", SilenceArgs("fraud-scorer", "", "", "2h", "", "x", "list")),
        ("fraud-scorer for 2h then open", SilenceArgs("fraud-scorer", "", "", "2h", "", "", "open")),
        ("Fraud-Scorer", SilenceArgs("fraud-scorer")),
        ("", SilenceArgs()),
    ],
)  # fmt: skip
def test_a_silence_reads_as_it_was_meant(typed: str, read: SilenceArgs) -> None:
    for verb in ("silence", "maintenance"):
        parsed = parse(f"{verb} {typed}", components=KNOWN)
        assert (parsed.verb, parsed.args) == (verb, read)


@pytest.mark.parametrize("typed", ["for 2h because x", "because x", "from 22:00 until 23:00"])
def test_a_silence_of_nothing_asks_which_component(typed: str) -> None:
    with pytest.raises(errors.InputError, match="Which component"):
        parse(f"silence {typed}", components=KNOWN)


@pytest.mark.parametrize("typed", ["fraud-scorer because rebuild", "fraud-scorer drift", "fraud-scorer drift soon"])
def test_a_silence_without_an_end_is_told_how(typed: str) -> None:
    with pytest.raises(errors.InputError, match="needs an end") as told:
        parse(f"silence {typed}", components=KNOWN)
    assert "for 2h because" in told.value.next_step


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("S-3", UnsilenceArgs(3)),
        ("s3 because done", UnsilenceArgs(3, "done")),
        ("12 moved", UnsilenceArgs(12, "moved")),
    ],
)
def test_an_end_reads_its_number(typed: str, read: UnsilenceArgs) -> None:
    assert parse(f"unsilence {typed}").args == read


def test_an_end_without_a_number_is_told_where_it_stands() -> None:
    with pytest.raises(errors.InputError, match="Which silence"):
        parse("unsilence fraud-scorer")
