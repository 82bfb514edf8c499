"""A storm against Slack's real rate limits: how many calls, when each owner is told, when the last update is there.

What a perfect bot could do under the same limits (chat.postMessage 1/s per channel, chat.update 50/min,
conversations.create 20/min, conversations.invite 50/min; docs.slack.dev/apis/web-api/rate-limits): two calls an
incident in the owner's own channel, the first at once. With a channel for each incident it makes four each and three
more, and what waits for the last channel is there a minute after the storm.
"""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

import httpx

from tests.bench.alerts import Load, channel
from tests.bench.client import Job
from tests.bench.farm import TOKEN, Setting, collect, median, muster, pause, sender
from tests.bench.intake import CONNECTIONS

_CREATED_A_MINUTE = 20
_QUIET = 75.0  # seconds without a call, longer than Slack asks to wait: what is to be told is told


def storm(setting: Setting, *, alerts: int, seconds: float, components: int, within: float) -> dict[str, Any]:
    """So many alerts in so many seconds over so many components, each with an owner's channel of its own."""
    load = Load(posts=alerts, components=components)
    job = Job(0, "storm", load.posts, CONNECTIONS, components=components, rate=alerts / seconds, token=TOKEN)
    with muster(setting) as server:
        pause(2)
        before = len(_calls(setting))
        report = collect(sender(Job(**{**job.__dict__, "port": server.port})))
        made = _settled(setting, before, within)
    if set(report.statuses) != {"202"}:
        raise RuntimeError(f"not every alert was accepted: {report.statuses}")
    first, over = report.began, report.began + report.seconds
    done = [each for each in made if each["status"] != 429]
    told = [_told(done, number, first + seconds * number / alerts) for number in range(components)]
    late = max(each["at"] for each in done) - over
    # The last channel cannot be made before so many minutes are over; then its message follows at once.
    waits = max(0.0, 60 * ((components - 1) // _CREATED_A_MINUTE) + 1 - seconds)
    return {
        "alerts": load.alerts,
        "seconds": round(report.seconds, 1),
        "post_p99_ms": round(1e3 * sorted(report.latencies)[int(0.99 * len(report.latencies))], 1),
        "calls": len(done),
        "calls_by_method": dict(Counter(each["method"] for each in done).most_common(8)),
        "refused_429": dict(Counter(each["method"] for each in made if each["status"] == 429)),
        "owner_told_p50_s": round(median(told), 2),
        "owner_told_max_s": round(max(told), 2),
        "last_update_s": round(late, 1),
        "calls_times_ideal": round(len(done) / (2 * components), 2),
        "calls_times_ideal_with_channels": round(len(done) / (4 * components + 3), 2),
        "last_update_ideal_with_channels_s": waits,
        "last_update_times_ideal": round(late / waits, 2) if waits else "no wait in the ideal",
    }


def _calls(setting: Setting) -> list[dict[str, Any]]:
    """Every call of the Web API so far, as the workspace saw it."""
    base = setting.slack["SLACK_API_URL"].removesuffix("api/")
    found: list[dict[str, Any]] = httpx.get(f"{base}_control/calls", timeout=30).raise_for_status().json()
    return found


def _settled(setting: Setting, before: int, within: float) -> list[dict[str, Any]]:
    """The calls once none was made for a while."""
    end = time.time() + within
    while time.time() < end:
        made = _calls(setting)[before:]
        if made and time.time() - made[-1]["at"] > _QUIET:
            return made
        pause(2.0)
    return _calls(setting)[before:]


def _told(calls: list[dict[str, Any]], number: int, since: float) -> float:
    """Seconds from the first alert of a component to the first message in its owner's channel."""
    posts = (c for c in calls if c["method"] == "chat.postMessage" and c["args"].get("channel") == channel(number))
    first = next(posts, None)
    if first is None:
        raise RuntimeError(f"the owner of component {number} was not told")
    return max(0.0, float(first["at"]) - since)
