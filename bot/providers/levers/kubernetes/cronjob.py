"""CronJobs: suspended, so that no new run starts, and resumed. A run that goes on already is not stopped by it."""

from __future__ import annotations

from dataclasses import replace

from pydantic import Field

from bot.providers.levers.kubernetes.objects import Json, Kinded, Namespaced, Objects, Patch, dig, keeper_warning
from playbooks.plugin import Described, Outcome, Plan, Verification, plan_flag

CRON_JOBS = Kinded("apis/batch/v1", "cronjobs", "cron job")


class CronJobBinding(Namespaced):
    """`cronjob`: name of a CronJob."""

    cronjob: str = Field(min_length=1)


class CronJobSuspend:
    """Whether a CronJob starts runs: `on` is not suspended."""

    binding = CronJobBinding

    def __init__(self, objects: Objects) -> None:
        self._objects = objects

    def describe(self, bound: CronJobBinding) -> Described:
        """See `ports.Lever`."""
        return Described(_switch(self._read(bound)))

    def plan(self, bound: CronJobBinding, described: Described, after: str) -> Plan:
        """See `ports.Lever`."""
        plan = plan_flag(
            self._objects.name,
            f"cron job {bound.namespace}/{bound.cronjob}",
            described,
            after,
            proof="the cron job reads {} (a run under way goes on)",
            takes=5,
            verify_within=bound.verify_within,
        )
        return replace(plan, warning=keeper_warning(self._read(bound), "cron job"))

    def apply(self, bound: CronJobBinding, plan: Plan, *, note: str) -> None:
        """See `ports.Lever`. No note is kept; the change is Muster's in the object's managed fields."""

        def decide(seen: Json) -> Patch | None:
            return None if _switch(seen) == plan.after else Patch({"spec": {"suspend": plan.after == "off"}})

        self._objects.change(CRON_JOBS, bound.namespace, bound.cronjob, decide)

    def verify(self, bound: CronJobBinding, plan: Plan) -> Verification:
        """See `ports.Lever`. The evidence tells what still runs."""
        seen = self._read(bound)
        now = _switch(seen)
        running = len(dig(seen, "status", "active") or ())
        more = f"; runs still under way: {running}" if running and plan.after == "off" else ""
        outcome = Outcome.CONFIRMED if now == plan.after else Outcome.CONTRADICTED
        return Verification(outcome, f"the cron job reads {now}{more}", {"state": now, "running": str(running)})

    def _read(self, bound: CronJobBinding) -> Json:
        return self._objects.read(CRON_JOBS, bound.namespace, bound.cronjob)


def _switch(seen: Json) -> str:
    return "off" if dig(seen, "spec", "suspend") else "on"
