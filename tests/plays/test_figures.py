"""`/inc stats`: what happened on disk, in a few numbers; up to date whatever came after the end; for everybody."""

from __future__ import annotations

from datetime import timedelta
from unittest import mock

import pytest

from bot.incident_metrics import IncidentMetrics
from bot.metrics import Metrics
from bot.slack.calls import Call, Desk
from bot.slack.commands import execute
from bot.slack.grammar import parse
from playbooks import errors
from playbooks.domain.figures import VERSION, Grouping, Measure
from playbooks.domain.timeline import EventKind, EventSource
from playbooks.messages import FigureView, Refusal
from playbooks.plays import closing, figures
from playbooks.plays import incident as incidents
from playbooks.plays.closing import Resolution
from playbooks.plays.figures import Wish, figure_view, last
from tests.plays.stage import HOUR, MINUTE, NIGHT, STRANGER, Stage, on_sqlite

DAY = timedelta(days=1)


def over(stage: Stage, component: str = "fraud-scorer", name: str = "a", *, minutes: int = 5) -> int:
    number = stage.opened(component, name)
    stage.wait(minutes * MINUTE)
    incidents.acknowledge(stage.house, stage.by("dana"), number)
    stage.wait(minutes * MINUTE)
    closing.resolve(stage.house, stage.by("dana"), number, Resolution(impact_at=NIGHT - HOUR))
    stage.settle()
    return number


def view(stage: Stage, by: Grouping | None = None, name: str = "") -> FigureView:
    return figure_view(stage.house, Wish(last(stage.clock.at), by, name))


def medians(shown: FigureView) -> dict[str, int | None]:
    return {row.label: row.median for row in shown.rows}


def kept(stage: Stage) -> list[int]:
    with stage.bot.store.read() as uow:
        return [one.incident_id for one in uow.figures(VERSION, since=last(stage.clock.at).start, until=stage.clock.at)]


def test_nothing_is_over_yet(stage: Stage) -> None:
    stage.opened()
    shown = view(stage)
    assert (shown.count, shown.still_open) == (0, 1)
    assert set(medians(shown).values()) == {None}


def test_what_was_played_is_told_before_and_after_it_is_kept(stage: Stage) -> None:
    numbers = [over(stage, "fraud-scorer"), over(stage, "ranker", "b", minutes=20)]
    stage.wait(MINUTE)
    told = view(stage, Grouping.COMPONENT)
    assert kept(stage) == []
    assert (told.count, told.pending, told.still_open) == (2, 0, 0)
    found = medians(told)
    assert found["Resolve"] == (10 + 40) * 60 // 2
    assert found["Acknowledge"] == ((51 + 5) + (51 + 30)) * 60 // 2  # both alerts began 51 min before the first opened
    assert found["Decide"] is None
    assert [(group.name, group.count, group.resolve) for group in told.groups] == [
        ("fraud-scorer", 1, 600),
        ("ranker", 1, 2400),
    ]
    assert figures.bring_up(stage.house) == 0
    assert kept(stage) == numbers
    assert view(stage, Grouping.COMPONENT) == told


def test_what_comes_after_the_end_is_computed_anew_also_after_a_restart(stage: Stage) -> None:
    number = over(stage)
    figures.bring_up(stage.house)
    before = medians(view(stage))["Silent"]
    at = NIGHT - 2 * HOUR
    incidents.note(stage.house, stage.by("dana"), number, "it began", at=at, kind=EventKind.IMPACT_START)
    stage.settle()
    stage.restart()
    assert kept(stage) == []
    told = medians(view(stage))["Silent"]
    assert told is not None
    assert before is not None
    assert told > before
    figures.bring_up(stage.house)
    assert kept(stage) == [number]
    assert medians(view(stage))["Silent"] == told


@on_sqlite
def test_reopened_it_has_no_figures_until_it_is_over_again(stage: Stage) -> None:
    number = over(stage)
    figures.bring_up(stage.house)
    closing.reopen(stage.house, stage.by("dana"), number)
    shown = view(stage)
    assert (shown.count, shown.still_open) == (0, 1)
    stage.wait(MINUTE)
    closing.resolve(stage.house, stage.by("dana"), number, Resolution())
    assert view(stage).count == 1


