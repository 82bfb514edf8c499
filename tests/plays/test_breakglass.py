"""Breaking the glass: allowed to who asked, after the holders' time, with a reason; loud, and owed a review."""

from __future__ import annotations

from datetime import timedelta

import pytest

from playbooks import errors
from playbooks.domain.actions import ActionState
from playbooks.domain.timeline import EventKind
from playbooks.plays import breakglass, hygiene, owed
from tests.plays.stage import STRANGER, Stage

REASON = "nobody answers and good customers are declined"


def late(stage: Stage) -> int:
    """A rollback asked for, and the holders' time to answer gone by."""
    action = stage.asked()
    stage.wait(timedelta(minutes=11))
    assert stage.action(action.id).state is ActionState.AWAITING
    return action.id


def test_it_goes_on_without_approval_and_everybody_reads_it(stage: Stage) -> None:
    number = late(stage)
    breakglass.break_glass(stage.house, stage.by("dana"), number, REASON)
    stage.settle()
    assert stage.action(number).state is ActionState.CONFIRMED
    told = stage.posted(f"say:break_glass:{number}")
    assert len(told) >= 3, "the incident's channel, the team's own and the holder"
    assert all(REASON in text for text in told)


def test_it_is_a_debt_until_another_holder_reviews_it(stage: Stage) -> None:
    number = late(stage)
    breakglass.break_glass(stage.house, stage.by("dana"), number, REASON)
    stage.settle()
    row = hygiene.debt_list(stage.house).rows[0]
    assert (row.what, row.holder.name, row.overdue) == ("broken glass", "dana", False)
    for who in ("dana", STRANGER):
        with pytest.raises(errors.Denied):
            owed.close_debt(stage.house, stage.by(who), row.number, "fine")
    stage.clock.at += timedelta(days=4)
    assert hygiene.debt_list(stage.house).rows[0].overdue
    owed.close_debt(stage.house, stage.by("omar"), row.number, "it was right to act")
    assert not hygiene.debt_list(stage.house).rows


def test_the_chain_says_under_which_right_it_was_done(stage: Stage) -> None:
    number = late(stage)
    breakglass.break_glass(stage.house, stage.by("dana"), number, REASON)
    stage.settle()
    incident = stage.action(number).incident_id
    assert incident is not None
    rights = [e.payload.get("right") for e in stage.events(incident, EventKind.DECISION)]
    assert breakglass.ROLE in rights


def test_not_before_the_holders_had_their_time(stage: Stage) -> None:
    action = stage.asked()
    with pytest.raises(errors.Conflict, match="have until"):
        breakglass.break_glass(stage.house, stage.by("dana"), action.id, REASON)


@pytest.mark.parametrize("reason", ["", "   ", "because"])
def test_not_without_a_reason(stage: Stage, reason: str) -> None:
    number = late(stage)
    with pytest.raises(errors.InputError):
        breakglass.break_glass(stage.house, stage.by("dana"), number, reason)


@pytest.mark.parametrize("who", ["lin", "omar", STRANGER])
def test_only_by_who_asked(stage: Stage, who: str) -> None:
    number = late(stage)
    with pytest.raises(errors.Denied):
        breakglass.break_glass(stage.house, stage.by(who), number, REASON)


def test_once(stage: Stage) -> None:
    number = late(stage)
    breakglass.break_glass(stage.house, stage.by("dana"), number, REASON)
    stage.settle()
    with pytest.raises(errors.Conflict):
        breakglass.break_glass(stage.house, stage.by("dana"), number, REASON)
    assert len(hygiene.debt_list(stage.house).rows) == 1
