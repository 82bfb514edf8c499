"""What ran at a moment: model, prompt, data, evaluation, guardrail, automation and fallback, each with its source."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from playbooks.domain.actions import Described, Mark, version_name
from playbooks.domain.ownership_file import Component

MODEL = "Model"
PROMPT = "Prompt or configuration"
DATA = "Data, features or index"
EVALUATION = "Evaluation suite"
GUARDRAIL = "Guardrail"
AUTOMATION = "Automation level"
FALLBACK = "Fallback"
CATEGORIES = (MODEL, PROMPT, DATA, EVALUATION, GUARDRAIL, AUTOMATION, FALLBACK)

READ, REGISTERED, REMEMBERED = "read", "registered", "recorded by Muster"
NO_LEVER, NOT_REGISTERED, NOT_SET = "no lever bound", "not registered", "nothing is set"
NOT_ASKED = "not asked: the time to read was over"
REGISTRY = "registry"

_OF_KIND = {
    "model": MODEL,
    "agent": MODEL,
    "service": PROMPT,
    "prompt": PROMPT,
    "dataset": DATA,
    "feature-pipeline": DATA,
    "retriever": DATA,
    "automation": AUTOMATION,
}
_OF_KEY = {"model": MODEL, "prompt": PROMPT, "index": DATA}


class Moment(StrEnum):
    """When the state is looked at."""

    DECLARED = "declared"
    ACTION = "action"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True)
class StateFact:
    """One fact of a snapshot.

    Attributes:
        category: one of `CATEGORIES`. subject: lever target or component id, empty for what no component has.
        value: as the provider names it (`43`, `on`); empty where it is not known.
        source: provider of the lever, or `registry`.
        read: `read`, `registered` or `recorded by Muster`; where `value` is empty, why it is not known.
    """

    category: str
    subject: str
    value: str
    source: str
    read: str

    @property
    def known(self) -> bool:
        """Whether there is a value."""
        return bool(self.value)

    def as_json(self) -> dict[str, str]:
        """The row of an event's payload."""
        return {
            "category": self.category,
            "subject": self.subject,
            "value": self.value,
            "from": self.source,
            "read": self.read,
        }

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> StateFact:
        """The inverse of `as_json`; what is missing or no text is empty."""
        found = (row.get(key) for key in ("category", "subject", "value", "from", "read"))
        return cls(*(text if isinstance(text, str) else "" for text in found))


def category_of(component: Component, lever: str, binding: Mapping[str, Any]) -> str:
    """What a lever of a component tells of; empty for one that is no part of the AI system (a muted alert)."""
    if lever == "disable":
        debt = str(binding.get("debt", ""))
        return "" if debt == "muted_alert" else GUARDRAIL if debt.startswith("guardrail") else AUTOMATION
    named = next((category for key, category in _OF_KEY.items() if binding.get(key)), "")
    # MLflow keeps prompts and indexes as models, too: what the component is tells more than that word.
    return named if named in (PROMPT, DATA) else _OF_KIND.get(component.kind, named or MODEL)


def facts_read(
    component: Component, category: str, subject: str, provider: str, described: Described
) -> list[StateFact]:
    """What one reading of a lever tells: what is set, what answers where that differs, and how it was evaluated."""
    how = REMEMBERED if described.unread else READ
    nothing = "nothing is recorded, and nothing reads it" if described.unread else NOT_SET
    found = [StateFact(category, subject, described.state, provider, how if described.state else nothing)]
    if described.served and described.served != described.state:
        found.append(StateFact(category, f"{subject} answering", described.served, provider, READ))
    version = next((v for v in described.versions if v.id == described.state), None)
    if version is not None and version.mark is not None:
        note = f": {version.mark_note}" if version.mark_note else ""
        word = "marked good" if version.mark is Mark.GOOD else "marked bad"
        value = f"{version_name(version.id)} {word}{note}"
        found.append(StateFact(EVALUATION, component.id, value, provider, how))
    return found


def facts_registered(component: Component) -> list[StateFact]:
    """What the registry says of a component: its fallback and the facts its owners keep there."""
    kept = component.ai_state
    named = (
        (MODEL, "model", kept.model),
        (PROMPT, "prompt", kept.prompt),
        (DATA, "data", kept.data),
        (DATA, "freshness promise", kept.freshness),
        (EVALUATION, "suite", kept.evaluation),
        (GUARDRAIL, "profile", kept.guardrail),
        (AUTOMATION, "level", kept.automation or ""),
    )
    found = [StateFact(c, f"{component.id} {what}", text, REGISTRY, REGISTERED) for c, what, text in named if text]
    fallback = component.fallback
    found.append(StateFact(FALLBACK, component.id, fallback, REGISTRY, REGISTERED if fallback else NOT_REGISTERED))
    return found


def completed(component: Component, facts: Sequence[StateFact]) -> list[StateFact]:
    """The facts in order of category, with a row that says why for each category nothing is known of."""
    named = {fact.category for fact in facts}
    absent = [StateFact(c, component.id, "", REGISTRY, NO_LEVER) for c in CATEGORIES if c not in named]
    return sorted([*facts, *absent], key=lambda fact: CATEGORIES.index(fact.category))


def state_facts(
    moment: Moment, action: int | None, facts: Sequence[StateFact], *, component: Component, registry: str, why: str
) -> dict[str, Any]:
    """Payload of a `state` event; `why` says why it was read later than it should have been, empty when in time."""
    return {
        "moment": moment.value,
        "action": action,
        "component": component.id,
        "rows": [fact.as_json() for fact in facts],
        "registry": registry,
        "tier": component.tier or 0,
        "accountable": component.accountable,
        "stages": dict(component.stages.owners()),
        "why": why,
    }
