"""The life of a postmortem: who moves it, and what it needs."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Engine

from playbooks import errors
from playbooks.domain.action_items import Filled
from playbooks.domain.documents import CHECKS, DocumentState, ReviewRule, StepKind
from playbooks.domain.incidents import State
from playbooks.plays import (
    closing,
    document_moves,
    followups,
    incident,
    postmortem,
)
from playbooks.plays.closing import Resolution
from playbooks.plays.views.document import document_status
from tests.plays.documents import answered, failed, item, life, ready, resolved, text
from tests.plays.stage import STRANGER, Stage, on_sqlite

DAY = timedelta(days=1)


@pytest.fixture
def stage(engine: Engine) -> Stage:
    return Stage(engine)


def test_resolving_gives_it_an_owner_and_a_date(stage: Stage) -> None:
    number = resolved(stage)
    held = life(stage, number)
    assert (held.state, held.owner, held.required) == (DocumentState.DRAFT, "dana", True)
    assert held.due_at is not None
    assert (held.due_at.weekday(), held.due_at.hour) == (4, 17), "five business days after a Saturday"
    (said,) = stage.posted(f"resolved:{number}:0")
    assert "name='dana'" in said
    assert "next='answer'" in said
    assert "**Draft** · " in text(stage, number)
    assert failed(stage, number) == []


def test_the_whole_life(stage: Stage) -> None:
    number = ready(stage)
    assert life(stage, number).state is DocumentState.IN_REVIEW
    assert any("phase='review'" in said for said in stage.posted(f"postmortem:{number}:review:"))
    document_moves.mark_reviewed(stage.house, stage.by("omar"), number, dict.fromkeys(CHECKS, 2))
    stage.settle()
    assert not any("phase='review'" in said for said in stage.posted(f"postmortem:{number}:review:")), "asks no more"
    assert "**Reviewed** · " in text(stage, number)
    assert failed(stage, number) == []
    document_moves.close_document(stage.house, stage.by("dana"), number)
    stage.settle()
    assert stage.incident(number).state is State.CLOSED
    whole = text(stage, number)
    for told in ("**Closed** · ", "by `omar`: 16 of 16 points", "| detect | `omar` |", "ML-7", "Sent to review"):
        assert told in whole
    assert failed(stage, number) == []
    with stage.bot.store.read() as uow:
        moves = [s.facts["to"] for s in uow.document_steps(number) if s.kind is StepKind.MOVED]
    assert moves == ["in_review", "reviewed", "closed"]
    assert "next=''" in stage.posted(f"resolved:{number}:0")[0]


MOVES = {
    "review": lambda s, n, who: document_moves.send_to_review(s.house, s.by(who), n),
    "owner": lambda s, n, who: document_moves.hand_over(s.house, s.by(who), n, "lin"),
    "due": lambda s, n, who: document_moves.move_due(s.house, s.by(who), n, s.clock.at + 2 * DAY),
    "no-action": lambda s, n, who: document_moves.sign_no_action(s.house, s.by(who), n, "the vendor mended it"),
}


@on_sqlite
@pytest.mark.parametrize("move", MOVES)
@pytest.mark.parametrize(("who", "may"), [("dana", True), ("mei", True), ("zoe", False), (STRANGER, False)])
def test_owner_team_other_team_and_stranger_move_a_draft(stage: Stage, move: str, who: str, may: bool) -> None:
    number = resolved(stage)
    before = life(stage, number)
    if may:
        MOVES[move](stage, number, who)
        assert life(stage, number) != before
        return
    with pytest.raises(errors.Denied) as told:
        MOVES[move](stage, number, who)
    assert told.value.ask[:1] == ("dana",)
    assert life(stage, number) == before


@pytest.mark.parametrize(
    ("who", "may"), [("omar", True), ("dana", False), ("zoe", False), ("ravi", False), (STRANGER, False)]
)
def test_another_than_the_owner_reviews(stage: Stage, who: str, may: bool) -> None:
    number = ready(stage)
    if may:
        document_moves.mark_reviewed(stage.house, stage.by(who), number)
        assert life(stage, number).state is DocumentState.REVIEWED
        return
    with pytest.raises(errors.Denied) as told:
        document_moves.mark_reviewed(stage.house, stage.by(who), number)
    assert who not in told.value.ask
    assert life(stage, number).state is DocumentState.IN_REVIEW


def test_who_acted_of_another_team_may_review_and_answer(stage: Stage) -> None:
    number = stage.opened()
    incident.acknowledge(stage.house, stage.by("dana"), number, lead=True)
    incident.update(stage.house, stage.by("ravi"), number, "the features are fresh")
    closing.resolve(stage.house, stage.by("dana"), number, Resolution())
    block = postmortem.questions(stage.house, number)[0][0]
    postmortem.answer(stage.house, stage.by("ravi"), number, block, "212 declines")
    for who in ("zoe", STRANGER):
        with pytest.raises(errors.Denied):
            postmortem.answer(stage.house, stage.by(who), number, block, "nonsense")
    answered(stage, number)
    item(stage, number)
    document_moves.send_to_review(stage.house, stage.by("dana"), number)
    document_moves.mark_reviewed(stage.house, stage.by("ravi"), number)
    assert life(stage, number).state is DocumentState.REVIEWED


def test_who_closes(stage: Stage) -> None:
    number = ready(stage)
    document_moves.mark_reviewed(stage.house, stage.by("omar"), number)
    for who in ("zoe", STRANGER):
        with pytest.raises(errors.Denied):
            document_moves.close_document(stage.house, stage.by(who), number)
    document_moves.close_document(stage.house, stage.by("mei"), number)
    assert life(stage, number).state is DocumentState.CLOSED


def test_one_sentence_says_what_is_missing(stage: Stage) -> None:
    number = resolved(stage)
    document_moves.send_to_review(stage.house, stage.by("dana"), number)
    with pytest.raises(errors.Conflict) as told:
        document_moves.mark_reviewed(stage.house, stage.by("omar"), number)
    open_ones = len(postmortem.questions(stage.house, number))
    assert f"{open_ones} questions are open; it has no action item, and no reason for none" in told.value.sentence
    assert told.value.next_step == "Next: answer them with `/postmortem`."
    answered(stage, number)
    item(stage, number, Filled("detect"))
    with pytest.raises(errors.Conflict) as told:
        document_moves.mark_reviewed(stage.house, stage.by("omar"), number)
    assert "its action item D-1 lacks ticket, done when" in told.value.sentence
    assert "/postmortem item D-1 ticket" in told.value.next_step
    followups.fill(stage.house, stage.by("omar"), 1, "", "", None, Filled("", "ML-7", "it fired"))
    document_moves.mark_reviewed(stage.house, stage.by("omar"), number)


def test_a_signed_reason_takes_the_place_of_action_items(stage: Stage) -> None:
    number = resolved(stage)
    answered(stage, number)
    document_moves.sign_no_action(stage.house, stage.by("dana"), number, "the vendor | mended it")
    document_moves.send_to_review(stage.house, stage.by("dana"), number)
    document_moves.mark_reviewed(stage.house, stage.by("omar"), number)
    assert "No action, signed by `dana`: the vendor \\| mended it" in text(stage, number)
    assert failed(stage, number) == []


def test_an_answer_that_breaks_the_document_keeps_it_open(stage: Stage) -> None:
    number = resolved(stage)
    answered(stage, number)
    item(stage, number)
    block = "impact"
    postmortem.answer(stage.house, stage.by("dana"), number, block, "212\n<!-- /human -->\nsmuggled")
    document_moves.send_to_review(stage.house, stage.by("dana"), number)
    with pytest.raises(errors.Conflict, match="check F0 fails") as told:
        document_moves.mark_reviewed(stage.house, stage.by("omar"), number)
    assert "--score" in told.value.next_step


def test_back_to_draft_needs_a_reason(stage: Stage) -> None:
    number = ready(stage)
    with pytest.raises(errors.InputError):
        document_moves.back_to_draft(stage.house, stage.by("omar"), number, " ")
    document_moves.back_to_draft(stage.house, stage.by("omar"), number, "the impact has no source")
    stage.settle()
    assert life(stage, number).state is DocumentState.DRAFT
    assert any("the impact has no source" in said for said in stage.posted("say:postmortem-back:"))
    assert "Back to draft" in text(stage, number)
    with pytest.raises(errors.Conflict, match="a draft already"):
        document_moves.back_to_draft(stage.house, stage.by("omar"), number, "again")


def test_nothing_is_reviewed_while_the_incident_is_open(stage: Stage) -> None:
    number = stage.opened()
    with pytest.raises(errors.Conflict, match="once it is resolved"):
        document_moves.send_to_review(stage.house, stage.by("dana"), number)
    assert not document_status(stage.house, number).resolved


@on_sqlite
def test_a_severity_can_demand_points(stage: Stage) -> None:
    stage.rules = replace(stage.rules, reviews={"sev2": ReviewRule(days=5, points=12)})
    stage.restart()
    number = ready(stage)
    for given in (None, dict.fromkeys(CHECKS, 1)):
        with pytest.raises(errors.Conflict, match="and 12 are needed"):
            document_moves.mark_reviewed(stage.house, stage.by("omar"), number, given)
    document_moves.mark_reviewed(stage.house, stage.by("omar"), number, {**dict.fromkeys(CHECKS, 2), "luck": 0})
    assert life(stage, number).points == 14
    assert "14 of 16 points; none for: What went well and where luck was are named" in text(stage, number)


@on_sqlite
def test_a_severity_may_ask_for_none(stage: Stage) -> None:
    stage.rules = replace(stage.rules, reviews={"sev4": ReviewRule(required=False)})
    stage.restart()
    number = resolved(stage, "sev4")
    assert life(stage, number).due_at is None
    stage.wait(30 * DAY)
    assert stage.posted(f"postmortem:{number}:") == []
    closing.close(stage.house, stage.by("dana"), number)
    assert stage.incident(number).state is State.CLOSED


def test_the_incident_is_closed_with_its_document_or_with_a_reason(stage: Stage) -> None:
    number = resolved(stage)
    with pytest.raises(errors.Conflict, match="is a draft with .* open questions") as told:
        closing.close(stage.house, stage.by("dana"), number)
    assert "/inc close <why>" in told.value.next_step
    for who in ("zoe", STRANGER):
        with pytest.raises(errors.Denied):
            closing.close(stage.house, stage.by(who), number, "not worth it")
    closing.close(stage.house, stage.by("dana"), number, "a false alarm of the monitor")
    held = life(stage, number)
    assert (held.required, held.waived, held.due_at) == (False, "a false alarm of the monitor", None)
    stage.wait(30 * DAY)
    assert stage.posted(f"postmortem:{number}:warning") == []
    assert "Closed without a review: a false alarm of the monitor" in text(stage, number)


def test_one_that_nobody_owns_can_be_taken(stage: Stage) -> None:
    number = stage.opened()
    closing.resolve(stage.house, stage.by("dana"), number, Resolution())
    assert life(stage, number).owner == ""
    with pytest.raises(errors.Denied):
        document_moves.hand_over(stage.house, stage.by(STRANGER), number, f"slack:{STRANGER}")
    document_moves.hand_over(stage.house, stage.by("ravi"), number, "ravi")
    assert life(stage, number).owner == "ravi"


def test_a_reopened_incident_makes_it_a_draft_again(stage: Stage) -> None:
    number = ready(stage)
    closing.reopen(stage.house, stage.by("dana"), number, "it is back")
    held = life(stage, number)
    assert (held.state, held.due_at) == (DocumentState.DRAFT, None)
    stage.wait(30 * DAY)
    assert stage.posted(f"postmortem:{number}:warning:") == []
    closing.resolve(stage.house, stage.by("dana"), number, Resolution())
    assert life(stage, number).due_at is not None
    assert [question for _, question in postmortem.questions(stage.house, number)] == [], "answers are kept"
