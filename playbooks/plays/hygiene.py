"""What has to be kept clean: the debt ledger as people read it."""

from __future__ import annotations

from playbooks.domain.actions import Override
from playbooks.domain.debt import BREAK_GLASS, Debt, ledger
from playbooks.messages import DebtList, DebtRow, Who
from playbooks.plays.house import House

_WORDS = {BREAK_GLASS: "broken glass", "disable": "switched off"}


def debt_list(house: House, *, limit: int = 12) -> DebtList:
    """`/inc debt`: every open entry, overdue first."""
    with house.store.read() as uow:
        entries: list[Override] = uow.overrides(open_only=True, kind="")
    found = ledger(entries, house.now())
    return DebtList(tuple(_row(house, debt) for debt in found[:limit]), max(0, len(found) - limit))


def _row(house: House, debt: Debt) -> DebtRow:
    entry = debt.entry
    return DebtRow(
        number=entry.id,
        what=_WORDS.get(entry.kind, entry.kind),
        component=entry.component,
        holder=house.who(entry.holder) or Who("nobody"),
        reason=entry.reason,
        since=entry.since,
        due_at=entry.due_at,
        age=debt.age.value,
        overdue=debt.overdue,
        incident=f"INC-{entry.incident_id}" if entry.incident_id is not None else "",
    )
