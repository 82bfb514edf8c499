"""Forms of standing decisions: accept or renew a risk, let it end, freeze a component."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bot.slack import ids
from bot.slack.blocks import escape, kit
from bot.slack.modals import component_field, form_view, text_field


def accept_risk(
    components: Sequence[str],
    component: str = "",
    *,
    incident: int | None = None,
    channel: str = "",
    renews: int | None = None,
) -> dict[str, Any]:
    """Accept a risk until a day; `renews` is the number of one that goes on."""
    meta = ids.Value(incident=incident, channel=channel, override=renews, component=component if renews else "")
    about = (
        kit.section(f"The accepted risk of {escape.bold(escape.value(component, 63))} goes on (debt D-{renews}).")
        if renews is not None
        else component_field(components, component)
    )
    return form_view(
        ids.MODAL_RISK,
        "Renew the risk" if renews is not None else "Accept a risk",
        "Accept",
        meta,
        about,
        text_field("until", "Until when?", most=60, hint="A day like 2026-12-01, or a length like 14d."),
        text_field("because", "Why can it be accepted?", long=True, most=600, hint="Whoever approves judges this."),
    )


def let_end(entry: int, component: str) -> dict[str, Any]:
    """An accepted risk is over, with words."""
    return form_view(
        ids.MODAL_LET_END,
        "Let it end",
        "End it",
        ids.Value(override=entry, component=component[:100]),
        kit.section(f"The risk of {escape.bold(escape.value(component, 63))} is no longer accepted (debt D-{entry})."),
        text_field("text", "What became of it?", long=True, most=600, hint="Mended, gone, or taken on by whom."),
    )


def review(entry: int, what: str, component: str, reason: str) -> dict[str, Any]:
    """What came of a review of something that went on without a right, or of a follow-up."""
    why = f" — {escape.value(reason, 300)}" if reason else ""
    return form_view(
        ids.MODAL_LET_END,
        escape.shorten(what.capitalize(), 24),
        "Close it",
        ids.Value(override=entry, component=component[:100]),
        kit.section(
            f"The {escape.value(what, 60)} of {escape.bold(escape.value(component, 63))}{why} (debt D-{entry})."
        ),
        text_field("text", "What came of it?", long=True, most=600, hint="Whoever reads the ledger reads this."),
    )


def freeze(
    components: Sequence[str], *, incident: int | None = None, channel: str = "", span: str = "1d"
) -> dict[str, Any]:
    """Freeze a component, always with an end."""
    return form_view(
        ids.MODAL_FREEZE,
        "Freeze",
        "Freeze",
        ids.Value(incident=incident, channel=channel),
        component_field(components, ""),
        text_field("for", "For how long?", value=span, most=60, hint="Like 2d or 12h; or a time: until 2026-12-01."),
        text_field("because", "Why?", most=300, hint="Whoever is stopped by it reads this."),
    )
