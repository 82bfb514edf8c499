"""What changed before, and which versions ran before, during and after, as far as events say."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta

from playbooks.domain.ai_state import (
    AUTOMATION,
    CATEGORIES,
    DATA,
    EVALUATION,
    FALLBACK,
    GUARDRAIL,
    MODEL,
    PROMPT,
    Moment,
    StateFact,
)
from playbooks.domain.drafts.deeds import Privileged, Said
from playbooks.domain.drafts.entries import Entry, Point, first, only
from playbooks.domain.drafts.instants import Instants
from playbooks.domain.drafts.snapshots import Snapshot, snapshots_in
from playbooks.domain.timeline import EventKind

WINDOW = timedelta(hours=72)
_FALLBACK = "\x00fallback"

_WORDS = (
    (EVALUATION, ("eval", "judge")),
    (GUARDRAIL, ("guardrail",)),
    (PROMPT, ("prompt", "config", "decoding")),
    (DATA, ("data", "feature", "index", "embedding", "dag", "table")),
    (AUTOMATION, ("flag", "automation", "toggle")),
    (MODEL, ("model", "alias", "champion")),
)


@dataclass(frozen=True, slots=True)
class Changed:
    """A change before the impact."""

    at: Point
    kind: str
    subject: str
    before: str
    after: str
    environment: str
    source: str


@dataclass(frozen=True, slots=True)
class Changes:
    """Changes in the window. `until` is the instant the window ends at and `measured` what that is, in words."""

    rows: tuple[Changed, ...]
    until: Point | None
    measured: str
    older: int


@dataclass(frozen=True, slots=True)
class StateRow:
    """One thing that has a version or a switch, before, during and after the impact.

    `since`: the event that brought what was read afterwards, 0 where none tells it.
    """

    category: str
    subject: str
    before: Said | None
    during: Said | None
    after: Said | None
    since: int = 0


@dataclass(frozen=True, slots=True)
class Unread:
    """What a snapshot could not tell: why, the categories and subjects it is so of, and the event that says it."""

    why: str
    subjects: tuple[tuple[str, str], ...]
    seq: int


def changes_of(entries: Sequence[Entry], at: Instants) -> Changes:
    """Changes of the 72 hours before the impact, or before the first signal where no impact is recorded."""
    named = (("impact start", at.impact_start), ("the first signal", at.first_signal), ("declaration", at.declared))
    measured, until = next(((name, point) for name, point in named if point is not None), ("", None))
    every = only(entries, EventKind.CHANGE)
    if until is None:
        return Changes(tuple(_changed(e) for e in every), None, "", 0)
    before = [e for e in every if e.at <= until.at]
    inside = [e for e in before if e.at >= until.at - WINDOW]
    return Changes(tuple(_changed(e) for e in inside), until, measured, len(before) - len(inside))


def _changed(entry: Entry) -> Changed:
    return Changed(
        at=entry.point,
        kind=entry.text("kind"),
        subject=entry.text("subject") or entry.component,
        before=entry.text("before"),
        after=entry.text("after"),
        environment=entry.text("environment"),
        source=entry.text("source"),
    )


def state_of(entries: Sequence[Entry], at: Instants, actions: Sequence[Privileged]) -> tuple[StateRow, ...]:
    """Rows per thing changed, in order of category; things nobody recorded have no row."""
    rows: dict[str, StateRow] = {}
    for entry in only(entries, EventKind.CHANGE):
        _note_change(rows, entry, at)
    for action in actions:
        if action.took_effect and (action.before or action.after):
            _note_action(rows, action)
    _note_undone(rows, actions)
    declared = first(entries, EventKind.DECLARED)
    if declared is not None and declared.text("fallback"):
        said = Said(declared.text("fallback"), declared.seq)
        rows[_FALLBACK] = StateRow(FALLBACK, "", None, said, None)
    own = declared.text("component") or declared.component if declared is not None else ""
    switched = {key for key, row in rows.items() if row.category == AUTOMATION and row.during is not None}
    for snapshot in snapshots_in(entries):
        for fact in snapshot.rows:
            if fact.known and fact.category in CATEGORIES:
                _note_fact(rows, snapshot, fact, own, switched)
    return tuple(sorted(rows.values(), key=lambda row: CATEGORIES.index(row.category)))


def unread_of(entries: Sequence[Entry]) -> tuple[Unread, ...]:
    """What no snapshot could tell, by the first that says so; what a later one could read is left out."""
    snapshots = snapshots_in(entries)
    told = {(f.category, f.subject) for s in snapshots for f in s.rows if f.known}
    found: dict[tuple[int, str], list[tuple[str, str]]] = {}
    for snapshot in snapshots:
        for fact in snapshot.rows:
            about = (fact.category, fact.subject)
            if fact.category in CATEGORIES and not fact.known and about not in told:
                told.add(about)
                found.setdefault((snapshot.at.seq, fact.read), []).append(about)
    return tuple(Unread(why, tuple(subjects), seq) for (seq, why), subjects in found.items())


def stateless(rows: Sequence[StateRow], unread: Sequence[Unread]) -> tuple[str, ...]:
    """Categories of which nothing is said at all."""
    named = {row.category for row in rows} | {category for one in unread for category, _ in one.subjects}
    return tuple(category for category in CATEGORIES if category not in named)


def _note_fact(
    rows: dict[str, StateRow], snapshot: Snapshot, fact: StateFact, own: str, switched: Collection[str]
) -> None:
    """One fact that was read: at resolve it is what stands afterwards, earlier it is what stood meanwhile."""
    said = Said(fact.value, snapshot.at.seq)
    # The fallback as registered has a row without a subject, which names the component's own.
    same = fact.category == FALLBACK and fact.subject == own
    key = _FALLBACK if same else _row_of(rows, fact.category, fact.subject)
    old = rows.get(key) or StateRow(fact.category, "" if same else fact.subject, None, None, None)
    if snapshot.moment == Moment.RESOLVED:
        since = old.after.seq if old.after is not None and old.after.text == said.text else 0
        rows[key] = StateRow(old.category, old.subject, old.before, old.during, said, since)
    elif key in switched:
        # What it was switched to stands under "during" already; this is what it was found at.
        rows[key] = StateRow(old.category, old.subject, old.before or said, old.during, old.after)
    elif snapshot.moment == Moment.DECLARED or old.during is None:
        rows[key] = StateRow(old.category, old.subject, old.before, said, old.after)


def _row_of(rows: dict[str, StateRow], category: str, subject: str) -> str:
    """The row of the same thing, or the key of a new one: an evaluation of a model is not that model."""
    if subject in rows and rows[subject].category == category:
        return subject
    short = subject.partition("@")[0]
    alike = (k for k, row in rows.items() if row.category == category and k.partition("@")[0] == short)
    return next(alike, subject if subject not in rows else f"{category} {subject}")


def _category(*texts: str) -> str:
    low = " ".join(texts).lower()
    return next((category for category, words in _WORDS if any(w in low for w in words)), "")


def _note_change(rows: dict[str, StateRow], entry: Entry, at: Instants) -> None:
    subject = entry.text("subject") or entry.component
    category = _category(entry.text("kind")) or _category(subject, entry.component)
    before, after = _said(entry, "before"), _said(entry, "after")
    if not category or not subject or (before is None and after is None):
        return
    key = _key(rows, subject, entry.component)
    start = at.impact_start or at.first_signal or at.declared
    old = rows.get(key)
    if start is None or entry.at <= start.at:
        rows[key] = StateRow(category, subject, before or (old.before if old else None), after, after)
    elif old is not None:
        rows[key] = StateRow(category, subject, old.before, old.during, after or old.after)
    else:
        rows[key] = StateRow(category, subject, before, before, after)


def _note_action(rows: dict[str, StateRow], action: Privileged) -> None:
    subject = action.target or action.component
    key = _key(rows, subject, action.component)
    seq = action.verified.seq if action.verified else action.seqs[-1]
    before = Said(action.before, action.seqs[0]) if action.before else None
    after = Said(action.after, seq) if action.after else None
    old = rows.get(key)
    category = AUTOMATION if action.kind in ("disable", "enable") else _category(subject) or MODEL
    if old is None and category == AUTOMATION:
        # What matters of a switch during an incident is what it was set to, not what it was found at.
        rows[key] = StateRow(category, subject, before, after, after)
    elif old is None:
        rows[key] = StateRow(category, subject, None, before, after)
    else:
        rows[key] = StateRow(old.category, old.subject, old.before, old.during or before, after)


def _note_undone(rows: dict[str, StateRow], actions: Sequence[Privileged]) -> None:
    """Something switched off and on again stands at the end as it stood at the beginning."""
    for action in actions:
        key = _key(rows, action.target or action.component, action.component)
        row = rows.get(key)
        if row is not None and action.undone is not None and action.before:
            later = row.after is not None and row.after.seq > action.undone.seq
            if not later:
                rows[key] = StateRow(
                    row.category, row.subject, row.before, row.during, Said(action.before, action.undone.seq)
                )


def _key(rows: dict[str, StateRow], subject: str, component: str) -> str:
    """A change and an action on the same thing may name it by its target or by its component."""
    if subject in rows:
        return subject
    names = {subject, component} - {""}
    return next((key for key in rows if key in names or key.split("@")[0] in names), subject)


def _said(entry: Entry, key: str) -> Said | None:
    return Said(entry.text(key), entry.seq) if entry.text(key) else None
