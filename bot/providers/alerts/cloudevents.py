"""CloudEvents over HTTP, in binary, structured and batch mode: Seldon's and KServe's detectors, and what else says so.

Read leniently, which the SDK does not do: Seldon's request logger sends binary mode without `specversion`, `id` and
`source`. Formats: cloudevents/spec, bindings/http-protocol-binding and formats/json-format. A detector (Alibi) tells
`data.is_drift` or `data.is_outlier`, 1 or 0 (MLServer's as an output), and is known by what it watches; of other events
the end of the type tells (`job.failed`, `JobFailed`, `job.failed.v1`): `failed`, `drift`, `firing` fire, `resolved`,
`recovered` end, and the rest is kept.
"""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import unquote

from pydantic_core import from_json

from bot.providers.alerts.paths import find
from bot.providers.alerts.reading import AlertSource, BadAlert, Headers, NoAlert, ReadResult, not_mappable
from bot.providers.alerts.telling import Came, alert, dig, each, identity, parsed, rows, shallow, tags, text, when
from playbooks.domain.alerts import Alert, Known
from playbooks.plugin import header_of

_OUTPUT = "outputs.name={}.data"
_FLAGS = tuple(place.format(flag) for flag in ("is_drift", "is_outlier") for place in ("data.{}", "{}", _OUTPUT))
_FIRES = (
    "failed failure error errored alert alerting firing fired triggered drift drifted outlier breached violated "
    "degraded stale exceeded critical warning anomaly".split()
)
_LAST = re.compile(r"(?:[A-Z]?[a-z]+|[A-Z]+)$")
_VERSION = re.compile(r"[._-]?v?\d+$", re.IGNORECASE)
_ENDS = "resolved recovered ok succeeded success closed healthy normal cleared".split()


def read(headers: Headers, body: bytes, *, source: str, received_at: datetime) -> ReadResult:
    """See `reading.Read`."""
    events = _events(headers, body)
    key = ",".join(f"{_whose(event)}/{text(event, 'id')}" for event in events if text(event, "id"))
    return each(Came(headers, source, received_at, key), events, _event)


def _whose(event: Mapping[str, Any]) -> str:
    """Whose id it is: the source's. Seldon leaves it out, and gives a request and what detectors say of it one id."""
    return text(event, "source") or text(event, "type", "inferenceservicename")


def _events(headers: Headers, body: bytes) -> list[Mapping[str, Any]]:
    """Attributes and `data` of each event. Raises InputError."""
    binary = _attributes(headers)
    if "type" in binary:
        return [binary | {"data": parsed(body) if body.strip() else None}]
    told = parsed(body)
    found = rows(told)
    batch = "cloudevents-batch" in header_of(headers, "content-type")
    if not all(isinstance(event, dict) and "type" in event for event in found) or (not found and not batch):
        if isinstance(told, list) and not told:
            return []
        raise not_mappable("it is no CloudEvent: it has no `type`, and there are no `ce-` headers")
    return [_with_data(event) for event in found]


def _attributes(headers: Headers) -> dict[str, Any]:
    """The attributes of binary mode, percent-decoded."""
    found = {name.lower(): value for name, value in headers.items()}
    return {name[3:]: unquote(value.strip('"')) for name, value in found.items() if name.startswith("ce-")}


def _with_data(event: Mapping[str, Any]) -> Mapping[str, Any]:
    encoded = event.get("data_base64")
    if not isinstance(encoded, str):
        return event
    try:
        return {**event, "data": from_json(b64decode(encoded, validate=True))}
    except ValueError:
        return {**event, "data": None}


def _event(came: Came, event: Mapping[str, Any]) -> Alert:
    kind, data = text(event, "type"), event.get("data")
    if not kind:
        raise BadAlert("it has no `type`")
    flagged = [bool(value) for path in _FLAGS for value in _flat(find(data, path))]
    firing = any(flagged) if flagged else _says(kind, data)
    if firing is None:
        raise NoAlert(f"{kind[:80]} says nothing of whether something fires")
    return _alert(came, event, kind, data, firing, detector=bool(flagged))


def _flat(value: object) -> list[object]:
    """A flag, bare or in lists: one for each row of a batch."""
    return [one for item in value for one in _flat(item)] if isinstance(value, list) else rows(value)


def _says(kind: str, data: object) -> bool | None:
    for word in (
        text(data, "status", "state").lower(),
        _split(kind)[1],
    ):
        if word in _ENDS:
            return False
        if word in _FIRES:
            return True
    return None


def _split(kind: str) -> tuple[str, str]:
    """A type without its last word, and this word in small letters; a version at the end is left out."""
    stem = _VERSION.sub("", kind)
    last = _LAST.search(stem)
    return (stem[: last.start()].rstrip("._-"), last.group().lower()) if last else (stem, "")


def _alert(came: Came, event: Mapping[str, Any], kind: str, data: object, firing: bool, *, detector: bool) -> Alert:
    service = text(event, "inferenceservicename", "component") or text(data, "component", "labels.component")
    subject = text(event, "subject")
    place = (text(event, "namespace"), service, text(event, "endpoint"), text(data, "meta.name"))
    base = kind if detector else _split(kind)[0]
    at = when(event, "time") or when(data, "time", "timestamp")
    name = text(data, "name", "title") or (
        f"{kind.rsplit('.', 1)[-1]} {text(data, 'meta.name')}".strip() if detector else kind
    )
    extensions = {key: value for key, value in shallow(event).items() if key not in ("data", "datacontenttype", "id")}
    return alert(
        came,
        fingerprint=text(data, "fingerprint")[:128] or identity(base, text(event, "source"), *place, subject),
        name=name,
        firing=firing,
        known=Known.BY_TURN if at is not None else Known.WHILE_OPEN,
        began=at if firing else None,
        ended=at,
        severity=text(data, "severity") or ("warning" if detector and firing else ""),
        summary=text(data, "summary", "message", "description") or _summary(kind, service or subject, data, detector),
        component=service or subject,
        labels={**tags(dig(data, "labels")), **extensions, "detector": text(data, "meta.name")},
        links=(dig(data, "link"), dig(data, "url")),
        signal={
            "metric": text(data, "meta.name", "metric"),
            "value": text(data, "data.distance", "data.instance_score", "value", "data.distance.0")
            or _output(data, "distance"),
            "limit": text(data, "data.threshold", "threshold", "limit") or _output(data, "threshold"),
            "p_value": text(data, "data.p_val", "data.p_val.0") or _output(data, "p_val"),
        },
    )


def _output(data: object, name: str) -> str:
    """The one number of an output of the Open Inference Protocol, in which MLServer's detectors answer."""
    values = _flat(find(data, _OUTPUT.format(name)))
    return text(values, "0") if len(values) == 1 else ""


def _summary(kind: str, what: str, data: object, detector: bool) -> str:
    if not detector:
        return f"{kind}: {what}" if what else kind
    return f"{text(data, 'meta.name') or 'the detector'} flags {what or 'an endpoint'} ({kind.rsplit('.', 1)[-1]})"


SOURCE = AlertSource(read)
