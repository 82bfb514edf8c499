"""Posts of one sentence or one fact: answers, updates, resolutions, suggestions, topics."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from playbooks.domain.milestones import LABELS
from playbooks.domain.timeline import EventKind
from playbooks.messages import (
    Announcement,
    Message,
    MilestoneNote,
    Refusal,
    Suggestion,
    Update,
    Who,
)
from playbooks.plays.anchors import anchor_text
from playbooks.plays.house import House, tag_of
from playbooks.plays.postmortem import resolved_view
from playbooks.plays.views.parts import incident_behind, next_update_due
from playbooks.ports import Surface, UnitOfWork


def say_post(house: House, uow: UnitOfWork, surface: Surface) -> Message | None:
    """A sentence to one person."""
    mentions = surface.payload.get("mentions") or []
    found = tuple(house.who(str(m)) or Who(str(m)) for m in mentions) if isinstance(mentions, list) else ()
    return Announcement(
        str(surface.payload.get("text", "")),
        house.who(str(surface.payload.get("by", ""))),
        str(surface.payload.get("hint", "")),
        found,
        anchor_text(surface.payload),
    )


def milestone_post(house: House, uow: UnitOfWork, surface: Surface) -> Message | None:
    """A milestone that was stated."""
    incident = incident_behind(uow, surface)
    if incident is None:
        return None
    said = surface.payload
    return MilestoneNote(
        incident.name,
        LABELS[EventKind(str(said["milestone"]))],
        datetime.fromisoformat(str(said["at"])),
        str(said.get("phase", "")),
        str(said.get("precision", "exact")),
        house.who(str(said.get("by", ""))),
        bool(said.get("corrected")),
        anchor_text(said),
    )


def plain_post(house: House, uow: UnitOfWork, surface: Surface) -> Message | None:
    """A sentence in a channel."""
    return Announcement(str(surface.payload.get("text", "")))


def sorry_post(house: House, uow: UnitOfWork, surface: Surface) -> Message | None:
    """Why an action could not even be planned, to who asked."""
    return Refusal(str(surface.payload.get("text", "")))


def suggestion_post(house: House, uow: UnitOfWork, surface: Surface) -> Message | None:
    """A suggestion with its button."""
    incident = incident_behind(uow, surface)
    if incident is None:
        return None
    if not incident.open:
        return Announcement(str(surface.payload.get("text", "")))
    if incident.alerts_firing > 0:
        fires = "1 fires" if incident.alerts_firing == 1 else f"{incident.alerts_firing} fire"
        return Announcement(f"The alerts had ended; {fires} again.")
    return Suggestion(tag_of(house, incident), str(surface.payload.get("text", "")))


def update_post(house: House, uow: UnitOfWork, surface: Surface) -> Message | None:
    """An update of an incident, with when the next one is due."""
    incident = incident_behind(uow, surface)
    if incident is None:
        return None
    at = datetime.fromisoformat(str(surface.payload["at"]))
    by = house.who(str(surface.payload.get("by", ""))) or Who("somebody")
    return Update(
        tag_of(house, incident), str(surface.payload.get("text", "")), by, at, next_update_due(house, incident)
    )


def resolved_post(house: House, uow: UnitOfWork, surface: Surface) -> Message | None:
    """What the end of an incident leaves to be done."""
    incident = incident_behind(uow, surface)
    view = resolved_view(house, uow, incident) if incident else None
    return replace(view, anchor=anchor_text(surface.payload)) if view is not None else None


def topic_post(house: House, uow: UnitOfWork, surface: Surface) -> Message | None:
    """The topic of an incident's channel."""
    incident = incident_behind(uow, surface)
    if incident is None:
        return None
    tag = tag_of(house, incident)
    lead = f"lead {incident.lead.removeprefix('slack:')}" if incident.lead else "nobody leads yet"
    head = " · ".join(w for w in (tag.name, tag.severity, tag.state, lead) if w)
    return Announcement(f"{head} · {incident.title}"[:240])
