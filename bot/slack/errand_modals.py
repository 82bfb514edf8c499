"""Forms of what is done by hand: what shows that it is done, or why it could not be."""

from __future__ import annotations

from typing import Any

from slack_sdk.models.blocks import SectionBlock

from bot.slack import ids
from bot.slack.blocks import escape, kit
from bot.slack.modals import form_view, text_field


def errand_done(action: int, what: str) -> dict[str, Any]:
    """What was done by hand (`disable auto-decline`), with what shows it."""
    hint = "What you saw, a figure, or a link. It stands in the timeline as your claim."
    field = text_field("evidence", "What shows that it is done?", long=True, most=600, hint=hint)
    return form_view(
        ids.MODAL_ERRAND_DONE, "Done by hand", "It is done", ids.Value(action=action), _about(action, what), field
    )


def errand_cannot(action: int, what: str) -> dict[str, Any]:
    """Why something (`disable auto-decline`) could not be done by hand."""
    field = text_field("reason", "Why could it not be done?", long=True, most=600)
    return form_view(
        ids.MODAL_ERRAND_CANNOT, "Could not do it", "Tell", ids.Value(action=action), _about(action, what), field
    )


def _about(action: int, what: str) -> SectionBlock:
    return kit.section(f"{escape.bold(escape.value(what, 80))} by hand (action {action})")
