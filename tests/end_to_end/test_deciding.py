"""Deciding through Slack's edge: typed, clicked in App Home, by form; reminders, refusals, escalation, all-clear."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.demo.stage import example
from bot.slack import ids
from bot.workspace.state import View
from playbooks.domain.timeline import Event, EventKind
from tests.end_to_end.acting import asked, opened, switched_off
from tests.end_to_end.scene import DANA, HOME, LIN, OMAR, RAVI, SAM, TRIAGE, Scene, scene


def events(at: Scene, *kinds: EventKind) -> list[Event]:
    with at.service.house.store.read() as uow:
        return [event for event in uow.events(1) if event.kind in kinds]


def come(at: Scene, channel: str, *people: str) -> None:
    """These people join the incident's channel."""
    for who in people:
        if who not in at.workspace.channel(channel).members:
            at.workspace.join(who, channel)


def home_of(at: Scene, who: str) -> View:
    """The Home tab as this person sees it after opening it."""
    at.workspace.open_home(who)
    found = at.workspace.wait_for(lambda: at.workspace.home(who), 10, "App Home")
    assert found is not None
    return found


def form_of(at: Scene, who: str) -> View:
    """The form on top of this person's screen."""
    found = at.workspace.wait_for(lambda: at.workspace.top_view(who), 10, "the form")
    assert found is not None
    return found


def refusals(at: Scene) -> list[tuple[str, str]]:
    """Who was refused, and why."""
    return [(e.new.actor.slack, str(e.payload["reason"])) for e in events(at, EventKind.REFUSAL)]


def test_typed_by_holder_other_team_and_stranger(night: Scene) -> None:
    channel = opened(night)
    asked(night, channel)
    come(night, channel, RAVI, SAM)
    for who in (RAVI, SAM):
        said = night.workspace.slash(who, channel, "/inc approve 1")
        assert "can't decide" in f"{said.text} {said.blocks}"
    assert night.alias_moves()[-1] == "43"
    night.workspace.slash(OMAR, channel, "/inc approve 1")
    night.until(lambda: night.alias_moves()[-1] == "42", "rolled back")
    assert refusals(night) == [(RAVI, "not_held"), (SAM, "not_held")]
    grant = events(night, EventKind.DECISION)[-1].payload
    assert (grant["verdict"], grant["used"]) == ("approved", "holder")


def test_denied_by_typing_with_a_reason(night: Scene) -> None:
    channel = opened(night)
    asked(night, channel)
    come(night, channel, SAM)
    refused = night.workspace.slash(SAM, channel, "/inc deny 1 I don't like it")
    assert "can't decide" in f"{refused.text} {refused.blocks}"
    night.workspace.slash(OMAR, channel, "/inc deny 1 v42 is worse")
    night.message(night.dm(OMAR), "Denied by", "v42 is worse")
    night.message(channel, "Denied by", "v42 is worse")
    night.settle()
    assert night.alias_moves()[-1] == "43"
    assert refusals(night) == [(SAM, "not_held")]


def test_withdrawn_by_who_asked(night: Scene) -> None:
    channel = opened(night)
    asked(night, channel)
    said = night.workspace.slash(DANA, channel, "/inc deny 1 found something else")
    assert "withdrawn" in said.text
    night.message(night.dm(OMAR), "Withdrawn by who asked")
    late = night.workspace.slash(OMAR, channel, "/inc approve 1")
    assert "already withdrawn" in late.text


@pytest.mark.parametrize("who", [OMAR, LIN])
def test_approved_from_app_home(night: Scene, who: str) -> None:
    channel = opened(night)
    asked(night, channel)
    assert ids.APPROVE not in str(home_of(night, SAM).body)
    night.workspace.click(who, home_of(night, who), ids.APPROVE)
    night.until(lambda: night.alias_moves()[-1] == "42", "rolled back")
    night.until(lambda: ids.APPROVE not in str(home_of(night, who).body), "the page shows it is done")


def test_denied_from_app_home_by_its_form(night: Scene) -> None:
    channel = opened(night)
    asked(night, channel)
    night.workspace.click(OMAR, home_of(night, OMAR), ids.DENY_OPEN)
    view = form_of(night, OMAR)
    block = next(b for b in view.body["blocks"] if b["type"] == "input")
    night.workspace.submit_view(OMAR, view, {block["block_id"]: "not now"})
    night.message(channel, "Denied by", "not now")


def test_extended_by_its_form_and_refused_to_others(night: Scene) -> None:
    channel = opened(night)
    off = switched_off(night, channel)
    fields = {"for": "2h", "because": "the queue is long"}
    come(night, channel, RAVI, SAM)
    for who in (RAVI, SAM):
        night.workspace.click(who, off, ids.EXTEND_OPEN)
        view = form_of(night, who)
        assert "can't decide" in str(night.workspace.submit_view(who, view, fields).errors)
        night.workspace.close_view(who)
    night.workspace.click(DANA, off, ids.EXTEND_OPEN)
    view = form_of(night, DANA)
    assert not night.workspace.submit_view(DANA, view, fields).errors
    night.settle()
    (step,) = [e for e in events(night, EventKind.OVERRIDE) if e.payload.get("phase") == "extended"]
    assert (step.payload["decision"], step.payload["used"]) == ("disable", "on_call")
    assert [who for who, _ in refusals(night)] == [RAVI, SAM]


def test_reminded_then_the_deputy_by_direct_message(night: Scene) -> None:
    channel = opened(night)
    asked(night, channel)
    night.advance(minutes=6)
    night.message(night.dm(OMAR), "still waits for your answer to request 1")
    assert night.find(night.dm(LIN), "asks") is None
    night.advance(minutes=5)
    night.message(night.dm(LIN), "asks", button=ids.APPROVE)
    night.message(channel, "No answer yet to request 1")


def test_nobody_acknowledges(night: Scene) -> None:
    """The demo's fraud-scorer is of tier 1: five minutes each."""
    night.drift()
    night.message(HOME, "fraud-scorer is drifting", button=ids.TAKE)
    night.settle()
    for _ in range(4):
        night.advance(minutes=5, seconds=2)
        night.settle()
    told = night.message(TRIAGE, "everybody was asked and nobody acknowledged")
    assert "after 5 min" in told.text
    levels = [e.payload.get("levels") for e in events(night, EventKind.PAGE)]
    assert levels[:3] == [["second_on_call"], ["deputy", "channel"], ["triage"]]


def test_the_all_clear_is_its_holders_to_give(tmp_path: Path) -> None:
    old = "if_silent: deputy}\n"
    text = example("ownership.yaml")
    assert old in text
    place = text.index(old) + len(old)
    indent = " " * 6
    named = f"{text[:place]}{indent}all_clear: {{decide: [omar], deputy: [lin], approvals: 1}}\n{text[place:]}"
    with scene(tmp_path, registry=named) as made:
        made.workspace.invite(DANA, HOME, made.workspace.seed.bot_user_id)
        channel = opened(made)
        come(made, channel, OMAR, SAM)
        for who in (DANA, SAM):
            made.workspace.slash(who, channel, "/inc mitigated")
            refused = made.whisper(who, "You can't decide on this all-clear", button=ids.ASK_PERSON)
            assert "@omar (model owner)" in refused.text
        made.workspace.slash(OMAR, channel, "/inc mitigated")
        made.message(channel, "is mitigated")
        assert [who for who, _ in refusals(made)] == [DANA, SAM]
