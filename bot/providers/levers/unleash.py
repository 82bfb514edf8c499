"""Unleash: a flag of one environment is switched, and read back the way the services that use it read it.

Seen on Unleash 8.2.0: `…/on` adds a strategy *for everyone* where no strategy is active, and taking the last active
strategy away switches the flag off again. So a plan carries the strategies of the before-state, and whatever `on`
added is taken away again when the before-state is restored.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from pydantic import Field

from bot.providers.bound import BoundLever
from bot.providers.httpcall import HttpCaller
from playbooks.plugin import (
    Conflict,
    Described,
    Kind,
    Mark,
    Maturity,
    Outcome,
    Plan,
    ProviderError,
    Strict,
    Tools,
    Verification,
    flag_target,
    parse_settings,
    plan_flag,
    undo_flag,
)

STRATEGIES = "strategies"
# What makes two strategies the same; ids are given anew when one is put back.
CONTENT = ("name", "title", "disabled", "constraints", "parameters", "variants", "segments")
EVERYONE = "No strategy is active, so Unleash adds one for everyone when it is switched on."


class UnleashLever(BoundLever["UnleashLever.Binding"]):
    """A feature flag of Unleash in one environment."""

    tested_with = "Unleash 8.2.0"
    maturity = Maturity.PROVEN

    class Settings(Strict):
        """`token`: an admin or personal token. `client_token`: a backend token of the environment, for the check."""

        url: str
        token: str = Field(min_length=1)
        client_token: str = ""
        timeout: float = Field(default=10.0, gt=0)

    class Binding(Strict):
        """The flag and where it is switched."""

        project: str = Field(default="default", min_length=1)
        flag: str = Field(min_length=1)
        environment: str = Field(default="production", min_length=1)
        verify_within: int = Field(default=120, ge=1)

        @property
        def target(self) -> str:
            """The plan's target."""
            return flag_target(self.project, self.flag, self.environment)

        @property
        def feature(self) -> str:
            """Path of the flag in the admin API."""
            return f"/api/admin/projects/{_q(self.project)}/features/{_q(self.flag)}"

        @property
        def path(self) -> str:
            """Path of the flag's environment."""
            return f"{self.feature}/environments/{_q(self.environment)}"

    def __init__(self, name: str, settings: Mapping[str, Any], tools: Tools) -> None:
        self.name = name
        set_to = parse_settings(self.Settings, name, settings)
        secrets = (set_to.token, set_to.client_token)
        self._admin = HttpCaller(
            name,
            set_to.url,
            headers={"Authorization": set_to.token},
            secrets=secrets,
            timeout=set_to.timeout,
            probe=tools.probe,
        )
        self._client = None
        if set_to.client_token:
            self._client = HttpCaller(
                name,
                set_to.url,
                headers={"Authorization": set_to.client_token},
                secrets=secrets,
                credential=f"providers.{name}.client_token",
                timeout=set_to.timeout,
                probe=tools.probe,
            )

    def close(self) -> None:
        """Close idle connections."""
        self._admin.close()
        if self._client is not None:
            self._client.close()

    def describe(self, binding: Mapping[str, Any]) -> Described:
        """See `ports.Lever`. `detail` has the strategies as JSON text without ids or times."""
        enabled, strategies = self._read(self._parse(binding))
        return Described(state=enabled, detail={STRATEGIES: _text(strategies)})

    def plan(self, binding: Mapping[str, Any], described: Described, after: str) -> Plan:
        """See `ports.Lever`."""
        bound = self._parse(binding)
        seen = "services read {} too" if self._client else "no client token is configured, so only Unleash is asked"
        proof = f"the flag reads {{}} in {bound.environment} ({seen})"
        plan = plan_flag(
            self.name, bound.target, described, after, proof=proof, takes=5, verify_within=bound.verify_within
        )
        if after == "on" and not _active(_wanted(plan)):
            return replace(plan, warning=EVERYONE)
        return plan

    def apply(self, binding: Mapping[str, Any], plan: Plan, *, note: str) -> None:
        """See `ports.Lever`. Unleash keeps no note: its event log names the token's user.

        Raises Conflict when the flag is on its before-state with other strategies than the plan's.
        """
        bound = self._parse(binding)
        enabled, strategies = self._read(bound)
        if enabled != plan.after:
            if plan.after == "on" and _left(strategies, _wanted(plan)):
                raise Conflict(f"The strategies of {bound.target} have changed since the plan; nothing was changed.")
            self._admin.write("POST", f"{bound.path}/{plan.after}", plan.after)
            _, strategies = self._read(bound)
        self._put_back(bound, plan, strategies)

    def verify(self, binding: Mapping[str, Any], plan: Plan) -> Verification:
        """See `ports.Lever`."""
        bound = self._parse(binding)
        enabled, strategies = self._read(bound)
        facts = {"state": enabled}
        if enabled != plan.after:
            return Verification(Outcome.CONTRADICTED, f"the flag reads {enabled} in {bound.environment}", facts)
        if not _as_planned(plan, strategies):
            evidence = f"the flag reads {enabled} in {bound.environment}, with other strategies than planned"
            return Verification(Outcome.CONTRADICTED, evidence, facts)
        return self._seen_by_services(bound, plan, facts)

    def mark(self, binding: Mapping[str, Any], version: str, mark: Mark, *, note: str) -> None:
        """A flag has no versions."""

    def undo(self, plan: Plan) -> Plan:
        """See `ports.Lever`."""
        undone = undo_flag(plan)
        return replace(
            undone, proof=undone.proof.replace(f"services read {plan.after}", f"services read {plan.before}")
        )

    def _read(self, bound: UnleashLever.Binding) -> tuple[str, list[dict[str, Any]]]:
        """State and strategies in order; from the flag itself, since the environment's read leaves segments out."""
        answer = self._admin.read(bound.feature, "flag", expect=(HTTPStatus.NOT_FOUND,))
        if answer.status == HTTPStatus.OK:
            for row in answer.object().get("environments", []):
                if row["name"] == bound.environment:
                    strategies = sorted(
                        row.get(STRATEGIES, []), key=lambda strategy: int(strategy.get("sortOrder") or 0)
                    )
                    return ("on" if row["enabled"] else "off"), strategies
        raise ProviderError(
            f"{self.name} has no flag {bound.flag} in {bound.environment} of project {bound.project}.",
            "Compare the lever's binding with the flag in Unleash.",
            kind=Kind.PERMANENT,
        )

    def _put_back(self, bound: UnleashLever.Binding, plan: Plan, now: Sequence[Mapping[str, Any]]) -> None:
        """Bring the strategies to the plan's, where they differ."""
        if _as_planned(plan, now):
            return
        wanted = _wanted(plan)
        extra = _left(now, wanted)
        missing = _left(wanted, now)
        for strategy in missing:
            self._admin.write("POST", f"{bound.path}/{STRATEGIES}", "add strategy", body=strategy)
        for strategy in extra:
            self._admin.write("DELETE", f"{bound.path}/{STRATEGIES}/{_q(str(strategy['id']))}", "remove strategy")
        enabled, _ = self._read(bound)
        if enabled != plan.after:
            # Without an active strategy Unleash switches off by itself; the plan's state stands above that.
            self._admin.write("POST", f"{bound.path}/{plan.after}", plan.after)

    def _seen_by_services(self, bound: UnleashLever.Binding, plan: Plan, facts: Mapping[str, str]) -> Verification:
        """The same flag over the client API; without a client token the admin's reading has to do."""
        said = f"the flag reads {plan.after} in {bound.environment}"
        if self._client is None:
            return Verification(Outcome.CONFIRMED, said, facts)
        try:
            answer = self._client.read(f"/api/client/features/{_q(bound.flag)}", "client read", expect=range(400, 500))
            if answer.status != HTTPStatus.OK:
                return Verification(Outcome.NOT_YET, f"{said}, but services cannot read it ({answer.status})", facts)
            client = "on" if answer.object().get("enabled") else "off"
        except ProviderError as failed:
            return Verification(Outcome.NOT_YET, f"{said}, but {failed.sentence.rstrip('.')}", facts)
        if client != plan.after:
            return Verification(
                Outcome.NOT_YET, f"{said}, but services still read {client}", {**facts, "client": client}
            )
        return Verification(Outcome.CONFIRMED, f"{said}, and services read {client}", {**facts, "client": client})


