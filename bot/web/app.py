"""The HTTP routes: alerts, changes, Slack over HTTP, probes. Errors are `application/problem+json` (RFC 9457)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import structlog
from pydantic_core import to_json
from slack_bolt import App, BoltRequest
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from bot.metrics import Metrics
from bot.providers.alerts.reading import MAX_RAW, TELLS_CHANGES, ReadResult, Rejected
from bot.providers.signatures import Unreached
from bot.web import api, enqueue
from bot.web.intake import GroupCommit
from bot.web.kept import keep_of_stranger, quarantine
from bot.web.problems import Refused, problem
from bot.web.reading import Endpoint
from bot.web.sources import Source, bearer_fits
from bot.web.subscriptions import subscribed
from playbooks import errors
from playbooks.domain.alerts import Decision, Verdict
from playbooks.domain.links import Door, Room
from playbooks.plays.heartbeats import beat
from playbooks.plays.house import House
from playbooks.plays.receive import keep_raw, record_changes

if TYPE_CHECKING:
    from bot.web.pages import Opened

log = structlog.get_logger(__name__)

MAX_BODY = 1024 * 1024  # contract: 413 over 1 MiB
_JSON = "application/json"
_ALERTS = "/alerts/"


@dataclass(slots=True)
class Web:
    """What the routes use.

    Attributes:
        sources: by name. default_secret: bearer for sources without one. slack: None while Slack is not set up or in
            Socket Mode. ready: name -> empty when well, else what is wrong. on_refused: told of wrong secrets.
        api_token: bearer token of the read API, which is off without it.
    """

    house: House
    intake: GroupCommit
    metrics: Metrics
    sources: Mapping[str, Source]
    secrets: tuple[str, ...]
    slack: Callable[[], App | None]
    ready: Callable[[], Mapping[str, str]]
    on_refused: Callable[[str, str], None]
    api_token: str = ""
    pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(16, thread_name_prefix="edge"))


@dataclass(frozen=True, slots=True)
class Front:
    """The ASGI application: alerts go straight to their handler, everything else through the routes.

    In a storm the routes' own middleware would cost a fifth of what an alert costs in all.
    """

    routes: Starlette
    alerts: Callable[[Request], Awaitable[Response]]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] == "http" and scope["method"] == "POST" and scope["path"].startswith(_ALERTS):
            name = scope["path"][len(_ALERTS) :]
            if name and "/" not in name:
                scope["path_params"] = {"source": name}
                answer = await self.alerts(Request(scope, receive))
                await answer(scope, receive, send)
                return
        await self.routes(scope, receive, send)


def build_web(web: Web) -> Front:
    """The ASGI application."""
    routes = [
        Route("/alerts/{source}", _route(web, _alerts), methods=["POST"]),  # other methods: told as refused
        Route("/changes/{source}", _route(web, _changes), methods=["POST"]),
        Route("/heartbeats/{component}/{signal}", _route(web, _heartbeat), methods=["POST"]),
        Route(enqueue.PATH, _route(web, _enqueue), methods=["POST"]),
        Route("/slack/events", _route(web, _slack), methods=["POST"]),
        Route("/healthz", _healthz),
        Route("/readyz", _route(web, _readyz)),
        Route("/metrics", _route(web, _metrics)),
        Route("/openapi.json", _route(web, _openapi)),
        Route(f"/{Room.STATS}", _route(web, _page(Room.STATS))),
        *(Route(f"/{room}/{{number}}", _route(web, _page(room))) for room in Room),
        *(Route(endpoint.path, _route(web, _reading(endpoint))) for endpoint in api.ENDPOINTS),
    ]
    starlette = Starlette(routes=routes, exception_handlers={HTTPException: _no_route, Exception: _defect})
    return Front(starlette, _straight(_route(web, _alerts)))


def _straight(handler: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    """A handler that is called without the routes, with their last handler."""

    async def answered(request: Request) -> Response:
        try:
            return await handler(request)
        except Exception as error:  # noqa: BLE001  the last handler of this edge, as in the routes
            return await _defect(request, error)

    return answered


async def _no_route(_request: Request, refused: Exception) -> Response:
    """No such path, or another method: told like every other refusal."""
    assert isinstance(refused, HTTPException)
    code = "method_not_allowed" if refused.status_code == 405 else "not_found"
    return problem(refused.status_code, code, f"{refused.detail}.", headers=refused.headers)


async def _defect(request: Request, error: Exception) -> Response:
    """The last handler of this edge: nothing was confirmed, so the sender repeats."""
    log.error("request_crashed", path=request.url.path, error=type(error).__name__)
    return problem(500, "unexpected", "That failed on this side and is logged. Nothing was confirmed; send it again.")


Handler = Callable[[Web, Request], Awaitable[Response]]


def _route(web: Web, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    async def answered(request: Request) -> Response:
        try:
            return await handler(web, request)
        except Refused as refused:
            web.metrics.refused.labels(refused.code).inc()
            return problem(refused.status, refused.code, refused.detail, retry_after=refused.retry_after)
        except ClientDisconnect:
            return Response(status_code=400)
        except errors.StoreBusy as busy:
            web.metrics.refused.labels(busy.code).inc()
            return problem(503, busy.code, busy.told, retry_after=1)
        except errors.MusterError as error:
            log.error("request_failed", path=request.url.path, code=error.code)
            return problem(503, error.code, error.told, retry_after=1)

    return answered


# ------------------------------------------------------------------ intake


async def _body(request: Request) -> bytes:
    """The raw body, at most 1 MiB. Raises 413 before it is read where its length is announced."""
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > MAX_BODY:
        raise Refused(413, "too_large", "A body has 1 MiB at most. Send fewer alerts in one body.")
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > MAX_BODY:
            raise Refused(413, "too_large", "A body has 1 MiB at most. Send fewer alerts in one body.")
        chunks.append(chunk)
    return b"".join(chunks)


async def _admitted(web: Web, request: Request, body: bytes) -> Source:
    """The source of a request whose sender proved who it is. 401 comes before 404, so names cannot be guessed."""
    name = request.path_params["source"]
    known = web.sources.get(name)
    if known is not None:
        admits = known.admits
        asked = {"now": web.house.now(), "query": request.scope.get("query_string", b"").decode("latin-1")}
        try:
            if known.proof is None:
                proven = admits(request.headers, body, **asked)
            else:
                proven = await _threaded(web, partial(admits, request.headers, body, **asked))
            if proven:
                return known
        except Unreached as unreached:
            raise Refused(503, "unproven", f"{unreached}. Send it again.", retry_after=5) from None
    elif bearer_fits(request.headers, web.secrets):
        detail = f"No source is named {name[:60]}. Add it under `sources:` in muster.yaml."
        raise Refused(404, "unknown_source", detail)
    web.on_refused(name if known is not None else "unknown", "wrong or missing secret")
    raise Refused(401, "wrong_secret", "The secret is wrong or missing. Send it as `Authorization: Bearer …`.")


async def _alerts(web: Web, request: Request) -> Response:
    body = await _body(request)
    source = await _admitted(web, request, body)
    if source.alerts is None:
        return await _recorded(web, source, request, body)
    if source.proof is not None and await _threaded(web, partial(subscribed, web.house, source, body)):
        return _accepted(web, source, [])
    if web.intake.full:
        raise Refused(503, "behind", "The database is behind. Send it again in a second.", retry_after=1)
    try:
        read: ReadResult = source.alerts(request.headers, body, source=source.name, received_at=web.house.now())
    except errors.InputError as error:
        if error.code == TELLS_CHANGES and source.changes is not None:
            return await _recorded(web, source, request, body)
        return await _unread(web, source, body, error)
    verdicts = await web.intake.put(read.alerts) if read.alerts else []
    if read.rejected:
        kept = await _threaded(web, partial(quarantine, web.house, source.name, read.rejected))
        verdicts = [*verdicts, *kept]
    return _accepted(web, source, verdicts)


async def _unread(web: Web, source: Source, body: bytes, error: errors.InputError) -> Response:
    """Not JSON: kept with the reason, 400. JSON that is not this source's format: kept as a raw triage item, 202."""
    text = body.decode(errors="replace")
    if source.kind != "raw" and (error.code == "not_json" or not _json_text(body)):
        unread = Rejected(0, error.sentence, text[:MAX_RAW])
        await _threaded(web, partial(quarantine, web.house, source.name, [unread]))
        raise Refused(400, "not_json", error.told)
    kept = await _threaded(web, partial(keep_raw, web.house, source=source.name, body=text, why=error.sentence))
    return _accepted(web, source, [kept])


