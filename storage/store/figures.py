"""Figures of incidents that are over."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select

from playbooks.domain.figures import Figures, Measure, Mode
from playbooks.domain.incidents import State
from storage.rows import FIGURE, INCIDENT
from storage.store.part import Part

_ENDED = (State.CLOSED.value, State.RESOLVED.value)


class FigureRows(Part):
    """Kept figures, each beside the length of the chain it was computed from."""

    def stale_figures(self, version: int, *, limit: int) -> list[int]:
        """Incidents that are resolved or closed and have no row that counts, the newest first."""
        rows = INCIDENT.outerjoin(FIGURE, FIGURE.c.incident_id == INCIDENT.c.id)
        stale = or_(FIGURE.c.incident_id.is_(None), ~_counts(version))
        query = select(INCIDENT.c.id).select_from(rows).where(INCIDENT.c.state.in_(_ENDED), stale)
        return list(self._db.execute(query.order_by(INCIDENT.c.id.desc()).limit(limit)).scalars())

    def put_figures(self, figures: Sequence[Figures]) -> None:
        """Insert or overwrite."""
        for one in figures:
            self.put(FIGURE, _row(one), "incident_id")

    def figures(self, version: int, *, since: datetime, until: datetime) -> list[Figures]:
        """Rows that count, of incidents opened in between (`until` not included), in the order of their numbers."""
        rows = FIGURE.join(INCIDENT, FIGURE.c.incident_id == INCIDENT.c.id)
        where = (
            INCIDENT.c.state.in_(_ENDED),
            FIGURE.c.opened_at >= since,
            FIGURE.c.opened_at < until,
            _counts(version),
        )
        query = select(FIGURE).select_from(rows).where(*where).order_by(FIGURE.c.incident_id)
        return [_figures(row) for row in self._db.execute(query)]


def _counts(version: int) -> ColumnElement[bool]:
    return and_(FIGURE.c.version == version, FIGURE.c.chain_seq == INCIDENT.c.chain_seq)


_PLAIN = (
    "incident_id", "version", "chain_seq", "opened_at", "ended_at", "component", "team", "severity", "failure",
)  # fmt: skip


def _row(one: Figures) -> dict[str, Any]:
    plain = {name: getattr(one, name) for name in _PLAIN}
    return plain | {"mode": one.mode.value} | {measure.value: one.seconds.get(measure) for measure in Measure}


def _figures(row: Any) -> Figures:
    seconds = {measure: value for measure in Measure if (value := getattr(row, measure.value)) is not None}
    return Figures(**{name: getattr(row, name) for name in _PLAIN}, mode=Mode(row.mode), seconds=seconds)
