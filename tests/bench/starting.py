"""Start and restart: until HTTP answers, until ready, after kill -9, beside bare imports of the packages; memory."""

from __future__ import annotations

import os
import subprocess
import sys
import time

from tests.bench.client import Job
from tests.bench.farm import (
    TOKEN,
    Setting,
    Started,
    collect,
    median,
    muster,
    pause,
    send,
    sender,
    start_muster,
)
from tests.bench.intake import CONNECTIONS, WARM
from tests.real.processes import stop_group

GIVEN = "slack_bolt, slack_sdk, sqlmodel, apscheduler.schedulers.background, httpx, pydantic_settings, jinja2"


def bare_import(rounds: int) -> float:
    """Seconds of a process that imports the given packages and ends, median."""
    took = []
    for _ in range(rounds):
        began = time.perf_counter()
        subprocess.run([sys.executable, "-c", f"import {GIVEN}"], check=True)
        took.append(time.perf_counter() - began)
    return median(took)


def starts(setting: Setting, *, rounds: int) -> dict[str, object]:
    """A first start on nothing, then kill -9 under load and a restart, so many times."""
    bare = bare_import(rounds + 1)
    first = start_muster(setting)
    answering, ready, accepting = [], [], []
    server = first
    for number in range(rounds):
        _kill_under_load(server, number)
        server = start_muster(setting, wait_ready=False)
        accepting.append(_accepting(server, number))
        answering.append(server.answering)
        server.wait_ready()
        ready.append(server.ready)
    stop_group(server.process)
    return {
        "bare_import_s": round(bare, 2),
        "first_answer_s": round(first.answering, 2),
        "first_ready_s": round(first.ready, 2),
        "restart_answer_s": round(median(answering), 2),
        "restart_2xx_s": round(median(accepting), 2),
        "restart_2xx_limit_s": round(1.5 * bare + 0.5, 2),
        "restart_ready_s": round(median(ready), 2),
        "rounds": rounds,
    }


def _kill_under_load(server: Started, number: int) -> None:
    load = sender(Job(server.port, f"kill{number}", 20_000, 8, rate=500, token=TOKEN), mute=True)
    pause(2.0)
    server.kill()
    load.kill()
    load.wait(10)


def _accepting(server: Started, number: int) -> float:
    """Seconds from the start to the first alert answered 202."""
    report = collect(sender(Job(server.port, f"again{number}", 1, 1, token=TOKEN, niceness=0)))
    if set(report.statuses) != {"202"}:
        raise RuntimeError(f"the first alert after a restart was answered {report.statuses}")
    # The sender's own start is not Muster's: its request alone counts, from when HTTP answered.
    return server.answering + report.latencies[0]


def memory(setting: Setting, *, alerts: int) -> dict[str, object]:
    """RSS and PSS when idle and after a storm, in MB."""
    with muster(setting) as server:
        pause(2)
        idle = server.memory()
        send(Job(server.port, "mem-warm", WARM, CONNECTIONS, token=TOKEN))
        send(Job(server.port, "mem", alerts, CONNECTIONS, token=TOKEN))
        loaded = server.memory()
    return {
        "idle_rss_mb": round(idle[0]),
        "idle_pss_mb": round(idle[1]),
        "loaded_rss_mb": round(loaded[0]),
        "loaded_pss_mb": round(loaded[1]),
        "alerts": WARM + alerts,
        "cores": os.cpu_count() or 0,
    }
