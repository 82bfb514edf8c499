"""Reads the bodies of a tool as a mapping file says: see `playbooks.domain.mapping_file`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pydantic_core import to_json

from bot.providers.alerts.paths import find, unpacked
from bot.providers.alerts.reading import AlertSource, Headers, NoAlert, Read, ReadResult, not_mappable, scalar
from bot.providers.alerts.telling import Came, alert, each, identity, moment_of, parsed, rows, tags, usable
from playbooks.domain.alerts import Alert, Known
from playbooks.domain.ownership_file import MatchValue
from playbooks.domain.routing import value_test

if TYPE_CHECKING:  # its models cost a start of the bot 45 ms, with or without mappings
    from playbooks.domain.mapping_file import Expected, MappingFile, Place

_KNOWN = {"stated": None, "by_id": Known.BY_ID, "by_turn": Known.BY_TURN, "while_open": Known.WHILE_OPEN}
Fits = Callable[[Any, Any], bool]
"""`(part, whole)`: whether they meet conditions."""
Written = Mapping[str, MatchValue] | Sequence[Mapping[str, MatchValue]]


def read(headers: Headers, body: bytes, *, source: str, received_at: datetime) -> ReadResult:
    """See `reading.Read`; without its mapping nothing can be read."""
    raise not_mappable(f"`{source}` names no mapping file")


def reader(mapping: MappingFile) -> Read:
    """The reader that a mapping describes."""
    whole_fits = _conditions(mapping.when)
    tells = _Tells(
        _conditions(mapping.status.firing if mapping.status else None),
        _conditions(mapping.status.resolved if mapping.status else None),
        _conditions(mapping.aside),
        {word.casefold(): meant for word, meant in mapping.severity_words.items()},
    )

    def read_mapped(headers: Headers, body: bytes, *, source: str, received_at: datetime) -> ReadResult:
        whole = parsed(body)
        if whole_fits is not None and not whole_fits(whole, whole):
            raise not_mappable("it does not meet the conditions `when` of its mapping")
        listed = unpacked(find(whole, mapping.alerts)) if mapping.alerts else whole
        if listed is None and mapping.alerts:
            raise not_mappable(f"it has no `{mapping.alerts}`")
        came = Came(headers, source, received_at, _text(mapping.delivery, whole, whole))
        return each(came, rows(listed), lambda came_, part: _alert(came_, mapping, part, whole, tells))

    return read_mapped


@dataclass(frozen=True, slots=True)
class _Tells:
    """What a mapping says of states and severities, made ready; the words of severities are without case."""

    fires: Fits | None
    ended: Fits | None
    aside: Fits | None
    severities: Mapping[str, str]


def _alert(came: Came, mapping: MappingFile, part: Any, whole: Any, tells: _Tells) -> Alert:
    firing = _firing(part, whole, tells)

    def said(place: Place | None) -> str:
        return _text(place, part, whole)

    began, over = moment_of(said(mapping.starts_at)), moment_of(said(mapping.ends_at))
    known = _KNOWN[mapping.episodes]
    severity = said(mapping.severity)
    return alert(
        came,
        fingerprint=identity(*(_text(path, part, whole) for path in mapping.fingerprint)),
        name=said(mapping.name),
        firing=firing,
        # An end that tells only its own time is no start of anything.
        known=Known.WHILE_OPEN if known is None and began is None else known,
        began=began,
        ended=over or (began if known is Known.BY_TURN else None),
        severity=tells.severities.get(severity.casefold(), severity),
        summary=said(mapping.summary),
        component=said(mapping.component),
        labels=_tagged(mapping.tags, part, whole) | {name: said(place) for name, place in mapping.labels.items()},
        links=(said(mapping.link),),
        signal={name: said(place) for name, place in mapping.signal.items()},
    )


def _firing(part: Any, whole: Any, tells: _Tells) -> bool:
    if tells.aside is not None and tells.aside(part, whole):
        raise NoAlert("it meets `aside` of its mapping")
    if tells.fires is not None and tells.fires(part, whole):
        return True
    if tells.ended is not None and tells.ended(part, whole):
        return False
    if tells.fires is not None:
        raise NoAlert("it meets neither `status.firing` nor `status.resolved` of its mapping")
    return True


# ---------------------------------------------------------------- places and conditions


def _value(path: str | None, part: Any, whole: Any) -> Any:
    if path is None:
        return None
    return find(whole, path[2:]) if path.startswith("$.") else find(part, path)


def _text(place: Place | None, part: Any, whole: Any) -> str:
    if place is not None and not isinstance(place, str | tuple):
        return place.text
    for path in (place,) if isinstance(place, str) else place or ():
        found = _plain(_value(path, part, whole))
        if found is not None and usable(found):
            return found
    return ""


def _tagged(paths: str | tuple[str, ...] | None, part: Any, whole: Any) -> dict[str, str]:
    found: dict[str, str] = {}
    for path in (paths,) if isinstance(paths, str) else paths or ():
        found = tags(_value(path, part, whole)) | found
    return found


def _plain(value: Any) -> str | None:
    """A value as a text: of a list of plain values one text with commas; nothing of what is deeper."""
    if isinstance(value, list) and value and not any(isinstance(each_, dict | list | None) for each_ in value):
        return ", ".join(scalar(each_).strip() for each_ in value)
    return None if value is None or isinstance(value, dict | list) else scalar(value).strip()


def _conditions(written: Written | None) -> Fits | None:
    """One set of conditions, which all must hold, or several sets of which one is enough."""
    if written is None:
        return None
    sets = [_set(one) for one in ([written] if isinstance(written, Mapping) else written)]
    return lambda part, whole: any(fits(part, whole) for fits in sets)


def _set(written: Mapping[str, MatchValue]) -> Fits:
    tests = [(path, value_test(value)) for path, value in written.items()]
    return lambda part, whole: all(test(_tested(_value(path, part, whole))) for path, test in tests)


def _tested(value: Any) -> str | None:
    """What a predicate sees: a list or a mapping is there, as its JSON."""
    return None if value is None else scalar(value).strip()


# ---------------------------------------------------------------- the sample


def differences(mapping: MappingFile) -> list[str]:
    """Where the sample's alerts are not the expected ones; empty when all is as it should be."""
    at = datetime(2000, 1, 1, tzinfo=UTC)
    result = reader(mapping)({}, to_json(mapping.sample), source="sample", received_at=at)
    found = [f"alert {refused.index} of the sample cannot be used: {refused.reason}" for refused in result.rejected]
    if len(result.alerts) != len(mapping.expected):
        found.append(f"the sample gives {len(result.alerts)} alerts, expected are {len(mapping.expected)}")
    for index, (got, wanted) in enumerate(zip(result.alerts, mapping.expected, strict=False)):
        found += [f"alert {index}: {words}" for words in _compared(got, wanted)]
    return found


def _compared(got: Alert, wanted: Expected) -> list[str]:
    told: dict[str, tuple[object, object]] = {
        name: (getattr(got, name), getattr(wanted, name))
        for name in ("fingerprint", "name", "status", "severity", "summary", "link")
        if getattr(wanted, name) is not None
    }
    for name in ("starts_at", "ends_at"):
        if getattr(wanted, name) is not None:
            told[name] = (getattr(got, name), moment_of(getattr(wanted, name)))
    told |= {f"labels.{key}": (got.labels.get(key), value) for key, value in wanted.labels.items()}
    told |= {f"signal.{key}": (got.signal.get(key), value) for key, value in wanted.signal.items()}
    return [f"{name} is {_shown(is_)}, expected is {_shown(want)}" for name, (is_, want) in told.items() if is_ != want]


def _shown(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else repr(str(value)) if value is not None else "absent"


SOURCE = AlertSource(read, plain=("x-api-key",), in_address=("token",))
