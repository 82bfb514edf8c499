"""The clocks of an incident for people: what is to be sent next, what is needed for it, and what was sent."""

from __future__ import annotations

from datetime import UTC, datetime

from playbooks.domain.authority import Right
from playbooks.domain.incidents import Incident
from playbooks.domain.reporting import Standing
from playbooks.messages import ClockList, ClockRow, Who
from playbooks.plays.deciding import held_in
from playbooks.plays.house import House, must_find, tag_of
from playbooks.plays.reporting import CLOCK, standings_in

_FAR = datetime.max.replace(tzinfo=UTC)


def clock_list(house: House, incident_id: int) -> ClockList:
    """`/inc clock`. Raises UnknownName."""
    with house.store.read() as uow:
        incident = must_find(uow, incident_id, lock=False)
        record, found = standings_in(house, uow, incident_id)
        entries = uow.overrides(incident_id=incident_id, kinds=(CLOCK,))
    numbers = {str(entry.facts.get("key")): entry.id for entry in entries}
    now = house.now()
    rows = [_row(one, numbers.get(one.key, 0), now) for one in found]
    decided = record.decided
    running = decided is not None and decided.verdict == "yes"
    choices = () if running else tuple((name, clock.title) for name, clock in house.rules.clocks.items())
    return ClockList(
        tag=tag_of(house, incident),
        verdict=decided.verdict if decided is not None else "",
        because=decided.because if decided is not None else "",
        decided_at=decided.at.at if decided is not None else None,
        aware_at=record.aware.at if record.aware is not None else None,
        rows=tuple(sorted(rows, key=lambda row: (row.sent_at is not None, row.due_at or _FAR))),
        deciders=_deciders(house, incident),
        choices=choices,
    )


def _row(one: Standing, number: int, now: datetime) -> ClockRow:
    return ClockRow(
        entry=number,
        clock=one.id,
        stage=one.stage.id,
        title=one.clock.title,
        what=one.stage.title,
        says=one.stage.says,
        needs=one.stage.needs,
        due_at=one.due_at,
        overdue=one.sent is None and one.due_at is not None and now >= one.due_at,
        waits=one.waits,
        sent_at=one.sent.at.at if one.sent is not None else None,
        reference=one.sent.reference if one.sent is not None else "",
        source=one.clock.source,
        checked=one.clock.checked.isoformat(),
    )


def _deciders(house: House, incident: Incident) -> tuple[Who, ...]:
    people = [incident.lead] if incident.lead else []
    if incident.component in house.registry().components:
        held = held_in(house, incident.component, Right.ACCEPT_RISK, incident)
        people += [h.person for h in (*held.holders, *held.deputies)]
    found = (house.who(person) for person in dict.fromkeys(people))
    return tuple(who for who in found if who is not None)[:4]
