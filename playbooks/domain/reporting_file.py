"""The shape of a clocks file (api clocks/v1): what must be reported to whom by when, with source and date checked."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Literal, NamedTuple

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema, model_validator

from playbooks.domain.file_values import Id, Line, Strict

_LENGTH = re.compile(r"P(?:(\d{1,3})M)?(?:(\d{1,3})W)?(?:(\d{1,4})D)?(?:T(?:(\d{1,4})H)?(?:(\d{1,4})M)?)?")
_LENGTH_PATTERN = r"^P(\d{1,3}M)?(\d{1,3}W)?(\d{1,4}D)?(T(\d{1,4}H)?(\d{1,4}M)?)?$"
LONGEST_DAYS = 3660


class Length(NamedTuple):
    """A length with months: `P1M`, `P15D`, `PT72H`; weeks are seven days."""

    months: int = 0
    days: int = 0
    hours: int = 0
    minutes: int = 0


def length_of(value: object) -> Length:
    """A length from ISO 8601 text. Raises ValueError for anything else, for nothing, and for more than ten years."""
    if isinstance(value, Length):
        return value
    found = _LENGTH.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError("must be a length such as PT72H, P15D or P1M")
    months, weeks, days, hours, minutes = (int(part or 0) for part in found.groups())
    length = Length(months, weeks * 7 + days, hours, minutes)
    if not any(length):
        raise ValueError("must be more than nothing")
    if months * 31 + length.days + hours / 24 + minutes / 1440 > LONGEST_DAYS:
        raise ValueError("is longer than ten years")
    return length


LengthText = Annotated[
    Length,
    BeforeValidator(length_of),
    WithJsonSchema({"type": "string", "pattern": _LENGTH_PATTERN, "examples": ["PT72H", "P15D", "P1M"]}),
]

START_WORDS = {"aware": "aware", "decided": "decided reportable", "resolved": "resolved"}
"""What may start a length beside the sending of another stage, for people."""


class Limit(Strict):
    """One length and what it runs from."""

    within: LengthText
    from_: Annotated[Id, Field(alias="from")] = "aware"
    """`aware`, `decided` (reportable, or classified), `resolved`, or the id of a stage: from when that was sent."""


class Stage(Strict):
    """One thing to be sent."""

    id: Id
    title: Annotated[str, Field(min_length=1, max_length=120)]
    due: tuple[Limit, ...] = ()
    """The earliest of these counts; without any it has no length."""
    repeats: bool = False
    """Again and again until it is resolved."""
    says: Line = ""
    """The rule in words, as the source has it."""
    needs: Annotated[tuple[Line, ...], Field(max_length=12)] = ()
    """What must be in it."""


def _linked(stages: tuple[Stage, ...]) -> tuple[Stage, ...]:
    seen: list[str] = []
    for stage in stages:
        if stage.id in seen:
            raise ValueError(f"the stage {stage.id} is there twice; one of them must go")
        if stage.id in START_WORDS:
            raise ValueError(f"no stage may be called {stage.id}: lengths run from that")
        for limit in stage.due:
            if limit.from_ not in START_WORDS and limit.from_ not in seen:
                known = ", ".join([*START_WORDS, *seen])
                raise ValueError(f"the stage {stage.id} runs from {limit.from_}, which is none of {known}")
        seen.append(stage.id)
    return stages


class Clock(Strict):
    """A duty to report, with its stages."""

    title: Annotated[str, Field(min_length=1, max_length=120)]
    source: Annotated[str, Field(min_length=1, max_length=300)]
    """Where the rule stands."""
    checked: date
    """When somebody compared this with the source."""
    certainty: Line = ""
    """With what it was compared."""
    applies_to: Annotated[str, Field(min_length=1, max_length=200)]
    decides: Line = ""
    """What has to be decided for it to run."""
    count: Literal["calendar", "working"] = "calendar"
    """Working days are Monday to Friday without the `holidays` of muster.yaml; hours and months count as they are."""
    stages: Annotated[tuple[Stage, ...], Field(min_length=1, max_length=12), AfterValidator(_linked)]

    def stage(self, name: str) -> Stage | None:
        """The stage of this id."""
        return next((stage for stage in self.stages if stage.id == name), None)


class ClocksFile(Strict):
    """The shipped file."""

    api: Literal["clocks/v1"]
    clocks: dict[Id, Clock]


class ClocksEntry(Strict):
    """`clocks:` of muster.yaml."""

    use: Annotated[tuple[Id, ...], Field(max_length=50)] = ()
    """Clocks that start when an incident is decided reportable and none is named."""
    own: dict[Id, Clock] = Field(default_factory=dict)
    """Clocks of your own; one with the id of a shipped one takes its place."""
    holidays: Annotated[tuple[date, ...], Field(max_length=400)] = ()
    """Days that are no working days."""

    @model_validator(mode="after")
    def _used_are_known(self) -> ClocksEntry:
        from playbooks.library.shipped import shipped_clocks  # the file is read only where clocks are configured

        unknown = [name for name in self.use if name not in self.own and name not in shipped_clocks()]
        if unknown:
            raise ValueError(f"use names {unknown[0]}, which is neither a clock of your own nor a shipped one")
        return self
