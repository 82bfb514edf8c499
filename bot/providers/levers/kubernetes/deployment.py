"""Deployments: back to the pod template of an earlier ReplicaSet, as `kubectl rollout undo` does it.

A version is a ReplicaSet's pod-template-hash: a revision's number changes when one goes back to it, the hash does not.
The whole template is replaced; a merge would leave what the newer one has added.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import replace
from typing import Any

from pydantic import Field

from bot.providers.levers.kubernetes.objects import Json, Kinded, Namespaced, Objects, Patch, both, dig, keeper_warning
from playbooks.plugin import (
    Conflict,
    Described,
    InputError,
    Outcome,
    Plan,
    ProviderError,
    Verification,
    Version,
    datetime_of,
    plan_version,
)

DEPLOYMENTS = Kinded("apis/apps/v1", "deployments", "deployment")
REPLICA_SETS = Kinded("apis/apps/v1", "replicasets", "replica set")
HASH = "pod-template-hash"
REVISION = "deployment.kubernetes.io/revision"


class DeploymentBinding(Namespaced):
    """`deployment`: name of a Deployment."""

    deployment: str = Field(min_length=1)


class DeploymentUndo:
    """The pod template of a Deployment."""

    binding = DeploymentBinding

    def __init__(self, objects: Objects) -> None:
        self._objects = objects

    def describe(self, bound: DeploymentBinding) -> Described:
        """See `ports.Lever`. Versions are those whose ReplicaSet is still kept (`revisionHistoryLimit`)."""
        seen = self._read(bound)
        sets = self._sets(bound, seen)
        versions = tuple(
            Version(name, created_at=datetime_of(dig(found, "metadata", "creationTimestamp")))
            for name, found in sets.items()
        )
        return Described(self._state(bound, seen, sets), versions)

    def plan(self, bound: DeploymentBinding, described: Described, after: str) -> Plan:
        """See `ports.Lever`. Raises InputError for a paused Deployment, which takes no change of its pods."""
        plan = plan_version(
            self._objects.name,
            f"deployment {bound.namespace}/{bound.deployment}",
            described,
            after,
            proof="all replicas run {} and are available",
            takes=60,
            verify_within=bound.verify_within,
        )
        seen = self._read(bound)
        if dig(seen, "spec", "paused"):
            raise InputError(
                f"The {plan.target} is paused and takes no rollback.", f"kubectl rollout resume {bound.deployment}"
            )
        return replace(
            plan,
            note=_words(self._sets(bound, seen).get(plan.after, {})),
            warning=both(plan.warning, keeper_warning(seen, "deployment")),
        )

    def apply(self, bound: DeploymentBinding, plan: Plan, *, note: str) -> None:
        """See `ports.Lever`. No note is kept; the change is Muster's in the object's managed fields.

        Raises Conflict when the template is neither the one before nor the one after, or when the one after is gone.
        """

        def decide(seen: Json) -> Patch | None:
            sets = self._sets(bound, seen)
            now = self._state(bound, seen, sets)
            if now == plan.after:
                return None
            if now != plan.before:
                raise Conflict(f"The {plan.target} runs {now} by now, not {plan.before}; nothing was changed.")
            if plan.after not in sets:
                raise Conflict(f"The replica set {plan.after} of {plan.target} is gone; nothing was changed.")
            return Patch([{"op": "replace", "path": "/spec/template", "value": _template(sets[plan.after])}])

        self._objects.change(DEPLOYMENTS, bound.namespace, bound.deployment, decide)

    def verify(self, bound: DeploymentBinding, plan: Plan) -> Verification:
        """See `ports.Lever`. The same that `kubectl rollout status` waits for."""
        seen = self._read(bound)
        now = self._state(bound, seen, self._sets(bound, seen))
        facts = {"state": now}
        if now != plan.after:
            return Verification(Outcome.CONTRADICTED, f"the deployment asks for {now}, not {plan.after}", facts)
        status: Mapping[str, Any] = seen.get("status") or {}
        wanted = int(dig(seen, "spec", "replicas") or 0)
        whole, updated, available = (
            int(status.get(key) or 0) for key in ("replicas", "updatedReplicas", "availableReplicas")
        )
        facts = {**facts, "wanted": str(wanted), "updated": str(updated), "available": str(available)}
        if int(status.get("observedGeneration") or 0) < int(dig(seen, "metadata", "generation") or 0):
            return Verification(Outcome.NOT_YET, "the cluster has not taken the change up yet", facts)
        if updated < wanted or whole > updated or available < updated:
            left = f", {whole - updated} of another version are left" if whole > updated else ""
            evidence = f"{updated} of {wanted} replicas run {now}, {available} are available{left}{_stuck(status)}"
            return Verification(Outcome.NOT_YET, evidence, facts)
        return Verification(Outcome.CONFIRMED, f"{updated} of {wanted} replicas run {now} and are available", facts)

    def _read(self, bound: DeploymentBinding) -> Json:
        return self._objects.read(DEPLOYMENTS, bound.namespace, bound.deployment)

    def _sets(self, bound: DeploymentBinding, seen: Json) -> dict[str, Json]:
        """The Deployment's own ReplicaSets by their hash, newest revision first."""
        labels = dig(seen, "spec", "selector", "matchLabels") or {}
        mine = [
            found
            for found in self._objects.select(REPLICA_SETS, bound.namespace, labels)
            if any(
                owner.get("uid") == seen["metadata"]["uid"] for owner in dig(found, "metadata", "ownerReferences") or ()
            )
        ]
        return {
            str(dig(found, "metadata", "labels", HASH)): found for found in sorted(mine, key=_revision, reverse=True)
        }

    def _state(self, bound: DeploymentBinding, seen: Json, sets: Mapping[str, Json]) -> str:
        """The hash of the template asked for. Raises ProviderError while the cluster has made none of it."""
        wanted = dig(seen, "spec", "template")
        for name, found in sets.items():
            if _template(found) == wanted:
                return name
        raise ProviderError(
            f"The deployment {bound.deployment} was changed a moment ago, and its replica set is not there yet.",
            "It is tried again.",
        )


def _revision(found: Json) -> int:
    number = str((dig(found, "metadata", "annotations") or {}).get(REVISION, ""))
    return int(number) if number.isdecimal() else 0


def _template(found: Json) -> Any:
    """A ReplicaSet's template as its Deployment has it: without the hash."""
    template = deepcopy(dig(found, "spec", "template"))
    (dig(template, "metadata", "labels") or {}).pop(HASH, None)
    return template


def _words(found: Json) -> str:
    """What people know a ReplicaSet by: `revision 4, image scorer:1.4.2`."""
    images = [str(each.get("image", "")) for each in dig(found, "spec", "template", "spec", "containers") or ()]
    return f"revision {_revision(found)}, image {', '.join(images)}" if images else ""


def _stuck(status: Json) -> str:
    for condition in status.get("conditions") or ():
        if condition.get("type") == "Progressing" and condition.get("status") == "False":
            return f" ({condition.get('reason', 'no progress')})"
    return ""
