"""Cost per alert with a million alerts and ten thousand incidents stored, beside an empty database."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from typing import Any

from tests.bench.alerts import COMPONENTS, Load
from tests.bench.client import Job
from tests.bench.farm import TOKEN, Setting, median, muster, send
from tests.bench.intake import CONNECTIONS, loaded

_NUMBERS = "WITH RECURSIVE number(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < {most}) "


def grown(setting: Setting, *, alerts: int, incidents: int, load: Load, rounds: int, quiet: float) -> dict[str, Any]:
    """Empty, full, empty, full …: medians, and the ratio of the costs."""
    cost: dict[str, list[float]] = {"empty": [], "full": []}
    late: dict[str, list[float]] = {"empty": [], "full": []}
    filled = 0.0
    for number in range(rounds):
        for name in cost:
            mine = Setting(setting.folder / f"{name}-{number}", setting.slack)
            if name == "full":
                filled = fill(mine, alerts=alerts, incidents=incidents)
            with muster(mine) as server:
                report, cpu = loaded(server, load, quiet=quiet)
            if set(report.statuses) != {"202"}:
                raise RuntimeError(f"not every alert was accepted: {report.statuses}")
            cost[name].append(1e3 * cpu / load.alerts)
            late[name].append(1e3 * median(report.latencies))
    ratios = [full / empty for full, empty in zip(cost["full"], cost["empty"], strict=True)]
    return {
        "stored_alerts": alerts,
        "stored_incidents": incidents,
        "filled_s": round(filled),
        "cpu_ms": {name: round(median(values), 3) for name, values in cost.items()},
        "p50_ms": {name: round(median(values), 2) for name, values in late.items()},
        "ratio": round(median(ratios), 3),
        "ratios": [round(each, 3) for each in ratios],
    }


def fill(setting: Setting, *, alerts: int, incidents: int) -> float:
    """Copy one stored alert and one incident so often; seconds it took."""
    with muster(setting) as server:
        send(Job(server.port, "template", len(COMPONENTS), CONNECTIONS, token=TOKEN))
    began = time.perf_counter()
    with closing(sqlite3.connect(setting.folder / "muster.db")) as connection:
        connection.execute("PRAGMA foreign_keys=OFF")
        first = connection.execute("SELECT max(id) FROM incident").fetchone()[0]
        copy(connection, "incident", incidents, past_incident(first, COMPONENTS))
        copy(connection, "alert", alerts, past_alert(first, incidents, COMPONENTS))
        # What was stored long ago was looked at long ago.
        seen = "SELECT 'alerts', max(id) FROM alert"
        connection.execute(f"INSERT OR REPLACE INTO bookmark (name, place) {seen}")
        connection.commit()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return time.perf_counter() - began


def past_incident(first: int, components: tuple[str, ...]) -> dict[str, str]:
    """Closed ones of the same components and failures, over the last months."""
    day = "strftime('%Y-%m-%d %H:%M:%S.000000', 'now', '-' || (2 + n % 200) || ' days')"
    return {
        "id": f"{first} + n",
        "open_key": "NULL",
        "component": _one_of(components),
        "state": "'closed'",
        "channel": "'C' || n",
        "opened_at": day,
        "detected_at": day,
        "resolved_at": day,
        "closed_at": day,
        "alerts_firing": "0",
    }


def past_alert(first: int, incidents: int, components: tuple[str, ...], *, after: int = 0) -> dict[str, str]:
    """Ended episodes of one source, each a series of its own, spread over the incidents, numbered from `after` on."""
    at = "strftime('%Y-%m-%d %H:%M:%S.000000', 'now', '-' || (3000 + n % 280000) || ' minutes')"
    return {
        "id": f"printf('00f%029x', n + {after})",
        "fingerprint": f"printf('f%015x', n + {after})",
        "starts_at": at,
        "ends_at": at,
        "received_at": at,
        "updated_at": at,
        "status": "'resolved'",
        "component": _one_of(components),
        "incident_id": f"{first} + 1 + n % {incidents}",
    }


def _one_of(names: tuple[str, ...]) -> str:
    """SQL that takes one after the other."""
    return (
        "CASE n % "
        + str(len(names))
        + " "
        + " ".join(f"WHEN {n} THEN '{name}'" for n, name in enumerate(names))
        + " END"
    )


def copy(connection: sqlite3.Connection, table: str, most: int, changed: dict[str, str]) -> None:
    """The first row of a table so many times, with these columns by SQL over `n`, the number of the copy."""
    columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
    quoted = ", ".join(f'"{name}"' for name in columns)
    values = ", ".join(changed.get(name, f'pattern."{name}"') for name in columns)
    pattern = f"(SELECT * FROM {table} LIMIT 1) AS pattern"
    connection.execute(
        f"INSERT INTO {table} ({quoted}) {_NUMBERS.format(most=most)} SELECT {values} FROM number, {pattern}"
    )
