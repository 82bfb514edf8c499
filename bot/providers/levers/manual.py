"""By hand: a named person does what no lever can, and says so with evidence; another lever may read it back.

Nothing is called from here. Muster asks, reminds and waits; what is said to be done stays a claim unless the binding
names a lever that reads the state.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal

from pydantic import Field, field_validator

from bot.providers.bound import BoundLever
from playbooks.plugin import (
    BY_HAND,
    ConfigError,
    Described,
    Errand,
    Lever,
    Mark,
    Maturity,
    Outcome,
    Plan,
    Strict,
    Tools,
    Verification,
    Version,
    errand_of,
    parse_settings,
    plan_flag,
    plan_version,
    undo_flag,
    undo_version,
)

UNREAD = "Nothing reads it back: that it is done will be what a person says, with evidence."


class ManualLever(BoundLever["ManualLever.Binding"]):
    """A person who is asked to do it and says when it is done."""

    tested_with = "people; it calls nothing itself"
    maturity = Maturity.PROVEN

    class Settings(Strict):
        """Nothing: `providers: {manual: {}}`."""

    class Binding(Strict):
        """Who is asked to do what.

        Attributes:
            moves: whether it is switched on and off or has versions. ask, escalate: holders as in a right.
            instructions: what to do, with `{before}` and `{after}`. undo: the same for the way back to on.
            versions: where one may go to; others can be named. verify: another lever's entry, which reads the state.
            remind_every, takes: seconds.
        """

        target: str = Field(min_length=1)
        moves: Literal["switch", "version"] = "switch"
        ask: list[str] = Field(min_length=1)
        escalate: list[str] = Field(default_factory=list)
        instructions: str = Field(min_length=1, max_length=1500)
        undo: str = Field(default="", max_length=1500)
        versions: list[str] = Field(default_factory=list)
        verify: dict[str, Any] | None = None
        remind_every: int = Field(default=600, ge=60)
        takes: int = Field(default=900, ge=1)
        verify_within: int = Field(default=300, ge=1)

        @field_validator("ask", "escalate")
        @classmethod
        def _holders(cls, value: list[str]) -> list[str]:
            for word in value:
                kind, _, name = word.rpartition(":")
                if not name or kind not in ("", "team", "on_call"):
                    raise ValueError(f"{word!r} is no holder; write omar, team:ml-platform or on_call:ml-platform")
            return value

        @property
        def errand(self) -> Errand:
            """What the person is asked."""
            reader = str(self.verify.get("provider", "")) if self.verify else ""
            return Errand(
                tuple(self.ask), self.instructions, tuple(self.escalate), self.undo, self.remind_every, reader
            )

    def __init__(self, name: str, settings: Mapping[str, Any], tools: Tools) -> None:
        self.name = name
        parse_settings(self.Settings, name, settings)
        self._levers = tools.levers

    def check(self, binding: Mapping[str, Any]) -> None:
        """Parse a binding, and the one that reads for it. Raises ConfigError."""
        bound = self._parse(binding)
        reader = self._reader(bound)
        check = getattr(reader[0], "check", None) if reader else None
        if reader is not None and check is not None:
            check(reader[1])

    def describe(self, binding: Mapping[str, Any]) -> Described:
        """See `ports.Lever`. Without a reader nothing is read: Muster's own memory stands in for it."""
        bound = self._parse(binding)
        listed = tuple(Version(name) for name in bound.versions)
        detail = bound.errand.as_detail()
        reader = self._reader(bound)
        if reader is None:
            return Described("", listed, detail, unread=True, open_ended=True)
        read = reader[0].describe(reader[1])
        if bound.moves == "switch":
            return Described(read.state, (), {**read.detail, **detail})
        known = {version.id for version in read.versions}
        versions = (*read.versions, *(version for version in listed if version.id not in known))
        return Described(read.served or read.state, versions, detail, read.served, open_ended=True)

    def plan(self, binding: Mapping[str, Any], described: Described, after: str) -> Plan:
        """See `ports.Lever`."""
        bound = self._parse(binding)
        proof = _proof(bound.errand.reader)
        if bound.moves == "switch":
            if after == "on":  # what the reader sees while it is off is nothing to bring back
                described = replace(described, detail=bound.errand.as_detail())
            build = plan_flag
        else:
            build = plan_version
            if described.open_ended and after not in {version.id for version in described.versions}:
                described = replace(described, versions=(*described.versions, Version(after)))
        plan = build(
            self.name, bound.target, described, after, proof=proof, takes=bound.takes, verify_within=bound.verify_within
        )
        return plan if bound.verify is not None else replace(plan, warning=f"{plan.warning} {UNREAD}".strip())

    def apply(self, binding: Mapping[str, Any], plan: Plan, *, note: str) -> None:
        """Changes nothing: the person does. Raises ProviderError where the reader cannot be reached."""
        reader = self._reader(self._parse(binding))
        if reader is not None:
            reader[0].describe(reader[1])

    def verify(self, binding: Mapping[str, Any], plan: Plan) -> Verification:
        """See `ports.Lever`. Without a reader it is never confirmed."""
        reader = self._reader(self._parse(binding))
        if reader is None:
            return Verification(Outcome.NOT_YET, "nothing reads it back")
        detail = {key: value for key, value in plan.detail.items() if key != BY_HAND}
        return reader[0].verify(reader[1], replace(plan, detail=detail))

    def mark(self, binding: Mapping[str, Any], version: str, mark: Mark, *, note: str) -> None:
        """Nobody keeps marks here; Muster has its own."""

    def undo(self, plan: Plan) -> Plan:
        """See `ports.Lever`."""
        if plan.after not in ("on", "off"):
            return undo_version(plan)
        errand = errand_of(plan)
        proof = _proof(errand.reader if errand is not None else "").replace("{}", plan.before)
        return replace(undo_flag(plan), proof=proof, warning=UNREAD if UNREAD in plan.warning else "")

    def _reader(self, bound: ManualLever.Binding) -> tuple[Lever, dict[str, Any]] | None:
        if bound.verify is None:
            return None
        provider = str(bound.verify.get("provider", ""))
        if not provider or provider == self.name or self._levers is None:
            raise ConfigError(
                f"The {self.name} lever's `verify` names no other lever.",
                "Write it like a lever: `verify: {provider: v2, model: …}`.",
            )
        return self._levers.get(provider), {key: value for key, value in bound.verify.items() if key != "provider"}


def _proof(reader: str) -> str:
    """How it is proved; `{}` is where the state goes."""
    if reader:
        return f"a person says so with evidence, and {reader} reads {{}}"
    return "a person says that it is {}, with evidence; nothing reads it back"
