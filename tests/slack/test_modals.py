"""Forms: Slack takes them for any value, and what people put in reads like a command."""

from datetime import UTC
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.slack import ids, modals, postmortem_modals, timeline_modals
from bot.slack.grammar_values import (
    AnswerArgs,
    Args,
    BackfillArgs,
    DecideArgs,
    DisableArgs,
    ExtendArgs,
    MilestoneArgs,
    NewArgs,
    NoteArgs,
    ResolveArgs,
    RollbackArgs,
    SevArgs,
    TellArgs,
    TextArgs,
)
from bot.workspace.blockkit import check_view
from playbooks import errors
from playbooks.domain.action_items import Item
from playbooks.domain.backfill import Frame, read_block
from playbooks.domain.timeline import EventKind
from playbooks.plays.milestones import Recorded
from tests.slack import story

COMPONENTS = ("fraud-scorer", "auto-decline")
LONG = "<!channel> & *x*\n" + "x" * 10_000


def forms(text: str, components: tuple[str, ...] = COMPONENTS) -> dict[str, dict[str, Any]]:
    """Every form, filled with one text."""
    name = text[:80]
    return {
        "new": modals.new_incident(components, channel="C1", ts="1.2", component=name, severity=name, title=text),
        "update": modals.update(42, text=text),
        "note": modals.note(42, story.at(2, 31), text=text),
        "severity": modals.severity(42, chosen=name),
        "rollback": modals.rollback(components, incident=42, channel="C1", component=name, because=text),
        "disable": modals.disable(components, component=name, span=text),
        "extend": modals.extend(118, name, incident=42),
        "deny": modals.deny(17, story.HASH, incident=42),
        "resolve": timeline_modals.resolve(42, _recorded(text), lambda _p: None, text=text, asked=True),
        "milestone": timeline_modals.milestone(
            42, components, story.at(2, 31), rows=_recorded(text), chosen=name, component=name, text=text, asked=True
        ),
        "backfill": timeline_modals.backfill(42, name, text=text),
        "past": timeline_modals.backfill(None, name, text=text, components=components, past=(text, name, name)),
        "echo": _echo(text, components),
        "timeline": timeline_modals.line(
            None, components, at=story.at(2, 31), text=text, channel="C1", ts="1.2", kind=name
        ),
        "answer": modals.answer(42, [("quality", text), ("communication", text)], chosen="quality"),
        "no questions": modals.answer(42, []),
        "plan": modals.plan(story.ASK),
        "item": postmortem_modals.item(
            42, owner="U01DANA", half=[Item(4, text, "", "", story.at(2, 31), text, text, False)] * 7
        ),
        "checks": postmortem_modals.checks(42, needed=12, given={"impact": 2}),
        "checks left out": postmortem_modals.checks(42),
        "back": postmortem_modals.reason(42, "back"),
        "no action": postmortem_modals.reason(42, "no-action"),
        "owner": postmortem_modals.owner(42),
    }


def _recorded(text: str) -> list[Recorded]:
    at = story.at(1, 40)
    return [
        Recorded(EventKind.IMPACT_START, at, proposal=text[:300]),
        Recorded(EventKind.DETECTED, at, by="dana"),
        Recorded(EventKind.AWARE, None),
    ]


def _echo(text: str, components: tuple[str, ...]) -> dict[str, Any]:
    frame = Frame(story.at(9, 0), UTC, story.at(2, 31).date(), story.at(2, 31))
    block = read_block("\n".join(["02:31 alert: it drifts", text, *["02:40 " + text[:90]] * 90]), frame)
    return timeline_modals.echo(
        None, block, UTC, "h" * 32, text=text, zone_text="UTC", past=(text, text, text), components=components,
        fault=text,
    )  # fmt: skip


@pytest.mark.parametrize("text", ["", "drift", LONG, "\x00\u202e"], ids=["empty", "short", "long", "unseen"])
@pytest.mark.parametrize("count", [0, 2, 100, 250])
def test_slack_takes_every_form(text: str, count: int) -> None:
    """Nothing typed before and no registry is too large for a form."""
    for name, view in forms(text, tuple(f"component-{n}" for n in range(count))).items():
        assert check_view(view) == [], name
        ids.decode(view["private_metadata"])


@given(st.text(max_size=300))
@settings(max_examples=60, deadline=None)
def test_slack_takes_every_text(text: str) -> None:
    """Whatever hypothesis thinks of."""
    for name, view in forms(text).items():
        assert check_view(view) == [], name


