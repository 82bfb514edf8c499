"""The plant's registry and flag store over HTTP."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from http import HTTPStatus
from json import JSONDecodeError
from typing import Any

from starlette.background import BackgroundTask
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from bot.plant.state import Move, PlantState, StoredVersion
from playbooks.ports import Clock

Listener = Callable[[Mapping[str, str]], None]


class RegistryApi:
    """Routes below `/api`. `listener` is told of every change, in the body form of the generic change reader."""

    def __init__(self, state: PlantState, clock: Clock, listener: Listener | None) -> None:
        self._state = state
        self._clock = clock
        self._listener = listener

    def routes(self) -> list[Route]:
        """All routes."""
        alias = "/api/models/{model}/aliases/{alias}"
        flag = "/api/projects/{project}/flags/{flag}/environments/{environment}"
        return [
            Route("/api/models", self.models),
            Route("/api/models/{model}", self.model),
            Route("/api/models/{model}/versions/{version}/mark", self.mark, methods=["PUT"]),
            Route(alias, self.alias, methods=["GET", "PUT", "DELETE"]),
            Route(f"{alias}/history", self.alias_history),
            Route(flag, self.flag, methods=["GET", "PUT"]),
            Route(f"{flag}/history", self.flag_history),
        ]

    def models(self, request: Request) -> JSONResponse:
        """Names of the models."""
        return JSONResponse({"models": self._state.models()})

    def model(self, request: Request) -> JSONResponse:
        """A model with its versions, newest first, and its aliases."""
        name = request.path_params["model"]
        versions = self._state.versions(name)
        if not versions:
            raise HTTPException(HTTPStatus.NOT_FOUND, f"no model {name}")
        rows = [_version_row(version) for version in versions]
        return JSONResponse({"name": name, "versions": rows, "aliases": self._state.aliases(name)})

    async def mark(self, request: Request) -> JSONResponse:
        """Mark a version: `{"mark": "good"|"bad", "note"}`."""
        body = await json_body(request)
        mark = _text(body, "mark")
        if mark not in ("good", "bad"):
            raise HTTPException(HTTPStatus.BAD_REQUEST, "mark is good or bad")
        where = request.path_params
        now = self._clock.now()
        if not self._state.mark(where["model"], where["version"], mark=mark, note=_text(body, "note"), at=now):
            raise HTTPException(HTTPStatus.NOT_FOUND, f"no version {where['version']} of {where['model']}")
        return JSONResponse({})

    async def alias(self, request: Request) -> JSONResponse:
        """Read, set (`{"version", "note", "by"}`) or remove an alias."""
        model, alias = request.path_params["model"], request.path_params["alias"]
        before = self._state.aliases(model).get(alias, "")
        if request.method == "GET":
            if not before:
                raise HTTPException(HTTPStatus.NOT_FOUND, f"{model} has no alias {alias}")
            return JSONResponse({"version": before})
        body = await json_body(request) if request.method == "PUT" else {}
        version = _text(body, "version")
        if request.method == "PUT" and self._state.version(model, version) is None:
            raise HTTPException(HTTPStatus.NOT_FOUND, f"no version {version} of {model}")
        move = self._state.move_alias(
            model, alias, version, at=self._clock.now(), by=_text(body, "by"), note=_text(body, "note")
        )
        return self._changed(move, before, {"kind": "model_alias", "subject": f"{model}@{alias}"})

    def alias_history(self, request: Request) -> JSONResponse:
        """All moves of an alias, newest first."""
        return _moves(self._state.alias_history(request.path_params["model"], request.path_params["alias"]))

    async def flag(self, request: Request) -> JSONResponse:
        """Read or set (`{"enabled", "note", "by"}`) a flag in an environment."""
        project, flag, environment = (request.path_params[key] for key in ("project", "flag", "environment"))
        history = self._state.flag_history(project, flag, environment)
        if not history:
            raise HTTPException(HTTPStatus.NOT_FOUND, f"no flag {flag} in {environment} of {project}")
        if request.method == "GET":
            return JSONResponse({"enabled": history[0].value == "on"})
        body = await json_body(request)
        if not isinstance(body.get("enabled"), bool):
            raise HTTPException(HTTPStatus.BAD_REQUEST, "enabled is true or false")
        move = self._state.turn_flag(
            project,
            flag,
            environment,
            enabled=body["enabled"],
            at=self._clock.now(),
            by=_text(body, "by"),
            note=_text(body, "note"),
        )
        about = {"kind": "flag", "subject": f"{project}/{flag}", "environment": environment}
        return self._changed(move, history[0].value, about)

    def flag_history(self, request: Request) -> JSONResponse:
        """All turns of a flag, newest first."""
        where = request.path_params
        return _moves(self._state.flag_history(where["project"], where["flag"], where["environment"]))

    def _changed(self, move: Move | None, before: str, about: Mapping[str, str]) -> JSONResponse:
        """The empty answer, after which the listener is told; a repeated change is told to nobody."""
        if move is None or self._listener is None:
            return JSONResponse({})
        told = {
            "id": f"{about['kind']}-{move.id}",
            **about,
            "before": before,
            "after": move.value,
            "at": move.at.isoformat(),
            "by": move.by,
        }
        return JSONResponse({}, background=BackgroundTask(self._listener, told))


async def json_body(request: Request) -> Mapping[str, Any]:
    """The request's JSON object. Raises HTTPException 400."""
    try:
        body = await request.json()
    except (JSONDecodeError, UnicodeDecodeError):
        body = None
    if not isinstance(body, dict):
        raise HTTPException(HTTPStatus.BAD_REQUEST, "the body is a JSON object")
    return body


def _text(body: Mapping[str, Any], key: str) -> str:
    value = body.get(key, "")
    if not isinstance(value, str):
        raise HTTPException(HTTPStatus.BAD_REQUEST, f"{key} is text")
    return value


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at is not None else None


def _version_row(version: StoredVersion) -> dict[str, Any]:
    return {
        "version": version.version,
        "created_at": _iso(version.created_at),
        "mark": version.mark,
        "mark_note": version.mark_note,
        "marked_at": _iso(version.marked_at),
    }


def _moves(history: list[Move]) -> JSONResponse:
    rows = [{"id": m.id, "value": m.value, "at": m.at.isoformat(), "by": m.by, "note": m.note} for m in history]
    return JSONResponse({"history": rows})
