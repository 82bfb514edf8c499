"""Silences, and the pipeline's view of stored episodes and incidents."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, case, func, insert, or_, select, update

from playbooks.domain.alerts import AlertStatus, Decision
from playbooks.domain.incidents import OVER_STATES, Incident
from playbooks.domain.pipeline.silences import AtEnd, Muting, Silence
from playbooks.ports import KeptBack, Redecided, StoredAlert
from storage.bulk import fetch, moment, moment_of, texts
from storage.rows import ALERT, INCIDENT, SILENCE, Values, to_alert, to_incident
from storage.statements import Statement
from storage.store.part import Part
from storage.tables import KEPT_BACK_ALERT

OPEN_SILENCES = (
    'SELECT id, kind, component, failure, reason, "by", team, starts_at, ends_at, at_end, created_at, muted, version '
    "FROM silence WHERE ended_at IS NULL"
)
# SQLite answers the form with one source by searching its index; PostgreSQL takes pairs.
_EPISODES = (
    "SELECT fingerprint, count(*) FROM alert WHERE source = ? AND fingerprint IN (SELECT value FROM {keys}) "
    "AND starts_at > ? GROUP BY fingerprint"
)
_SOURCES = (
    "WITH RECURSIVE known(source) AS (SELECT min(source) FROM alert UNION ALL "
    "SELECT (SELECT min(source) FROM alert WHERE source > known.source) FROM known WHERE known.source IS NOT NULL) "
    "SELECT source FROM known"
)
_NEWEST = 5  # incidents of a failure among which the last one is: numbers follow the time but for those entered later
_OVER = Statement(
    select(INCIDENT)
    .where(
        INCIDENT.c.component == bindparam("component"),
        INCIDENT.c.state == bindparam("b_state"),
        INCIDENT.c.failure == bindparam("failure"),
    )
    .order_by(INCIDENT.c.id.desc())
    .limit(_NEWEST)
)
_RECENT = 50  # incidents among whose alerts a name is looked for


class Silences(Part):
    """Silences, and the pipeline's view of stored episodes and incidents."""

    # ------------------------------------------------------------ the hot path

    def silences_open(self) -> list[Silence]:
        """Those that are not over, planned ones included."""
        return [open_silence(*row) for row in fetch(self._db, OPEN_SILENCES, ())]

    def episodes_since(self, series: Sequence[tuple[str, str]], since: datetime) -> Mapping[tuple[str, str], int]:
        """Stored episodes of each series that started after `since`."""
        by_source: dict[str, list[str]] = {}
        for source, fingerprint in series:
            by_source.setdefault(source, []).append(fingerprint)
        found: dict[tuple[str, str], int] = {}
        for source, names in by_source.items():
            rows = fetch(self._db, _EPISODES, (source, texts(names), moment(self._db, since)))
            found |= {(source, name): int(count) for name, count in rows}
        return found

    def points(self, components: Collection[str], since: datetime) -> Mapping[tuple[str, str], int]:
        """Held episodes by (component, failure), received after `since`."""
        if not components:
            return {}
        where = (
            KEPT_BACK_ALERT,
            ALERT.c.component.in_(sorted(components)),
            ALERT.c.received_at > since,
            ALERT.c.decision == Decision.HELD.value,
        )
        query = select(ALERT.c.component, ALERT.c.failure, func.count()).where(*where)
        rows = self._db.execute(query.group_by(ALERT.c.component, ALERT.c.failure))
        return {(component, failure): int(count) for component, failure, count in rows}

    def last_incident(self, component: str, failure: str, since: datetime) -> Incident | None:
        """The newest incident for this failure that is over, opened after `since`."""
        # A state at a time and without its time: SQLite else reads every incident that is over. So the index on
        # component and state gives the newest first, and the first few end the search.
        found = []
        for state in sorted(OVER_STATES):
            asked = {"component": component, "b_state": state.value, "failure": failure}
            over = [to_incident(row) for row in _OVER.rows(self._db, asked)]
            found += [incident for incident in over if incident.opened_at > since]
        return max(found, key=lambda incident: incident.id, default=None)

    # ------------------------------------------------------------ silences

    def silence(self, number: int, *, lock: bool = False) -> Silence | None:
        """One by its number."""
        query = select(SILENCE).where(SILENCE.c.id == number)
        row = self._db.execute(query.with_for_update() if lock else query).one_or_none()
        return None if row is None else _silence(row)

    def add_silence(self, silence: Silence) -> Silence:
        """Keep a new one; the database gives its number."""
        values = {name: value for name, value in _row(silence).items() if name != "id"}
        number = self._db.execute(insert(SILENCE).returning(SILENCE.c.id), values).scalar_one()
        return replace(silence, id=int(number))

    def save_silence(self, silence: Silence) -> Silence:
        """All fields but `muted`, which batches count up meanwhile. Raises errors.Conflict."""
        self._save(SILENCE, {k: v for k, v in _row(silence).items() if k != "muted"}, silence.name)
        return replace(silence, version=silence.version + 1)

    def count_muted(self, counts: Mapping[int, int]) -> None:
        """Add to `muted` of silences."""
        for number in sorted(counts):
            muted = {"muted": SILENCE.c.muted + counts[number]}
            self._db.execute(update(SILENCE).where(SILENCE.c.id == number).values(muted))

    def silences_ended(self, *, since: datetime) -> list[Silence]:
        """Those that are over since then, the newest first."""
        query = select(SILENCE).where(SILENCE.c.ended_at >= since).order_by(SILENCE.c.ended_at.desc(), SILENCE.c.id)
        return [_silence(row) for row in self._db.execute(query)]

    # ------------------------------------------------------------ episodes that are kept back

    def kept_back(
        self, component: str, decisions: Collection[Decision], *, firing: bool = True, limit: int = 500
    ) -> list[StoredAlert]:
        """Episodes of a component kept back so, longest untouched first."""
        words = [decision.value for decision in decisions]
        query = select(ALERT).where(KEPT_BACK_ALERT, ALERT.c.component == component, ALERT.c.decision.in_(words))
        if firing:
            query = query.where(ALERT.c.status == AlertStatus.FIRING.value)
        rows = self._db.execute(query.order_by(ALERT.c.updated_at, ALERT.c.id).limit(limit))
        return [to_alert(row) for row in rows]

    def kept_back_counts(self, *, since: datetime) -> list[KeptBack]:
        """What was received since then and kept back, by component and failure, the newest first."""
        firing = func.sum(case((ALERT.c.status == AlertStatus.FIRING.value, 1), else_=0))
        last = func.max(ALERT.c.received_at)
        groups = (ALERT.c.decision, ALERT.c.component, ALERT.c.failure)
        query = select(*groups, func.count(), firing, last).where(KEPT_BACK_ALERT, ALERT.c.received_at >= since)
        rows = self._db.execute(query.group_by(*groups).order_by(last.desc()))
        return [KeptBack(Decision(d), c, f, int(many), int(still), at) for d, c, f, many, still, at in rows]

    def joined(self, incident_id: int, component: str, *, limit: int = 500) -> list[StoredAlert]:
        """Episodes of other components that joined an incident and still fire, first received first."""
        where = (
            ALERT.c.incident_id == incident_id,
            ALERT.c.component != component,
            ALERT.c.status == AlertStatus.FIRING.value,
        )
        query = select(ALERT).where(*where).order_by(ALERT.c.received_at, ALERT.c.id).limit(limit)
        return [to_alert(row) for row in self._db.execute(query)]

    def own_firing(self, incident_id: int, component: str, *, limit: int = 500) -> list[StoredAlert]:
        """Episodes of an incident's own component that still fire, the one heard last first."""
        query = select(ALERT).where(*_own_firing(incident_id, component))
        rows = self._db.execute(query.order_by(ALERT.c.updated_at.desc(), ALERT.c.id).limit(limit))
        return [to_alert(row) for row in rows]

    def own_firing_count(self, incident_id: int, component: str) -> int:
        """How many there are."""
        query = select(func.count()).select_from(ALERT).where(*_own_firing(incident_id, component))
        return int(self._db.execute(query).scalar_one())

    def hold_alerts(self, ids: Sequence[str]) -> None:
        """Lock these episodes, in one order; on SQLite the one writer holds everything already."""
        if ids and self._db.dialect.name != "sqlite":
            query = select(ALERT.c.id).where(ALERT.c.id.in_(sorted(ids))).order_by(ALERT.c.id).with_for_update()
            self._db.execute(query).all()

    def redecide(self, anew: Sequence[Redecided]) -> None:
        """Write what was decided anew."""
        for each in sorted(anew, key=lambda one: one.alert_id):
            values = {
                "decision": each.decision.value,
                "reason": each.reason.value,
                "incident_id": each.incident_id,
                "path": each.path,
                "updated_at": each.now,
            }
            self._db.execute(update(ALERT).where(ALERT.c.id == each.alert_id).values(values))

    def alerts_named(self, word: str, *, limit: int = 5) -> list[StoredAlert]:
        """Episodes with this id or fingerprint; else of this name or component, as far as they are recent."""
        row = self._db.execute(select(ALERT).where(ALERT.c.id == word)).one_or_none()
        if row is not None:
            return [to_alert(row)]
        sources = [name for (name,) in fetch(self._db, _SOURCES, ()) if name]
        of_series = select(ALERT).where(ALERT.c.source.in_(sources), ALERT.c.fingerprint == word)
        newest = (ALERT.c.received_at.desc(), ALERT.c.id.desc())
        found = self._db.execute(of_series.order_by(*newest).limit(limit)).all()
        if not found:
            is_called = or_(ALERT.c.name == word, ALERT.c.component == word)
            incidents = select(INCIDENT.c.id).order_by(INCIDENT.c.id.desc()).limit(_RECENT)
            recent = or_(KEPT_BACK_ALERT, ALERT.c.incident_id.in_(incidents.scalar_subquery()))
            found = self._db.execute(select(ALERT).where(recent, is_called).order_by(*newest).limit(limit)).all()
        return [to_alert(row) for row in found]


def _own_firing(incident_id: int, component: str) -> tuple[Any, ...]:
    fires = ALERT.c.status == AlertStatus.FIRING.value
    return (ALERT.c.incident_id == incident_id, ALERT.c.component == component, fires)


def open_silence(
    number: int,
    kind: str,
    component: str,
    failure: str,
    reason: str,
    by: str,
    team: str,
    starts_at: Any,
    ends_at: Any,
    at_end: str,
    created_at: Any,
    muted: int,
    version: int,
) -> Silence:
    moments = (moment_of(starts_at), moment_of(ends_at), AtEnd(at_end), moment_of(created_at))
    return Silence(number, Muting(kind), component, failure, reason, by, team, *moments, muted=muted, version=version)


def _row(silence: Silence) -> Values:
    names = Silence.__dataclass_fields__
    return {name: getattr(silence, name) for name in names} | {
        "kind": silence.kind.value,
        "at_end": silence.at_end.value,
    }


def _silence(row: Any) -> Silence:
    values = dict(row._mapping)
    return Silence(**(values | {"kind": Muting(values["kind"]), "at_end": AtEnd(values["at_end"])}))
