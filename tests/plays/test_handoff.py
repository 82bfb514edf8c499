"""Hand-offs: offered with a brief, in force only when accepted, asked again and up when nobody answers."""

from __future__ import annotations

import pytest

from bot.metrics import Metrics
from bot.slack.calls import Call, Desk
from bot.slack.commands import execute
from bot.slack.grammar import parse
from playbooks import errors, render
from playbooks.domain.drafts.facts import draft_figures
from playbooks.domain.handoffs import Handoff
from playbooks.domain.incidents import Role
from playbooks.domain.timeline import EventKind, EventSource
from playbooks.plays import handoff, incident
from playbooks.plays.reach import line_of
from playbooks.score import score
from tests.plays.stage import HOUR, MINUTE, STRANGER, Stage, on_sqlite


def led(stage: Stage) -> int:
    """An incident that Dana leads."""
    number = stage.opened()
    incident.acknowledge(stage.house, stage.by("dana"), number, lead=True)
    stage.settle()
    return number


def offered(stage: Stage, number: int, receiver: str = "omar") -> Handoff:
    handoff.offer(stage.house, stage.by("dana"), number, Role.LEAD, receiver)
    stage.settle()
    with stage.house.store.read() as uow:
        return uow.handoffs(number)[-1]


def test_the_giver_stays_until_the_receiver_accepts(stage: Stage) -> None:
    number = led(stage)
    offer = offered(stage, number)
    assert stage.incident(number).lead == "dana"
    stage.wait(2 * MINUTE)
    handoff.accept(stage.house, stage.by("omar"), offer.id)
    stage.settle()
    assert stage.incident(number).lead == "omar"
    phases = [e.payload["phase"] for e in stage.events(number) if e.kind is EventKind.HANDOFF]
    assert phases == ["offered", "accepted"]


def test_the_receiver_reads_state_what_is_in_flight_and_open_decisions(stage: Stage) -> None:
    number = led(stage)
    stage.disabled()
    stage.asked()
    brief = dict(offered(stage, number).brief)
    assert "investigating" in brief["State"]
    assert "auto-decline off until" in brief["In flight"]
    assert "rollback of fraud-scorer" in brief["Open decisions"]


def test_the_message_loses_its_buttons_once_it_is_answered(stage: Stage) -> None:
    number = led(stage)
    offer = offered(stage, number)
    assert len(stage.posted(f"handoff:{offer.id}")) == 2, "in the channel and by direct message"
    handoff.decline(stage.house, stage.by("omar"), offer.id, "asleep")
    stage.settle()
    assert all("declined" in text for text in stage.posted(f"handoff:{offer.id}"))
    assert stage.incident(number).lead == "dana"


@pytest.mark.parametrize("who", ["dana", "lin", STRANGER])
def test_nobody_but_the_receiver_accepts(stage: Stage, who: str) -> None:
    number = led(stage)
    offer = offered(stage, number)
    with pytest.raises(errors.Denied):
        handoff.accept(stage.house, stage.by(who), offer.id)
    assert stage.incident(number).lead == "dana"


@pytest.mark.parametrize("who", ["lin", STRANGER])
def test_nobody_but_the_holder_offers(stage: Stage, who: str) -> None:
    number = led(stage)
    with pytest.raises(errors.Denied):
        handoff.offer(stage.house, stage.by(who), number, Role.LEAD, "omar")


def test_an_answer_is_given_once(stage: Stage) -> None:
    offer = offered(stage, led(stage))
    handoff.accept(stage.house, stage.by("omar"), offer.id)
    with pytest.raises(errors.Conflict):
        handoff.accept(stage.house, stage.by("omar"), offer.id)
    with pytest.raises(errors.Conflict):
        handoff.decline(stage.house, stage.by("omar"), offer.id)


def test_a_newer_offer_takes_the_older_back(stage: Stage) -> None:
    number = led(stage)
    older = offered(stage, number)
    offered(stage, number, "lin")
    with pytest.raises(errors.Conflict):
        handoff.accept(stage.house, stage.by("omar"), older.id)


