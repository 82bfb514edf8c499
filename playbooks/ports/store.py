"""The store and its transaction, of every topic's part."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol

from playbooks.ports.actions import Actions
from playbooks.ports.alerts import Alerts
from playbooks.ports.attachments import Attachments
from playbooks.ports.documents import Documents
from playbooks.ports.durable import Durable
from playbooks.ports.figures import FigureRows
from playbooks.ports.gaps import Gaps
from playbooks.ports.incidents import Incidents
from playbooks.ports.memory import Memory
from playbooks.ports.publishing import Publications
from playbooks.ports.silences import Silences


class UnitOfWork(
    Attachments,
    Incidents,
    Alerts,
    Actions,
    Durable,
    Memory,
    Gaps,
    Silences,
    Publications,
    Documents,
    FigureRows,
    Protocol,
):
    """One transaction: state + events + jobs. Opened by `Store.begin`; committed at the end of the `with`."""


class Store(Protocol):
    """Opens transactions. `people` goes before `alerts` and `jobs` that wait."""

    def begin(self, *, lane: str = "") -> AbstractContextManager[UnitOfWork]:
        """A read-write transaction (BEGIN IMMEDIATE on SQLite). Raises `errors.StoreBusy`."""
        ...

    def read(self) -> AbstractContextManager[UnitOfWork]:
        """A read-only look; writing through it is an error."""
        ...