def _json_text(body: bytes) -> bool:
    try:
        json.loads(body)
    except (ValueError, RecursionError):
        return False
    return True


async def _changes(web: Web, request: Request) -> Response:
    body = await _body(request)
    source = await _admitted(web, request, body)
    if source.changes is None:
        detail = f"The source {source.name} tells alerts, not changes. Use /alerts/{source.name}."
        raise Refused(404, "no_changes", detail)
    return await _recorded(web, source, request, body)


async def _recorded(web: Web, source: Source, request: Request, body: bytes) -> Response:
    assert source.changes is not None
    try:
        changes = source.changes(request.headers, body, source=source.name, received_at=web.house.now())
    except errors.InputError as error:
        return await _unread(web, source, body, error)
    verdicts = await _threaded(web, partial(record_changes, web.house, changes))
    return _accepted(web, source, verdicts)


async def _heartbeat(web: Web, request: Request) -> Response:
    """An expected signal came; its body says nothing that is needed."""
    await _body(request)
    if not bearer_fits(request.headers, web.secrets):
        web.on_refused("heartbeats", "wrong or missing secret")
        raise Refused(401, "wrong_secret", "The secret is wrong or missing. Send it as `Authorization: Bearer …`.")
    names = (request.path_params["component"][:80], request.path_params["signal"][:80])
    try:
        late = await _threaded(web, partial(beat, web.house, *names))
    except errors.UnknownName as unknown:
        raise Refused(404, "unknown_signal", unknown.told) from unknown
    answer = {"component": names[0], "signal": names[1], "missing_from": late.isoformat()}
    return Response(json.dumps(answer), status_code=202, media_type=_JSON)


