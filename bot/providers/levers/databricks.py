"""Databricks Model Serving: an endpoint's traffic goes to another version of the model.

Unproven: written to the documentation of the serving endpoints API 2.0 (https://docs.databricks.com/api/workspace/
servingendpoints, read in November 2026) and never run against Databricks. Where a served entity of the wanted version
stands in the endpoint's config, only the routes change; else the entity that takes the traffic is pinned to that
version, which starts new containers. The config is sent as it was read otherwise, since a PUT replaces it. While an
update is in progress the endpoint takes no other one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from pydantic import Field

from bot.providers.bound import BoundLever, OverHttp
from bot.providers.httpcall import HttpCaller
from bot.providers.targets import share_words
from playbooks.plugin import (
    Conflict,
    Described,
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
    plan_version,
    undo_version,
    version_name,
)

API = "/api/2.0/serving-endpoints"
SERVED = "served"  # in a plan's detail: name, model, version and share of each served entity
IN_PROGRESS, NOT_UPDATING, UPDATE_FAILED = "IN_PROGRESS", "NOT_UPDATING", "UPDATE_FAILED"
# What an answer has beside what a request may say.
READ_ONLY = frozenset({"creation_timestamp", "creator", "state", "foundation_model"})
CAPTURE = ("catalog_name", "schema_name", "table_name_prefix", "enabled")
NEW_CONTAINERS = "This version is not served yet, so containers are started for it: that takes minutes, not seconds."

Json = Mapping[str, Any]
Rows = Sequence[Sequence[str | int]]


class DatabricksBinding(Strict):
    """`endpoint`: its name. `versions`: those that may be served besides the ones that are, newest first."""

    endpoint: str = Field(min_length=1)
    versions: list[str] = Field(default_factory=list)
    verify_within: int = Field(default=1800, ge=1)


@dataclass(frozen=True, slots=True)
class _Config:
    """A config as read: served entities by name in order, and the share of traffic of each."""

    raw: Json
    entities: Mapping[str, Json]
    shares: Mapping[str, int]

    @property
    def state(self) -> str:
        """The version that takes all traffic, or the split in words."""
        by_version: dict[str, float] = {}
        for name, share in self.shares.items():
            version = _version(self.entities.get(name, {}))
            by_version[version] = by_version.get(version, 0) + share
        return share_words(by_version)

    def facts(self) -> list[list[str | int]]:
        """What must be back after an undo."""
        rows = sorted(self.entities.items())
        return [[name, _model(entity), _version(entity), self.shares.get(name, 0)] for name, entity in rows]


@dataclass(frozen=True, slots=True)
class _Seen:
    """An endpoint as read; `pending` is the config that an update under way leads to."""

    config: _Config
    pending: _Config | None
    update: str
    ready: bool


class DatabricksLever(OverHttp, BoundLever[DatabricksBinding]):
    """The version that a Databricks Model Serving endpoint sends its traffic to."""

    tested_with = "a stand-in made to the documentation of the serving endpoints API 2.0"
    maturity = Maturity.UNPROVEN
    Binding = DatabricksBinding

    class Settings(Strict):
        """`url`: the workspace's. `token`: of a service principal that may manage the endpoint."""

        url: str
        token: str = Field(min_length=1)
        timeout: float = Field(default=20.0, gt=0)

    def __init__(self, name: str, settings: Mapping[str, Any], tools: Tools) -> None:
        self.name = name
        set_to = parse_settings(self.Settings, name, settings)
        self._http = HttpCaller(
            name,
            set_to.url,
            headers={"Authorization": f"Bearer {set_to.token}"},
            secrets=(set_to.token,),
            timeout=set_to.timeout,
            probe=tools.probe,
        )

    def describe(self, binding: Mapping[str, Any]) -> Described:
        """See `ports.Lever`. No environment variable of a served entity leaves this process: `detail` has none."""
        bound = self._parse(binding)
        seen = self._read(bound)
        served = list(dict.fromkeys(_version(entity) for entity in seen.config.entities.values()))
        names = sorted(served, key=_order, reverse=True) + [name for name in bound.versions if name not in served]
        detail = {SERVED: json.dumps(seen.config.facts())}
        return Described(seen.config.state, tuple(Version(name) for name in names), detail)

    def plan(self, binding: Mapping[str, Any], described: Described, after: str) -> Plan:
        """See `ports.Lever`."""
        bound = self._parse(binding)
        if after == described.state and after not in {version.id for version in described.versions}:
            raise Conflict(f"The traffic is split like this already ({after}); there is nothing to do.")
        plan = plan_version(
            self.name,
            f"endpoint {bound.endpoint}",
            described,
            after,
            proof="the endpoint is ready, no update is in progress, and its traffic goes to {}",
            takes=60,
            verify_within=bound.verify_within,
        )
        if _has(plan, plan.after):
            return plan
        return replace(plan, takes=600, warning=f"{plan.warning} {NEW_CONTAINERS}".strip())

    def apply(self, binding: Mapping[str, Any], plan: Plan, *, note: str) -> None:
        """See `ports.Lever`. Databricks keeps no note.

        Raises Conflict when the traffic is neither where it was nor where it should go, ProviderError while the
        endpoint is being updated to something else.
        """
        bound = self._parse(binding)
        seen = self._read(bound)
        wanted = _wanted(plan)
        if seen.update == IN_PROGRESS:
            if seen.pending is not None and _same(seen.pending, wanted):
                return  # the update that was asked for before
            raise self._busy(bound)
        if _same(seen.config, wanted):
            return
        if seen.config.state not in (plan.before, plan.after):
            raise Conflict(
                f"The traffic of {plan.target} goes to {version_name(seen.config.state)} by now, "
                f"not {version_name(plan.before)}; nothing was changed."
            )
        answer = self._http.write(
            "PUT",
            f"{_path(bound)}/config",
            "config",
            body=_body(seen.config, wanted, plan),
            expect=(HTTPStatus.CONFLICT,),
        )
        if answer.status == HTTPStatus.CONFLICT:
            raise self._busy(bound)

    def verify(self, binding: Mapping[str, Any], plan: Plan) -> Verification:
        """See `ports.Lever`. Not yet while an update is in progress or the endpoint is not ready."""
        seen = self._read(self._parse(binding))
        now = seen.config.state
        facts = {"state": now, "update": seen.update, "ready": "yes" if seen.ready else "no"}
        goes = f"traffic goes to {version_name(now)}"
        if seen.update == IN_PROGRESS:
            return Verification(Outcome.NOT_YET, f"an update is in progress; {goes}", facts)
        if now != plan.after:
            why = {UPDATE_FAILED: "the update failed; ", "UPDATE_CANCELED": "the update was cancelled; "}
            return Verification(Outcome.CONTRADICTED, f"{why.get(seen.update, '')}{goes}, not {plan.after}", facts)
        if not seen.ready:
            return Verification(Outcome.NOT_YET, f"{goes}, but the endpoint is not ready", facts)
        return Verification(Outcome.CONFIRMED, f"the endpoint is ready, and {goes}", facts)

    def mark(self, binding: Mapping[str, Any], version: str, mark: Mark, *, note: str) -> None:
        """An endpoint keeps no marks; Muster's own stand in any case."""

    def undo(self, plan: Plan) -> Plan:
        """See `ports.Lever`."""
        return undo_version(plan)

    def _read(self, bound: DatabricksBinding) -> _Seen:
        answer = self._http.read(_path(bound), "endpoint", expect=(HTTPStatus.NOT_FOUND,))
        if answer.status == HTTPStatus.NOT_FOUND:
            raise ProviderError(
                f"{self.name} has no serving endpoint {bound.endpoint}.",
                "Compare `endpoint` in the lever's binding with its name in the workspace.",
                kind=Kind.PERMANENT,
            )
        found = answer.object()
        config = _config(found.get("config"))
        said = found.get("state")
        state: Json = said if isinstance(said, dict) else {}
        if config is None:
            raise ProviderError(
                f"The serving endpoint {bound.endpoint} has no served entities to choose from.",
                "Only endpoints of models, with versions, can be rolled back.",
                kind=Kind.PERMANENT,
            )
        return _Seen(
            config,
            _config(found.get("pending_config")),
            str(state.get("config_update") or NOT_UPDATING),
            state.get("ready") == "READY",
        )

    def _busy(self, bound: DatabricksBinding) -> ProviderError:
        return ProviderError(
            f"The endpoint {bound.endpoint} is being updated, and takes no other change until that ends; "
            "nothing was changed.",
            "It is tried again.",
        )


