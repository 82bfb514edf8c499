"""A model server of the Open Inference Protocol V2, read only: it proves what is served and switches nothing.

The protocol's repository extension loads and unloads models. Which version answers by default afterwards is the
server's own policy (MLServer: the one loaded last; Triton: its version policy), so load and unload are no rollback
that could be promised or undone. Bind the registry that the servers follow instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, NoReturn

from pydantic import Field

from bot.providers.httpcall import HttpCaller
from bot.providers.serving import ServingCheck
from playbooks.plugin import (
    Described,
    InputError,
    Mark,
    Maturity,
    Outcome,
    Plan,
    Strict,
    Tools,
    Verification,
    Version,
    parse_binding,
    parse_settings,
)

READ_ONLY = "A V2 model server cannot be told which version to answer with, so it can only verify."
BIND = "Bind the registry it follows as the lever, with this server as its check: {provider: mlflow, …, serving: URL}."


class V2Lever:
    """Reads which version a V2 model server answers with; plans and applies nothing."""

    tested_with = "MLServer 1.7.1"
    maturity = Maturity.PROVEN

    class Settings(Strict):
        """`url` of the server; `token` is sent as a bearer token."""

        url: str
        token: str = ""
        timeout: float = Field(default=5.0, gt=0)

    class Binding(Strict):
        """`model`: its name on the server. `sample`: a whole request body for `infer`."""

        model: str = Field(min_length=1)
        sample: dict[str, Any] | None = None
        answers: int = Field(default=20, ge=1, le=1000)

    def __init__(self, name: str, settings: Mapping[str, Any], tools: Tools) -> None:
        self.name = name
        self._settings = parse_settings(self.Settings, name, settings)
        self._probe = tools.probe
        token = self._settings.token
        self._http = HttpCaller(
            name,
            self._settings.url,
            headers={"Authorization": f"Bearer {token}"} if token else {},
            secrets=(token,),
            timeout=self._settings.timeout,
            probe=tools.probe,
        )

    def check(self, binding: Mapping[str, Any]) -> None:
        """Parse a binding. Raises ConfigError."""
        parse_binding(self.Binding, self.name, binding)

    def close(self) -> None:
        """Close idle connections."""
        self._http.close()

    def describe(self, binding: Mapping[str, Any]) -> Described:
        """The version that answers, and all loaded ones (repository index), which not every server offers."""
        bound = parse_binding(self.Binding, self.name, binding)
        missing = (HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.NOT_IMPLEMENTED)
        answer = self._http.read("/v2/repository/index", "index", method="POST", body={}, expect=missing)
        rows = answer.json() if answer.status == HTTPStatus.OK else []
        loaded = [
            Version(str(row["version"]))
            for row in rows
            if row.get("name") == bound.model and row.get("version") and row.get("state") == "READY"
        ]
        with self._serving(bound) as serving:
            served = serving.served()
        return Described(state=served, versions=tuple(reversed(loaded)), served=served)

    def plan(self, binding: Mapping[str, Any], described: Described, after: str) -> NoReturn:
        """Raises InputError: see the module."""
        raise InputError(READ_ONLY, BIND)

    def apply(self, binding: Mapping[str, Any], plan: Plan, *, note: str) -> NoReturn:
        """Raises InputError: see the module."""
        raise InputError(READ_ONLY, BIND)

    def verify(self, binding: Mapping[str, Any], plan: Plan) -> Verification:
        """Whether all answers carry the plan's version."""
        with self._serving(parse_binding(self.Binding, self.name, binding)) as serving:
            seen = serving.verify(plan.after)
        return Verification(Outcome(seen.outcome), seen.evidence, seen.facts)

    def mark(self, binding: Mapping[str, Any], version: str, mark: Mark, *, note: str) -> None:
        """A model server keeps no marks."""

    def undo(self, plan: Plan) -> NoReturn:
        """Raises InputError: see the module."""
        raise InputError(READ_ONLY, BIND)

    def _serving(self, bound: V2Lever.Binding) -> ServingCheck:
        return ServingCheck(
            [self._settings.url],
            bound.model,
            answers=bound.answers,
            sample=bound.sample,
            token=self._settings.token,
            timeout=self._settings.timeout,
            probe=self._probe,
        )