async def _threaded(web: Web, work: Callable[[], Any]) -> Any:
    return await asyncio.get_running_loop().run_in_executor(web.pool, work)


def _accepted(web: Web, source: Source, verdicts: list[Verdict]) -> Response:
    rows = [
        {
            "id": v.alert_id,
            "fingerprint": v.fingerprint,
            "status": v.status,
            "decision": v.decision.value,
            "reason": v.reason.value,
            "incident": f"INC-{v.incident}" if v.incident is not None else None,
        }
        for v in verdicts
    ]
    counts: dict[Decision, int] = {}
    for verdict in verdicts:
        counts[verdict.decision] = counts.get(verdict.decision, 0) + 1
    for decision, number in counts.items():
        web.metrics.alerts.labels(source.name, decision.value).inc(number)
    duplicates = counts.get(Decision.DUPLICATE, 0)
    accepted = len(verdicts) - duplicates - counts.get(Decision.REJECTED, 0)
    return Response(to_json({"accepted": accepted, "duplicates": duplicates, "alerts": rows}), 202, media_type=_JSON)


async def _enqueue(web: Web, request: Request) -> Response:
    body = await _body(request)
    if web.intake.full:
        raise Refused(503, "behind", "The database is behind. Send it again in a second.", retry_after=1)
    try:
        event = enqueue.event_of(body, web.sources)
    except enqueue.InvalidEvent as invalid:
        web.metrics.refused.labels(invalid.code).inc()
        if invalid.source is None and invalid.code == "not_json":
            await _threaded(web, partial(keep_of_stranger, web.house, "v2/enqueue", body, invalid.errors[0]))
        elif invalid.source is None:
            web.on_refused("v2/enqueue", "wrong or missing routing_key")
        else:
            unread = Rejected(0, f"v2/enqueue: {'; '.join(invalid.errors)}", body.decode(errors="replace")[:MAX_RAW])
            await _threaded(web, partial(quarantine, web.house, invalid.source, [unread]))
        return enqueue.invalid(invalid)
    source, read = event.read(web.house.now())
    if read.alerts:
        verdicts = await web.intake.put(read.alerts)
        _accepted(web, source, verdicts)
    if read.rejected:
        await _threaded(web, partial(quarantine, web.house, source.name, read.rejected))
    return enqueue.processed(event)


