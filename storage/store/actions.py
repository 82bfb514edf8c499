"""Actions, approvals, the debt ledger, and what is known of versions."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from functools import lru_cache

from sqlalchemy import bindparam, select, update

from playbooks.domain.actions import Action, ActionState, Approval, Mark, Override
from playbooks.domain.debt import SWITCHED
from storage.rows import (
    ACTION,
    APPROVAL,
    OVERRIDE,
    SERVING,
    VERSION_MARK,
    Values,
    action_row,
    approval_row,
    override_row,
    to_action,
    to_approval,
    to_override,
)
from storage.statements import Statement, among
from storage.store.part import Part

_OPEN_OVERRIDES = ("pending", "on", "overdue")
_ACTIONS = select(ACTION).order_by(ACTION.c.id)
_ACTIONS_OF = Statement(_ACTIONS.where(ACTION.c.incident_id == bindparam("incident")))
_RECENT = Statement(_ACTIONS.where(ACTION.c.created_at >= bindparam("since")))
_ITS = APPROVAL.c.action_id == bindparam("action")
_APPROVALS = Statement(select(APPROVAL).where(_ITS).order_by(APPROVAL.c.at, APPROVAL.c.decider))
_UNUSED = (APPROVAL.c.verdict == "approved", APPROVAL.c.consumed_at.is_(None))
_CONSUME = Statement(update(APPROVAL).where(_ITS, *_UNUSED))
_MARKS = Statement(select(VERSION_MARK).where(VERSION_MARK.c.component == bindparam("component")))
_SERVING = Statement(select(SERVING).where(SERVING.c.component == bindparam("component")).order_by(SERVING.c.id))


@lru_cache(maxsize=64)
def _in_states(states: tuple[str, ...], *, component: bool) -> Statement:
    where = [ACTION.c.component == bindparam("component")] if component else []
    return Statement(_ACTIONS.where(among(ACTION.c.state, states), *where))


@lru_cache(maxsize=64)
def _ledger(kinds: tuple[str, ...], *, open_only: bool, component: bool, incident: bool) -> Statement:
    query = select(OVERRIDE)
    if kinds:
        query = query.where(among(OVERRIDE.c.kind, kinds))
    if open_only:
        query = query.where(among(OVERRIDE.c.state, _OPEN_OVERRIDES))
    if component:
        query = query.where(OVERRIDE.c.component == bindparam("component"))
    if incident:
        query = query.where(OVERRIDE.c.incident_id == bindparam("incident"))
    return Statement(query.order_by(OVERRIDE.c.due_at, OVERRIDE.c.id))


class Actions(Part):
    """Actions, approvals, the debt ledger, and what is known of versions."""

    def add_action(self, action: Action) -> Action:
        """Insert; gives the id (the one passed is ignored)."""
        return replace(action, id=self._add(ACTION, action_row(action)))

    def action(self, action_id: int, *, lock: bool = False) -> Action | None:
        """One action; with `lock` nobody else changes it until this transaction ends."""
        row = self._one(ACTION, action_id, lock=lock)
        return None if row is None else to_action(row)

    def actions_of(self, incident_id: int) -> list[Action]:
        """An incident's actions, oldest first."""
        return [to_action(row) for row in _ACTIONS_OF.rows(self._db, {"incident": incident_id})]

    def actions_in(self, states: Iterable[ActionState], *, component: str = "") -> list[Action]:
        """Actions in these states, of one component or of all, oldest first."""
        named = tuple(sorted(state.value for state in states))
        if not named:
            return []
        asked = _in_states(named, component=bool(component))
        given = {"component": component} if component else {}
        return [to_action(row) for row in asked.rows(self._db, given)]

    def recent_actions(self, *, since: datetime) -> list[Action]:
        """Actions created since then, oldest first."""
        return [to_action(row) for row in _RECENT.rows(self._db, {"since": since})]

    def save_action(self, action: Action) -> Action:
        """Write all fields, `version + 1`. Raises errors.Conflict when another wrote since it was read."""
        self._save(ACTION, action_row(action), f"Action {action.id}")
        return replace(action, version=action.version + 1)

    def add_approval(self, approval: Approval) -> bool:
        """False when this decider already answered this action."""
        return self._insert_new(APPROVAL, approval_row(approval))

    def approvals(self, action_id: int) -> list[Approval]:
        """All answers to an action, first answer first."""
        return [to_approval(row) for row in _APPROVALS.rows(self._db, {"action": action_id})]

    def consume_approvals(self, action_id: int, *, now: datetime) -> int:
        """Use up the approvals (not the denials) of an action; returns how many were still unused."""
        return _CONSUME.changed(self._db, {"action": action_id, "consumed_at": now})

    def add_override(self, override: Override) -> Override:
        """Insert; gives the id (the one passed is ignored)."""
        return replace(override, id=self._add(OVERRIDE, override_row(override)))

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
        given: Values = {"component": component} if component else {}
        if incident_id is not None:
            given["incident"] = incident_id
        asked = _ledger(
            tuple(sorted(kinds)),
            open_only=open_only,
            component="component" in given,
            incident="incident" in given,
        )
        return [to_override(row) for row in asked.rows(self._db, given)]

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
        rows = _MARKS.rows(self._db, {"component": component})
        return {row.version: (Mark(row.mark), row.note, row.at) for row in rows}

    def record_serving(self, component: str, version: str, *, now: datetime) -> None:
        """Remember which version was set when; saying the current one again adds nothing."""
        history = self.serving_history(component)
        if not history or history[-1][0] != version:
            self._add(SERVING, {"component": component, "version": version, "at": now})

    def serving_history(self, component: str) -> list[tuple[str, datetime]]:
        """(version, since when), oldest first; the last is the current one."""
        return [(row.version, row.at) for row in _SERVING.rows(self._db, {"component": component})]
