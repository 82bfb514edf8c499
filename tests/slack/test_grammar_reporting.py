"""What is typed on reporting is read as it is meant, or answered with how it is written."""

from __future__ import annotations

import pytest

from bot.slack.grammar import parse
from bot.slack.grammar_values import ClockArgs, ReportableArgs, StandArgs
from playbooks import errors


@pytest.mark.parametrize(
    ("text", "args"),
    [
        ("reportable", ReportableArgs()),
        ("reportable no because nobody was harmed", ReportableArgs("no", (), "nobody was harmed")),
        (
            "reportable YES gdpr-33, nis2-23 because data left",
            ReportableArgs("yes", ("gdpr-33", "nis2-23"), "data left"),
        ),
        ("clock", ClockArgs()),
        ("clock draft gdpr-33", ClockArgs("draft", "gdpr-33")),
        ("clock sent dora-19 initial", ClockArgs("sent", "dora-19", "initial")),
        ("clock sent dora-19 initial reference AT 17", ClockArgs("sent", "dora-19", "initial", "AT 17")),
        ("hold", StandArgs()),
        ("hold because the authority is not told", StandArgs(because="the authority is not told")),
        ("hold fraud-scorer for 2d because x", StandArgs("fraud-scorer", None, "2d", "", "x")),
        ("hold until 2026-12-01 because x", StandArgs("", None, "", "2026-12-01", "x")),
        ("unhold fraud-scorer because copied", StandArgs("fraud-scorer", because="copied")),
    ],
)
def test_read(text: str, args: object) -> None:
    assert parse(text).args == args


def test_the_number_of_an_incident_goes_first() -> None:
    parsed = parse("INC-7 clock")
    assert (parsed.verb, parsed.incident) == ("clock", 7)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("reportable maybe because x", "yes, no or undecided"),
        ("clock stop gdpr-33", "sent or draft"),
        ("clock sent", "Which clock"),
        ("clock sent gdpr-33", "Which stage"),
        ("hold fraud-scorer a while because x", "as an end"),
        ("unhold fraud scorer", "one component"),
    ],
)
def test_what_cannot_be_read(text: str, words: str) -> None:
    with pytest.raises(errors.InputError, match=words):
        parse(text)
