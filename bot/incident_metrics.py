"""Prometheus metrics of incidents and debt, read from rows at each scrape: the same in every replica."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from prometheus_client.core import GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from playbooks.domain.figures import VERSION, Mode
from playbooks.plays.house import House
from playbooks.plays.hygiene import debts

MOST_TEAMS = 50
"""Teams with a label of their own; incidents of others count under `other`, so that the label stays bounded."""
OTHER = "other"
_BUCKETS = (30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400, 43200, 86400, 259200, 604800)  # seconds
_BEGINNING, _END = datetime(2000, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, eq=False)  # the registry keeps it by identity
class IncidentMetrics(Collector):
    """How long the parts of incidents took, how many are open, and what stands in the ledger."""

    house: House

    def collect(self) -> Iterator[Metric]:
        """The rows of now. Raises `errors.StoreBusy`."""
        yield self._seconds()
        yield self._open()
        yield self._debt()

    def describe(self) -> Iterator[Metric]:
        """Named without reading anything."""
        yield from described()

    def _seconds(self) -> HistogramMetricFamily:
        with self.house.store.read() as uow:
            kept = uow.figures(VERSION, since=_BEGINNING, until=_END)
        known = frozenset(sorted(self.house.registry().teams)[:MOST_TEAMS])
        found: defaultdict[tuple[str, str, str], list[int]] = defaultdict(list)
        for one in kept:
            if one.mode is Mode.REAL:
                for measure, seconds in one.seconds.items():
                    found[measure.value, self._severity(one.severity), self._team(one.team, known)].append(seconds)
        family = _seconds_family()
        for labels, spans in sorted(found.items()):
            spans.sort()
            rows = [(str(float(edge)), float(bisect_right(spans, edge))) for edge in _BUCKETS]
            family.add_metric([*labels], [*rows, ("+Inf", float(len(spans)))], float(sum(spans)))
        return family

    def _open(self) -> GaugeMetricFamily:
        with self.house.store.read() as uow:
            running = uow.incidents(open_only=True, limit=10_000)
        counts = Counter((one.state.value, self._severity(one.severity)) for one in running)
        family = _open_family()
        for labels, number in sorted(counts.items()):
            family.add_metric([*labels], float(number))
        return family

    def _debt(self) -> GaugeMetricFamily:
        counts = Counter((debt.kind.value, "yes" if debt.overdue else "no") for debt in debts(self.house))
        family = _debt_family()
        for labels, number in sorted(counts.items()):
            family.add_metric([*labels], float(number))
        return family

    def _severity(self, severity: str) -> str:
        if not severity:
            return "unset"
        return severity if self.house.rules.severity(severity) is not None else OTHER

    @staticmethod
    def _team(team: str, known: frozenset[str]) -> str:
        if not team:
            return "none"
        return team if team in known else OTHER


def described() -> tuple[Metric, ...]:
    """The families without figures."""
    return _seconds_family(), _open_family(), _debt_family()


def _seconds_family() -> HistogramMetricFamily:
    about = "Length of a part of incidents that are over, without drills and backfills; see docs/figures.md"
    return HistogramMetricFamily("muster_incident_seconds", about, labels=["measure", "severity", "team"])


def _open_family() -> GaugeMetricFamily:
    return GaugeMetricFamily("muster_incidents_open", "Incidents that are not over", labels=["state", "severity"])


def _debt_family() -> GaugeMetricFamily:
    return GaugeMetricFamily("muster_debt_entries", "Entries of the debt ledger", labels=["kind", "overdue"])
