"""`muster.yaml`: typed, strict, with defaults so that an empty file works."""

from __future__ import annotations

from datetime import timedelta
from difflib import get_close_matches
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, field_validator, model_validator

from bot.config_pipeline import Pipeline, SlackAlerts
from bot.config_postmortem import Postmortem
from bot.config_publishing import PublishEntry
from bot.providers.sources import KINDS
from playbooks.domain.escalation import Policy, Step, Whom, default_policies
from playbooks.domain.file_values import Strict, zone_name
from playbooks.domain.incidents import DEFAULT_SEVERITIES, Severity
from playbooks.domain.ownership_file import PATTERN_WORDS, Channel, Id, Span
from playbooks.domain.reporting_file import ClocksEntry
from playbooks.domain.routing import OWN
from playbooks.errors import ConfigError
from playbooks.schemas.marked import DocumentError, read, validate
from playbooks.schemas.written import folder, mapping_schema, ownership_schema, schema_text

_SOURCE_PATTERN = r"^[a-z0-9][a-z0-9_-]{0,62}$"
SHORT_COMMANDS = ("/rollback", "/disable", "/enable", "/owner", "/postmortem")
"""Slash commands beside the root; see `bot.slack.grammar.SHORT`."""
_ROOT_PATTERN = r"^/[a-z0-9_-]{1,31}$"
_TIME_PATTERN = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"
_TOPIC_PATTERN = r"^arn:aws(-[a-z-]+)?:sns:[a-z0-9-]+:[0-9]{6,20}:[A-Za-z0-9_.-]{1,256}$"
_PATTERN_WORDS = PATTERN_WORDS | {
    _TOPIC_PATTERN: "must be the ARN of a topic such as arn:aws:sns:eu-west-1:123456789012:alarms",
    _TIME_PATTERN: 'must be a time of day such as "09:00"',
    _SOURCE_PATTERN: "must be 1 to 63 small letters, digits, dashes and underscores",
    _ROOT_PATTERN: "must be a slash and 1 to 31 small letters, digits, dashes and underscores",
}


class SeverityEntry(Strict):
    """A severity people can give."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,20}$")]
    """What people type."""
    level: Annotated[int, Field(ge=1, le=9)]
    """1 is worst."""
    label: Annotated[str, Field(min_length=1, max_length=20)]
    emoji: Annotated[str, Field(pattern=r"^[a-z0-9_+-]{1,40}$")] = "large_orange_circle"
    """Slack emoji name, without colons."""
    update_every: Span | None = None
    """How often people are due an update while it is open; without it none is due."""
    alert_words: tuple[str, ...] = ()
    """Severities of alert sources that mean this one."""


class Channels(Strict):
    """Channels by Slack id."""

    triage: Channel = ""
    """Told of alerts nobody owns, and of what an operator must know."""
    updates: Channel = ""
    """Told of every incident and its updates."""
    debt: Channel = ""
    """Gets the debt ledger every week; empty: where updates go, else the triage channel."""
    prefix: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,19}$")] = "inc"
    """Incident channels are called `inc-42-fraud-scorer-drift`."""


_ALL = ", ".join(KINDS)


def _known_kind(value: str) -> str:
    if value not in KINDS:
        close = get_close_matches(value, KINDS, n=1)
        raise ValueError(
            f"is no kind of source; did you mean {close[0]}?" if close else f"is no kind of source: {_ALL}"
        )
    return value


Kind = Annotated[str, AfterValidator(_known_kind), Field(json_schema_extra={"enum": list(KINDS)})]


class SourceEntry(Strict):
    """One configured sender of alerts or changes."""

    kind: Kind
    """What sends: its format, and how it proves who it is; `raw` for what has no mapping yet."""
    secret_env: Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]{1,63}$")] | None = None
    """Name of the variable with this source's own secret; without it MUSTER_INTAKE_TOKEN counts."""
    quiet_after: Span | None = None
    """After how long without a word of it the operators are told; without it, it may be quiet for ever."""
    topics: tuple[Annotated[str, Field(pattern=_TOPIC_PATTERN)], ...] = ()
    """Of `sns` only: ARNs of the topics that may send here and may subscribe this address."""

    mapping: Annotated[str, Field(min_length=1, max_length=300)] | None = None
    """Of `mapped` only: file that says how its bodies become alerts, relative to this file."""

    @model_validator(mode="after")
    def _of_its_kind(self) -> SourceEntry:
        if self.topics and self.kind != "sns":
            raise ValueError("only a source of the kind sns has topics")
        if (self.mapping is None) == (self.kind == "mapped"):
            raise ValueError("a source of the kind mapped names its mapping, and no other does")
        return self


