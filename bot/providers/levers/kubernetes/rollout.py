"""Argo Rollouts: a rollout under way is aborted, so that the stable version takes all again; its undo is a retry.

The template still says the newer version after an abort. So the way on is a retry, which goes through the rollout's
steps from the first one again.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pydantic import Field

from bot.providers.levers.kubernetes.objects import Json, Kinded, Namespaced, Objects, Patch, both, dig, keeper_warning
from playbooks.plugin import Conflict, Described, Mark, Outcome, Plan, Verification, Version, plan_version

ROLLOUTS = Kinded("apis/argoproj.io/v1alpha1", "rollouts", "rollout")
STABLE, NEWEST = "stable", "newest"


class RolloutBinding(Namespaced):
    """`rollout`: name of a Rollout of Argo Rollouts."""

    rollout: str = Field(min_length=1)


class RolloutAbort:
    """Where a Rollout goes: to its newest version, or back to the stable one. Versions are pod hashes."""

    binding = RolloutBinding

    def __init__(self, objects: Objects) -> None:
        self._objects = objects

    def describe(self, bound: RolloutBinding) -> Described:
        """See `ports.Lever`. The stable version counts as marked good while another one is rolled out."""
        seen = self._read(bound)
        stable, newest = _hash(seen, "stableRS"), _hash(seen, "currentPodHash")
        versions: tuple[Version, ...] = (Version(newest),)
        if stable and stable != newest:
            versions = (Version(newest), Version(stable, Mark.GOOD, "stable in Argo Rollouts"))
        return Described(_state(seen), versions, {STABLE: stable, NEWEST: newest})

    def plan(self, bound: RolloutBinding, described: Described, after: str) -> Plan:
        """See `ports.Lever`."""
        plan = plan_version(
            self._objects.name,
            f"rollout {bound.namespace}/{bound.rollout}",
            described,
            after,
            proof="the rollout goes to {}: to the stable version at once, to the newest one by its steps",
            takes=60,
            verify_within=bound.verify_within,
        )
        retry = "This retries the aborted rollout." if plan.after == described.detail[NEWEST] else ""
        return replace(plan, warning=both(retry or plan.warning, keeper_warning(self._read(bound), "rollout")))

    def apply(self, bound: RolloutBinding, plan: Plan, *, note: str) -> None:
        """See `ports.Lever`. Raises Conflict when the rollout is about other versions by now."""

        def decide(seen: Json) -> Patch | None:
            if (_hash(seen, "stableRS"), _hash(seen, "currentPodHash")) != (plan.detail[STABLE], plan.detail[NEWEST]):
                raise Conflict(f"The {plan.target} is about other versions by now; nothing was changed.")
            if _state(seen) == plan.after:
                return None
            return Patch({"status": {"abort": plan.after == plan.detail[STABLE]}}, status=True)

        self._objects.change(ROLLOUTS, bound.namespace, bound.rollout, decide)

    def verify(self, bound: RolloutBinding, plan: Plan) -> Verification:
        """See `ports.Lever`. After an abort the stable version must have all traffic, and all replicas wanted."""
        seen = self._read(bound)
        now = _state(seen)
        facts = {"state": now, "phase": str(dig(seen, "status", "phase") or "")}
        if now != plan.after:
            return Verification(Outcome.CONTRADICTED, f"the rollout goes to {now}, not {plan.after}", facts)
        if now != _hash(seen, "stableRS"):
            return Verification(Outcome.CONFIRMED, f"the rollout goes to {now} again, by its steps", facts)
        missing = _missing(seen)
        if missing:
            return Verification(Outcome.NOT_YET, f"the rollout is aborted, but {missing}", facts)
        return Verification(Outcome.CONFIRMED, f"{now} takes all traffic and is available", facts)

    def _read(self, bound: RolloutBinding) -> Json:
        return self._objects.read(ROLLOUTS, bound.namespace, bound.rollout)


def _hash(seen: Json, key: str) -> str:
    return str(dig(seen, "status", key) or "")


def _state(seen: Json) -> str:
    return _hash(seen, "stableRS" if dig(seen, "status", "abort") else "currentPodHash")


def _missing(seen: Json) -> str:
    """What is not yet as after an abort; empty when all is."""
    stable = _hash(seen, "stableRS")
    if dig(seen, "spec", "strategy", "blueGreen") is not None:
        active = str(dig(seen, "status", "blueGreen", "activeSelector") or "")
        if active != stable:
            return f"{active or 'nothing'} is still the active version"
    else:
        weight: Any = dig(seen, "status", "canary", "weights", "canary", "weight")
        updated = int(dig(seen, "status", "updatedReplicas") or 0)
        if weight:
            return f"the newest version still takes {weight} % of the traffic"
        if weight is None and updated and stable != _hash(seen, "currentPodHash"):
            return f"{updated} replicas of the newest version still run"
    wanted, available = int(dig(seen, "spec", "replicas") or 0), int(dig(seen, "status", "availableReplicas") or 0)
    return f"{available} of {wanted} replicas are available" if available < wanted else ""
