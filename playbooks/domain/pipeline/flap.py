"""Flap: a series that fires and ends over and over is held until one of its episodes stands still."""

from __future__ import annotations

from datetime import timedelta

from playbooks.domain.alerts import Decision, Reason
from playbooks.domain.clocks import say_span
from playbooks.domain.pipeline.case import Case, Context, Ruling, Stage


def flap(case: Case, context: Context) -> Ruling | None:
    """Hold the episode when its series had `flap_after` others lately, until it has fired for `flap_hold`.

    Where its incident is open it passes: it is counted there and tells nothing new.
    """
    rules = context.rules
    if not rules.flap_after or case.attached:
        return None
    series = (case.alert.source, case.alert.fingerprint)
    others = context.episodes.get(series, 0) - (1 if case.stored else 0)
    hold = timedelta(seconds=rules.flap_hold)
    if others < rules.flap_after or context.now - case.received_at >= hold:
        return None
    within = say_span(timedelta(seconds=rules.flap_within))
    why = f"{others + 1} episodes within {within}; held until it has fired for {say_span(hold)}"
    return Ruling(Stage.FLAP, Decision.HELD, Reason.FLAPPING, why, until=case.received_at + hold)
