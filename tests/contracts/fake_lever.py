"""A lever without a system behind it, for simulations: the world is plain data and outlives every lever object."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from playbooks.plugin import (
    Clock,
    Conflict,
    Described,
    Kind,
    Mark,
    Outcome,
    OutcomeUnknown,
    Plan,
    Probe,
    ProviderError,
    Verification,
    Version,
    alias_target,
    flag_target,
    plan_flag,
    plan_version,
    require,
    undo_flag,
    undo_version,
    version_name,
)

Listener = Callable[[Mapping[str, str]], None]


class FakeFault(StrEnum):
    """What goes wrong."""

    DOWN = "down"  # cannot be reached: ProviderError, nothing happened
    RATE_LIMITED = "rate_limited"  # ProviderError with retry_after 7
    DENIED = "denied"  # the credential is refused: ProviderError, permanent
    LOST_BEFORE = "lost_before"  # a write vanishes on its way: OutcomeUnknown, nothing happened
    LOST_AFTER = "lost_after"  # a write takes effect and its answer is lost: OutcomeUnknown
    LIE = "lie"  # a write is answered with success and nothing happened
    STUCK = "stuck"  # the serving side never follows


@dataclass
class FakeModel:
    """A registered model. `served_since`: moves of the alias as (time, version), oldest first."""

    versions: dict[str, Version]
    alias: dict[str, str] = field(default_factory=dict)
    moves: list[tuple[datetime, str]] = field(default_factory=list)


@dataclass
class FakeWorld:
    """Everything outside: models, flags, what was called and what took effect.

    Attributes:
        flags: `project/flag@environment` -> on or off. reload: how long the serving side takes to follow.
        calls: every call as (method, target, argument). effects: every change made, as (target, before, after).
        listener: told of every effect in the body form of the generic change reader (the echo), may be None.
    """

    clock: Clock
    reload: timedelta = timedelta(0)
    models: dict[str, FakeModel] = field(default_factory=dict)
    flags: dict[str, str] = field(default_factory=dict)
    calls: list[tuple[str, str, str]] = field(default_factory=list)
    effects: list[tuple[str, str, str]] = field(default_factory=list)
    listener: Listener | None = None
    _faults: list[tuple[FakeFault, str, int | None]] = field(default_factory=list)
    _frozen: dict[str, str] = field(default_factory=dict)

    # scripting

    def add_model(self, name: str, *versions: Version, champion: str, alias: str = "champion") -> None:
        """Add a model; versions newest first; its alias has pointed to `champion` for long."""
        long_ago = self.clock.now() - timedelta(days=30)
        known = {version.id: version for version in versions}
        self.models[name] = FakeModel(known, {alias: champion}, [(long_ago, champion)])

    def fail(self, fault: FakeFault, *, on: str = "", times: int | None = None) -> None:
        """Put a fault in force, for one method only (`on`), so many times (None: until cleared)."""
        if fault is FakeFault.STUCK:
            self._frozen = {name: self.served(name) for name in self.models}
        self._faults.append((fault, on, times))

    def clear(self) -> None:
        """End all faults."""
        self._faults.clear()
        self._frozen.clear()

    def set_alias(self, model: str, version: str, *, alias: str = "champion", by: str = "somebody") -> None:
        """Somebody else moves the alias; an empty version removes it."""
        found = self.models[model]
        before = found.alias.get(alias, "")
        found.alias[alias] = version
        if version:
            found.moves.append((self.clock.now(), version))
        self._effect("model_alias", alias_target(model, alias), "", before, version, by)

    def set_flag(self, target: str, state: str, *, by: str = "somebody") -> None:
        """Somebody else switches a flag (`project/flag@environment`)."""
        before = self.flags.get(target, "off")
        self.flags[target] = state
        subject, _, environment = target.rpartition("@")
        self._effect("flag", subject, environment, before, state, by)

    def served(self, model: str) -> str:
        """The version the serving side answers with now."""
        if model in self._frozen:
            return self._frozen[model]
        seen = self.clock.now() - self.reload
        return next((version for at, version in reversed(self.models[model].moves) if at <= seen), "")

    # used by FakeLever

    def take(self, *wanted: FakeFault, on: str) -> FakeFault | None:
        """The first of these faults in force for a method; uses one of its times up."""
        for index, (fault, only, times) in enumerate(self._faults):
            if fault in wanted and only in ("", on):
                if times is not None:
                    self._faults[index : index + 1] = [(fault, only, times - 1)] if times > 1 else []
                return fault
        return None

    def _effect(self, kind: str, subject: str, environment: str, before: str, after: str, by: str) -> None:
        if before == after:
            return
        target = f"{subject}@{environment}" if environment else subject
        self.effects.append((target, before, after))
        if self.listener is not None:
            told = {
                "id": f"fake-{len(self.effects)}",
                "kind": kind,
                "subject": subject,
                "before": before,
                "after": after,
            }
            self.listener({**told, "environment": environment, "at": self.clock.now().isoformat(), "by": by})


class FakeLever:
    """Implements `ports.Lever` over a `FakeWorld`; holds nothing itself.

    Binding: `model` (and `alias`, default champion) or `flag` (with `project`, default default, and `environment`,
    default production).
    """

    def __init__(self, world: FakeWorld, name: str = "fake", probe: Probe | None = None) -> None:
        self.name = name
        self._world = world
        self._probe = probe

    def describe(self, binding: Mapping[str, Any]) -> Described:
        """See `ports.Lever`."""
        target = self._called("describe", binding)
        if "flag" in binding:
            return Described(state=self._flag(target))
        name = require(binding, "model")
        model = self._model(name)
        alias = str(binding.get("alias", "champion"))
        served = self._world.served(name)
        return Described(model.alias.get(alias, ""), tuple(model.versions.values()), {"alias": alias}, served)

    def plan(self, binding: Mapping[str, Any], described: Described, after: str) -> Plan:
        """See `ports.Lever`."""
        target = _target(binding)
        self._world.calls.append(("plan", target, after))
        build = plan_flag if "flag" in binding else plan_version
        proof = "the flag reads {}" if "flag" in binding else "20 answers in a row carry {}"
        return build(self.name, target, described, after, proof=proof, takes=5, verify_within=120)

    def apply(self, binding: Mapping[str, Any], plan: Plan, *, note: str) -> None:
        """See `ports.Lever`."""
        target = self._called("apply", binding, plan.after)
        now = self._state(binding)
        if now == plan.after:
            return
        if now != plan.before:
            raise Conflict(
                f"{target} is {now or 'nothing'} by now, not {plan.before or 'nothing'}; nothing was changed."
            )
        spoilt = self._world.take(FakeFault.LOST_BEFORE, FakeFault.LOST_AFTER, FakeFault.LIE, on="apply")
        self._hit(f"before PUT {self.name} {target}")
        if spoilt not in (FakeFault.LOST_BEFORE, FakeFault.LIE):
            self._set(binding, plan.after)
        self._hit(f"after PUT {self.name} {target}")
        if spoilt in (FakeFault.LOST_BEFORE, FakeFault.LOST_AFTER):
            raise OutcomeUnknown(f"{self.name} broke the connection off.", "Its state is read back first.")

    def verify(self, binding: Mapping[str, Any], plan: Plan) -> Verification:
        """See `ports.Lever`."""
        target = self._called("verify", binding, plan.after)
        now = self._state(binding)
        facts = {"state": now}
        if now != plan.after:
            return Verification(Outcome.CONTRADICTED, f"{target} is {now or 'nothing'}, not {plan.after}", facts)
        if "flag" in binding:
            return Verification(Outcome.CONFIRMED, f"the flag reads {now}", facts)
        if not plan.after:
            return Verification(Outcome.CONFIRMED, f"{target} points to nothing", facts)
        served = self._world.served(require(binding, "model"))
        if served != plan.after:
            return Verification(Outcome.NOT_YET, f"0 of 20 answers carry {version_name(plan.after)}", facts)
        return Verification(Outcome.CONFIRMED, f"20 of 20 answers carry {version_name(plan.after)}", facts)

    def mark(self, binding: Mapping[str, Any], version: str, mark: Mark, *, note: str) -> None:
        """See `ports.Lever`."""
        self._called("mark", binding, f"{version} {mark.value}")
        if "flag" in binding:
            return
        model = self._model(require(binding, "model"))
        old = model.versions[version]
        if (old.mark, old.mark_note) != (mark, note):
            now = self._world.clock.now()
            model.versions[version] = Version(version, mark, note, now, old.created_at)

    def undo(self, plan: Plan) -> Plan:
        """See `ports.Lever`."""
        return undo_flag(plan) if plan.after in ("on", "off") else undo_version(plan)

    def _called(self, method: str, binding: Mapping[str, Any], argument: str = "") -> str:
        target = _target(binding)
        self._world.calls.append((method, target, argument))
        match self._world.take(FakeFault.DOWN, FakeFault.RATE_LIMITED, FakeFault.DENIED, on=method):
            case FakeFault.DOWN:
                raise ProviderError(f"{self.name} cannot be reached; nothing was changed.", code="provider_unreachable")
            case FakeFault.RATE_LIMITED:
                raise ProviderError(
                    f"{self.name} takes no more calls for 7 s.", kind=Kind.RATE_LIMITED, retry_after=7.0
                )
            case FakeFault.DENIED:
                raise ProviderError(f"{self.name} does not know our credential.", kind=Kind.PERMANENT)
        return target

    def _state(self, binding: Mapping[str, Any]) -> str:
        if "flag" in binding:
            return self._flag(_target(binding))
        return self._model(require(binding, "model")).alias.get(str(binding.get("alias", "champion")), "")

    def _set(self, binding: Mapping[str, Any], after: str) -> None:
        if "flag" in binding:
            self._world.set_flag(_target(binding), after, by="muster")
        else:
            alias = str(binding.get("alias", "champion"))
            self._world.set_alias(require(binding, "model"), after, alias=alias, by="muster")

    def _model(self, name: str) -> FakeModel:
        if name not in self._world.models:
            raise ProviderError(f"{self.name} has no model {name}.", kind=Kind.PERMANENT)
        return self._world.models[name]

    def _flag(self, target: str) -> str:
        if target not in self._world.flags:
            raise ProviderError(f"{self.name} has no flag {target}.", kind=Kind.PERMANENT)
        return self._world.flags[target]

    def _hit(self, label: str) -> None:
        if self._probe is not None:
            self._probe.hit(label)


class FakeLevers:
    """Implements `ports.Levers`: every provider name is a lever over the same world."""

    def __init__(self, world: FakeWorld, probe: Probe | None = None) -> None:
        self._world = world
        self._probe = probe

    def get(self, provider: str) -> FakeLever:
        """See `ports.Levers`."""
        return FakeLever(self._world, provider, self._probe)


def _target(binding: Mapping[str, Any]) -> str:
    if "flag" in binding:
        project, environment = binding.get("project", "default"), binding.get("environment", "production")
        return flag_target(str(project), require(binding, "flag"), str(environment))
    return alias_target(require(binding, "model"), str(binding.get("alias", "champion")))
