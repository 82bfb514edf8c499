"""Model servers of the Open Inference Protocol V2: a model is unloaded and loaded, and what answers is proved.

Loading and unloading is the protocol's repository extension. It knows models, not versions: which version answers by
default is the server's own policy (MLServer: the highest one it has loaded; Triton: its version policy), so a rollback
cannot be promised or undone here. Bind the registry that the servers follow for that. A call reaches one server, so
each one behind a load balancer has to be named.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from pydantic import Field, field_validator

from bot.providers.bound import BoundLever
from bot.providers.httpcall import HttpCaller
from bot.providers.serving import ServingCheck
from playbooks.plugin import (
    Described,
    InputError,
    Kind,
    Mark,
    Maturity,
    Outcome,
    Plan,
    ProviderError,
    Strict,
    Tools,
    Verification,
    Version,
    parse_settings,
    plan_flag,
    undo_flag,
    version_name,
)

SWITCHED = ("on", "off")
LOADED = "loaded"
READ_ONLY = "A V2 model server cannot be told which version to answer with, so it can only verify one."
BIND = "Bind the registry it follows as the lever, with this server as its check: {provider: mlflow, …, serving: URL}."
UNLOADED = "Whoever asks for it gets an error while it is unloaded."
# What servers say of a model that is not loaded: MLServer 404, Triton 400.
NOT_LOADED = (HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND)
NO_INDEX = (HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.NOT_IMPLEMENTED)
ZERO = {"inputs": [{"name": "input-0", "shape": [1], "datatype": "FP32", "data": [0.0]}]}


class V2Lever(BoundLever["V2Lever.Binding"]):
    """A model on V2 model servers, unloaded and loaded; a version can only be proved."""

    tested_with = "MLServer 1.7.1"
    maturity = Maturity.PROVEN

    class Settings(Strict):
        """`url` of the server, or of each one; `token` is a bearer token; `load_timeout` is for loading, in seconds."""

        url: str | list[str]
        token: str = ""
        timeout: float = Field(default=5.0, gt=0)
        load_timeout: float = Field(default=120.0, gt=0)

        @field_validator("url")
        @classmethod
        def _some(cls, value: str | list[str]) -> str | list[str]:
            if not value:
                raise ValueError("at least one server is needed")
            return value

        @property
        def servers(self) -> Sequence[str]:
            """All addresses."""
            return [self.url] if isinstance(self.url, str) else self.url

    class Binding(Strict):
        """`model`: its name on the servers. `sample`: a whole request body for `infer`."""

        model: str = Field(min_length=1)
        sample: dict[str, Any] | None = None
        answers: int = Field(default=20, ge=1, le=1000)
        verify_within: int = Field(default=300, ge=1)

        @property
        def path(self) -> str:
            """The model in the protocol."""
            return f"/v2/models/{_q(self.model)}"

    def __init__(self, name: str, settings: Mapping[str, Any], tools: Tools) -> None:
        self.name = name
        self._settings = parse_settings(self.Settings, name, settings)
        self._tools = tools
        self._servers = [self._caller(url, self._settings.timeout) for url in self._settings.servers]
        self._loaders = [self._caller(url, self._settings.load_timeout) for url in self._settings.servers]

    def close(self) -> None:
        """Close idle connections."""
        for server in (*self._servers, *self._loaders):
            server.close()

    def describe(self, binding: Mapping[str, Any]) -> Described:
        """See `ports.Lever`. On while any server has it loaded; `detail` has the loaded versions of each server."""
        bound = self._parse(binding)
        loaded = self._loaded(bound)
        names = sorted({version for versions in loaded.values() for version in versions if version}, key=_order)
        versions = tuple(Version(name) for name in reversed(names))
        with self._serving(bound) as serving:
            served = serving.served() if loaded else ""
        return Described(_state(loaded), versions, {LOADED: json.dumps(loaded, sort_keys=True)}, served)

    def plan(self, binding: Mapping[str, Any], described: Described, after: str) -> Plan:
        """See `ports.Lever`. Raises InputError for a version: see the module."""
        bound = self._parse(binding)
        if after not in SWITCHED:
            raise InputError(READ_ONLY, BIND)
        many = len(self._servers)
        proof = "each server that is asked reads {}, and answers or refuses accordingly"
        plan = plan_flag(
            self.name, bound.model, described, after, proof=proof, takes=10, verify_within=bound.verify_within
        )
        if after == "on":
            return plan
        some = len(_had(plan))
        part = "" if some == many else f"It is loaded on {some} of {many} servers. "
        return replace(plan, warning=f"{part}{UNLOADED}")

    def apply(self, binding: Mapping[str, Any], plan: Plan, *, note: str) -> None:
        """See `ports.Lever`. On the way back only servers that had it load it. Servers keep no notes."""
        bound = self._parse(binding)
        if plan.after not in SWITCHED:
            raise InputError(READ_ONLY, BIND)
        for server, loader in zip(self._servers, self._loaders, strict=True):
            ready = self._ready(server, bound.path)
            path = f"/v2/repository/models/{_q(bound.model)}"
            if plan.after == "off" and ready:
                loader.write("POST", f"{path}/unload", "unload", body={})
            elif plan.after == "on" and not ready and server.url in self._wanted(plan):
                loader.write("POST", f"{path}/load", "load", body={})

    def verify(self, binding: Mapping[str, Any], plan: Plan) -> Verification:
        """See `ports.Lever`. For a version: whether all answers carry it."""
        bound = self._parse(binding)
        if plan.after not in SWITCHED:
            with self._serving(bound) as serving:
                return serving.verify(plan.after)
        loaded = self._loaded(bound)
        facts = {"state": _state(loaded), "servers": str(len(self._servers)), LOADED: str(len(loaded))}
        if plan.after == "off":
            return self._seen_off(bound, loaded, facts)
        return self._seen_on(bound, plan, loaded, facts)

    def mark(self, binding: Mapping[str, Any], version: str, mark: Mark, *, note: str) -> None:
        """A model server keeps no marks."""

    def undo(self, plan: Plan) -> Plan:
        """See `ports.Lever`. Raises InputError for a version: see the module."""
        if plan.after not in SWITCHED:
            raise InputError(READ_ONLY, BIND)
        return undo_flag(plan)

    def _caller(self, url: str, timeout: float) -> HttpCaller:
        token = self._settings.token
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return HttpCaller(self.name, url, headers=headers, secrets=(token,), timeout=timeout, probe=self._tools.probe)

    def _serving(self, bound: V2Lever.Binding, servers: Sequence[str] = ()) -> ServingCheck:
        return ServingCheck(
            servers or self._settings.servers,
            bound.model,
            answers=bound.answers,
            sample=bound.sample,
            token=self._settings.token,
            timeout=self._settings.timeout,
            probe=self._tools.probe,
        )

    def _ready(self, server: HttpCaller, path: str) -> bool:
        return server.read(f"{path}/ready", "model ready", expect=NOT_LOADED).status == HTTPStatus.OK

    def _loaded(self, bound: V2Lever.Binding) -> dict[str, list[str]]:
        """Address -> loaded versions, of servers that have the model loaded; one without a version is an empty text.

        Raises ProviderError (permanent) when no server has ever heard of the model.
        """
        found: dict[str, list[str]] = {}
        known = False
        path = f"{bound.path}/versions"
        for server in self._servers:
            versions = self._listed(server, bound)
            ready = self._ready(server, bound.path)
            known = known or ready or versions is None or bool(versions)
            if ready:
                there = [one for one in versions or () if one and self._ready(server, f"{path}/{_q(one)}")]
                found[server.url] = sorted(there, key=_order) or [""]
        if not known:
            raise ProviderError(
                f"{self.name} has no model {bound.model}.",
                "Compare `model` in the lever's binding with the servers' repository.",
                kind=Kind.PERMANENT,
            )
        return found

    def _listed(self, server: HttpCaller, bound: V2Lever.Binding) -> list[str] | None:
        """Versions of the model in a server's repository, loaded or not; None where a server has no such index."""
        answer = server.read("/v2/repository/index", "index", method="POST", body={}, expect=NO_INDEX)
        if answer.status != HTTPStatus.OK:
            server.read("/v2", "server").object()["name"]  # it is no such server at all where it does not say so
            return None
        return [str(row.get("version") or "") for row in answer.objects() if row.get("name") == bound.model]

    def _wanted(self, plan: Plan) -> Sequence[str]:
        """Servers that must have it loaded: those that had it before, else all."""
        return list(_had(plan)) or [server.url for server in self._servers]

    def _seen_off(
        self, bound: V2Lever.Binding, loaded: Mapping[str, Sequence[str]], facts: Mapping[str, str]
    ) -> Verification:
        many = len(self._servers)
        if loaded:
            return Verification(Outcome.CONTRADICTED, f"it is loaded on {len(loaded)} of {many} servers", facts)
        for server in self._servers:
            answer = server.read(
                f"{bound.path}/infer", "infer", method="POST", body=bound.sample or ZERO, expect=NOT_LOADED
            )
            if answer.status == HTTPStatus.OK:
                return Verification(Outcome.NOT_YET, f"unloaded, but {server.url} still answers", facts)
        return Verification(Outcome.CONFIRMED, f"unloaded on {many} of {many} servers; none answers", facts)

    def _seen_on(
        self, bound: V2Lever.Binding, plan: Plan, loaded: Mapping[str, Sequence[str]], facts: Mapping[str, str]
    ) -> Verification:
        wanted = self._wanted(plan)
        missing = [url for url in wanted if url not in loaded]
        if missing:
            outcome = Outcome.NOT_YET if loaded else Outcome.CONTRADICTED
            said = f"it is loaded on {len(wanted) - len(missing)} of {len(wanted)} servers"
            return Verification(outcome, said, facts)
        for url, versions in _had(plan).items():
            if list(loaded[url]) != versions:
                said = f"it is loaded with {_names(loaded[url])}, and was with {_names(versions)}"
                return Verification(Outcome.CONTRADICTED, said, facts)
        with self._serving(bound, wanted) as serving:
            silent = serving.silent()
        if silent:
            return Verification(Outcome.NOT_YET, f"loaded where it should be, but {silent}", facts)
        return Verification(Outcome.CONFIRMED, f"loaded on {len(wanted)} of {len(wanted)} servers; each answers", facts)


def _state(loaded: Mapping[str, Sequence[str]]) -> str:
    return "on" if loaded else "off"


def _had(plan: Plan) -> dict[str, list[str]]:
    """What was loaded where when the plan was made."""
    found: dict[str, list[str]] = json.loads(plan.detail.get(LOADED, "{}"))
    return found


def _names(versions: Sequence[str]) -> str:
    return ", ".join(version_name(version) if version else "no version" for version in versions)


def _order(version: str) -> tuple[int, str]:
    return (int(version) if version.isdecimal() else 0), version


def _q(text: str) -> str:
    return quote(text, safe="")
