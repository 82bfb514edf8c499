"""People's reports of an AI problem: each is an alert of the component, held until enough people say the same."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from playbooks.domain.alerts import Alert, AlertStatus
from playbooks.domain.routing import OWN
from playbooks.domain.wording import one_line

REPORTS = "user reports"  # the alert's name and the failure key
LONGEST = 300


def fingerprint(component: str, person: str) -> str:
    """One person's reports on one component are one series."""
    return f"report:{component}:{person}"


def report_alert(
    component: str, person: str, text: str, at: datetime, *, people: int, first: datetime, link: str = ""
) -> Alert:
    """One report.

    Args:
        people: how many different people reported within the window, this one included. first: when the first did.
    """
    return Alert(
        source=OWN,
        fingerprint=fingerprint(component, person),
        name=REPORTS,
        status=AlertStatus.FIRING,
        starts_at=at,
        summary=one_line(text, LONGEST),
        labels={"component": component, "signal_kind": "user_reports"},
        link=link,
        signal={
            "metric": "reports of users",
            "value": str(people),
            "windows": f"{people} {'people' if people != 1 else 'person'}",
            "first_breach": first.isoformat(),
        },
    )


def counted(before: Iterable[tuple[str, datetime]], own: str, at: datetime, since: datetime) -> tuple[int, datetime]:
    """How many different people reported since then, and the first moment; `before` are (fingerprint, when)."""
    lately = [(name, when) for name, when in before if when >= since]
    return len({own, *(name for name, _ in lately)}), min([at, *(when for _, when in lately)])
