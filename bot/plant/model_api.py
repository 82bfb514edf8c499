"""The plant's model servers (Open Inference Protocol V2) and the automation that acts on their scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route

from bot.plant.faults import Fault, Faults
from bot.plant.model import FEATURES, THRESHOLD, score
from bot.plant.registry_api import json_body
from bot.plant.seed import ALIAS, ENVIRONMENT, FLAG, MODEL, PROJECT
from bot.plant.state import PlantState, StoredVersion
from playbooks.ports import Clock

WIDTH = len(FEATURES)


@dataclass(frozen=True, slots=True)
class Fleet:
    """How many model servers there are and how fast they follow the alias: server n reloads after n times `reload`."""

    servers: int
    reload: timedelta
    alias: str = ALIAS


class Serving:
    """What each server has loaded: derived from the alias's moves and the time, so a restart forgets nothing."""

    def __init__(self, state: PlantState, clock: Clock, faults: Faults, fleet: Fleet) -> None:
        self._state = state
        self._clock = clock
        self._faults = faults
        self._fleet = fleet
        self._frozen: dict[tuple[str, int], str] = {}

    def freeze(self) -> None:
        """Remember what is loaded now; it stays so while `Fault.STUCK` is in force."""
        servers = range(1, self._fleet.servers + 1)
        self._frozen = {(m, n): self._followed(m, n) for m in self._state.models() for n in servers}

    def loaded(self, model: str, server: int) -> StoredVersion | None:
        """The version a server answers with; None before it has loaded any."""
        stuck = Fault.STUCK in self._faults and (model, server) in self._frozen
        version = self._frozen[(model, server)] if stuck else self._followed(model, server)
        return self._state.version(model, version)

    def _followed(self, model: str, server: int) -> str:
        """Newest version that the alias has pointed to for long enough; a removed alias unloads nothing."""
        seen = self._clock.now() - self._fleet.reload * server
        for move in self._state.alias_history(model, self._fleet.alias):
            if move.value and move.at <= seen:
                return move.value
        return ""


class ModelApi:
    """Routes below `/servers/{n}/v2`, the same for server 1 below `/v2`, and `/decide`."""

    def __init__(self, state: PlantState, serving: Serving, fleet: Fleet) -> None:
        self._state = state
        self._serving = serving
        self._fleet = fleet

    def routes(self) -> list[Route | Mount]:
        """All routes."""
        v2 = [
            Route("/v2/health/live", self.alive),
            Route("/v2/health/ready", self.alive),
            Route("/v2/models/{model}", self.metadata),
            Route("/v2/models/{model}/ready", self.ready),
            Route("/v2/models/{model}/versions/{version}/ready", self.ready),
            Route("/v2/models/{model}/infer", self.infer, methods=["POST"]),
            Route("/v2/repository/index", self.index, methods=["POST"]),
        ]
        return [
            Route("/api/servers", self.servers),
            Route("/decide", self.decide, methods=["POST"]),
            *v2,
            Mount("/servers/{server:int}", routes=v2),
        ]

    def servers(self, request: Request) -> JSONResponse:
        """Paths of the model servers, below the plant's own address."""
        return JSONResponse({"servers": [f"/servers/{n}" for n in range(1, self._fleet.servers + 1)]})

    def alive(self, request: Request) -> JSONResponse:
        """The servers are up whenever the plant is."""
        return JSONResponse({"live": True, "ready": True})

    def metadata(self, request: Request) -> JSONResponse:
        """Inputs and outputs of a model."""
        loaded = self._loaded(request)
        return JSONResponse(
            {
                "name": request.path_params["model"],
                "versions": [loaded.version],
                "platform": "muster-plant",
                "inputs": [{"name": "features", "datatype": "FP64", "shape": [-1, WIDTH]}],
                "outputs": [{"name": "score", "datatype": "FP64", "shape": [-1]}],
            }
        )

    def ready(self, request: Request) -> JSONResponse:
        """Whether a model, or one version of it, is loaded."""
        loaded = self._loaded(request)
        if request.path_params.get("version", loaded.version) != loaded.version:
            raise HTTPException(HTTPStatus.NOT_FOUND, "this version is not loaded")
        return JSONResponse({"ready": True})

    async def index(self, request: Request) -> JSONResponse:
        """What is loaded (model repository extension)."""
        server = request.path_params.get("server", 1)
        found = [(model, self._serving.loaded(model, server)) for model in self._state.models()]
        return JSONResponse(
            [{"name": model, "version": loaded.version, "state": "READY"} for model, loaded in found if loaded]
        )

    async def infer(self, request: Request) -> JSONResponse:
        """Score rows of features; the answer says which version did it."""
        loaded = self._loaded(request)
        rows = _rows(await json_body(request))
        scores = [score(row, loaded.shift) for row in rows]
        return JSONResponse(
            {
                "model_name": request.path_params["model"],
                "model_version": loaded.version,
                "outputs": [{"name": "score", "datatype": "FP64", "shape": [len(scores)], "data": scores}],
            }
        )

    async def decide(self, request: Request) -> JSONResponse:
        """The automation: with its flag on it declines what scores high, with the flag off people look at it."""
        features = (await json_body(request)).get("features")
        rows = _shaped(features if isinstance(features, list) else [], rows=1)
        loaded = self._serving.loaded(MODEL, 1)
        if loaded is None:
            raise HTTPException(HTTPStatus.SERVICE_UNAVAILABLE, "no model is loaded")
        turns = self._state.flag_history(PROJECT, FLAG, ENVIRONMENT)
        automatic = bool(turns) and turns[0].value == "on"
        found = score(rows[0], loaded.shift)
        high = "declined" if automatic else "queued for review"
        decision = high if found >= THRESHOLD else "approved"
        return JSONResponse(
            {"decision": decision, "score": found, "model_version": loaded.version, "automatic": automatic}
        )

    def _loaded(self, request: Request) -> StoredVersion:
        server = request.path_params.get("server", 1)
        loaded = None
        if 1 <= server <= self._fleet.servers:
            loaded = self._serving.loaded(request.path_params["model"], server)
        if loaded is None:
            raise HTTPException(HTTPStatus.NOT_FOUND, "this model is not loaded")
        return loaded


def _rows(body: Mapping[str, Any]) -> list[Sequence[float]]:
    """The rows of the first input tensor, flat or nested."""
    inputs = body.get("inputs")
    tensor = inputs[0] if isinstance(inputs, list) and inputs else None
    shape = tensor.get("shape") if isinstance(tensor, dict) else None
    data = tensor.get("data") if isinstance(tensor, dict) else None
    if not isinstance(shape, list) or not shape or not isinstance(shape[0], int) or not isinstance(data, list):
        raise HTTPException(HTTPStatus.BAD_REQUEST, "inputs holds one tensor with shape and data")
    flat = [value for row in data for value in (row if isinstance(row, list) else [row])]
    return _shaped(flat, rows=shape[0])


def _shaped(flat: Sequence[Any], *, rows: int) -> list[Sequence[float]]:
    numbers = all(isinstance(value, int | float) and not isinstance(value, bool) for value in flat)
    if not numbers or len(flat) != rows * WIDTH:
        raise HTTPException(HTTPStatus.BAD_REQUEST, f"a row has {WIDTH} numbers: {', '.join(FEATURES)}")
    return [flat[start : start + WIDTH] for start in range(0, len(flat), WIDTH)]
