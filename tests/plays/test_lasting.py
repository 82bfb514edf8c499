"""Alerts that outlast their incident are said at its end and open it again; a flapping one renews one suggestion."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from playbooks.domain.alerts import Decision, Reason
from playbooks.domain.incidents import State
from playbooks.domain.pipeline.silences import AtEnd, Muting
from playbooks.domain.timeline import EventKind
from playbooks.plays import closing, incident, silences
from playbooks.plays.closing import Resolution
from tests.plays.stage import HOUR, MINUTE, Stage, alert
from tests.plays.test_passage import rules

WINDOW = 15 * MINUTE


def resolved(stage: Stage, number: int = 1, by: str = "dana") -> tuple[str, str]:
    said = closing.resolve(stage.house, stage.by(by), number, Resolution())
    stage.settle()
    return said.text, said.hint


def taken(stage: Stage) -> int:
    number = stage.opened()
    incident.acknowledge(stage.house, stage.by("dana"), number, lead=True)
    stage.settle()
    return number


def test_who_resolves_hears_what_still_fires_and_what_to_do(stage: Stage) -> None:
    number = taken(stage)
    stage.alert(alert("b"), alert("c"), alert("c", status="resolved"))
    _, hint = resolved(stage, number)
    assert hint.startswith("2 alerts still fire.")
    assert "`/inc silence fraud-scorer for 2h`" in hint
    assert "after 15 min opens INC-1 again" in hint


def test_nothing_is_said_where_all_have_ended(stage: Stage) -> None:
    number = taken(stage)
    stage.alert(alert("a", status="resolved"))
    assert resolved(stage, number)[1] == ""
    stage.wait(26 * HOUR)
    assert stage.incident(number).state is State.RESOLVED


def test_what_is_heard_to_fire_after_the_window_opens_it_again_and_pages_nobody(stage: Stage) -> None:
    number = taken(stage)
    resolved(stage, number)
    stage.wait(5 * MINUTE)
    repeated = stage.alert(alert("a"))[0]
    assert (repeated.decision, repeated.reason) == (Decision.DUPLICATE, Reason.SAME_EPISODE)
    assert stage.incident(number).state is State.RESOLVED  # not before the window is over
    stage.wait(WINDOW)
    again = stage.incident(number)
    assert (again.state, again.reopened, again.alerts_firing) == (State.INVESTIGATING, 1, 1)
    assert any("ModelDriftHigh fires still, 15 min after it was resolved" in said for said in stage.posted("say:"))
    assert stage.events(number, EventKind.STATUS)[-1].payload["to"] == "investigating"
    stage.wait(2 * HOUR)
    assert stage.incident(number).reopened == 1


def test_a_source_that_repeats_hours_later_opens_it_then(stage: Stage) -> None:
    """Alertmanager repeats every four hours by default."""
    number = taken(stage)
    resolved(stage, number)
    stage.wait(4 * HOUR)
    assert stage.incident(number).state is State.RESOLVED
    stage.alert(alert("a"))
    stage.wait(HOUR + MINUTE)
    assert stage.incident(number).state is State.INVESTIGATING


def test_a_source_that_says_nothing_more_proves_nothing(stage: Stage) -> None:
    number = taken(stage)
    resolved(stage, number)
    stage.wait(timedelta(days=2))
    assert stage.incident(number).state is State.RESOLVED
    stage.alert(alert("a"))
    stage.wait(2 * HOUR)
    assert stage.incident(number).state is State.RESOLVED  # a day later people have long decided


def test_it_ends_within_the_window(stage: Stage) -> None:
    number = taken(stage)
    resolved(stage, number)
    stage.alert(alert("a"), alert("a", status="resolved"))
    stage.wait(2 * HOUR)
    assert stage.incident(number).state is State.RESOLVED


def test_a_silence_keeps_it_closed_and_another_open_incident_takes_its_place(stage: Stage) -> None:
    number = taken(stage)
    resolved(stage, number)
    now = stage.clock.now()
    wish = silences.Wish(Muting.SILENCE, "fraud-scorer", "", now, now + 2 * HOUR, "known", AtEnd.LIST)
    silences.begin(stage.house, stage.by("dana"), wish)
    stage.alert(alert("a"))
    stage.wait(HOUR)
    assert stage.incident(number).state is State.RESOLVED
    stage.wait(2 * HOUR)  # heard before the silence ended, and still not ended
    assert stage.incident(number).state is State.INVESTIGATING


def test_without_a_window_it_is_said_and_left_to_people(stage: Stage) -> None:
    number = taken(stage)
    with rules(stage, reopen_within=0):
        assert "`/inc reopen` brings it back" in resolved(stage, number)[1]
        stage.alert(alert("a"))
        stage.wait(2 * HOUR)
        assert stage.incident(number).state is State.RESOLVED


def test_reopened_or_closed_by_people_it_stays_as_they_left_it(stage: Stage) -> None:
    number = taken(stage)
    resolved(stage, number)
    closing.close(stage.house, stage.by("dana"), number, "nothing to learn")
    stage.alert(alert("a"))
    stage.wait(HOUR)
    assert stage.incident(number).state is State.CLOSED


def test_a_series_that_flaps_renews_one_suggestion(stage: Stage) -> None:
    number = taken(stage)
    first = alert("a")
    stage.alert(replace(first, status=alert("a", status="resolved").status, ends_at=stage.clock.now()))
    stage.settle()
    assert len(stage.posted("suggest:")) == 1
    for cycle in range(1, 4):
        stage.wait(MINUTE)
        now = stage.clock.now()
        fires = replace(first, starts_at=now)
        stage.alert(fires)
        stage.settle()
        (renewed,) = stage.posted("suggest:")
        assert "1 fires again" in renewed
        stage.alert(replace(fires, status=alert("a", status="resolved").status, ends_at=now + timedelta(seconds=9)))
        stage.settle()
        (renewed,) = stage.posted("suggest:")
        assert f"All {cycle + 1} alerts have ended again: {cycle + 1} times by now." in renewed
    assert stage.incident(number).alerts_total == 4
    stage.alert(replace(first, starts_at=stage.clock.now() + MINUTE))
    stage.settle()
    assert "Resolve" not in stage.posted("suggest:")[0]
