"""App Home: each person sees what waits for them and nobody else's, and a click there obeys the same rights."""

from __future__ import annotations

from datetime import timedelta

import pytest

from playbooks import errors
from playbooks.domain.incidents import Role
from playbooks.plays import breakglass, followups, handoff, incident, recertify
from playbooks.plays.home import home_of
from tests.plays.stage import HOUR, STRANGER, Stage, on_sqlite


def test_an_approval_waits_for_its_holder_alone(stage: Stage) -> None:
    action = stage.asked()
    assert [ask.action for ask in home_of(stage.house, "omar").approvals] == [action.id]
    for other in ("ravi", f"slack:{STRANGER}"):
        assert home_of(stage.house, other).approvals == ()
    with pytest.raises(errors.Denied):
        stage.approve("ravi", action)


def test_a_hand_off_waits_for_its_receiver_alone(stage: Stage) -> None:
    number = stage.opened()
    incident.acknowledge(stage.house, stage.by("dana"), number, lead=True)
    handoff.offer(stage.house, stage.by("dana"), number, Role.LEAD, "omar")
    (offer,) = home_of(stage.house, "omar").handoffs
    assert offer.state == "offered"
    for other in ("dana", "zoe", f"slack:{STRANGER}"):
        assert home_of(stage.house, other).handoffs == ()
    handoff.accept(stage.house, stage.by("omar"), offer.handoff)
    assert home_of(stage.house, "omar").handoffs == ()


def test_an_incident_offered_to_a_team_waits_for_its_on_call(stage: Stage) -> None:
    number = stage.opened()
    incident.acknowledge(stage.house, stage.by("dana"), number, lead=True)
    handoff.offer_team(stage.house, stage.by("dana"), number, "search")
    assert len(home_of(stage.house, "zoe").handoffs) == 1
    assert home_of(stage.house, "ravi").handoffs == ()


@on_sqlite
def test_own_incidents_are_listed_and_others_counted(stage: Stage) -> None:
    mine = stage.opened()
    stage.opened("ranker")
    page = home_of(stage.house, "dana")
    assert ([row.tag.number for row in page.incidents], page.others) == ([mine], 1)
    assert home_of(stage.house, f"slack:{STRANGER}").others == 2


@on_sqlite
def test_entries_to_confirm_are_those_of_the_reader_s_teams_until_they_are_confirmed(stage: Stage) -> None:
    assert [entry.component for entry in home_of(stage.house, "zoe").confirm] == ["ranker"]
    assert "ranker" not in [entry.component for entry in home_of(stage.house, "dana").confirm]
    assert home_of(stage.house, f"slack:{STRANGER}").confirm == ()
    recertify.confirm(stage.house, stage.by("zoe"), "ranker")
    assert home_of(stage.house, "zoe").confirm == ()


def test_a_follow_up_is_on_its_holder_s_page_alone_until_it_is_done(stage: Stage) -> None:
    number = stage.opened()
    due = stage.clock.at + 5 * HOUR
    followups.add(stage.house, stage.by("dana"), number, "mend the backfill", "omar", due)
    (owed,) = home_of(stage.house, "omar").entries
    assert (owed.kind, owed.phase, owed.due_at) == ("follow_up", "on", due)
    for other in ("dana", "zoe", f"slack:{STRANGER}"):
        assert home_of(stage.house, other).entries == ()
    stage.wait(6 * HOUR)
    assert [entry.phase for entry in home_of(stage.house, "omar").entries] == ["ended"]
    followups.done(stage.house, stage.by("omar"), owed.entry, "it is mended")
    assert home_of(stage.house, "omar").entries == ()


def test_a_review_is_owed_by_who_holds_the_right_and_not_by_who_broke_the_glass(stage: Stage) -> None:
    action = stage.asked()
    stage.wait(timedelta(minutes=11))
    breakglass.break_glass(stage.house, stage.by("dana"), action.id, "nobody answers")
    (owed,) = home_of(stage.house, "omar").entries
    assert owed.kind == "break_glass"
    for other in ("dana", "zoe", f"slack:{STRANGER}"):
        assert home_of(stage.house, other).entries == ()
