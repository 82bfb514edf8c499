"""kill -9 under load: every alert that was answered 202 is there after a restart."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import psycopg

from tests.bench.alerts import Load, alert
from tests.bench.client import Job
from tests.bench.farm import TOKEN, Setting, collect, muster, pause, sender, start_muster
from tests.bench.intake import CONNECTIONS

_LOAD = Load(posts=20_000)
UNDER_WAY = 500  # alerts stored when the kill comes


def crash(setting: Setting, *, rounds: int) -> dict[str, object]:
    """So many times: load, kill -9 of the whole group in its middle, start again, count."""
    accepted: dict[str, set[int]] = {}
    for number in range(rounds):
        run = f"crash{number}"
        server = start_muster(setting)
        job = Job(server.port, run, _LOAD.posts, CONNECTIONS, until_gone=True, token=TOKEN)
        load = sender(job, mute=True)
        before = len(_fingerprints(setting))
        while len(_fingerprints(setting)) < before + UNDER_WAY and load.poll() is None:
            pause(0.2)
        server.kill()
        accepted[run] = set(collect(load).accepted)
    with muster(setting):
        pass  # what starts again may finish what it finds
    stored = _fingerprints(setting)
    missing = sum(alert(n, run)["fingerprint"] not in stored for run, all_of in accepted.items() for n in all_of)
    return {"kills": rounds, "accepted": sum(map(len, accepted.values())), "stored": len(stored), "missing": missing}


def _fingerprints(setting: Setting) -> set[str]:
    if setting.database.startswith("postgresql"):
        with psycopg.connect(setting.database.replace("+psycopg", "")) as connection:
            return {row[0] for row in connection.execute("SELECT fingerprint FROM alert")}
    file = setting.database.removeprefix("sqlite:///") or str(setting.folder / "muster.db")
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
        return {row[0] for row in connection.execute("SELECT fingerprint FROM alert")}
