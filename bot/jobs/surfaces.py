"""Brings one Slack target up to date: every surface that is behind, in order, posted once and edited after."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

import structlog

from bot.jobs.outcome import DONE, Later, RunResult
from playbooks import errors
from playbooks.messages import Message
from playbooks.plays import views
from playbooks.plays.house import House
from playbooks.plays.reach import line_of
from playbooks.ports import Messenger, Posted, Surface, UnitOfWork

Render = Callable[[Message], Mapping[str, Any]]
log = structlog.get_logger(__name__)

# chat.update is Slack tier 3 (50 a minute a workspace method, docs rate-limits): one edit of one message per 1.2 s
_BETWEEN_EDITS = timedelta(seconds=1.2)
_AGAIN = frozenset({errors.Kind.TRANSIENT, errors.Kind.RATE_LIMITED, errors.Kind.UNKNOWN_OUTCOME})


@dataclass(frozen=True, slots=True)
class Projector:
    """The job body `deliver`: Slack is a projection of rows.

    `render` turns a message value into `{"text", "blocks"}`.
    """

    house: House
    messenger: Messenger
    render: Render

    def run(self, target: str) -> RunResult:
        """Show what `target` is behind with. Raises SlackError of a kind that may be tried again."""
        with self.house.store.read() as uow:
            behind = uow.surfaces_to_show(target)
        wait_until: datetime | None = None
        for surface in sorted(behind, key=lambda s: (s.kind != "owner_note", s.seq)):
            due = self._show(surface)
            if due is not None:
                wait_until = min(wait_until or due, due)
        return Later(wait_until) if wait_until is not None else DONE

    def _show(self, surface: Surface) -> datetime | None:
        """Show one surface; a time when it has to wait for its turn."""
        now = self.house.now()
        if surface.ts and surface.shown_at is not None and now < surface.shown_at + _BETWEEN_EDITS:
            return surface.shown_at + _BETWEEN_EDITS
        try:
            with self.house.store.read() as uow:
                message = views.build(self.house, uow, surface)
                channel = self._channel(uow, surface)
            if message is None:
                self._record(replace(surface, shown=surface.wanted, attempts=0))
            elif channel is not None:
                self._bring(surface, channel, self.render(message))
        except errors.MusterError as error:
            self._refused(surface, error)
        return None

    def _bring(self, surface: Surface, channel: str, body: Mapping[str, Any]) -> None:
        """Make Slack show `body` for this surface, and write down that it does."""
        digest = sha256(json.dumps(body, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
        shown = surface
        if not surface.ts or digest != surface.shown_hash:
            sent = self._send(surface, channel, body)
            shown = replace(sent, shown_hash=digest, shown_at=self.house.now())
        shown = replace(shown, attempts=0, error="")
        if shown.pin and not shown.pinned:
            self._record(shown)  # still behind: a pin that fails is tried again, the message is not
            shown = self._pinned(shown)
        self._record(replace(shown, shown=surface.wanted))

    def _channel(self, uow: UnitOfWork, surface: Surface) -> str | None:
        """Slack channel to post in; None while the incident's channel does not exist (its job asks again)."""
        if surface.channel:
            return surface.channel
        head, _, rest = surface.target.partition(":")
        if head == "incident":
            incident = uow.incident(int(rest))
            if incident is None:
                return None
            return incident.channel or (incident.home if uow.surface(stays_home(incident.id)) else "") or None
        if head in ("dm", "eph"):
            return rest
        return surface.target or None

    # ------------------------------------------------------------ sending

    def _send(self, surface: Surface, channel: str, body: Mapping[str, Any]) -> Surface:
        if surface.target.startswith("eph:"):
            return self._ephemeral(surface, channel, body)
        if surface.kind == "topic":
            self.messenger.set_topic(channel, str(body["text"]))
            return replace(surface, channel=channel, ts="topic")
        if surface.ts:
            try:
                self.messenger.update(Posted(surface.channel, surface.ts), body, delivery=surface.id)
            except errors.SlackError as error:
                if error.code != "message_not_found":
                    raise
                surface = replace(surface, ts="", pinned=False)  # somebody deleted it: desired state brings it back
            else:
                return surface
        return self._post(surface, channel, body)

    def _post(self, surface: Surface, channel: str, body: Mapping[str, Any]) -> Surface:
        """Intent first, then look, then post: an answer that was lost does not make a second message."""
        where = self.messenger.open_dm(channel) if surface.target.startswith("dm:") and not surface.channel else channel
        if surface.channel:  # written down before each try; the count of tries starts anew with every wish
            since = self._since(surface)
            found = self.messenger.find_delivery(where, surface.id, since=since, thread=surface.thread)
            if found is not None:  # as it was when that try was made, so perhaps out of date
                self.messenger.update(found, body, delivery=surface.id)
                return replace(surface, channel=found.channel, ts=found.ts)
        trying = replace(surface, attempts=surface.attempts + 1, channel=where)
        self._record(trying)
        posted = self.messenger.post(where, body, delivery=surface.id, thread=surface.thread)
        return replace(trying, channel=posted.channel, ts=posted.ts)

    def _since(self, surface: Surface) -> datetime:
        """From when on an earlier try of ours could stand in the channel's history."""
        if surface.incident_id is not None:
            with self.house.store.read() as uow:
                incident = uow.incident(surface.incident_id)
            if incident is not None:
                return incident.opened_at - timedelta(minutes=1)
        return self.house.now() - timedelta(days=1)

    def _ephemeral(self, surface: Surface, channel: str, body: Mapping[str, Any]) -> Surface:
        """Only one person sees it; Slack offers no way to look back, so a repeat after a lost answer is possible."""
        place, _, user = channel.partition(":")
        try:
            self.messenger.post_ephemeral(place, user, body)
        except errors.SlackError as error:
            if error.kind in _AGAIN:
                raise
            dm = self.messenger.open_dm(user)  # a command used where the bot is not: the answer goes to the person
            if self.messenger.find_delivery(dm, surface.id, since=self._since(surface)) is None:
                self.messenger.post(dm, body, delivery=surface.id)
        return replace(surface, ts="ephemeral")

    def _pinned(self, surface: Surface) -> Surface:
        try:
            self.messenger.pin(Posted(surface.channel, surface.ts))
        except errors.SlackError as error:
            if error.kind in _AGAIN:
                raise
            self._notice(surface, error)
        return replace(surface, pinned=True)

    # ------------------------------------------------------------ refusals

    def _refused(self, surface: Surface, error: errors.MusterError) -> None:
        """This message cannot be built or Slack refuses it: told to the operator, the rest of the incident goes on."""
        if error.kind in _AGAIN:
            raise error
        log.error("surface_refused", surface=surface.id, code=error.code)
        self._notice(surface, error)
        moved = self._elsewhere(surface)
        if moved is not None:
            with self.house.store.begin() as uow:
                uow.save_surface(moved)
                uow.want_job("deliver", moved.target, now=self.house.now(), lane=moved.target)
            return
        self._record(replace(surface, shown=surface.wanted, error=error.told, attempts=0))

    def _elsewhere(self, surface: Surface) -> Surface | None:
        """The owner's first message must reach somebody: the next in line by direct message, then triage."""
        if surface.kind != "owner_note" or surface.ts or surface.incident_id is None:
            return None
        with self.house.store.read() as uow:
            incident = uow.incident(surface.incident_id)
        if incident is None:
            return None
        people = self.house.registry().people
        slack = next((people[p].slack for p in line_of(self.house, incident) if p in people and people[p].slack), "")
        tried_dm = surface.target.startswith("dm:")
        target = f"dm:{slack}" if slack and not tried_dm else self.house.rules.triage_channel
        if not target or target == surface.target:
            return None
        return replace(surface, target=target, channel="", ts="", attempts=0)

    def _notice(self, surface: Surface, error: errors.MusterError) -> None:
        with self.house.store.begin() as uow:
            uow.notice(f"slack:{error.code}:{surface.target}", error.told, now=self.house.now())

    def _record(self, after: Surface) -> None:
        """Write how far Slack is. What the surface is to show may have changed meanwhile: that wish stands."""
        with self.house.store.begin() as uow:
            uow.save_shown(after)


def stays_home(incident_id: int) -> str:
    """Id of the surface that tells that no channel can be made: from then on the incident lives at its home."""
    return f"post:nochannel:{incident_id}"
