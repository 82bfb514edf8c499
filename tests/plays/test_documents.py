"""The life of a postmortem: who moves it, what it needs, and what is told of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Engine

from playbooks import errors
from playbooks.domain.action_items import Filled
from playbooks.domain.documents import CHECKS, DocumentLife, DocumentState, ReviewRule, StepKind
from playbooks.domain.incidents import State
from playbooks.messages import DocumentNote
from playbooks.plays import (
    closing,
    document_import,
    document_moves,
    document_votes,
    followups,
    hygiene,
    incident,
    postmortem,
    reporting,
)
from playbooks.plays.closing import Resolution
from playbooks.plays.postmortem import draft_of
from playbooks.plays.views.document import document_status
from playbooks.score import score
from tests.plays.stage import HOUR, STRANGER, Stage, on_sqlite

DAY = timedelta(days=1)
FULL = Filled("detect", "ML-7", "the alert fired in a drill")


@pytest.fixture
def stage(engine: Engine) -> Stage:
    return Stage(engine)


def resolved(stage: Stage, severity: str = "sev2") -> int:
    """An incident of fraud-scorer led by dana, resolved."""
    number = stage.opened()
    incident.acknowledge(stage.house, stage.by("dana"), number, lead=True)
    levels_set(stage, number, severity)
    closing.resolve(stage.house, stage.by("dana"), number, Resolution())
    stage.settle()
    return number


def levels_set(stage: Stage, number: int, severity: str) -> None:
    with stage.bot.store.begin() as uow:
        found = uow.incident(number, lock=True)
        assert found is not None
        uow.save_incident(replace(found, severity=severity), open_key="fraud-scorer|drift")


def answered(stage: Stage, number: int) -> None:
    """Every question has an answer."""
    for block, _ in postmortem.questions(stage.house, number):
        postmortem.answer(stage.house, stage.by("dana"), number, block, "As far as we know, 212 declines.")


def item(stage: Stage, number: int, filled: Filled = FULL) -> None:
    followups.add(stage.house, stage.by("dana"), number, "alert on the age of the embeddings", "omar", None, filled)


def ready(stage: Stage) -> int:
    """A document that lacks nothing, in review."""
    number = resolved(stage)
    answered(stage, number)
    item(stage, number)
    document_moves.send_to_review(stage.house, stage.by("dana"), number)
    stage.settle()
    return number


def life(stage: Stage, number: int) -> DocumentLife:
    with stage.bot.store.read() as uow:
        found = uow.document_life(number)
    assert found is not None
    return found


def text(stage: Stage, number: int) -> str:
    with stage.bot.store.read() as uow:
        return draft_of(stage.house, uow, stage.incident(number)).text


def failed(stage: Stage, number: int) -> list[str]:
    """Checks of the rubric that the document as it stands does not pass."""
    found = stage.incident(number)
    labels = {s.id: s.label for s in stage.rules.severities}
    chain = stage.events(number)
    checks = score(text(stage, number), chain, incident_id=number, head=found.chain_head, severities=labels)
    return [check.id for check in checks if not check.ok]


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


def test_the_owner_is_reminded_then_the_team_then_it_is_debt(stage: Stage) -> None:
    number = resolved(stage)
    due = life(stage, number).due_at
    assert due is not None
    stage.wait(due - stage.clock.at - 25 * HOUR)
    assert stage.posted(f"postmortem:{number}:") == []
    stage.wait(2 * HOUR)
    assert len(stage.posted(f"postmortem:{number}:warning:")) == 1
    stage.restart()
    stage.wait(24 * HOUR)
    (asked,) = stage.posted(f"postmortem:{number}:due:")
    assert "overdue=True" in asked
    assert not any("phase='warning'" in said for said in stage.posted(f"postmortem:{number}:warning:")), "asks no more"
    assert [row.what for row in hygiene.debt_list(stage.house).rows] == ["postmortem"]
    assert hygiene.debt_list(stage.house, person="dana").rows[0].incident == f"INC-{number}"
    stage.wait(DAY)
    where = {surface.rsplit(":", 1)[1] for surface in _sent(stage, f"postmortem:{number}:overdue:")}
    assert where == {"owner", "team"}
    answered(stage, number)
    item(stage, number)
    document_moves.send_to_review(stage.house, stage.by("dana"), number)
    document_moves.mark_reviewed(stage.house, stage.by("omar"), number)
    stage.settle()
    assert hygiene.debt_list(stage.house).rows == ()
    before = len(_sent(stage, f"postmortem:{number}:"))
    stage.wait(10 * DAY)
    assert len(_sent(stage, f"postmortem:{number}:")) == before, "nobody is reminded any more"


def _sent(stage: Stage, delivery: str) -> list[str]:
    return [m.delivery for c in stage.slack.channels.values() for m in c.messages if m.delivery.startswith(delivery)]


def test_a_late_reminder_says_so_and_comes_once(stage: Stage) -> None:
    number = resolved(stage)
    due = life(stage, number).due_at
    assert due is not None
    stage.clock.at = due + 3 * HOUR
    stage.restart()
    for _ in range(3):
        stage.bot.sweep(stage.house)
    stage.settle()
    (asked,) = stage.posted(f"postmortem:{number}:due:")
    assert asked.startswith("Late(")
    assert stage.posted(f"postmortem:{number}:warning:") == []


def test_another_owner_and_another_day(stage: Stage) -> None:
    number = resolved(stage)
    document_moves.hand_over(stage.house, stage.by("dana"), number, "lin")
    later = stage.clock.at + 20 * DAY
    document_moves.move_due(stage.house, stage.by("lin"), number, later, "the vendor answers next week")
    held = life(stage, number)
    assert (held.owner, held.due_at) == ("lin", later)
    stage.wait(15 * DAY)
    assert stage.posted(f"postmortem:{number}:") == []
    for wrong in (stage.clock.at - HOUR, stage.clock.at + 400 * DAY):
        with pytest.raises(errors.InputError):
            document_moves.move_due(stage.house, stage.by("lin"), number, wrong)
    with pytest.raises(errors.Conflict, match="theirs already"):
        document_moves.hand_over(stage.house, stage.by("dana"), number, "lin")
    assert "Handed to `lin`" in text(stage, number)


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


def test_two_questions_are_asked_at_the_end(stage: Stage) -> None:
    number = ready(stage)
    with pytest.raises(errors.Conflict):
        document_votes.vote(stage.house, stage.by("dana"), number, "learned", True)
    document_moves.mark_reviewed(stage.house, stage.by("omar"), number)
    document_moves.close_document(stage.house, stage.by("dana"), number)
    stage.settle()
    shared = len(stage.slack.files)
    document_votes.vote(stage.house, stage.by("dana"), number, "learned", False)
    document_votes.vote(stage.house, stage.by("dana"), number, "learned", True)
    for who in ("zoe", STRANGER):
        with pytest.raises(errors.Denied):
            document_votes.vote(stage.house, stage.by(who), number, "learned", True)
    with pytest.raises(errors.InputError):
        document_votes.vote(stage.house, stage.by("dana"), number, "liked", True)
    stage.settle()
    (asked,) = stage.posted(f"postmortem:{number}:votes:")
    assert "('learned', 'Did you learn something that changes your work?', 1, 0)" in asked
    assert len(stage.slack.files) == shared, "a click shares no file"
    assert "Learned something that changes their work: 1 of 1 who answered (of 1 invited)" in text(stage, number)


def test_the_status_tells_what_is_open(stage: Stage) -> None:
    number = resolved(stage)
    item(stage, number, Filled("detect"))
    note = document_status(stage.house, number)
    assert isinstance(note, DocumentNote)
    assert (note.state, note.next, note.items, note.half) == (
        DocumentState.DRAFT,
        "answer",
        0,
        ((1, "ticket, done when"),),
    )
    assert note.open == note.asked > 4
    assert note.checked


def test_an_item_is_filled_in_by_who_answers_for_it(stage: Stage) -> None:
    number = resolved(stage)
    said = followups.add(stage.house, stage.by("dana"), number, "Improve monitoring", "omar", None, Filled("detect"))
    assert "“improve” can't be checked" in said.hint
    for who in ("zoe", STRANGER):
        with pytest.raises(errors.Denied):
            followups.fill(stage.house, stage.by(who), 1, "", "", None, FULL)
    with pytest.raises(errors.InputError):
        followups.fill(stage.house, stage.by("omar"), 1, "", "", None, Filled())
    later = stage.clock.at + 40 * DAY
    followups.fill(stage.house, stage.by("omar"), 1, "page when PSI passes its limit", "lin", later, FULL)
    stage.settle()
    entry = stage.override(1)
    assert (entry.holder, entry.due_at) == ("lin", later)
    assert "D-1 page when PSI passes its limit | detect | `lin` |" in text(stage, number)
    stage.wait(20 * DAY)
    assert stage.posted("entry:1:holder:ended") == [], "its day was moved"
    assert failed(stage, number) == []


def test_what_comes_late_is_told_once_to_its_readers(stage: Stage) -> None:
    number = ready(stage)
    answers = stage_answers(stage, number)
    incident.note(stage.house, stage.by("ravi"), number, "the features were stale since 01:10")
    stage.settle()
    (told,) = stage.posted("say:postmortem-late:")
    assert "changed since its postmortem is in review: E" in told
    assert "note" in told
    assert {"dana", "omar"} <= {name for name in ("dana", "omar", "lin") if f"name='{name}'" in told}
    stage.restart()
    postmortem.order_draft(stage.house, stage.by("dana"), number)
    stage.settle()
    assert len(stage.posted("say:postmortem-late:")) == 1
    assert {name: words for name, words in stage_answers(stage, number).items() if name in answers} == answers
    assert "the features were stale since 01:10" in text(stage, number)
    item(stage, number)
    stage.settle()
    assert len(stage.posted("say:postmortem-late:")) == 1, "its own action items are no news"


def stage_answers(stage: Stage, number: int) -> dict[str, str]:
    with stage.bot.store.read() as uow:
        found = uow.document(number)
    assert found is not None
    return dict(found.human)


def test_a_file_comes_back(stage: Stage) -> None:
    number = resolved(stage)
    blocks = [block for block, _ in postmortem.questions(stage.house, number)]
    postmortem.answer(stage.house, stage.by("dana"), number, blocks[0], "from Slack")
    file = text(stage, number).replace("from Slack", "from the file")
    file = file.replace("_To be written._", "Written at a desk.", 1).replace("\n", "\r\n")
    assert document_import.take_back(stage.house, number, file, by="operator") == (blocks[0], blocks[1])
    whole = text(stage, number)
    assert "from the file" in whole
    assert "Written at a desk." in whole
    assert "\r" not in whole
    assert failed(stage, number) == []
    with stage.bot.store.read() as uow:
        (step,) = [s for s in uow.document_steps(number) if s.kind is StepKind.IMPORTED]
    assert "from Slack" in step.facts["before"][blocks[0]], "what was there before is kept"
    assert document_import.take_back(stage.house, number, file, by="operator") == ()
    assert blocks[1] not in {block for block, _ in postmortem.questions(stage.house, number)}


@on_sqlite
@pytest.mark.parametrize(
    ("old", "new", "code", "step"),
    [
        ("Resolved", "Never resolved", "machine_block_edited", "add a correction event instead"),
        ("# INC-1", "# INC-2", "other_document", "muster postmortem INC-1"),
        ("|  |  |  |  |  |  |", "| More tests | prevent | omar | soon | ML-7 | done |", "item_not_given", "item"),
        ("<!-- human:impact -->", "smuggled\n<!-- human:impact -->", "draft_not_readable", "human blocks"),
        ("<!-- machine:title", "<!-- machine:titel", "other_document", "muster postmortem INC-1"),
    ],
)
def test_a_file_with_foreign_changes_is_refused(stage: Stage, old: str, new: str, code: str, step: str) -> None:
    number = resolved(stage)
    file = text(stage, number).replace("_To be written._", "Written at a desk.", 1)
    assert old in file
    with pytest.raises(errors.MusterError) as told:
        document_import.take_back(stage.house, number, file.replace(old, new, 1), by="operator")
    assert told.value.code == code
    assert step in told.value.next_step
    assert "Written at a desk." not in text(stage, number)


@on_sqlite
def test_the_review_tells_whether_it_is_reportable(stage: Stage) -> None:
    number = resolved(stage)
    assert "Reportable to an authority: nobody has decided" in text(stage, number)
    reporting.decide(stage.house, stage.by("dana"), number, "no", (), "nobody was harmed")
    assert "Reportable to an authority: no: nobody was harmed" in text(stage, number)
    assert failed(stage, number) == []
