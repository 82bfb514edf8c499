"""Monitor mode: a matcher that is being tried records what it would have done, and opens and tells nothing."""

from __future__ import annotations

from playbooks.domain.alerts import Decision, Reason
from playbooks.domain.pipeline.case import Case, Context, Ruling, Stage


def monitor(case: Case, context: Context) -> Ruling | None:
    """Only record the alert where its matcher says `monitor: true`."""
    if not case.routed.monitor:
        return None
    would = "join the open incident" if case.attached else "go on to open one"
    return Ruling(Stage.MONITOR, Decision.MONITORED, Reason.MONITOR_MODE, f"live, it would {would}")
