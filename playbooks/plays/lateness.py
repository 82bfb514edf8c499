"""The one place in which a late timer says so: in each event it writes and in each new message it asks for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, cast

from playbooks.domain.lateness import late_by, late_words
from playbooks.domain.timeline import Event, NewEvent
from playbooks.messages import Late, Message
from playbooks.ports import Surface, Timer, UnitOfWork

# What stands on its own and is asked for by a timer; a card or a topic is renewed by many things.
_TELLS = frozenset(
    {"say", "override_warn", "override_ask", "entry", "postmortem", "ask", "gaps_week", "conflicts_week"}
)


class _Telling:
    """A unit of work in which a late timer is carried out."""

    def __init__(self, uow: UnitOfWork, due: datetime, now: datetime) -> None:
        self._uow, self._words = uow, late_words(due, now)
        self._late = {"due": due.isoformat(), "by": int((now - due).total_seconds())}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._uow, name)

    def append(self, incident_id: int, event: NewEvent, *, now: datetime) -> Event | None:
        """See `ports.UnitOfWork`."""
        return self._uow.append(incident_id, replace(event, text=f"{event.text} ({self._words})"), now=now)

    def want_surface(self, surface: Surface) -> Any:
        """See `ports.UnitOfWork`. One that stands already is only renewed: it was in time."""
        if surface.kind in _TELLS and self._uow.surface(surface.id) is None:
            surface = replace(surface, payload={**surface.payload, "late": self._late})
        return self._uow.want_surface(surface)


def telling(uow: UnitOfWork, timer: Timer, now: datetime) -> UnitOfWork:
    """The unit of work for what a due timer does: itself when in time, else one that tells how late it is."""
    return uow if late_by(timer.due_at, now) is None else cast(UnitOfWork, _Telling(uow, timer.due_at, now))


def with_lateness(message: Message, payload: Mapping[str, Any]) -> Message:
    """A message with its lateness, where its timer was late."""
    late = payload.get("late")
    if not isinstance(late, Mapping):
        return message
    return Late(message, datetime.fromisoformat(str(late["due"])), timedelta(seconds=int(late["by"])))
