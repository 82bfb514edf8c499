"""A stand-in for Databricks Model Serving, made to the documentation of the serving endpoints API 2.0.

https://docs.databricks.com/api/workspace/servingendpoints, read in November 2026. A request's body is checked against
the fields that the documentation lists for it (those that only answers have are refused), an update is a pending config
until `finish`, and a second one meanwhile is refused with RESOURCE_CONFLICT.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from tests.contracts.stand_in import Asked

TOKEN = "dapi-0123456789abcdef-not-real"
PATH = "/api/2.0/serving-endpoints/fraud"
LONG_AGO = 1_758_000_000_000


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _Entity(_Body):
    name: str | None = Field(default=None, pattern=r"^[A-Za-z0-9_-]+$")
    entity_name: str
    entity_version: str
    workload_size: str | None = None
    workload_type: str | None = None
    scale_to_zero_enabled: bool | None = None
    min_provisioned_throughput: int | None = None
    max_provisioned_throughput: int | None = None
    min_provisioned_concurrency: int | None = None
    max_provisioned_concurrency: int | None = None
    environment_vars: dict[str, str] | None = None
    instance_profile_arn: str | None = None


class _Route(_Body):
    served_model_name: str | None = None
    served_entity_name: str | None = None
    traffic_percentage: int = Field(ge=0, le=100)


class _Traffic(_Body):
    routes: list[_Route]


class _Capture(_Body):
    catalog_name: str | None = None
    schema_name: str | None = None
    table_name_prefix: str | None = None
    enabled: bool | None = None


class _Config(_Body):
    served_entities: list[_Entity]
    traffic_config: _Traffic | None = None
    auto_capture_config: _Capture | None = None

    @model_validator(mode="after")
    def _routes_lead_somewhere(self) -> _Config:
        routes = self.traffic_config.routes if self.traffic_config else []
        names = {entity.name for entity in self.served_entities}
        if len(names) != len(self.served_entities):
            raise ValueError("served entity names must be unique")
        if any((route.served_model_name or route.served_entity_name) not in names for route in routes):
            raise ValueError("a route names no served entity")
        if routes and sum(route.traffic_percentage for route in routes) != 100:
            raise ValueError("traffic percentages must sum to 100")
        return self


def entity(version: str, name: str = "") -> dict[str, Any]:
    """A served entity as an answer has it."""
    return {
        "name": name or f"fraud_scorer-{version}",
        "entity_name": "ml.fraud.fraud_scorer",
        "entity_version": version,
        "workload_size": "Small",
        "workload_type": "CPU",
        "scale_to_zero_enabled": False,
        "environment_vars": {"FEATURES_KEY": "{{secrets/fraud/features}}"},
        "creator": "ci@example.com",
        "creation_timestamp": LONG_AGO,
        "state": {"deployment": "DEPLOYMENT_READY", "deployment_state_message": ""},
    }


@dataclass
class Serving:
    """One endpoint.

    Attributes:
        config: the active one. pending: what an update under way leads to. update, ready: of its state. known: versions
            that the registry has. race: somebody else's update begins between a read and a write.
    """

    config: dict[str, Any] = field(default_factory=dict)
    pending: dict[str, Any] | None = None
    update: str = "NOT_UPDATING"
    ready: str = "READY"
    known: tuple[str, ...] = ("43", "42", "41", "40")
    race: bool = False

    def serve(self, *entities: dict[str, Any], **shares: int) -> None:
        """Make it the active config: shares by version (`v43=90`)."""
        routes = [
            {"served_model_name": e["name"], "traffic_percentage": shares.get(f"v{e['entity_version']}", 0)}
            for e in entities
        ]
        capture = {"catalog_name": "ml", "schema_name": "fraud", "table_name_prefix": "served", "enabled": True}
        self.config = {
            "served_entities": list(entities),
            "traffic_config": {"routes": routes},
            "config_version": self.config.get("config_version", 6) + 1,
            "auto_capture_config": {**capture, "state": {"payload_table": {"name": "served_payload"}}},
        }

    def finish(self) -> None:
        """The update under way ends well."""
        if self.pending is not None:
            self.config, self.pending = self.pending, None
        self.update = "NOT_UPDATING"

    def fail(self) -> None:
        """The update under way fails; the active config stays."""
        self.pending, self.update = None, "UPDATE_FAILED"

    def what_runs(self) -> dict[str, Any]:
        """The active config without what every update makes anew."""
        found = deepcopy(self.config)
        del found["config_version"]
        return found

    def __call__(self, asked: Asked) -> tuple[int, Any]:
        if asked.headers.get("authorization") != f"Bearer {TOKEN}":
            return 401, {"error_code": "401", "message": "Credential was not sent or was of an unsupported type"}
        if asked.method == "GET" and asked.path == PATH:
            return 200, self._detailed()
        if asked.method == "PUT" and asked.path == f"{PATH}/config":
            return self._put(asked)
        said = f"Endpoint with name '{asked.path.rpartition('/')[2]}' does not exist."
        return 404, {"error_code": "RESOURCE_DOES_NOT_EXIST", "message": said}

    def _detailed(self) -> dict[str, Any]:
        found = {
            "name": "fraud",
            "id": "88fd3f75a0d24b0380ddc40484d7a31b",
            "creator": "ci@example.com",
            "creation_timestamp": LONG_AGO,
            "last_updated_timestamp": LONG_AGO,
            "state": {"ready": self.ready, "config_update": self.update},
            "config": self.config,
            "permission_level": "CAN_MANAGE",
        }
        return found | ({"pending_config": self.pending} if self.pending is not None else {})

    def _put(self, asked: Asked) -> tuple[int, Any]:
        if self.update == "IN_PROGRESS" or self.race:
            said = "Endpoint fraud is currently being updated; wait until the update completes or fails."
            return 409, {"error_code": "RESOURCE_CONFLICT", "message": said}
        try:
            config = _Config.model_validate(asked.body)
        except ValidationError as bad:
            return 400, {"error_code": "INVALID_PARAMETER_VALUE", "message": str(bad)}
        unknown = [e.entity_version for e in config.served_entities if e.entity_version not in self.known]
        if unknown:
            return 404, {"error_code": "RESOURCE_DOES_NOT_EXIST", "message": f"Model version {unknown[0]} not found."}
        body = asked.body
        rows = [
            {**entity(e["entity_version"], e["name"]), **{k: v for k, v in e.items() if v is not None}}
            for e in body["served_entities"]
        ]
        capture = body.get("auto_capture_config")
        self.pending = {
            "served_entities": rows,
            "traffic_config": body["traffic_config"],
            "config_version": self.config["config_version"] + 1,
            **(
                {"auto_capture_config": {**capture, "state": {"payload_table": {"name": "served_payload"}}}}
                if capture
                else {}
            ),
        }
        self.update = "IN_PROGRESS"
        return 200, self._detailed()
