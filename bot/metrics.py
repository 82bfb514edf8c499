"""Prometheus metrics of one service; a registry of its own, so that two services in one process do not mix."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest


class Metrics:
    """What is counted and measured."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        counter = partial(Counter, registry=self.registry)
        self.alerts = counter("muster_alerts", "Alerts by source and decision", ["source", "decision"])
        self.refused = counter("muster_requests_refused", "Requests refused by reason", ["reason"])
        self.batch = Histogram(
            "muster_intake_batch_bodies",
            "Bodies per commit",
            buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256, 512),
            registry=self.registry,
        )
        self.jobs = counter("muster_jobs", "Job runs by kind and outcome", ["kind", "outcome"])
        self.errors = counter("muster_edge_errors", "Errors at the Slack edge by code", ["code"])
        gauge = partial(Gauge, registry=self.registry)
        self.ticks = gauge("muster_last_tick_seconds", "Unix time of a schedule's last tick", ["id"])
        self.open_promises = gauge(
            "muster_open_promises", "Jobs overdue by more than a minute, and parked ones", ["what"]
        )

    def watch(self, what: str, read: Callable[[], float]) -> None:
        """A figure read when asked for."""
        self.open_promises.labels(what).set_function(read)

    def text(self) -> bytes:
        """Prometheus text format."""
        return generate_latest(self.registry)
