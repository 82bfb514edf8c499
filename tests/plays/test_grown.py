"""What an alert costs does not grow with what is stored: SQLite's own steps are counted, so no clock is asked."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from sqlalchemy import event

from tests.bench.grown import copy, past_alert, past_incident
from tests.plays.stage import MINUTE, NIGHT, Stage, alert, on_sqlite

ALERTS, INCIDENTS = 30_000, 600
FLAT = 1.2


class Steps:
    """Counts what SQLite's virtual machine does, in tens of its instructions."""

    def __init__(self, stage: Stage) -> None:
        self.count = 0
        event.listen(stage.engine, "checkout", self._watch)

    def _watch(self, connection: sqlite3.Connection, *_: object) -> None:
        connection.set_progress_handler(self._step, 10)

    def _step(self) -> int:
        self.count += 1
        return 0

    def of(self, act: Callable[[], object]) -> int:
        before = self.count
        act()
        return self.count - before


def fill(stage: Stage, *, incidents: int = INCIDENTS, alerts: int = ALERTS, after: int = 0) -> None:
    """Many ended alerts of many closed incidents, of the same components and failures."""
    connection = stage.engine.raw_connection()
    try:
        raw = connection.driver_connection
        assert isinstance(raw, sqlite3.Connection)
        raw.execute("PRAGMA foreign_keys=OFF")
        first = raw.execute("SELECT max(id) FROM incident").fetchone()[0]
        names = tuple(stage.registry.components)
        copy(raw, "incident", incidents, past_incident(first, names))
        copy(raw, "alert", alerts, past_alert(first, incidents, names, after=after))
        raw.execute("PRAGMA foreign_keys=ON")
        connection.commit()
    finally:
        connection.close()


@on_sqlite
def test_an_alert_costs_the_same_with_many_stored(stage: Stage) -> None:
    number = stage.opened()
    steps = Steps(stage)

    def round_of(minute: int) -> dict[str, int]:
        new = [alert(f"{minute}-{n}", minute=minute) for n in range(5)]
        ends = [replace(a, status=alert("x", status="resolved").status, ends_at=a.starts_at + MINUTE) for a in new]
        found = {
            "new": steps.of(lambda: stage.alert(*new)),
            "repeated": steps.of(lambda: stage.alert(*new)),
            "ended": steps.of(lambda: stage.alert(*ends)),
            "alone": steps.of(lambda: stage.alert(alert(f"{minute}-alone", minute=minute))),
            "elsewhere": steps.of(lambda: stage.alert(alert(f"{minute}-held", "ranker", minute=minute))),
        }
        stage.settle()
        return found

    round_of(1)
    empty = round_of(2)
    fill(stage)
    full = round_of(3)
    assert {name: round(full[name] / empty[name], 2) for name in empty if full[name] > FLAT * empty[name]} == {}
    assert stage.incident(number).open


@on_sqlite
def test_the_last_incident_for_a_failure_is_found_without_reading_the_others(stage: Stage) -> None:
    stage.opened()
    steps = Steps(stage)

    def looked() -> int:
        def act() -> None:
            with stage.house.store.read() as uow:
                assert uow.last_incident("fraud-scorer", "drift", NIGHT - timedelta(days=3650)) is not None

        return steps.of(act)

    fill(stage, incidents=100, alerts=40)
    few = looked()
    fill(stage, after=1000)
    assert looked() <= FLAT * few
