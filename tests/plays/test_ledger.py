"""The ledger: stored and computed entries as one list, each with owner, reason, since, due and age; the weekly post."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine

from playbooks import errors
from playbooks.domain.actions import ActionKind
from playbooks.domain.debt import Age, DebtKind, by_team
from playbooks.domain.ownership import Registry
from playbooks.plays import hygiene, recertify, standing, weekly_posts
from playbooks.plays.hygiene import debts
from tests.plays.ledger_registry import LEDGER_REGISTRY, LEDGER_TEXT
from tests.plays.stage import HOUR, MINUTE, Stage, alert, on_sqlite
from tests.simulation.bot import RULES

DAY = timedelta(days=1)
MONDAY = datetime(2026, 11, 23, 9, tzinfo=UTC)


@pytest.fixture
def stage(engine: Engine) -> Stage:
    return Stage(engine, registry=LEDGER_REGISTRY, rules=replace(RULES, debt_channel="C03SEARCH"))


def filled(stage: Stage) -> None:
    """One of nearly everything."""
    stage.disabled("auto-decline", 4 * HOUR)
    decided(stage)
    stage.alert(alert("mystery", ""))
    stage.settle()


def decided(stage: Stage) -> None:
    """What stands for days without anything falling due."""
    for kind, who in ((ActionKind.ACCEPT_RISK, "lin"), (ActionKind.FREEZE, "omar")):
        wish = standing.Wish(kind, "fraud-scorer", stage.clock.at + 10 * DAY, "known and watched")
        standing.ask_for(stage.house, stage.by(who), wish)
    stage.settle()


def test_stored_and_computed_entries_are_one_list(stage: Stage) -> None:
    filled(stage)
    found = {debt.kind: debt for debt in debts(stage.house)}
    assert set(found) == {
        DebtKind.DISABLE,
        DebtKind.ACCEPTED_RISK,
        DebtKind.FREEZE,
        DebtKind.UNOWNED_ALERTS,
        DebtKind.EXPIRED_REVIEW,
    }
    for debt in found.values():
        assert debt.team
        assert debt.reason
        assert debt.due_at >= debt.since
        assert debt.age in Age
    assert (found[DebtKind.ACCEPTED_RISK].owner, found[DebtKind.DISABLE].owner) == ("lin", "dana")
    expired, unowned = found[DebtKind.EXPIRED_REVIEW], found[DebtKind.UNOWNED_ALERTS]
    assert (expired.component, expired.team, expired.overdue, expired.age) == (
        "fraud-scorer",
        "fraud-ml",
        True,
        Age.OLDER,
    )
    assert (unowned.team, unowned.overdue) == ("triage", False)
    assert debts(stage.house)[0].overdue, "overdue ones first"


def test_one_team_alone_and_a_team_nobody_knows(stage: Stage) -> None:
    filled(stage)
    assert {row.team for row in hygiene.debt_list(stage.house, "fraud-ml").rows} == {"fraud-ml"}
    assert hygiene.debt_list(stage.house, "search").rows == ()
    assert {row.team for row in hygiene.debt_list(stage.house).teams} == {"fraud-ml", "triage"}
    with pytest.raises(errors.UnknownName, match="fraud-lm") as told:
        hygiene.debt_list(stage.house, "fraud-lm")
    assert "fraud-ml" in told.value.next_step


def test_of_a_component_and_of_a_person(stage: Stage) -> None:
    filled(stage)
    assert {row.what for row in hygiene.debt_list(stage.house, "auto-decline").rows} == {"switched off"}
    assert {row.what for row in hygiene.debt_list(stage.house, person="lin").rows} == {"accepted risk"}
    assert hygiene.debt_list(stage.house, person="zoe").rows == ()
    assert hygiene.debt_list(stage.house, person="slack:U99STRANGER").rows == ()


@on_sqlite
def test_a_long_list_is_capped_and_the_rest_is_reached(stage: Stage) -> None:
    for number in range(30):
        wish = standing.Wish(ActionKind.ACCEPT_RISK, "fraud-scorer", stage.clock.at + 10 * DAY, f"known {number}")
        standing.ask_for(stage.house, stage.by("lin"), wish)
    seen: list[str] = []
    for page in (1, 2, 3):
        shown = hygiene.debt_list(stage.house, "fraud-ml", page=page)
        seen += [f"{row.what} {row.reason}" for row in shown.rows]
        assert (shown.total, shown.more) == (31, max(0, 31 - 12 * page))
    assert len(seen) == len(set(seen)) == 31
    assert hygiene.debt_list(stage.house, page=99).page == 3
    assert dict(shown.ages) == {"over a month": 1, "under a day": 30}
    assert shown.overdue == 1


@on_sqlite
def test_every_kind_comes_into_the_ledger_and_leaves_it(stage: Stage) -> None:
    """What the registry and the alerts say goes when they say otherwise; the stored kinds have tests of their own."""
    stage.alert(alert("mystery", ""))
    stage.settle()

    def kinds() -> set[DebtKind]:
        return {debt.kind for debt in debts(stage.house)}

    assert kinds() == {DebtKind.UNOWNED_ALERTS, DebtKind.EXPIRED_REVIEW}
    text = LEDGER_TEXT.replace("reviewed_on: 2026-07-01", "reviewed_on: 2026-11-01")
    stage.registry = Registry.load(text.replace("match: {labels.component: ranker}", "match: {name: ModelDriftHigh}"))
    stage.restart()
    assert kinds() == set(), "a matcher fits the alerts now, and the review was done"
    stage.clock.at += 365 * DAY
    assert kinds() == {DebtKind.EXPIRED_REVIEW}
    recertify.confirm(stage.house, stage.by("dana"), "fraud-scorer")
    assert kinds() == set()


def test_by_team_the_most_overdue_first(stage: Stage) -> None:
    filled(stage)
    stage.clock.at += 8 * DAY
    told = by_team(debts(stage.house))
    assert [t.team for t in told] == ["fraud-ml", "triage"]
    assert [t.overdue for t in told] == [2, 1]


@on_sqlite
@pytest.mark.parametrize("kind", ["muted_alert", "guardrail_tightened", "guardrail_relaxed"])
def test_a_lever_says_which_kind_of_debt_it_makes(engine: Engine, kind: str) -> None:
    text = LEDGER_TEXT.replace("flag: auto-decline,", f"flag: auto-decline, debt: {kind},")
    stage = Stage(engine, registry=Registry.load(text))
    entry = stage.disabled("auto-decline", 4 * HOUR)
    assert (entry.kind, entry.team) == (kind, "fraud-ml")
    lever = stage.registry.component("auto-decline").lever("disable")
    assert lever is not None
    assert "debt" not in lever.binding, "a provider knows its own keys alone, and refuses others"
    assert stage.override(entry.id).state == "on"
    with pytest.raises(errors.ConfigError, match="debt"):
        Registry.load(text.replace(f"debt: {kind}", "debt: other"))


@on_sqlite
def test_a_team_without_anybody_owns_nothing(engine: Engine) -> None:
    text = LEDGER_TEXT.replace(
        "search: {channel: C03SEARCH, members: [zoe], on_call: {static: [zoe]}}", "search: {channel: C03SEARCH}"
    )
    stage = Stage(engine, registry=Registry.load(text))
    unowned = [debt.component for debt in debts(stage.house) if debt.kind is DebtKind.UNOWNED_COMPONENT]
    assert unowned == ["ranker"]


# ------------------------------------------------------------------ the weekly post


def test_the_week_is_posted_once_over_restarts(stage: Stage) -> None:
    decided(stage)
    weekly_posts.plan(stage.house)
    stage.wait(MONDAY - stage.clock.at - MINUTE)
    assert stage.posted("debt:") == []
    for _ in range(3):
        stage.wait(MINUTE)
        weekly_posts.plan(stage.house)
        stage.restart()
    told = stage.posted("debt:2026-11-23")
    assert len(told) == 2, "the whole, and the one team's that holds something"
    assert all("known and watched" in text and "late=None" in text for text in told)
    assert len(stage.posted("debt:2026-11-23:fraud-ml")) == 1
    stage.wait(7 * DAY)
    assert len(stage.posted("debt:")) == 4


def test_a_team_without_debt_or_with_the_whole_in_its_channel_gets_no_post_of_its_own(stage: Stage) -> None:
    stage.alert(alert("mystery", ""))
    stage.settle()
    wish = standing.Wish(ActionKind.FREEZE, "ranker", stage.clock.at + 10 * DAY, "index is rebuilt")
    standing.ask_for(stage.house, stage.by("zoe"), wish)
    stage.settle()
    posts = {surface.id: surface.target for surface in hygiene.weekly_surfaces(stage.house, MONDAY)}
    assert posts == {
        "debt:2026-11-23": "C03SEARCH",
        "debt:2026-11-23:fraud-ml": "C01FRAUDML",
        "debt:2026-11-23:triage": "C00TRIAGE",
    }


@on_sqlite
def test_a_late_week_says_so(stage: Stage) -> None:
    decided(stage)
    weekly_posts.plan(stage.house)
    stage.clock.at = MONDAY + 9 * DAY
    stage.restart()
    stage.wait(MINUTE)
    told = stage.posted("debt:")
    assert len(told) == 2, "weeks gone by are one post, of all and of the team"
    assert all("late=datetime.datetime(2026, 11, 30, 9, 0" in text for text in told)
