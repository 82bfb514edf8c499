"""Short replies and lines in the channel: refusals with help, what was done, updates, suggestions."""

from __future__ import annotations

from bot.slack import ids
from bot.slack.blocks import escape, kit
from playbooks.messages import Announcement, Refusal, Say, Suggestion, Update


def refusal(view: Refusal, *, root: str = "/inc") -> kit.Rendered:
    """One sentence, the next step, and who could be asked."""
    sentence = escape.prose(view.sentence, root=root, known=view.ask) or "That did not work."
    next_step = escape.prose(view.next_step, root=root, known=view.ask)
    return kit.message(kit.section(f"{sentence} {next_step}".rstrip()), kit.actions(*_help(view)))


def _help(view: Refusal) -> list[kit.Element]:
    buttons: list[kit.Element] = []
    for place, who in enumerate(view.ask[:3]):
        value = ids.Value(person=(who.slack or who.name)[:100], component=view.who_may[:100], text=view.sentence[:400])
        style = "primary" if place == 0 else None
        buttons.append(kit.button(f"Ask @{who.name[:60]}", ids.numbered(ids.ASK_PERSON, place), value, style=style))
    if view.suggestion:
        label = view.suggestion_label or view.suggestion
        buttons.append(kit.button(label, ids.RUN_SUGGESTION, ids.Value(text=view.suggestion)))
    if view.who_may:
        buttons.append(kit.button("Who may?", ids.WHO_MAY, ids.Value(component=view.who_may[:100])))
    return buttons


def say(view: Say, *, root: str = "/inc") -> kit.Rendered:
    """What was done, and at most one hint."""
    return kit.message(
        kit.section(escape.fill(view.text, view.mentions, root=root)),
        kit.context(escape.fill(view.hint, view.mentions, root=root)),
        kit.actions(*kit.page_button(view.page)),
    )


def announcement(view: Announcement, *, root: str = "/inc") -> kit.Rendered:
    """A state change in the channel: one line, its actor, at most one hint."""
    text = escape.fill(view.text, view.mentions, root=root)
    # A text that names its actor itself needs no second mention.
    named = view.by is not None and escape.mention(view.by) in text
    by = f" — {escape.with_role(view.by)}" if view.by is not None and not named else ""
    hint = escape.fill(view.hint, view.mentions, root=root)
    return kit.message(kit.section(f"{text}{by}"), kit.context(hint, escape.value(view.anchor)))


def update(view: Update, *, root: str = "/inc") -> kit.Rendered:
    """An update to people."""
    tag = view.tag
    state = ", ".join(escape.value(p, 40) for p in (tag.severity, tag.state) if p)
    due = f"next update due {escape.moment(view.next_due)}" if view.next_due else ""
    return kit.message(
        kit.section(
            f"{kit.light(tag)}{kit.headline(tag)}" + (f" ({state})" if state else ""),
            escape.prose(view.text, root=root, limit=2000, lines=True),
        ),
        kit.context(kit.dots(f"Update by {escape.mention(view.by)} at {escape.moment(view.at)}", due)),
    )


def suggestion(view: Suggestion, *, root: str = "/inc") -> kit.Rendered:
    """All alerts have ended: suggests, never forces."""
    value = ids.Value(incident=view.tag.number)
    return kit.message(
        kit.section(kit.headline(view.tag), escape.prose(view.text, root=root)),
        kit.actions(
            kit.button("Resolve…", ids.RESOLVE_OPEN, value, style="primary"),
            kit.button("Not yet", ids.DISMISS, value),
        ),
    )
