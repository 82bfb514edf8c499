"""The blocks of a document that tell of its own life: status, action items, review; printed from rows."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from playbooks.domain.action_items import Item
from playbooks.domain.documents import CHECKS, POINTS, DocumentLife, DocumentState, DocumentStep, StepKind
from playbooks.domain.drafts import words

PRINTED = ("status", "action-items", "review")
"""Names of these blocks. They are no machine blocks: what they say is not in the chain."""
_EMPTY_ROW = "|  |  |  |  |  |  |"
_MOVED = {"draft": "Back to draft", "in_review": "Sent to review", "reviewed": "Reviewed"}
_STATES = {state.label: state for state in DocumentState}


@dataclass(frozen=True, slots=True)
class Status:
    """What is known of a document's life.

    Attributes:
        steps: in their order. items: follow-ups of the incident. votes: question -> (yes, no). invited: how many.
        reportable: verdict and reason of the newest decision whether it is, None where nobody decided.
    """

    life: DocumentLife | None = None
    steps: Sequence[DocumentStep] = ()
    items: Sequence[Item] = ()
    votes: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    invited: int = 0
    reportable: tuple[str, str] | None = None


def printed(status: Status, asked: int, still_open: int) -> dict[str, str]:
    """The blocks by name. `asked`, `still_open`: questions of the draft, and those without an answer."""
    return {
        "status": _status(status, asked, still_open),
        "action-items": _action_items(status),
        "review": _review(status),
    }


def state_told(markdown: str) -> DocumentState | None:
    """The state a status block tells, None where it tells none."""
    label = markdown.strip().partition("**")[2].partition("**")[0]
    return _STATES.get(label)


def foreign_rows(block: str) -> list[str]:
    """Filled rows of a table of action items that name no entry of the ledger: somebody wrote them by hand."""
    rows = [line.strip() for line in block.splitlines() if line.strip().startswith("|")][2:]
    return [row for row in rows if row.strip("| ") and not re.match(r"\| *D-\d+ ", row)]


def day(at: datetime) -> str:
    """`2026-11-26 17:00 UTC`."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def _person(actor: str) -> str:
    return words.code(actor.removeprefix("slack:")) if actor else "nobody yet"


def _status(status: Status, asked: int, still_open: int) -> str:
    life = status.life
    state = life.state if life is not None else DocumentState.DRAFT
    complete = sum(item.complete for item in status.items)
    parts = [
        f"**{state.label}**",
        f"{still_open} of {asked} questions open" if still_open else f"all {asked} questions answered",
        f"owner {_person(life.owner if life is not None else '')}",
    ]
    if life is not None and life.due_at is not None:
        parts.append(f"review due {day(life.due_at)}")
    if life is not None and not life.required:
        parts.append("no review required")
    parts.append(f"{complete} action item{'' if complete == 1 else 's'}" if complete else "no complete action item")
    return " · ".join(parts)


def _action_items(status: Status) -> str:
    rows = [_row(item) for item in status.items if item.complete]
    lines = [
        "## Action items",
        "",
        "*Every item has all its fields. None is written for you: `/postmortem item …` adds one.*",
        "",
        "| Item | Type (prevent, detect, mitigate, learn) | Owner | Due | Ticket | Done when |",
        "|---|---|---|---|---|---|",
        *(rows or [_EMPTY_ROW]),
    ]
    half = [item for item in status.items if not item.complete]
    if half:
        lines += ["", *(f"- D-{item.number} is not complete: {', '.join(item.lacking)} to be named." for item in half)]
    life = status.life
    if life is not None and life.no_action:
        lines += ["", f"No action, signed by {_person(life.no_action_by)}: {words.escape(life.no_action)}"]
    return "\n".join(lines)


def _row(item: Item) -> str:
    done = " ✓" if item.done else ""
    cells = (
        f"D-{item.number} {words.escape(item.text)}{done}",
        item.type,
        _person(item.owner),
        f"{item.due_at.astimezone(UTC):%Y-%m-%d}",
        _ticket(item.ticket),
        words.escape(item.done_when),
    )
    return f"| {' | '.join(cells)} |"


def _ticket(ticket: str) -> str:
    plain = not set(ticket) & set('()<>|\\`" “”')
    return f"[link]({ticket})" if ticket.startswith(("http://", "https://")) and plain else words.escape(ticket)


def _review(status: Status) -> str:
    life = status.life
    lines = ["## Review", ""]
    if life is None:
        lines += ["- State: **Draft**", "- Owner: nobody yet", "- Review due: when the incident is resolved"]
    else:
        lines.append(f"- State: **{life.state.label}** since {day(life.since)}")
        lines.append(f"- Owner: {_person(life.owner)}")
        lines.append(f"- Review due: {day(life.due_at) if life.due_at is not None else 'none'}")
    lines.append(f"- Reportable to an authority: {_reportable(status)}")
    if life is not None and life.waived:
        lines.append(f"- Closed without a review: {words.escape(life.waived)}")
    lines += [f"- {told}" for step in status.steps if (told := _step(step))]
    answered = [_votes(name, status) for name in ("learned", "again") if name in status.votes]
    if answered:
        lines.append(f"- {'; '.join(answered)} (of {status.invited} invited)")
    return "\n".join(lines)


def _reportable(status: Status) -> str:
    if status.reportable is None:
        return "nobody has decided (`/inc reportable yes|no … because …`)"
    verdict, because = status.reportable
    return f"{words.escape(verdict)}{f': {words.escape(because)}' if because else ''}"


def _step(step: DocumentStep) -> str:
    by, at = _person(step.by), day(step.at)
    because = str(step.facts.get("because") or "")
    why = f": {words.escape(because)}" if because else ""
    if step.kind is StepKind.MOVED:
        after = step.facts.get("to")
        return f"{_MOVED.get(str(after), 'Closed')} {at} by {by}{why}"
    if step.kind is StepKind.OWNER and step.facts.get("from"):
        return f"Handed to {_person(str(step.facts.get('to') or ''))} {at} by {by}"
    if step.kind is StepKind.DUE:
        return f"Due date moved {at} by {by}{why}"
    if step.kind is StepKind.IMPORTED:
        names = step.facts.get("blocks") or ()
        return f"Text taken from a file {at} by {by}: {', '.join(map(words.escape, names))}"
    if step.kind is StepKind.CHECKED:
        given = step.facts.get("points")
        total = sum(given.values()) if isinstance(given, Mapping) else 0
        weak = [CHECKS[name] for name, points in given.items() if not points] if isinstance(given, Mapping) else []
        missing = f"; none for: {'; '.join(weak)}" if weak else ""
        return f"Checked {at} by {by}: {total} of {POINTS} points{missing}"
    return ""


def _votes(name: str, status: Status) -> str:
    yes, no = status.votes[name]
    said = {"learned": "Learned something that changes their work", "again": "Would come again"}[name]
    return f"{said}: {yes} of {yes + no} who answered"