def test_an_unaccepted_one_is_asked_again_then_goes_up_and_survives_a_restart(stage: Stage) -> None:
    number = led(stage)
    offer = offered(stage, number)
    home = len(stage.slack.texts("C01FRAUDML"))
    stage.restart()
    stage.wait(11 * MINUTE)
    assert len(stage.posted(f"say:handoff:{offer.id}:1")) == 2, "the incident's channel and the receiver"
    assert len(stage.slack.texts("C01FRAUDML")) == home, "the team is not bothered at once"
    stage.wait(11 * MINUTE)
    assert "is not accepted" in stage.slack.texts("C01FRAUDML")[-1]
    handoff.accept(stage.house, stage.by("omar"), offer.id)
    stage.wait(HOUR)
    assert not stage.posted(f"say:handoff:{offer.id}:3"), "once accepted nobody is asked again"


def test_a_lead_who_leaves_the_channel_is_asked_to_hand_over(stage: Stage) -> None:
    number = led(stage)
    channel = stage.incident(number).channel
    handoff.lead_left(stage.house, stage.by("omar"), channel)
    stage.settle()
    assert not stage.posted("say:left")
    handoff.lead_left(stage.house, stage.by("dana"), channel)
    stage.settle()
    assert "Hand it over" in stage.posted("say:left")[0]
    assert stage.incident(number).lead == "dana", "nothing is taken away by machine"


# ------------------------------------------------------------------ of the whole incident to another team


def offered_to_team(stage: Stage, number: int, team: str = "search", by: str = "dana") -> Handoff:
    handoff.offer_team(stage.house, stage.by(by), number, team)
    stage.settle()
    with stage.house.store.read() as uow:
        return uow.handoffs(number)[-1]


def test_the_other_team_s_on_call_accepts_and_leads(stage: Stage) -> None:
    number = led(stage)
    offer = offered_to_team(stage, number)
    assert len(stage.posted(f"handoff:{offer.id}:team")) == 1, "in the team's channel"
    assert len(stage.posted(f"handoff:{offer.id}:dm")) == 1, "and to who is on call there"
    assert (stage.incident(number).team, stage.incident(number).lead) == ("fraud-ml", "dana")
    stage.wait(2 * MINUTE)
    handoff.accept(stage.house, stage.by("zoe"), offer.id)
    stage.settle()
    found = stage.incident(number)
    assert (found.team, found.lead, found.home) == ("search", "zoe", "C03SEARCH")
    assert line_of(stage.house, found)[0] == "zoe", "it is the new team that is asked from now on"
    phases = [e.payload["phase"] for e in stage.events(number) if e.kind is EventKind.HANDOFF]
    assert phases == ["offered", "accepted"]
    gap = draft_figures(stage.events(number)).handoff_gap
    assert gap is not None
    assert gap >= 2 * MINUTE


@pytest.mark.parametrize("who", ["dana", "ravi", STRANGER])
def test_nobody_outside_accepts_for_a_team(stage: Stage, who: str) -> None:
    offer = offered_to_team(stage, led(stage))
    with pytest.raises(errors.Denied) as refused:
        handoff.accept(stage.house, stage.by(who), offer.id)
    assert refused.value.ask == ("zoe",)


@pytest.mark.parametrize("who", ["lin", "zoe", STRANGER])
def test_only_the_lead_hands_the_incident_over(stage: Stage, who: str) -> None:
    number = led(stage)
    with pytest.raises(errors.Denied):
        handoff.offer_team(stage.house, stage.by(who), number, "search")


@pytest.mark.parametrize("who", ["zoe", STRANGER])
def test_without_a_lead_its_own_team_hands_it_over(stage: Stage, who: str) -> None:
    number = stage.opened()
    with pytest.raises(errors.Denied):
        handoff.offer_team(stage.house, stage.by(who), number, "search")
    assert offered_to_team(stage, number, by="lin").giver == "lin"