@on_sqlite
def test_another_computation_is_made_in_slices_and_what_lacks_is_said(stage: Stage) -> None:
    numbers = [over(stage, component, component, minutes=1) for component in ("ranker", "fraud-scorer", "spam-filter")]
    figures.bring_up(stage.house)
    with mock.patch.object(figures, "VERSION", VERSION + 1), mock.patch.object(figures, "_AT_ONCE", 1):
        shown = view(stage)
        assert (shown.count, shown.pending) == (1, 2)
        with mock.patch("playbooks.domain.figures.VERSION", VERSION + 1):
            assert figures.bring_up(stage.house, limit=2) == 1
            assert view(stage).pending == 0
            assert figures.bring_up(stage.house, limit=2) == 0
    assert kept(stage) == []
    figures.bring_up(stage.house)
    assert kept(stage) == numbers


@on_sqlite
def test_what_is_open_and_what_stands_in_the_ledger_is_counted(stage: Stage) -> None:
    stage.opened("ranker", "r")
    stage.disabled()
    metrics = Metrics()
    metrics.collect_from(IncidentMetrics(stage.house))
    text = metrics.text().decode()
    assert 'muster_incidents_open{severity="sev2",state="triage"} 1.0' in text
    assert 'muster_debt_entries{kind="disable",overdue="no"} 1.0' in text
    stage.clock.at += 9 * DAY
    assert 'muster_debt_entries{kind="disable",overdue="yes"} 1.0' in metrics.text().decode()


@on_sqlite
def test_the_period_before_is_the_trend(stage: Stage) -> None:
    over(stage, minutes=20)
    stage.wait(40 * DAY)
    over(stage, "ranker", "b", minutes=5)
    shown = view(stage)
    row = next(row for row in shown.rows if row.label == Measure.RESOLVE.label)
    assert (shown.count, shown.before, row.median, row.before, row.before_n, row.few) == (1, 1, 600, 2400, 1, True)


@on_sqlite
@pytest.mark.parametrize(
    ("name", "count"), [("fraud-scorer", 1), ("RANKER", 1), ("SEV2", 2), ("sev2", 2), ("sev1", 0), ("fraud-ml", 1)]
)
def test_of_one_thing_alone(stage: Stage, name: str, count: int) -> None:
    over(stage)
    over(stage, "ranker", "b")
    assert view(stage, name=name).count == count


@on_sqlite
def test_a_name_nothing_has_is_answered_with_the_nearest(stage: Stage) -> None:
    with pytest.raises(errors.UnknownName, match="fraud-scorr") as told:
        view(stage, name="fraud-scorr")
    assert "fraud-scorer" in told.value.next_step
    with pytest.raises(errors.UnknownName):
        view(stage, name="<!channel> *x*")


@on_sqlite
def test_holder_other_team_and_stranger_read_the_same(stage: Stage) -> None:
    over(stage)
    answers = []
    for user in ("U02OMAR", "U04MEI", STRANGER):
        call = Call(user, "C01FRAUDML", f"stats:{user}", EventSource.SLASH)
        answers.append(execute(Desk(stage.house), call, parse("stats component since 3d", command="/inc")))
    assert isinstance(answers[0], FigureView)
    assert answers[0] == answers[1] == answers[2]


@on_sqlite
@pytest.mark.parametrize(
    "words", ["since 2031-01-01", "since 1999-01-01", "5h", "since x", "nobody-here", "<!channel>"]
)
def test_what_cannot_be_read_is_one_sentence(stage: Stage, words: str) -> None:
    call = Call("U02OMAR", "C01FRAUDML", "stats", EventSource.SLASH)
    said = execute(Desk(stage.house), call, parse(f"stats {words}", command="/inc"))
    assert isinstance(said, Refusal)
    assert said.next_step
