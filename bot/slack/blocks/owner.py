"""The first message, in the owner team's own channel: what is wrong, and who is asked."""

from __future__ import annotations

from bot.slack import ids
from bot.slack.blocks import escape, kit, reading
from playbooks.messages import OwnerNote, Who


def render(note: OwnerNote, *, root: str = "/inc") -> kit.Rendered:
    """The owner's message; edited as the incident goes on."""
    tag = note.tag
    value = ids.Value(incident=tag.number)
    return kit.message(
        kit.section(_wrong(note), _second(note, root)),
        kit.context(_state(note)),
        kit.actions(*_buttons(note, value)),
    )


def _wrong(note: OwnerNote) -> str:
    tag = note.tag
    title = escape.value(tag.title, escape.TITLE) or escape.value(note.summary, escape.TITLE) or "untitled"
    head = kit.light(tag) + escape.bold(kit.dots(escape.value(tag.severity, 20), title))
    said = reading.line(note.signal or note.summary, note.since, note.silent)
    return f"{head} — {said}" if said else head


def _asked(note: OwnerNote, root: str) -> str:
    name = escape.value(note.tag.name, 20)
    if note.over:
        return f"{name} is {escape.value(note.tag.state, 40)}. Nothing is asked of you any more."
    if note.lead is not None:
        return f"{escape.mention(note.lead)} leads {name}. Nothing is asked of you now."
    if note.acknowledged_by is not None:
        return f"{escape.mention(note.acknowledged_by)} has seen it; nobody leads yet. {name}"
    if note.why:
        can = f"{escape.with_role(note.mentioned)}, can you take it?" if note.mentioned else "who can take it?"
        return f"{escape.value(note.why, 300)}: {can} {name}"
    if note.mentioned is not None:
        return f"{escape.mention(note.mentioned)}, this was passed on to you; nobody leads yet. {name}"
    if note.unowned:
        fallback = escape.prose(note.fallback, root=root)
        return " ".join(p for p in ("No owner is known: whose is it?", fallback, name) if p)
    if not note.on_call:
        fallback = escape.prose(note.fallback, root=root) or "Nobody is on call."
        return f"{fallback} Nobody leads yet. {name}"
    fallback = escape.prose(note.fallback, root=root)
    asked = f"{escape.several([_on_call(who) for who in note.on_call])}; nobody leads yet."
    return " ".join(part for part in (asked, fallback, name) if part)


def _on_call(who: Who) -> str:
    role = escape.value(who.role.removeprefix("on call").strip().removeprefix("for "), 60)
    return f"{escape.mention(who)} is on call" + (f" for {escape.bold(role)}" if role else "")


def _second(note: OwnerNote, root: str) -> str:
    """What is asked of the reader, and what changed before."""
    asked, before = _asked(note, root), _before(note)
    if before and asked.endswith("."):
        return f"{asked} {before[:1].upper()}{before[1:]}"
    return kit.dots(asked, before)


def _before(note: OwnerNote) -> str:
    """The newest change alone: the rest stands in the timeline."""
    if not note.changes or note.over:
        return ""
    newest = note.changes[0]
    at = escape.until(newest.at, note.since or newest.at)
    by = f" by {escape.value(newest.by, 60)}" if newest.by else ""
    return f"changed before: {escape.value(newest.what, 160)} at {at}{by}"


def _state(note: OwnerNote) -> str:
    suggestion = escape.value(note.suggestion)
    return kit.dots(
        escape.value(note.alerts, 80),
        "" if note.over else escape.value(note.tag.state, 40),
        escape.channel(note.tag.channel),
        suggestion,
    )


def _buttons(note: OwnerNote, value: ids.Value) -> list[kit.Element]:
    open_it = kit.button("Open incident", ids.OPEN_INCIDENT, value)
    if note.over or note.lead is not None:
        return [open_it]
    take = kit.button("I take it", ids.TAKE, value, style="primary")
    if note.acknowledged_by is not None:
        return [take, open_it]
    return [take, kit.button("Not me", ids.NOT_ME, value), open_it]
