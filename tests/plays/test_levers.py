"""Levers: who may ask, who decides, what an approval is bound to, and that nothing is done twice or without proof."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest

from playbooks import errors
from playbooks.domain.actions import ActionKind, ActionState, Mark
from playbooks.domain.timeline import EventKind
from playbooks.messages import Refusal, Say
from playbooks.plays import approvals, incident, levers
from playbooks.plays.levers import Wanted
from tests.contracts.fake_lever import FakeFault
from tests.plays.stage import DECLINE, HOUR, MINUTE, STRANGER, Stage, on_sqlite

MOVE = ("fraud-scorer@champion", "43", "42")
OUTSIDE = ["zoe", STRANGER]  # of another team, and of no team at all


def test_a_rollback_from_the_request_to_the_proof(stage: Stage) -> None:
    number = stage.opened()
    action = stage.rollback()
    assert (action.state, action.incident_id) == (ActionState.PREVIEWED, number)
    assert [e.user for e in stage.slack.ephemerals] == ["U01DANA"]
    stage.confirm("dana", action)
    assert stage.action(action.id).state is ActionState.AWAITING
    assert stage.world.effects == []
    said = stage.approve("omar", action)
    assert isinstance(said, Say)
    done = stage.action(action.id)
    assert (done.state, done.authority, done.attempts) == (ActionState.CONFIRMED, "model owner", 1)
    assert "20 of 20 answers carry v42" in done.evidence
    assert stage.world.effects == [MOVE]
    assert stage.world.models["fraud-scorer"].versions["43"].mark is Mark.BAD
    kinds = [e.kind for e in stage.events(number) if e.payload.get("action") == action.id]
    assert kinds == [
        EventKind.ACTION,
        EventKind.DECISION,
        EventKind.STATE,
        EventKind.ACTION,
        EventKind.VERIFICATION,
        EventKind.ACTION_RESULT,
    ]
    assert len(stage.posted(f"action:{action.id}")) == 1
    assert "closed='Approved by {0} as *model owner*'" in stage.posted(f"ask:{action.id}:U02OMAR")[0]


def test_what_was_rolled_away_from_is_not_chosen_again(stage: Stage) -> None:
    stage.opened()
    stage.approve("omar", stage.asked())
    stage.world.models["fraud-scorer"].versions.pop("40")
    again = stage.rollback()
    assert again.state is ActionState.FAILED
    assert "is marked good, so I don't choose one" in again.error


def test_who_decided_reads_there_how_it_ended(stage: Stage) -> None:
    """They were asked by a direct message, and need not be in the incident's channel."""
    stage.opened()
    first = stage.asked()
    stage.approve("omar", first)
    assert "ended='confirmed'" in stage.posted(f"ask:{first.id}:U02OMAR")[-1]
    assert "ended=''" in stage.posted(f"ask:{first.id}:channel")[-1]
    stage.world.set_alias("fraud-scorer", "43")
    second = stage.asked()
    stage.world.set_alias("fraud-scorer", "40")
    stage.approve("omar", second)
    assert "ended='stale'" in stage.posted(f"ask:{second.id}:U02OMAR")[-1]


# ---------------------------------------------------------------- who


@pytest.mark.parametrize("who", OUTSIDE)
@on_sqlite
def test_outsiders_may_not_ask(stage: Stage, who: str) -> None:
    stage.opened()
    with pytest.raises(errors.Denied, match="You can't ask for this rollback") as denied:
        levers.request(stage.house, stage.by(who), Wanted(ActionKind.ROLLBACK, "fraud-scorer"))
    assert denied.value.ask == ("dana",)


@pytest.mark.parametrize("who", ["dana", "omar", "lin", "mei"])
@on_sqlite
def test_on_call_holder_deputy_and_member_may_ask(stage: Stage, who: str) -> None:
    stage.opened()
    assert stage.rollback(who).state is ActionState.PREVIEWED


def test_an_outsider_who_leads_may_ask_and_not_decide(stage: Stage) -> None:
    number = stage.opened()
    incident.acknowledge(stage.house, stage.by("zoe"), number, lead=True)
    action = stage.rollback("zoe")
    assert action.requester_role == "incident lead"
    stage.confirm("zoe", action)
    with pytest.raises(errors.Denied):
        stage.approve("zoe", action)
    assert stage.world.effects == []