def filled(view: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """The view as Slack sends it back."""
    state: dict[str, Any] = {}
    for block in view["blocks"]:
        if block["type"] != "input":
            continue
        given = fields.get(block["block_id"].replace("for", "span"))
        element = block["element"]
        key = {"static_select": "selected_option", "datetimepicker": "selected_date_time"}.get(element["type"], "value")
        shown: Any = {"value": given} if key == "selected_option" and given is not None else given
        state[block["block_id"]] = {element["action_id"]: {"type": element["type"], key: shown}}
    return {**view, "state": {"values": state}}


STAMP = 1_795_228_560  # 2026-11-21 02:36 UTC

ROUNDS: list[tuple[str, dict[str, Any], str, Args, int | None]] = [
    ("new", {"title": " it  drifts "}, "new", NewArgs("", "", "it drifts"), None),
    (
        "new",
        {"title": "it drifts", "component": "fraud-scorer", "severity": "sev2"},
        "new",
        NewArgs("fraud-scorer", "sev2", "it drifts"),
        None,
    ),
    ("update", {"text": "a\nb"}, "update", TextArgs("a\nb"), 42),
    ("note", {"text": "x", "when": STAMP}, "note", NoteArgs("2026-11-21 02:36:00 UTC", "x"), 42),
    ("note", {"text": "x"}, "note", NoteArgs("", "x"), 42),
    ("severity", {"severity": "sev1", "because": "worse"}, "sev", SevArgs("sev1", "worse"), 42),
    (
        "rollback",
        {"component": "fraud-scorer", "version": "v42", "because": "drift"},
        "rollback",
        RollbackArgs("fraud-scorer", "v42", "drift"),
        42,
    ),
    ("disable", {"component": "auto-decline", "span": "4h"}, "disable", DisableArgs("auto-decline", "4h"), None),
    (
        "disable",
        {"component": "auto-decline", "span": "until tomorrow 06:30"},
        "disable",
        DisableArgs("auto-decline", "", "tomorrow 06:30"),
        None,
    ),
    ("extend", {"span": "09:00", "because": "w"}, "extend", ExtendArgs("drift", 118, "", "09:00", "w"), 42),
    ("extend", {"span": "by 2h"}, "extend", ExtendArgs("drift", 118, "2h"), 42),
    ("deny", {"reason": "too risky"}, "deny", DecideArgs(17, "too risky"), 42),
    (
        "resolve",
        {"impact": STAMP, "relief": STAMP + 60, "text": "rolled back"},
        "resolve",
        ResolveArgs("rolled back", "2026-11-21 02:36:00 UTC", relief="2026-11-21 02:37:00 UTC"),
        42,
    ),
    (
        "milestone",
        {"kind": "aware", "when": STAMP, "text": "the press asked"},
        "milestone",
        MilestoneArgs("aware", "", "2026-11-21 02:36:00 UTC", "the press asked", "the press asked"),
        42,
    ),
    ("backfill", {"lines": "a\tb", "lines2": "c", "zone": "UTC"}, "backfill", BackfillArgs("a b\nc", "UTC"), 42),
    ("resolve", {}, "resolve", ResolveArgs(), 42),
    (
        "timeline",
        {"kind": "decision", "text": "keep v42", "when": STAMP, "precision": "approx", "more": "model owner"},
        "decide",
        TellArgs("decision", "2026-11-21 02:36:00 UTC", "keep v42", precision="approx", right="model owner"),
        None,
    ),
    ("answer", {"question": "quality", "text": "0.94"}, "answer", AnswerArgs("quality", "0.94"), 42),
]


@pytest.mark.parametrize(("form", "fields", "verb", "args", "incident"), ROUNDS)
def test_a_form_reads_like_a_command(
    form: str, fields: dict[str, Any], verb: str, args: Args, incident: int | None
) -> None:
    """The same values the command would have given."""
    view = forms("drift")[form]
    sent = modals.parse(filled(view, **fields))
    assert (sent.parsed.verb, sent.parsed.args, sent.parsed.incident) == (verb, args, incident)
    assert sent.callback_id == view["callback_id"]


def test_a_length_nobody_can_read_is_told_under_its_field() -> None:
    """Not under another one, and without the signs of markup, which Slack shows as they are there."""
    view = forms("drift")["disable"]
    with pytest.raises(modals.FieldErrors) as told:
        modals.parse(filled(view, component="auto-decline", span="soon"))
    assert list(told.value.fields) == ["for"]
    assert told.value.fields["for"].startswith("I can't read “soon” as a length of time.")


def test_what_a_form_remembers() -> None:
    """The plan an answer is about, the message a line comes from."""
    sent = modals.parse(filled(forms("x")["deny"], reason="no"))
    assert sent.meta == ids.Value(incident=42, action=17, hash=story.HASH)
    sent = modals.parse(filled(forms("x")["timeline"], text="x", when=STAMP))
    assert (sent.meta.channel, sent.meta.ts) == ("C1", "1.2")


@pytest.mark.parametrize(
    ("form", "fields", "faults"),
    [
        ("new", {}, {"title": "Say in a few words what is wrong."}),
        ("disable", {}, {"component": "Choose a component.", "for": "Say for how long, like 4h."}),
        ("rollback", {"component": "x", "version": "v 42"}, {"version": "A version is one word, like v42."}),
        ("resolve", {"impact": STAMP, "relief": STAMP - 1}, {"relief": "Relief can't come before the impact."}),
        ("timeline", {"text": "x", "kind": "alert", "when": STAMP}, {"kind": "Choose one of the list."}),
        ("timeline", {"text": "x"}, {"when": "Say when it happened."}),
    ],
)
def test_faults_stand_at_their_fields(form: str, fields: dict[str, Any], faults: dict[str, str]) -> None:
    """The form stays open and says what to mend."""
    view = forms("x")[form]
    with pytest.raises(modals.FieldErrors) as caught:
        modals.parse(filled(view, **fields))
    assert caught.value.response == {"response_action": "errors", "errors": faults}
    assert set(faults) <= {block.get("block_id") for block in view["blocks"]}


def test_a_form_of_another_release_is_refused() -> None:
    """Unknown form, or a memory nobody here wrote."""
    for view in (
        {},
        {"callback_id": "modal_new", "private_metadata": "x"},
        {"callback_id": "no", "private_metadata": ""},
    ):
        with pytest.raises(errors.InputError):
            modals.parse(view)
