"""Signals that must come: a missing one is an alert that ends when it comes; a quiet source is told to operators."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine

from playbooks import errors
from playbooks.domain.alerts import Change, Decision
from playbooks.domain.ownership import Registry
from playbooks.plays import heartbeats
from playbooks.plays.receive import record_changes
from playbooks.plays.retaking import raise_own
from playbooks.plays.timebox import sweep
from tests.plays.stage import HOUR, MINUTE, NIGHT, Stage, alert
from tests.simulation.bot import RULES

_TEXT = (Path(__file__).parent / "ownership.yaml").read_text("utf-8")
EXPECTS = """    expects:
      - {signal: training, every: 24h, grace: 30m, change: fraud-scorer@champion}
      - {signal: watchdog, every: 10m, grace: 5m, match: {name: Watchdog}}
      - {signal: eval, every: 6h, grace: 10m, severity: critical}
"""
EXPECTING = Registry.load(_TEXT.replace("    fallback: rules engine v3\n", EXPECTS, 1))


@pytest.fixture
def stage(engine: Engine) -> Stage:
    made = Stage(engine, registry=EXPECTING, rules=replace(RULES, quiet_after={"prod": 1800}))
    heartbeats.plan(made.house)
    return made


def only(stage: Stage, signal: str) -> None:
    """Leave the other signals out of this story."""
    with stage.bot.store.begin() as uow:
        for timer in ("expected:fraud-scorer:training", "expected:fraud-scorer:watchdog", "expected:fraud-scorer:eval"):
            if not timer.endswith(f":{signal}"):
                uow.cancel_timer(timer)
        uow.cancel_timer("quiet:prod")


def test_a_missing_signal_is_an_incident_of_its_component(stage: Stage) -> None:
    only(stage, "eval")
    stage.restart()
    stage.wait(6 * HOUR + 11 * MINUTE)
    (one,) = stage.incidents()
    assert (one.title, one.component, one.failure) == (
        "eval is missing on fraud-scorer", "fraud-scorer", "eval is missing",
    )  # fmt: skip
    assert (one.severity, one.team, one.alerts_firing) == ("sev2", "fraud-ml", 1)
    (held,) = stage.alerts(one.id)
    assert held.alert.starts_at == NIGHT + 6 * HOUR + 10 * MINUTE
    stage.wait(13 * HOUR)
    assert stage.incident(one.id).alerts_total == 1, "still missing is the same episode"


def test_when_it_comes_the_alert_ends_and_the_next_one_is_due_later(stage: Stage) -> None:
    only(stage, "eval")
    stage.wait(7 * HOUR)
    late = heartbeats.beat(stage.house, "fraud-scorer", "eval")
    assert late == stage.clock.at + 6 * HOUR + 10 * MINUTE
    stage.restart()
    stage.wait(MINUTE)
    assert stage.incident(1).alerts_firing == 0
    stage.wait(7 * HOUR)
    assert [i.alerts_total for i in stage.incidents()] == [2], "the next one is an episode of its own"


def test_what_comes_in_time_opens_nothing(stage: Stage) -> None:
    only(stage, "eval")
    for _ in range(4):
        stage.wait(5 * HOUR)
        heartbeats.beat(stage.house, "fraud-scorer", "eval")
    assert stage.incidents() == []


def test_alertmanagers_watchdog_is_a_signal_and_no_alert(stage: Stage) -> None:
    only(stage, "watchdog")
    watchdog = replace(alert("dog", ""), name="Watchdog")
    for _ in range(3):
        told = stage.alert(watchdog)[0]
        stage.wait(10 * MINUTE)
    assert told.decision is Decision.DUPLICATE
    assert stage.incidents() == []
    stage.wait(20 * MINUTE)
    assert [i.failure for i in stage.incidents()] == ["watchdog is missing"]


def test_a_change_may_be_the_signal(stage: Stage) -> None:
    only(stage, "training")
    stage.wait(20 * HOUR)
    change = Change("mlflow", "e1", "model_alias", "fraud-scorer@champion", "44", stage.clock.at)
    record_changes(stage.house, [change])
    stage.wait(20 * HOUR)
    assert stage.incidents() == []
    stage.wait(6 * HOUR)
    assert len(stage.incidents()) == 1


def test_a_crash_between_alert_and_timer_raises_no_second_alert(stage: Stage) -> None:
    only(stage, "eval")
    stage.clock.at += 7 * HOUR

    def dies(raised: object) -> None:
        raise_own(stage.house, raised)  # type: ignore[arg-type]
        raise KeyboardInterrupt

    with stage.bot.store.read() as uow:
        (due,) = uow.due_timers(now=stage.clock.at)
    with pytest.raises(KeyboardInterrupt):
        heartbeats.fire(stage.house, due, dies)
    stage.restart()
    sweep(stage.house)
    assert [i.alerts_total for i in stage.incidents()] == [1]


def test_a_signal_that_comes_while_its_alert_is_raised_ends_it(stage: Stage) -> None:
    only(stage, "eval")
    stage.clock.at += 7 * HOUR

    def meanwhile(raised: object) -> None:
        raise_own(stage.house, raised)  # type: ignore[arg-type]
        heartbeats.beat(stage.house, "fraud-scorer", "eval")

    with stage.bot.store.read() as uow:
        (due,) = uow.due_timers(now=stage.clock.at)
    assert not heartbeats.fire(stage.house, due, meanwhile)
    sweep(stage.house)
    assert [i.alerts_firing for i in stage.incidents()] == [0]


def test_a_signal_nobody_expects_is_told_where_to_write_it(stage: Stage) -> None:
    for component, signal in (("fraud-scorer", "nonsense"), ("nonsense", "eval")):
        with pytest.raises(errors.UnknownName, match="expects no signal") as told:
            heartbeats.beat(stage.house, component, signal)
        assert "expects" in told.value.next_step


def test_planned_twice_it_is_set_once_and_gone_with_its_entry(stage: Stage) -> None:
    assert heartbeats.plan(stage.house) == 0
    stage.registry = Registry.load(_TEXT)
    stage.rules = RULES
    stage.restart()
    stage.wait(48 * HOUR)
    assert stage.incidents() == []
    with stage.bot.store.read() as uow:
        assert uow.next_timer() is None


def test_a_quiet_source_is_told_to_operators_and_again_when_it_is_heard(stage: Stage) -> None:
    only(stage, "nothing")
    heartbeats.plan(stage.house)
    only_quiet = [f"expected:fraud-scorer:{s}" for s in ("training", "watchdog", "eval")]
    with stage.bot.store.begin() as uow:
        for name in only_quiet:
            uow.cancel_timer(name)
    stage.alert(alert("a", "ranker"))
    stage.wait(29 * MINUTE)
    assert stage.posted("post:quiet:prod") == []
    stage.wait(2 * HOUR)
    (told,) = stage.posted("post:quiet:prod")
    assert "went quiet: nothing came since 21 Nov 02:31 UTC; it should send at least every 30 min" in told
    stage.alert(alert("b", "ranker"))
    stage.settle()
    (told,) = stage.posted("post:quiet:prod")
    assert "is heard again, after 2 h 29 min" in told
