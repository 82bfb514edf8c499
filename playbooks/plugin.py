"""The one module a provider author imports: the port, its values, the errors, and small pure helpers.

A lever is a class whose constructor takes `(name: str, settings: Mapping[str, Any], tools: Tools)` and which implements
`Lever`; a publisher is one that implements `Publisher`. It may declare `maturity` (a `Maturity`) and `tested_with` (the
versions of the real service it was run against). Built-in ones are named in `bot.providers.registry` and
`bot.providers.publishing`; one from outside is found through an entry point of the group `muster.levers` or
`muster.publishers`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import Any, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from playbooks.domain.actions import Described, Mark, Maturity, Outcome, Plan, Verification, Version
from playbooks.domain.alerts import Alert, AlertStatus, Change
from playbooks.domain.clocks import say_span
from playbooks.domain.errands import KEY as BY_HAND
from playbooks.domain.errands import Errand, errand_of
from playbooks.domain.file_values import Span
from playbooks.domain.publishing import Page, Placed, digest_of
from playbooks.errors import (
    ConfigError,
    Conflict,
    Denied,
    InputError,
    Kind,
    MusterError,
    OutcomeUnknown,
    ProviderError,
    UnknownName,
)
from playbooks.ports import Canvases, Clock, Lever, Levers, Probe, Publisher, Publishers

__all__ = [
    "BY_HAND",
    "NOTE_TAG",
    "WRITTEN",
    "Alert",
    "AlertStatus",
    "Canvases",
    "Change",
    "Clock",
    "ConfigError",
    "Conflict",
    "Denied",
    "Described",
    "Errand",
    "InputError",
    "Kind",
    "Lever",
    "Levers",
    "Mark",
    "Maturity",
    "MusterError",
    "Outcome",
    "OutcomeUnknown",
    "Page",
    "Placed",
    "Plan",
    "Probe",
    "ProviderError",
    "Publisher",
    "Publishers",
    "Span",
    "Strict",
    "Tools",
    "UnknownName",
    "Verification",
    "Version",
    "alias_target",
    "change_target",
    "datetime_of",
    "digest_of",
    "errand_of",
    "find_version",
    "flag_target",
    "header_of",
    "json_object",
    "mark_words",
    "maturity_of",
    "nearest",
    "own_note",
    "parse_binding",
    "parse_destination",
    "parse_settings",
    "plan_flag",
    "plan_version",
    "require",
    "say_span",
    "undo_flag",
    "undo_version",
    "version_name",
]

FLAG_STATES = ("on", "off")
NOTE_TAG = "muster.note"
WRITTEN = "the destination's `to` under `publish:` in muster.yaml"
"""What a person compares after a place has refused a document."""


@dataclass(frozen=True, slots=True)
class Tools:
    """What a provider is given from outside.

    Attributes:
        clock: the time. probe: what tests hang on to, None in production. levers: the other configured ones, for one
            that has its effect read by another. canvases: Slack's, for what is published there; None without Slack.
    """

    clock: Clock
    probe: Probe | None = None
    levers: Levers | None = None
    canvases: Canvases | None = None


def maturity_of(lever: type[Any]) -> Maturity:
    """What a lever's class declares; one that declares nothing counts as proven where it names what it ran against."""
    declared = getattr(lever, "maturity", None)
    if isinstance(declared, Maturity):
        return declared
    return Maturity.PROVEN if getattr(lever, "tested_with", "") else Maturity.UNPROVEN


# ---------------------------------------------------------------- bindings and settings


class Strict(BaseModel):
    """Base of bindings and settings: unknown keys and wrong types are errors, values don't change."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)


Parsed = TypeVar("Parsed", bound=Strict)


class _Where(Protocol):
    def __call__(self, key: str) -> str: ...


def nearest(word: str, known: Iterable[str]) -> tuple[str, ...]:
    """At most three names that look like `word`, best first."""
    return tuple(get_close_matches(word, list(known), n=3, cutoff=0.5))


def require(binding: Mapping[str, Any], key: str) -> str:
    """A text that must be in a binding. Raises ConfigError that names the key."""
    value = binding.get(key)
    if not isinstance(value, str) or not value.strip():
        raise ConfigError(f"The lever's binding has no {key}.", f"Write `{key}: …` under the component's lever.")
    return value


def parse_binding(model: type[Parsed], provider: str, binding: Mapping[str, Any]) -> Parsed:
    """A component's lever entry as a typed value. Raises ConfigError: one sentence that names the first wrong key."""
    if "debt" not in model.model_fields:  # Muster's own key: which kind of debt the lever makes
        binding = {key: value for key, value in binding.items() if key != "debt"}
    return _parse(model, binding, lambda key: f"The {provider} lever's `{key}`")


def parse_destination(model: type[Parsed], provider: str, to: Mapping[str, Any]) -> Parsed:
    """The `to` of an entry under `publish:` in muster.yaml, typed. Raises ConfigError that names the wrong key."""
    return _parse(model, to, lambda key: f"`to.{key}` of the publisher {provider}")


def parse_settings(model: type[Parsed], provider: str, settings: Mapping[str, Any]) -> Parsed:
    """An entry under `providers:` in muster.yaml, typed. Raises ConfigError that names the key, never the value."""
    return _parse(model, settings, lambda key: f"`providers.{provider}.{key}`")


