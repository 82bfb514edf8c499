"""LaunchDarkly: a flag's targeting is turned off and on in one environment, by semantic patch.

Unproven: written to the REST API's documentation (https://launchdarkly.com/docs/api/feature-flags, API version
20240415, read in November 2026), never run against LaunchDarkly. Off serves the flag's off variation to everybody and
keeps the targeting, so turning on brings back what was there. A flag without an off variation leaves it to the default
in each service's code, which is warned of. The API has no conditional write; the targeting is read before each.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from pydantic import Field

from bot.providers.bound import BoundLever, OverHttp
from bot.providers.httpcall import Answer, HttpCaller
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

API_VERSION = "20240415"
SEMANTIC_PATCH = "application/json; domain-model=launchdarkly.semanticpatch"
TARGETING, OFF_SERVES = "targeting", "off_serves"
# What decides who gets what while the flag is on.
RULES = ("targets", "contextTargets", "rules", "fallthrough", "prerequisites", "offVariation")
NO_OFF_VARIATION = "The flag has no off variation: off is whatever each service's code has as its default."
UNDERSTOOD = (HTTPStatus.BAD_REQUEST, HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.CONFLICT)


class LaunchDarklyLever(OverHttp, BoundLever["LaunchDarklyLever.Binding"]):
    """A feature flag of LaunchDarkly in one environment."""

    tested_with = "a stand-in made to the REST API's documentation, version 20240415"
    maturity = Maturity.UNPROVEN

    class Settings(Strict):
        """`token`: an access token whose role may read flags and do `updateOn` in the environment."""

        url: str = "https://app.launchdarkly.com"
        token: str = Field(min_length=1)
        timeout: float = Field(default=10.0, gt=0)

    class Binding(Strict):
        """The flag and where it is switched; `ignore_conflicts`: also where a scheduled change would then fail."""

        project: str = Field(default="default", min_length=1)
        flag: str = Field(min_length=1)
        environment: str = Field(default="production", min_length=1)
        ignore_conflicts: bool = False
        verify_within: int = Field(default=120, ge=1)

        @property
        def path(self) -> str:
            """Path of the flag."""
            return f"/api/v2/flags/{_q(self.project)}/{_q(self.flag)}"

        @property
        def words(self) -> str:
            """The flag for people."""
            return f"flag {self.flag} in {self.environment} of project {self.project}"

    def __init__(self, name: str, settings: Mapping[str, Any], tools: Tools) -> None:
        self.name = name
        set_to = parse_settings(self.Settings, name, settings)
        self._http = HttpCaller(
            name,
            set_to.url,
            headers={"Authorization": set_to.token, "LD-API-Version": API_VERSION},
            secrets=(set_to.token,),
            timeout=set_to.timeout,
            probe=tools.probe,
        )

    def describe(self, binding: Mapping[str, Any]) -> Described:
        """See `ports.Lever`. `detail` has a digest of the targeting, and what off serves."""
        state, detail = self._read(self._parse(binding))
        return Described(state, detail=detail)

    def plan(self, binding: Mapping[str, Any], described: Described, after: str) -> Plan:
        """See `ports.Lever`."""
        bound = self._parse(binding)
        target = flag_target(bound.project, bound.flag, bound.environment)
        proof = f"the flag reads {{}} in {bound.environment} (LaunchDarkly is asked, not the services)"
        plan = plan_flag(self.name, target, described, after, proof=proof, takes=5, verify_within=bound.verify_within)
        serves = plan.detail.get(OFF_SERVES, "")
        if after == "off":
            note, warning = (f"off serves {serves} to everybody", "") if serves else ("", NO_OFF_VARIATION)
            return replace(plan, note=note, warning=warning)
        return plan

    def apply(self, binding: Mapping[str, Any], plan: Plan, *, note: str) -> None:
        """See `ports.Lever`. The note is the change's comment in LaunchDarkly's audit log.

        Raises Conflict where the targeting is another one than the plan was made for.
        """
        bound = self._parse(binding)
        state, detail = self._read(bound)
        if state == plan.after:
            return
        if detail.get(TARGETING) != plan.detail.get(TARGETING):
            raise Conflict(f"The targeting of {plan.target} has changed since the plan; nothing was changed.")
        body = {
            "environmentKey": bound.environment,
            "instructions": [{"kind": "turnFlagOn" if plan.after == "on" else "turnFlagOff"}],
            "comment": note,
        }
        path = f"{bound.path}?ignoreConflicts=true" if bound.ignore_conflicts else bound.path
        headers = {"Content-Type": SEMANTIC_PATCH}
        answer = self._http.write("PATCH", path, "switch flag", body=body, expect=UNDERSTOOD, headers=headers)
        if answer.status in UNDERSTOOD:
            raise self._refused(bound, answer)

    def verify(self, binding: Mapping[str, Any], plan: Plan) -> Verification:
        """See `ports.Lever`."""
        bound = self._parse(binding)
        state, detail = self._read(bound)
        facts = {"state": state}
        said = f"the flag reads {state} in {bound.environment}"
        if state != plan.after:
            return Verification(Outcome.CONTRADICTED, said, facts)
        if detail.get(TARGETING) != plan.detail.get(TARGETING):
            return Verification(Outcome.CONTRADICTED, f"{said}, with other targeting than planned", facts)
        return Verification(Outcome.CONFIRMED, said, facts)

    def mark(self, binding: Mapping[str, Any], version: str, mark: Mark, *, note: str) -> None:
        """A flag has no versions."""

    def undo(self, plan: Plan) -> Plan:
        """See `ports.Lever`."""
        return undo_flag(plan)

    def _read(self, bound: LaunchDarklyLever.Binding) -> tuple[str, dict[str, str]]:
        """State and detail of the flag in the environment. Raises ProviderError."""
        query = {"env": bound.environment}
        answer = self._http.read(bound.path, "flag", params=query, expect=(HTTPStatus.NOT_FOUND,))
        flag = {} if answer.status == HTTPStatus.NOT_FOUND else answer.object()
        environments = flag.get("environments")
        seen = environments.get(bound.environment) if isinstance(environments, dict) else None
        if not isinstance(seen, dict) or not isinstance(seen.get("on"), bool):
            raise ProviderError(
                f"{self.name} has no {bound.words}.",
                "Compare the lever's binding with the keys in LaunchDarkly.",
                kind=Kind.PERMANENT,
            )
        if flag.get("archived"):
            raise ProviderError(
                f"The {bound.words} is archived.", "Restore it in LaunchDarkly first.", kind=Kind.PERMANENT
            )
        rules = {key: seen.get(key) for key in RULES}
        digest = sha256(json.dumps(rules, sort_keys=True).encode()).hexdigest()[:16]
        return ("on" if seen["on"] else "off"), {TARGETING: digest, OFF_SERVES: _served(flag, seen)}

    def _refused(self, bound: LaunchDarklyLever.Binding, answer: Answer) -> ProviderError:
        """What LaunchDarkly means by the refusals that are its own."""
        if answer.status == HTTPStatus.METHOD_NOT_ALLOWED:
            return ProviderError(
                f"LaunchDarkly asks for an approval of its own in {bound.environment}; nothing was changed.",
                f"Let the role of `providers.{self.name}.token` bypass it there, or ask for it in LaunchDarkly.",
                code="approval_required",
                kind=Kind.PERMANENT,
            )
        if answer.status == HTTPStatus.CONFLICT:
            return ProviderError(
                f"Somebody changed the {bound.words} at the same moment; nothing was changed.", "It is tried again."
            )
        refusal = self._http.refusal(answer, "switch flag", write=True)
        return ProviderError(
            refusal.sentence,
            "Where a scheduled change or an open approval would fail by it, end that, or write `ignore_conflicts`.",
            code="provider_refused",
            kind=Kind.PERMANENT,
        )


def _served(flag: Mapping[str, Any], seen: Mapping[str, Any]) -> str:
    """What is served while the flag is off, as JSON text or by its name; empty where the flag does not say."""
    number, variations = seen.get("offVariation"), flag.get("variations")
    if not isinstance(number, int) or not isinstance(variations, list) or not 0 <= number < len(variations):
        return ""
    variation = variations[number]
    value = json.dumps(variation.get("value"), sort_keys=True)
    return str(variation.get("name") or (value if len(value) <= 40 else f"variation {number}"))


def _q(text: str) -> str:
    return quote(text, safe="")
