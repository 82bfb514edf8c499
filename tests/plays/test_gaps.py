"""Gaps: what was found wanting where the registry points, since when, and each team's weekly look with its clicks."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from playbooks import errors
from playbooks.domain.gaps import GapKind, Sighting, entry_hash
from playbooks.domain.ownership import Registry
from playbooks.domain.who import who
from playbooks.messages.gaps import GapList, TeamGaps
from playbooks.plays import inspection, recertify, weekly_posts
from playbooks.plays.inspection import outside_of
from playbooks.ports import Surface
from tests.contracts.fake_lever import FakeFault
from tests.plays.stage import HOUR, MINUTE, STRANGER, Stage, alert, on_sqlite
from tests.simulation.bot import REGISTRY

MONDAY = datetime(2026, 11, 23, 9, tzinfo=UTC)
DAY = timedelta(days=1)


def inspected(stage: Stage) -> None:
    """Every look once, as the tick asks for it."""
    stage.wait(2 * MINUTE)
    inspection.begin(stage.house)
    stage.settle()
    inspection.note_ages(stage.house)


def told(stage: Stage, about: str = "") -> list[str]:
    """Sentences of all gaps, of one component or team where one is named."""
    return [row.sentence for row in everything(stage, about).rows]


def everything(stage: Stage, about: str = "") -> GapList:
    return recertify.gap_list(stage.house, asker="dana", about=about, limit=500)


def week(stage: Stage, team: str = "fraud-ml") -> TeamGaps:
    with stage.house.store.read() as uow:
        surface = uow.surface(f"gaps_week:{team}:2026-11-23")
        assert surface is not None
        view = recertify.team_gaps(stage.house, uow, surface)
    assert view is not None
    return view


def at_monday(stage: Stage) -> None:
    weekly_posts.plan(stage.house)
    stage.wait(MONDAY - stage.clock.at + MINUTE)


# ------------------------------------------------------------------ what is looked up


def test_somebody_who_left_slack_is_a_gap_where_the_entry_names_them_until_they_are_back(stage: Stage) -> None:
    stage.slack.users.discard("U02OMAR")
    inspected(stage)
    first = stage.clock.at
    (row,) = [r for r in everything(stage, "fraud-scorer").rows if "omar" in r.sentence and "left" in r.sentence]
    assert row.sentence == "omar (roll back) has left Slack: the account is deactivated."
    assert row.since is not None
    assert row.since <= first
    assert "ownership.yaml names omar" in row.todo
    stage.wait(HOUR)
    inspected(stage)
    (same,) = [r for r in everything(stage, "fraud-scorer").rows if "left" in r.sentence]
    assert same.since == row.since, "a gap keeps its age"
    stage.slack.users.add("U02OMAR")
    stage.wait(DAY)
    inspected(stage)
    assert not any("left Slack" in sentence for sentence in told(stage, "fraud-scorer"))


@on_sqlite
def test_nobody_is_looked_up_twice_a_day(stage: Stage) -> None:
    inspected(stage)
    asked = stage.slack.calls.count(("users.info", "U02OMAR"))
    stage.wait(HOUR)
    inspected(stage)
    assert stage.slack.calls.count(("users.info", "U02OMAR")) == asked == 1


def test_a_lever_that_does_not_answer_is_a_gap_and_goes_away_by_itself(stage: Stage) -> None:
    stage.world.fail(FakeFault.DOWN, on="describe")
    inspected(stage)
    (found,) = [sentence for sentence in told(stage, "fraud-scorer") if "reachable" in sentence]
    assert found.startswith("The rollback lever is not reachable: ")
    stage.world.clear()
    stage.wait(HOUR)
    inspected(stage)
    assert not any("reachable" in sentence for sentence in told(stage, "fraud-scorer"))


@on_sqlite
def test_a_model_without_another_version_marked_good_has_no_target(stage: Stage) -> None:
    stage.world.models["fraud-scorer"].versions.pop("42")
    inspected(stage)
    found = [sentence for sentence in told(stage, "fraud-scorer") if "rollback has no target" in sentence]
    assert found == ["No version of fraud-scorer but the one in place is marked good: a rollback has no target."]
    assert not any("no target" in sentence for sentence in told(stage, "ranker"))


def test_a_matcher_that_never_matched_is_a_gap_after_two_weeks(stage: Stage) -> None:
    stage.alert(alert("a", "fraud-scorer"))
    stage.settle()
    inspected(stage)
    assert not any("never matched" in sentence for sentence in told(stage))
    stage.clock.at += 15 * DAY
    inspected(stage)
    silent = "The alert matcher `labels.component = ranker` never matched."
    assert silent in told(stage, "ranker")
    assert not any("never matched" in sentence for sentence in told(stage, "fraud-scorer"))
    stage.alert(replace(alert("a", "ranker"), starts_at=stage.clock.at))
    stage.settle()
    inspected(stage)
    assert silent not in told(stage, "ranker")


def test_what_alerts_name_and_nobody_owns_is_a_gap_until_the_registry_owns_it(stage: Stage) -> None:
    stage.alert(alert("a", "churn-scorer"))
    stage.settle()
    inspected(stage)
    found = [sentence for sentence in told(stage) if "churn-scorer has no owner" in sentence]
    assert found == ["churn-scorer has no owner: alerts name it, the last one is ModelDriftHigh from prod."]
    stage.registry = replace(
        REGISTRY, components={**REGISTRY.components, "churn-scorer": REGISTRY.components["ranker"]}
    )
    stage.restart()
    assert not any("has no owner" in sentence for sentence in told(stage))


@on_sqlite
def test_gaps_of_the_asker_s_teams_come_first_and_an_unknown_name_is_told(stage: Stage) -> None:
    mine = recertify.gap_list(stage.house, asker="zoe").rows[0]
    assert mine.where == "ranker"
    assert all(row.where == "ranker" for row in everything(stage, "search").rows)
    with pytest.raises(errors.UnknownName):
        everything(stage, "rankr")


# ------------------------------------------------------------------ once a week


def test_each_team_is_told_of_its_own_components_alone(stage: Stage) -> None:
    at_monday(stage)
    assert {entry.component for entry in week(stage, "search").entries} == {"ranker"}
    assert "ranker" not in {entry.component for entry in week(stage).entries}
    assert len(stage.posted("gaps_week:fraud-ml")) == 1
    assert len(stage.posted("conflicts_week:")) == 1


@on_sqlite
def test_a_team_with_nothing_to_mend_is_left_alone(stage: Stage) -> None:
    text = """