class Commands(Strict):
    """Names in Slack; the last installed app wins a name, so they can be changed."""

    root: Annotated[str, Field(pattern=_ROOT_PATTERN)] = "/inc"

    @field_validator("root")
    @classmethod
    def _of_its_own(cls, root: str) -> str:
        if root in SHORT_COMMANDS:
            raise ValueError(f"{root} is a command of its own; choose another name")
        return root


class EscalationStep(Strict):
    """One step while nobody acknowledges."""

    after: Span
    """Since the incident opened."""
    ask: Annotated[tuple[Literal["second_on_call", "deputy", "channel", "triage"], ...], Field(min_length=1)]
    """Whom: the team's second on call, the deputies of the component's rights, the team's channel, triage."""


class EscalationEntry(Strict):
    """Who is asked, after how long, while nobody acknowledges, leads or decides."""

    severities: tuple[str, ...] = ()
    """Ids it is for, `unset` for one nobody has set yet; none named means any."""
    tiers: tuple[Annotated[int, Field(ge=1, le=4)], ...] = ()
    """Tiers of the component it is for; none named means any."""
    steps: Annotated[tuple[EscalationStep, ...], Field(max_length=10)] = ()
    """In their order in time; none means that nobody is asked further."""

    @model_validator(mode="after")
    def _in_order(self) -> EscalationEntry:
        times = [step.after for step in self.steps]
        if any(later <= earlier for earlier, later in pairwise(times)):
            raise ValueError("each step must come after the one before it")
        asked = [whom for step in self.steps for whom in step.ask]
        twice = next((whom for whom in asked if asked.count(whom) > 1), None)
        if twice is not None:
            raise ValueError(f"{twice} is asked twice: every level is asked once")
        return self


class Cadences(Strict):
    """How often Muster looks."""

    sweep: Span = timedelta(seconds=5)
    """For timers that are due."""
    ownership: Span = timedelta(minutes=1)
    """At the ownership files."""
    on_call: Span = timedelta(minutes=1)
    """At who is on call."""
    inspect: Span = timedelta(hours=1)
    """At levers, people and stored alerts, for gaps that the files alone don't show."""


class Weekly(Strict):
    """When the weekly posts are due, on the clock of `time_zone`."""

    day: Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"] = "monday"
    at: Annotated[str, Field(pattern=_TIME_PATTERN)] = "09:00"
    """In quotes: YAML reads some times as numbers."""


class Learning(Strict):
    """Who hears of what was learned elsewhere."""

    untold_teams: Annotated[tuple[Name, ...], Field(max_length=200)] = ()
    """Teams that are not told when the review of a neighbour's incident is closed."""


class Pages(Strict):
    """Pages for people behind signed links; on while MUSTER_PUBLIC_URL and MUSTER_LINK_KEY are set."""

    links_last: Annotated[Span, Field(ge=timedelta(minutes=5), le=timedelta(days=366))] = timedelta(days=7)
    """How long a link opens its page, at least; up to a day more."""


Name = Annotated[str, Field(pattern=_SOURCE_PATTERN)]
_DEFAULT_SOURCES = {kind: SourceEntry(kind=kind) for kind in KINDS if kind != "mapped"}


