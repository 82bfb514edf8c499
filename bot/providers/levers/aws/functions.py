"""Lambda aliases: the published version that callers of an alias reach, a canary's share of the calls included.

The alias's revision goes along with every change, so nobody's change made in between is overwritten.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from pydantic import Field

from bot.providers.levers.aws.calls import AwsCaller, absent
from bot.providers.targets import share_words
from playbooks.plugin import (
    Conflict,
    Described,
    Outcome,
    Plan,
    ProviderError,
    Strict,
    Verification,
    Version,
    alias_target,
    datetime_of,
    plan_version,
    version_name,
)

SHARES = "shares"
MISSING = ("ResourceNotFoundException",)
LATEST = "$LATEST"
MAX_PAGES = 50


class AliasBinding(Strict):
    """`function`: name of a Lambda function. `alias`: the alias its callers use."""

    function: str = Field(min_length=1)
    alias: str = Field(min_length=1)
    verify_within: int = Field(default=120, ge=1)

    @property
    def path(self) -> str:
        """Path of the function."""
        return f"/2015-03-31/functions/{quote(self.function, safe='')}"


class FunctionAlias:
    """An alias of a function."""

    binding = AliasBinding

    def __init__(self, functions: AwsCaller) -> None:
        self._aws = functions

    def describe(self, bound: AliasBinding) -> Described:
        """See `ports.Lever`. `state` is a version, or the split in words while a canary takes a share."""
        shares = _shares(self._read(bound))
        return Described(share_words(shares), self._versions(bound), {SHARES: json.dumps(shares, sort_keys=True)})

    def plan(self, bound: AliasBinding, described: Described, after: str) -> Plan:
        """See `ports.Lever`."""
        return plan_version(
            self._aws.name,
            alias_target(bound.function, bound.alias),
            described,
            after,
            proof="the alias reads {}",
            takes=5,
            verify_within=bound.verify_within,
        )

    def apply(self, bound: AliasBinding, plan: Plan, *, note: str) -> None:
        """See `ports.Lever`. The alias's description is left as it is.

        Raises Conflict when the alias is neither where it was nor where it should go, ProviderError when somebody
        changed it in the same moment.
        """
        alias = self._read(bound)
        now = share_words(_shares(alias))
        if now not in (plan.before, plan.after):
            raise Conflict(f"{plan.target} points to {now} by now, not {plan.before}; nothing was changed.")
        if now == plan.after:
            return
        version, *canaries = sorted(_wanted(plan).items(), key=lambda share: -share[1])
        body: dict[str, Any] = {
            "FunctionVersion": version[0],
            "RoutingConfig": {"AdditionalVersionWeights": dict(canaries)},
            "RevisionId": alias.get("RevisionId"),
        }
        if not self._aws.put(_path(bound), "UpdateAlias", body, missing=("PreconditionFailedException",)):
            raise ProviderError(
                f"Somebody else changed {plan.target} in the same moment; nothing was changed.", "It is read again."
            )

    def verify(self, bound: AliasBinding, plan: Plan) -> Verification:
        """See `ports.Lever`."""
        now = share_words(_shares(self._read(bound)))
        evidence = f"the alias points to {version_name(now)}"
        if now != plan.after:
            return Verification(Outcome.CONTRADICTED, f"{evidence}, not {version_name(plan.after)}", {"state": now})
        return Verification(Outcome.CONFIRMED, evidence, {"state": now})

    def _read(self, bound: AliasBinding) -> Mapping[str, Any]:
        found = self._aws.get(_path(bound), "GetAlias", missing=MISSING)
        if found is None:
            raise absent(self._aws.name, f"alias {bound.alias} of function {bound.function}")
        return found

    def _versions(self, bound: AliasBinding) -> tuple[Version, ...]:
        """Published versions, newest first; `$LATEST` changes under one's feet and is none to go back to."""
        found: list[Version] = []
        query = {"MaxItems": "50"}
        for _ in range(MAX_PAGES):
            page = self._aws.get(f"{bound.path}/versions", "ListVersionsByFunction", params=query) or {}
            found += [
                Version(str(row["Version"]), created_at=datetime_of(row.get("LastModified")))
                for row in page.get("Versions") or []
                if row["Version"] != LATEST
            ]
            if not page.get("NextMarker"):
                break
            query = {**query, "Marker": str(page["NextMarker"])}
        return tuple(sorted(found, key=lambda version: -int(version.id)))


def _path(bound: AliasBinding) -> str:
    return f"{bound.path}/aliases/{quote(bound.alias, safe='')}"


def _shares(alias: Mapping[str, Any]) -> dict[str, float]:
    """Share of the calls by version, together 1."""
    weights = (alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}
    canaries = {str(version): float(weight) for version, weight in weights.items()}
    return {str(alias["FunctionVersion"]): round(1 - sum(canaries.values()), 6), **canaries}


def _wanted(plan: Plan) -> dict[str, float]:
    """The shares after the plan: those of the before-state where it leads back to it, else all to one version."""
    known: dict[str, float] = json.loads(plan.detail[SHARES])
    return known if share_words(known) == plan.after else {plan.after: 1.0}