# ------------------------------------------------------------------ configs


def _config(raw: Any) -> _Config | None:
    """A config of an answer; None where it has no served entity with a version."""
    rows = raw.get("served_entities") if isinstance(raw, dict) else None
    named = {str(row["name"]): row for row in rows or [] if isinstance(row, dict) and row.get("name")}
    if not any(_version(row) for row in named.values()):
        return None
    routes = (raw.get("traffic_config") or {}).get("routes") or []
    shares = {_route_name(route): int(route.get("traffic_percentage") or 0) for route in routes}
    return _Config(raw, named, shares or {next(iter(named)): 100})


def _route_name(route: Json) -> str:
    return str(route.get("served_entity_name") or route.get("served_model_name") or "")


def _model(entity: Json) -> str:
    return str(entity.get("entity_name") or "")


def _version(entity: Json) -> str:
    return str(entity.get("entity_version") or "")


def _has(plan: Plan, version: str) -> bool:
    return any(row[2] == version for row in json.loads(plan.detail[SERVED]))


def _wanted(plan: Plan) -> list[list[str | int]]:
    """Name, model, version and share of each served entity after the plan."""
    known: list[list[Any]] = json.loads(plan.detail[SERVED])
    by_version: dict[str, float] = {}
    for _, _, version, share in known:
        by_version[version] = by_version.get(version, 0) + share
    if share_words(by_version) == plan.after:
        return known  # the before-state, on the way back
    there = next((row[0] for row in known if row[2] == plan.after), None)
    if there is not None:
        return [[name, model, version, 100 if name == there else 0] for name, model, version, _ in known]
    first = max(known, key=lambda row: int(row[3]))
    name, model, version, _ = first
    plain = name.removesuffix(f"-{version}")  # where nobody gave it a name, the version is part of it
    moved = [name if plain == name else f"{plain}-{plan.after}", model, plan.after, 100]
    return sorted(moved if row is first else [row[0], row[1], row[2], 0] for row in known)


