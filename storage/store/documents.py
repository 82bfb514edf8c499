"""Lives of postmortems, and the steps of each."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import bindparam, select, update

from playbooks import errors
from playbooks.domain.documents import DocumentLife, DocumentState, DocumentStep, StepKind
from storage.rows import DOCUMENT_LIFE, DOCUMENT_STEP, life_row, step_row, to_life, to_step
from storage.statements import Statement
from storage.store.part import Part

_WAITS = (DocumentState.DRAFT.value, DocumentState.IN_REVIEW.value)
_LIFE_OF = select(DOCUMENT_LIFE).where(DOCUMENT_LIFE.c.incident_id == bindparam("incident"))
_LIFE, _HELD_LIFE = Statement(_LIFE_OF), Statement(_LIFE_OF.with_for_update())
_SAVE_LIFE = Statement(
    update(DOCUMENT_LIFE)
    .where(DOCUMENT_LIFE.c.incident_id == bindparam("b_incident"), DOCUMENT_LIFE.c.version == bindparam("b_version"))
    .returning(*DOCUMENT_LIFE.c)
)
_STEPS = Statement(
    select(DOCUMENT_STEP).where(DOCUMENT_STEP.c.incident_id == bindparam("incident")).order_by(DOCUMENT_STEP.c.id)
)


class DocumentLives(Part):
    """Where each postmortem stands, and how it came there."""

    def document_life(self, incident_id: int, *, lock: bool = False) -> DocumentLife | None:
        """An incident's, locked for writing where asked for."""
        row = (_HELD_LIFE if lock else _LIFE).row(self._db, {"incident": incident_id})
        return None if row is None else to_life(row)

    def add_document_life(self, life: DocumentLife) -> bool:
        """Insert; False when there is one of the incident already."""
        return self._insert_new(DOCUMENT_LIFE, life_row(life))

    def save_document_life(self, life: DocumentLife) -> DocumentLife:
        """Write it when nobody else did since. Raises `errors.Conflict`."""
        which = {"b_incident": life.incident_id, "b_version": life.version}
        row = _SAVE_LIFE.row(self._db, life_row(life) | {"version": life.version + 1} | which)
        if row is None:
            raise errors.Conflict(
                f"The postmortem of INC-{life.incident_id} was changed by somebody else meanwhile.",
                "Look at it again.",
                code="changed",
            )
        return to_life(row)

    def overdue_documents(self, *, now: datetime) -> list[DocumentLife]:
        """Those whose review should have been given by now, the oldest due first."""
        table = DOCUMENT_LIFE
        query = select(table).where(table.c.state.in_(_WAITS), table.c.required.is_(True), table.c.due_at <= now)
        return [to_life(row) for row in self._db.execute(query.order_by(table.c.due_at, table.c.incident_id))]

    def put_document_step(self, step: DocumentStep) -> None:
        """Insert, or overwrite the one of the same incident and key; it keeps its place."""
        self.put(DOCUMENT_STEP, step_row(step), "incident_id", "key")

    def document_steps(self, incident_id: int) -> list[DocumentStep]:
        """In the order in which they were first taken."""
        return [to_step(row) for row in _STEPS.rows(self._db, {"incident": incident_id})]

    def document_votes(self, incident_id: int) -> Mapping[str, tuple[int, int]]:
        """How many said yes and no, by question."""
        counted: dict[str, tuple[int, int]] = {}
        for step in self.document_steps(incident_id):
            if step.kind is StepKind.VOTE:
                name, yes = str(step.facts.get("question")), bool(step.facts.get("yes"))
                before = counted.get(name, (0, 0))
                counted[name] = (before[0] + yes, before[1] + (not yes))
        return counted
