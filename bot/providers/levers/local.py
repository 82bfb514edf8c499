"""The lever over Muster's own small registry and flag store (`bot.plant`), used by the demo."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import quote

from pydantic import Field, model_validator

from bot.providers.bound import BoundLever
from bot.providers.httpcall import HttpCaller
from bot.providers.serving import ServingCheck, serving_proof
from playbooks.plugin import (
    ConfigError,
    Conflict,
    Described,
    Mark,
    Maturity,
    Outcome,
    Plan,
    ProviderError,
    Strict,
    Tools,
    Verification,
    Version,
    alias_target,
    datetime_of,
    flag_target,
    parse_settings,
    plan_flag,
    plan_version,
    undo_flag,
    undo_version,
    version_name,
)


class LocalLever(BoundLever["LocalLever.Binding"]):
    """Model aliases and flags of the local plant."""

    tested_with = "bot.plant of this checkout"
    maturity = Maturity.PROVEN

    class Settings(Strict):
        """`url`, or `path` of the plant's file, beside which it writes its address."""

        url: str = ""
        path: str = ""
        timeout: float = Field(default=5.0, gt=0)

        @model_validator(mode="after")
        def _one_of(self) -> LocalLever.Settings:
            if bool(self.url) == bool(self.path):
                raise ValueError("write either url or path")
            return self

    class Binding(Strict):
        """Either `model` (and `alias`) or `flag` (with `project` and `environment`)."""

        model: str = ""
        alias: str = "champion"
        flag: str = ""
        project: str = "default"
        environment: str = "production"
        answers: int = Field(default=20, ge=1, le=1000)
        verify_within: int = Field(default=120, ge=1)

        @model_validator(mode="after")
        def _one_of(self) -> LocalLever.Binding:
            if bool(self.model) == bool(self.flag):
                raise ValueError("write either model or flag")
            return self

        @property
        def target(self) -> str:
            """The plan's target."""
            if self.flag:
                return flag_target(self.project, self.flag, self.environment)
            return alias_target(self.model, self.alias)

        @property
        def path(self) -> str:
            """Where the plant keeps the state."""
            if self.flag:
                return f"/api/projects/{_q(self.project)}/flags/{_q(self.flag)}/environments/{_q(self.environment)}"
            return f"/api/models/{_q(self.model)}/aliases/{_q(self.alias)}"

    def __init__(self, name: str, settings: Mapping[str, Any], tools: Tools) -> None:
        self.name = name
        self._settings = parse_settings(self.Settings, name, settings)
        self._tools = tools
        self._http: HttpCaller | None = None
        self._lock = threading.Lock()

    def close(self) -> None:
        """Close idle connections."""
        with self._lock:
            if self._http is not None:
                self._http.close()
                self._http = None

    def describe(self, binding: Mapping[str, Any]) -> Described:
        """See `ports.Lever`."""
        bound = self._parse(binding)
        http = self._caller()
        if bound.flag:
            return Described(state=_state(http.read(bound.path, "flag").object()))
        model = http.read(f"/api/models/{_q(bound.model)}", "model").object()
        with self._serving(bound, http) as serving:
            served = serving.served()
        return Described(
            state=str(model["aliases"].get(bound.alias, "")),
            versions=tuple(_version(row) for row in model["versions"]),
            detail={"alias": bound.alias},
            served=served,
        )

    def plan(self, binding: Mapping[str, Any], described: Described, after: str) -> Plan:
        """See `ports.Lever`."""
        bound = self._parse(binding)
        if bound.flag:
            proof = f"the flag reads {{}} in {bound.environment}"
            return plan_flag(
                self.name, bound.target, described, after, proof=proof, takes=2, verify_within=bound.verify_within
            )
        proof = serving_proof(bound.answers)
        return plan_version(
            self.name, bound.target, described, after, proof=proof, takes=5, verify_within=bound.verify_within
        )

    def apply(self, binding: Mapping[str, Any], plan: Plan, *, note: str) -> None:
        """See `ports.Lever`. Raises Conflict when the state is neither the one before nor the one wanted."""
        bound = self._parse(binding)
        http = self._caller()
        now = self._state(bound, http)
        if now == plan.after:
            return
        if now != plan.before:
            raise Conflict(f"{bound.target} is {_say(now)} by now, not {_say(plan.before)}; nothing was changed.")
        if bound.flag:
            http.write("PUT", bound.path, "flag", body={"enabled": plan.after == "on", "note": note, "by": "muster"})
        elif plan.after:
            http.write("PUT", bound.path, "alias", body={"version": plan.after, "note": note, "by": "muster"})
        else:
            http.write("DELETE", bound.path, "alias")

    def verify(self, binding: Mapping[str, Any], plan: Plan) -> Verification:
        """See `ports.Lever`."""
        bound = self._parse(binding)
        http = self._caller()
        now = self._state(bound, http)
        facts = {"state": now}
        if now != plan.after:
            return Verification(Outcome.CONTRADICTED, f"{bound.target} is {_say(now)}, not {_say(plan.after)}", facts)
        if bound.flag:
            return Verification(Outcome.CONFIRMED, f"the flag reads {now} in {bound.environment}", facts)
        if not plan.after:
            return Verification(Outcome.CONFIRMED, f"{bound.target} points to nothing", facts)
        with self._serving(bound, http) as serving:
            seen = serving.verify(plan.after)
        return Verification(seen.outcome, seen.evidence, {**facts, **seen.facts})

    def mark(self, binding: Mapping[str, Any], version: str, mark: Mark, *, note: str) -> None:
        """See `ports.Lever`."""
        bound = self._parse(binding)
        if bound.flag:
            return
        path = f"/api/models/{_q(bound.model)}/versions/{_q(version)}/mark"
        self._caller().write("PUT", path, "mark", body={"mark": mark.value, "note": note, "by": "muster"})

    def undo(self, plan: Plan) -> Plan:
        """See `ports.Lever`."""
        return undo_flag(plan) if plan.after in ("on", "off") else undo_version(plan)

    def _state(self, bound: LocalLever.Binding, http: HttpCaller) -> str:
        if bound.flag:
            return _state(http.read(bound.path, "flag").object())
        answer = http.read(bound.path, "alias", expect=(HTTPStatus.NOT_FOUND,))
        return "" if answer.status == HTTPStatus.NOT_FOUND else str(answer.object()["version"])

    def _serving(self, bound: LocalLever.Binding, http: HttpCaller) -> ServingCheck:
        servers = [f"{http.url}{path}" for path in http.read("/api/servers", "servers").object()["servers"]]
        return ServingCheck(
            servers, bound.model, answers=bound.answers, timeout=self._settings.timeout, probe=self._tools.probe
        )

    def _caller(self) -> HttpCaller:
        """A caller of the plant where it listens now: a restarted one may have another port."""
        url = self._settings.url or _address(self._settings.path, self.name)
        with self._lock:
            if self._http is None or self._http.url != url.rstrip("/"):
                if self._http is not None:
                    self._http.close()
                self._http = HttpCaller(self.name, url, timeout=self._settings.timeout, probe=self._tools.probe)
            return self._http


def _address(path: str, name: str) -> str:
    try:
        return Path(f"{path}.url").read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        raise ProviderError(f"{name} is not running.", "Start it with `python -m bot.plant`.") from None
    except (OSError, UnicodeDecodeError):
        raise ConfigError(f"`providers.{name}.path` cannot be read.", "Check the path and who may read it.") from None


def _q(text: str) -> str:
    return quote(text, safe="")


def _say(state: str) -> str:
    return state if state in ("on", "off") else version_name(state)


def _state(row: Mapping[str, Any]) -> str:
    return "on" if row["enabled"] else "off"


def _version(row: Mapping[str, Any]) -> Version:
    return Version(
        id=str(row["version"]),
        mark=Mark(row["mark"]) if row["mark"] else None,
        mark_note=str(row["mark_note"]),
        marked_at=datetime_of(row["marked_at"]),
        created_at=datetime_of(row["created_at"]),
    )
