"""The words of commands that write the timeline."""

import pytest

from bot.slack.grammar import Parsed, parse
from bot.slack.grammar_values import Args, BackfillArgs, CorrectArgs, MilestoneArgs, TellArgs
from playbooks import errors


def read(text: str) -> Parsed:
    return parse(text, components={"api", "fraud-scorer"})


@pytest.mark.parametrize(
    ("text", "args"),
    [
        ("milestone", MilestoneArgs()),
        ("milestone impact", MilestoneArgs("impact")),
        ("milestone impact 02:31", MilestoneArgs("impact", "", "02:31")),
        ("milestone Mitigated api 12:30", MilestoneArgs("mitigated", "api", "12:30")),
        ("milestone aware now", MilestoneArgs("aware", "", "now")),
        ("milestone aware 10m ago the press asked", MilestoneArgs("aware", "", "10m ago", "the press asked")),
        (
            "milestone impact `API` 2026-11-20 02:31 UTC because of the logs sure",
            MilestoneArgs("impact", "api", "2026-11-20 02:31 UTC", "", "of the logs", True),
        ),
        ("backfill", BackfillArgs()),
        ("backfill 14:05 a\n14:06 b", BackfillArgs("14:05 a\n14:06 b")),
        ("decide", TellArgs("decision")),
        ("decide roll back right away", TellArgs("decision", "", "roll back right away")),
        (
            "decide 14:05 roll back options: wait; disable, right: model owner",
            TellArgs("decision", "14:05", "roll back", options="wait; disable", right="model owner"),
        ),
        (
            "decide roll back (right: model owner) options: wait",
            TellArgs("decision", "", "roll back", options="wait", right="model owner"),
        ),
        ("think the cache is stale", TellArgs("hypothesis", "", "the cache is stale")),
        ("think E12 refuted hits are fine", TellArgs("hypothesis", text="hits are fine", event=12, state="refuted")),
        ("think 12 Confirmed", TellArgs("hypothesis", event=12, state="confirmed")),
        ("think E12 is not it", TellArgs("hypothesis", "", "E12 is not it")),
        ("observed 02:31 declines doubled", TellArgs("observation", "02:31", "declines doubled")),
        ("told customers: we look into it", TellArgs("comms", text="we look into it", audience="customers")),
        ("redact E12 because it names a customer", CorrectArgs(12, "", "it names a customer")),
        ("redact 12", CorrectArgs(12)),
    ],
)
def test_what_is_typed_is_read(text: str, args: Args) -> None:
    assert read(text).args == args


@pytest.mark.parametrize("text", ["told customers", "redact that note", "redact"])
def test_what_lacks_something_is_told_with_its_form(text: str) -> None:
    with pytest.raises(errors.InputError) as told:
        read(text)
    assert "Write it like this" in told.value.next_step
