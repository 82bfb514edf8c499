"""Silence and maintenance: an alert that one covers is kept and listed, and opens and tells nothing."""

from __future__ import annotations

from playbooks.domain.alerts import Decision, Reason
from playbooks.domain.pipeline.case import Case, Context, Ruling, Stage
from playbooks.domain.pipeline.silences import Muting


def silence(case: Case, context: Context) -> Ruling | None:
    """Mute what a silence in force covers; of several the one that ends last counts."""
    for each in context.silences.get(case.routed.component, ()):
        if each.in_force(context.now) and each.covers(case.alert, case.routed):
            reason = Reason.MAINTENANCE if each.kind is Muting.MAINTENANCE else Reason.SILENCED
            why = f"{each.name} until {each.ends_at:%d %b %H:%M} UTC: {each.reason}"
            return Ruling(Stage.SILENCE, Decision.MUTED, reason, why, silence=each.id)
    return None