@pytest.mark.parametrize("who", ["dana", "mei", *OUTSIDE])
def test_who_holds_no_right_decides_nothing(stage: Stage, who: str) -> None:
    number = stage.opened()
    action = stage.asked("mei")
    before = len(stage.events(number))
    decisions: list[Callable[[], object]] = [
        lambda: approvals.approve(stage.house, stage.by(who), action.id),
        lambda: approvals.deny(stage.house, stage.by("dana" if who == "mei" else who), action.id, "no"),
    ]
    for decide in decisions:
        with pytest.raises(errors.Denied, match="You can't decide on") as denied:
            decide()
        assert denied.value.ask == ("omar", "lin")
    stage.settle()
    assert stage.action(action.id).state is ActionState.AWAITING
    assert (stage.world.effects, len(stage.events(number))) == ([], before)


@pytest.mark.parametrize("who", ["omar", "lin"])
def test_holder_and_deputy_decide(stage: Stage, who: str) -> None:
    stage.opened()
    action = stage.asked()
    stage.approve(who, action)
    assert stage.action(action.id).state is ActionState.CONFIRMED
    assert stage.action(action.id).authority == ("model owner" if who == "omar" else "deputy")


@pytest.mark.parametrize("who", ["mei", *OUTSIDE])
@on_sqlite
def test_a_preview_is_confirmed_by_who_asked_alone(stage: Stage, who: str) -> None:
    stage.opened()
    action = stage.rollback("dana")
    with pytest.raises(errors.Denied, match="Only the person who asked"):
        stage.confirm(who, action)
    with pytest.raises(errors.Denied, match="Only the person who asked"):
        levers.cancel_preview(stage.house, stage.by(who), action.id)
    assert stage.action(action.id).state is ActionState.PREVIEWED


def test_the_confirmation_of_a_holder_is_the_approval(stage: Stage) -> None:
    stage.opened()
    action = stage.rollback("omar")
    stage.confirm("omar", action)
    assert stage.action(action.id).state is ActionState.CONFIRMED
    assert stage.posted("ask:") == []
    with stage.bot.store.read() as uow:
        (given,) = uow.approvals(action.id)
    assert (given.decider, given.consumed_at is not None) == ("omar", True)


def test_the_requester_withdraws(stage: Stage) -> None:
    stage.opened()
    action = stage.asked("mei")
    assert "withdrawn" in str(approvals.deny(stage.house, stage.by("mei"), action.id, "not needed"))
    stage.settle()
    assert stage.action(action.id).state is ActionState.WITHDRAWN
    assert isinstance(stage.approve("omar", action), Refusal)
    assert stage.world.effects == []


def test_one_no_of_a_holder_ends_it(stage: Stage) -> None:
    number = stage.opened()
    action = stage.asked()
    approvals.deny(stage.house, stage.by("lin"), action.id, "v42 has the old bug")
    stage.settle()
    assert (stage.action(action.id).state, stage.action(action.id).error) == (ActionState.DENIED, "v42 has the old bug")
    assert isinstance(stage.approve("omar", action), Refusal)
    assert stage.world.effects == []
    assert any("v42 has the old bug" in e.text for e in stage.events(number, EventKind.DECISION))
    assert "closed='Denied by {0} as *deputy*: v42 has the old bug'" in stage.posted(f"ask:{action.id}:U02OMAR")[0]


# ---------------------------------------------------------------- two approvals, none


def test_two_approvals_by_two_who_did_not_ask(stage: Stage) -> None:
    """D15: where two are needed, the requester is none of them."""
    stage.opened("ranker")
    action = stage.asked("omar", "ranker")
    assert action.state is ActionState.AWAITING
    with pytest.raises(errors.Denied, match="two others have to decide") as denied:
        stage.approve("omar", action)
    assert denied.value.code == "own_request"
    first = stage.approve("lin", action)
    assert isinstance(first, Say)
    assert "1 more needed" in first.text
    assert stage.world.effects == []
    stage.approve("dana", action)
    assert stage.action(action.id).state is ActionState.CONFIRMED
    assert stage.world.effects == [("ranker@champion", "43", "42")]


def test_the_same_approval_does_not_count_twice(stage: Stage) -> None:
    """D14."""
    stage.opened("ranker")
    action = stage.asked("omar", "ranker")
    stage.approve("lin", action)
    again = stage.approve("lin", action)
    assert isinstance(again, Refusal)
    assert "already answered" in again.sentence
    assert stage.action(action.id).state is ActionState.AWAITING
    assert stage.world.effects == []


