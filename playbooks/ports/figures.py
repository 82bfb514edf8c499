"""What the store keeps of figures: a row of each incident that is over."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from playbooks.domain.figures import Figures


class FigureRows(Protocol):
    """Kept figures. A row counts while the chain has not grown since and the computation is the same."""

    def stale_figures(self, version: int, *, limit: int) -> list[int]:
        """Incidents that are resolved or closed and have no row that counts, the newest first."""
        ...

    def put_figures(self, figures: Sequence[Figures]) -> None:
        """Insert or overwrite."""
        ...

    def figures(self, version: int, *, since: datetime, until: datetime) -> list[Figures]:
        """Rows that count, of incidents opened in between (`until` not included), in the order of their numbers."""
        ...