def test_the_same_team_and_an_unknown_one_are_refused(stage: Stage) -> None:
    number = led(stage)
    with pytest.raises(errors.InputError):
        handoff.offer_team(stage.house, stage.by("dana"), number, "fraud-ml")
    with pytest.raises(errors.UnknownName):
        handoff.offer_team(stage.house, stage.by("dana"), number, "serch")


def test_a_team_that_does_not_answer_is_asked_again_in_its_own_channel_too(stage: Stage) -> None:
    number = led(stage)
    offer = offered_to_team(stage, number)
    before = len(stage.slack.texts("C03SEARCH"))
    stage.wait(22 * MINUTE)
    assert len(stage.slack.texts("C03SEARCH")) == before + 1
    assert stage.incident(number).lead == "dana"
    handoff.decline(stage.house, stage.by("zoe"), offer.id, "not ours")
    stage.settle()
    assert (stage.incident(number).team, stage.incident(number).lead) == ("fraud-ml", "dana")


def test_the_brief_tells_the_last_update_and_the_people(stage: Stage) -> None:
    number = led(stage)
    incident.update(stage.house, stage.by("dana"), number, "We roll back now.")
    stage.settle()
    brief = dict(offered(stage, number).brief)
    assert brief["Last update"].endswith("We roll back now.")
    assert brief["People"].startswith("dana leads")
    assert brief["Next update due"]


def test_the_time_from_offer_to_acceptance_is_a_histogram_that_outlives_a_restart(stage: Stage) -> None:
    offer = offered(stage, led(stage))
    stage.wait(2 * MINUTE)
    handoff.accept(stage.house, stage.by("omar"), offer.id)
    stage.restart()

    def read() -> list[float]:
        with stage.house.store.read() as uow:
            return uow.handoff_seconds()

    metrics = Metrics()
    metrics.measure("muster_handoff_seconds", "From offer to acceptance", read)
    text = metrics.text().decode()
    assert 'muster_handoff_seconds_bucket{le="60.0"} 0.0' in text
    assert 'muster_handoff_seconds_bucket{le="300.0"} 1.0' in text
    assert "muster_handoff_seconds_count 1.0" in text


# ------------------------------------------------------------------ to a role


def offered_to_on_call(stage: Stage, number: int, team: str = "search") -> Handoff:
    handoff.offer_on_call(stage.house, stage.by("dana"), number, Role.LEAD, team)
    stage.settle()
    with stage.bot.store.read() as uow:
        return uow.handoffs(number, open_only=True)[-1]


def test_a_role_is_accepted_by_whoever_is_on_call_and_the_team_stays(stage: Stage) -> None:
    number = led(stage)
    offer = offered_to_on_call(stage, number)
    assert stage.incident(number).lead == "dana"
    assert "on call search" in stage.posted(f"handoff:{offer.id}:channel")[0]
    for who in ("dana", "lin", STRANGER):
        with pytest.raises(errors.Denied):
            handoff.accept(stage.house, stage.by(who), offer.id)
    handoff.accept(stage.house, stage.by("zoe"), offer.id)
    stage.settle()
    assert (stage.incident(number).lead, stage.incident(number).team) == ("zoe", "fraud-ml")


@on_sqlite
@pytest.mark.parametrize("who", ["zoe", STRANGER])
def test_only_the_lead_hands_the_role_over(stage: Stage, who: str) -> None:
    number = led(stage)
    with pytest.raises(errors.Denied):
        handoff.offer_on_call(stage.house, stage.by(who), number, Role.LEAD, "search")


@on_sqlite
@pytest.mark.parametrize(("word", "receiver"), [("on_call:search", "on_call:search"), ("on-call", "on_call:fraud-ml")])
def test_a_role_is_typed_as_the_registry_writes_it(stage: Stage, word: str, receiver: str) -> None:
    number = led(stage)
    call = Call("U01DANA", "", f"typed:{word}", EventSource.SLASH)
    execute(Desk(stage.house), call, parse(f"INC-{number} handoff {word}", command="/inc", root="/inc"))
    with stage.bot.store.read() as uow:
        (offer,) = uow.handoffs(number, open_only=True)
    assert (offer.receiver, offer.role, offer.giver) == (receiver, "lead", "dana")