def _same(config: _Config, wanted: Rows) -> bool:
    return config.facts() == [list(row) for row in wanted]


def _paired(config: _Config, wanted: Rows, plan: Plan) -> list[tuple[Json, Sequence[str | int]]]:
    """Each entity as it is with what it becomes: the one of its name, and one may be left over that is renamed."""
    by_name = {str(row[0]): row for row in wanted}
    left = [row for name, row in by_name.items() if name not in config.entities]
    new = [name for name in config.entities if name not in by_name]
    if len(left) != len(new) or len(new) > 1:
        raise Conflict(f"The served entities of {plan.target} have changed since the plan; nothing was changed.")
    return [(entity, by_name[name] if name in by_name else left[0]) for name, entity in config.entities.items()]


def _body(config: _Config, wanted: Rows, plan: Plan) -> dict[str, Any]:
    """The config as it was read, with the wanted names, versions and shares."""
    entities = []
    goes = []
    for entity, (name, _, version, share) in _paired(config, wanted, plan):
        kept = {key: value for key, value in entity.items() if key not in READ_ONLY}
        entities.append({**kept, "name": name, **({"entity_version": version} if version else {})})
        goes.append((name, share))
    routes = (config.raw.get("traffic_config") or {}).get("routes") or []
    key = "served_entity_name" if any("served_entity_name" in route for route in routes) else "served_model_name"
    body: dict[str, Any] = {
        "served_entities": entities,
        "traffic_config": {"routes": [{key: name, "traffic_percentage": share} for name, share in goes]},
    }
    capture = config.raw.get("auto_capture_config")
    if isinstance(capture, dict):
        body["auto_capture_config"] = {name: capture[name] for name in CAPTURE if name in capture}
    return body


def _path(bound: DatabricksBinding) -> str:
    return f"{API}/{quote(bound.endpoint, safe='')}"


def _order(version: str) -> tuple[int, str]:
    return (int(version) if version.isdecimal() else -1, version)
