"""Clocks of authorities: what is to be sent next and until when, what it needs, and what was sent."""

from __future__ import annotations

from bot.slack import ids
from bot.slack.blocks import escape, kit
from playbooks.messages import ClockList, ClockRow, EntryNote

_WHEN = "{date_short_pretty} at {time}"
_MOST = 8
_CHOICES = 15


def listing(view: ClockList, *, root: str = "/inc") -> kit.Rendered:
    """`/inc clock`."""
    waiting = [row for row in view.rows if row.sent_at is None and row.due_at is not None]
    later = [row for row in view.rows if row.sent_at is None and row.due_at is None]
    sent = [row for row in view.rows if row.sent_at is not None]
    return kit.message(
        kit.section(*_head(view, root)),
        [kit.section(*_row(row)) for row in waiting[:_MOST]],
        kit.context(_then(later), *_sent(sent)),
        kit.actions(*_buttons(view, waiting)),
        kit.context(f"A reminder, not legal advice. {_who(view)}"),
    )


def _head(view: ClockList, root: str) -> tuple[str, str]:
    known = f"aware since {escape.moment(view.aware_at, _WHEN)}" if view.aware_at is not None else "aware: not recorded"
    if view.verdict == "yes":
        first = kit.dots(f"*{view.tag.name} is reportable*", known)
        if view.aware_at is None:
            return first, f"Record since when you knew: {escape.code(f'{root} milestone aware 03:10')}"
        return first, f"Reason: {escape.value(view.because, 300)}"
    if view.verdict:
        said = "not reportable" if view.verdict == "no" else "undecided"
        return kit.dots(f"*{view.tag.name} is {said}*", known), f"Reason: {escape.value(view.because, 300)}"
    how = escape.code(f"{root} reportable yes|no|undecided [clock …] because …")
    there = ", ".join(escape.code(name) for name, _ in view.choices[:_CHOICES])
    return kit.dots(f"*{view.tag.name}: nobody decided whether it is reportable*", known), f"{how}\nClocks: {there}"


def _row(row: ClockRow) -> tuple[str, str]:
    what = f"{escape.value(row.title, 120)}: {escape.value(row.what, 120)}"
    due = row.due_at
    when = f"*{escape.moment(due, _WHEN)}* ({due:%d %b %H:%M} UTC)" if due is not None else ""
    when = f"⚠︎ *overdue* since {when}" if row.overdue else f"until {when}"
    needs = f"Needs: {escape.value(', '.join(row.needs), 300)}" if row.needs else ""
    rule = f"Rule: {escape.value(row.says, 200)}" if row.says else ""
    first = kit.dots(f"*{what}*", when, escape.code(f"{row.clock} {row.stage}"))
    return first, "\n".join(part for part in (rule, needs) if part)


def _then(rows: list[ClockRow]) -> str:
    """What comes later, in one line."""
    found = []
    for row in rows[:_MOST]:
        why = f"waits for: {escape.value(row.waits, 80)}" if row.waits else "no length in the text"
        found.append(f"{escape.code(f'{row.clock} {row.stage}')} {escape.value(row.what, 60)} ({why})")
    return f"Then: {kit.dots(*found)}" if found else ""


def _sent(rows: list[ClockRow]) -> list[str]:
    found = []
    for row in rows[-_MOST:]:
        if row.sent_at is not None:
            number = f", reference {escape.value(row.reference, 60)}" if row.reference else ""
            found.append(
                f"✓ {escape.code(f'{row.clock} {row.stage}')} sent {escape.moment(row.sent_at, _WHEN)}{number}"
            )
    return found


def _buttons(view: ClockList, waiting: list[ClockRow]) -> list[kit.Element | None]:
    number = view.tag.number
    if view.verdict != "yes":
        return [kit.button("Decide…", ids.REPORTABLE_OPEN, ids.Value(incident=number), style="primary")]
    first = next((row for row in waiting if row.entry), None)
    if first is None:
        return []
    return [
        kit.button(
            f"Draft {first.clock}"[:60], ids.CLOCK_DRAFT, ids.Value(incident=number, text=first.clock), style="primary"
        ),
        kit.button(f"{first.clock} is sent…"[:60], ids.REVIEW_OPEN, ids.Value(override=first.entry)),
    ]


def _who(view: ClockList) -> str:
    people = escape.several([escape.mention(who) for who in view.deciders], "or")
    return f"{people} decide{'s' if len(view.deciders) == 1 else ''}." if people else ""


def clock_lines(note: EntryNote) -> tuple[str, str]:
    """The reminder of one clock, edited until it is sent."""
    what, due = escape.bold(escape.value(note.reason, 300)), escape.moment(note.due_at, _WHEN)
    incident = f"{escape.value(note.incident, 20)}, " if note.incident else ""
    if note.phase == "closed":
        why = f": {escape.value(note.why, 300)}" if note.why else ""
        return f"✓ {what} · over{why} ({incident}D-{note.entry})", ""
    who = escape.mention(note.holder)
    advice = f"{incident}D-{note.entry}. A reminder, not legal advice."
    if note.phase in ("ended", "over"):
        asked = f"{who}: is it sent? Until that is recorded it is overdue. " if note.phase == "ended" else ""
        return f"⚠︎ {what} was due on *{due}* ({note.due_at:%d %b %H:%M} UTC).", f"{asked}{advice}"
    word = "is due soon, on" if note.phase == "warning" else "until"
    return f"⏱ {what} · {who} {word} *{due}* ({note.due_at:%d %b %H:%M} UTC)", advice


def hold_lines(note: EntryNote) -> tuple[str, str]:
    """An evidence hold, edited until it is over."""
    name = escape.bold(escape.value(note.component, 63))
    if note.phase == "closed":
        why = f": {escape.value(note.why, 300)}" if note.why else ""
        by = f", ended by {escape.mention(note.closed_by)}" if note.closed_by is not None else ""
        return f"{name} is no longer on evidence hold{by}{why}. D-{note.entry} is closed.", ""
    first = (
        f"{name} is on *evidence hold* until *{escape.moment(note.due_at, _WHEN)}* — {escape.value(note.reason, 300)}"
    )
    return first, (
        f"I ask once more before a lever alters it; stopping it goes through. "
        f"Holder {escape.mention(note.holder)}, debt D-{note.entry}."
    )
