"""What the store keeps of a postmortem's own life: where it stands, and each step with who and when."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from playbooks.domain.documents import DocumentLife, DocumentStep


class Documents(Protocol):
    """Lives of documents and their steps."""

    def document_life(self, incident_id: int, *, lock: bool = False) -> DocumentLife | None: ...
    def add_document_life(self, life: DocumentLife) -> bool:
        """Insert; False when there is one of the incident already."""
        ...

    def save_document_life(self, life: DocumentLife) -> DocumentLife:
        """Write the life of this version, which grows by one. Raises `errors.Conflict` for an older one."""
        ...

    def overdue_documents(self, *, now: datetime) -> list[DocumentLife]:
        """Those whose review should have been given by now, the oldest due first."""
        ...

    def put_document_step(self, step: DocumentStep) -> None:
        """Insert, or overwrite the one of the same incident and key: a vote may be changed."""
        ...

    def document_steps(self, incident_id: int) -> list[DocumentStep]:
        """In the order in which they were first taken."""
        ...

    def document_votes(self, incident_id: int) -> Mapping[str, tuple[int, int]]:
        """How many said yes and no, by question."""
        ...
