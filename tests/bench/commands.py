"""How long a slash command waits for its ack over signed HTTP: idle, and while the intake is saturated."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import threading
import time
import urllib.parse
from dataclasses import dataclass, field
from itertools import count

from tests.bench.alerts import COMPONENTS
from tests.bench.client import Job
from tests.bench.farm import TOKEN, Setting, Started, collect, muster, pause, percentile, send, sender
from tests.bench.intake import CONNECTIONS, WARM
from tests.bench.slack import PERSON, TRIAGE

_TRIGGERS = count(1)
SATURATED = 0.8  # of our own maximum


@dataclass
class Acks:
    """Seconds from sending a command to Slack's 200, by kind."""

    reads: list[float] = field(default_factory=list)
    writes: list[float] = field(default_factory=list)

    def figures(self) -> dict[str, float]:
        """In milliseconds."""
        return {
            f"{name}_{label}_ms": round(1e3 * percentile(values, share), 1)
            for name, values in (("list", self.reads), ("ack", self.writes))
            for label, share in (("p50", 0.5), ("p99", 0.99))
        } | {"commands": len(self.reads) + len(self.writes)}


def command(port: int, secret: str, text: str) -> float:
    """Seconds until `/inc <text>` was acked. Raises RuntimeError for anything but 200."""
    form = {
        "command": "/inc",
        "text": text,
        "user_id": PERSON,
        "user_name": "dana",
        "channel_id": TRIAGE,
        "channel_name": "triage",
        "team_id": "T01BENCH",
        "api_app_id": "A01BENCH",
        "trigger_id": f"bench.{next(_TRIGGERS)}",
        "response_url": "http://127.0.0.1:9/none",
    }
    body = urllib.parse.urlencode(form)
    at = str(int(time.time()))
    digest = hmac.new(secret.encode(), f"v0:{at}:{body}".encode(), hashlib.sha256).hexdigest()
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "X-Slack-Request-Timestamp": at,
        "X-Slack-Signature": f"v0={digest}",
    }
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.connect()
    began = time.perf_counter()
    connection.request("POST", "/slack/events", body, headers)
    answer = connection.getresponse()
    answer.read()
    took = time.perf_counter() - began
    connection.close()
    if answer.status != 200:
        raise RuntimeError(f"/inc {text} was answered {answer.status}")
    return took


def _ask(port: int, secret: str, acks: Acks, times: int, over: threading.Event) -> None:
    for number in range(times):
        if over.is_set():
            return
        acks.reads.append(command(port, secret, "list"))
        acks.writes.append(command(port, secret, f"ack INC-{1 + number % len(COMPONENTS)}"))
        pause(0.02)


def acks(setting: Setting, *, times: int, seconds: float, quiet: float) -> dict[str, object]:
    """Acks while idle, then at 80 % of the intake's own maximum."""
    secret = setting.slack["SLACK_SIGNING_SECRET"]
    with muster(setting) as server:
        send(Job(server.port, "acks-warm", WARM, CONNECTIONS, token=TOKEN))
        server.settle(quiet=quiet)
        idle, busy = Acks(), Acks()
        _ask(server.port, secret, idle, times, threading.Event())
        server.settle(quiet=min(quiet, 2.0))
        most = _maximum(server)
        rate = SATURATED * most
        load = sender(Job(server.port, "acks-load", int(rate * seconds), CONNECTIONS, rate=rate, token=TOKEN))
        pause(1.5)
        over = threading.Event()
        asking = threading.Thread(target=_ask, args=(server.port, secret, busy, 100_000, over))
        asking.start()
        report = collect(load)
        over.set()
        asking.join()
    sent = len(report.latencies) / report.seconds
    return {
        "idle": idle.figures(),
        "saturated": busy.figures(),
        "maximum_per_second": round(most),
        "load_per_second": round(sent),
        "alerts_p99_ms": round(1e3 * percentile(report.latencies, 0.99), 1),
    }


def _maximum(server: Started) -> float:
    report = send(Job(server.port, "acks-most", 6000, CONNECTIONS, token=TOKEN))
    return len(report.latencies) / report.seconds
