"""From the commit of an alert to the owner's first Slack message, less the one call that posts it."""

from __future__ import annotations

import json
import time
import urllib.parse
import urllib.request
from typing import Any

from tests.bench.alerts import COMPONENTS, TEAMS, body, channel
from tests.bench.client import connect, request
from tests.bench.farm import TOKEN, Setting, median, muster, pause, percentile
from tests.bench.slack import TRIAGE


def call(slack: dict[str, str], method: str, **given: str) -> dict[str, Any]:
    """A call of the Web API. Raises RuntimeError where Slack refuses it."""
    asked = urllib.request.Request(
        slack["SLACK_API_URL"] + method,
        urllib.parse.urlencode(given).encode(),
        {"Authorization": f"Bearer {slack['SLACK_BOT_TOKEN']}"},
    )
    with urllib.request.urlopen(asked, timeout=10) as answer:
        found: dict[str, Any] = json.load(answer)
    if not found.get("ok"):
        raise RuntimeError(f"{method}: {found.get('error')}")
    return found


def one_call(slack: dict[str, str], *, times: int = 20) -> float:
    """Seconds that one chat.postMessage takes, median."""
    took = []
    for _ in range(times):
        began = time.perf_counter()
        call(slack, "chat.postMessage", channel=TRIAGE, text="one call")
        took.append(time.perf_counter() - began)
    return median(took)


def _posted(slack: dict[str, str], component: str, team: int, since: float) -> float | None:
    """When the workspace took the first message about a component."""
    found = call(slack, "conversations.history", channel=channel(team), oldest=f"{since:.6f}", limit="50")
    times = [float(m["ts"]) for m in found["messages"] if component in json.dumps(m)]
    return min(times, default=None)


async def told(setting: Setting, *, alerts: int) -> dict[str, object]:
    """One alert after the other, each of a component without an open incident."""
    one = one_call(setting.slack)
    late = []
    with muster(setting) as server:
        for number in range(alerts):
            connection = await connect(server.port)
            headers = {"authorization": f"Bearer {TOKEN}"}
            began = time.time()
            status, _ = await connection.send(
                request(server.port, "/alerts/alertmanager", body(number, "told"), headers)
            )
            committed = time.time()
            connection.close()
            if status != 202:
                raise RuntimeError(f"an alert was answered {status}")
            late.append(_wait(setting.slack, number, began) - committed)
            pause(0.3)
    return {
        "one_call_ms": round(1e3 * one, 1),
        "after_commit_p50_ms": round(1e3 * median(late), 1),
        "after_commit_p99_ms": round(1e3 * percentile(late, 0.99), 1),
        "less_one_call_p50_ms": round(1e3 * (median(late) - one), 1),
        "alerts": alerts,
    }


def _wait(slack: dict[str, str], number: int, since: float) -> float:
    name, team = COMPONENTS[number], number % TEAMS
    end = time.monotonic() + 15
    while time.monotonic() < end:
        at = _posted(slack, name, team, since - 1)
        if at is not None:
            return at
        pause(0.03)
    raise RuntimeError(f"the owner of {name} was not told")
