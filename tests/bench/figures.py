"""Figures over 5,000 incidents: the answer of `/inc stats`, the page, a scrape; and the rows computed from chains."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from bot.clock import RandomIds, SystemClock
from bot.incident_metrics import IncidentMetrics
from bot.metrics import Metrics
from bot.providers.oncall.resolver import OnCallBook
from bot.slack.blocks import render
from bot.slack.calls import Call, Desk
from bot.slack.commands import execute
from bot.slack.grammar import parse
from playbooks.domain.figures import VERSION, Figures, Measure, Mode, figures_of
from playbooks.domain.incidents import Incident, State, open_key
from playbooks.domain.ownership import Registry
from playbooks.domain.timeline import EventSource
from playbooks.messages import FigureView
from playbooks.plays.house import House
from playbooks.plays.views.stats import stats_page
from playbooks.ports import NewIncident
from storage.engine import make_engine
from storage.schema import upgrade
from storage.store import SqlStore
from tests.bench.farm import percentile
from tests.drafts.chains import story

INCIDENTS = 5_000
_TEAMS, _DAYS = 40, 360


def figures(folder: Path, *, times: int, incidents: int = INCIDENTS) -> dict[str, Any]:
    """Milliseconds of each way to read figures, all of them kept; and how long one row takes to compute."""
    folder.mkdir(parents=True, exist_ok=True)
    engine = make_engine(f"sqlite:///{folder / 'figures.db'}")
    upgrade(engine)
    with ExitStack() as closing:
        closing.callback(engine.dispose)
        clock = SystemClock()
        store = SqlStore(engine, RandomIds())
        registry = Registry.load("api: ownership/v1\n")
        house = House(store, clock, RandomIds(), lambda: registry, OnCallBook(lambda: registry, clock))
        _fill(store, clock.now(), incidents)
        night = story().events
        one = Incident(1, "t", "scorer", "drift", "sev2", State.CLOSED, clock.now(), clock.now(), "source:a")
        desk, metrics = Desk(house), Metrics()
        metrics.collect_from(IncidentMetrics(house))
        found: dict[str, Any] = {
            "incidents": incidents,
            "stats 90 days": _timed(times, lambda: _asked(desk, "stats 90d")),
            "stats of a year by team": _timed(times, lambda: _asked(desk, "stats team 365d")),
            "page of a year": _timed(max(3, times // 10), lambda: stats_page(house, 365)),
            "scrape": _timed(max(3, times // 10), metrics.text),
            "row of a night computed": _timed(times, lambda: figures_of(one, night)),
        }
    return found


def _fill(store: SqlStore, now: datetime, incidents: int) -> None:
    """Incidents that are over, each with its row of figures."""
    rng = random.Random(7)
    for start in range(0, incidents, 500):
        with store.begin(lane="alerts") as uow:
            rows = []
            for number in range(start, min(start + 500, incidents)):
                at = now - timedelta(days=_DAYS * number / incidents)
                component, team = f"component-{number % 200}", f"team-{number % _TEAMS}"
                key = open_key(component, str(number))
                over = State.CLOSED.value
                made = NewIncident("t", component, "drift", key, "sev2", at, at, "source:a", team, "", state=over)
                one, _ = uow.open_incident(made)
                uow.save_incident(one, open_key=None)
                seconds = {measure: int(rng.lognormvariate(7, 1)) for measure in Measure}
                kept = (one.id, VERSION, 0, at, at, component, team, "sev2", "drift")
                rows.append(Figures(*kept, Mode.REAL, seconds))
            uow.put_figures(rows)


def _asked(desk: Desk, words: str) -> None:
    call = Call("U01DANA", "C01", "", EventSource.SLASH)
    said = execute(desk, call, parse(words, command="/inc"))
    assert isinstance(said, FigureView)
    assert said.count
    assert not said.pending
    render(said)


def _timed(times: int, what: Callable[[], object]) -> dict[str, float]:
    spans = []
    for _ in range(times):
        began = time.perf_counter()
        what()
        spans.append(1000 * (time.perf_counter() - began))
    return {"p50 ms": round(percentile(spans, 0.5), 1), "p99 ms": round(percentile(spans, 0.99), 1)}
