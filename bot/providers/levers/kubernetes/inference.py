"""KServe: the share of traffic that a predictor's newest revision takes; the rest goes to the one rolled out before.

`canaryTrafficPercent: 0` sends all of it to the revision that had all of it last; without the key the newest one has
all. KServe splits traffic only where it runs on Knative, not in its raw deployment mode.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from pydantic import Field

from bot.providers.levers.kubernetes.objects import Json, Kinded, Namespaced, Objects, Patch, both, dig, keeper_warning
from bot.providers.targets import share_words
from playbooks.plugin import (
    Conflict,
    Described,
    InputError,
    Outcome,
    Plan,
    ProviderError,
    Verification,
    Version,
    plan_version,
)

SERVICES = Kinded("apis/serving.kserve.io/v1beta1", "inferenceservices", "inference service")
STATE, PERCENT, NEWEST = "state", "percent", "newest"
# As KServe writes it in the status, older and newer.
NO_SPLIT = ("RawDeployment", "Standard", "ModelMesh")


class InferenceBinding(Namespaced):
    """`inference_service`: name of a KServe InferenceService whose predictor is meant."""

    inference_service: str = Field(min_length=1)


class CanaryTraffic:
    """Which revision of the predictor takes the traffic."""

    binding = InferenceBinding

    def __init__(self, objects: Objects) -> None:
        self._objects = objects

    def describe(self, bound: InferenceBinding) -> Described:
        """See `ports.Lever`. `state` is a revision, or the split in words; `served` what KServe says is routed."""
        seen = self._read(bound)
        state = _state(seen)
        percent = dig(seen, "spec", "predictor", "canaryTrafficPercent")
        detail = {STATE: state, PERCENT: "" if percent is None else str(percent), NEWEST: _newest(seen)}
        versions = tuple(Version(name) for name in (_newest(seen), _before(seen)) if name)
        return Described(state, versions, detail, _routed(seen))

    def plan(self, bound: InferenceBinding, described: Described, after: str) -> Plan:
        """See `ports.Lever`. Raises InputError where KServe cannot split traffic."""
        plan = plan_version(
            self._objects.name,
            f"inference service {bound.namespace}/{bound.inference_service}",
            described,
            after,
            proof="KServe reports the traffic on {}",
            takes=60,
            verify_within=bound.verify_within,
        )
        seen = self._read(bound)
        mode = str(dig(seen, "status", "deploymentMode") or "")
        if mode in NO_SPLIT:
            raise InputError(
                f"The {plan.target} runs in {mode} mode, in which KServe splits no traffic.",
                "Bind the predictor's deployment instead: `deployment: …`.",
            )
        return replace(plan, warning=both(plan.warning, keeper_warning(seen, "inference service")))

    def apply(self, bound: InferenceBinding, plan: Plan, *, note: str) -> None:
        """See `ports.Lever`. Raises Conflict when there is a newer revision, or another split, by now."""

        def decide(seen: Json) -> Patch | None:
            now = _state(seen)
            if _newest(seen) != plan.detail[NEWEST] or now not in (plan.before, plan.after):
                raise Conflict(f"The traffic of {plan.target} goes to {now} by now; nothing was changed.")
            if now == plan.after:
                return None
            return Patch({"spec": {"predictor": {"canaryTrafficPercent": _percent(plan)}}})

        self._objects.change(SERVICES, bound.namespace, bound.inference_service, decide)

    def verify(self, bound: InferenceBinding, plan: Plan) -> Verification:
        """See `ports.Lever`. By the routes that KServe reports, not by its generation, which is another object's."""
        seen = self._read(bound)
        asked, routed = _state(seen), _routed(seen)
        facts = {"state": asked, "traffic": routed}
        if asked != plan.after:
            return Verification(Outcome.CONTRADICTED, f"the split asked for is {asked}, not {plan.after}", facts)
        if routed != plan.after:
            return Verification(Outcome.NOT_YET, f"traffic still goes to {routed or 'nothing'}", facts)
        return Verification(Outcome.CONFIRMED, f"KServe reports the traffic on {routed}", facts)

    def _read(self, bound: InferenceBinding) -> Json:
        seen = self._objects.read(SERVICES, bound.namespace, bound.inference_service)
        if not _newest(seen):
            raise ProviderError(f"KServe has made no revision of {bound.inference_service} yet.", "It is tried again.")
        return seen


def _revision(seen: Json, key: str) -> str:
    return str(dig(seen, "status", "components", "predictor", key) or "")


def _newest(seen: Json) -> str:
    return _revision(seen, "latestCreatedRevision")


def _before(seen: Json) -> str:
    """The revision that takes what the newest one does not; KServe moves its name when one goes back after the end."""
    rolled_out = _revision(seen, "latestRolledoutRevision")
    return rolled_out if rolled_out != _newest(seen) else _revision(seen, "previousRolledoutRevision")


def _state(seen: Json) -> str:
    percent = dig(seen, "spec", "predictor", "canaryTrafficPercent")
    share = 100 if percent is None or not _before(seen) else int(percent)
    return share_words({_newest(seen): share, _before(seen): 100 - share})


def _routed(seen: Json) -> str:
    shares: Counter[str] = Counter()
    for route in dig(seen, "status", "components", "predictor", "traffic") or ():
        shares[str(route.get("revisionName") or "")] += int(route.get("percent") or 0)
    return share_words(shares)


def _percent(plan: Plan) -> int | None:
    """The newest revision's share after the plan; None takes the key away."""
    if plan.detail[STATE] == plan.after:
        return int(plan.detail[PERCENT]) if plan.detail[PERCENT] else None
    return None if plan.after == plan.detail[NEWEST] else 0
