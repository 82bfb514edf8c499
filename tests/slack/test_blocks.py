"""Every message: its words in the story's order, inside Slack's limits for any value, and nothing injected."""

import dataclasses
import json
import re
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from slack_sdk.models.blocks import Block

from bot.slack import blocks, ids
from bot.slack.blocks import escape, home, who
from bot.workspace.blockkit import check_blocks, check_view
from playbooks.messages import Home, IncidentList, Message, Say
from tests.slack import story

NASTY = (
    "<!channel> <!here> <@U0VICTIM> <https://evil.example|bank> <#C0SECRET>",
    "*b* _i_ ~s~ `c` ```pre``` :red_circle: > quote",
    "&amp;&lt;!everyone&gt; & < >",
    "a\nb\r\n\x00\x1b[31m\u202eevil\u200b",
    "x" * 10_000,
    "<" * 5_000,
    "👩‍👩‍👧‍👦" * 800,
    "{0}{1}{9} %s {x}",
    "   ",
    "",
)
_ALLOWED = re.compile(
    r"<@[UW][A-Z0-9]+>|<#[CGD][A-Z0-9]+>|<!date\^-?\d+\^[^|<>]+\|[^<>|]+>|<https?://[^\s<>|]+\|[^<>|]*>"
)
_KNOWN = {"U01DANA", "U02OMAR", "U03LIN", "U04MEI"}
_CLOSED = {"phase", "kind", "next_action", "precision", "slack"}


def poisoned(value: Any, text: str, times: int = 1) -> Any:
    """The same view model with every free text replaced, and every list made longer."""
    if isinstance(value, str):
        return text
    if isinstance(value, tuple):
        # A tuple inside a tuple is a record (a step and its time): its length is part of its meaning.
        return (
            tuple(_record(item, text, times) if isinstance(item, tuple) else poisoned(item, text) for item in value)
            * times
        )
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.replace(
            value,
            **{
                field.name: poisoned(getattr(value, field.name), text, times)
                for field in dataclasses.fields(value)
                if field.name not in _CLOSED
            },
        )
    return value


def _record(record: tuple[Any, ...], text: str, times: int) -> tuple[Any, ...]:
    return tuple(poisoned(item, text, times) for item in record)


def texts(rendered: dict[str, Any]) -> list[str]:
    """Every mrkdwn text of a message, and its fallback."""
    found = [rendered["text"]]

    def walk(node: Any) -> None:
        if isinstance(node, dict):
            if node.get("type") == "mrkdwn":
                found.append(node["text"])
                assert node["verbatim"] is True
            for child in node.values():
                walk(child)
        elif isinstance(node, list):
            for child in node:
                walk(child)

    walk(rendered["blocks"])
    return found


def assert_sound(rendered: dict[str, Any]) -> None:
    """Slack takes it, and no token in it came from outside."""
    assert check_blocks(rendered["blocks"], "message") == []
    assert 0 < len(rendered["text"]) <= 3000
    json.dumps(rendered, ensure_ascii=False).encode()
    for text in texts(rendered):
        rest = _ALLOWED.sub("", text)
        assert "<" not in rest
        assert ">" not in rest
        assert set(re.findall(r"<@(\w+)>", text)) <= _KNOWN
    for block in rendered["blocks"]:
        parsed = Block.parse(block)
        assert parsed is not None
        parsed.to_dict()
        for element in block.get("elements", []):
            if "value" in element:
                ids.decode(element["value"])
            for option in element.get("options", []):
                ids.decode(option["value"])


@pytest.mark.parametrize("name", story.STORY)
def test_the_story_is_valid(name: str) -> None:
    """The night's own messages."""
    assert_sound(blocks.render(story.STORY[name]))


@pytest.mark.parametrize("name", story.STORY)
@pytest.mark.parametrize("text", NASTY, ids=range(len(NASTY)))
def test_hostile_and_huge_values(name: str, text: str) -> None:
    """Any text in any place, and lists of forty."""
    assert_sound(blocks.render(poisoned(story.STORY[name], text)))
    assert_sound(blocks.render(poisoned(story.STORY[name], text, 40 if name not in ("help", "home") else 6)))