def _q(text: str) -> str:
    return quote(text, safe="")


def _content(strategy: Mapping[str, Any]) -> dict[str, Any]:
    """What counts of a strategy; a field left out is an empty one."""
    empty: Mapping[str, Any] = {"title": None, "disabled": False, "parameters": {}}
    return {key: strategy.get(key, empty.get(key, [])) for key in CONTENT}


def _text(strategies: Sequence[Mapping[str, Any]]) -> str:
    """Strategies as one text that is the same whenever they are the same."""
    return json.dumps([_content(strategy) for strategy in strategies], sort_keys=True, separators=(",", ":"))


def _wanted(plan: Plan) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(plan.detail.get(STRATEGIES, "[]"))
    return found


def _active(strategies: Sequence[Mapping[str, Any]]) -> bool:
    return any(not strategy.get("disabled") for strategy in strategies)


def _left(some: Sequence[Mapping[str, Any]], others: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Those of `some` that have no equal among `others`, each equal counted once."""
    taken = [_content(strategy) for strategy in others]
    left = []
    for strategy in some:
        content = _content(strategy)
        if content in taken:
            taken.remove(content)
        else:
            left.append(strategy)
    return left


def _as_planned(plan: Plan, now: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the strategies are the plan's; on, where none was active, the one Unleash added belongs to it."""
    wanted = _wanted(plan)
    extra = _left(now, wanted)
    if _left(wanted, now):
        return False
    if plan.after == "on" and not _active(wanted):
        return len(extra) == 1 and extra[0].get("name") == "flexibleRollout"
    return not extra
