"""What every alert reader shares: the port, the result, times as sources write them, and limits on text."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from playbooks.domain.alerts import Alert
from playbooks.errors import InputError

Headers = Mapping[str, str]
Signed = Callable[..., bool]
"""`(headers, body, secrets, *, now)`: whether one of the secrets signed these raw bytes."""

MAX_ENTRIES = 64  # labels or annotations of one alert
MAX_KEY = 200
MAX_LABEL = 1024
MAX_ANNOTATION = 4096
MAX_LINK = 2048
MAX_RAW = 16_384
MAX_FINGERPRINT = 128
_GO_TIME = re.compile(r"(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d(?:\.\d+)?) ([+-]\d{4}) \S{1,6}(?: m=[+-][\d.]+)?")
TELLS_CHANGES = "tells_changes"  # code of the InputError for a body that is read as changes instead


@dataclass(frozen=True, slots=True)
class Rejected:
    """One alert of a body that cannot be used: its place, why in words for people, and the text as received, cut.

    `aside`: it is well-formed, and only says nothing of whether something fires (a comment, a test call).
    """

    index: int
    reason: str
    raw: str
    aside: bool = False


@dataclass(frozen=True, slots=True)
class ReadResult:
    """A body as read. `truncated` counts alerts the source says it left out of the body."""

    alerts: list[Alert]
    rejected: list[Rejected]
    truncated: int = 0


class BadAlert(ValueError):
    """One alert of a body cannot be used; the text says why."""


class NoAlert(ValueError):
    """A part of a body is well-formed and no alert; the text says what it is."""


class Read(Protocol):
    """Reads the bodies of one kind of source."""

    def __call__(self, headers: Headers, body: bytes, *, source: str, received_at: datetime) -> ReadResult:
        """Alerts of a body; one that cannot be used is told in `rejected` and does not spoil the others.

        Args:
            headers: of the request, in any case. body: raw bytes. source: name of the configured source instance.
            received_at: tz-aware; what counts where the body tells no time.
        Raises:
            InputError: `not_json`, or `not_mappable` where the JSON is not this source's format.
        """
        ...


@dataclass(frozen=True, slots=True)
class AlertSource:
    """A kind of alert source: one per module, named `SOURCE` there.

    Attributes:
        read: its reader. signed: verifies the vendor's own signature, None where it signs nothing. Beside it the
            secret is always taken as a bearer token and as the password of basic authentication.
        plain: headers that carry the secret as it is. in_address: query parameters that do, for senders that can
            set nothing but an address.
    """

    read: Read
    signed: Signed | None = None
    plain: tuple[str, ...] = ()
    in_address: tuple[str, ...] = ()


def not_json(why: str) -> InputError:
    """The body is not JSON: the sender must mend it (HTTP 400)."""
    return InputError(f"The body is not JSON: {why}.", code="not_json")


def not_mappable(why: str) -> InputError:
    """The body is JSON, but not this source's format: it is kept as a raw triage item."""
    return InputError(f"The body is JSON, but {why}.", code="not_mappable")


def rejected(index: int, error: BadAlert | NoAlert, item: object) -> Rejected:
    """Quarantine entry for one alert."""
    raw = scalar(item)[:MAX_RAW].replace("\x00", "")
    return Rejected(index, str(error), raw, isinstance(error, NoAlert))


def read_time(value: object) -> datetime | None:
    """UTC time from ISO 8601 (any offset, up to nanoseconds) or the epoch in s, ms, µs or ns; None for none.

    Go's zero time (`0001-01-01…`) is none, and a time as Go prints it (`2026-05-27 15:36:00.1 +0000 UTC m=+8.2`) one.
    Raises BadAlert for anything else, and for a time without a zone.
    """
    if value is None or value == "":
        return None
    try:
        if isinstance(value, str) and not value.strip().lstrip("-").isdecimal():
            if value.startswith("0001-01-01"):
                return None
            printed = _GO_TIME.fullmatch(value.strip())
            at = datetime.fromisoformat("{}T{}{}".format(*printed.groups()) if printed else value.strip())
            if at.tzinfo is None:
                raise BadAlert(f"the time {value[:40]} has no zone")
            return at.astimezone(UTC)
        if isinstance(value, str | int | float) and not isinstance(value, bool):
            seconds = _seconds(float(value))
            return datetime.fromtimestamp(seconds, UTC) if seconds else None
    except (ValueError, OverflowError, OSError) as error:
        if isinstance(error, BadAlert):
            raise
    raise BadAlert(f"{scalar(value)[:40]!r} is no time")


def _seconds(epoch: float) -> float:
    for most, per_second in ((1e17, 1e9), (1e14, 1e6), (1e11, 1e3)):
        if abs(epoch) > most:
            return epoch / per_second
    return epoch


def scalar(value: object) -> str:
    """A JSON value as text: numbers and booleans as JSON writes them, structures as JSON."""
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)


def texts(value: object, what: str, limit: int) -> dict[str, str]:
    """A mapping of texts from what a source sends: a mapping, nothing, or a list of `key:value` or {name, value}."""
    if value is None:
        return {}
    if isinstance(value, dict):
        if all(type(v) is str for v in value.values()):  # what well-behaved sources send, millions of times
            return cut(value, limit)
        return cut({str(k): scalar(v) for k, v in value.items() if v is not None}, limit)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return cut(dict(_pair(item, what) for item in value), limit)
    raise BadAlert(f"{what} are no mapping of names to values")


def _pair(item: object, what: str) -> tuple[str, str]:
    if isinstance(item, str):
        key, _, value = item.partition(":")
        return key, value
    if isinstance(item, Mapping) and "name" in item:
        return scalar(item["name"]), scalar(item.get("value", ""))
    raise BadAlert(f"{what} are no mapping of names to values")


def cut(values: dict[str, str], limit: int) -> dict[str, str]:
    """The same mapping where it is within the limits; else the first entries, with keys and values cut, without NUL."""
    longest = max(map(len, values.values()), default=0)
    within = len(values) <= MAX_ENTRIES and longest <= limit and max(map(len, values), default=0) <= MAX_KEY
    if within and "\x00" not in "".join(values.values()) and "\x00" not in "".join(values):
        return values
    kept = list(values.items())[:MAX_ENTRIES]
    return {line(k, MAX_KEY): line(v, limit) for k, v in kept}


def line(value: str, limit: int) -> str:
    """Text without NUL (no database takes it), cut at `limit` characters with a mark."""
    clean = value.replace("\x00", "")
    return clean if len(clean) <= limit else clean[: limit - 1] + "…"


def link(value: object) -> str:
    """A web address, or empty: no other scheme becomes a link people press."""
    if isinstance(value, str) and value.startswith(("https://", "http://")) and len(value) <= MAX_LINK:
        return "" if any(c in value for c in " <>|\x00\n\r\t") else value
    return ""
