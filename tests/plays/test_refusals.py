"""Refusals and grants leave their trace: who, what, why, by which right; in the timeline, the draft, or a notice."""

from __future__ import annotations

import itertools

import pytest
from sqlalchemy import Engine

from bot.slack import buttons, ids
from bot.slack.calls import Call, Desk
from bot.slack.commands import execute
from bot.slack.grammar import parse
from playbooks import render
from playbooks import score as rubric
from playbooks.domain.timeline import Event, EventKind, EventSource
from playbooks.messages import Refusal
from playbooks.plays import breakglass, capture, closing, hygiene, incident, owed
from playbooks.plays import home as homes
from playbooks.plays.refusals import PREFIX
from tests.plays.authority_registry import ALL_CLEAR
from tests.plays.stage import MINUTE, STRANGER, Stage, on_sqlite

_numbers = itertools.count(1)


@pytest.fixture
def named(engine: Engine) -> Stage:
    return Stage(engine, registry=ALL_CLEAR)


def slack_of(stage: Stage, who: str) -> str:
    known = stage.registry.people.get(who)
    return known.slack if known else who


def typed(stage: Stage, who: str, line: str, *, channel: str = "", once: str = "") -> str:
    """A command as Slack sends it; what is answered."""
    command, _, text = line.partition(" ")
    names = set(stage.registry.components)
    parsed = parse(text, command=command, root="/inc", components=names, severities={"sev1", "sev2"})
    call = Call(slack_of(stage, who), channel, once or f"c{next(_numbers)}", EventSource.SLASH)
    said = execute(Desk(stage.house), call, parsed)
    stage.settle()
    return said.sentence if isinstance(said, Refusal) else str(getattr(said, "text", said))


def clicked(stage: Stage, who: str, action_id: str, value: ids.Value) -> Refusal:
    """A click that is refused."""
    call = Call(slack_of(stage, who), "", f"c{next(_numbers)}", EventSource.BUTTON)
    said = buttons.click(Desk(stage.house), call, action_id, ids.encode(value))
    assert isinstance(said, Refusal)
    return said


def refused(stage: Stage, number: int) -> list[Event]:
    return stage.events(number, EventKind.REFUSAL)


# ------------------------------------------------------------------ in the timeline


@pytest.mark.parametrize(("who", "role"), [("zoe", "member of search"), (STRANGER, "person outside the registry")])
def test_asking_without_the_right_stands_in_the_timeline(stage: Stage, who: str, role: str) -> None:
    number = stage.opened()
    typed(stage, who, "/rollback fraud-scorer")
    (event,) = refused(stage, number)
    assert event.text == "refused: roll back fraud-scorer: not among those who may ask"
    assert event.new.actor.role == role
    assert event.payload["decision"] == "roll_back"
    assert event.payload["reason"] == "may_not_ask"
    assert event.payload["may"] == "on call fraud-ml, model owner"


def test_deciding_without_the_right_says_who_may_and_why_not(stage: Stage) -> None:
    action = stage.asked()
    assert action.incident_id is not None
    for who in ("dana", "zoe", STRANGER):
        said = clicked(stage, who, ids.APPROVE, ids.Value(action=action.id, hash=action.plan_hash))
        assert "@omar (model owner)" in said.sentence
    assert [e.payload["reason"] for e in refused(stage, action.incident_id)] == ["not_held"] * 3
    assert {e.payload["may"] for e in refused(stage, action.incident_id)} == {"model owner, deputy"}


@on_sqlite
def test_the_own_request_where_two_decide(engine: Engine) -> None:
    stage = Stage(engine)
    action = stage.asked("dana", "ranker")
    assert action.incident_id is not None
    typed(stage, "dana", f"/inc approve {action.id}")
    (event,) = refused(stage, action.incident_id)
    assert event.payload["reason"] == "own_request"
    assert "model owner" in event.payload["may"]


@on_sqlite
def test_the_same_delivery_is_written_once(stage: Stage) -> None:
    number = stage.opened()
    for _ in range(3):
        typed(stage, "zoe", "/rollback fraud-scorer", once="again")
    assert len(refused(stage, number)) == 1


@on_sqlite
def test_a_refusal_that_is_about_no_right_is_written_too(stage: Stage) -> None:
    number = stage.opened()
    incident.acknowledge(stage.house, stage.by("dana"), number, lead=True)
    typed(stage, "zoe", f"/inc INC-{number} handoff lin")
    assert refused(stage, number)[0].text == "refused: handoff: not theirs to decide"


@on_sqlite
def test_nobody_takes_the_own_refusal_back(stage: Stage) -> None:
    number = stage.opened()
    typed(stage, "zoe", "/rollback fraud-scorer")
    seq = refused(stage, number)[0].seq
    with pytest.raises(Exception, match="nobody may change what Muster recorded"):
        capture.retract(stage.house, stage.by("zoe"), number, seq, "never mind")


# ------------------------------------------------------------------ outside any incident


@pytest.mark.parametrize("who", ["zoe", STRANGER])
def test_without_an_incident_it_is_a_notice_for_operators(stage: Stage, who: str) -> None:
    for _ in range(2):
        typed(stage, who, "/rollback fraud-scorer")
    assert stage.incidents() == []
    with stage.bot.store.read() as uow:
        found = [(text, count) for key, text, count, _, _ in uow.notices() if key.startswith(PREFIX)]
    assert len(found) == 1
    assert found[0][1] == 2
    assert "was refused: You can't ask for this rollback" in found[0][0]
    assert homes.home_of(stage.house, "zoe").notices == (), "it is for operators, not for everybody's page"


