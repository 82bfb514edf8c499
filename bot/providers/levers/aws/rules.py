"""EventBridge rules: a schedule or an event that starts something is switched off, and on again as it was.

What a rule has started already runs on: a rule only starts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from bot.providers.levers.aws.calls import AwsCaller, absent
from playbooks.plugin import Described, InputError, Outcome, Plan, Strict, Verification, plan_flag

STATE = "state"
PLAIN = ("ENABLED", "DISABLED")
# What `PutRule` takes again of what `DescribeRule` gives; it replaces the whole rule.
KEPT = ("EventPattern", "ScheduleExpression", "Description", "RoleArn")


class RuleBinding(Strict):
    """`rule`: name of an EventBridge rule. `bus`: its event bus."""

    rule: str = Field(min_length=1)
    bus: str = Field(default="default", min_length=1)
    verify_within: int = Field(default=120, ge=1)


class RuleSwitch:
    """A rule's state."""

    binding = RuleBinding

    def __init__(self, events: AwsCaller) -> None:
        self._aws = events

    def describe(self, bound: RuleBinding) -> Described:
        """See `ports.Lever`. `detail` has EventBridge's own word: a rule can be enabled in two ways."""
        word = str(self._read(bound)["State"])
        return Described(_switch(word), detail={STATE: word})

    def plan(self, bound: RuleBinding, described: Described, after: str) -> Plan:
        """See `ports.Lever`. Raises InputError for a rule that belongs to an AWS service."""
        plan = plan_flag(
            self._aws.name,
            f"rule {bound.bus}/{bound.rule}",
            described,
            after,
            proof="the rule reads {} (what it has started already runs on)",
            takes=5,
            verify_within=bound.verify_within,
        )
        owner = self._read(bound).get("ManagedBy")
        if owner:
            raise InputError(f"The {plan.target} belongs to {owner}, which alone can switch it.", "Switch it there.")
        return plan

    def apply(self, bound: RuleBinding, plan: Plan, *, note: str) -> None:
        """See `ports.Lever`. EventBridge keeps no note."""
        rule = self._read(bound)
        if _switch(str(rule["State"])) == plan.after:
            return
        named = {"Name": bound.rule, "EventBusName": bound.bus}
        word = plan.detail.get(STATE, "")
        if _switch(word) == plan.after and word not in PLAIN:
            kept = {key: rule[key] for key in KEPT if rule.get(key)}
            self._aws.tell("PutRule", {**named, **kept, "State": word})
        else:
            self._aws.tell("EnableRule" if plan.after == "on" else "DisableRule", named)

    def verify(self, bound: RuleBinding, plan: Plan) -> Verification:
        """See `ports.Lever`."""
        now = _switch(str(self._read(bound)["State"]))
        outcome = Outcome.CONFIRMED if now == plan.after else Outcome.CONTRADICTED
        return Verification(outcome, f"the rule reads {now} on bus {bound.bus}", {"state": now})

    def _read(self, bound: RuleBinding) -> Mapping[str, Any]:
        query = {"Name": bound.rule, "EventBusName": bound.bus}
        found = self._aws.ask("DescribeRule", query, missing=("ResourceNotFoundException",))
        if found is None:
            raise absent(self._aws.name, f"rule {bound.rule} on bus {bound.bus}")
        return found


def _switch(word: str) -> str:
    return "on" if word.startswith("ENABLED") else "off"
