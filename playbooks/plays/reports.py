"""People report an AI problem: counted per component, told to its owner when enough of them say the same."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from playbooks import errors
from playbooks.domain.alerts import Alert, AlertStatus, Decision, Verdict
from playbooks.domain.clocks import say_span
from playbooks.domain.incidents import open_key
from playbooks.domain.pipeline.reports import REPORTS, counted, fingerprint, report_alert
from playbooks.domain.routing import OWN, Router
from playbooks.messages import Say
from playbooks.plays.house import House
from playbooks.plays.orders import Order, execution
from playbooks.plays.pipeline import HELD
from playbooks.plays.receive import take
from playbooks.ports import StoredAlert, Timer, UnitOfWork

_OLDEST = timedelta(days=3)  # a message older than this is reported as of now


def report(house: House, order: Order, component: str, text: str, *, at: datetime | None = None) -> Say:
    """Take a report, by anybody.

    Args:
        at: when it was seen, where the report is about a message; now otherwise.

    Raises:
        UnknownName: no such component.
        InputError: no words.
    """
    known = house.registry().component(component)
    words = " ".join(text.split())
    if not words:
        raise errors.InputError(
            "What went wrong?", f"Write it: `{house.rules.root} report {component} it invents order numbers`."
        )
    with execution(house, order) as (uow, now):
        seen = at if at is not None and now - _OLDEST < at <= now else now
        alert, ends = _counted(house, uow, order, component, words, seen, now)
        verdict = take(house, uow, Router(house.registry()), [[*ends, alert]])[0][-1]
    return _answer(house, verdict, alert, known.accountable)


def _counted(
    house: House, uow: UnitOfWork, order: Order, component: str, words: str, seen: datetime, now: datetime
) -> tuple[Alert, list[Alert]]:
    """The alert of this report, and the ends of what the same person reported before: people count, not clicks."""
    rules = house.rules.pipeline
    within = timedelta(seconds=rules.report_within)
    # Set first: its row makes reports on one component wait for each other, so that none is counted past the other.
    key = f"{HELD}:{open_key(component, REPORTS)}"
    uow.set_timer(Timer(key, HELD, component, now + within, {"failure": REPORTS}))
    before = [each for each in uow.kept_back(component, {Decision.HELD}) if _is_report(each)]
    own = fingerprint(component, order.actor.id)
    people, first = counted([(e.alert.fingerprint, e.alert.starts_at) for e in before], own, seen, now - within)
    alert = report_alert(component, order.actor.id, words, seen, people=people, first=first, link=order.link)
    ends = [_ended(each.alert, now) for each in before if each.alert.fingerprint == own]
    return alert, ends


def _is_report(stored: StoredAlert) -> bool:
    return stored.alert.source == OWN and stored.failure == REPORTS


def _ended(alert: Alert, now: datetime) -> Alert:
    return replace(alert, status=AlertStatus.RESOLVED, ends_at=now)


def _answer(house: House, verdict: Verdict, alert: Alert, team: str) -> Say:
    rules = house.rules.pipeline
    if verdict.incident is not None:
        return Say(f"Thank you. It stands in INC-{verdict.incident}, and {team} is told.")
    if verdict.decision is Decision.MUTED:
        muted = "Thank you. It is recorded; alerts of this component are muted now."
        return Say(muted, f"See `{house.rules.root} silences`.")
    if verdict.decision is Decision.DUPLICATE:
        return Say("Thank you. I have that report already.")
    people = int(alert.signal["value"])
    within = say_span(timedelta(seconds=rules.report_within))
    return Say(
        f"Thank you. It is recorded: {people} of {rules.report_people} people within {within}.",
        f"At {rules.report_people} an incident opens and {team} is told. If it can't wait: `{house.rules.root} new`.",
    )
