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
from playbooks.plays import hygiene, standing, weekly_posts
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
    with pytest.raises(errors.UnknownName):
        hygiene.debt_list(stage.house, "fraud-lm")


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
    assert len(told) == 1
    assert "known and watched" in told[0]
    assert "late=None" in told[0]
    stage.wait(7 * DAY)
    assert len(stage.posted("debt:")) == 2


@on_sqlite
def test_a_late_week_says_so(stage: Stage) -> None:
    decided(stage)
    weekly_posts.plan(stage.house)
    stage.clock.at = MONDAY + 9 * DAY
    stage.restart()
    stage.wait(MINUTE)
    told = stage.posted("debt:")
    assert len(told) == 1, "weeks gone by are one post"
    assert "late=datetime.datetime(2026, 11, 30, 9, 0" in told[0]