@given(name=st.sampled_from(sorted(story.STORY)), text=st.text(max_size=400), times=st.integers(0, 3))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_text(name: str, text: str, times: int) -> None:
    """Whatever hypothesis thinks of, also with empty lists."""
    assert_sound(blocks.render(poisoned(story.STORY[name], text, times)))


@given(st.text(alphabet="<>@!#UC|&;ltgamp*_~`:a1{} \n", max_size=120))
@settings(max_examples=300, deadline=None)
def test_nothing_of_a_persons_text_becomes_markup(text: str) -> None:
    """Values, sentences and code spans made of Slack's own signs."""
    for made in (escape.value(text), escape.prose(text), escape.code(text), escape.fill(text, (story.DANA,))):
        assert "<" not in made.replace("<@U01DANA>", "")
        assert escape.cut(made, 40) == made or len(escape.cut(made, 40)) <= 40


def lines(message: Message, root: str = "/inc") -> list[str]:
    """The plain words, line by line."""
    return str(blocks.render(message, root=root)["text"]).splitlines()


def labels(message: Message) -> list[str]:
    """The buttons, in order; the primary one in brackets."""
    shown = []
    for block in blocks.render(message)["blocks"]:
        for element in block.get("elements", []) if block["type"] == "actions" else []:
            label = element.get("text", element.get("placeholder", {"text": "⋯"}))["text"]
            shown.append(f"[{label}]" if element.get("style") == "primary" else label)
    return shown


