"""What is done by hand: who is asked, what stays a claim, what is read back, and that the wait outlives the process."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import Engine

from bot.providers.levers.manual import ManualLever
from bot.slack.blocks import render
from playbooks import errors
from playbooks.domain.actions import Action, ActionKind, ActionState
from playbooks.domain.ownership import Registry
from playbooks.domain.timeline import EventKind
from playbooks.messages import ErrandNote, Refusal, Say
from playbooks.plays import errand_answers, incident, levers
from playbooks.plays.levers import Wanted
from playbooks.plays.views import build
from playbooks.plugin import Tools
from playbooks.ports import Lever, Surface
from tests.contracts.fake_lever import FakeLever
from tests.plays.stage import DECLINE, HOUR, MINUTE, STRANGER, Stage, on_sqlite
from tests.simulation.bot import Bot

OFF = {
    "provider": "manual",
    "target": "auto-decline in the back office",
    "ask": ["on_call:payments-data"],
    "instructions": "Back office → Rules → auto-decline → Pause.",
    "undo": "Back office → Rules → auto-decline → Resume.",
}
BACK = {
    "provider": "manual",
    "target": "fraud-scorer on the batch host",
    "moves": "version",
    "ask": ["ravi"],
    "instructions": "Set the symlink from {before} to {after} on the batch host.",
}
READ = {
    **OFF,
    "verify": {"provider": "fake", "project": "default", "flag": "auto-decline", "environment": "production"},
}
OUTSIDE = ["zoe", STRANGER]


@dataclass
class ByName:
    """The manual lever, and the fake for every other name."""

    stage: Stage

    def get(self, provider: str) -> Lever:
        """See `ports.Levers`."""
        if provider == "manual":
            return ManualLever("manual", {}, Tools(self.stage.clock, None, self))
        return FakeLever(self.stage.world, provider)


class HandStage(Stage):
    """A stage where people do what is bound to `manual`."""

    def restart(self) -> None:
        """See `Stage`."""
        self.bot = Bot(
            self.engine, self.clock, self.ids, self.slack, ByName(self), registry=self.registry, rules=self.rules
        )

    def deliveries(self, begins: str) -> list[str]:
        """Ids of the messages posted under ids that begin so."""
        found = [m.delivery for c in self.slack.channels.values() for m in c.messages]
        return [delivery for delivery in found if delivery.startswith(begins)]

    def off_asked(self) -> Action:
        """A disable that its holder has decided, waiting for a person."""
        action = self.request("dana", ActionKind.DISABLE, "auto-decline", ends_after=4 * HOUR)
        self.confirm("dana", action)
        return self.action(action.id)

    def done(self, who: str, action: Action, evidence: str = "the rule shows paused, screenshot #7") -> Say | Refusal:
        """Somebody says that it is done."""
        said = errand_answers.done(self.house, self.by(who), action.id, evidence)
        self.settle()
        return said

    def cannot(self, who: str, action: Action, why: str) -> Say | Refusal:
        """Somebody says that they cannot."""
        said = errand_answers.cannot(self.house, self.by(who), action.id, why)
        self.settle()
        return said

    def note(self, action: Action, who: str) -> ErrandNote:
        """The request as one person sees it now."""
        with self.house.store.read() as uow:
            surface = Surface(f"errand:{action.id}:{who}", "errand", f"dm:{who}", incident_id=action.incident_id)
            found = build(self.house, uow, surface)
        assert isinstance(found, ErrandNote)
        return found


def _registry(**levers: Mapping[str, Any]) -> Registry:
    data = yaml.safe_load((Path(__file__).parent / "ownership.yaml").read_text("utf-8"))
    for component, bound in levers.items():
        data["components"][component.replace("_", "-")]["levers"] = bound
    return Registry.load(yaml.safe_dump(data, sort_keys=False))


@pytest.fixture
def stage(engine: Engine) -> HandStage:
    return HandStage(engine, registry=_registry(auto_decline={"disable": OFF}, fraud_scorer={"rollback": BACK}))


@pytest.fixture
def read_stage(engine: Engine) -> HandStage:
    return HandStage(engine, registry=_registry(auto_decline={"disable": READ}))


# ---------------------------------------------------------------- a claim


def test_a_person_is_asked_and_what_they_say_stays_a_claim(stage: HandStage) -> None:
    number = stage.opened("auto-decline")
    action = stage.off_asked()
    assert action.state is ActionState.BY_HAND
    [asked] = stage.posted(f"errand:{action.id}:U05RAVI")
    assert "Back office → Rules → auto-decline → Pause." in asked
    assert len(stage.posted(f"errand:{action.id}:channel")) == 1
    stage.restart()
    stage.wait(5 * MINUTE)
    assert stage.action(action.id).state is ActionState.BY_HAND

    said = stage.done("ravi", action)

    assert isinstance(said, Say)
    ended = stage.action(action.id)
    assert (ended.state, ended.verified_at) == (ActionState.CLAIMED, None)
    override = stage.override(ended.override or 0)
    assert (override.state, override.confirmed_at) == ("on", None)
    assert stage.events(number, EventKind.VERIFICATION) == []
    [result] = stage.events(number, EventKind.ACTION_RESULT)
    assert result.payload["result"] == "claimed"
    claim = next(e for e in stage.events(number, EventKind.ACTION) if e.payload["phase"] == "claimed")
    assert (claim.new.actor.id, claim.payload["evidence"]) == ("ravi", "the rule shows paused, screenshot #7")
    [status] = stage.posted(f"action:{action.id}")
    assert "claimed by {0} with evidence: the rule shows paused, screenshot #7" in status or "claimed by {1}" in status
    assert "not read back" in status
    assert "confirmed" not in status
    [shown] = stage.posted(f"override:{override.id}")
    assert "claim='the rule shows paused, screenshot #7'" in shown


@on_sqlite
def test_the_words_people_see(stage: HandStage) -> None:
    stage.opened("auto-decline")
    action = stage.off_asked()
    waiting = json.dumps(render(stage.note(action, "U05RAVI")), ensure_ascii=False)
    assert "By hand: disable auto-decline on → off" in waiting
    assert "Nothing reads it back, so what you saw is the evidence." in waiting
    assert "errand_done_open" in waiting
    stage.done("ravi", action)
    answered = json.dumps(render(stage.note(action, "U05RAVI")), ensure_ascii=False)
    assert "Claimed by <@U05RAVI>" in answered
    assert "Nothing read it back." in answered
    assert "errand_done_open" not in answered


@pytest.mark.parametrize("who", OUTSIDE)
@on_sqlite
def test_outsiders_cannot_say_how_it_went(stage: HandStage, who: str) -> None:
    stage.opened("auto-decline")
    action = stage.off_asked()
    for say in (errand_answers.done, errand_answers.cannot):
        with pytest.raises(errors.Denied, match="You were not asked to do this by hand: @ravi was") as denied:
            say(stage.house, stage.by(who), action.id, "trust me")
        assert denied.value.ask == ("ravi",)
    assert stage.action(action.id).state is ActionState.BY_HAND


@pytest.mark.parametrize("who", ["ravi", "dana", "lin"])
@on_sqlite
def test_who_was_asked_and_who_holds_the_right_may_say_it(stage: HandStage, who: str) -> None:
    stage.opened("auto-decline")
    action = stage.off_asked()
    stage.done(who, action)
    assert stage.action(action.id).state is ActionState.CLAIMED


@on_sqlite
def test_a_claim_needs_evidence_and_counts_once(stage: HandStage) -> None:
    number = stage.opened("auto-decline")
    action = stage.off_asked()
    with pytest.raises(errors.InputError, match="Say what shows that it is done"):
        stage.done("ravi", action, "  ")
    with pytest.raises(errors.InputError, match="longer than 600"):
        stage.done("ravi", action, "x" * 601)
    stage.done("ravi", action)
    again = stage.done("dana", action, "me too")
    assert again == Refusal(f"Action {action.id} is already claimed.", "Nothing was done twice.")
    assert len(stage.events(number, EventKind.ACTION_RESULT)) == 1


def test_who_cannot_says_why_and_the_next_one_is_asked(stage: HandStage) -> None:
    number = stage.opened("auto-decline")
    action = stage.off_asked()
    with pytest.raises(errors.InputError, match="Say why"):
        stage.cannot("ravi", action, "")
    with pytest.raises(errors.InputError, match="longer than 600"):
        stage.cannot("ravi", action, "x" * 601)

    said = stage.cannot("ravi", action, "no access to {1} since May.")

    assert isinstance(said, Say)
    assert (said.text, [who.name for who in said.mentions]) == ("Recorded; it is with {0} now.", ["dana"])
    assert stage.action(action.id).state is ActionState.BY_HAND
    assert len(stage.posted(f"errand:{action.id}:U01DANA")) == 1
    [told, _] = stage.posted(f"say:errand:{action.id}:next:1")
    assert "{0} cannot disable auto-decline by hand: no access to (1) since May. {1}, please do it." in told
    assert stage.posted(f"say:errand:{action.id}:next:1:ravi") == []
    assert stage.note(action, "U05RAVI").open is False
    assert stage.note(action, "U05RAVI").error == "You said that you cannot: no access to {1} since May."
    shown = stage.note(action, "U01DANA")
    assert shown.open
    assert [(who.name, why) for who, why in shown.declined] == [("ravi", "no access to {1} since May.")]
    assert [who.name for who in shown.asked] == ["dana"]
    again = stage.cannot("ravi", action, "really not")
    assert again == Refusal("You have said so already.", "Others are asked; nothing more is needed from you.")
    stage.restart()
    stage.wait(10 * MINUTE)
    assert stage.posted(f"say:errand:{action.id}:1:ravi") == []
    assert len(stage.posted(f"say:errand:{action.id}:1:dana")) == 1

    last = stage.cannot("dana", action, "neither have I")

    assert last == Say("Recorded. Nobody is left to ask, so disable auto-decline was not done.")
    ended = stage.action(action.id)
    assert ended.state is ActionState.FAILED
    assert ended.error == ("It could not be done by hand: ravi: no access to {1} since May.; dana: neither have I")
    assert stage.override(ended.override or 0).state == "void"
    said_by = [e.new.actor.id for e in stage.events(number, EventKind.ACTION) if e.payload["phase"] == "could_not"]
    assert said_by == ["ravi", "dana"]
    stage.wait(HOUR)
    assert stage.posted(f"say:errand:{action.id}:2") == []


@on_sqlite
def test_of_several_who_are_asked_the_others_go_on(engine: Engine) -> None:
    both = {**OFF, "ask": ["ravi", "mei"], "escalate": ["zoe"]}
    stage = HandStage(engine, registry=_registry(auto_decline={"disable": both}))
    stage.opened("auto-decline")
    action = stage.off_asked()
    stage.cannot("ravi", action, "on a train")
    assert stage.posted(f"errand:{action.id}:U06ZOE") == []
    assert len(stage.posted(f"say:errand:{action.id}:next:1:mei")) == 1
    stage.cannot("mei", action, "on another train")
    assert len(stage.posted(f"errand:{action.id}:U06ZOE")) == 1
    stage.done("ravi", action)  # whoever could not may have found a way
    assert stage.action(action.id).state is ActionState.CLAIMED


@pytest.mark.parametrize("who", ["dana", "lin"])
@on_sqlite
def test_who_asked_for_it_and_who_may_decide_it_can_call_it_off(stage: HandStage, who: str) -> None:
    number = stage.opened("auto-decline")
    action = stage.off_asked()
    stage.cannot(who, action, "it was v42 after all")
    ended = stage.action(action.id)
    assert (ended.state, ended.error) == (ActionState.FAILED, "It was called off: it was v42 after all")
    assert stage.override(ended.override or 0).state == "void"
    assert [e.payload["phase"] for e in stage.events(number, EventKind.ACTION)][-1] == "called_off"
    assert not stage.note(action, "U05RAVI").open
    stage.wait(HOUR)
    assert stage.posted(f"say:errand:{action.id}") == []


@pytest.mark.parametrize("who", OUTSIDE)
@on_sqlite
def test_no_form_opens_for_who_may_not_answer(stage: HandStage, who: str) -> None:
    stage.opened("auto-decline")
    action = stage.off_asked()
    actor = stage.by(who).actor
    with pytest.raises(errors.Denied, match="You were not asked"):
        errand_answers.check_answer(stage.house, actor, action.id, done=True)
    ravi = stage.by("ravi").actor
    assert errand_answers.check_answer(stage.house, ravi, action.id, done=True) == action
    stage.done("ravi", action)
    late = errand_answers.check_answer(stage.house, ravi, action.id, done=False)
    assert late == Refusal(f"Action {action.id} is already claimed.", "Nothing was done twice.")
    with pytest.raises(errors.UnknownName):
        errand_answers.check_answer(stage.house, ravi, 4711, done=True)


@on_sqlite
def test_nothing_else_is_done_to_it_meanwhile(stage: HandStage) -> None:
    stage.opened("auto-decline")
    stage.off_asked()
    with pytest.raises(errors.Conflict, match="is being done by hand"):
        stage.request("omar", ActionKind.DISABLE, "auto-decline", ends_after=HOUR)


# ---------------------------------------------------------------- silence


def test_silence_is_reminded_and_goes_up_over_a_restart(stage: HandStage) -> None:
    number = stage.opened("auto-decline")
    action = stage.off_asked()
    stage.wait(10 * MINUTE)
    assert [len(stage.posted(f"say:errand:{action.id}:{n}:")) for n in (1, 2)] == [2, 0]
    assert stage.posted(f"errand:{action.id}:U01DANA") == []
    stage.restart()
    stage.wait(10 * MINUTE)
    assert len(stage.posted(f"errand:{action.id}:U01DANA")) == 1
    assert len(stage.posted(f"say:errand:{action.id}:2:")) == 3  # the channel, ravi, and dana who is on call
    stage.wait(10 * MINUTE)
    assert len(stage.posted(f"say:errand:{action.id}:3:")) == 3
    told = [e.text for e in stage.events(number, EventKind.PAGE)]
    assert told == [f"no word yet on what is done by hand; asked again ({n})" for n in (1, 2, 3)]
    stage.done("dana", action)
    stage.wait(HOUR)
    assert stage.posted(f"say:errand:{action.id}:4:") == []


@on_sqlite
def test_reminders_become_rarer_and_never_stop(stage: HandStage) -> None:
    stage.opened("auto-decline")
    action = stage.off_asked()
    stage.wait(30 * MINUTE)
    assert len(stage.posted(f"say:errand:{action.id}:3:channel")) == 1
    stage.wait(19 * MINUTE)
    assert stage.posted(f"say:errand:{action.id}:4:") == []
    stage.wait(MINUTE)
    assert len(stage.posted(f"say:errand:{action.id}:4:channel")) == 1
    stage.wait(24 * HOUR)
    told = {m.rsplit(":", 1)[0] for m in stage.deliveries(f"say:errand:{action.id}:")}
    assert 10 <= len(told) <= 14


@on_sqlite
def test_a_reminder_after_a_stop_is_late_and_says_so(stage: HandStage) -> None:
    stage.opened("auto-decline")
    action = stage.off_asked()
    stage.clock.at += 3 * HOUR
    stage.restart()
    stage.wait(MINUTE)
    reminders = stage.posted(f"say:errand:{action.id}:")
    assert len(reminders) == 2
    assert "(This comes 2 h 50 min late: I was not running.)" in reminders[0]


@on_sqlite
def test_where_nobody_can_be_named_who_stands_in_is_asked_at_once(engine: Engine) -> None:
    off = {**OFF, "ask": ["on_call:nobody-there"], "escalate": ["omar"]}
    data = yaml.safe_load((Path(__file__).parent / "ownership.yaml").read_text("utf-8"))
    data["components"]["auto-decline"]["levers"] = {"disable": off}
    data["teams"]["nobody-there"] = {"channel": "C0NOBODY", "members": []}
    stage = HandStage(engine, registry=Registry.load(yaml.safe_dump(data, sort_keys=False)))
    stage.opened("auto-decline")
    action = stage.off_asked()
    assert len(stage.posted(f"errand:{action.id}:U02OMAR")) == 1
    assert [who.name for who in stage.note(action, "channel").asked] == ["omar"]


# ---------------------------------------------------------------- the time box and the way back


def test_the_end_of_a_time_box_asks_a_person_to_switch_it_on(stage: HandStage) -> None:
    number = stage.opened("auto-decline")
    first = stage.off_asked()
    stage.done("ravi", first)
    incident.mitigate(stage.house, stage.by("dana"), number)
    stage.wait(4 * HOUR + MINUTE)
    with stage.house.store.read() as uow:
        back = next(a for a in uow.actions_of(number) if a.kind is ActionKind.ENABLE)
    assert back.state is ActionState.BY_HAND
    assert back.plan is not None
    assert (back.plan.before, back.plan.after) == ("off", "on")
    assert "Resume" in stage.posted(f"errand:{back.id}:U05RAVI")[0]
    stage.done("ravi", back, "the rule shows active")
    override = stage.override(first.override or 0)
    assert override.state == "closed"
    [shown] = stage.posted(f"override:{override.id}")
    assert "claim='the rule shows active'" in shown


def test_a_rollback_by_hand_remembers_what_was_said(stage: HandStage) -> None:
    number = stage.opened("fraud-scorer")
    levers.request(
        stage.house,
        stage.by("dana", channel="C01FRAUDML"),
        Wanted(ActionKind.ROLLBACK, "fraud-scorer", "v42", "drift"),
    )
    stage.settle()
    with stage.house.store.read() as uow:
        [action] = uow.actions_of(number)
    assert action.plan is not None
    assert (action.plan.before, action.plan.after) == ("", "42")
    assert "Nothing reads it back" in action.plan.warning
    stage.confirm("dana", action)
    stage.approve("omar", action)
    [asked] = stage.posted(f"errand:{action.id}:U05RAVI")
    assert "from what runs now to v42" in asked
    stage.done("ravi", action)
    again = stage.request("dana", ActionKind.ROLLBACK, "fraud-scorer", target="41")
    assert again.plan is not None
    assert again.plan.before == "42"
    assert stage.card(number).containment == "fraud-scorer rolled back ? → v42 by hand, as was said"


# ---------------------------------------------------------------- read back


def test_what_a_reader_sees_decides_whatever_was_said(read_stage: HandStage) -> None:
    stage = read_stage
    number = stage.opened("auto-decline")
    action = stage.off_asked()
    assert stage.note(action, "U05RAVI").reader == "fake"
    stage.world.set_flag(DECLINE, "off", by="ravi")
    stage.done("ravi", action)
    ended = stage.action(action.id)
    assert (ended.state, ended.evidence) == (ActionState.CONFIRMED, "the flag reads off")
    assert len(stage.events(number, EventKind.VERIFICATION)) == 1


@on_sqlite
def test_a_claim_that_is_not_true_is_contradicted(read_stage: HandStage) -> None:
    stage = read_stage
    stage.opened("auto-decline")
    action = stage.off_asked()
    stage.done("ravi", action)
    ended = stage.action(action.id)
    assert ended.state is ActionState.CONTRADICTED
    assert stage.override(ended.override or 0).state == "void"
