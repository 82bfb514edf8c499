"""What a replay does by its own hands: the reading and the plays of senders and people, into a database."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from bot.providers.alerts import generic as alerts
from bot.providers.changes import generic as changes
from playbooks.domain.backfill import Entered
from playbooks.domain.routing import Router
from playbooks.domain.timeline import EventKind, EventSource
from playbooks.domain.timeline_file import Told
from playbooks.plays import backfill, closing
from playbooks.plays import incident as plays
from playbooks.plays.house import House
from playbooks.plays.orders import Order
from playbooks.plays.receive import receive, record_changes

SOURCE = "generic"


@dataclass(slots=True)
class StandingClock:
    """A clock that stands until it is moved, and never goes back."""

    time: datetime

    def now(self) -> datetime:
        """The time, UTC."""
        return self.time

    def move(self, to: datetime) -> None:
        """Move on, if that is later."""
        self.time = max(self.time, to)


@dataclass(slots=True)
class PlayHands:
    """See `retelling.Hands`. `name`: of the file; its orders are executed once. `link`: where the file was read."""

    house: House
    clock: StandingClock
    name: str
    link: str = ""
    _router: Router = field(init=False)

    def __post_init__(self) -> None:
        self._router = Router(self.house.registry())

    def at(self, when: datetime) -> None:
        """See `Hands`."""
        self.clock.move(when)

    def alert(self, body: bytes) -> int | None:
        """See `Hands`."""
        read = alerts.read({}, body, source=SOURCE, received_at=self.clock.now())
        verdicts = receive(self.house, self._router, [read.alerts])[0]
        return next((verdict.incident for verdict in verdicts if verdict.incident is not None), None)

    def change(self, body: bytes) -> None:
        """See `Hands`."""
        record_changes(self.house, changes.read({}, body, source=SOURCE, received_at=self.clock.now()))

    def declare(self, told: Told, title: str, component: str) -> int:
        """See `Hands`."""
        severity = told.facts.get("severity")
        known = {s.id for s in self.house.rules.severities}
        said = plays.Declaration(title, component, severity if isinstance(severity, str) and severity in known else "")
        return plays.declare(self.house, self._order(told, "declare"), said)[0]

    def acknowledge(self, told: Told, incident: int) -> None:
        """See `Hands`."""
        plays.acknowledge(self.house, self._order(told, "ack", EventSource.BUTTON), incident)

    def update(self, told: Told, incident: int) -> None:
        """See `Hands`."""
        plays.update(self.house, self._order(told, "update"), incident, told.text)

    def mitigate(self, told: Told, incident: int) -> None:
        """See `Hands`."""
        plays.mitigate(self.house, self._order(told, "mitigated", EventSource.BUTTON), incident, told.text)

    def resolve(self, told: Told, incident: int) -> None:
        """See `Hands`."""
        closing.resolve(
            self.house, self._order(told, "resolve", EventSource.BUTTON), incident, closing.Resolution(told.text)
        )

    def write(self, told: Told, incident: int, line: Entered) -> None:
        """See `Hands`."""
        backfill.write(self.house, self._order(told, "write", EventSource.BACKFILL), incident, [line])

    def changes_in(self, incident: int) -> set[str]:
        """See `Hands`."""
        with self.house.store.read() as uow:
            events = uow.events(incident)
        return {str(e.payload.get("key")) for e in events if e.kind is EventKind.CHANGE and e.payload.get("key")}

    def _order(self, told: Told, what: str, source: EventSource = EventSource.SLASH) -> Order:
        return Order(told.actor, source=source, once=f"replay:{self.name}:{told.number}:{what}", link=self.link)
