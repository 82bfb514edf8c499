"""Inhibit by dependency: while an incident upstream is young and open, what reads it joins it and pages nobody."""

from __future__ import annotations

from datetime import timedelta

from playbooks.domain.alerts import Decision, Reason
from playbooks.domain.pipeline.case import Case, Context, Ruling, Stage, Standing


def inhibit(case: Case, context: Context) -> Ruling | None:
    """Attach to the nearest open incident of what its component reads.

    Not where that incident is contained already, is older than `inhibit_within`, or is milder than the alert: what is
    worse downstream than upstream pages by itself.
    """
    within = timedelta(seconds=context.rules.inhibit_within)
    if not within or case.attached or not case.routed.component:
        return None
    level = context.level_of(case)
    for component in context.upstream(case.routed.component):
        for found in context.standing.get(component, ()):
            if found.contained or context.now - found.opened_at > within or _milder(found, level):
                continue
            why = f"{case.routed.component} reads {component}, which has INC-{found.id} open"
            return Ruling(Stage.INHIBIT, Decision.ATTACHED, Reason.UPSTREAM_OPEN, why, incident=found.id)
    return None


def _milder(found: Standing, level: int) -> bool:
    return bool(level and found.level and level < found.level)
