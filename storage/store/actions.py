"""Actions, approvals, the debt ledger, and what is known of versions."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from sqlalchemy import bindparam, insert, select, update

from playbooks.domain.actions import Action, ActionState, Approval, Mark, Override
from playbooks.domain.debt import SWITCHED
from storage.rows import (
    ACTION,
    APPROVAL,
    OVERRIDE,
    SERVING,
    VERSION_MARK,
    action_row,
    approval_row,
    override_row,
    to_action,
    to_approval,
    to_override,
)
from storage.store.part import Part

_OPEN_OVERRIDES = ("pending", "on", "overdue")
_ACTIONS_OF = select(ACTION).where(ACTION.c.incident_id == bindparam("incident")).order_by(ACTION.c.id)


class Actions(Part):
    """Actions, approvals, the debt ledger, and what is known of versions."""

    def add_action(self, action: Action) -> Action:
        """Insert; gives the id (the one passed is ignored)."""
        values = action_row(action)
        del values["id"]
        number = self._db.execute(insert(ACTION).values(values).returning(ACTION.c.id)).scalar_one()
        return replace(action, id=number)

    def action(self, action_id: int, *, lock: bool = False) -> Action | None:
        """One action; with `lock` nobody else changes it until this transaction ends."""
        row = self._one(ACTION, action_id, lock=lock)
        return None if row is None else to_action(row)

    def actions_of(self, incident_id: int) -> list[Action]:
        """An incident's actions, oldest first."""
        rows = self._db.execute(_ACTIONS_OF, {"incident": incident_id})
        return [to_action(row) for row in rows]

    def actions_in(self, states: Iterable[ActionState], *, component: str = "") -> list[Action]:
        """Actions in these states, of one component or of all, oldest first."""
        query = select(ACTION).where(ACTION.c.state.in_([state.value for state in states]))
        if component:
            query = query.where(ACTION.c.component == component)
        return [to_action(row) for row in self._db.execute(query.order_by(ACTION.c.id))]

    def recent_actions(self, *, since: datetime) -> list[Action]:
        """Actions created since then, oldest first."""
        rows = self._db.execute(select(ACTION).where(ACTION.c.created_at >= since).order_by(ACTION.c.id))
        return [to_action(row) for row in rows]

    def save_action(self, action: Action) -> Action:
        """Write all fields, `version + 1`. Raises errors.Conflict when another wrote since it was read."""
        self._save(ACTION, action_row(action), f"Action {action.id}")
        return replace(action, version=action.version + 1)

    def add_approval(self, approval: Approval) -> bool:
        """False when this decider already answered this action."""
        return self._insert_new(APPROVAL, approval_row(approval))

    def approvals(self, action_id: int) -> list[Approval]:
        """All answers to an action, first answer first."""
        query = select(APPROVAL).where(APPROVAL.c.action_id == action_id)
        return [to_approval(row) for row in self._db.execute(query.order_by(APPROVAL.c.at, APPROVAL.c.decider))]

    def consume_approvals(self, action_id: int, *, now: datetime) -> int:
        """Use up the approvals (not the denials) of an action; returns how many were still unused."""
        where = (
            APPROVAL.c.action_id == action_id,
            APPROVAL.c.verdict == "approved",
            APPROVAL.c.consumed_at.is_(None),
        )
        return self._db.execute(update(APPROVAL).where(*where).values(consumed_at=now)).rowcount

    def add_override(self, override: Override) -> Override:
        """Insert; gives the id (the one passed is ignored)."""
        values = override_row(override)
        del values["id"]
        number = self._db.execute(insert(OVERRIDE).values(values).returning(OVERRIDE.c.id)).scalar_one()
        return replace(override, id=number)

    def override(self, override_id: int, *, lock: bool = False) -> Override | None:
        """One entry of the ledger."""
        row = self._one(OVERRIDE, override_id, lock=lock)
        return None if row is None else to_override(row)

    def overrides(
        self,
        *,
        open_only: bool = True,
        component: str = "",
        incident_id: int | None = None,
        kinds: Collection[str] = SWITCHED,
    ) -> list[Override]:
        """Entries of the ledger, the one due first first; open are `pending`, `on` and `overdue`."""
        query = select(OVERRIDE)
        if kinds:
            query = query.where(OVERRIDE.c.kind.in_(sorted(kinds)))
        if open_only:
            query = query.where(OVERRIDE.c.state.in_(_OPEN_OVERRIDES))
        if component:
            query = query.where(OVERRIDE.c.component == component)
        if incident_id is not None:
            query = query.where(OVERRIDE.c.incident_id == incident_id)
        return [to_override(row) for row in self._db.execute(query.order_by(OVERRIDE.c.due_at, OVERRIDE.c.id))]

    def save_override(self, override: Override) -> Override:
        """Write all fields, `version + 1`. Raises errors.Conflict when another wrote since it was read."""
        self._save(OVERRIDE, override_row(override), f"D-{override.id}")
        return replace(override, version=override.version + 1)

    # ------------------------------------------------------------ versions

    def mark_version(
        self, component: str, version: str, mark: Mark, *, note: str, incident_id: int | None, now: datetime
    ) -> None:
        """Remember what was said last of a version."""
        values = {
            "component": component,
            "version": version,
            "mark": mark.value,
            "note": note,
            "incident_id": incident_id,
            "at": now,
        }
        self.put(VERSION_MARK, values, "component", "version")

    def version_marks(self, component: str) -> Mapping[str, tuple[Mark, str, datetime]]:
        """Version -> mark, note, when."""
        rows = self._db.execute(select(VERSION_MARK).where(VERSION_MARK.c.component == component))
        return {row.version: (Mark(row.mark), row.note, row.at) for row in rows}

    def record_serving(self, component: str, version: str, *, now: datetime) -> None:
        """Remember which version was set when; saying the current one again adds nothing."""
        history = self.serving_history(component)
        if not history or history[-1][0] != version:
            self._db.execute(insert(SERVING).values(component=component, version=version, at=now))

    def serving_history(self, component: str) -> list[tuple[str, datetime]]:
        """(version, since when), oldest first; the last is the current one."""
        rows = self._db.execute(select(SERVING).where(SERVING.c.component == component).order_by(SERVING.c.id))
        return [(row.version, row.at) for row in rows]
