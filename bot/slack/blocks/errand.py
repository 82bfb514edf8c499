"""Something to do by hand: what, for whom, and how one says how it went; then what was said, as a claim."""

from __future__ import annotations

from bot.slack import ids
from bot.slack.blocks import escape, kit
from playbooks.messages import ErrandNote

INSTRUCTIONS = 1500
_MOST = 5  # reasons shown; all stand in the timeline


def render(note: ErrandNote, *, root: str = "/inc") -> kit.Rendered:
    """The request to one person, or in the channel; edited when somebody has said how it went."""
    if not note.open:
        return kit.message(kit.section(_first(note), _answer(note, root)))
    return kit.message(
        kit.section(_first(note), _asked(note), escape.prose(note.instructions, root=root, limit=INSTRUCTIONS)),
        kit.context(*_declined(note, root), _after(note)),
        kit.actions(*_buttons(note)),
    )


def _first(note: ErrandNote) -> str:
    new = escape.version(note.after) or "?"
    moved = f"{escape.version(note.before)} → {new}" if note.before else new
    what = f"By hand: {escape.value(note.verb, 20)} {escape.value(note.component, 63)} {moved}"
    where = f" ({escape.value(note.incident, 20)})" if note.incident else ""
    because = f" — {escape.value(note.because, 200)}" if note.because else ""
    return f"{escape.bold(what)}{where}{because}"


def _asked(note: ErrandNote) -> str:
    if not note.in_channel:
        return "You are asked to do this, and to say how it went."
    people = escape.several([escape.with_role(who) for who in note.asked], "or")
    return f"Asked: {people}." if people else "⚠︎ Nobody could be named: whoever can do it, please say so to who leads."


def _declined(note: ErrandNote, root: str) -> list[str]:
    shown = note.declined[-_MOST:]
    return [f"{escape.mention(who)} cannot: {escape.prose(why, root=root, limit=200)}" for who, why in shown]


def _after(note: ErrandNote) -> str:
    if note.reader:
        return f"When you say that it is done, {escape.value(note.reader, 63)} reads it back."
    return "Nothing reads it back, so what you saw is the evidence."


def _answer(note: ErrandNote, root: str) -> str:
    if note.claimed_by is not None:
        at = f" at {escape.moment(note.claimed_at, '{time_secs}')}" if note.claimed_at is not None else ""
        evidence = escape.prose(note.evidence, root=root, limit=600)
        return f"Claimed by {escape.mention(note.claimed_by)}{at} with evidence: {evidence}\n{_read_back(note, root)}"
    if note.error:
        return escape.prose(note.error, root=root)
    return f"Nothing is asked any more: it is {escape.value(note.ended or 'over', 20)}."


def _read_back(note: ErrandNote, root: str) -> str:
    reader = escape.value(note.reader, 63)
    if not reader:
        return "Nothing read it back."
    if not note.seen:
        return f"{reader} is reading it back."
    seen = escape.prose(note.seen, root=root, limit=300)
    return f"⚠︎ {reader} reads something else: {seen}" if note.contradicted else f"{reader} read it back: {seen}"


def _buttons(note: ErrandNote) -> list[kit.Element]:
    value = ids.Value(action=note.action)
    return [
        kit.button("Done…", ids.ERRAND_DONE_OPEN, value, style="primary"),
        kit.button("Could not…", ids.ERRAND_CANNOT_OPEN, value),
    ]
