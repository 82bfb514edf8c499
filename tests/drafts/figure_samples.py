"""Figures for tests of their page: none, a few, and many; run as a program it writes the pages into a folder."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from playbooks.domain.figures import VERSION, Figures, Grouping, Measure, Mode, Period, groups_of, report
from playbooks.figure_page import figures_page
from playbooks.pages import Page

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
DAY = timedelta(days=1)
HOSTILE = "<script>alert(1)</script>\"'&|\u202e" + "x" * 300
_USUAL = {
    Measure.SILENT: 900,
    Measure.DETECT: 700,
    Measure.ACKNOWLEDGE: 90,
    Measure.DECIDE: 110,
    Measure.MITIGATE: 2400,
    Measure.VERIFY: 45,
    Measure.RESOLVE: 9000,
    Measure.HANDOFF: 130,
}
COMPONENTS = ("fraud-scorer", "auto-decline", "merchant-embeddings", "ranker", "support-assistant")


def sample(count: int, *, over: int = 60, seed: int = 7, names: Sequence[str] = COMPONENTS) -> list[Figures]:
    """So many incidents in the last days, the same for the same seed; each tenth a drill, some figures missing."""
    rng = random.Random(seed)
    found = []
    for number in range(1, count + 1):
        opened = NOW - rng.random() * over * DAY
        name = rng.choice(names)
        seconds = {m: int(usual * rng.lognormvariate(0, 1)) for m, usual in _USUAL.items() if rng.random() < 0.8}
        mode = Mode.DRILL if number % 10 == 0 else Mode.REAL
        team = f"team-{names.index(name) % 3}" if name in COMPONENTS else name
        found.append(
            Figures(
                number, VERSION, 1, opened, opened, name, team, f"sev{rng.randint(1, 4)}",
                rng.choice(("drift", "stale", "latency", "")), mode, seconds,
            )
        )  # fmt: skip
    return found


def page(figures: Sequence[Figures], days: int = 30) -> Page:
    """Their page."""
    period = Period(NOW - days * DAY, NOW)
    return figures_page(
        report(figures, period, still_open=2),
        {by: groups_of(figures, period, by) for by in Grouping},
        [one for one in figures if period.holds(one.opened_at)],
        shown_at=NOW,
        pending=1,
        periods=(("30 days", ""), ("90 days", "/stats/90?until=1&sign=x")),
        severities={"sev1": "SEV1", "sev2": "SEV2", "sev3": "SEV3", "sev4": "SEV4"},
    )


SAMPLES: dict[str, Callable[[], Page]] = {
    "none": lambda: page([]),
    "few": lambda: page(sample(4)),
    "many": lambda: page(sample(400)),
    "hostile": lambda: page(sample(40, names=(HOSTILE, HOSTILE[::-1], "", "a" * 63))),
    "year": lambda: page(sample(900, over=700), 365),
}

if __name__ == "__main__":
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name, made in SAMPLES.items():
        (folder / f"{name}.html").write_text(made().html)
