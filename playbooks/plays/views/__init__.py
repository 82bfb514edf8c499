"""Messages built from what is on disk: a surface is a pure function of rows, the registry and the time."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from playbooks.messages import Message
from playbooks.plays import digest, document_life, outreach, recertify
from playbooks.plays.handoff import offer_view
from playbooks.plays.house import House
from playbooks.plays.hygiene import debt_post
from playbooks.plays.lateness import with_lateness
from playbooks.plays.publishing import SURFACE
from playbooks.plays.similar import similar_note
from playbooks.plays.views.asked import ask, preview
from playbooks.plays.views.document import document_post
from playbooks.plays.views.errand import errand_view
from playbooks.plays.views.muted import silence_note
from playbooks.plays.views.owner import owner_note
from playbooks.plays.views.page import page_note
from playbooks.plays.views.pinned_card import card
from playbooks.plays.views.posts import (
    milestone_post,
    plain_post,
    resolved_post,
    say_post,
    sorry_post,
    suggestion_post,
    topic_post,
    update_post,
)
from playbooks.plays.views.published import published_note
from playbooks.plays.views.standing import entry_note
from playbooks.plays.views.status import action_status
from playbooks.plays.views.switched import override_note
from playbooks.ports import Surface, UnitOfWork


def build(house: House, uow: UnitOfWork, surface: Surface) -> Message | None:
    """The message a surface shows now; None when there is nothing to show any more."""
    builder = _BUILDERS.get(surface.kind)
    message = builder(house, uow, surface) if builder else None
    return with_lateness(message, surface.payload) if message is not None else None


Builder = Callable[[House, UnitOfWork, Surface], Message | None]
_BUILDERS: Mapping[str, Builder] = {
    "owner_note": owner_note,
    "page": page_note,
    "card": card,
    "preview": preview,
    "ask": ask,
    "action": action_status,
    "override": override_note,
    "handoff": offer_view,
    "errand": errand_view,
    "override_warn": override_note,
    "override_ask": override_note,
    "entry": entry_note,
    "silence": silence_note,
    "debt": debt_post,
    document_life.SURFACE: document_post,
    "say": say_post,
    "post": plain_post,
    "sorry": sorry_post,
    "suggest": suggestion_post,
    "update": update_post,
    "resolved": resolved_post,
    "milestone": milestone_post,
    SURFACE: published_note,
    "topic": topic_post,
    "similar": similar_note,
    digest.KIND: digest.digest_post,
    outreach.KIND: outreach.learned_note,
    recertify.TEAM: recertify.team_gaps,
    recertify.OPERATORS: recertify.operator_gaps,
}
