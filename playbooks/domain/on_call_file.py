"""The shape of `on_call:` in `ownership.yaml`: a list, a rota, or a tool outside that knows."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    PrivateAttr,
    WithJsonSchema,
    model_validator,
)

from playbooks.domain.file_values import Id, Line, Span, Strict, zone_name

PAGERDUTY_PATTERN = r"^[A-Z0-9]{4,32}$"
_CALENDAR = re.compile(r"(https?|webcals?)://[^\s@/]+(/[^\s]*)?")


def _wall_time(value: object) -> datetime:
    try:
        return datetime.fromisoformat(value) if isinstance(value, str) else _refuse_time()
    except ValueError:
        return _refuse_time()


def _refuse_time() -> datetime:
    raise ValueError("must be a time such as 2026-01-05T09:00") from None


def _without_offset(value: datetime) -> datetime:
    if value.tzinfo is not None:
        raise ValueError("is a time on the clock of the zone and takes no offset")
    return value


def _turn(value: timedelta) -> timedelta:
    if value < timedelta(hours=1):
        raise ValueError("must be an hour at least")
    return value


def _schedule(value: object) -> object:
    return {"schedule": value} if isinstance(value, str) else value


def _calendar(value: object) -> object:
    if isinstance(value, str):
        return {"url" if "://" in value else "path": value}
    return value


WallTime = Annotated[
    datetime,
    BeforeValidator(_wall_time),
    WithJsonSchema({"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}", "examples": ["2026-01-05T09:00"]}),
]
PagerDutyId = Annotated[str, Field(pattern=PAGERDUTY_PATTERN)]


class _Lists(Strict):
    # What a validator has looked at before is no longer JSON, where a list is as good as a tuple.
    model_config = ConfigDict(strict=False)


class Override(Strict):
    """Somebody else's turn in a rota; where two overlap, the later one in the file counts."""

    begins: WallTime = Field(alias="from")
    """On the clock of the rota's zone, unless it names an offset."""
    ends: WallTime = Field(alias="until")
    person: Id

    @model_validator(mode="after")
    def _in_order(self) -> Override:
        # One with and one without an offset can only be compared in the rota's zone, which is not known here.
        if (self.begins.tzinfo is None) == (self.ends.tzinfo is None) and self.ends <= self.begins:
            raise ValueError("an override must end after it begins")
        return self


class Rota(_Lists):
    """People who take turns; handed over at the same time on the clock of the zone, summer and winter."""

    people: Annotated[tuple[Id, ...], Field(min_length=1)]
    start: Annotated[WallTime, AfterValidator(_without_offset)]
    """When the first one's first turn begins, on the clock of the zone."""
    zone: Annotated[str, AfterValidator(zone_name)] = "UTC"
    every: Annotated[Span, AfterValidator(_turn)] = timedelta(days=7)
    """Length of a turn, an hour at least."""
    overrides: Annotated[tuple[Override, ...], Field(max_length=1000)] = ()


class PagerDuty(Strict):
    """A schedule or an escalation policy of PagerDuty, by its id."""

    schedule: PagerDutyId | None = None
    escalation_policy: PagerDutyId | None = None

    @model_validator(mode="after")
    def _one(self) -> PagerDuty:
        if (self.schedule is None) == (self.escalation_policy is None):
            raise ValueError("names one of schedule and escalation_policy")
        return self


class Opsgenie(Strict):
    """A schedule of Opsgenie or of Jira Service Management."""

    schedule: Annotated[Line, Field(min_length=1)]
    """Its name or its id."""


class Ical(Strict):
    """A calendar whose events say who is on call."""

    url: Annotated[str, Field(max_length=2000)] | None = None
    url_env: Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]{1,63}$")] | None = None
    """Name of the variable that holds the address, where the address is a secret."""
    path: Annotated[Line, Field(min_length=1)] | None = None
    """A file, beside muster.yaml where relative."""

    @model_validator(mode="after")
    def _one(self) -> Ical:
        if sum(1 for entry in (self.url, self.url_env, self.path) if entry is not None) != 1:
            raise ValueError("names one of url, url_env and path")
        # Not a pattern of the field: what is said about one quotes the value, and this one may be a secret.
        if self.url is not None and not _CALENDAR.fullmatch(self.url):
            raise ValueError("its url is no http(s) address without user and password")
        return self


Source = Rota | str | PagerDuty | Opsgenie | Ical | tuple[str, ...]
ON_CALL_SOURCES = ("rota", "usergroup", "pagerduty", "opsgenie", "ical", "static")


class OnCallEntry(_Lists):
    """Where to read who is on call: sources asked in the order written, until one names somebody; `static` last."""

    static: Annotated[tuple[Id, ...], Field(min_length=1)] | None = None
    """Persons; the first one is on call, the others stand behind."""
    rota: Rota | None = None
    usergroup: Annotated[str, Field(pattern=r"^S[A-Z0-9]{2,20}$")] | None = None
    """Id of a Slack user group."""
    pagerduty: (
        Annotated[PagerDuty, BeforeValidator(_schedule, json_schema_input_type=PagerDutyId | PagerDuty)] | None
    ) = None
    opsgenie: Annotated[Opsgenie, BeforeValidator(_schedule, json_schema_input_type=Line | Opsgenie)] | None = None
    ical: Annotated[Ical, BeforeValidator(_calendar, json_schema_input_type=Line | Ical)] | None = None
    _order: tuple[str, ...] = PrivateAttr(ON_CALL_SOURCES)

    @model_validator(mode="wrap")
    @classmethod
    def _keep_order(cls, data: Any, read: ModelWrapValidatorHandler[OnCallEntry]) -> OnCallEntry:
        entry = read(data)
        written = tuple(data) if isinstance(data, dict) else ()
        entry._order = tuple(sorted(ON_CALL_SOURCES, key=lambda name: _place(name, written)))
        if not entry.sources:
            raise ValueError(f"names none of {', '.join(ON_CALL_SOURCES)}")
        return entry

    @property
    def sources(self) -> tuple[tuple[str, Source], ...]:
        """The sources named, with what is written for each, in the order in which they are asked."""
        return tuple((name, source) for name in self._order if (source := getattr(self, name)) is not None)

    @property
    def persons(self) -> tuple[str, ...]:
        """Everybody whom the registry itself names for a turn."""
        rota = self.rota
        turns = (*rota.people, *(override.person for override in rota.overrides)) if rota else ()
        return tuple(dict.fromkeys((*turns, *(self.static or ()))))


def _place(name: str, written: tuple[str, ...]) -> int:
    return len(written) if name == "static" or name not in written else written.index(name)