class Config(Strict):
    """The whole file."""

    severity_entries: Annotated[tuple[SeverityEntry, ...], Field(min_length=1)] | None = Field(None, alias="severities")
    """Severities, worst first; the default is sev1 to sev4."""
    channels: Channels = Channels()
    triage_team: Id | None = None
    """Team that is told of alerts nobody owns."""
    sources: dict[Name, SourceEntry] = _DEFAULT_SOURCES
    """Senders by the name in their address, `/alerts/NAME`; the default is one of each kind, named like it."""
    providers: dict[Name, dict[str, Any]] = Field(default_factory=dict)
    """Settings by name: of lever providers, and of the on-call tools `pagerduty`, `opsgenie` and `ical`."""
    ownership: Annotated[tuple[str, ...], Field(min_length=1)] = ("ownership.yaml",)
    """Files of the registry, relative to this file; they may refer to each other."""
    commands: Commands = Commands()
    reactions: Annotated[tuple[str, ...], Field(max_length=10)] = ("stopwatch", "pushpin")
    """Emoji that put a message into the timeline."""
    storm_after: Annotated[int, Field(ge=1, le=100_000)] = 50
    """Alerts of one incident that get a line each; later ones are counted together."""
    approval_ttl: Span = timedelta(minutes=15)
    """How long an approval may be given."""
    time_box_warning: Span = timedelta(minutes=15)
    """Warning before something that is switched off comes back."""
    time_box_longest: Span = timedelta(days=7)
    """Longest switch-off where the registry sets no `longest`."""
    escalation: Annotated[tuple[EscalationEntry, ...], Field(max_length=50)] | None = None
    """Who is asked while nobody acknowledges; the first that covers an incident counts. The default is by severity."""
    escalate_every: Span = timedelta(minutes=30)
    """Between two questions about a switch-off that is over and may not restore itself."""
    risk_warning: Span = timedelta(days=3)
    """Warning before an accepted risk ends, or an owed review is due."""
    ask_again_every: Span = timedelta(days=1)
    """Between two questions about a risk that ended or a review that is overdue; after a week seven times as rare."""
    risk_longest: Span = timedelta(days=90)
    """Longest acceptance of a risk where the registry sets no `longest`."""
    freeze_for: Span = timedelta(days=1)
    """Length of a freeze that names no end."""
    freeze_longest: Span = timedelta(days=14)
    """Longest freeze where the registry sets no `longest`."""
    changes_window: Span = timedelta(hours=72)
    """Changes this long before an incident are told with it."""
    cadences: Cadences = Cadences()
    weekly: Weekly = Weekly()
    pipeline: Pipeline = Pipeline()
    slack_alerts: Annotated[tuple[SlackAlerts, ...], Field(max_length=100)] = ()
    """Channels in which messages of other apps are taken as alerts."""
    """When each team is told of its gaps, and the operators of conflicts and debt."""
    matcher_silent_after: Span = timedelta(days=14)
    """An alert matcher that never matched for so long is told as a gap."""
    clocks: ClocksEntry = ClocksEntry()
    """Clocks of authorities and contracts: which run, and your own beside the shipped ones."""
    learning: Learning = Learning()
    postmortem: Postmortem = Postmortem()
    pages: Pages = Pages()
    publish: Annotated[dict[Name, PublishEntry], Field(max_length=20)] = Field(default_factory=dict)
    """Where postmortems are published, by a name of yours; without it the draft is a file in the incident's channel."""
    playbooks: tuple[str, ...] = ()
    """Folders of your own playbooks."""
    time_zone: Annotated[str, AfterValidator(zone_name)] = "UTC"
    """Zone of times in documents, and of people whose own zone is unknown."""

    @model_validator(mode="after")
    def _severities_differ(self) -> Config:
        entries = self.severity_entries or ()
        ids = [entry.id for entry in entries]
        levels = [entry.level for entry in entries]
        if len(set(ids)) < len(ids) or len(set(levels)) < len(levels):
            raise ValueError("two severities have the same id or level")
        words = [word.lower() for entry in entries for word in (entry.id, *entry.alert_words)]
        double = sorted({word for word in words if words.count(word) > 1})
        if double:
            raise ValueError(f"two severities claim the word {double[0]}")
        return self

    @model_validator(mode="after")
    def _own_name_is_free(self) -> Config:
        if OWN in self.sources:
            raise ValueError(f"no source may be named {OWN}: what Muster raises itself is named so")
        return self

    @property
    def severities(self) -> tuple[Severity, ...]:
        """Severities as the domain knows them, worst first."""
        if self.severity_entries is None:
            return DEFAULT_SEVERITIES
        return tuple(_severity(entry) for entry in sorted(self.severity_entries, key=lambda entry: entry.level))

    @model_validator(mode="after")
    def _escalation_is_known(self) -> Config:
        known = {severity.id for severity in self.severities} | {"unset"}
        for entry in self.escalation or ():
            for severity in entry.severities:
                if severity not in known:
                    there = ", ".join(sorted(known))
                    raise ValueError(f"escalation names the severity {severity}, which there is not ({there})")
        return self

    @model_validator(mode="after")
    def _reviews_are_known(self) -> Config:
        known = {severity.id for severity in self.severities}
        for name in self.postmortem.reviews:
            if name not in known:
                there = ", ".join(sorted(known))
                raise ValueError(f"postmortem.reviews names the severity {name}, which there is not ({there})")
        return self

    @model_validator(mode="after")
    def _published_severities_are_known(self) -> Config:
        known = {severity.id for severity in self.severities}
        for name, entry in self.publish.items():
            unknown = [severity for severity in entry.severities if severity not in known]
            if unknown:
                there = ", ".join(sorted(known))
                raise ValueError(f"publish.{name} names the severity {unknown[0]}, which there is not ({there})")
        return self

    @property
    def escalation_policies(self) -> tuple[Policy, ...]:
        """Who is asked while nobody acknowledges, as the plays know it."""
        if self.escalation is None:
            return default_policies(self.severities)
        return tuple(_policy(entry) for entry in self.escalation)

    def ownership_paths(self, base: Path) -> tuple[Path, ...]:
        """The registry's files; relative ones lie beside the configuration, in the folder `base`."""
        return tuple(base / path for path in self.ownership)

    @classmethod
    def load(cls, text: str, *, name: str = "muster.yaml") -> Config:
        """Configuration from the text of the file. Raises DocumentError (a ConfigError) with every line."""
        config, problems = validate(read(text, name=name), cls, _PATTERN_WORDS)
        if config is None:
            raise DocumentError(name, problems)
        return config

    @classmethod
    def load_file(cls, path: Path) -> Config:
        """Configuration from a file; the defaults where there is none. Raises ConfigError."""
        try:
            text = path.read_text("utf-8")
        except FileNotFoundError:
            return cls()
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"{path.name} cannot be read: {error}.") from None
        return cls.load(text, name=path.name)


def _severity(entry: SeverityEntry) -> Severity:
    every = int(entry.update_every.total_seconds()) if entry.update_every else 0
    words = tuple(word.lower() for word in entry.alert_words)
    return Severity(entry.id, entry.level, entry.label, entry.emoji, every, words)


def _policy(entry: EscalationEntry) -> Policy:
    steps = tuple(Step(int(s.after.total_seconds()), tuple(Whom(w) for w in s.ask)) for s in entry.steps)
    severities = tuple("" if severity == "unset" else severity for severity in entry.severities)
    return Policy(steps, severities, entry.tiers)


def muster_schema() -> str:
    """JSON Schema of `muster.yaml`."""
    return schema_text(Config, "Muster configuration")


def write_schemas() -> None:
    """Write the schemas of all files into `playbooks/schemas`; run it after a change of a model."""
    from playbooks.export import export_schema  # brings the templates, which nothing else here needs

    (folder() / "ownership.json").write_text(ownership_schema(), "utf-8")
    (folder() / "muster.json").write_text(muster_schema(), "utf-8")
    (folder() / "mapping.json").write_text(mapping_schema(), "utf-8")
    (folder() / "postmortem.json").write_text(export_schema(), "utf-8")
