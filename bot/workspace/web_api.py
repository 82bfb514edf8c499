"""The Web API's front: reads the call, checks the token and scopes, finds the method, keeps the log."""

from __future__ import annotations

import asyncio
import json
from email.utils import formatdate
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from . import api_canvases, api_chat, api_conversations, api_files, api_marks, api_members, api_people, api_views
from .args import Args
from .faults import CallFault, Faults
from .hub import Call, Hub
from .method import Method
from .rates import Rates
from .refusals import Refused
from .sockets import Sockets
from .state import Json

BY_KIND = {"channel": "channels", "group": "groups", "im": "im", "mpim": "mpim"}


class WebApi:
    """Answers ``POST /api/<method>``."""

    def __init__(self, hub: Hub, faults: Faults, sockets: Sockets, rates: Rates | None) -> None:
        self.hub = hub
        self.faults = faults
        self.sockets = sockets
        self.rates = rates
        self.methods: dict[str, Method] = {
            **api_people.METHODS,
            **api_chat.METHODS,
            **api_conversations.METHODS,
            **api_members.METHODS,
            **api_marks.METHODS,
            **api_views.METHODS,
            **api_files.METHODS,
            **api_canvases.METHODS,
            "apps.connections.open": Method(self._connections_open, token="app"),
        }

    def _connections_open(self, hub: Hub, args: Args) -> Json:
        return {"url": self.sockets.ticket_url()}

    async def endpoint(self, request: Request) -> Response:
        """The HTTP route."""
        name = request.path_params["method"]
        raw, form_token = await read_arguments(request)
        token = request.headers.get("authorization", "").removeprefix("Bearer ").strip() or form_token
        channel = str(raw.get("channel") or raw.get("channel_id") or "")
        call = Call(name, raw, self.hub.clock())
        with self.hub.state.lock:
            self.hub.calls.append(call)
        struck = self.faults.strike_call(name, channel)
        for fault in struck:
            call.fault = fault.kind if fault.kind != "status" else str(fault.status)
            if fault.kind == "slow":
                await asyncio.sleep(fault.seconds)
        answer = self._answer(call, token, channel, next((f for f in struck if f.kind != "slow"), None))
        self.hub.state.changed()
        if answer is None:
            return await hang_up(request)
        return answer

    def _answer(self, call: Call, token: str, channel: str, fault: CallFault | None) -> Response | None:
        if fault is not None and fault.kind == "status":
            return self._failure(call, fault.status, fault.retry_after)
        if fault is not None and fault.kind == "drop" and fault.before:
            return None
        wait = self.rates.wait(call.method, channel, call.at) if self.rates else 0
        if wait:
            return self._failure(call, 429, wait)
        if fault is not None and fault.kind == "error":
            call.result = {"ok": False, "error": fault.error, **(fault.extra or {})}
        else:
            call.result = self._run(call, token)
        if fault is not None and fault.kind == "drop":
            return None
        return JSONResponse(call.result, headers=self._headers(call.method))

    def _failure(self, call: Call, status: int, retry_after: int) -> Response:
        call.status = status
        if status == 429:
            call.result = {"ok": False, "error": "ratelimited"}
            return JSONResponse(call.result, 429, headers={"Retry-After": str(retry_after)})
        call.result = {"ok": False, "error": "internal_error"}
        return Response("upstream connect error", status, media_type="text/plain")

    def _headers(self, name: str) -> dict[str, str]:
        method = self.methods.get(name)
        accepted = ",".join(method.scopes) if method else ""
        return {
            "X-OAuth-Scopes": ",".join(self.hub.seed.bot_scopes),
            "X-Accepted-OAuth-Scopes": accepted,
            "Date": formatdate(self.hub.clock(), usegmt=True),
        }

    def _run(self, call: Call, token: str) -> Json:
        args = Args(call.args)
        with self.hub.state.lock:
            try:
                method = self._find(call.method)
                self._authorise(method, token)
                self._kind_scope(method, args)
                return {"ok": True, **method.handler(self.hub, args)}
            except Refused as refused:
                return refused.body()

    def _find(self, name: str) -> Method:
        method = self.methods.get(name)
        if method is None:
            raise Refused("unknown_method", req_method=name)
        return method

    def _authorise(self, method: Method, token: str) -> None:
        seed = self.hub.seed
        if method.token == "none":
            return
        if not token:
            raise Refused("not_authed")
        if method.token == "app":
            if token == seed.bot_token:
                raise Refused("not_allowed_token_type")
            if token != seed.app_token:
                raise Refused("invalid_auth")
            return
        if token == seed.app_token:
            raise Refused("not_allowed_token_type")
        if token != seed.bot_token:
            raise Refused("invalid_auth")
        if method.scopes and not set(method.scopes) & set(seed.bot_scopes):
            raise self._missing(method.scopes[0])

    def _kind_scope(self, method: Method, args: Args) -> None:
        channel = self.hub.state.contents.channels.get(args.text("channel"))
        if not method.by_kind or channel is None:
            return
        suffix = "manage" if method.by_kind == "write" and channel.kind == "channel" else method.by_kind
        needed = f"{BY_KIND[channel.kind]}:{suffix}"
        if needed not in self.hub.seed.bot_scopes:
            raise self._missing(needed)

    def _missing(self, needed: str) -> Refused:
        return Refused("missing_scope", needed=needed, provided=",".join(self.hub.seed.bot_scopes))


async def read_arguments(request: Request) -> tuple[dict[str, Any], str]:
    """The call's arguments from query, form or JSON, and a token given as an argument."""
    raw: dict[str, Any] = dict(request.query_params)
    kind = request.headers.get("content-type", "")
    body = await request.body()
    if "json" in kind:
        try:
            given = json.loads(body or b"{}")
        except ValueError:
            given = {}
        raw |= given if isinstance(given, dict) else {}
    elif body:
        async with request.form() as form:
            raw |= {key: value for key, value in form.items() if isinstance(value, str)}
    token = str(raw.pop("token", "") or "")
    return raw, token


async def hang_up(request: Request) -> Response:
    """Close the connection without an answer.

    uvicorn has no public way to do that; its transport is reached through the ``send`` kept by the server.
    """
    transport = request.scope["muster.transport"]
    transport.close()
    while not await request.is_disconnected():
        await asyncio.sleep(0)
    return Silence()


class Silence(Response):
    """A response that sends nothing."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Nothing: the connection is gone."""
