"""The words of a postmortem's life, and of the follow-ups that are its action items."""

import pytest

from bot.slack.grammar import Parsed, Person, PostmortemArgs, TaskArgs, parse
from playbooks import errors

OMAR = Person("U02OMAR", "omar")
ITEM = TaskArgs(
    "alert on the age of the embeddings",
    OMAR,
    "2026-12-01",
    "detect",
    "https://tickets.example/ML-7",
    "the alert fired in a drill",
)
LONG = (
    "detect: alert on the age of the embeddings <@U02OMAR|omar> until 2026-12-01 "
    "ticket <https://tickets.example/ML-7> done when the alert fired in a drill"
)


@pytest.mark.parametrize(
    ("text", "args"),
    [
        ("", PostmortemArgs()),
        ("review", PostmortemArgs("review")),
        ("Reviewed", PostmortemArgs("reviewed")),
        ("close", PostmortemArgs("close")),
        ("draft", PostmortemArgs("draft")),
        ("answer", PostmortemArgs("answer")),
        ("back because the impact has no source", PostmortemArgs("back", because="the impact has no source")),
        ("back the impact has no source", PostmortemArgs("back", because="the impact has no source")),
        ("no-action because the vendor mended it", PostmortemArgs("no-action", because="the vendor mended it")),
        ("owner <@U02OMAR|omar>", PostmortemArgs("owner", OMAR)),
        ("owner to @omar", PostmortemArgs("owner", Person("", "omar"))),
        ("due 2026-12-01", PostmortemArgs("due", until="2026-12-01")),
        (
            "due on 2026-12-01 because of the holidays",
            PostmortemArgs("due", until="2026-12-01", because="of the holidays"),
        ),
        (f"item {LONG}", PostmortemArgs("item", item=ITEM)),
        ("item", PostmortemArgs("item", item=TaskArgs())),
        ("item D-4 learn", PostmortemArgs("item", item=TaskArgs(type="learn", number=4))),
        ("item d-4 ticket ML-7", PostmortemArgs("item", item=TaskArgs(ticket="ML-7", number=4))),
        ("item D-4 detect it sooner", PostmortemArgs("item", item=TaskArgs("detect it sooner", number=4))),
        ("item learn how it got there", PostmortemArgs("item", item=TaskArgs("learn how it got there"))),
    ],
)
def test_steps_are_read(text: str, args: PostmortemArgs) -> None:
    for command, words in (("/postmortem", text), ("/inc", f"postmortem {text}")):
        assert parse(words, command=command).args == args
        assert parse(f"INC-7 {words}", command=command) == Parsed("postmortem", args, 7, bare=not text)
    assert parse(f"INC-7 {text}", command="/postmortem").incident == 7


@pytest.mark.parametrize("text", ["publsh", "owner", "owner @a @b", "due", "item x @omar @lin"])
def test_what_cannot_be_read_is_told_with_the_next_step(text: str) -> None:
    with pytest.raises(errors.InputError) as told:
        parse(text, command="/postmortem")
    assert told.value.next_step


def test_a_task_and_an_item_are_read_alike() -> None:
    assert parse(f"task {LONG}").args == ITEM
    assert parse("task mend the backfill @omar until 2026-12-01").args == TaskArgs(
        "mend the backfill", Person("", "omar"), "2026-12-01"
    )