GOLDEN: list[tuple[Message, list[str], list[str]]] = [
    (
        story.OWNER,
        [
            "SEV2 · fraud-scorer is drifting — Drift · PSI of score 0.34, limit 0.20, 4 of the last 4 windows, "
            "18,240 samples, against Oct 1–31, since 01:40 UTC (silent for 51 min)",
            "<@U01DANA> is on call for serving; nobody leads yet. INC-42 · "
            "changed before: fraud-scorer v42 → v43 at 00:10 UTC by the training pipeline",
        ],
        ["[I take it]", "Not me", "Open incident"],
    ),
    (
        story.CARD,
        [
            "INC-42 · fraud-scorer is drifting · SEV2 · investigating · lead <@U01DANA> · open since 02:31 UTC",
            "Next: decide on a rollback. <@U01DANA> may ask; <@U02OMAR> or <@U03LIN> may approve "
            "(model owner; deputy).",
            "Signal: Drift · PSI 0.34, limit 0.20, 18,240 samples, since 01:40 UTC (silent for 51 min)",
            "3 alerts (2 firing) · upstream: transactions-features fresh, merchant-embeddings 6 h late ⚠︎",
            "Containment: none yet · Automation: auto-decline ON (reads fraud-scorer) · Fallback: rules engine v3",
        ],
        ["[Roll back…]", "Disable auto-decline…", "Update", "Hand off…", "⋯"],
    ),
    (
        story.PREVIEW,
        [
            "Roll back fraud-scorer: v43 → v42",
            "v42 served 19 days without an incident, marked good on 2 Nov (evaluation 0.941). "
            "v43 has served 4 h 24 min, 212,000 decisions.",
            "Affects: auto-decline and manual-review queue. Takes about 40 s; proof: 20 answers in a row carry v42.",
            "Approval: 1 of <@U02OMAR> (model owner) or <@U03LIN> (deputy). "
            "If nobody answers in 10 min, <@U03LIN> is asked.",
        ],
        ["[Ask for approval]", "Another version", "Cancel"],
    ),
    (
        story.ASK,
        ["<@U01DANA> asks: roll back fraud-scorer v43 → v42 (INC-42, SEV2) — drift since v43.", "You may decide this."],
        ["[Approve]", "Deny…", "See plan"],
    ),
    (
        dataclasses.replace(
            story.ASK, closed="Approved by {0}", closed_by=(story.OMAR,), ended="confirmed", ended_at=story.at(2, 36)
        ),
        [
            "<@U01DANA> asks: roll back fraud-scorer v43 → v42 (INC-42, SEV2) — drift since v43.",
            "Approved by <@U02OMAR>",
            "Confirmed 02:36:00 UTC",
        ],
        [],
    ),
    (
        dataclasses.replace(story.STATUS, state="applying", steps=story.STATUS.steps[:1], undo="", note=""),
        ["Rollback fraud-scorer v43 → v42 · approved by <@U02OMAR> as model owner · being applied"],
        [],
    ),
    (
        dataclasses.replace(story.STATUS, state="approved", steps=story.STATUS.steps[:1], undo="", note=""),
        ["Rollback fraud-scorer v43 → v42 · approved by <@U02OMAR> as model owner"],
        [],
    ),
    (
        story.STATUS,
        [
            "Rollback fraud-scorer v43 → v42 · approved by <@U02OMAR> as model owner · alias moved 02:36:04 UTC · "
            "servers answering v42: 3 of 3 · confirmed 02:36:41 UTC · "
            "undo until decided: /rollback fraud-scorer to v43",
            "v43 is marked bad for INC-42, so it will not be chosen as a target.",
        ],
        [],
    ),
    (
        story.OFF,
        [
            "auto-decline is OFF until 06:37 UTC (confirmed 02:37:09 UTC: the flag reads off in production).",
            "Restores itself then; I'll ask at 06:22 UTC. Holder <@U01DANA>, debt D-118.",
        ],
        ["Extend…", "Restore now…"],
    ),
    (
        dataclasses.replace(story.OFF, only_if="INC-42 is mitigated"),
        [
            "auto-decline is OFF until 06:37 UTC (confirmed 02:37:09 UTC: the flag reads off in production).",
            "Restores itself, if INC-42 is mitigated by then; I'll ask at 06:22 UTC. Holder <@U01DANA>, debt D-118.",
        ],
        ["Extend…", "Restore now…"],
    ),
    (
        dataclasses.replace(story.OFF, phase="switching", confirmed_at=None),
        ["auto-decline is being switched off until 06:37 UTC; I'm reading the effect back now."],
        [],
    ),
    (
        dataclasses.replace(story.OFF, phase="was", closed_at=story.at(6, 37, 8)),
        ["auto-decline was off from 02:37 UTC until 06:37 UTC (4 h). D-118 is closed."],
        [],
    ),
    (
        dataclasses.replace(
            story.ASK, closed="Approved by {0} as *model owner*", closed_by=(story.OMAR,), closed_at=story.at(2, 36, 4)
        ),
        [
            "<@U01DANA> asks: roll back fraud-scorer v43 → v42 (INC-42, SEV2) — drift since v43.",
            "Approved by <@U02OMAR> as model owner 02:36:04 UTC",
        ],
        [],
    ),
    (
        dataclasses.replace(story.OFF, phase="warning"),
        ["auto-decline comes back in 15 min, at 06:37 UTC (off for 3 h 45 min, INC-42)."],
        ["Extend…", "Restore now"],
    ),
    (
        dataclasses.replace(story.OFF, phase="on", closed_at=story.at(6, 37, 8)),
        ["auto-decline is ON again, confirmed 06:37:08 UTC. D-118 closed after 4 h."],
        [],
    ),
    (
        story.RESOLVED,
        [
            "INC-42 resolved. Silent 51 min · detected → acknowledged 1 min · "
            "authority asked → given 1 min 48 s · decided → verified 41 s",
            "The draft is here (32 facts checked against 61 events; 6 questions are yours). "
            "Owner <@U04MEI>, review due 26 Nov.",
        ],
        ["[Answer a question…]", "Open draft", "Hand over…"],
    ),
    (
        story.REFUSAL,
        ["You can't ask for this rollback: it belongs to fraud-ml on call (now @dana) or @omar."],
        ["[Ask @dana]", "Who may?"],
    ),
    (
        dataclasses.replace(story.HELP, brief=True),
        ["Open new list", "Act /rollback /disable", "/inc help says what each does; a verb alone opens its form."],
        ["Declare incident…", "Open incidents"],
    ),
    (
        story.UNKNOWN,
        ["I don't know auto-declin. Did you mean auto-decline (automation, fraud-ml)?"],
        ["Disable auto-decline…"],
    ),
]


