"""A workflow is disabled, so that nothing triggers it any more, and enabled; runs under way may be cancelled.

Disabling stops no run: those queued or in progress go on unless `running: cancel` is declared. What was cancelled is
not started again when the workflow is enabled.
"""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus
from typing import Literal

from pydantic import Field

from bot.providers.levers.github.actions import Actions, Repository
from playbooks.plugin import Described, Outcome, Plan, Verification, plan_flag

ACTIVE = "active"
RUNNING = "running"


class WorkflowBinding(Repository):
    """`workflow`: its file's name or number. `running`: what happens to runs under way when it is disabled."""

    workflow: str = Field(min_length=1)
    running: Literal["finish", "cancel"] = "finish"


class WorkflowSwitch:
    """Whether a workflow is enabled."""

    binding = WorkflowBinding

    def __init__(self, actions: Actions) -> None:
        self._actions = actions

    def describe(self, bound: WorkflowBinding) -> Described:
        """See `ports.Lever`. Disabled is off, whoever or whatever disabled it."""
        return Described(self._state(bound), detail={RUNNING: bound.running})

    def plan(self, bound: WorkflowBinding, described: Described, after: str) -> Plan:
        """See `ports.Lever`. Reads the runs under way, to warn of them."""
        plan = plan_flag(
            self._actions.name,
            f"workflow {bound.workflow} of {bound.repository}",
            described,
            after,
            proof="the workflow reads {} in GitHub",
            takes=10 if bound.running == "finish" else 120,
            verify_within=bound.verify_within,
        )
        return replace(plan, warning=self._warning(bound) if after == "off" else "")

    def apply(self, bound: WorkflowBinding, plan: Plan, *, note: str) -> None:
        """See `ports.Lever`. GitHub keeps no note. It is disabled before runs are cancelled, so that none follows."""
        if self._state(bound) != plan.after:
            word = "enable" if plan.after == "on" else "disable"
            path = bound.workflow_path(bound.workflow, f"/{word}")
            self._actions.write(bound, "PUT", path, f"workflow {bound.workflow}")
        if plan.after == "off" and bound.running == "cancel":
            for run in self._actions.under_way(bound, bound.workflow):
                path = bound.actions(f"runs/{int(run['id'])}/cancel")
                # 409: it has ended meanwhile, or GitHub has not queued it yet; what goes on is told by the check.
                self._actions.write(bound, "POST", path, "run", expect=(HTTPStatus.CONFLICT,))

    def verify(self, bound: WorkflowBinding, plan: Plan) -> Verification:
        """See `ports.Lever`."""
        now = self._state(bound)
        said = f"the workflow reads {now} in GitHub"
        if now != plan.after:
            return Verification(Outcome.CONTRADICTED, said, {"state": now})
        if now == "on":
            return Verification(Outcome.CONFIRMED, said, {"state": now})
        running = len(self._actions.under_way(bound, bound.workflow))
        facts = {"state": now, "runs": str(running)}
        if running and plan.detail.get(RUNNING) == "cancel":
            return Verification(Outcome.NOT_YET, f"{said}, but {_runs(running)} still under way", facts)
        return Verification(Outcome.CONFIRMED, f"{said}; {_runs(running)} under way" if running else said, facts)

    def _state(self, bound: WorkflowBinding) -> str:
        return "on" if self._actions.workflow(bound, bound.workflow).get("state") == ACTIVE else "off"

    def _warning(self, bound: WorkflowBinding) -> str:
        running = len(self._actions.under_way(bound, bound.workflow))
        if bound.running == "cancel":
            now = f" ({running} now)" if running else ""
            return f"Runs that are queued or in progress then are cancelled, for good{now}."
        return f"{_runs(running)} under way, and will go on." if running else ""


def _runs(count: int) -> str:
    return f"{count} run is" if count == 1 else f"{count} runs are"
