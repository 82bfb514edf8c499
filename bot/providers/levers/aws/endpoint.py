"""SageMaker endpoints: all traffic goes to one production variant, by the variants' weights.

`UpdateEndpointWeightsAndCapacities` leaves both variants running, so that the way back is as short as the way there.
The desired weights are what was asked for; the proof are the current ones, of an endpoint that is in service again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from pydantic import Field

from bot.providers.levers.aws.calls import AwsCaller, absent
from bot.providers.targets import share_words
from playbooks.plugin import (
    Conflict,
    Described,
    Kind,
    Outcome,
    Plan,
    ProviderError,
    Strict,
    Verification,
    Version,
    plan_version,
)

WEIGHTS = "weights"
IN_SERVICE = "InService"
PASSING = frozenset({"Creating", "Updating", "SystemUpdating", "RollingBack"})


class EndpointBinding(Strict):
    """`endpoint`: name of a SageMaker endpoint with two or more production variants."""

    endpoint: str = Field(min_length=1)
    verify_within: int = Field(default=900, ge=1)


@dataclass(frozen=True, slots=True)
class _Seen:
    """An endpoint as read: weights asked for and in force, variants without an instance, and its status."""

    desired: Mapping[str, float]
    current: Mapping[str, float]
    empty: frozenset[str]
    status: str


class EndpointWeights:
    """The weights of an endpoint's variants."""

    binding = EndpointBinding

    def __init__(self, sagemaker: AwsCaller) -> None:
        self._aws = sagemaker

    def describe(self, bound: EndpointBinding) -> Described:
        """See `ports.Lever`. `state` is the variant that takes all traffic, or the split in words."""
        seen = self._read(bound)
        versions = tuple(Version(name) for name in seen.desired)
        weights = json.dumps(seen.desired, sort_keys=True)
        return Described(share_words(seen.desired), versions, {WEIGHTS: weights}, share_words(seen.current))

    def plan(self, bound: EndpointBinding, described: Described, after: str) -> Plan:
        """See `ports.Lever`."""
        plan = plan_version(
            self._aws.name,
            f"endpoint {bound.endpoint}",
            described,
            after,
            proof="the endpoint is in service, and by the current weights traffic goes to {}",
            takes=120,
            verify_within=bound.verify_within,
        )
        if plan.after in self._read(bound).empty:
            return replace(plan, warning=f"Variant {plan.after} has no instance running.")
        return plan

    def apply(self, bound: EndpointBinding, plan: Plan, *, note: str) -> None:
        """See `ports.Lever`. SageMaker keeps no note.

        Raises Conflict when the weights are neither where they were nor where they should go, ProviderError while the
        endpoint is updated for another reason.
        """
        seen = self._read(bound)
        now = share_words(seen.desired)
        if now not in (plan.before, plan.after):
            raise Conflict(
                f"The traffic of {plan.target} goes to {now} by now, not {plan.before}; nothing was changed."
            )
        wanted = _wanted(plan)
        if seen.desired == wanted:
            return
        if seen.status != IN_SERVICE:
            passing = seen.status in PASSING
            raise ProviderError(
                f"The {plan.target} is {seen.status}, and takes no change; nothing was changed.",
                "It is tried again." if passing else "Look at it in SageMaker.",
                kind=Kind.TRANSIENT if passing else Kind.PERMANENT,
            )
        weights = [{"VariantName": name, "DesiredWeight": weight} for name, weight in wanted.items()]
        body = {"EndpointName": bound.endpoint, "DesiredWeightsAndCapacities": weights}
        self._aws.tell("UpdateEndpointWeightsAndCapacities", body)

    def verify(self, bound: EndpointBinding, plan: Plan) -> Verification:
        """See `ports.Lever`. Not yet while the endpoint is being updated."""
        seen = self._read(bound)
        asked, goes = share_words(seen.desired), share_words(seen.current)
        facts = {"state": asked, "traffic": goes, "status": seen.status}
        if seen.status != IN_SERVICE:
            return Verification(Outcome.NOT_YET, f"the endpoint is {seen.status}; traffic goes to {goes}", facts)
        if asked != plan.after:
            return Verification(Outcome.CONTRADICTED, f"the weights ask for {asked}, not {plan.after}", facts)
        if goes != plan.after:
            return Verification(Outcome.NOT_YET, f"traffic still goes to {goes}", facts)
        return Verification(Outcome.CONFIRMED, f"the endpoint is in service, and traffic goes to {goes}", facts)

    def _read(self, bound: EndpointBinding) -> _Seen:
        # An endpoint that is not there is a plain validation error, told by its words only.
        found = self._aws.ask("DescribeEndpoint", {"EndpointName": bound.endpoint}, missing=("ValidationException",))
        if found is None:
            raise absent(self._aws.name, f"endpoint {bound.endpoint}")
        rows: list[Mapping[str, Any]] = found["ProductionVariants"]
        return _Seen(
            {row["VariantName"]: float(row.get("DesiredWeight", row.get("CurrentWeight")) or 0) for row in rows},
            {row["VariantName"]: float(row.get("CurrentWeight") or 0) for row in rows},
            frozenset(row["VariantName"] for row in rows if row.get("CurrentInstanceCount") == 0),
            str(found["EndpointStatus"]),
        )


def _wanted(plan: Plan) -> dict[str, float]:
    """The weights after the plan: those of the before-state where it leads back to it, else all to one variant."""
    known: dict[str, float] = json.loads(plan.detail[WEIGHTS])
    if share_words(known) == plan.after:
        return known
    whole = sum(known.values()) or 1.0
    return {name: whole if name == plan.after else 0.0 for name in known}
