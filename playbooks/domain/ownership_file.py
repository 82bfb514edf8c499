"""The shape of `ownership.yaml` (api ownership/v1): strict, frozen, one model a thing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Discriminator,
    Field,
    Tag,
    WithJsonSchema,
)
from pydantic.json_schema import SkipJsonSchema

from playbooks.domain.file_values import ID_PATTERN as ID_PATTERN
from playbooks.domain.file_values import Id as Id
from playbooks.domain.file_values import Line, Strict, zone_name
from playbooks.domain.file_values import Span as Span
from playbooks.domain.hours import HOURS_PATTERN, checked_hours
from playbooks.domain.imports_file import PATTERN_WORDS as IMPORT_WORDS
from playbooks.domain.imports_file import ImportEntry
from playbooks.domain.on_call_file import PAGERDUTY_PATTERN, OnCallEntry

SILENT_DEFAULT = timedelta(minutes=10)
_HOLDER_PATTERN = r"^((team|on_call):)?[a-z0-9][a-z0-9-]{0,62}$"
_PATH_PATTERN = r"^(source|name|severity|(labels|annotations)\.[^\s].*)$"
_CLOCK_PATTERN = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"
_LEVER_PATTERN = r"^(rollback|disable)$"
_USER_PATTERN = r"^([UW][A-Z0-9]{2,20})?$"
_CHANNEL_PATTERN = r"^([CG][A-Z0-9]{2,20})?$"
PATTERN_WORDS = {
    _USER_PATTERN: "is no Slack user id such as U01DANA",
    _CHANNEL_PATTERN: "is no Slack channel id such as C01FRAUDML (an id, not a name)",
    PAGERDUTY_PATTERN: "is no PagerDuty id such as PABC123 (an id, not a name)",
    _CLOCK_PATTERN: 'must be a time of day such as "06:30"',
    _LEVER_PATTERN: "is no kind of lever; there are rollback and disable",
    ID_PATTERN: "must be 1 to 63 small letters, digits and dashes",
    _HOLDER_PATTERN: "must be a person's id, `team:…` or `on_call:…`",
    _PATH_PATTERN: "must be source, name, severity, labels.… or annotations.…",
} | IMPORT_WORDS
"""What to say instead of a pattern."""


_TOKEN = re.compile(r"(\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|.)([*+?{])?", re.DOTALL)
_MOST_REPEATS = 3


def _regex(value: str) -> str:
    # A reviewed file, but it runs on text from outside, many times a second: what can take for ever is refused.
    repeats = 0
    choices = [False]  # per open group: whether it leaves a choice, so that repeating it may multiply the ways to match
    for found in _TOKEN.finditer(value):
        token, again = found[1], bool(found[2])
        repeats += again
        if token == "(":
            choices.append(False)
        inner = choices.pop() if token == ")" and len(choices) > 1 else False
        if inner and again:
            raise ValueError("a repeat or a choice inside a repeat can take for ever; write it flat")
        choices[-1] |= inner or again or token == "|"
    if repeats > _MOST_REPEATS:
        raise ValueError(f"more than {_MOST_REPEATS} repeats can take very long")
    try:
        re.compile(value)
    except (re.error, RecursionError, OverflowError) as error:
        raise ValueError(f"is no regular expression: {error}") from error
    return value


HolderText = Annotated[str, Field(pattern=_HOLDER_PATTERN)]
SlackUser = Annotated[str, Field(pattern=_USER_PATTERN)]
Channel = Annotated[str, Field(pattern=_CHANNEL_PATTERN)]
FromKey = SkipJsonSchema[Annotated[str, Field(max_length=0)]]

Kind = Literal["model", "dataset", "feature-pipeline", "retriever", "prompt", "agent", "automation", "service"]
LeverKind = Annotated[str, Field(pattern=_LEVER_PATTERN)]
HoursText = Annotated[
    str,
    AfterValidator(checked_hours),
    WithJsonSchema({"type": "string", "pattern": HOURS_PATTERN, "examples": ["mon-fri 09:00-18:00 Europe/Vienna"]}),
]
IfSilent = Literal["deputy", "escalate", "act_and_tell"]
STAGES = ("data", "training", "serving", "product")


class Person(Strict):
    """A person: one registry id with Slack id and e-mail."""

    id: FromKey = ""
    slack: SlackUser = ""
    """Slack user id."""
    email: Annotated[str, Field(pattern=r"^([^@\s<>]+@[^@\s<>]+)?$", max_length=254)] = ""
    name: Annotated[str, Field(max_length=80)] = ""
    """Full name, where it differs from the id."""


class Team(Strict):
    """A team with its channel and its on call."""

    id: FromKey = ""
    channel: Channel = ""
    """Slack id of the team's own channel: it is told first."""
    members: tuple[Id, ...] = ()
    on_call: OnCallEntry | None = None
    time_zone: Annotated[str, AfterValidator(zone_name)] | None = None
    """Whose days count for the team's deadlines, such as Europe/Vienna; without it, that of muster.yaml."""


