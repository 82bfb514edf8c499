"""An incident is resolved: the figures, the draft, and whose it is now."""

from __future__ import annotations

from bot.slack import ids
from bot.slack.blocks import document, escape, kit
from bot.slack.blocks.published import links
from playbooks.domain.documents import DocumentState
from playbooks.messages import Resolved


def render(view: Resolved, *, root: str = "/inc") -> kit.Rendered:
    """Posted once, when an incident is resolved."""
    figures = kit.dots(*(_figure(item.label, item.value) for item in view.figures[:8]))
    name = escape.value(view.tag.name, 20)
    return kit.message(
        kit.section(f"*{name} resolved.* {figures}".rstrip(), f"{_draft(view, root)} {_whose(view)}"),
        kit.context(f"Similar: {escape.several([escape.value(s, 80) for s in view.similar])}" if view.similar else ""),
        kit.context(links(view.published)),
        kit.actions(*_buttons(view)),
        kit.context(escape.value(view.anchor)),
    )


def _figure(label: str, value: str) -> str:
    return f"{escape.value(label, 60)} {escape.value(value, 60)}".strip()


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _draft(view: Resolved, root: str) -> str:
    if not view.events:
        return f"The draft is being written; see it with {escape.code(f'{root} postmortem')}."
    checked = f"{_count(view.facts_checked, 'fact')} checked against {_count(view.events, 'event')}"
    open_ones = (
        f"; {_count(view.questions, 'question')} {'is' if view.questions == 1 else 'are'} yours"
        if view.questions
        else ""
    )
    return f"The draft is here ({checked}{open_ones})."


def _whose(view: Resolved) -> str:
    owner = f"Owner {escape.mention(view.owner)}" if view.owner else "It has no owner yet"
    if view.state is DocumentState.CLOSED:
        return f"{owner}; the review is closed."
    if not view.required:
        return f"{owner}; no review is required."
    if view.state is DocumentState.REVIEWED:
        return f"{owner}; it is reviewed and can be closed."
    where = ", in review" if view.state is DocumentState.IN_REVIEW else ""
    return f"{owner}{where}, review due {escape.day(view.review_due)}." if view.review_due else f"{owner}{where}."


def _buttons(view: Resolved) -> list[kit.Element]:
    value = ids.Value(incident=view.tag.number)
    opens = (
        kit.link_button("Open draft", ids.OPEN_DRAFT, view.link, value)
        if view.link
        else kit.button("Open draft", ids.POSTMORTEM, value)
    )
    step = document.button(view.next, view.tag.number, primary=True) if view.next and view.events else None
    handed = (
        document.button("owner", view.tag.number, owned=view.owner is not None)
        if view.state is not DocumentState.CLOSED
        else None
    )
    if step is None:
        opens.style = "primary"
    return [button for button in (step, opens, handed) if button is not None]
