"""The messages of a postmortem: where it stands and what is next, and the two questions at its end."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from playbooks.domain.documents import DocumentState
from playbooks.messages.parts import Tag, Who


@dataclass(frozen=True, slots=True)
class DocumentNote:
    """Where a postmortem stands.

    Attributes:
        phase: `status` (an answer), `warning`, `due`, `overdue` (reminders), `review` (asks for a reviewer).
        next: what is to be done, as in `playbooks.domain.documents.next_of`.
        open, asked: questions without an answer, and all of them. items: complete action items.
        half: number of an item and what it lacks. no_action: why nothing is to be done, signed.
        lacks: what it still needs before it is reviewed or closed; `checked` where that was looked at.
        reviewers: who may mark it reviewed. points: of the reviewer's checks; needed: how many its severity asks for.
        waived: why its incident was closed without a review. published: name and link of each place that shows it.
        page: signed link to its page, empty where there are none.
    """

    tag: Tag
    phase: str
    state: DocumentState
    owner: Who | None
    due_at: datetime | None
    overdue: bool
    required: bool
    next: str
    open: int
    asked: int
    items: int = 0
    half: tuple[tuple[int, str], ...] = ()
    no_action: str = ""
    lacks: tuple[str, ...] = ()
    checked: bool = False
    reviewers: tuple[Who, ...] = ()
    points: int | None = None
    needed: int = 0
    waived: str = ""
    resolved: bool = True
    published: tuple[tuple[str, str], ...] = ()
    page: str = ""


@dataclass(frozen=True, slots=True)
class VoteNote:
    """Asked of those invited when a postmortem is closed: (name, question, yes, no), edited as they answer."""

    tag: Tag
    questions: tuple[tuple[str, str, int, int], ...]
    invited: tuple[Who, ...]