def test_no_approval_where_the_registry_asks_for_none(stage: Stage) -> None:
    number = stage.opened("spam-filter")
    action = stage.request("dana", ActionKind.ROLLBACK, "spam-filter")
    assert action.state is ActionState.CONFIRMED
    assert stage.posted("ask:") == []
    (decision,) = stage.events(number, EventKind.DECISION)
    assert decision.payload["verdict"] == "not needed"


# ---------------------------------------------------------------- what an approval is bound to


def test_an_approval_after_it_was_done_is_refused(stage: Stage) -> None:
    """D14: the token is used up."""
    stage.opened()
    action = stage.asked()
    stage.approve("omar", action)
    again = stage.approve("lin", action)
    assert isinstance(again, Refusal)
    assert "already confirmed" in again.sentence
    assert stage.world.effects == [MOVE]


def test_an_old_plan_cannot_be_approved_or_confirmed(stage: Stage) -> None:
    stage.opened()
    action = stage.rollback()
    for said in (
        levers.confirm(stage.house, stage.by("dana"), action.id, "0" * 64),
        (stage.confirm("dana", action), stage.approve("omar", action, plan_hash="0" * 64))[1],
    ):
        assert isinstance(said, Refusal)
        assert "older plan" in said.sentence
    assert stage.action(action.id).state is ActionState.AWAITING


def test_nobody_can_approve_what_expired(stage: Stage) -> None:
    number = stage.opened()
    action = stage.asked()
    stage.clock.at += timedelta(minutes=16)
    said = stage.approve("omar", action)
    assert isinstance(said, Refusal)
    assert "expired" in said.sentence
    stage.wait(MINUTE)
    assert stage.action(action.id).state is ActionState.EXPIRED
    verdicts = [e.payload["verdict"] for e in stage.events(number, EventKind.DECISION)]
    assert verdicts == ["expired"]
    assert "closed='Expired" in stage.posted(f"ask:{action.id}:U02OMAR")[0]
    assert stage.world.effects == []


def test_silence_asks_the_deputy_once(stage: Stage) -> None:
    number = stage.opened()
    action = stage.asked()
    assert stage.posted(f"ask:{action.id}:U03LIN") == []
    stage.wait(11 * MINUTE)
    stage.wait(MINUTE)
    assert len(stage.posted(f"ask:{action.id}:U03LIN")) == 1
    assert [e.payload["phase"] for e in stage.events(number, EventKind.PAGE)] == ["reminded", "silent"]
    stage.approve("lin", action)
    assert stage.action(action.id).state is ActionState.CONFIRMED


def test_an_answered_request_wakes_nobody(stage: Stage) -> None:
    number = stage.opened()
    stage.approve("omar", stage.asked())
    stage.wait(HOUR)
    assert stage.events(number, EventKind.PAGE) == []
    assert stage.posted("ask:1:U03LIN") == []


def test_a_changed_before_state_voids_the_approval(stage: Stage) -> None:
    number = stage.opened()
    action = stage.asked()
    stage.world.set_alias("fraud-scorer", "40")
    stage.approve("omar", action)
    found = stage.action(action.id)
    assert (found.state, found.attempts) == (ActionState.STALE, 0)
    assert "is 40 now, not 43: the plan is void" in found.error
    assert stage.world.effects == [("fraud-scorer@champion", "43", "40")]
    (result,) = stage.events(number, EventKind.ACTION_RESULT)
    assert result.payload["result"] == "stale"
    assert stage.rollback().state is ActionState.PREVIEWED


def test_twenty_approvals_at_once_start_it_once(stage: Stage) -> None:
    """D15: no check-then-set."""
    number = stage.opened()
    action = stage.asked()
    start = Barrier(20)

    def approve(which: int) -> object:
        start.wait()
        try:
            order = stage.by("omar" if which % 2 else "lin")
            return approvals.approve(stage.house, order, action.id, action.plan_hash)
        except errors.StoreBusy as busy:
            return busy

    with ThreadPoolExecutor(20) as pool:
        said = list(pool.map(approve, range(20)))
    assert sum(1 for one in said if isinstance(one, Say)) == 1
    stage.settle()
    assert stage.action(action.id).state is ActionState.CONFIRMED
    assert stage.world.effects == [MOVE]
    assert [c for c in stage.world.calls if c[0] == "apply"] == [("apply", "fraud-scorer@champion", "42")]
    approved = [e for e in stage.events(number, EventKind.DECISION) if e.payload["verdict"] == "approved"]
    assert len(approved) == 1


