"""Forms of a postmortem: an action item, the reviewer's eight checks, a reason, another owner."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from slack_sdk.models.blocks import Block, InputBlock, PlainTextObject, UserSelectElement

from bot.slack import ids
from bot.slack.blocks import escape, kit
from bot.slack.modal_values import ACTION
from bot.slack.modals import form_view, menu_field, text_field
from playbooks.domain.action_items import Item, ItemType
from playbooks.domain.documents import CHECKS, POINTS

_TYPES = {
    ItemType.PREVENT: "prevent: it does not happen again",
    ItemType.DETECT: "detect: it is noticed sooner",
    ItemType.MITIGATE: "mitigate: it hurts less",
    ItemType.LEARN: "learn: find out what is not known",
}


def person_field(label: str, *, chosen: str = "", hint: str = "") -> InputBlock:
    """A person of the workspace; `chosen` is a Slack id."""
    element = UserSelectElement(action_id=ACTION, placeholder="Choose a person", initial_user=chosen or None)
    return InputBlock(
        block_id="person",
        label=PlainTextObject(text=label),
        element=element,
        hint=PlainTextObject(text=hint) if hint else None,
    )


def item(incident: int, *, owner: str = "", half: Sequence[Item] = ()) -> dict[str, Any]:
    """An action item; `half`: those that still lack something."""
    blocks: list[Block] = []
    if half:
        lines = [f"D-{i.number} {escape.value(i.text, 80)} lacks {', '.join(i.lacking)}" for i in half[:5]]
        blocks += kit.context("Not complete yet:", *lines)
    return form_view(
        ids.MODAL_ITEM,
        "Action item",
        "Add",
        ids.Value(incident=incident),
        *blocks,
        text_field("text", "What is to be done?", most=300, hint="Something that can be seen to be done."),
        menu_field("type", "What for?", [(kind.value, words) for kind, words in _TYPES.items()]),
        person_field("Who does it?", chosen=owner),
        text_field("until", "By when?", most=60, optional=True, hint="A day like 2026-12-01; empty: in 14 days."),
        text_field("ticket", "Ticket", most=500, optional=True, hint="A link, ABC-123 or #123."),
        text_field("done_when", "Done when", long=True, most=500, optional=True, hint="What shows that it is done."),
    )


def checks(incident: int, *, needed: int = 0, given: Mapping[str, int] | None = None) -> dict[str, Any]:
    """The reviewer's eight checks. `needed`: points without which it cannot be closed, 0 where they may be left out."""
    rows = [
        menu_field(
            f"check_{name}",
            words,
            [("0", "0: no"), ("1", "1: in part"), ("2", "2: yes")],
            chosen=str(given[name]) if given and name in given else "",
            optional=not needed,
        )
        for name, words in CHECKS.items()
    ]
    said = f"{needed} of {POINTS} points are needed." if needed else "All eight, or none of them."
    meta = ids.Value(incident=incident)
    return form_view(ids.MODAL_CHECKS, "Mark reviewed", "Reviewed", meta, *kit.context(said), *rows)


def reason(incident: int, step: str) -> dict[str, Any]:
    """Why it goes back to a draft (`back`), or why nothing is to be done (`no-action`)."""
    back = step == "back"
    return form_view(
        ids.MODAL_BACK if back else ids.MODAL_NO_ACTION,
        "Back to draft" if back else "No action",
        "Send back" if back else "Sign",
        ids.Value(incident=incident),
        text_field(
            "because",
            "What is missing?" if back else "Why is nothing to be done?",
            long=True,
            most=1000,
            hint="Its owner reads it." if back else "It stands in the document, with your name.",
        ),
    )


def owner(incident: int) -> dict[str, Any]:
    """Somebody else owns it."""
    return form_view(
        ids.MODAL_OWNER,
        "Hand over",
        "Hand over",
        ids.Value(incident=incident),
        person_field("Who owns it from now on?", hint="Reminders go there; the owner does not review."),
    )