@on_sqlite
def test_a_role_of_an_unknown_team_is_refused(stage: Stage) -> None:
    with pytest.raises(errors.UnknownName):
        handoff.offer_on_call(stage.house, stage.by("dana"), led(stage), Role.LEAD, "serch")


# ------------------------------------------------------------------ asked again, measured


def test_the_receiver_is_asked_again_by_direct_message(stage: Stage) -> None:
    offer = offered(stage, led(stage))
    stage.wait(11 * MINUTE)
    (again,) = stage.posted(f"say:handoff:{offer.id}:1:dm:0")
    assert "not accepted" in again


@on_sqlite
def test_a_late_reminder_says_so_and_comes_once(stage: Stage) -> None:
    offer = offered(stage, led(stage))
    stage.clock.at += HOUR
    stage.restart()
    stage.wait(MINUTE)
    told = stage.posted(f"say:handoff:{offer.id}:1:dm:0")
    assert len(told) == 1
    assert "50 min late: I could not ask in time" in told[0]


@on_sqlite
def test_the_draft_tells_each_offer_once_with_its_time(stage: Stage) -> None:
    number = led(stage)
    refused = offered(stage, number, "lin")
    stage.wait(3 * MINUTE)
    handoff.decline(stage.house, stage.by("lin"), refused.id, "asleep")
    offered(stage, number, "omar")
    stage.wait(MINUTE)
    taken = offered(stage, number, "mei")
    stage.wait(4 * MINUTE)
    handoff.accept(stage.house, stage.by("mei"), taken.id)
    stage.settle()
    events, head = stage.events(number), stage.incident(number).chain_head
    draft = render.render_draft(events, incident_id=number, head=head)
    assert [(h.state, h.gap and h.gap.seconds) for h in draft.facts.handoffs] == [
        ("declined", 180),
        ("withdrawn", 60),
        ("accepted", 240),
    ]
    assert draft_figures(events).handoff_gap == 4 * MINUTE
    assert render.verify(draft.text, events, incident_id=number, head=head) == []
    assert [c for c in score(draft.text, events, incident_id=number, head=head) if not c.ok] == []


@on_sqlite
def test_a_lead_who_left_is_told_of_the_open_offer_and_it_stands_in_the_timeline(stage: Stage) -> None:
    number = led(stage)
    offered(stage, number)
    channel = stage.incident(number).channel
    for who in ("zoe", STRANGER):
        handoff.lead_left(stage.house, stage.by(who), channel)
    handoff.lead_left(stage.house, stage.by("dana"), channel)
    stage.settle()
    left = [e for e in stage.events(number, EventKind.PAGE) if e.payload.get("phase") == "lead_left"]
    assert [e.payload["offered"] for e in left] == [True]
    (told,) = stage.posted("say:left:")
    assert "You stay responsible" in told
    assert "has not accepted yet" in told


@on_sqlite
def test_the_brief_has_all_it_must(stage: Stage) -> None:
    number = led(stage)
    for state, words in (("open", "late embeddings"), ("refuted", "the new exporter")):
        incident.note(stage.house, stage.by("dana"), number, words, kind=EventKind.HYPOTHESIS, payload={"state": state})
    stage.disabled()
    stage.asked()
    brief = dict(offered(stage, number).brief)
    assert brief["State"].startswith("investigating, open for")
    assert brief["Open hypotheses"] == "late embeddings"
    assert brief["Refuted"] == "the new exporter"
    assert "auto-decline off until 2026-11-21T06:31" in brief["In flight"]
    assert "rollback of fraud-scorer" in brief["Open decisions"]
    assert brief["Last update"] == "none yet"
    assert brief["Next update due"].startswith("2026-11-21T03:31")
    assert "dana leads" in brief["People"]