api: ownership/v1
people: {ann: {slack: U01ANN}}
teams: {a: {channel: C01AAA, members: [ann], on_call: {static: [ann]}}}
components:
  c:
    {kind: service, accountable: a, reviewed_on: 2026-11-20, rights: {accept_risk: {decide: [ann], approvals: 0}}}
"""
    stage.registry = Registry.load(text)
    stage.restart()
    assert recertify.post(stage.house, MONDAY) == []


def test_a_member_confirms_and_the_post_and_the_review_show_it(stage: Stage) -> None:
    at_monday(stage)
    entry = entry_hash(REGISTRY.components["ranker"])
    recertify.confirm(stage.house, stage.by("zoe"), "ranker", entry)
    stage.settle()
    (shown,) = week(stage, "search").entries
    assert shown.confirmed_by is not None
    assert shown.confirmed_by.name == "zoe"
    assert "confirmed_by=Who(name='zoe'" in stage.posted("gaps_week:search")[0], "the message in Slack says so"
    with stage.house.store.read() as uow:
        outside = outside_of(stage.house, uow, component="ranker")
    view = who(REGISTRY, "ranker", stage.house.on_call.now, stage.clock.at, outside=outside)
    assert (view.reviewed_on, view.confirmed_by) == (stage.clock.at.date(), "zoe")
    assert "This entry was never reviewed." not in view.missing


@pytest.mark.parametrize("name", ["dana", "ravi", STRANGER])
def test_nobody_else_confirms_and_is_told_who_may(stage: Stage, name: str) -> None:
    with pytest.raises(errors.Denied) as refused:
        recertify.confirm(stage.house, stage.by(name), "ranker")
    assert "Only search" in refused.value.sentence
    assert refused.value.ask == ("zoe",)
    with stage.house.store.read() as uow:
        assert uow.confirmation("ranker") is None


def test_a_stale_button_is_answered_plainly(stage: Stage) -> None:
    with pytest.raises(errors.Conflict) as changed:
        recertify.confirm(stage.house, stage.by("zoe"), "ranker", "0" * 16)
    assert "changed since this message" in changed.value.sentence
    recertify.confirm(stage.house, stage.by("zoe"), "ranker")
    with pytest.raises(errors.Conflict) as again:
        recertify.confirm(stage.house, stage.by("zoe"), "ranker")
    assert "was confirmed by zoe" in again.value.sentence
    stage.wait(2 * DAY)
    recertify.confirm(stage.house, stage.by("zoe"), "ranker")


@on_sqlite
def test_a_confirmation_moves_the_due_day_and_the_file_s_later_day_counts_more(stage: Stage) -> None:
    ranker = REGISTRY.components["ranker"].model_copy(update={"review_every": timedelta(days=30)})
    stage.registry = replace(REGISTRY, components={**REGISTRY.components, "ranker": ranker})
    stage.restart()
    said = recertify.confirm(stage.house, stage.by("zoe"), "ranker")
    assert said.hint == "Its next review is due on 2026-12-21."
    with stage.house.store.read() as uow:
        assert [e.component for e in recertify.to_confirm(stage.house, uow, "zoe", 5)] == []
    stage.clock.at += 25 * DAY
    with stage.house.store.read() as uow:
        assert [e.component for e in recertify.to_confirm(stage.house, uow, "zoe", 5)] == ["ranker"]
        assert recertify.to_confirm(stage.house, uow, STRANGER, 5) == ()


@on_sqlite
def test_conflicts_between_imports_are_told_to_the_operators(stage: Stage) -> None:
    from playbooks.domain.imported import Told

    stage.registry = replace(REGISTRY, findings=(Told("error", "catalog.yaml:4", "Two owners for x."),))
    stage.restart()
    assert everything(stage).rows[0].sentence == "Two owners for x."
    with stage.house.store.read() as uow:
        view = recertify.operator_gaps(stage.house, uow, Surface("conflicts_week:2026-11-23", "conflicts_week", "C"))
    assert view is not None
    assert [row.sentence for row in view.conflicts] == ["Two owners for x."]


@on_sqlite
def test_sightings_of_what_left_the_registry_are_forgotten(stage: Stage) -> None:
    now = stage.clock.at
    with stage.house.store.begin() as uow:
        uow.put_sightings([Sighting(GapKind.HOLDER_LEFT, "U77GONE", False, "has left Slack.", now, now)])
    inspected(stage)
    with stage.house.store.read() as uow:
        assert "U77GONE" not in uow.sightings(GapKind.HOLDER_LEFT)
