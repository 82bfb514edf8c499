"""Prometheus metrics of one service; a registry of its own, so that two services in one process do not mix."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import HistogramMetricFamily, Metric
from prometheus_client.registry import Collector


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

    def measure(self, name: str, about: str, read: Callable[[], Sequence[float]]) -> None:
        """A histogram (seconds) read from rows when asked for: the same in every replica, and over restarts."""
        self.registry.register(_FromRows(name, about, read))

    def collect_from(self, collector: Collector) -> None:
        """Metrics that somebody else reads from rows when asked for."""
        self.registry.register(collector)

    def text(self) -> bytes:
        """Prometheus text format."""
        return generate_latest(self.registry)


_BUCKETS = (60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400)  # seconds


@dataclass(frozen=True, slots=True)
class _FromRows(Collector):
    """A histogram over spans that are stored."""

    name: str
    about: str
    read: Callable[[], Sequence[float]]

    def collect(self) -> Iterator[Metric]:
        """The counts of now."""
        spans = self.read()
        rows = [(str(float(edge)), float(sum(span <= edge for span in spans))) for edge in _BUCKETS]
        family = HistogramMetricFamily(self.name, self.about)
        family.add_metric([], [*rows, ("+Inf", float(len(spans)))], sum(spans))
        yield family

    def describe(self) -> Iterator[Metric]:
        """Named without reading anything."""
        yield HistogramMetricFamily(self.name, self.about)