def test_an_approval_survives_the_process(stage: Stage) -> None:
    """D15: approved and never run is not possible."""
    stage.opened()
    action = stage.asked()
    approvals.approve(stage.house, stage.by("omar"), action.id, action.plan_hash)
    stage.restart()
    stage.settle()
    assert stage.action(action.id).state is ActionState.CONFIRMED


def test_one_action_on_a_component_at_a_time(stage: Stage) -> None:
    stage.opened()
    first, second = stage.rollback("dana"), stage.rollback("lin")
    stage.confirm("dana", first)
    for again in (
        lambda: levers.confirm(stage.house, stage.by("lin"), second.id, second.plan_hash),
        lambda: levers.request(stage.house, stage.by("mei"), Wanted(ActionKind.ROLLBACK, "fraud-scorer")),
    ):
        with pytest.raises(errors.Conflict, match="waiting for approval") as refused:
            again()
        assert refused.value.code == "in_flight"


def test_a_newer_request_replaces_the_own_preview(stage: Stage) -> None:
    stage.opened()
    first, second = stage.rollback(), stage.request("dana", ActionKind.ROLLBACK, "fraud-scorer", target="v40")
    assert stage.action(first.id).state is ActionState.WITHDRAWN
    assert second.plan is not None
    assert second.plan.after == "40"
    assert isinstance(stage.confirm("dana", first), Refusal)


def test_a_dropped_preview_does_nothing(stage: Stage) -> None:
    stage.opened()
    action = stage.rollback()
    levers.cancel_preview(stage.house, stage.by("dana"), action.id)
    assert stage.action(action.id).state is ActionState.WITHDRAWN
    assert isinstance(stage.confirm("dana", action), Refusal)


@pytest.mark.parametrize(
    ("component", "target", "words"),
    [("fraud-scorer", "v7", "has no version v7"), ("fraud-scorer", "43", "already")],
)
@on_sqlite
def test_a_target_that_cannot_be_is_told_to_who_asked(stage: Stage, component: str, target: str, words: str) -> None:
    number = stage.opened()
    action = stage.request("dana", ActionKind.ROLLBACK, component, target=target)
    assert action.state is ActionState.FAILED
    assert words in action.error
    assert words in stage.slack.ephemerals[-1].text
    assert stage.events(number, EventKind.ACTION) == []


def test_a_component_without_the_lever_or_name(stage: Stage) -> None:
    with pytest.raises(errors.InputError, match="No lever is bound"):
        levers.request(stage.house, stage.by("ravi"), Wanted(ActionKind.ROLLBACK, "transactions-features"))
    with pytest.raises(errors.UnknownName) as unknown:
        levers.request(stage.house, stage.by("dana"), Wanted(ActionKind.ROLLBACK, "fraud-score"))
    assert unknown.value.nearest[0] == "fraud-scorer"


def test_a_request_redelivered_is_one_action(stage: Stage) -> None:
    stage.opened()
    order = stage.by("dana", once="trigger-1")
    levers.request(stage.house, order, Wanted(ActionKind.ROLLBACK, "fraud-scorer"))
    for _ in range(2):
        with pytest.raises(errors.Conflict) as again:
            levers.request(stage.house, order, Wanted(ActionKind.ROLLBACK, "fraud-scorer"))
        assert again.value.code == "already_done"
    with stage.bot.store.read() as uow:
        assert len(uow.actions_of(1)) == 1


# ---------------------------------------------------------------- where it belongs


def test_an_action_outside_any_incident_opens_one(stage: Stage) -> None:
    action = stage.rollback()
    assert stage.incident(action.incident_id or 0).failure == "rollback-by-hand"


def test_an_action_goes_to_the_newest_open_incident_of_the_component(stage: Stage) -> None:
    from playbooks.plays.incident import Declaration

    first = stage.opened()
    second, _ = incident.declare(stage.house, stage.by("dana"), Declaration("declines doubled", "fraud-scorer"))
    stage.settle()
    assert second > first
    assert stage.rollback().incident_id == second


def test_a_channel_is_looked_up_by_its_stored_id(stage: Stage) -> None:
    """D16: a name says nothing."""
    number = stage.opened("ranker")
    here = stage.incident(number).channel
    stage.slack.add_channel("C0LOOKALIKE", "inc-99-fraud-scorer-drift", "U01DANA")
    wanted = Wanted(ActionKind.ROLLBACK, "fraud-scorer")
    action, _ = levers.request(stage.house, stage.by("dana", channel=here), wanted)
    assert stage.action(action).incident_id == number
    action, _ = levers.request(stage.house, stage.by("omar", channel="C0LOOKALIKE"), wanted)
    assert stage.action(action).incident_id not in (number, 99)