@pytest.mark.parametrize(("message", "words", "buttons"), GOLDEN, ids=lambda v: type(v).__name__)
def test_the_words_of_the_story(message: Message, words: list[str], buttons: list[str]) -> None:
    """First what is wrong, then what is asked of you; one primary button."""
    assert lines(message)[: len(words)] == words
    assert labels(message) == buttons
    assert len(lines(message)) <= 10


@pytest.mark.parametrize("name", sorted(set(story.STORY) - {"home", "list"}))
def test_at_most_one_primary_button(name: str) -> None:
    """One obvious next thing."""
    assert sum(label.startswith("[") for label in labels(story.STORY[name])) <= 1


def test_the_approve_button_is_bound_to_the_whole_plan() -> None:
    """An approval counts for this plan only."""
    row = blocks.render(story.ASK)["blocks"][-1]
    approve = next(e for e in row["elements"] if e["action_id"] == ids.APPROVE)
    assert ids.decode(approve["value"]) == ids.Value(action=17, hash=story.HASH)


def test_what_was_decided_has_no_buttons_any_more() -> None:
    """Closed requests and finished incidents ask nothing."""
    closed = dataclasses.replace(story.ASK, closed="Approved by omar as model owner.")
    assert labels(closed) == []
    over = dataclasses.replace(story.OWNER, over=True, tag=dataclasses.replace(story.TAG, state="resolved"))
    assert labels(over) == ["Open incident"]
    assert lines(over)[1] == "INC-42 is resolved. Nothing is asked of you any more."


def test_commands_carry_the_real_root() -> None:
    """A renamed root is shown in every hint."""
    said = Say("Closed. Reopen it with `/inc reopen`.", "See /inc help, not /incident or docs/inc.")
    assert lines(said, "/muster") == [
        "Closed. Reopen it with /muster reopen.",
        "See /muster help, not /incident or docs/inc.",
    ]


def test_a_long_disable_shows_the_day() -> None:
    """06:37 would be ambiguous when it is tomorrow's."""
    long = dataclasses.replace(story.OFF, due_at=story.OFF.since + timedelta(days=1))
    assert "until 22 Nov 02:37 UTC" in lines(long)[0]


def test_who_answers_on_one_screen() -> None:
    """Owner, on call, rights with deputies, neighbours, and what is missing."""
    rendered = who.render(story.WHO, story.PEOPLE)
    assert_sound(rendered)
    text = rendered["text"].splitlines()
    assert text[0] == "fraud-scorer · model · tier 1 — fraud-ml is accountable <#C01FRAUDML>"
    assert text[1] == "On call now: <@U01DANA>, then <@U02OMAR>"
    assert "Rollback: 1 of <@U02OMAR> (model owner) or <@U03LIN> (deputy); after 10 min it goes up" in text
    assert "⚠︎ Nobody is on call for payments-data now." in text
    assert len(text) <= 18


@pytest.mark.parametrize("text", NASTY, ids=range(len(NASTY)))
def test_who_with_hostile_values(text: str) -> None:
    """Two hundred owners with bad names."""
    view = dataclasses.replace(
        story.WHO,
        component=text,
        team=text,
        channel=text,
        on_call=(text,) * 200,
        depends_on=(text,) * 200,
        fallback=text,
        missing=(text,) * 50,
    )
    assert_sound(who.render(view, {}))


def test_empty_lists_say_what_to_do() -> None:
    """Nothing open is an answer, too."""
    assert lines(IncidentList(())) == ["Open incidents", "None. Declare one: /inc new."]
    assert lines(Home((), (), ())) == ["Nothing waits for you.", "No open incident of yours."]


def test_home_is_a_view_slack_takes() -> None:
    """As published."""
    view = story.STORY["home"]
    assert isinstance(view, Home)
    assert check_view(home.home(view)) == []


def test_cut_keeps_tokens_whole() -> None:
    """A mention or an entity is there or it is not."""
    text = "abc <@U01DANA> &amp; rest"
    assert escape.cut(text, 12) == "abc…"
    assert escape.cut(text, 21) == "abc <@U01DANA>…"
