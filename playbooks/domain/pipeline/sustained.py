"""Sustained breach: an alert whose matcher asks for more than one noisy point is held until there is more."""

from __future__ import annotations

from datetime import datetime, timedelta

from playbooks.domain.alerts import Alert, Decision, Reason
from playbooks.domain.clocks import say_span
from playbooks.domain.ownership_file import SustainedEntry
from playbooks.domain.pipeline.case import Case, Context, PipelineRules, Ruling, Stage
from playbooks.domain.pipeline.reports import REPORTS
from playbooks.domain.routing import OWN, Routed
from playbooks.domain.typed_signals import Signal, signal_of


def asked(alert: Alert, routed: Routed, rules: PipelineRules) -> SustainedEntry | None:
    """What a breach needs: as its matcher says; reports of people need as many people as configured."""
    if alert.source == OWN and alert.name == REPORTS and rules.report_people > 1:
        within = timedelta(seconds=rules.report_within)
        return SustainedEntry.model_construct(for_=None, points=rules.report_people, within=within, samples=None)
    return routed.sustained


def expired(rule: SustainedEntry, received_at: datetime, now: datetime) -> bool:
    """Whether a held point is too old to count together with new ones."""
    return rule.points > 1 and now - received_at > rule.within + (rule.for_ or timedelta(0))


def sustained(case: Case, context: Context) -> Ruling | None:
    """Hold the alert until its breach lasted `for_`, has `points` breached points and `samples` behind its value.

    Points are those the source reports (`windows: 4 of the last 4`), else the episodes of this failure that Muster
    saw itself. Where the incident is open it passes.
    """
    rule = asked(case.alert, case.routed, context.rules)
    if rule is None or case.attached:
        return None
    signal = signal_of(case.alert)
    missing = []
    until = None
    since = signal.since or case.alert.starts_at
    if rule.for_ and context.now - since < rule.for_:
        missing.append(f"it lasts for {say_span(max(timedelta(0), context.now - since))} of {say_span(rule.for_)}")
        until = since + rule.for_
    points = _points(case, context, signal)
    if rule.points > points:
        missing.append(f"{points} of {rule.points} breached points")
    if rule.samples and signal.samples is not None and signal.samples < rule.samples:
        missing.append(f"{signal.samples:,} of {rule.samples:,} samples")
    if not missing:
        return None
    return Ruling(Stage.SUSTAINED, Decision.HELD, Reason.NOT_SUSTAINED, "; ".join(missing), until=until)


def _points(case: Case, context: Context, signal: Signal) -> int:
    if signal.breached is not None:
        return signal.breached
    seen = context.points.get((case.routed.component, case.routed.failure), 0)
    return seen + (0 if case.stored else 1)
