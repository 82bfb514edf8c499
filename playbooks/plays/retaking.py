"""Alerts that were kept back or joined another incident are decided again: when a hold or that incident is over.

Every round takes its timer in the transaction that decides, and sets it again where more is left: a crash loses none
of them, and two processes never decide on the same ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from playbooks.domain.alerts import Alert, Decision, Verdict
from playbooks.domain.pipeline.sustained import asked, expired
from playbooks.domain.routing import Router
from playbooks.plays.house import House
from playbooks.plays.pipeline import HELD
from playbooks.plays.receive import receive, retake
from playbooks.plays.releases import RELEASE
from playbooks.ports import StoredAlert, Timer, UnitOfWork

KINDS = (HELD, RELEASE)
ROUND = 500


def fire(house: House, timer: Timer) -> bool:
    """Decide again on what a due timer is about. False when it is not due after all."""
    router = Router(house.registry())
    with house.store.begin(lane="alerts") as uow:
        taken = uow.take_timer(timer.id, now=house.now())
        if taken is None:
            return False
        found = _held(house, uow, router, taken) if taken.kind == HELD else _joined(uow, int(taken.subject))
        verdicts = retake(house, uow, router, found[:ROUND])
        if len(found) > ROUND and changed(found, verdicts):
            uow.set_timer(replace(taken, due_at=house.now()))
    return True


def raise_own(house: House, alert: Alert) -> Verdict:
    """Send an alert that Muster raises itself through the pipeline."""
    return receive(house, Router(house.registry()), [[alert]])[0][0]


def changed(found: Sequence[StoredAlert], verdicts: Sequence[Verdict]) -> bool:
    """Whether a round decided anything else than before; where it did not, another would not either."""
    before = {each.id: (each.decision, each.incident_id) for each in found}
    return any(before.get(v.alert_id) != (v.decision, v.incident) for v in verdicts)


def _joined(uow: UnitOfWork, number: int) -> list[StoredAlert]:
    incident = uow.incident(number, lock=True)
    if incident is None or incident.open:  # reopened meanwhile: they stay with it
        return []
    return uow.joined(number, incident.component, limit=ROUND + 1)


def _held(house: House, uow: UnitOfWork, router: Router, timer: Timer) -> list[StoredAlert]:
    """Held episodes of a failure; points that are too old to count stay as they are, kept and listed."""
    failure = str(timer.payload.get("failure", ""))
    now = house.now()

    def counts(stored: StoredAlert) -> bool:
        rule = asked(stored.alert, router.route(stored.alert), house.rules.pipeline)
        return stored.failure == failure and (rule is None or not expired(rule, stored.received_at, now))

    found = uow.kept_back(timer.subject, {Decision.HELD}, limit=10 * ROUND)
    return [each for each in found if counts(each)][: ROUND + 1]
