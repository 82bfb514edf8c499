"""Reporting: who decides, what runs since when, what reminds, what was sent, and the draft for the authority."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from playbooks import errors
from playbooks.domain.timeline import EventKind, EventSource, NewEvent
from playbooks.library.shipped import shipped_clocks
from playbooks.messages import Say
from playbooks.plays import closing, hygiene, incident, milestones, notifications, reporting
from playbooks.plays.closing import Resolution
from playbooks.plays.house import must_find
from playbooks.plays.milestones import Statement
from playbooks.plays.orders import execution
from playbooks.plays.views.clocks import clock_list
from tests.drafts.drafting import scored
from tests.plays.stage import HOUR, MINUTE, NIGHT, STRANGER, Stage, on_sqlite
from tests.simulation.bot import RULES

WITH_CLOCKS = replace(RULES, clocks=shipped_clocks(), clocks_used=("ai-act-73",))


@pytest.fixture
def desk(stage: Stage) -> Stage:
    """A stage where clocks are configured."""
    stage.rules = WITH_CLOCKS
    stage.restart()
    return stage


def aware(stage: Stage, number: int, *, at: timedelta = timedelta(0)) -> None:
    """Somebody says since when they knew."""
    with stage.bot.store.begin() as uow:
        event = NewEvent(EventKind.AWARE, "aware", stage.by("dana").actor, NIGHT + at, EventSource.SLASH, f"aware:{at}")
        uow.append(number, event, now=stage.clock.now())


def decide(stage: Stage, who: str, number: int, verdict: str = "yes", *clocks: str) -> Say:
    said = reporting.decide(stage.house, stage.by(who), number, verdict, clocks, "people may be harmed")
    stage.settle()
    return said


def held(stage: Stage, number: int) -> dict[str, str]:
    """Clocks in the ledger and their state."""
    with stage.bot.store.read() as uow:
        entries = uow.overrides(open_only=False, incident_id=number, kinds=(reporting.CLOCK,))
    return {str(e.facts["key"]): e.state for e in entries}


# ---------------------------------------------------------------- who decides


@pytest.mark.parametrize("who", ["dana", "lin"])
@on_sqlite
def test_the_holder_of_the_right_to_accept_a_risk_and_the_deputy_decide(desk: Stage, who: str) -> None:
    number = desk.opened("auto-refund")
    decide(desk, who, number)
    decision = desk.events(number, EventKind.DECISION)[-1]
    assert (decision.payload["decision"], decision.payload["verdict"]) == ("reportable", "yes")
    assert decision.payload["right"]
    assert decision.payload["because"] == "people may be harmed"


@pytest.mark.parametrize("who", ["zoe", STRANGER])
@on_sqlite
def test_another_team_and_a_stranger_do_not(desk: Stage, who: str) -> None:
    number = desk.opened("auto-refund")
    with pytest.raises(errors.Denied, match="Whoever may accept a risk") as denied:
        decide(desk, who, number)
    assert denied.value.ask[:1] == ("dana",)
    assert denied.value.incident == number
    assert desk.events(number, EventKind.DECISION) == []


@on_sqlite
def test_who_leads_decides_too(desk: Stage) -> None:
    number = desk.opened("auto-refund")
    incident.acknowledge(desk.house, desk.by("zoe"), number, lead=True)
    decide(desk, "zoe", number, "no")
    assert desk.events(number, EventKind.DECISION)[-1].payload["right"] == "incident lead"


@on_sqlite
def test_of_an_incident_without_a_component_only_who_leads(desk: Stage) -> None:
    number = desk.opened("")
    with pytest.raises(errors.Denied, match="who leads it decides"):
        decide(desk, "mei", number)
    incident.acknowledge(desk.house, desk.by("mei"), number, lead=True)
    decide(desk, "mei", number)


@pytest.mark.parametrize(
    ("verdict", "clocks", "because", "words"),
    [
        ("perhaps", (), "x", "it is yes, no or undecided"),
        ("no", (), "  ", "a no above all"),
        ("yes", ("gdpr-99",), "x", "no clock"),
    ],
)
@on_sqlite
def test_what_cannot_be_recorded_is_told(
    desk: Stage, verdict: str, clocks: tuple[str, ...], because: str, words: str
) -> None:
    number = desk.opened("auto-refund")
    with pytest.raises(errors.InputError, match=words):
        reporting.decide(desk.house, desk.by("dana"), number, verdict, clocks, because)


@on_sqlite
def test_without_a_named_or_configured_clock_a_yes_asks_which(stage: Stage) -> None:
    stage.rules = replace(WITH_CLOCKS, clocks_used=())
    stage.restart()
    number = stage.opened("auto-refund")
    with pytest.raises(errors.InputError, match="Which clocks run") as asked:
        decide(stage, "dana", number)
    assert "gdpr-33" in asked.value.next_step


# ---------------------------------------------------------------- what runs


def test_a_clock_starts_with_awareness_and_decision(desk: Stage) -> None:
    number = desk.opened("auto-refund")
    said = decide(desk, "dana", number, "yes", "gdpr-33")
    assert "Since when did you know?" in said.text
    assert held(desk, number) == {}
    aware(desk, number)
    desk.wait(2 * MINUTE)
    assert held(desk, number) == {"gdpr-33/initial/1": "on"}
    first = clock_list(desk.house, number).rows[0]
    assert first.due_at == NIGHT + timedelta(hours=72)
    assert (first.overdue, first.needs != ()) == (False, True)


def test_it_reminds_before_at_and_after_it_is_due_and_ages_in_the_ledger(desk: Stage) -> None:
    number = desk.opened("auto-refund")
    aware(desk, number)
    decide(desk, "dana", number, "yes", "gdpr-33")
    assert not [d for d in hygiene.debts(desk.house) if d.kind == reporting.CLOCK]
    desk.wait(40 * HOUR)
    assert [t for t in desk.posted("entry:") if "phase='warning'" in t]
    desk.wait(33 * HOUR)
    assert held(desk, number) == {"gdpr-33/initial/1": "overdue"}
    assert [t for t in desk.posted("entry:") if "phase='ended'" in t]
    (debt,) = [d for d in hygiene.debts(desk.house) if d.kind == reporting.CLOCK]
    assert (debt.overdue, debt.owner) == (True, "dana")
    desk.wait(25 * HOUR)
    with desk.bot.store.read() as uow:
        (entry,) = uow.overrides(incident_id=number, kinds=(reporting.CLOCK,))
    assert entry.escalations >= 2
    assert clock_list(desk.house, number).rows[0].overdue


@on_sqlite
def test_the_milestone_starts_it_at_once(desk: Stage) -> None:
    number = desk.opened("auto-refund")
    decide(desk, "dana", number, "yes", "gdpr-33")
    order, said = desk.by("dana"), Statement(EventKind.AWARE, NIGHT)
    with execution(desk.house, order) as (uow, now):
        milestones.put(desk.house, uow, order, must_find(uow, number), said, now)
    assert held(desk, number) == {"gdpr-33/initial/1": "on"}


@on_sqlite
def test_reminders_outlive_a_restart(desk: Stage) -> None:
    number = desk.opened("auto-refund")
    aware(desk, number)
    decide(desk, "dana", number, "yes", "gdpr-33")
    desk.restart()
    desk.wait(73 * HOUR)
    assert held(desk, number) == {"gdpr-33/initial/1": "overdue"}


@on_sqlite
def test_what_was_sent_is_recorded_and_reminds_no_more(desk: Stage) -> None:
    number = desk.opened("auto-refund")
    aware(desk, number)
    decide(desk, "dana", number, "yes", "dora-19")
    reporting.sent(desk.house, desk.by("lin"), number, "dora-19", "initial", "AT-2026-17")
    desk.settle()
    assert held(desk, number) == {"dora-19/initial/1": "closed", "dora-19/interim/1": "on"}
    note = desk.events(number, EventKind.NOTE)[-1]
    assert note.payload["reference"] == "AT-2026-17"
    with pytest.raises(errors.Conflict, match="was sent already"):
        reporting.sent(desk.house, desk.by("lin"), number, "dora-19", "initial", "")
    with pytest.raises(errors.UnknownName, match="has no stage"):
        reporting.sent(desk.house, desk.by("lin"), number, "dora-19", "second", "")
    with pytest.raises(errors.Conflict, match="does not run"):
        reporting.sent(desk.house, desk.by("lin"), number, "gdpr-33", "initial", "")


@pytest.mark.parametrize("who", ["zoe", STRANGER])
@on_sqlite
def test_not_everybody_says_that_it_is_sent(desk: Stage, who: str) -> None:
    number = desk.opened("auto-refund")
    aware(desk, number)
    decide(desk, "dana", number, "yes", "gdpr-33")
    with pytest.raises(errors.Denied):
        reporting.sent(desk.house, desk.by(who), number, "gdpr-33", "initial", "")
    with desk.bot.store.read() as uow:
        (entry,) = uow.overrides(incident_id=number, kinds=(reporting.CLOCK,))
    assert isinstance(reporting.sent_entry(desk.house, desk.by("dana"), entry.id, "R-1"), Say)


@on_sqlite
def test_a_change_of_mind_is_a_further_decision_and_ends_the_clocks(desk: Stage) -> None:
    number = desk.opened("auto-refund")
    aware(desk, number)
    decide(desk, "dana", number)
    said = decide(desk, "dana", number, "no")
    assert "not reportable" in said.text
    assert held(desk, number) == {"ai-act-73/initial/1": "closed"}
    assert len(desk.events(number, EventKind.DECISION)) == 2
    assert clock_list(desk.house, number).because == "people may be harmed"
    desk.wait(20 * 24 * HOUR)
    assert not [t for t in desk.posted("entry:") if "phase='ended'" in t]


@on_sqlite
def test_a_later_awareness_moves_what_is_due(desk: Stage) -> None:
    number = desk.opened("auto-refund")
    aware(desk, number)
    decide(desk, "dana", number, "yes", "gdpr-33")
    aware(desk, number, at=timedelta(hours=-5))
    desk.wait(16 * MINUTE)
    with desk.bot.store.read() as uow:
        (entry,) = uow.overrides(incident_id=number, kinds=(reporting.CLOCK,))
    assert entry.due_at == NIGHT - 5 * HOUR + 72 * HOUR


# ---------------------------------------------------------------- the drafts


@on_sqlite
def test_the_draft_for_the_authority_is_a_file_from_facts(desk: Stage) -> None:
    number = desk.opened("auto-refund")
    aware(desk, number)
    decide(desk, "dana", number, "yes", "gdpr-33")
    notifications.ask_for(desk.house, desk.by("dana"), number, "gdpr-33")
    desk.settle()
    (file,) = desk.slack.files
    assert file.filename == f"inc-{number}-gdpr-33-initial-draft.md"
    text = file.text
    assert text.startswith("# DRAFT: GDPR Art. 33, personal data breach")
    assert "not legal advice" in text
    assert "| Aware since | 2026-11-21 02:31:00 UTC | [E" in text
    assert "| Mitigated | not recorded |  |" in text
    assert "2026-11-24 02:31:00 UTC" in text
    assert "dana" not in text
    assert "U01DANA" not in text
    seqs = {event.seq for event in desk.events(number)}
    import re

    assert {int(seq) for seq in re.findall(r"\[E(\d+)\]", text)} <= seqs


@on_sqlite
def test_no_draft_of_a_clock_that_does_not_run(desk: Stage) -> None:
    number = desk.opened("auto-refund")
    with pytest.raises(errors.Conflict, match="does not run"):
        notifications.ask_for(desk.house, desk.by("dana"), number, "gdpr-33")


@on_sqlite
def test_the_postmortem_with_clocks_passes_every_check(desk: Stage) -> None:
    from playbooks.plays.postmortem import draft_of
    from tests.drafts.chains import Chain

    number = desk.opened("auto-refund")
    aware(desk, number)
    decide(desk, "dana", number, "yes", "dora-19")
    reporting.sent(desk.house, desk.by("lin"), number, "dora-19", "initial", "AT-17")
    desk.wait(80 * HOUR)
    closing.resolve(desk.house, desk.by("dana"), number, Resolution("stable"))
    desk.settle()
    with desk.bot.store.read() as uow:
        draft = draft_of(desk.house, uow, desk.incident(number))
    chain = Chain(number)
    chain.events = desk.events(number)
    wrong = [(c.id, c.why) for c in scored(draft.text, chain).values() if not c.ok and c.id != "F0"]
    assert wrong == []
