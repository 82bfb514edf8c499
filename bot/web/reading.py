"""What every endpoint of the read API is made of: closed models, a cursor over a list, and the entry itself."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from playbooks.plays.house import House

_T = TypeVar("_T")
Key = tuple[str, str]
"""What a list is ordered by: a time as text, and the id that tells equal times apart."""
_MOST = 500
_CURSOR = r"^([0-9TZ:.+-]{1,40}~([A-Za-z0-9_-]{4})*([A-Za-z0-9_-]{2,3})?)?$"


class Closed(BaseModel):
    """A model that knows all its keys, so that a client may rely on the schema."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_serialization_defaults_required=True)


class Query(Closed):
    """What every list takes."""

    limit: Annotated[int, Field(ge=1, le=_MOST)] = 100
    """Entries of one page."""
    cursor: Annotated[str, Field(max_length=500, pattern=_CURSOR)] = ""
    """`next` of the page before."""


def _cursor(key: Key) -> str:
    return f"{key[0]}~{base64.urlsafe_b64encode(key[1].encode()).decode().rstrip('=')}"


def _key(cursor: str) -> Key:
    first, _, second = cursor.partition("~")
    return first, base64.urlsafe_b64decode(second + "=" * (-len(second) % 4)).decode(errors="replace")


def page(items: Sequence[_T], query: Query, key: Callable[[_T], Key]) -> tuple[list[_T], str | None]:
    """The part of a list behind the cursor, and the next cursor.

    The cursor names the last entry's key and not a place, so that what comes and goes meanwhile repeats and skips
    nothing else.
    """
    ordered = sorted(items, key=key)
    if query.cursor:
        after = _key(query.cursor)
        ordered = [item for item in ordered if key(item) > after]
    shown = ordered[: query.limit]
    return shown, _cursor(key(shown[-1])) if len(ordered) > query.limit else None


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A readable address: `read` answers a query of the type `query` with the model `answer`."""

    path: str
    summary: str
    query: type[BaseModel]
    answer: type[BaseModel]
    read: Callable[[House, Any], BaseModel]
