"""Forms about alerts: mute a component's alerts, report an AI problem."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bot.slack import ids
from bot.slack.modals import component_field, form_view, text_field


def mute(components: Sequence[str], kind: str, component: str = "", *, channel: str = "") -> dict[str, Any]:
    """Mute alerts, always with an end."""
    planned = kind == "maintenance"
    return form_view(
        ids.MODAL_MAINTENANCE if planned else ids.MODAL_SILENCE,
        "Maintenance" if planned else "Silence alerts",
        "Plan it" if planned else "Silence",
        ids.Value(channel=channel),
        component_field(components, component),
        text_field("from", "From when?", most=60, optional=True, hint="Like 22:00; empty for now."),
        text_field("for", "For how long?", value="2h", most=60, hint="Like 2h; or a time: until 18:00."),
        text_field("failure", "Only this alert?", most=120, optional=True, hint="Its name; empty for all of them."),
        text_field("because", "Why?", most=300, hint="Whoever looks for an alert reads this."),
    )


def report(
    components: Sequence[str], component: str = "", *, channel: str = "", ts: str = "", text: str = ""
) -> dict[str, Any]:
    """Report an AI problem; `channel`, `ts`: the message it is about, where there is one."""
    return form_view(
        ids.MODAL_REPORT,
        "Report an AI problem",
        "Report",
        ids.Value(channel=channel, ts=ts),
        component_field(components, component, "Which system?"),
        text_field(
            "text", "What went wrong?", value=text, long=True, most=1000, hint="What you saw, and what you expected."
        ),
    )
