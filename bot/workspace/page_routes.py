"""The browser page: its files, what it shows, and its live stream."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import asdict
from importlib.resources import files
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from .shapes import view_json
from .state import Channel, Json, Message, User

if TYPE_CHECKING:
    from .server import Workspace

KINDS = {"html": "text/html", "css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
SHOWN = 300
HEARTBEAT_SECONDS = 15.0
# Scripts come from the package only; a picture in a message may come from anywhere.
POLICY = "default-src 'self'; img-src 'self' http: https: data:; style-src 'self'; frame-ancestors 'none'"


class PageRoutes:
    """Serves the page."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self._closing = False
        self._waiters: set[asyncio.Event] = set()
        workspace.state.watchers.append(self._wake)

    def routes(self) -> list[BaseRoute]:
        """The page's routes; a permalink opens the page at its message."""
        return [
            Route("/", self._index),
            Route("/archives/{channel}/{message}", self._index),
            Route("/archives/{channel}", self._index),
            Route("/page/{name}", self._file),
        ]

    async def _index(self, request: Request) -> Response:
        return self._serve("index.html")

    async def _file(self, request: Request) -> Response:
        return self._serve(request.path_params["name"])

    def _serve(self, name: str) -> Response:
        folder = files("bot.workspace") / "page"
        if name not in {entry.name for entry in folder.iterdir()}:
            return PlainTextResponse("not found", 404)
        kind = KINDS.get(name.rpartition(".")[2], "text/plain")
        headers = {"Content-Security-Policy": POLICY, "Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
        return Response((folder / name).read_bytes(), media_type=f"{kind}; charset=utf-8", headers=headers)

    # ------------------------------------------------------------------ live

    def _wake(self) -> None:
        loop = self.workspace.courier.loop
        if self._waiters and loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(self._wake_here)

    def _wake_here(self) -> None:
        for waiter in list(self._waiters):
            waiter.set()

    async def _next_change(self, since: int, timeout: float) -> int:
        waiter = asyncio.Event()
        self._waiters.add(waiter)
        try:
            if self.workspace.state.version <= since and not self._closing:
                await asyncio.wait_for(waiter.wait(), timeout)
        except TimeoutError:
            pass
        finally:
            self._waiters.discard(waiter)
        return self.workspace.state.version

    async def changes(self, since: str = "0", timeout: str = "10") -> Json:
        """Wait for a change after version ``since``."""
        return {"version": await self._next_change(int(since), min(float(timeout), 60.0))}

    def stream(self) -> Response:
        """Server-sent events: the version, whenever it changes."""
        headers = {"Cache-Control": "no-store"}
        return StreamingResponse(self._versions(), media_type="text/event-stream", headers=headers)

    async def _versions(self) -> AsyncIterator[str]:
        version = -1
        while not self._closing:
            version = await self._next_change(version, HEARTBEAT_SECONDS)
            yield f"data: {version}\n\n"

    def close(self) -> None:
        """End every live stream."""
        self._closing = True
        self._wake()

    def open(self) -> None:
        """Streams may begin (again)."""
        self._closing = False

    # ------------------------------------------------------------------ what the page shows

    def read(self, user: str, channel: str) -> None:
        """Mark everything in a channel as seen by this person."""
        state = self.workspace.state
        with state.lock:
            who = self.workspace.hub.user(user).id
            place = self.workspace.hub.any_channel(channel)
            last = max((m.ts for m in place.messages.values()), key=float, default="0")
            marks = state.contents.read_marks.setdefault(who, {})
            changed = marks.get(place.id) != last
            marks[place.id] = last
        if changed:
            state.changed()

    async def snapshot(self, user: str = "", channel: str = "", thread: str = "") -> Json:
        """Everything one person sees right now."""
        space = self.workspace
        panels = [{"title": p.title, "rows": await asyncio.to_thread(p.rows)} for p in space.control.panels]
        guide = await self._guide()
        with space.state.lock:
            contents = space.state.contents
            me = space.hub.user(user) if user else next(u for u in contents.users.values() if not u.is_bot)
            place = contents.channels.get(channel)
            if place is not None and place.is_private and me.id not in place.members:
                place = None
            return {
                "version": space.state.version,
                "now": space.clock(),
                "me": me.id,
                "bot": space.hub.bot,
                "app_connected": bool(space.connections() or space.courier.http_target),
                "users": {u.id: self._user(u) for u in contents.users.values()},
                "usergroups": {g["id"]: g["handle"] for g in contents.usergroups.values()},
                "channels": [self._listed(c, me) for c in contents.channels.values() if self._visible(c, me)],
                "channel": self._open_channel(place, me) if place else None,
                "thread": self._thread(place, thread, me) if place and thread else None,
                "modals": [view_json(space.state, contents.views[v]) for v in contents.stacks.get(me.id, [])],
                "home": self._home(me),
                "commands": [c.model_dump() for c in space.seed.commands],
                "shortcuts": [s.model_dump() for s in space.seed.shortcuts],
                "controls": [
                    {"label": c.label, "url": c.action if isinstance(c.action, str) else None}
                    for c in space.control.controls
                ],
                "panels": panels,
                "guide": guide,
            }

    async def _guide(self) -> Json | None:
        guide = self.workspace.control.guide
        if guide is None:
            return None
        return {"title": guide.title, "steps": [asdict(step) for step in await asyncio.to_thread(guide.steps)]}

    def _user(self, user: User) -> Json:
        return {
            "name": user.name,
            "real_name": user.real_name,
            "tz": user.tz,
            "is_bot": user.is_bot,
            "deleted": user.deleted,
        }

    def _visible(self, channel: Channel, me: User) -> bool:
        return me.id in channel.members or not channel.is_private

    def _listed(self, channel: Channel, me: User) -> Json:
        mark = float(self.workspace.state.contents.read_marks.get(me.id, {}).get(channel.id, "0"))
        fresh = [m for m in channel.messages.values() if float(m.ts) > mark and m.user != me.id]
        private = [m for m in channel.ephemerals.values() if float(m.ts) > mark and m.ephemeral_to == me.id]
        return {
            "id": channel.id,
            "name": channel.name,
            "kind": channel.kind,
            "archived": channel.archived,
            "member": me.id in channel.members,
            "members": channel.members,
            "unread": bool(fresh or private) and me.id in channel.members,
            "mentions": sum(1 for m in fresh if f"<@{me.id}" in m.text or channel.is_im),
        }

    def _open_channel(self, channel: Channel, me: User) -> Json:
        roots = [
            m
            for m in channel.messages.values()
            if not m.thread_ts or m.thread_ts == m.ts or m.subtype == "thread_broadcast"
        ]
        own = [m for m in channel.ephemerals.values() if m.ephemeral_to == me.id and not m.thread_ts]
        shown = sorted([*roots, *own], key=lambda m: float(m.ts))[-SHOWN:]
        return {
            **self._listed(channel, me),
            "topic": channel.topic.value,
            "purpose": channel.purpose.value,
            "bookmarks": channel.bookmarks,
            "pins": [pin.ts for pin in channel.pins],
            "messages": [self._message(m) for m in shown],
        }

    def _thread(self, channel: Channel, ts: str, me: User) -> list[Json]:
        own = [m for m in channel.ephemerals.values() if m.ephemeral_to == me.id]
        found = [m for m in [*channel.messages.values(), *own] if ts in (m.ts, m.thread_ts)]
        return [self._message(m) for m in sorted(found, key=lambda m: float(m.ts))]

    def _message(self, message: Message) -> Json:
        body = self.workspace.hub.json(message)
        body.pop("bot_profile", None)
        held = self.workspace.state.contents.files
        for file in body.get("files", []):
            file["text"] = held[file["id"]].text
        return body | {"ephemeral": bool(message.ephemeral_to)}

    def _home(self, me: User) -> Json | None:
        contents = self.workspace.state.contents
        view = contents.views.get(contents.homes.get(me.id, ""))
        return view_json(self.workspace.state, view) if view else None
