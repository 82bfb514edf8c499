"""What a check is, and what several of them look for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from playbooks.domain.drafts.reading import Draft

Look = Callable[[Draft], str]


@dataclass(frozen=True, slots=True)
class Rule:
    """One check: `look` says what is wrong, or gives an empty text."""

    id: str
    critical: bool
    title: str
    look: Look


def row_of(rows: Iterable[tuple[list[str], str]], seq: int) -> list[str]:
    """The cells of the row that cites an event first; empty where there is none."""
    citation = f"[E{seq}]"
    found = [cells for cells, line in rows if citation in line]
    return next((cells for cells in found if any(cell.endswith(citation) for cell in cells[:1])), (found or [[]])[0])


def missing(cells: Sequence[str], wanted: Iterable[str]) -> str:
    """The first of the wanted cells that a row does not have, in their order; empty where all are there."""
    left = iter(cells)
    return next((want for want in wanted if not any(cell == want for cell in left)), "")
