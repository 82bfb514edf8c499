"""What readers of a vendor's body share: finding values in it, and making an alert of them with every limit kept."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from hashlib import sha256
from typing import Any, TypeVar

from pydantic_core import from_json

from bot.providers.alerts.paths import unpacked
from bot.providers.alerts.reading import (
    MAX_ANNOTATION,
    MAX_FINGERPRINT,
    MAX_LABEL,
    BadAlert,
    Headers,
    NoAlert,
    ReadResult,
    cut,
    line,
    not_json,
    not_mappable,
    read_time,
    rejected,
    scalar,
)
from bot.providers.alerts.reading import link as web_address
from playbooks.domain.alerts import Alert, AlertStatus, Known, Said

MAX_NAME = 200
MAX_FIGURE = 200
_NO_TIME = datetime(2100, 1, 1, tzinfo=UTC)
_SHORT = 256  # a value up to here is a label, a longer one an annotation
_NO_VALUES = frozenset({"", "null", "none", "n/a", "<no value>", "[no value]", "undefined"})
_DOTTED = re.compile(r"^(\d{4})\.(\d\d)\.(\d\d)(?=$|[ T])")  # as Zabbix writes a date
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Came:
    """A body on its way: who sent it, when it came, and the sender's id of the delivery, empty where it gives none."""

    headers: Headers
    source: str
    at: datetime
    delivery: str = ""


# ---------------------------------------------------------------- the body


def parsed(body: bytes) -> Any:
    """The JSON of a body. Raises InputError `not_json`."""
    try:
        return from_json(body, cache_strings="keys")
    except ValueError as error:
        raise not_json(str(error)) from None


def parsed_object(body: bytes, what: str, *keys: str) -> dict[str, Any]:
    """The JSON object of a body that has one of the keys. Raises InputError `not_json`, `not_mappable`."""
    data = parsed(body)
    if not isinstance(data, dict) or (keys and not any(key in data for key in keys)):
        wanted = " or ".join(f"`{key}`" for key in keys)
        raise not_mappable(f"it is no body of {what}: it has no {wanted or 'keys'}")
    return data


def each(came: Came, items: Iterable[_T], make: Callable[[Came, _T], Alert]) -> ReadResult:
    """The alerts of the parts of a body; what cannot be used, and what is no alert, stands in `rejected`."""
    result = ReadResult([], [])
    for index, item in enumerate(items):
        try:
            result.alerts.append(make(came, item))
        except (BadAlert, NoAlert) as error:
            result.rejected.append(rejected(index, error, item))
    return result


# ---------------------------------------------------------------- values in it


def dig(data: object, path: str) -> Any:
    """The value at `a.b.0.c`, None where there is none."""
    for key in path.split("."):
        if isinstance(data, Mapping):
            data = data.get(key)
        elif isinstance(data, list) and key.isdigit() and int(key) < len(data):
            data = data[int(key)]
        else:
            return None
    return data


def usable(text: str) -> bool:
    """Whether it says something: no empty word, and no template that the source failed to fill in; `$25.00` says it."""
    low = text.strip().lower()
    if low in _NO_VALUES or low.startswith("{{") or low[0] == low[-1] == "*":
        return False
    return not low.startswith("$") or low[1:2].isdigit()


def text(data: object, *paths: str) -> str:
    """The first of the values that is a text, number or boolean and says something; empty where none does."""
    for path in paths:
        value = dig(data, path)
        if value is None or isinstance(value, dict | list):
            continue
        found = scalar(value).strip()
        if usable(found):
            return found
    return ""


def when(data: object, *paths: str) -> datetime | None:
    """The first of the values that is a time; one without a zone is UTC. None where none is."""
    return next(filter(None, (moment_of(dig(data, path)) for path in paths)), None)


def moment_of(value: object) -> datetime | None:
    """A time in whatever way it is written, UTC; None for what is none."""
    if isinstance(value, str):
        value = value.strip()
    try:
        return read_time(value)
    except BadAlert:
        return _loose_time(value) if isinstance(value, str) and len(value) < 60 else None


def _loose_time(value: str) -> datetime | None:
    """Times without a zone, with slashes or dots, a zone in words, or as e-mail and the command `date` write them."""
    plain = value.removesuffix("UTC").removesuffix("GMT").strip().replace("/", "-").replace(" +", "+")
    plain = _DOTTED.sub(r"\1-\2-\3", plain)
    for read, told in ((datetime.fromisoformat, plain), (parsedate_to_datetime, value)):
        try:
            at = read(told)
            return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
        except (ValueError, OverflowError, TypeError, IndexError):
            continue
    return None