class Stages(Strict):
    """Who owns each stage; every value is a team id."""

    data: Id | None = None
    training: Id | None = None
    serving: Id | None = None
    product: Id | None = None

    def owners(self) -> dict[str, str]:
        """Stage -> team id, in the order of the life of a model; stages nobody owns are left out."""
        return {stage: team for stage in STAGES if (team := getattr(self, stage)) is not None}


class Regex(Strict):
    """The whole value must match (anchored at both ends, as in Alertmanager)."""

    regex: Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_regex)]


class Exists(Strict):
    """The value is there (true) or is not (false)."""

    exists: bool


def _word(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | int):
        return str(value)
    raise ValueError("must be text, a whole number, true or false")


def _form(value: object) -> str:
    if isinstance(value, dict):
        return "~exists" if "exists" in value else "~regex"
    return "~any of" if isinstance(value, list | tuple) else "~word"


Word = Annotated[str, BeforeValidator(_word), WithJsonSchema({"type": ["string", "integer", "boolean"]})]
MatchValue = Annotated[
    Annotated[Word, Tag("~word")]
    | Annotated[tuple[Word, ...], Field(min_length=1, max_length=200), Tag("~any of")]
    | Annotated[Regex, Tag("~regex")]
    | Annotated[Exists, Tag("~exists")],
    Discriminator(_form),
]
MatchPath = Annotated[str, Field(pattern=_PATH_PATTERN, max_length=200)]


class SustainedEntry(Strict):
    """What a breach needs before it opens an incident; everything named must hold. Until then the alert is held."""

    for_: Annotated[Span | None, Field(alias="for")] = None
    """How long it must have lasted, since the first breached window the alert names, else since its start."""
    points: Annotated[int, Field(ge=1, le=1000)] = 1
    """Breached points: as the alert says (`windows: 4 of the last 4`), else counted within the last `within`."""
    within: Span = timedelta(hours=1)
    samples: Annotated[int | None, Field(ge=1)] = None
    """Samples behind the value, where the alert says how many."""


class AlertMatch(Strict):
    """Which alerts are this component's; every condition must hold."""

    match: Annotated[dict[MatchPath, MatchValue], Field(min_length=1, max_length=16)]
    failure: Annotated[str, Field(min_length=1, max_length=60)] | None = None
    """Failure key: one incident is open per component and failure. Without it the alert's name is the key."""
    severity: Annotated[str, Field(min_length=1, max_length=30)] | None = None
    """Severity of the incident, instead of the alert's own."""
    monitor: bool = False
    """Only record what fits, to see what it would do before it is live."""
    sustained: SustainedEntry | None = None
    """One noisy point opens nothing: what a breach needs before it does."""


