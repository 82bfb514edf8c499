"""A component that is switched off: until when, who holds it, and how it comes back."""

from __future__ import annotations

from bot.slack import ids
from bot.slack.blocks import escape, kit
from playbooks.messages import OverrideNote

_DAY = "{date_short_pretty} at {time}"


def render(note: OverrideNote, *, root: str = "/inc") -> kit.Rendered:
    """The message of one override, edited until it is on again."""
    first, second = {
        "switching": _switching,
        "off_by_hand": _off_by_hand,
        "on_by_hand": _on_by_hand,
        "off": _off,
        "warning": _warning,
        "overdue": _overdue,
        "restoring": _restoring,
        "on": _on,
        "was": _was,
    }.get(note.phase, _off)(note, root)
    return kit.message(kit.section(first, second), kit.actions(*_buttons(note)))


def _name(note: OverrideNote) -> str:
    return escape.bold(escape.value(note.component, 63))


def _debt(note: OverrideNote) -> str:
    return f"Holder {escape.mention(note.holder)}, debt D-{note.override}."


def _why_not(note: OverrideNote, root: str) -> str:
    reason = escape.prose(note.why_not, root=root).rstrip(".")
    return f"It does not restore itself: {reason}." if reason else "It does not restore itself."


def _proof(note: OverrideNote) -> str:
    if note.claimed_by is not None:
        return f" (claimed by {escape.mention(note.claimed_by)}: {escape.value(note.claim, 200)}; not read back)"
    if note.confirmed_at is None:
        return " (not confirmed yet)"
    evidence = escape.value(note.evidence)
    return f" (confirmed {escape.moment(note.confirmed_at, '{time_secs}')}" + (f": {evidence})" if evidence else ")")


def _switching(note: OverrideNote, root: str) -> tuple[str, str]:
    until = escape.until(note.due_at, note.since)
    return f"{_name(note)} is being switched off until *{until}*; I'm reading the effect back now.", _debt(note)


def _off_by_hand(note: OverrideNote, root: str) -> tuple[str, str]:
    until = escape.until(note.due_at, note.since)
    return f"{_name(note)} is to be switched off by hand, until *{until}*; nobody says yet that it is.", _debt(note)


def _on_by_hand(note: OverrideNote, root: str) -> tuple[str, str]:
    return f"{_name(note)} is to be switched on by hand; nobody says yet that it is.", _debt(note)


def _off(note: OverrideNote, root: str) -> tuple[str, str]:
    first = f"{_name(note)} is *OFF* until *{escape.until(note.due_at, note.since)}*{_proof(note)}."
    if not note.restores_itself:
        return first, f"{_why_not(note, root)} {_debt(note)}"
    asked = f"; I'll ask at {escape.until(note.warn_at, note.since)}" if note.warn_at else ""
    condition = f", if {escape.value(note.only_if, 60)} by then" if note.only_if else " then"
    return first, f"Restores itself{condition}{asked}. {_debt(note)}"


def _warning(note: OverrideNote, root: str) -> tuple[str, str]:
    now = note.warn_at or note.due_at
    left = escape.span((note.due_at - now).total_seconds())
    off_for = escape.span((now - note.since).total_seconds())
    at = f"*{escape.until(note.due_at, note.since)}*"
    about = ", ".join(p for p in (f"off for {off_for}", escape.value(note.incident, 60)) if p)
    if note.restores_itself:
        return (
            f"{_name(note)} comes back in {left}, at {at} ({about}).",
            f"Extend it if it must stay off. {_debt(note)}",
        )
    return f"The time of {_name(note)} ends in {left}, at {at} ({about}).", f"{_why_not(note, root)} {_debt(note)}"


def _overdue(note: OverrideNote, root: str) -> tuple[str, str]:
    first = f"{_name(note)} is still *OFF*: its time ended on *{escape.moment(note.due_at, _DAY)}*."
    people = escape.several([escape.mention(who) for who in note.ask], "or")
    asked = f"{people}: restore it or extend it." if people else "Restore it or extend it."
    debt = f"Debt D-{note.override}." if note.holder in note.ask else _debt(note)
    return first, f"{asked} {_why_not(note, root)} {debt}"


def _restoring(note: OverrideNote, root: str) -> tuple[str, str]:
    return f"{_name(note)} is coming back; I'm reading the effect back now.", _debt(note)


def _on(note: OverrideNote, root: str) -> tuple[str, str]:
    end = note.closed_at or note.confirmed_at
    confirmed = f", confirmed {escape.moment(end, '{time_secs}')}" if end else ""
    if note.claimed_by is not None:
        confirmed = f", as {escape.mention(note.claimed_by)} says ({escape.value(note.claim, 200)}; not read back)"
    took = f" after {escape.span((end - note.since).total_seconds())}" if end else ""
    return f"{_name(note)} is *ON* again{confirmed}. D-{note.override} closed{took}.", ""


def _was(note: OverrideNote, root: str) -> tuple[str, str]:
    end = note.closed_at or note.due_at
    span = escape.span((end - note.since).total_seconds())
    times = f"{escape.until(note.since, end)} until {escape.until(end, note.since)}"
    return f"{_name(note)} was off from {times} ({span}). D-{note.override} is closed.", ""


def _buttons(note: OverrideNote) -> list[kit.Element]:
    if note.phase in ("switching", "off_by_hand", "on_by_hand", "restoring", "on", "was"):
        return []
    value = ids.Value(override=note.override, component=note.component[:100])
    extend = kit.button("Extend…", ids.EXTEND_OPEN, value)
    later = note.phase == "off"
    restore = kit.button(
        "Restore now…" if later else "Restore now",
        ids.RESTORE,
        value,
        style="primary" if note.phase == "overdue" else None,
    )
    return [restore, extend] if note.phase == "overdue" else [extend, restore]