def rows(value: object) -> list[Any]:
    """A list, also where a source sends one thing bare or nothing at all."""
    return value if isinstance(value, list) else [] if value is None else [value]


def tags(value: object) -> dict[str, str]:
    """Labels of tags, whatever their form: a mapping, a list of `key:value`, of pairs or of {key, value}, a text."""
    value = unpacked(value)
    if isinstance(value, str):
        value = [part.strip() for part in value.split(",")]
    if isinstance(value, Mapping):
        return shallow(value)
    found: dict[str, str] = {}
    for item in value if isinstance(value, list) else ():
        key, told = _tag(item)
        if key and told and usable(key) and usable(told):
            found[key] = told
    return found


def _tag(item: object) -> tuple[str, str]:
    if isinstance(item, str):
        sign = min((sign for sign in ":=" if sign in item), key=item.index, default="")
        key, _, value = item.partition(sign) if sign else (item, "", "true")
        return key.strip(), value.strip()
    if isinstance(item, list) and len(item) == 2:
        return scalar(item[0]).strip(), scalar(item[1]).strip()
    if isinstance(item, Mapping):
        return text(item, "name", "key", "Name", "Key", "tag"), text(item, "value", "Value", "value.stringValue")
    return "", ""


def shallow(value: object) -> dict[str, str]:
    """The texts, numbers and booleans of a mapping, without those that say nothing."""
    if not isinstance(value, Mapping):
        return {}
    plain = ((scalar(key), found) for key, found in value.items() if not isinstance(found, dict | list | None))
    return {key: told for key, found in plain if usable(told := scalar(found).strip())}


# ---------------------------------------------------------------- the alert


def identity(*parts: str) -> str:
    """A fingerprint of what names the series over there; hashed where it is too long to be kept. Raises BadAlert."""
    if not any(parts):
        raise BadAlert("it names nothing that it could be known by when it comes again")
    told = ":".join(part for part in parts if part).replace("\x00", "")
    if len(told) <= MAX_FINGERPRINT:
        return told
    return f"{told[:63]}-{sha256(told.encode('utf-8', 'replace')).hexdigest()}"


def known_as(kind: str, *parts: str) -> str:
    """A fingerprint that begins with a word of ours for its kind. Raises BadAlert where nothing follows that word."""
    return identity(kind, *parts) if any(parts) else identity()


def _delivery(key: str) -> str:
    """The id of a delivery; hashed where it is too long to be kept, since a cut one might be another's."""
    return key if len(key) <= MAX_NAME else sha256(key.encode("utf-8", "replace")).hexdigest()


def _possible(at: datetime | None) -> datetime | None:
    """The time, or None for one of a number that is no epoch at all (`123123123129312381923`)."""
    return at if at is not None and at < _NO_TIME else None


def alert(
    came: Came,
    *,
    fingerprint: str,
    name: str,
    firing: bool,
    known: Known | None,
    began: datetime | None = None,
    ended: datetime | None = None,
    severity: str = "",
    summary: str = "",
    component: str = "",
    labels: Mapping[str, str] | None = None,
    annotations: Mapping[str, str] | None = None,
    links: Sequence[object] = (),
    signal: Mapping[str, str] | None = None,
) -> Alert:
    """An alert with every text within its limits.

    Args:
        began: of the episode, or of the word itself where the source tells no start. ended: of a resolved one.
        component: becomes that label where the labels have none. links: the first web address counts.
        annotations: also takes labels that are too long to route by.
    """
    found = {key: value for key, value in (labels or {}).items() if value}
    if component:
        found.setdefault("component", component)
    long = {key: value for key, value in found.items() if len(value) > _SHORT}
    began, ended = _possible(began), _possible(ended)
    starts_at = began or (None if firing else ended) or came.at
    return Alert(
        source=came.source,
        fingerprint=fingerprint,
        name=line(name, MAX_NAME) or "unnamed alert",
        status=AlertStatus.FIRING if firing else AlertStatus.RESOLVED,
        starts_at=starts_at,
        ends_at=None if firing else max(starts_at, ended or came.at),
        severity=line(severity, MAX_NAME),
        summary=line(summary, MAX_ANNOTATION),
        labels=cut({key: value for key, value in found.items() if key not in long}, MAX_LABEL),
        annotations=cut({**long, **{k: v for k, v in (annotations or {}).items() if v}}, MAX_ANNOTATION),
        link=next(filter(None, map(web_address, links)), ""),
        signal=cut({key: value for key, value in (signal or {}).items() if value}, MAX_FIGURE),
        said=Said(known, _delivery(came.delivery)) if known is not None or came.delivery else None,
    )
