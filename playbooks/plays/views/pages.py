"""The pages behind signed links: the postmortem and the incident, read in one look."""

from __future__ import annotations

import re

from playbooks.domain.drafts.facts import facts_of
from playbooks.domain.links import Room
from playbooks.domain.people import MUSTER, ActorKind
from playbooks.domain.timeline import Line, Precision, timeline_view
from playbooks.messages.pages import IncidentPage, PageLine
from playbooks.pages import Page, incident_page, postmortem_page
from playbooks.plays.house import House, must_find
from playbooks.plays.postmortem import draft_of
from playbooks.plays.views import pinned_card
from playbooks.plays.views.stats import stats_page
from playbooks.ports import Surface

_MENTION = re.compile(r"<@([A-Z0-9]+)(?:\|[^>]*)?>")


def page_of(house: House, room: Room, incident_id: int, *, until: str = "") -> Page:
    """A page; `until` is the end of the link that opened it, for the link to the other one.

    Raises UnknownName, `errors.ChainBroken`, `errors.ConfigError` for a template that cannot be rendered.
    """
    if room is Room.STATS:
        return stats_page(house, incident_id, until)
    return _postmortem(house, incident_id, until) if room is Room.POSTMORTEM else _incident(house, incident_id, until)


def _postmortem(house: House, incident_id: int, until: str) -> Page:
    with house.store.read() as uow:
        draft = draft_of(house, uow, must_find(uow, incident_id, lock=False))
    labels = {s.id: s.label for s in house.rules.severities}
    beside = house.links.beside(Room.INCIDENT, incident_id, until=until)
    return postmortem_page(draft, severities=labels, incident_url=beside, templates=house.rules.templates)


def _incident(house: House, incident_id: int, until: str) -> Page:
    with house.store.read() as uow:
        incident = must_find(uow, incident_id, lock=False)
        card = pinned_card.card(
            house, uow, Surface(f"card:{incident_id}", "card", f"incident:{incident_id}", incident_id=incident_id)
        )
        events = uow.events(incident_id)
        acknowledged = house.who(incident.acknowledged_by)
    assert card is not None
    view = IncidentPage(
        card=card,
        acknowledged_by=acknowledged.name if acknowledged else "",
        lines=tuple(_line(house, line) for line in timeline_view(events)),
        shown_at=house.now(),
        postmortem_url=house.links.beside(Room.POSTMORTEM, incident_id, until=until),
    )
    return incident_page(view, facts_of(events, incident_id), templates=house.rules.templates)


def _line(house: House, line: Line) -> PageLine:
    event = line.event
    actor = event.new.actor
    link = event.new.source_ref
    exact = event.new.precision in (Precision.EXACT, Precision.MINUTE)
    human = actor.kind is ActorKind.HUMAN
    return PageLine(
        seq=event.seq,
        at=event.occurred_at,
        kind=event.kind.value.replace("_", " "),
        text=_named(house, event.text) if event.text else "(text removed)",
        by=actor.id.removeprefix("slack:") if human else "" if actor.id == MUSTER.id else actor.role,
        precision="" if exact else event.new.precision.value,
        corrected=bool(line.corrected_from),
        link=link if link.startswith(("https://", "http://")) else "",
    )


def _named(house: House, text: str) -> str:
    """Slack's mentions as names."""
    registry = house.registry()
    return _MENTION.sub(lambda m: f"@{registry.person_by_slack(m[1]) or m[1]}", text)
