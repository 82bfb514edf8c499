"""Group: another failure of a component soon after its incident opened joins that incident."""

from __future__ import annotations

from datetime import timedelta

from playbooks.domain.alerts import Decision, Reason
from playbooks.domain.clocks import say_span
from playbooks.domain.pipeline.case import Case, Context, Ruling, Stage


def group(case: Case, context: Context) -> Ruling | None:
    """Attach to an open incident of the same component that is younger than `group_window`."""
    window = timedelta(seconds=context.rules.group_window)
    if not window or case.attached or not case.routed.component:
        return None
    for found in context.standing.get(case.routed.component, ()):
        if context.now - found.opened_at <= window:
            why = f"INC-{found.id} of {found.component} opened less than {say_span(window)} before"
            return Ruling(Stage.GROUP, Decision.ATTACHED, Reason.SAME_COMPONENT, why, incident=found.id)
    return None
