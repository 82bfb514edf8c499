"""The life of a postmortem: its states, who owns it, by when it is reviewed, and what is kept of each step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from playbooks import errors
from playbooks.domain.incidents import Severity

DUE_AT = time(17)
"""Time of day at which a review is due, on the clock of the accountable team."""
POINTS = 16
"""The most that the eight checks of a reviewer can give."""
ENOUGH = 12
"""Points of a document that can be closed, where a severity asks for the checks at all."""
_FRIDAY = 4


class DocumentState(StrEnum):
    """PagerDuty's four states (PagerDuty/postmortem-docs, `docs/how_to_write/writing.md`)."""

    DRAFT = "draft"
    IN_REVIEW = "in_review"
    REVIEWED = "reviewed"
    CLOSED = "closed"

    @property
    def label(self) -> str:
        """`In review`."""
        return self.value.replace("_", " ").capitalize()


_NEXT = {
    DocumentState.DRAFT: (DocumentState.IN_REVIEW,),
    DocumentState.IN_REVIEW: (DocumentState.REVIEWED, DocumentState.DRAFT),
    DocumentState.REVIEWED: (DocumentState.CLOSED, DocumentState.DRAFT),
    DocumentState.CLOSED: (),
}
_HOW = {
    DocumentState.DRAFT: "send it to review",
    DocumentState.IN_REVIEW: "somebody other than its owner marks it reviewed",
    DocumentState.REVIEWED: "close it",
    DocumentState.CLOSED: "reopen the incident, if it has to be written anew",
}


def check_step(name: str, before: DocumentState, after: DocumentState) -> None:
    """Whether a document may go there. Raises Conflict that names the next step."""
    if after is before:
        said = before.label.lower()
        article = "a draft" if before is DocumentState.DRAFT else said
        raise errors.Conflict(f"The postmortem of {name} is {article} already.", code="already_there")
    if after not in _NEXT[before]:
        raise errors.Conflict(
            f"The postmortem of {name} is {before.label.lower()}; it cannot become {after.label.lower()} from there.",
            f"Next: {_HOW[before]}.",
            code="wrong_state",
        )


@dataclass(frozen=True, slots=True)
class ReviewRule:
    """What a severity asks of its postmortem.

    Attributes:
        required: without it nobody is reminded, and the incident can be closed without a review.
        days: until the review is due. business: Saturdays and Sundays do not count.
        points: how many points of the reviewer's checks are needed to close; 0 where they are not asked for.
    """

    required: bool = True
    days: int = 10
    business: bool = True
    points: int = 0

    @property
    def words(self) -> str:
        """`5 business days`."""
        kind = "business" if self.business else "calendar"
        return f"{self.days} {kind} day{'' if self.days == 1 else 's'}"


_BY_LEVEL = {1: ReviewRule(days=3, business=False), 2: ReviewRule(days=5)}


def default_rules(severities: Sequence[Severity]) -> dict[str, ReviewRule]:
    """3 calendar days for the worst level, 5 business days for the second (PagerDuty's guide), 10 for the others."""
    return {severity.id: _BY_LEVEL.get(severity.level, ReviewRule()) for severity in severities}


def due_of(since: datetime, rule: ReviewRule, zone: str) -> datetime:
    """When a review is due, UTC: so many days after the day of `since`, at the end of the working day in the zone."""
    tz = ZoneInfo(zone)
    day = since.astimezone(tz).date()
    last = business_day(day, rule.days) if rule.business else day + timedelta(days=rule.days)
    return datetime.combine(last, DUE_AT, tz).astimezone(UTC)


def business_day(start: date, days: int) -> date:
    """The day so many working days after `start`, which itself does not count."""
    day = start
    while days > 0:
        day += timedelta(days=1)
        days -= day.weekday() <= _FRIDAY
    return day


@dataclass(frozen=True, slots=True)
class DocumentLife:
    """Where a postmortem stands.

    Attributes:
        owner: actor id, empty while nobody owns it. due_at: when its review is due, UTC; None where none is required.
        required: whether somebody has to write it; reason why not in `waived`.
        no_action: why nothing is to be done; no_action_by: actor id of who signed that.
        since: when it came to its state. told_seq: number of the newest event that its readers know of.
        nags: reminders after it was due. points: of the reviewer's checks, None where nobody gave them.
    """

    incident_id: int
    state: DocumentState
    since: datetime
    owner: str = ""
    due_at: datetime | None = None
    required: bool = True
    waived: str = ""
    no_action: str = ""
    no_action_by: str = ""
    told_seq: int = 0
    nags: int = 0
    points: int | None = None
    version: int = 1

    @property
    def waits(self) -> bool:
        """Whether a review is still to come."""
        return self.required and self.state in (DocumentState.DRAFT, DocumentState.IN_REVIEW)

    def overdue(self, now: datetime) -> bool:
        """Whether its review should have been given by now."""
        return self.waits and self.due_at is not None and now >= self.due_at


def next_of(life: DocumentLife | None, still_open: int, has_action: bool) -> str:
    """What is to be done with a document now: `answer`, `item`, `review`, `reviewed`, `close`; empty for nothing."""
    state = life.state if life is not None else DocumentState.DRAFT
    if state is DocumentState.CLOSED:
        return ""
    if still_open:
        return "answer"
    if not has_action:
        return "item"
    return {DocumentState.DRAFT: "review", DocumentState.IN_REVIEW: "reviewed"}.get(state, "close")


class StepKind(StrEnum):
    """What is kept of a document's life, each with who and when."""

    MOVED = "moved"
    OWNER = "owner"
    DUE = "due"
    NO_ACTION = "no_action"
    CHECKED = "checked"
    IMPORTED = "imported"
    VOTE = "vote"


@dataclass(frozen=True, slots=True)
class DocumentStep:
    """One step of a document's life; `key` is unique within the incident, so that a step is kept once."""

    incident_id: int
    key: str
    kind: StepKind
    by: str
    at: datetime
    facts: Mapping[str, Any] = field(default_factory=dict)


# ------------------------------------------------------------------ a reviewer's checks, the questions at the end

CHECKS: Mapping[str, str] = {
    "impact": "Impact in numbers, with their source",
    "conditions": "Several contributing conditions, none of them a person",
    "reader": "A reader outside the team understands it",
    "poorly": "Each thing that went poorly has an action, or a reason for none",
    "prevents": "An action prevents or detects; none starts with “improve”",
    "luck": "What went well and where luck was are named",
    "surprise": "Something surprising is stated",
    "prompt": "Published within 10 working days",
}
"""The reviewer's eight checks, each worth 0, 1 or 2 points."""


def points_of(given: Mapping[str, int]) -> int:
    """Sum of the checks. Raises InputError for one that is missing, unknown or not 0, 1 or 2."""
    lacking = [words for name, words in CHECKS.items() if given.get(name) not in (0, 1, 2)]
    if lacking or set(given) - set(CHECKS):
        raise errors.InputError(
            f"Every check needs 0, 1 or 2 points: “{lacking[0]}”." if lacking else "That is no check.",
            "Give all eight.",
            code="bad_checks",
        )
    return sum(given.values())


QUESTIONS: Mapping[str, str] = {
    "learned": "Did you learn something that changes your work?",
    "again": "Would you come again?",
}
"""Asked of those invited when a document is closed (Etsy's debriefing guide: how to tell that one was worth it)."""
