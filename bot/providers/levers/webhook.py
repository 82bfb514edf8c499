"""A system of one's own over signed webhooks: the binding declares how it is read, changed, brought back and proved.

Each request is signed as Standard Webhooks does it. A change carries an idempotency key that is the same whenever the
same action sends it again, in the headers `webhook-id` and `Idempotency-Key`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from typing import Any

from pydantic import Field, model_validator

from bot.providers.bound import BoundLever, OverHttp
from bot.providers.declared import (
    Busy,
    Listing,
    Pointer,
    ReadRequest,
    Scalar,
    WriteRequest,
    filled,
    filled_path,
    pointed,
    same,
    text_of,
)
from bot.providers.signed import SignedSettings, signed_caller
from bot.providers.signing import ID
from playbooks.plugin import (
    Conflict,
    Described,
    InputError,
    Kind,
    Mark,
    Maturity,
    Outcome,
    Plan,
    ProviderError,
    Strict,
    Tools,
    Verification,
    Version,
    plan_flag,
    plan_version,
    undo_flag,
    undo_version,
    version_name,
)

STATES = ("on", "off")
READ_ONLY = "This webhook's binding declares no change, so it can only read."
NOT_KNOWN = "What stood there before is not known, so it cannot be brought back."


class WebhookLever(OverHttp, BoundLever["WebhookLever.Binding"]):
    """Any system that takes signed webhooks: a switch, or a version that is served."""

    tested_with = "Standard Webhooks 1.0 receivers over HTTP"
    maturity = Maturity.PROVEN

    Settings = SignedSettings

    class Binding(Strict):
        """What is declared of one target.

        Attributes:
            values: for a switch, which JSON value means `on` and which `off`; one left out is any other value.
            versions, candidates: for a version, where one may go to: a list, or where to read it.
            undo: the way back to `on` where it is another request than `change`. verify: where the effect shows.
            keep: named values of the read answer that stand in `{kept.name}` on the way back, and must be back then.
            busy: how the read answer says that a change is still under way.
        """

        target: str = Field(min_length=1)
        read: ReadRequest
        change: WriteRequest | None = None
        undo: WriteRequest | None = None
        verify: ReadRequest | None = None
        values: dict[str, Scalar] = Field(default_factory=dict)
        versions: list[str] = Field(default_factory=list)
        candidates: Listing | None = None
        keep: dict[str, Pointer] = Field(default_factory=dict)
        busy: Busy | None = None
        takes: int = Field(default=10, ge=1)
        verify_within: int = Field(default=120, ge=1)

        @property
        def switch(self) -> bool:
            """Whether it is on or off; else it has versions."""
            return bool(self.values)

        def request_to(self, after: str) -> WriteRequest | None:
            """The request that leads to a state."""
            return self.undo if after == "on" and self.undo is not None else self.change

        @model_validator(mode="after")
        def _fits_together(self) -> WebhookLever.Binding:
            if set(self.values) - set(STATES):
                raise ValueError("`values` names on and off alone; a version stands in the answer as it is")
            if self.switch and (self.versions or self.candidates):
                raise ValueError("write either `values` for a switch, or versions")
            if self.keep and not self.switch:
                raise ValueError("`keep` is for a switch; a version is brought back by its name")
            for request in (self.read, self.verify, self.candidates):
                if request is not None and request.places - {"target", "after"}:
                    raise ValueError("a request that reads takes {target} alone, and `verify` {after} too")
            for after in STATES if self.switch else ():
                self._placed(after)
            return self

        def _placed(self, after: str) -> None:
            request = self.request_to(after)
            places = request.places if request is not None else frozenset()
            if "value" in places and after not in self.values:
                raise ValueError(f"a request uses {{value}}, and `values` does not say what {after} is")
            lacking = sorted(p for p in places if p.startswith("kept.") and p.removeprefix("kept.") not in self.keep)
            if lacking:
                raise ValueError(f"{{{lacking[0]}}} is not declared in `keep`")

    def __init__(self, name: str, settings: Mapping[str, Any], tools: Tools) -> None:
        self.name = name
        self._http = signed_caller(name, settings, tools)

    def describe(self, binding: Mapping[str, Any]) -> Described:
        """See `ports.Lever`. `detail` has the values to keep, as JSON text."""
        bound = self._parse(binding)
        answer = self._read(bound, bound.read, "read")
        return Described(self._state(bound, bound.read, answer), self._versions(bound), self._kept(bound, answer))

    def plan(self, binding: Mapping[str, Any], described: Described, after: str) -> Plan:
        """See `ports.Lever`. Raises InputError where nothing is declared that could change it."""
        bound = self._parse(binding)
        if bound.change is None:
            raise InputError(READ_ONLY, "Declare `change` in the lever's binding, or use it as another lever's check.")
        proof = f"{self.name} answers {{}} for {bound.target}" + (", and its effect is read" if bound.verify else "")
        if not bound.switch:
            return plan_version(
                self.name,
                bound.target,
                described,
                after,
                proof=proof,
                takes=bound.takes,
                verify_within=bound.verify_within,
            )
        if after == "on":
            described = replace(described, detail={})  # what is there while it is off is nothing to bring back
        plan = plan_flag(
            self.name, bound.target, described, after, proof=proof, takes=bound.takes, verify_within=bound.verify_within
        )
        request = bound.request_to(after)
        if request is not None and after == "on" and any(place.startswith("kept.") for place in request.places):
            raise InputError(NOT_KNOWN, f"Switch {bound.target} on by hand.")
        return plan

    def apply(self, binding: Mapping[str, Any], plan: Plan, *, note: str) -> None:
        """See `ports.Lever`. Raises Conflict when the state is neither the one before nor the one wanted."""
        bound = self._parse(binding)
        request = bound.request_to(plan.after)
        if request is None:
            raise InputError(READ_ONLY)
        answer = self._read(bound, bound.read, "read")
        now = self._state(bound, bound.read, answer)
        if now == plan.after and not self._other_than_kept(bound, plan, answer):
            return
        if now not in (plan.before, plan.after):
            raise Conflict(f"{plan.target} is {_say(now)} by now, not {_say(plan.before)}; nothing was changed.")
        key = _key(self.name, plan, note)
        kept = {f"kept.{name}": json.loads(text) for name, text in plan.detail.items()}
        words = {
            "target": bound.target,
            "before": plan.before,
            "after": plan.after,
            "value": bound.values.get(plan.after, plan.after),
            "note": note,
            "key": key,
            **kept,
        }
        self._http.write(
            request.method,
            filled_path(request.path, words),
            f"to {plan.after}",
            body=filled(request.body, words),
            headers={ID: key, "Idempotency-Key": key},
        )

    def verify(self, binding: Mapping[str, Any], plan: Plan) -> Verification:
        """See `ports.Lever`."""
        bound = self._parse(binding)
        answer = self._read(bound, bound.read, "read")
        now = self._state(bound, bound.read, answer)
        facts = {"state": now}
        if now != plan.after:
            said = f"{self.name} answers {_say(now)} for {bound.target}, not {_say(plan.after)}"
            under_way = bound.busy is not None and self._busy(bound.busy, answer)
            if under_way:
                return Verification(Outcome.NOT_YET, f"{said}; the change is still under way", facts)
            return Verification(Outcome.CONTRADICTED, said, facts)
        other = self._other_than_kept(bound, plan, answer)
        if other:
            return Verification(
                Outcome.CONTRADICTED, f"{bound.target} is {now}, with another {other} than before", facts
            )
        if bound.busy is not None and self._busy(bound.busy, answer):
            return Verification(Outcome.NOT_YET, f"{bound.target} reads {_say(now)}, and is still under way", facts)
        return self._effect(bound, plan, facts)

    def mark(self, binding: Mapping[str, Any], version: str, mark: Mark, *, note: str) -> None:
        """Nothing is declared for marks; Muster keeps its own."""

    def undo(self, plan: Plan) -> Plan:
        """See `ports.Lever`."""
        if plan.after not in STATES:
            return undo_version(plan)
        undone = undo_flag(plan)
        return replace(undone, proof=undone.proof.replace(f"answers {plan.after}", f"answers {plan.before}"))

    def _read(self, bound: WebhookLever.Binding, request: ReadRequest | Listing, what: str, after: str = "") -> Any:
        words = {"target": bound.target, "after": after}
        return self._http.read(
            filled_path(request.path, words), what, method=request.method, body=filled(request.body, words)
        ).json()

    def _state(self, bound: WebhookLever.Binding, request: ReadRequest, answer: Any) -> str:
        found = pointed(answer, request.value, provider=self.name)
        if isinstance(found, dict | list):
            raise _no_state(self.name, request.value)
        if not bound.switch:
            return text_of(found)
        for state, wanted in bound.values.items():
            if same(found, wanted):
                return state
        rest = [state for state in STATES if state not in bound.values]
        if not rest:
            raise _no_state(self.name, request.value)
        return rest[0]

    def _versions(self, bound: WebhookLever.Binding) -> tuple[Version, ...]:
        if bound.candidates is None:
            return tuple(Version(name) for name in bound.versions)
        rows = pointed(self._read(bound, bound.candidates, "versions"), bound.candidates.items, provider=self.name)
        if not isinstance(rows, list):
            raise _no_state(self.name, bound.candidates.items)
        return tuple(Version(text_of(pointed(row, bound.candidates.id, provider=self.name))) for row in rows)

    def _kept(self, bound: WebhookLever.Binding, answer: Any) -> dict[str, str]:
        found = {name: pointed(answer, pointer, provider=self.name) for name, pointer in bound.keep.items()}
        return {name: json.dumps(value, sort_keys=True) for name, value in found.items()}

    def _other_than_kept(self, bound: WebhookLever.Binding, plan: Plan, answer: Any) -> str:
        """The first kept value that is not back on the way to `on`; empty when all are."""
        if plan.after != "on" or not plan.detail:
            return ""
        now = self._kept(bound, answer)
        return next((name for name, value in plan.detail.items() if now.get(name) != value), "")

    def _busy(self, busy: Busy, answer: Any) -> bool:
        found = pointed(answer, busy.value, provider=self.name)
        return any(same(found, wanted) for wanted in busy.among)

    def _effect(self, bound: WebhookLever.Binding, plan: Plan, facts: Mapping[str, str]) -> Verification:
        """The effect where it is declared; what cannot be read there yet is "not yet", never an error."""
        said = f"{self.name} answers {_say(plan.after)} for {bound.target}"
        if bound.verify is None:
            return Verification(Outcome.CONFIRMED, said, facts)
        try:
            answer = self._read(bound, bound.verify, "effect", plan.after)
            shown = self._state(bound, bound.verify, answer)
        except ProviderError as failed:
            return Verification(Outcome.NOT_YET, f"{said}, but {failed.sentence.rstrip('.')}", facts)
        if shown != plan.after:
            return Verification(
                Outcome.NOT_YET, f"{said}, but its effect still reads {_say(shown)}", {**facts, "effect": shown}
            )
        return Verification(
            Outcome.CONFIRMED, f"{said}, and its effect reads {_say(shown)}", {**facts, "effect": shown}
        )


def _say(state: str) -> str:
    return state if state in STATES else version_name(state)


def _key(name: str, plan: Plan, note: str) -> str:
    """The same for the same action sent again; another for every other action, as its note has its number."""
    what = "\n".join((name, plan.target, plan.before, plan.after, note))
    return f"msg_{sha256(what.encode()).hexdigest()[:32]}"


def _no_state(provider: str, pointer: str) -> ProviderError:
    return ProviderError(
        f"What {provider} answers at {pointer or 'its top'} is none of the values that were declared.",
        "Compare `values` and the pointers in the lever's binding with what it answers.",
        kind=Kind.PERMANENT,
    )