class ExpectedEntry(Strict):
    """A signal that must come again and again: a training, an evaluation, a pipeline's run. A missing one is an alert.

    It comes by `POST /heartbeats/<component>/<signal>`, as an alert that fits `match` (Alertmanager's Watchdog), or as
    a change of the subject `change`.
    """

    signal: Id
    every: Span
    by: Annotated[str, Field(pattern=_CLOCK_PATTERN)] | None = None
    """Time of day at which it is due, on the clock of `time_zone`; without it, `every` after the last one."""
    grace: Span = timedelta(minutes=10)
    """How much later than due it may come."""
    match: Annotated[dict[MatchPath, MatchValue], Field(min_length=1, max_length=16)] | None = None
    change: Annotated[str, Field(min_length=1, max_length=300)] | None = None
    severity: Annotated[str, Field(min_length=1, max_length=30)] = "warning"


def _each_once(entries: tuple[ExpectedEntry, ...]) -> tuple[ExpectedEntry, ...]:
    names = [entry.signal for entry in entries]
    double = sorted({name for name in names if names.count(name) > 1})
    if double:
        raise ValueError(f"the signal {double[0]} is expected twice; one of them must go")
    return entries


class Limits(Strict):
    """Up to where an entry goes; beyond it the next entry of the right counts."""

    severity: Annotated[str, Field(min_length=1, max_length=20)] | None = None
    """Worst severity it covers: `sev2` covers SEV2 and milder, not SEV1 and not one that is not set yet."""
    tier: Annotated[int, Field(ge=1, le=4)] | None = None
    """Most critical tier it covers: 2 covers tiers 2 to 4."""
    environment: Annotated[str, Field(min_length=1, max_length=60)] | None = None
    """The only environment it covers, as the lever's binding names it; a binding that names none is `production`."""

    @property
    def none(self) -> bool:
        """Whether nothing is limited."""
        return self.severity is None and self.tier is None and self.environment is None


class RightEntry(Strict):
    """Who decides, who stands in, and what happens when nobody answers."""

    decide: Annotated[tuple[HolderText, ...], Field(min_length=1)]
    """Holders: `omar` (a person), `team:x` (its members), `on_call:x` (who is on call for it)."""
    deputy: tuple[HolderText, ...] = ()
    approvals: Annotated[int, Field(ge=0, le=10)] = 1
    """How many deciders; with two or more the requester is none of them."""
    answer_within: Span = SILENT_DEFAULT
    if_silent: IfSilent | None = None
    longest: Span | None = None
    """Longest time something may stay disabled."""
    hours: HoursText | None = None
    """When the holders decide: `mon-fri 09:00-18:00 Europe/Vienna`; else the deputies do, or the next entry."""
    limits: Limits = Limits()


def _shape(value: object) -> str:
    return "~entries" if isinstance(value, list | tuple) else "~entry"


RightEntries = Annotated[
    Annotated[RightEntry, Tag("~entry")]
    | Annotated[tuple[RightEntry, ...], Field(min_length=1, max_length=8), Tag("~entries")],
    Discriminator(_shape),
]
"""One entry, or several of which the first that covers the case counts."""


class Rights(Strict):
    """Decision rights; one that is not named falls to a default that is told as a gap."""

    roll_back: RightEntries | None = None
    disable: RightEntries | None = None
    enable: RightEntries | None = None
    accept_risk: RightEntries | None = None
    all_clear: RightEntries | None = None
    freeze: RightEntries | None = None
    publish: RightEntries | None = None

    def named(self) -> dict[str, tuple[RightEntry, ...]]:
        """The rights the registry names, each with its entries in the order in which they are tried."""
        found: dict[str, tuple[RightEntry, ...]] = {}
        for name in type(self).model_fields:
            value = getattr(self, name)
            if value is not None:
                found[name] = value if isinstance(value, tuple) else (value,)
        return found


DEBTS = ("disable", "muted_alert", "guardrail_tightened", "guardrail_relaxed")
"""What a lever that is switched off may count as in the debt ledger."""
WHILE_FROZEN = ("works", "blocked")
"""What a freeze of the component means for a lever; by itself it blocks all but stopping."""
OURS = frozenset({"provider", "debt", "while_frozen"})
"""Keys of a lever's binding that are Muster's own; its provider never sees them."""


