"""The weekly digest, and the line for neighbours: once, durable, and nothing where there is nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from playbooks.messages import DigestNote, LearnedNote, Longest
from playbooks.plays import closing, figures, followups, outreach, views, weekly_posts
from playbooks.plays import incident as incidents
from playbooks.plays.closing import Resolution
from playbooks.ports import Surface
from tests.plays.stage import HOUR, MINUTE, NIGHT, Stage, on_sqlite
from tests.simulation.bot import RULES

MONDAY = datetime(2026, 11, 23, 9, tzinfo=UTC)
DAY = timedelta(days=1)


def over(stage: Stage, component: str = "fraud-scorer", name: str = "a") -> int:
    number = stage.opened(component, name)
    incidents.acknowledge(stage.house, stage.by("dana"), number)
    stage.wait(5 * MINUTE)
    closing.resolve(stage.house, stage.by("dana"), number, Resolution(impact_at=NIGHT - HOUR))
    stage.settle()
    return number


def surfaces(stage: Stage, prefix: str) -> list[Surface]:
    with stage.bot.store.read() as uow:
        return list(uow.surfaces_named(prefix))


def digests(stage: Stage) -> dict[str, DigestNote]:
    """The posts by channel, as they would be shown now."""
    found = {}
    with stage.bot.store.read() as uow:
        for surface in uow.surfaces_named("digest:"):
            note = views.build(stage.house, uow, surface)
            assert isinstance(note, DigestNote)
            found[surface.target] = note
    return found


def to_monday(stage: Stage, weeks: int = 0) -> None:
    weekly_posts.plan(stage.house)
    stage.wait(MONDAY + weeks * 7 * DAY + MINUTE - stage.clock.at)


def test_the_week_is_told_to_the_operators_and_to_each_team_once_over_restarts(stage: Stage) -> None:
    first = over(stage)
    over(stage, "ranker", "b")
    figures.bring_up(stage.house)
    to_monday(stage)
    stage.restart()
    weekly_posts.plan(stage.house)
    stage.wait(DAY)
    told = digests(stage)
    assert {channel: note.count for channel, note in told.items()} == {
        "C00TRIAGE": 2,
        "C01FRAUDML": 1,
        "C03SEARCH": 1,
    }
    own = told["C01FRAUDML"]
    assert [row.label for row in own.rows] == ["Silent", "Acknowledge", "Resolve"]
    assert own.longest == Longest(f"INC-{first}", "fraud-scorer", 9 * 60)
    assert (own.again, own.late, own.usual) == ((), (), 0)
    assert len(stage.posted("digest:")) == 3


@on_sqlite
def test_a_calm_week_is_told_to_nobody(stage: Stage) -> None:
    stage.opened()
    to_monday(stage)
    assert digests(stage) == {}
    to_monday(stage, 1)
    assert digests(stage) == {}


@on_sqlite
def test_what_came_again_and_what_is_overdue(stage: Stage) -> None:
    first = over(stage)
    followups.add(stage.house, stage.by("dana"), first, "alert on late features", "omar", stage.clock.at + 5 * DAY)
    to_monday(stage, 1)
    second = over(stage, name="z")
    to_monday(stage, 2)
    with stage.bot.store.read() as uow:
        surface = uow.surface("digest:2026-12-07:fraud-ml")
        assert surface is not None
        note = views.build(stage.house, uow, surface)
    assert isinstance(note, DigestNote)
    assert note.again == ((f"INC-{second}", f"INC-{first}"),)
    assert [(holder, incident) for _, holder, incident, _ in note.late] == [("omar", f"INC-{first}")]
    assert (note.count, note.usual) == (1, 1)


# ------------------------------------------------------------------ neighbours


def closed(stage: Stage, number: int) -> None:
    closing.close(stage.house, stage.by("dana"), number, "nothing to learn from a test")
    stage.settle()


def lines(stage: Stage, number: int) -> dict[str, LearnedNote]:
    found = {}
    with stage.bot.store.read() as uow:
        for surface in uow.surfaces_named(f"learned:{number}:"):
            note = views.build(stage.house, uow, surface)
            assert isinstance(note, LearnedNote)
            found[surface.target] = note
    return found


def test_who_is_upstream_is_told_once_when_the_review_is_closed(stage: Stage) -> None:
    number = over(stage)
    followups.add(stage.house, stage.by("dana"), number, "alert on late features", "omar", None)
    assert lines(stage, number) == {}
    closed(stage, number)
    told = lines(stage, number)
    assert {channel: (note.why, note.left) for channel, note in told.items()} == {
        "C02PAYDATA": ("It reads your transactions-features", 1)
    }
    closing.reopen(stage.house, stage.by("dana"), number)
    closing.resolve(stage.house, stage.by("dana"), number, Resolution())
    stage.restart()
    closed(stage, number)
    outreach.tell(stage.house, number)
    stage.settle()
    assert len(stage.posted(f"learned:{number}")) == 1


@on_sqlite
def test_downstream_and_who_had_one_like_it_is_told(stage: Stage) -> None:
    other = over(stage, "ranker", "b")
    stage.clock.at += DAY
    with stage.bot.store.begin() as uow:
        found = uow.incident(other, lock=True)
        assert found is not None
        uow.save_incident(replace(found, failure="stale"), open_key=None)
    number = over(stage, "transactions-features", "c")
    closed(stage, number)
    assert {channel: note.why for channel, note in lines(stage, number).items()} == {
        "C01FRAUDML": "Your fraud-scorer reads it",
        "C03SEARCH": f"Your INC-{other} was like it: same failure",
    }


@on_sqlite
def test_a_team_that_wants_none_gets_none(stage: Stage) -> None:
    stage.rules = replace(RULES, untold_teams=("payments-data",))
    stage.restart()
    number = over(stage)
    closed(stage, number)
    assert lines(stage, number) == {}


@on_sqlite
def test_an_incident_reopened_before_the_job_ran_tells_nobody(stage: Stage) -> None:
    number = over(stage)
    closing.close(stage.house, stage.by("dana"), number, "done")
    closing.reopen(stage.house, stage.by("dana"), number)
    stage.settle()
    assert lines(stage, number) == {}
