"""The incident's life by order of people: every verb, the moves that are refused, and what people see of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest

from playbooks import errors
from playbooks.domain.incidents import Role, State
from playbooks.domain.timeline import EventKind, Precision
from playbooks.plays import closing, incident, roles
from playbooks.plays.closing import Resolution
from playbooks.plays.incident import Declaration
from playbooks.ports import Posted
from tests.contracts.fake_slack import SlackFault
from tests.plays.stage import HOUR, MINUTE, NIGHT, STRANGER, Stage, alert, on_sqlite


def test_an_alert_becomes_a_channel_with_people_and_a_card(stage: Stage) -> None:
    number = stage.opened()
    found = stage.incident(number)
    channel = stage.slack.channels[found.channel]
    assert channel.name == f"inc-{number}-fraud-scorer-drift"
    assert channel.members >= {"U01DANA", "U0MUSTER"}
    assert len(channel.pins) == 1
    assert f"INC-{number}" in channel.topic
    assert [m.delivery for m in stage.slack.channels["C01FRAUDML"].messages] == [f"owner_note:{number}"]


def test_the_owner_is_told_where_no_channel_can_be_made(stage: Stage) -> None:
    stage.slack.fail(SlackFault.REFUSE, on="conversations.create", code="missing_scope", needed="channels:manage")
    number = stage.opened()
    told = [m.delivery for m in stage.slack.channels["C01FRAUDML"].messages]
    assert sorted(told) == [f"card:{number}", f"owner_note:{number}", f"post:nochannel:{number}"]
    assert "channels:manage" in stage.posted("post:nochannel")[0]
    incident.update(stage.house, stage.by("dana"), number, "we go on here")
    stage.settle()
    assert "we go on here" in stage.slack.texts("C01FRAUDML")[-1]


def test_one_who_cannot_be_invited_is_told_in_words(stage: Stage) -> None:
    stage.slack.users.discard("U01DANA")
    number = stage.opened()
    (said,) = stage.posted(f"say:invite:{number}")
    assert "couldn't invite {0}: Slack does not know that person" in said
    assert "U01DANA" in said


def test_a_missing_scope_at_invite_is_told_once(stage: Stage) -> None:
    stage.slack.fail(SlackFault.REFUSE, on="conversations.invite", code="missing_scope", needed="channels:manage")
    number = stage.opened()
    incident.acknowledge(stage.house, stage.by("omar"), number, lead=True)
    stage.settle()
    (said,) = stage.posted(f"say:invite:{number}")
    assert "missing scope `channels:manage`" in said
    assert stage.bot.parked == []


def test_an_owner_channel_that_is_gone_turns_to_the_person_on_call(stage: Stage) -> None:
    stage.slack.archive("C01FRAUDML")
    number = stage.opened()
    there = stage.slack.dm_of("U01DANA")
    assert there is not None
    assert [m.delivery for m in there.messages] == [f"owner_note:{number}"]


def test_an_alert_of_nobody_goes_to_triage(stage: Stage) -> None:
    verdict = stage.alert(alert("lost", component=""))[0]
    stage.settle()
    assert verdict.decision.value == "unowned"
    assert stage.posted("owner_note")
    assert [m.delivery for m in stage.slack.channels["C00TRIAGE"].messages] == ["owner_note:1"]
    assert stage.incident(1).team == "triage"


def test_declared_by_hand(stage: Stage) -> None:
    number, said = incident.declare(stage.house, stage.by("ravi"), Declaration("declines doubled", "fraud-scorer", "2"))
    stage.settle()
    found = stage.incident(number)
    assert (found.severity, found.team, found.opened_by) == ("sev2", "fraud-ml", "ravi")
    assert "U05RAVI" in stage.slack.channels[found.channel].members
    again, said = incident.declare(stage.house, stage.by("mei"), Declaration("Declines doubled!", "fraud-scorer"))
    assert again == number
    assert "already open" in said.text


@pytest.mark.parametrize(
    "said",
    [Declaration(""), Declaration("x", "fraud-scorre"), Declaration("x", "fraud-scorer", "enormous")],
    ids=["no words", "unknown component", "unknown severity"],
)
@on_sqlite
def test_a_declaration_that_cannot_be_used_opens_nothing(stage: Stage, said: Declaration) -> None:
    with pytest.raises(errors.InputError):
        incident.declare(stage.house, stage.by("dana"), said)
    assert stage.incidents() == []


def test_i_take_it_acknowledges_and_leads(stage: Stage) -> None:
    number = stage.opened()
    stage.clock.at += MINUTE
    incident.acknowledge(stage.house, stage.by("omar"), number, lead=True)
    stage.settle()
    found = stage.incident(number)
    assert (found.state, found.lead, found.acknowledged_by) == (State.INVESTIGATING, "omar", "omar")
    assert found.acknowledged_at == NIGHT + MINUTE or found.acknowledged_at is not None
    assert "U02OMAR" in stage.slack.channels[found.channel].members
    said = incident.acknowledge(stage.house, stage.by("dana"), number)
    assert "already acknowledged by {0}" in said.text
    assert [who.name for who in said.mentions] == ["omar"]
    assert len(stage.events(number, EventKind.ACK)) == 1


def test_roles_are_given_and_told(stage: Stage) -> None:
    number = stage.opened()
    roles.take_role(stage.house, stage.by("dana"), number, Role.LEAD, "dana")
    roles.take_role(stage.house, stage.by("dana"), number, Role.COMMS, "mei")
    roles.take_role(stage.house, stage.by("dana"), number, Role.COMMS, "mei")
    stage.settle()
    found = stage.incident(number)
    assert (found.lead, found.comms, found.state) == ("dana", "mei", State.INVESTIGATING)
    given = [(e.payload["role"], e.payload["to"], e.text) for e in stage.events(number, EventKind.ROLE)]
    assert given == [("lead", "dana", "lead taken"), ("comms", "mei", "comms given to another person")]
    assert len(stage.posted("say:")) == 2


def test_not_me_passes_on_to_the_next_and_then_to_nobody(stage: Stage) -> None:
    number = stage.opened()
    asked = []
    for name in ("dana", "omar", "lin", "mei"):
        said = roles.not_me(stage.house, stage.by(name), number)
        asked.append([who.name for who in said.mentions])
    assert asked == [["omar"], ["lin"], ["mei"], []]
    assert roles.not_me(stage.house, stage.by("dana"), number).text.startswith("You already said so")
    stage.settle()
    assert "mentioned=None" in stage.posted("owner_note")[0]
    assert len(stage.events(number, EventKind.PAGE)) == 4


def test_severity_is_changed_once(stage: Stage) -> None:
    number = stage.opened()
    assert stage.incident(number).severity == "sev2"
    incident.set_severity(stage.house, stage.by("dana"), number, "SEV1")
    assert "already is" in incident.set_severity(stage.house, stage.by("omar"), number, "sev1").text
    (event,) = stage.events(number, EventKind.SEVERITY)
    assert (event.payload["from"], event.payload["to"]) == ("sev2", "sev1")
    with pytest.raises(errors.UnknownName):
        incident.set_severity(stage.house, stage.by("dana"), number, "sev9")


def test_an_update_speaks_and_a_note_does_not(stage: Stage) -> None:
    number = stage.opened()
    before = len(stage.slack.channels[stage.incident(number).channel].messages)
    incident.note(stage.house, stage.by("dana"), number, "queue is draining")
    stage.settle()
    assert len(stage.slack.channels[stage.incident(number).channel].messages) == before
    incident.update(stage.house, stage.by("dana"), number, "we are rolling back")
    stage.settle()
    assert len(stage.slack.channels[stage.incident(number).channel].messages) == before + 1
    assert stage.incident(number).last_update_at is not None
    assert [e.kind for e in stage.events(number)][-2:] == [EventKind.NOTE, EventKind.COMMS]


@pytest.mark.parametrize("text", ["", "   ", "x" * 3001], ids=["empty", "blank", "too long"])
@on_sqlite
def test_words_that_cannot_be_used(stage: Stage, text: str) -> None:
    number = stage.opened()
    for speak in (incident.update, incident.note):
        with pytest.raises(errors.InputError):
            speak(stage.house, stage.by("dana"), number, text)


def test_a_backdated_note_stands_at_its_own_time(stage: Stage) -> None:
    """D3: the time a person gives is the time that is read, sorted and drafted."""
    number = stage.opened()
    stage.clock.at += HOUR
    early = NIGHT - 40 * MINUTE
    incident.note(stage.house, stage.by("dana"), number, "late one")
    incident.note(
        stage.house, stage.by("dana"), number, "declines rose", at=early, precision=Precision.MINUTE, entered_tz="UTC"
    )
    event = stage.events(number, EventKind.NOTE)[-1]
    assert (event.occurred_at, event.recorded_at, event.new.precision) == (early, stage.clock.at, Precision.MINUTE)
    lines = stage.lines(number)
    assert lines.index("declines rose") < lines.index("late one")
    closing.resolve(stage.house, stage.by("dana"), number, Resolution("over"))
    stage.settle()
    (draft,) = {f.text for f in stage.slack.files}
    (line,) = [line for line in draft.splitlines() if "declines rose" in line and line.startswith("|")][:1]
    assert re.search(r"01:51", line)


def test_the_future_is_refused(stage: Stage) -> None:
    number = stage.opened()
    later = stage.clock.at + MINUTE
    with pytest.raises(errors.InputError, match="future"):
        incident.note(stage.house, stage.by("dana"), number, "x", at=later)
    with pytest.raises(errors.InputError, match="future"):
        incident.mitigate(stage.house, stage.by("dana"), number, at=later)
    for said in (Resolution(impact_at=later), Resolution(relief_at=later)):
        with pytest.raises(errors.InputError, match="future"):
            closing.resolve(stage.house, stage.by("dana"), number, said)
    assert stage.incident(number).state is State.TRIAGE


def test_the_draft_tells_its_own_resolution(stage: Stage) -> None:
    """D2: the resolved event is in the chain before the draft is rendered."""
    number = stage.opened()
    incident.acknowledge(stage.house, stage.by("dana"), number, lead=True)
    closing.resolve(stage.house, stage.by("dana"), number, Resolution("rolled back, declines normal"))
    stage.settle()
    (shared,) = stage.slack.files
    assert "rolled back, declines normal" in shared.text
    assert shared.channel == stage.incident(number).channel
    assert shared.filename == f"inc-{number}-postmortem.md"


def test_resolve_keeps_the_moments_people_give(stage: Stage) -> None:
    number = stage.opened()
    stage.clock.at += HOUR
    impact, relief = NIGHT - 2 * HOUR, NIGHT + 5 * MINUTE
    closing.resolve(stage.house, stage.by("dana"), number, Resolution("over", impact, relief))
    found = stage.incident(number)
    assert (found.impact_at, found.mitigated_at, found.resolved_at) == (impact, relief, stage.clock.at)
    times = {(e.kind, e.occurred_at) for e in stage.events(number)}
    assert {(EventKind.IMPACT_START, impact), (EventKind.MITIGATED, relief)} <= times


def test_resolve_sets_a_relief_right_and_keeps_what_was_said_first(stage: Stage) -> None:
    number = stage.opened()
    incident.mitigate(stage.house, stage.by("dana"), number)
    known = stage.incident(number).mitigated_at
    stage.clock.at += HOUR
    closing.resolve(stage.house, stage.by("dana"), number, Resolution(relief_at=NIGHT - HOUR))
    assert stage.incident(number).mitigated_at == NIGHT - HOUR
    said = stage.events(number, EventKind.MITIGATED, EventKind.CORRECTION)
    assert [e.occurred_at for e in said] == [known, NIGHT - HOUR]
    assert said[1].new.supersedes == said[0].id


MOVES: dict[str, Callable[[Stage, int], object]] = {
    "mitigate": lambda s, n: incident.mitigate(s.house, s.by("dana"), n),
    "resolve": lambda s, n: closing.resolve(s.house, s.by("dana"), n, Resolution()),
    "cancel": lambda s, n: closing.cancel(s.house, s.by("dana"), n),
    "reopen": lambda s, n: closing.reopen(s.house, s.by("dana"), n),
    "close": lambda s, n: closing.close(s.house, s.by("dana"), n, "no review needed"),
    "acknowledge": lambda s, n: incident.acknowledge(s.house, s.by("dana"), n),
    "not me": lambda s, n: roles.not_me(s.house, s.by("dana"), n),
    "lead": lambda s, n: roles.take_role(s.house, s.by("dana"), n, Role.LEAD, "dana"),
}
REFUSED = [
    ([], ["close", "reopen"]),
    (["mitigate"], ["mitigate", "close", "reopen"]),
    (["resolve"], ["mitigate", "resolve", "cancel", "acknowledge", "not me", "lead"]),
    (["cancel"], ["mitigate", "resolve", "cancel", "close", "acknowledge"]),
    (["resolve", "close"], ["mitigate", "resolve", "cancel", "close", "lead"]),
]


@pytest.mark.parametrize(("path", "refused"), REFUSED, ids=lambda words: "-".join(words) or "triage")
@on_sqlite
def test_states_refuse_wrong_moves(stage: Stage, path: list[str], refused: list[str]) -> None:
    number = stage.opened()
    for name in path:
        MOVES[name](stage, number)
    before, events = stage.incident(number), len(stage.events(number))
    for name in refused:
        with pytest.raises(errors.Conflict) as error:
            MOVES[name](stage, number)
        assert error.value.code in ("wrong_state", "already_there")
    assert stage.incident(number) == before
    assert len(stage.events(number)) == events


@pytest.mark.parametrize("path", [["resolve"], ["cancel"], ["resolve", "close"]], ids="-".join)
def test_reopen_pages_nobody_and_makes_no_second_channel(stage: Stage, path: list[str]) -> None:
    number = stage.opened()
    for name in path:
        MOVES[name](stage, number)
    stage.settle()
    notes, channels = len(stage.posted("owner_note")), len(stage.slack.created())
    invited = stage.slack.calls.count(("conversations.invite", stage.incident(number).channel))
    closing.reopen(stage.house, stage.by("omar"), number)
    stage.settle()
    found = stage.incident(number)
    assert (found.state, found.reopened, found.resolved_at) == (State.INVESTIGATING, 1, None)
    assert (len(stage.posted("owner_note")), len(stage.slack.created())) == (notes, channels)
    assert stage.slack.calls.count(("conversations.invite", found.channel)) == invited
    stage.alert(alert("b"))
    assert stage.incident(number).alerts_total == 2


def test_reopen_is_blocked_by_another_open_incident_of_the_same_failure(stage: Stage) -> None:
    number = stage.opened()
    MOVES["resolve"](stage, number)
    stage.clock.at += HOUR
    other = stage.opened(name="b")
    assert other != number
    with pytest.raises(errors.Conflict, match=f"INC-{other} is open for the same failure") as refused:
        closing.reopen(stage.house, stage.by("dana"), number)
    assert refused.value.code == "other_open"
    MOVES["resolve"](stage, other)
    closing.reopen(stage.house, stage.by("dana"), number)


def test_close_needs_answers_or_a_reason(stage: Stage) -> None:
    number = stage.opened()
    MOVES["resolve"](stage, number)
    with pytest.raises(errors.Conflict, match="open question"):
        closing.close(stage.house, stage.by("dana"), number)
    closing.close(stage.house, stage.by("dana"), number, "a false alarm of the monitor")
    assert stage.incident(number).state is State.CLOSED


def test_a_redelivery_answers_and_does_nothing(stage: Stage) -> None:
    number = stage.opened()
    incident.update(stage.house, stage.by("dana", once="Ev1"), number, "we are looking")
    stage.settle()
    before = (stage.incident(number), len(stage.events(number)), len(stage.posted("update:")))
    with pytest.raises(errors.Conflict) as again:
        incident.update(stage.house, stage.by("dana", once="Ev1"), number, "we are looking")
    assert again.value.code == "already_done"
    stage.settle()
    assert (stage.incident(number), len(stage.events(number)), len(stage.posted("update:"))) == before


def test_a_refused_order_may_be_given_again(stage: Stage) -> None:
    number = stage.opened()
    with pytest.raises(errors.Conflict):
        closing.close(stage.house, stage.by("dana", once="Ev1"), number)
    MOVES["resolve"](stage, number)
    closing.close(stage.house, stage.by("dana", once="Ev1"), number, "done")


def test_an_incident_that_does_not_exist(stage: Stage) -> None:
    for move in MOVES.values():
        with pytest.raises(errors.UnknownName, match="INC-7"):
            move(stage, 7)


def test_a_person_outside_the_registry_may_lead(stage: Stage) -> None:
    number = stage.opened()
    incident.acknowledge(stage.house, stage.by(STRANGER), number, lead=True)
    assert stage.incident(number).lead == f"slack:{STRANGER}"


def test_the_card_always_names_one_next_action(stage: Stage) -> None:
    number = stage.opened()
    seen = [stage.card(number).next_action]
    incident.acknowledge(stage.house, stage.by("dana"), number, lead=True)
    seen.append(stage.card(number).next_action)
    action = stage.rollback()
    seen.append(stage.card(number).next_action)
    stage.confirm("dana", action)
    seen.append(stage.card(number).next_action)
    stage.approve("omar", stage.action(action.id))
    seen.append(stage.card(number).next_action)
    incident.mitigate(stage.house, stage.by("dana"), number)
    seen.append(stage.card(number).next_action)
    closing.resolve(stage.house, stage.by("dana"), number, Resolution())
    seen.append(stage.card(number).next_action)
    assert seen == ["ack", "rollback", "rollback", "none", "mitigated", "resolve", "postmortem"]
    assert stage.card(number).next


def test_all_alerts_ended_is_a_suggestion_until_it_is_over(stage: Stage) -> None:
    number = stage.opened()
    stage.alert(alert("a", status="resolved"))
    stage.settle()
    incident.acknowledge(stage.house, stage.by("dana"), number)
    assert stage.card(number).next_action == "resolve"
    assert stage.posted("suggest:")[0].startswith("Suggestion(")
    MOVES["resolve"](stage, number)
    stage.settle()
    assert stage.posted("suggest:")[0].startswith("Announcement(")


def test_a_deleted_card_comes_back_pinned(stage: Stage) -> None:
    number = stage.opened()
    channel = stage.slack.channels[stage.incident(number).channel]
    (card,) = stage.slack.by_delivery(f"card:{number}")
    stage.slack.delete(Posted(channel.id, card.ts))
    stage.clock.at += timedelta(seconds=10)
    incident.acknowledge(stage.house, stage.by("dana"), number)
    stage.settle()
    (again,) = stage.slack.by_delivery(f"card:{number}")
    assert channel.pins == [again.ts]
