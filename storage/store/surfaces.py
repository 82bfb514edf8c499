"""Messages in Slack as desired state, and what was captured from Slack."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import String, Update, bindparam, func, select, update

from playbooks.ports import Captured, Surface
from storage.bulk import fetch, run_many, texts
from storage.rows import CAPTURED, SURFACE, captured_row, surface_row, to_captured, to_surface
from storage.statements import Statement, escaped
from storage.store.part import Part
from storage.tables import PENDING_SURFACE

_TARGETED = "SELECT id, target, pin, incident_id FROM surface WHERE id IN (SELECT value FROM {keys})"
_RENEW = "UPDATE surface SET wanted = wanted + 1, attempts = 0, error = '' WHERE id = ?"
# Rows are locked in one order, so that two replicas cannot lock each other out.
_RENEW_TOGETHER = (
    "WITH held AS MATERIALIZED (SELECT id FROM surface WHERE id IN (SELECT number FROM {rows}) ORDER BY id FOR UPDATE) "
    "UPDATE surface SET wanted = wanted + 1, attempts = 0, error = '' FROM held WHERE surface.id = held.id"
)


_TARGET = SURFACE.c.target == bindparam("target")
_LAST_SEQ = Statement(select(func.coalesce(func.max(SURFACE.c.seq), 0).label("seq")).where(_TARGET))
_TO_SHOW = Statement(select(SURFACE).where(_TARGET, PENDING_SURFACE).order_by(SURFACE.c.seq, SURFACE.c.id))
_OF_INCIDENT = Statement(
    select(SURFACE).where(SURFACE.c.incident_id == bindparam("incident")).order_by(SURFACE.c.target, SURFACE.c.seq)
)
_NAMED = Statement(
    select(SURFACE)
    .where(SURFACE.c.id.startswith(bindparam("prefix", type_=String()), escape="/"))
    .order_by(SURFACE.c.id)
)


def _saving(dialect: str) -> Update:
    """What is set is read from the names of the parameters, but `wanted` never goes back."""
    most = func.max if dialect == "sqlite" else func.greatest
    return (
        update(SURFACE)
        .where(SURFACE.c.id == bindparam("b_id"))
        .values(wanted=most(SURFACE.c.wanted, bindparam("b_wanted", type_=SURFACE.c.wanted.type)))
    )


_SAVE = Statement(_saving)
_SHOWN = Statement(update(SURFACE).where(SURFACE.c.id == bindparam("b_id")))
_SHOWS = ("shown", "channel", "ts", "attempts", "error", "shown_hash", "shown_at", "pinned")


def _changes(asked: Surface) -> tuple[object, ...] | None:
    """What a surface must be like already so that asking again changes nothing but the count."""
    return None if asked.payload or asked.thread else (asked.target, asked.pin, asked.incident_id)


class Surfaces(Part):
    """Messages in Slack as desired state, and what was captured from Slack."""

    def want_surface(self, surface: Surface) -> Surface:
        """Insert with `wanted` 1 and the next `seq` of its target, or raise `wanted` by one.

        Of an existing one, payload, target, thread, pin and incident are kept unless given; a new target is a new
        place in that target's order.
        """
        before = self._locked(surface.id)
        if before is None:
            fresh = replace(surface, wanted=1, seq=self._next_seq(surface.target))
            if self._insert_new(SURFACE, surface_row(fresh)):
                return fresh
            before = self._locked(surface.id)  # another transaction was quicker
            if before is None:
                raise RuntimeError(f"surface {surface.id} can neither be inserted nor read")
        moved = bool(surface.target) and surface.target != before.target
        after = replace(
            before,
            wanted=before.wanted + 1,
            payload=surface.payload or before.payload,
            target=surface.target or before.target,
            seq=self._next_seq(surface.target) if moved else before.seq,
            thread=surface.thread or before.thread,
            pin=surface.pin or before.pin,
            incident_id=before.incident_id if surface.incident_id is None else surface.incident_id,
            attempts=0,
            error="",
        )
        self.save_surface(after)
        return after

    def want_surfaces(self, surfaces: Sequence[Surface]) -> None:
        """`want_surface` for each, in the order given."""
        if not surfaces:
            return
        there = self._as_targeted(surfaces)
        plain = sorted({each.id for each in surfaces if there.get(each.id) == _changes(each)})
        renewed = set(plain) if len(surfaces) == len({each.id for each in surfaces}) else set()
        run_many(self._db, _RENEW, _RENEW_TOGETHER, {"number": "text"}, [(name,) for name in plain if name in renewed])
        for each in surfaces:
            if each.id not in renewed:
                self.want_surface(each)

    def _as_targeted(self, surfaces: Sequence[Surface]) -> dict[str, tuple[object, ...]]:
        """What asking again could change, of those that are there."""
        rows = fetch(self._db, _TARGETED, (texts([each.id for each in surfaces]),))
        return {name: (target, bool(pin), incident_id) for name, target, pin, incident_id in rows}

    def _locked(self, surface_id: str) -> Surface | None:
        row = self._one(SURFACE, surface_id, lock=True)
        return None if row is None else to_surface(row)

    def _next_seq(self, target: str) -> int:
        return int(_LAST_SEQ.rows(self._db, {"target": target})[0].seq) + 1

    def surface(self, surface_id: str) -> Surface | None:
        """One surface."""
        row = self._one(SURFACE, surface_id)
        return None if row is None else to_surface(row)

    def surfaces_to_show(self, target: str) -> list[Surface]:
        """What Slack does not show yet in its newest version, in the target's order."""
        return [to_surface(row) for row in _TO_SHOW.rows(self._db, {"target": target})]

    def surfaces_of(self, incident_id: int) -> list[Surface]:
        """All surfaces of an incident."""
        return [to_surface(row) for row in _OF_INCIDENT.rows(self._db, {"incident": incident_id})]

    def surfaces_named(self, prefix: str) -> list[Surface]:
        """Those whose id begins so, in the order of ids."""
        return [to_surface(row) for row in _NAMED.rows(self._db, {"prefix": escaped(prefix)})]

    def save_surface(self, surface: Surface) -> None:
        """Write all fields; `wanted` never goes back, so that a change asked for meanwhile is not lost."""
        values = surface_row(surface)
        which = {"b_id": values.pop("id"), "b_wanted": values.pop("wanted")}
        _SAVE.run(self._db, values | which)

    def save_shown(self, surface: Surface) -> None:
        """Write how far Slack is, and nothing of what it is to show."""
        _SHOWN.run(self._db, {"b_id": surface.id} | {name: getattr(surface, name) for name in _SHOWS})

    # ------------------------------------------------------------ captured messages

    def captured(self, channel: str, ts: str, way: str) -> Captured | None:
        """What this way of capturing made of the message."""
        where = (CAPTURED.c.channel == channel, CAPTURED.c.ts == ts, CAPTURED.c.way == way)
        row = self._db.execute(select(CAPTURED).where(*where)).one_or_none()
        return None if row is None else to_captured(row)

    def captured_all(self, channel: str, ts: str) -> list[Captured]:
        """All ways by which the message was captured."""
        query = select(CAPTURED).where(CAPTURED.c.channel == channel, CAPTURED.c.ts == ts)
        return [to_captured(row) for row in self._db.execute(query.order_by(CAPTURED.c.way))]

    def save_captured(self, captured: Captured) -> None:
        """Insert or overwrite."""
        self.put(CAPTURED, captured_row(captured), "channel", "ts", "way")
