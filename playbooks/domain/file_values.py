"""What the models of the registry's files share: ids, lines, lengths of time."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BeforeValidator, ConfigDict, Field, WithJsonSchema

from playbooks.domain.clocks import parse_span
from playbooks.errors import InputError
from playbooks.schemas.described import Described

ID_PATTERN = r"^[a-z0-9][a-z0-9-]{0,62}$"


class Strict(Described):
    """Base of the models: unknown keys and wrong types are errors, values don't change."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")


def _span(value: object) -> timedelta:
    if not isinstance(value, str):
        raise ValueError("must be a length of time such as PT10M or P1D")
    try:
        return parse_span(value)
    except InputError as error:
        raise ValueError("must be a length of time such as PT10M or P1D") from error


def zone_name(value: str) -> str:
    """A time zone's name, which must be known here. Raises ValueError."""
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("is no time zone such as Europe/Berlin") from None
    return value


Id = Annotated[str, Field(pattern=ID_PATTERN)]
Line = Annotated[str, Field(max_length=300)]
Span = Annotated[
    timedelta,
    BeforeValidator(_span),
    WithJsonSchema({"type": "string", "pattern": "^(P[0-9WDTHMS]+|[0-9].*)$", "examples": ["PT10M", "P1D", "P90D"]}),
]
