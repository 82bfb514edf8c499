"""Driving the workspace over HTTP, for tests in another process and for the page.

``POST /_control/<act>`` takes a JSON object and answers JSON; what Slack would refuse is a 409 ``{"error": code}``.
Users are ids or ``@names``, channels ids or names, messages and views their ts or id.

===============  =============================================================================================
``say``          ``user channel text [thread_ts]`` -> the message
``edit``         ``user message text``; ``delete``: ``user message``
``react``        ``user message name``; ``unreact`` alike; ``pin`` and ``unpin``: ``user message``
``slash``        ``user channel line`` -> a reply: ``ok status body text failure errors posts messages view``
``click``        ``user target action_id [value]`` -> a reply; ``target`` is a message's ts or a view's id
``submit``       ``user [view] [values]`` -> a reply; ``close``: ``user [view] [all_views]``
``shortcut``     ``user callback_id [message]`` -> a reply
``join``         ``user channel``; ``leave`` alike; ``invite``: ``user channel invited``
``open_dm``      ``user``; ``open_home``: ``user``; ``read``: ``user channel``
``faults``       ``fault`` (a method of :class:`~bot.workspace.faults.Faults`) and its arguments by name
``disconnect``   asks every Socket Mode connection to come back; ``cut`` closes them without a word
``deliver_to``   ``url``: deliver over signed HTTP from now on
``press``        ``label``: a button of the embedding program
===============  =============================================================================================

``GET /_control/history?channel=``, ``ephemerals?user=[&channel=]``, ``calls[?method=]``, ``deliveries``, ``view?user=``
(the modal on top), ``home?user=``, ``connection`` (addresses and tokens), ``snapshot?user=&channel=&thread=`` (all the
page shows), ``changes?since=N&timeout=S`` (returns when something changed after version N), ``stream`` (server-sent
events, one per change).
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from .elements import NoSuchElement
from .refusals import Refused
from .replies import Reply
from .shapes import view_json
from .state import Json, Message, View

if TYPE_CHECKING:
    from .server import Workspace

FAULTS = (
    "rate_limited server_error drop_after_receive drop_before slow refuse duplicate hold late out_of_order lose "
    "forged_signature stale_signature expired_triggers release clear"
).split()


@dataclass(frozen=True)
class Control:
    """A button (callable) or link (URL) the embedding program puts on the page."""

    label: str
    action: Callable[[], object] | str


@dataclass(frozen=True)
class Panel:
    """A small table the page shows and refreshes."""

    title: str
    rows: Callable[[], dict[str, str]]


@dataclass(frozen=True)
class Step:
    """One step of a guide: what to do, and by which buttons the page leads there.

    ``user`` and ``channel``: as whom and where; ``line`` is put into the message box there; ``control`` is pressed.
    """

    text: str
    done: bool = False
    user: str = ""
    channel: str = ""
    line: str = ""
    control: str = ""


@dataclass(frozen=True)
class Guide:
    """What to do next, shown above the messages."""

    title: str
    steps: Callable[[], list[Step]]


class ControlApi:
    """Answers ``/_control/…``."""

    def __init__(
        self, workspace: Workspace, controls: Sequence[Control], panels: Sequence[Panel], guide: Guide | None = None
    ) -> None:
        self.workspace = workspace
        self.guide = guide
        self.controls = list(controls)
        self.panels = list(panels)

    def routes(self) -> list[BaseRoute]:
        """The control routes."""
        return [
            Route("/_control/{name}", self._act, methods=["POST"]),
            Route("/_control/{name}", self._look, methods=["GET"]),
        ]

    # ------------------------------------------------------------------ acting

    async def _act(self, request: Request) -> Response:
        name = request.path_params["name"]
        try:
            body = json.loads(await request.body() or b"{}")
            if not isinstance(body, dict):
                raise ValueError("a JSON object is needed")
            return JSONResponse(await self._do(name, body))
        except Refused as refused:
            return JSONResponse(refused.body(), 409)
        except (NoSuchElement, KeyError, TypeError, ValueError) as error:
            return JSONResponse({"ok": False, "error": "bad_request", "detail": str(error)}, 400)

    async def _do(self, name: str, body: dict[str, Any]) -> Any:
        asked = self._asking(name, body)
        if asked is not None:
            return self.reply_json(await asked)
        if name == "close":
            await self.workspace.forms.close_view(**body)
        elif name == "disconnect":
            return {"connections": await self.workspace.sockets.disconnect(**body)}
        elif name == "cut":
            return {"connections": await self.workspace.sockets.cut()}
        elif name == "press":
            return await self._press(body["label"])
        elif name == "faults":
            return self._fault(**body)
        elif name == "deliver_to":
            self.workspace.deliver_to(body["url"])
        else:
            return self._simple(name, body)
        return {"ok": True}

    def _asking(self, name: str, body: dict[str, Any]) -> Awaitable[Reply] | None:
        acts, forms = self.workspace.acts, self.workspace.forms
        table: dict[str, Callable[..., Awaitable[Reply]]] = {
            "slash": acts.slash,
            "shortcut": acts.shortcut,
            "click": forms.click,
            "submit": forms.submit_view,
        }
        return table[name](**body) if name in table else None

    def _simple(self, name: str, body: dict[str, Any]) -> Any:
        acts = self.workspace.acts
        table: dict[str, Callable[..., Any]] = {
            "say": acts.say,
            "edit": acts.edit_message,
            "delete": acts.delete_message,
            "react": acts.react,
            "unreact": acts.unreact,
            "pin": acts.pin,
            "unpin": acts.unpin,
            "join": acts.join,
            "leave": acts.leave,
            "invite": acts.invite,
            "open_dm": acts.open_dm,
            "open_home": acts.open_home,
            "read": self.workspace.pages.read,
        }
        if name not in table:
            raise ValueError(f"no such act: {name}; there are: {', '.join(sorted(table))}")
        done = table[name](**body)
        if isinstance(done, Message):
            return self.workspace.hub.json(done)
        if hasattr(done, "id"):
            return {"ok": True, "id": done.id}
        return {"ok": True}

    async def _press(self, label: str) -> Json:
        for control in self.controls:
            if control.label == label and callable(control.action):
                # The embedding program may well call back into the workspace, which needs this loop free.
                await asyncio.to_thread(control.action)
                self.workspace.state.changed()
                return {"ok": True}
        raise KeyError(label)

    def _fault(self, fault: str, **arguments: Any) -> Json:
        if fault not in FAULTS:
            raise ValueError(f"no such fault: {fault}; there are: {', '.join(FAULTS)}")
        return {"ok": True, "result": getattr(self.workspace.faults, fault)(**arguments)}

    def reply_json(self, reply: Reply) -> Json:
        """A reply for another process."""
        view = reply.view
        return {
            "ok": reply.ok,
            "status": reply.status,
            "body": reply.body,
            "text": reply.text,
            "failure": reply.failure,
            "errors": reply.errors,
            "trigger_id": reply.trigger_id,
            "response_url": reply.response_url,
            "posts": reply.posts,
            "messages": [self.workspace.hub.json(message) for message in reply.messages],
            "view": self.view(view) if view else None,
        }

    def view(self, view: View) -> Json:
        """A view as the app knows it."""
        return view_json(self.workspace.state, view)

    # ------------------------------------------------------------------ looking

    async def _look(self, request: Request) -> Response:
        query = dict(request.query_params)
        name = request.path_params["name"]
        try:
            if name == "stream":
                return self.workspace.pages.stream()
            if name == "changes":
                return JSONResponse(await self.workspace.pages.changes(**query))
            if name == "snapshot":
                return JSONResponse(await self.workspace.pages.snapshot(**query))
            with self.workspace.state.lock:
                return JSONResponse(self._seen(name, query))
        except Refused as refused:
            return JSONResponse(refused.body(), 409)
        except (KeyError, TypeError, ValueError) as error:
            return JSONResponse({"ok": False, "error": "bad_request", "detail": str(error)}, 400)

    def _seen(self, name: str, query: dict[str, str]) -> Any:
        space = self.workspace
        if name == "history":
            return [space.hub.json(m, metadata=True) for m in space.history(query["channel"])]
        if name == "ephemerals":
            return [space.hub.json(m) for m in space.ephemerals(query["user"], query.get("channel"))]
        if name == "calls":
            wanted = query.get("method")
            return [asdict(call) for call in space.calls if wanted in (None, call.method)]
        if name == "deliveries":
            return [asdict(delivery) for delivery in space.deliveries]
        if name in ("view", "home"):
            found = space.top_view(query["user"]) if name == "view" else space.home(query["user"])
            return self.view(found) if found else None
        if name == "connection":
            return {
                "api_url": space.api_url,
                "bot_token": space.bot_token,
                "app_token": space.app_token,
                "signing_secret": space.signing_secret,
            }
        raise ValueError(f"nothing to see under {name}")