@on_sqlite
def test_a_holder_leaves_none(stage: Stage) -> None:
    typed(stage, "dana", "/rollback fraud-scorer")
    with stage.bot.store.read() as uow:
        assert uow.notices() == []
    assert refused(stage, stage.incidents()[0].id) == []


# ------------------------------------------------------------------ grants


def used(stage: Stage, number: int) -> list[tuple[str, str]]:
    found = stage.events(number, EventKind.DECISION)
    return [(str(e.payload["verdict"]), str(e.payload["used"])) for e in found if "used" in e.payload]


@pytest.mark.parametrize(("who", "capacity"), [("omar", "holder"), ("lin", "deputy")])
def test_a_grant_says_as_what_it_was_given(stage: Stage, who: str, capacity: str) -> None:
    action = stage.asked()
    stage.approve(who, action)
    assert action.incident_id is not None
    assert used(stage, action.incident_id) == [("approved", capacity)]


@on_sqlite
def test_on_call_no_right_needed_and_break_glass(stage: Stage) -> None:
    override = stage.disabled()
    assert override.incident_id is not None
    assert used(stage, override.incident_id) == [("approved", "on_call")]
    spam = stage.rollback("omar", "spam-filter")
    stage.confirm("omar", spam)
    assert spam.incident_id is not None
    assert used(stage, spam.incident_id)[-1] == ("not needed", "not_needed")
    action = stage.asked()
    stage.wait(11 * MINUTE)
    breakglass.break_glass(stage.house, stage.by("dana"), action.id, "nobody answers, money is lost")
    assert action.incident_id is not None
    assert used(stage, action.incident_id)[-1] == ("approved", "break_glass")


# ------------------------------------------------------------------ the draft


def test_the_draft_shows_who_decided_by_which_right_and_who_was_refused(named: Stage) -> None:
    action = named.asked()
    number = action.incident_id
    assert number is not None
    clicked(named, "zoe", ids.APPROVE, ids.Value(action=action.id, hash=action.plan_hash))
    named.approve("lin", action)
    typed(named, "dana", f"/inc INC-{number} resolve over")
    typed(named, STRANGER, f"/inc INC-{number} mitigated over")
    closing.resolve(named.house, named.by("omar"), number, closing.Resolution())
    named.settle()
    events = named.events(number)
    head = named.incident(number).chain_head
    draft = render.render_draft(events, incident_id=number, head=head)
    block = next(b.content for b in draft.blocks if b.name == "rights")
    by_seq = {e.seq: e for e in events}
    rows = [line for line in block.split("\n") if line.startswith("| 2026")]
    assert [_cells(row)[1:-1] for row in rows] == [
        ["roll back `fraud-scorer`", "approved", "deputy", "deputy", "`deputy`"],
        ["give the all-clear for `fraud-scorer`", "approved", "model owner", "holder", "`model owner`"],
        ["roll back `fraud-scorer`", "member of search", "the right is not theirs", "model owner, deputy"],
        [
            "give the all-clear for `fraud-scorer`",
            "incident lead" if named.incident(number).lead == "dana" else "member of fraud-ml",
            "the right is not theirs",
            "model owner, deputy",
        ],
        [
            "give the all-clear for `fraud-scorer`",
            "person outside the registry",
            "the right is not theirs",
            "model owner, deputy",
        ],
    ]
    for row in rows:
        seq = int(_cells(row)[-1].strip("[E]"))
        assert by_seq[seq].kind in (EventKind.DECISION, EventKind.REFUSAL)
    assert render.verify(draft.text, events, incident_id=number, head=head) == []
    assert [c for c in rubric.score(draft.text, events, incident_id=number, head=head) if not c.ok] == []


def _cells(row: str) -> list[str]:
    return [cell.strip() for cell in row.strip("|").split("|")]


@on_sqlite
def test_who_was_only_refused_did_not_act(stage: Stage) -> None:
    number = stage.opened()
    typed(stage, "zoe", "/rollback fraud-scorer")
    draft = render.render_draft(stage.events(number), incident_id=number, head=stage.incident(number).chain_head)
    assert "search" not in {i.team for i in draft.facts.invitees}


@on_sqlite
def test_a_review_is_a_use_of_the_right_and_leaves_the_verdict_of_the_action(stage: Stage) -> None:
    action = stage.asked()
    stage.wait(11 * MINUTE)
    breakglass.break_glass(stage.house, stage.by("dana"), action.id, "nobody answers, money is lost")
    stage.settle()
    number = action.incident_id
    assert number is not None
    owed.close_debt(stage.house, stage.by("omar"), hygiene.debt_list(stage.house).rows[0].number, "it was right")
    draft = render.render_draft(stage.events(number), incident_id=number, head=stage.incident(number).chain_head)
    done = draft.facts.privileged[0]
    assert done.verdict is not None
    assert done.verdict.text == "approved"
    assert [(g.verdict, g.used) for g in draft.facts.grants] == [("approved", "break_glass"), ("closed", "holder")]