def for_provider(binding: Mapping[str, Any]) -> dict[str, Any]:
    """What of a lever's binding is its provider's."""
    return {key: value for key, value in binding.items() if key not in OURS}


def _binding(value: Any) -> Any:
    if isinstance(value, dict) and not (isinstance(value.get("provider"), str) and value["provider"]):
        raise ValueError("names its `provider`")
    if isinstance(value, dict) and value.get("debt", DEBTS[0]) not in DEBTS:
        raise ValueError(f"`debt` is one of {', '.join(DEBTS)}")
    if isinstance(value, dict) and value.get("while_frozen", WHILE_FROZEN[0]) not in WHILE_FROZEN:
        raise ValueError(f"`while_frozen` is one of {', '.join(WHILE_FROZEN)}")
    return value


Binding = Annotated[
    dict[str, Any],
    BeforeValidator(_binding),
    WithJsonSchema(
        {
            "type": "object",
            "properties": {
                "provider": {"type": "string", "minLength": 1},
                "debt": {"enum": list(DEBTS)},
                "while_frozen": {"enum": list(WHILE_FROZEN)},
            },
            "required": ["provider"],
        }
    ),
]


class Lever(NamedTuple):
    """A lever as bound: the provider's name and what the provider needs, without Muster's own keys."""

    provider: str
    binding: Mapping[str, Any]


class AiFacts(Strict):
    """What no lever reads of an AI component; it stands in every snapshot of an incident as registered, not as read."""

    model: Line = ""
    """A vendor's model as it is called: `gpt-4.1-2025-04-14`."""
    prompt: Line = ""
    """Where its prompt or configuration is kept, with its version."""
    data: Line = ""
    """Data set, feature set or index."""
    evaluation: Line = ""
    """The evaluation suite it must pass."""
    guardrail: Line = ""
    """The guardrail profile in force."""
    automation: Literal["off", "suggest", "approve each", "auto"] | None = None
    """How much it does without a person."""
    freshness: Line = ""
    """How old its data may be: a promise to those who read it."""


class Component(Strict):
    """Something that can fail on its own and has one accountable team."""

    id: FromKey = ""
    kind: Kind
    accountable: Id
    """The one team that answers for it end to end."""
    title: Line = ""
    tier: Annotated[int, Field(ge=1, le=4)] | None = None
    """1 is the most critical."""
    stages: Stages = Stages()
    depends_on: tuple[Id, ...] = ()
    fallback: Line = ""
    """What takes over when it is switched off."""
    ai_state: AiFacts = AiFacts()
    """What no lever reads of it."""
    alerts: Annotated[tuple[AlertMatch, ...], Field(max_length=200)] = ()
    expects: Annotated[tuple[ExpectedEntry, ...], Field(max_length=50), AfterValidator(_each_once)] = ()
    """Signals that must come; one that is missing is an alert of this component."""
    levers: dict[LeverKind, Binding] = Field(default_factory=dict)
    rights: Rights = Rights()
    reviewed_on: date | None = None
    review_every: Span | None = None

    def lever(self, kind: str) -> Lever | None:
        """The bound lever of this kind (`rollback` or `disable`), None where none is bound."""
        entry = self.levers.get(kind)
        if entry is None:
            return None
        return Lever(entry["provider"], for_provider(entry))


class OwnershipFile(Strict):
    """The file itself."""

    api: Literal["ownership/v1"]
    imports: Annotated[tuple[ImportEntry, ...], Field(max_length=100)] = ()
    """Other registries below this one; of two that differ the first counts, and this file counts more than all."""
    people: dict[Id, Person] = Field(default_factory=dict)
    teams: dict[Id, Team] = Field(default_factory=dict)
    components: dict[Id, Component] = Field(default_factory=dict)


class HolderRef(NamedTuple):
    """A holder of a right as written: kind `person`, `team` or `on_call`, and the id."""

    kind: str
    name: str


def parse_holder(text: str) -> HolderRef:
    """`omar` -> person omar; `team:x`, `on_call:x`."""
    kind, colon, name = text.partition(":")
    return HolderRef(kind, name) if colon else HolderRef("person", text)