# ---------------------------------------------------------------- levers that do not do as they are told


def test_a_lie_is_told_as_one(stage: Stage) -> None:
    number = stage.opened()
    stage.world.fail(FakeFault.LIE, on="apply")
    stage.approve("omar", stage.asked())
    found = stage.action(1)
    assert found.state is ActionState.CONTRADICTED
    assert [e.payload["outcome"] for e in stage.events(number, EventKind.VERIFICATION)] == ["contradicted"]
    assert stage.world.models["fraud-scorer"].versions["43"].mark is None


def test_an_effect_that_is_never_seen_is_unproven(stage: Stage) -> None:
    stage.opened()
    stage.world.fail(FakeFault.STUCK)
    stage.approve("omar", stage.asked())
    found = stage.action(1)
    assert found.state is ActionState.UNPROVEN
    assert found.verified_at is not None
    assert found.applied_at is not None
    assert found.verified_at - found.applied_at >= timedelta(seconds=120)


@pytest.mark.parametrize("fault", [FakeFault.LOST_AFTER, FakeFault.LOST_BEFORE])
def test_a_lost_answer_is_read_back_and_done_once(stage: Stage, fault: FakeFault) -> None:
    stage.opened()
    stage.world.fail(fault, on="apply", times=1)
    stage.approve("omar", stage.asked())
    assert stage.action(1).state is ActionState.CONFIRMED
    assert stage.world.effects == [MOVE]


def test_a_lever_that_never_takes_it_ends_as_failed(stage: Stage) -> None:
    stage.opened()
    stage.world.fail(FakeFault.LOST_BEFORE, on="apply")
    stage.approve("omar", stage.asked())
    found = stage.action(1)
    assert found.state is ActionState.FAILED
    assert "did not take the change" in found.error
    assert stage.bot.parked == []


@pytest.mark.parametrize("method", ["describe", "apply", "verify"])
@pytest.mark.parametrize("fault", [FakeFault.DENIED, FakeFault.DOWN])
@on_sqlite
def test_a_lever_that_refuses_leaves_no_action_hanging(stage: Stage, fault: FakeFault, method: str) -> None:
    stage.opened()
    action = stage.asked()
    stage.world.fail(fault, on=method)
    stage.approve("omar", action)
    found = stage.action(action.id)
    assert found.state is (ActionState.UNPROVEN if method == "verify" else ActionState.FAILED)
    assert found.error
    assert stage.bot.parked == []
    stage.world.clear()
    assert stage.rollback().state in (ActionState.PREVIEWED, ActionState.FAILED)  # nothing blocks the component


def test_a_mark_the_provider_refuses_stands_on_our_side(stage: Stage) -> None:
    stage.opened()
    stage.world.fail(FakeFault.DENIED, on="mark")
    stage.approve("omar", stage.asked())
    found = stage.action(1)
    assert found.state is ActionState.CONFIRMED
    assert "mark could not be set" in found.error
    with stage.bot.store.read() as uow:
        assert uow.version_marks("fraud-scorer")["43"][0] is Mark.BAD


def test_the_undo_in_the_message_works(stage: Stage) -> None:
    stage.opened()
    stage.approve("omar", stage.asked())
    back = stage.request("omar", ActionKind.ROLLBACK, "fraud-scorer", target="v43")
    stage.confirm("omar", back)
    assert stage.action(back.id).state is ActionState.CONFIRMED
    assert stage.world.effects == [MOVE, ("fraud-scorer@champion", "42", "43")]


# ---------------------------------------------------------------- a disable's length


@pytest.mark.parametrize(
    ("span", "code"), [(None, "no_end"), (timedelta(0), "no_end"), (25 * HOUR, "too_long")], ids=["none", "zero", "25h"]
)
@on_sqlite
def test_a_disable_has_an_end_within_the_longest(stage: Stage, span: timedelta | None, code: str) -> None:
    stage.opened()
    seconds = int(span.total_seconds()) if span is not None else None
    with pytest.raises(errors.InputError) as refused:
        levers.request(stage.house, stage.by("dana"), Wanted(ActionKind.DISABLE, "auto-decline", "", "drift", seconds))
    assert refused.value.code == code
    assert stage.world.flags[DECLINE] == "on"


def test_the_longest_itself_is_allowed(stage: Stage) -> None:
    stage.opened()
    assert stage.disabled(span=24 * HOUR).state == "on"
