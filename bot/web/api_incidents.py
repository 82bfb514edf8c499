"""`/api/incidents`: the incidents, one with its lengths and next action, and its timeline with the chain's hashes."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from bot.web.problems import Refused
from bot.web.reading import Closed, Endpoint, Query, page
from playbooks.domain.drafts.facts import facts_of
from playbooks.domain.incidents import Incident, State
from playbooks.domain.people import ActorKind
from playbooks.domain.timeline import Event, EventKind, EventSource, Precision, utc_text
from playbooks.plays.house import House
from playbooks.plays.views import pinned_card
from playbooks.ports import Surface

_ALL = 1_000_000
Number = Annotated[str, Field(pattern=r"^[1-9][0-9]{0,8}$")]


class IncidentsQuery(Query):
    """What `/api/incidents` takes."""

    state: Literal["open", "all"] = "all"
    """`open` leaves out what is resolved, closed or cancelled."""
    component: Annotated[str, Field(max_length=63)] = ""
    """Only incidents of this component."""
    team: Annotated[str, Field(max_length=63)] = ""
    """Only incidents this team was told of first."""
    severity: Annotated[str, Field(max_length=63)] = ""
    """Only incidents that have this severity now."""


class OneIncident(Closed):
    """What `/api/incidents/{number}` takes."""

    number: Number
    """The number in `INC-42`."""


class TimelineQuery(Query):
    """What `/api/incidents/{number}/timeline` takes."""

    number: Number
    """The number in `INC-42`."""


class IncidentEntry(Closed):
    """An incident as it stands. Persons are registry ids, or `slack:U…`; what is not known is empty or null."""

    incident: str
    """`INC-42`."""
    number: int
    title: str
    component: str
    failure: str
    severity: str
    state: State
    team: str
    """Told first."""
    lead: str
    acknowledged_by: str
    opened_at: datetime
    detected_at: datetime
    impact_at: datetime | None
    acknowledged_at: datetime | None
    mitigated_at: datetime | None
    resolved_at: datetime | None
    closed_at: datetime | None
    alerts: int
    alerts_firing: int
    reopened: int
    channel: str
    """Slack id."""
    events: int
    chain_head: str


class IncidentsPage(Closed):
    """A page of incidents, the oldest first."""

    items: tuple[IncidentEntry, ...]
    next: str | None
    """The cursor of the next page; null on the last one."""


class LengthEntry(Closed):
    """The time between two milestones, in seconds, with the events it is the difference of."""

    name: str
    seconds: int
    from_event: int
    to_event: int
    coarse: bool
    """One of the two times is not exact."""


class IncidentDetail(Closed):
    """One incident, with what comes next and how long each part took."""

    incident: IncidentEntry
    next: str
    """The one obvious next action, as its card says it."""
    lengths: tuple[LengthEntry, ...]


class EventEntry(Closed):
    """One event of the chain as it was recorded: what is corrected or taken back stands beside what does so."""

    seq: int
    id: str
    kind: EventKind
    text: str
    """Empty where it was blanked for privacy."""
    occurred_at: datetime
    occurred_until: datetime | None
    precision: Precision
    recorded_at: datetime
    source: EventSource
    source_ref: str
    actor_kind: ActorKind
    actor: str
    actor_role: str
    actor_team: str
    component: str
    payload: dict[str, Any]
    """Facts by kind: text, integers, booleans, null, lists and maps of these."""
    supersedes: str
    retracts: str
    reason: str
    redacted: bool
    content_sha256: str
    prev_hash: str
    hash: str


class TimelinePage(Closed):
    """A page of the timeline, in the order of the chain."""

    items: tuple[EventEntry, ...]
    next: str | None
    """The cursor of the next page; null on the last one."""


def _incidents(house: House, query: IncidentsQuery) -> IncidentsPage:
    with house.store.read() as uow:
        every = uow.incidents(open_only=query.state == "open", limit=_ALL)
    found = [
        one
        for one in every
        if query.component in ("", one.component)
        and query.team in ("", one.team)
        and query.severity in ("", one.severity)
    ]
    shown, following = page(found, query, lambda one: (utc_text(one.opened_at) or "", f"{one.id:010d}"))
    return IncidentsPage(items=tuple(_entry(one) for one in shown), next=following)


def _incident(house: House, query: OneIncident) -> IncidentDetail:
    number = int(query.number)
    with house.store.read() as uow:
        incident = _known(uow.incident(number), number)
        card = pinned_card.card(house, uow, Surface(f"card:{number}", "card", "", incident_id=number))
        events = uow.events(number, alerts=True)
    spans = facts_of(events, number).spans
    return IncidentDetail(
        incident=_entry(incident),
        next=card.next if card is not None else "",
        lengths=tuple(
            LengthEntry(name=n, seconds=s.seconds, from_event=s.start.seq, to_event=s.end.seq, coarse=s.coarse)
            for n, s in spans
            if s is not None
        ),
    )


def _timeline(house: House, query: TimelineQuery) -> TimelinePage:
    number = int(query.number)
    with house.store.read() as uow:
        _known(uow.incident(number), number)
        events = uow.events(number)
    shown, following = page(events, query, lambda event: (f"{event.seq:010d}", event.id))
    return TimelinePage(items=tuple(_event(event) for event in shown), next=following)


def _known(incident: Incident | None, number: int) -> Incident:
    if incident is None:
        raise Refused(404, "unknown_incident", f"There is no INC-{number}.")
    return incident


def _entry(one: Incident) -> IncidentEntry:
    return IncidentEntry(
        incident=one.name,
        number=one.id,
        title=one.title,
        component=one.component,
        failure=one.failure,
        severity=one.severity,
        state=one.state,
        team=one.team,
        lead=one.lead,
        acknowledged_by=one.acknowledged_by,
        opened_at=one.opened_at,
        detected_at=one.detected_at,
        impact_at=one.impact_at,
        acknowledged_at=one.acknowledged_at,
        mitigated_at=one.mitigated_at,
        resolved_at=one.resolved_at,
        closed_at=one.closed_at,
        alerts=one.alerts_total,
        alerts_firing=one.alerts_firing,
        reopened=one.reopened,
        channel=one.channel,
        events=one.chain_seq,
        chain_head=one.chain_head,
    )


def _event(event: Event) -> EventEntry:
    new = event.new
    return EventEntry(
        seq=event.seq,
        id=event.id,
        kind=event.kind,
        text=event.text,
        occurred_at=new.occurred_at,
        occurred_until=new.occurred_until,
        precision=new.precision,
        recorded_at=event.recorded_at,
        source=new.source,
        source_ref=new.source_ref,
        actor_kind=new.actor.kind,
        actor=new.actor.id,
        actor_role=new.actor.role,
        actor_team=new.actor.team,
        component=new.component,
        payload=dict(new.payload),
        supersedes=new.supersedes,
        retracts=new.retracts,
        reason=new.reason,
        redacted=event.redacted,
        content_sha256=event.content_sha256,
        prev_hash=event.prev_hash,
        hash=event.hash,
    )


INCIDENTS = (
    Endpoint("/api/incidents", "Incidents, open or not.", IncidentsQuery, IncidentsPage, _incidents),
    Endpoint(
        "/api/incidents/{number}", "One incident: state, next action, lengths.", OneIncident, IncidentDetail, _incident
    ),
    Endpoint(
        "/api/incidents/{number}/timeline",
        "Its events, with the chain's hashes.",
        TimelineQuery,
        TimelinePage,
        _timeline,
    ),
)
