"""Incident pages of chains, made without a store."""

from __future__ import annotations

from playbooks.domain.drafts.facts import facts_of
from playbooks.domain.timeline import timeline_view
from playbooks.messages import Card, Fact, Tag, Who
from playbooks.messages.pages import IncidentPage, PageLine
from playbooks.pages import Page, incident_page
from tests.drafts.chains import Chain, at


def incident(chain: Chain, *, over: bool = False, words: str = "fraud-scorer is drifting") -> Page:
    """The page of an incident as its card could stand."""
    card = Card(
        tag=Tag(chain.incident_id, f"INC-{chain.incident_id}", words, "SEV2", "red_circle", "open"),
        next="decide on a rollback.",
        next_action="rollback",
        lead=Who("dana", "U01DANA", "on call fraud-ml"),
        comms=Who(words),
        silent=3064,
        opened_at=at("02:31:22"),
        over_at=at("09:00") if over else None,
        signal=words,
        alerts="3 alerts (2 firing)",
        upstream=(),
        containment="rollback confirmed",
        automation=(Fact("auto-decline", "OFF"),),
        fallback="rules engine v3",
        decide=(Who("omar", "", "model owner"), Who("lin", "", words)),
        levers=(),
        overrides=(("auto-decline", at("06:37"), 118),),
        update_due=at("03:30"),
        over=over,
    )
    lines = tuple(
        PageLine(
            line.event.seq,
            line.event.occurred_at,
            line.event.kind.value.replace("_", " "),
            line.event.text,
            line.event.new.actor.role,
            "",
            bool(line.corrected_from),
            line.event.new.source_ref,
        )
        for line in timeline_view(chain.events)
    )
    view = IncidentPage(card, "dana", lines, at("09:05"), "/postmortems/1")
    return incident_page(view, facts_of(chain.events, chain.incident_id))