def _parse(model: type[Parsed], data: Mapping[str, Any], where: _Where) -> Parsed:
    try:
        return model.model_validate(dict(data))
    except ValidationError as bad:
        first = bad.errors(include_url=False, include_input=False, include_context=False)[0]
        key = ".".join(str(part) for part in first["loc"]) or "entry"
        known = [field.alias or name for name, field in model.model_fields.items()]
        if first["type"] == "missing":
            raise ConfigError(f"{where(key)} is missing.", f"Known keys: {', '.join(known)}.") from None
        if first["type"] == "extra_forbidden":
            close = nearest(key, known)
            hint = f"Did you mean `{close[0]}`?" if close else f"Known keys: {', '.join(known)}."
            raise ConfigError(f"{where(key)} is not known.", hint) from None
        raise ConfigError(
            f"{where(key)} cannot be used: {_lower(first['msg'])}.", "Correct it and check again."
        ) from None


def _lower(text: str) -> str:
    text = text.removeprefix("Value error, ")
    return text[:1].lower() + text[1:]


# ---------------------------------------------------------------- webhooks


def header_of(headers: Mapping[str, str], name: str) -> str:
    """A header's value whatever its case, empty when absent."""
    wanted = name.lower()
    return next((value for key, value in headers.items() if key.lower() == wanted), "")


def json_object(body: bytes, *, source: str) -> dict[str, Any]:
    """A body as a JSON object. Raises InputError."""
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        raise InputError(f"The body from {source} is not JSON.") from None
    if not isinstance(data, dict):
        raise InputError(f"The body from {source} is JSON, but no object.")
    return data


# ---------------------------------------------------------------- words


def version_name(version: str) -> str:
    """A version for people: `v42` for `42`, else as the provider names it."""
    return f"v{version}" if version.isdigit() else version or "nothing"


def alias_target(model: str, alias: str) -> str:
    """What a plan on a registry alias is about: `fraud-scorer@champion`."""
    return f"{model}@{alias}"


def flag_target(project: str, flag: str, environment: str) -> str:
    """What a plan on a flag is about: `default/auto-decline@production`."""
    return f"{project}/{flag}@{environment}"


def change_target(change: Change) -> str:
    """The `Plan.target` a change is about, to recognise the echo of one's own action."""
    if change.kind == "flag" and change.environment:
        return f"{change.subject}@{change.environment}"
    return change.subject


def own_note(change: Change) -> bool:
    """Whether a change is only the note that a lever leaves beside its work (the tag `muster.note`)."""
    return change.kind in ("model_tag", "prompt_tag") and change.after.startswith(f"{NOTE_TAG}=")


def datetime_of(text: str | None) -> datetime | None:
    """An ISO 8601 time as UTC; None for nothing, for what cannot be read and for a time without a zone."""
    try:
        at = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return at.astimezone(UTC) if at.tzinfo else None


def _day(at: datetime) -> str:
    return f"{at.day} {at:%b}"


def mark_words(version: Version) -> str:
    """What is recorded about a version: `marked good on 2 Nov (evaluation 0.941)`; empty when nothing is."""
    if version.mark is None:
        return ""
    when = f" on {_day(version.marked_at)}" if version.marked_at else ""
    why = f" ({version.mark_note})" if version.mark_note else ""
    return f"marked {version.mark.value}{when}{why}"


# ---------------------------------------------------------------- plans


def find_version(described: Described, after: str, *, where: str) -> Version:
    """The candidate named `after`; `v42` finds `42`. Raises UnknownName with the nearest candidates."""
    by_id = {version.id: version for version in described.versions}
    for name in (after, after.removeprefix("v")):
        if name in by_id:
            return by_id[name]
    close = nearest(after.removeprefix("v"), by_id) or tuple(list(by_id)[:3])
    raise UnknownName(
        f"{where} has no version {version_name(after)}.",
        f"Candidates: {', '.join(version_name(name) for name in close)}." if close else "It has no versions at all.",
        nearest=close,
    )


def plan_version(
    provider: str, target: str, described: Described, after: str, *, proof: str, takes: int, verify_within: int
) -> Plan:
    """The plan to another version; it replaces `{}` in `proof`. Raises Conflict for a no-op, UnknownName."""
    version = find_version(described, after, where=target)
    if version.id == described.state:
        raise Conflict(f"{target} already points to {version_name(version.id)}; there is nothing to do.")
    words = mark_words(version)
    warning = ""
    if version.mark is Mark.BAD:
        warning = f"{version_name(version.id)} is {words}."
    elif version.mark is None:
        warning = f"Nothing is recorded about whether {version_name(version.id)} is good."
    return Plan(
        provider=provider,
        target=target,
        before=described.state,
        after=version.id,
        detail=dict(described.detail),
        proof=proof.replace("{}", version_name(version.id)),
        takes=takes,
        note=words,
        warning=warning,
        verify_within=verify_within,
    )


def undo_version(plan: Plan) -> Plan:
    """The plan back to the version before; a before-state of "nothing" is restored as nothing."""
    proof = plan.proof.replace(version_name(plan.after), version_name(plan.before))
    return replace(plan, before=plan.after, after=plan.before, proof=proof, note="", warning="")


def plan_flag(
    provider: str, target: str, described: Described, after: str, *, proof: str, takes: int, verify_within: int
) -> Plan:
    """The plan to `on` or `off`; it replaces `{}` in `proof`. Raises Conflict for a no-op, InputError."""
    if after not in FLAG_STATES:
        raise InputError(f"A flag can be on or off, not {after!r}.", "Ask for on or off.")
    if after == described.state:
        raise Conflict(f"{target} is already {after}; there is nothing to do.")
    return Plan(
        provider=provider,
        target=target,
        before=described.state,
        after=after,
        detail=dict(described.detail),
        proof=proof.replace("{}", after),
        takes=takes,
        verify_within=verify_within,
    )


def undo_flag(plan: Plan) -> Plan:
    """The plan back; `detail` stays, so what belongs to the before-state (strategies) is what must stand afterwards."""
    proof = plan.proof.replace(f"reads {plan.after}", f"reads {plan.before}")
    return replace(plan, before=plan.after, after=plan.before, proof=proof, note="", warning="")
