"""Forms about reporting: whether an incident is reportable, that something was sent, an evidence hold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bot.slack import ids
from bot.slack.blocks import escape, kit
from bot.slack.modals import component_field, form_view, menu_field, text_field


def reportable(clocks: Sequence[tuple[str, str]], used: Sequence[str], *, incident: int) -> dict[str, Any]:
    """Decide whether an incident is reportable; `clocks`: (id, title), `used`: what runs where none is named."""
    named = "\n".join(f"• {escape.code(name)} {escape.value(title, 100)}" for name, title in clocks[:15])
    verdicts = (("yes", "Yes, it is reportable"), ("no", "No"), ("undecided", "Not decided yet"))
    return form_view(
        ids.MODAL_REPORTABLE,
        "Reportable?",
        "Record it",
        ids.Value(incident=incident),
        menu_field("verdict", "Is it reportable?", verdicts),
        text_field(
            "clocks", "Which clocks run?", value=" ".join(used), most=300, optional=True, hint="Of a yes; ids as below."
        ),
        text_field("because", "Why?", long=True, most=1000, hint="A reasoned no is kept, too."),
        kit.section(named or "No clock is configured."),
        *kit.context("A reminder, not legal advice."),
    )


def sent(entry: int, what: str) -> dict[str, Any]:
    """Something was sent, with the reference of whoever received it."""
    return form_view(
        ids.MODAL_LET_END,
        "It is sent",
        "Record it",
        ids.Value(override=entry),
        kit.section(f"{escape.value(what, 300)} (D-{entry})"),
        text_field("text", "Reference", most=200, hint="As whoever received it gave it, or where it can be found."),
    )


def hold(components: Sequence[str], component: str = "", *, incident: int, channel: str = "") -> dict[str, Any]:
    """Put a component on evidence hold, always with an end."""
    return form_view(
        ids.MODAL_HOLD,
        "Evidence hold",
        "Hold",
        ids.Value(incident=incident, channel=channel),
        component_field(components, component),
        text_field("for", "For how long?", value="3d", most=60, hint="Like 3d; or a time: until 2026-12-01."),
        text_field("because", "Why?", most=300, hint="Whoever would alter it reads this."),
    )
