"""Memory over minutes of load: a line through the samples, so that a slow leak is seen."""

from __future__ import annotations

import time

from tests.bench.alerts import Load
from tests.bench.client import Job
from tests.bench.farm import TOKEN, Setting, collect, muster, pause, send, sender
from tests.bench.intake import CONNECTIONS, WARM, job_of

RATE = 150.0  # alerts a second: what a machine with neighbours keeps up with
_EVERY = 3.0


def memory_over(setting: Setting, *, minutes: float) -> dict[str, object]:
    """RSS while alerts come, nine of ten of them repeated; the first fifth of the time is left out.

    `anonymous` is the part that no file stands behind: what Muster and the C library hold.
    """
    samples: list[tuple[float, float, float]] = []
    with muster(setting) as server:
        send(Job(server.port, "long-warm", WARM, CONNECTIONS, token=TOKEN))
        load = Load(posts=int(RATE * 60 * minutes), repeated=9)
        began = time.perf_counter()
        process = sender(job_of(server, "long", load, rate=RATE))
        while process.poll() is None and time.perf_counter() - began < 60 * minutes:
            samples.append((time.perf_counter() - began, server.memory()[0], server.anonymous()))
            pause(_EVERY)
        report = collect(process)
    if set(report.statuses) != {"202"}:
        raise RuntimeError(f"not every alert was accepted: {report.statuses}")
    settled = [each for each in samples if each[0] >= 12 * minutes]
    return {
        "minutes": minutes,
        "alerts": load.alerts,
        "first_mb": round(settled[0][1], 1),
        "last_mb": round(settled[-1][1], 1),
        "most_mb": round(max(mb for _, mb, _ in samples), 1),
        "slope_mb_per_minute": round(60 * slope([(at, mb) for at, mb, _ in settled]), 2),
        "anonymous_mb_per_minute": round(60 * slope([(at, mb) for at, _, mb in settled]), 2),
        "samples": len(settled),
    }


def slope(points: list[tuple[float, float]]) -> float:
    """Of the least squares line through them; 0 for fewer than two."""
    n = len(points)
    if n < 2:
        return 0.0
    mean_x, mean_y = sum(x for x, _ in points) / n, sum(y for _, y in points) / n
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / spread if spread else 0.0
