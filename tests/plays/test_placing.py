"""Sources that state no start: episodes found in the store, and a delivery that is sent again changes nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from playbooks.domain.alerts import Alert, AlertStatus, Decision, Known, Reason, Said
from playbooks.plays import closing
from playbooks.plays.closing import Resolution
from playbooks.ports import StoredAlert
from tests.plays.stage import MINUTE, Stage, alert


def _fires(known: Known, *, delivery: str = "", after: int = 0) -> Alert:
    word = alert("a")
    return replace(word, starts_at=word.starts_at + after * MINUTE, said=Said(known, delivery))


def _ends(known: Known, *, delivery: str = "", after: int = 9) -> Alert:
    word = alert("a")
    at = word.starts_at + after * MINUTE
    return replace(word, status=AlertStatus.RESOLVED, starts_at=at, ends_at=at, said=Said(known, delivery))


def _firing(stage: Stage) -> int:
    return stage.incident(1).alerts_firing


@pytest.mark.parametrize("known", list(Known))
def test_fires_repeats_and_ends(stage: Stage, known: Known) -> None:
    (opened,) = stage.alert(_fires(known))
    (repeated,) = stage.alert(_fires(known))
    (ended,) = stage.alert(_ends(known))
    (again,) = stage.alert(_ends(known))
    assert [v.decision for v in (opened, repeated, ended, again)] == [
        Decision.OPENED,
        Decision.DUPLICATE,
        Decision.RESOLVED,
        Decision.DUPLICATE,
    ]
    assert {v.alert_id for v in (opened, repeated, ended, again)} == {opened.alert_id}
    assert _firing(stage) == 0


def test_words_of_one_body_are_placed_one_after_the_other(stage: Stage) -> None:
    verdicts = stage.alert(_fires(Known.WHILE_OPEN), _ends(Known.WHILE_OPEN), _fires(Known.WHILE_OPEN, after=20))
    assert [v.decision for v in verdicts] == [Decision.OPENED, Decision.RESOLVED, Decision.ATTACHED]
    assert _firing(stage) == 1


def test_one_end_for_several_turns(stage: Stage) -> None:
    stage.alert(_fires(Known.BY_TURN), _fires(Known.BY_TURN, after=2))
    verdicts = stage.alert(_ends(Known.BY_TURN))
    assert [(v.decision, v.reason) for v in verdicts] == [(Decision.RESOLVED, Reason.FIRING_ENDED)] * 2
    assert _firing(stage) == 0


def test_a_delivery_sent_again_after_the_end_opens_nothing(stage: Stage) -> None:
    known = Known.WHILE_OPEN
    stage.alert(_fires(known, delivery="d-1"))
    stage.alert(_ends(known, delivery="d-2"))
    (late,) = stage.alert(_fires(known, delivery="d-1", after=30))
    assert (late.decision, late.reason) == (Decision.DUPLICATE, Reason.STALE_FIRING)
    assert _firing(stage) == 0
    (new,) = stage.alert(_fires(known, delivery="d-3", after=40))
    assert new.decision is Decision.ATTACHED


def test_a_source_that_tells_no_end_opens_again_once_people_closed(stage: Stage) -> None:
    first = _fires(Known.WHILE_OPEN)
    (opened,) = stage.alert(first)
    assert stage.alert(_fires(Known.WHILE_OPEN, after=5))[0].decision is Decision.DUPLICATE
    stage.settle()
    assert opened.incident is not None
    closing.resolve(stage.house, stage.by("dana"), opened.incident, Resolution("over"))
    (later,) = stage.alert(_fires(Known.WHILE_OPEN, after=10))
    assert later.decision is Decision.REOPENED  # and no duplicate of what is over
    assert later.incident == opened.incident
    assert later.alert_id != opened.alert_id


def test_what_has_no_incident_is_repeated_as_long_as_it_fires(stage: Stage) -> None:
    first = replace(alert("a", component=""), said=Said(Known.WHILE_OPEN))
    with stage.bot.store.begin() as uow:
        now = stage.house.now()
        uow.add_alerts([StoredAlert("n-1", first, "", "f", Decision.RAW, Reason.NO_ALERT, None, now, now)])
    (again,) = stage.alert(replace(first, starts_at=first.starts_at + MINUTE))
    assert (again.decision, again.alert_id) == (Decision.DUPLICATE, "n-1")


def test_sources_that_state_their_starts_are_left_alone(stage: Stage) -> None:
    (first,) = stage.alert(alert("a"))
    (second,) = stage.alert(replace(alert("a"), starts_at=alert("a").starts_at + MINUTE))
    assert (first.decision, second.decision) == (Decision.OPENED, Decision.ATTACHED)
