"""An accepted risk, a freeze or an owed review: until when, who holds it, and the one thing asked now."""

from __future__ import annotations

from bot.slack import ids
from bot.slack.blocks import clocks, escape, kit
from playbooks.messages import EntryNote

_WHEN = "{date_short_pretty} at {time}"


def render(note: EntryNote, *, root: str = "/inc") -> kit.Rendered:
    """The message of one entry, edited until it is over."""
    first, second = _LINES.get(note.kind, _review)(note, root)
    return kit.message(kit.section(first, second), kit.actions(*_buttons(note)))


def _name(note: EntryNote) -> str:
    return escape.bold(escape.value(note.component, 63))


def _reason(note: EntryNote) -> str:
    return f" — {escape.value(note.reason, 300)}" if note.reason else ""


def _debt(note: EntryNote) -> str:
    incident = f", {escape.value(note.incident, 20)}" if note.incident else ""
    return f"Holder {escape.mention(note.holder)}, debt D-{note.entry}{incident}."


def _risk(note: EntryNote, root: str) -> tuple[str, str]:
    due = escape.moment(note.due_at, _WHEN)
    if note.phase == "warning":
        return (
            f"The accepted risk of {_name(note)} ends on *{due}*{_reason(note)}.",
            f"{escape.mention(note.holder)}: renew it with a reason, or let it end. Debt D-{note.entry}.",
        )
    if note.phase == "ended":
        return (
            f"The accepted risk of {_name(note)} ended on *{due}*{_reason(note)}.",
            f"{escape.mention(note.holder)}: is it still acceptable? Renew it with a reason, or let it end. "
            f"Until you answer, D-{note.entry} is overdue.",
        )
    if note.phase == "over":
        return f"The accepted risk of {_name(note)} ended on *{due}*{_reason(note)}. {_debt(note)}", ""
    if note.phase == "closed":
        return f"The accepted risk of {_name(note)} is over{_by(note)}. D-{note.entry} is closed.", ""
    return (
        f"Risk of {_name(note)} accepted until *{due}*{_reason(note)}.",
        f"I'll ask again when it ends. {_debt(note)}",
    )


def _follow_up(note: EntryNote, root: str) -> tuple[str, str]:
    incident = f", {escape.value(note.incident, 20)}" if note.incident else ""
    what, due = escape.bold(escape.value(note.reason, 300)), escape.moment(note.due_at, _WHEN)
    if note.phase == "closed":
        by = f" by {escape.mention(note.closed_by)}" if note.closed_by is not None else ""
        return (
            f"✓ {what} · done{by}{f': {escape.value(note.why, 300)}' if note.why else ''} (D-{note.entry}{incident})",
            "",
        )
    if note.phase in ("ended", "over"):
        late = f" Until then D-{note.entry} is overdue." if note.phase == "ended" else ""
        asked = f"{escape.mention(note.holder)}: is it done? One sentence closes it.{late}"
        return f"{what} was due on *{due}*{incident}.", asked if note.phase == "ended" else ""
    word = "is due soon, on" if note.phase == "warning" else "by"
    return f"{what} · {escape.mention(note.holder)} {word} *{due}*", f"Follow-up D-{note.entry}{incident}."


def _review(note: EntryNote, root: str) -> tuple[str, str]:
    what = f"*{escape.value(note.what, 60)}* of {_name(note)}"
    if note.phase == "closed":
        by = f" by {escape.mention(note.closed_by)}" if note.closed_by is not None else ""
        why = f": {escape.value(note.why, 300)}" if note.why else ""
        return f"The {what} is reviewed{by}{why}. D-{note.entry} is closed.", ""
    due = escape.moment(note.due_at, _WHEN)
    people = escape.several([escape.mention(who) for who in note.may_end[:4]], "or") or "Who holds the right"
    over = f" Until somebody answers, D-{note.entry} is overdue." if note.phase == "ended" else ""
    was = f"was due on *{due}*" if note.phase == "ended" else f"is due on *{due}*"
    return (
        f"The review of the {what} {was}{_reason(note)} ({escape.mention(note.holder)}).",
        f"{people}: was it right? One sentence closes it.{over or f' Debt D-{note.entry}.'}",
    )


def _freeze(note: EntryNote, root: str) -> tuple[str, str]:
    if note.phase == "closed":
        return f"{_name(note)} is no longer frozen{_by(note)}. D-{note.entry} is closed.", ""
    first = f"{_name(note)} is *FROZEN* until *{escape.moment(note.due_at, _WHEN)}*{_reason(note)}."
    people = escape.several([escape.mention(who) for who in note.may_end[:4]], "or")
    also = f" {people} may unfreeze it, too." if people else ""
    times = "once" if note.changes == 1 else f"{note.changes} times"
    spite = f" ⚠︎ Changed {times} in spite of it." if note.changes else ""
    blocked = "Its levers are blocked, but for stopping it" if note.stops else "Its levers are blocked"
    return first, f"{blocked}; I tell of every change to it.{spite} {_debt(note)}{also}"


def _by(note: EntryNote) -> str:
    by = f", ended by {escape.mention(note.closed_by)}" if note.closed_by is not None else ""
    return by + (f": {escape.value(note.why, 300)}" if note.why else "")


def _clock(note: EntryNote, root: str) -> tuple[str, str]:
    return clocks.clock_lines(note)


def _hold(note: EntryNote, root: str) -> tuple[str, str]:
    return clocks.hold_lines(note)


_LINES = {"freeze": _freeze, "accepted_risk": _risk, "follow_up": _follow_up, "clock": _clock, "hold": _hold}


def _buttons(note: EntryNote) -> list[kit.Element]:
    if note.phase in ("closed", "over"):
        return []
    value = ids.Value(override=note.entry, component=note.component[:100])
    if note.kind == "follow_up":
        return [kit.button("Done…", ids.REVIEW_OPEN, value, style="primary" if note.phase != "on" else None)]
    if note.kind == "clock":
        return [kit.button("It is sent…", ids.REVIEW_OPEN, value, style="primary" if note.phase != "on" else None)]
    if note.kind == "hold":
        return []
    if note.kind not in ("freeze", "accepted_risk"):
        return [kit.button("Review…", ids.REVIEW_OPEN, value, style="primary")]
    if note.kind == "freeze":
        return [kit.button("Unfreeze", ids.UNFREEZE, value)]
    asked = note.phase in ("warning", "ended")
    return [
        kit.button("Renew…", ids.RENEW_OPEN, value, style="primary" if asked else None),
        kit.button("Let it end…", ids.LET_END_OPEN, value),
    ]
