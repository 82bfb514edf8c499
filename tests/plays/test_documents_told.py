"""What is told of a postmortem, and what people put into it: reminders, votes, action items, late events, files."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import Engine

from playbooks import errors
from playbooks.domain.action_items import Filled
from playbooks.domain.documents import DocumentState, StepKind
from playbooks.messages import DocumentNote
from playbooks.plays import (
    document_import,
    document_moves,
    document_votes,
    followups,
    hygiene,
    incident,
    postmortem,
    reporting,
)
from playbooks.plays.views.document import document_status
from tests.plays.documents import FULL, answered, failed, item, life, ready, resolved, text
from tests.plays.stage import HOUR, STRANGER, Stage, on_sqlite

DAY = timedelta(days=1)


@pytest.fixture
def stage(engine: Engine) -> Stage:
    return Stage(engine)


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
