"""A stand-in for LaunchDarkly's feature flags, made to its REST API's documentation (version 20240415).

https://launchdarkly.com/docs/api/feature-flags/get-feature-flag and …/update-feature-flag, read in November 2026.
Bodies are checked as strictly as the documentation describes them, so that a request it would refuse is refused here.
The answer of an environment that requires approvals is the one quoted in github.com/launchdarkly/ldcli/issues/581.
"""

from __future__ import annotations

import time
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from tests.contracts.stand_in import Asked

TOKEN = "api-4f0c7a52-not-a-real-token"
PATH = "/api/v2/flags/default/auto-decline"
SEMANTIC = "application/json; domain-model=launchdarkly.semanticpatch"


class _Instruction(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    kind: Literal["turnFlagOff", "turnFlagOn"]


class _SemanticPatch(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    environmentKey: str
    instructions: list[_Instruction]
    comment: str = ""


def _flag() -> dict[str, Any]:
    production = {
        "on": True,
        "archived": False,
        "salt": "c2FsdA",
        "sel": "45501b9314dc4641841af774cb038b96",
        "lastModified": 1758000000000,
        "version": 61,
        "targets": [{"values": ["merchant-7"], "variation": 1, "contextKind": "user"}],
        "contextTargets": [],
        "rules": [{"_id": "r1", "variation": 0, "clauses": [], "trackEvents": False}],
        "fallthrough": {"variation": 0},
        "offVariation": 1,
        "prerequisites": [],
        "_environmentName": "Production",
        "_site": {"href": "/default/production/features/auto-decline", "type": "text/html"},
        "trackEvents": False,
        "trackEventsFallthrough": False,
    }
    return {
        "name": "Auto decline",
        "kind": "boolean",
        "key": "auto-decline",
        "_version": 7,
        "archived": False,
        "creationDate": 1700000000000,
        "temporary": False,
        "tags": [],
        "_links": {"self": {"href": PATH, "type": "application/json"}},
        "experiments": {"baselineIdx": 0, "items": []},
        "customProperties": {},
        "variations": [
            {"_id": "v0", "value": True, "name": "decline"},
            {"_id": "v1", "value": False, "name": "send to review"},
        ],
        "environments": {"production": production, "staging": {**production, "on": False, "version": 3}},
    }


@dataclass
class Flags:
    """One flag in two environments.

    Attributes:
        flag: as LaunchDarkly has it. approvals: environments that require them. answer: what changes get instead.
    """

    flag: dict[str, Any] = field(default_factory=_flag)
    approvals: set[str] = field(default_factory=set)
    answer: tuple[int, Any, dict[str, str]] | None = None
    comments: list[str] = field(default_factory=list)

    def __call__(self, asked: Asked) -> tuple[int, Any] | tuple[int, Any, dict[str, str]]:
        if asked.headers.get("authorization") != TOKEN:
            return 401, {"code": "unauthorized", "message": "Invalid access token"}
        if asked.path != PATH:
            return 404, {"code": "not_found", "message": "Unknown feature flag key"}
        if asked.method == "GET":
            only = asked.query.get("env")
            found = deepcopy(self.flag)
            found["environments"] = {key: v for key, v in found["environments"].items() if only in (None, key)}
            return 200, found
        return self._patch(asked) if asked.method == "PATCH" else (405, {"code": "method_not_allowed"})

    def _patch(self, asked: Asked) -> tuple[int, Any] | tuple[int, Any, dict[str, str]]:
        if self.answer is not None:
            return self.answer
        if asked.headers.get("content-type") != SEMANTIC:
            return 400, {"code": "invalid_request", "message": "Invalid JSON patch"}
        try:
            patch = _SemanticPatch.model_validate(asked.body)
        except ValidationError as bad:
            return 400, {"code": "invalid_request", "message": str(bad)}
        kind = patch.instructions[0].kind
        if patch.environmentKey in self.approvals:
            said = "Flag configuration updates require approval: action 'updateOn' not allowed"
            return 405, {"code": "method_not_allowed", "message": said}
        environment = self.flag["environments"][patch.environmentKey]
        if environment["on"] is not (kind == "turnFlagOn"):
            environment["on"] = kind == "turnFlagOn"
            environment["version"] += 1
            environment["lastModified"] = int(time.time() * 1000)
        self.comments.append(patch.comment)
        return 200, self.flag