# ------------------------------------------------------------------ Slack over HTTP


async def _slack(web: Web, request: Request) -> Response:
    """Events, commands, interactivity. Bolt verifies signature and age; it runs in a thread, never on the loop."""
    app = web.slack()
    if app is None:
        raise Refused(404, "slack_off", "Slack is reached by Socket Mode here, or is not set up.")
    body = await _body(request)
    headers: dict[str, Any] = {}
    for name, value in request.headers.items():
        headers.setdefault(name, []).append(value)
    try:  # Bolt parses before it verifies, so anybody could make it fail here
        asked = BoltRequest(body=body.decode(errors="replace"), query=request.url.query, headers=headers)
    except (ValueError, AttributeError, TypeError, RecursionError):
        raise Refused(400, "not_slack", "That is no request of Slack.") from None
    answer = await asyncio.get_running_loop().run_in_executor(web.pool, app.dispatch, asked)
    content_type = answer.headers.get("content-type", ["text/plain"])[0]
    response = Response(answer.body, answer.status, media_type=content_type.split(";")[0])
    for name, values in answer.headers.items():
        if name.lower() not in ("content-type", "content-length"):
            response.headers[name] = values[0]
    return response


# ------------------------------------------------------------------ the read API


def _reading(endpoint: Endpoint) -> Handler:
    async def read(web: Web, request: Request) -> Response:
        try:
            api.admit(web.api_token, request.headers.get("authorization", ""))
        except Refused as refused:
            if refused.status == 401:
                web.on_refused("api", "wrong or missing token")
            raise
        given = request.query_params.multi_items()
        body = await _threaded(web, partial(api.answer, web.house, endpoint, given, request.path_params))
        etag = api.etag_of(body)
        headers = {"Cache-Control": "private, no-cache", "ETag": etag}
        if api.unchanged(etag, request.headers.get("if-none-match", "")):
            return Response(status_code=304, headers=headers)
        return Response(body, media_type=_JSON, headers=headers)

    return read


async def _openapi(web: Web, _request: Request) -> Response:
    """Described while it is on; the description itself is no secret."""
    if not web.api_token:
        raise Refused(404, "api_off", "The read API is off. Set MUSTER_API_TOKEN to turn it on.")
    return Response(json.dumps(api.openapi()), media_type=_JSON)


# ------------------------------------------------------------------ pages for people

_USUAL_DAYS = "30"
"""The period of the figures where the address names none."""


def _page(room: Room) -> Handler:
    def made(house: House, number: str, given: Mapping[str, str]) -> Opened:
        # In the thread that makes the first page: drawings and templates are much to load, and no alert needs them.
        from bot.web import pages

        try:
            return pages.open_page(house, room, number, **given)
        except errors.MusterError as error:
            return pages.broken(error)

    async def shown(web: Web, request: Request) -> Response:
        given = {name: request.query_params.get(name, "") for name in ("until", "sign")}
        number = request.path_params.get("number", _USUAL_DAYS)
        opened: Opened = await _threaded(web, partial(made, web.house, number, given))
        if opened.door is not Door.OPEN:
            web.metrics.refused.labels(f"link_{opened.door}").inc()
        if opened.door is Door.WRONG and web.house.links.keys:
            web.on_refused("pages", "wrong or cut link")
        return opened.response

    return shown


# ------------------------------------------------------------------ probes


async def _healthz(_request: Request) -> Response:
    return PlainTextResponse("ok")


async def _readyz(web: Web, _request: Request) -> Response:
    checks = await _threaded(web, web.ready)
    ready = not any(checks.values())
    body = json.dumps({"ready": ready, "checks": {name: wrong or "ok" for name, wrong in checks.items()}})
    return Response(body, 200 if ready else 503, media_type=_JSON)


async def _metrics(web: Web, _request: Request) -> Response:
    return Response(await _threaded(web, web.metrics.text), media_type="text/plain; version=0.0.4")
