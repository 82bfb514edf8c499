"""What a check is, and how it looks for the cells of a row."""

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


def missing(cells: Sequence[str], wanted: Iterable[str]) -> str:
    """The first of the wanted cells that a row does not have, in their order; empty where all are there."""
    left = iter(cells)
    return next((want for want in wanted if not any(cell == want for cell in left)), "")
