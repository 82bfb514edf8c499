"""Gives alerts whose source does not state a start the episode they belong to, in the intake's own transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from playbooks.domain.alerts import Alert
from playbooks.domain.spells import Spells
from playbooks.ports import UnitOfWork

Bodies = Sequence[Sequence[Alert]]


def placed(uow: UnitOfWork, bodies: Bodies, *, now: datetime) -> Bodies:
    """The bodies with every alert in its episode; the very same object where all starts are stated."""
    if not any(alert.said is not None for body in bodies for alert in body):
        return bodies
    open_ended = {(a.source, a.fingerprint) for body in bodies for a in body if a.said is not None}
    spells = Spells(uow.spells_of(sorted(open_ended)))
    return [_body(uow, spells, body, now) for body in bodies]


def _body(uow: UnitOfWork, spells: Spells, body: Sequence[Alert], now: datetime) -> list[Alert]:
    deliveries = {(a.source, a.said.delivery) for a in body if a.said is not None and a.said.delivery}
    known = {d for d in deliveries if not uow.first_time(f"alerts:{d[0]}:{d[1]}", now=now)}
    found: list[Alert] = []
    for alert in body:
        if alert.said is None:
            found.append(alert)
        else:
            found += spells.place(alert, again=(alert.source, alert.said.delivery) in known)
    return found
