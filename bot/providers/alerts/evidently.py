"""Evidently: a report's or a test suite's JSON; the caller posts it, the library has no webhook.

Each test is a series: known by what it measures, the column and itself; FAIL and ERROR fire, WARNING fires as a
warning, SUCCESS ends. Versions 0.5 and later (`tests` with `metric_config`, `metrics` with `metric_name`), and 0.4
(`group`), of which a test is known by its name. A report without tests tells drift: of the whole data set where it has
that, else of each column.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.providers.alerts.reading import AlertSource, BadAlert, Headers, NoAlert, ReadResult, not_mappable
from bot.providers.alerts.telling import Came, alert, dig, each, identity, parsed_object, rows, shallow, text, when
from playbooks.domain.alerts import Alert, Known

_COMMON = ("type", "column", "tests", "method", "threshold", "drift_share", "stattest", "stattest_threshold")
_STATUSES = {"fail": True, "error": True, "warning": True, "success": False}


def read(headers: Headers, body: bytes, *, source: str, received_at: datetime) -> ReadResult:
    """See `reading.Read`."""
    data = parsed_object(body, "Evidently", "tests", "metrics")
    found = [{"test": test, "whole": data} for test in rows(data.get("tests"))]
    came = Came(headers, source, received_at)
    if found:
        return each(came, found, _test)
    drifts = [metric for metric in rows(data.get("metrics")) if _drift(metric) is not None]
    if drifts:
        return each(came, [{"metric": drifts[0], "whole": data}], _metric)  # older reports say the same several times
    columns = [{"column": column, "whole": data} for column in _columns(data)]
    if not columns:
        raise not_mappable("it is a report without tests and without drift: run it with `include_tests=True`")
    return each(came, columns, _column)


def _test(came: Came, part: Mapping[str, Any]) -> Alert:
    test, whole = part["test"], part["whole"]
    status = text(test, "status").lower()
    if status == "skipped":
        raise NoAlert("the test was skipped")
    if status not in _STATUSES:
        raise BadAlert(f"its status {status[:40]!r} is none of FAIL, ERROR, WARNING and SUCCESS")
    params = dig(test, "metric_config.params")
    column = text(params, "column") or text(test, "parameters.column_name", "parameters.column.column_name")
    measured = _measured(whole, text(test, "metric_config.metric_id"))
    kind = (text(params, "type") or text(test, "group", "name")).rsplit(":", 1)[-1]
    firing = _STATUSES[status]
    return alert(
        came,
        fingerprint=identity("test", _project(whole), kind, column, *_which(test)),
        name=text(test, "name"),
        firing=firing,
        known=Known.WHILE_OPEN,
        began=when(whole, "timestamp", "metadata.timestamp", "date"),
        severity="" if not firing else "warning" if status == "warning" or _lenient(test) else "error",
        summary=text(test, "description").replace("**", ""),
        component=_component(whole),
        labels=_labels(whole) | {"column": column, "metric": kind, "test": text(test, "name"), "status": status},
        links=(dig(whole, "link"), dig(whole, "url")),
        signal={
            "metric": text(measured, "metric_name") or text(test, "name"),
            "value": _value(measured) or text(test, "parameters.value", "parameters.score", "parameters.share"),
            "limit": text(test, "test_config.threshold", "test_config.expected", "parameters.threshold")
            or text(params, "threshold", "drift_share"),
        },
    )


def _which(test: Mapping[str, Any]) -> tuple[str, ...]:
    """What tells tests of one metric apart: the comparison, the share instead of the count, the label, the quantile."""
    share = "share" if dig(test, "bound_test.is_count") is False else ""
    params = shallow(dig(test, "metric_config.params"))
    own = ",".join(f"{name}={value}" for name, value in sorted(params.items()) if name not in _COMMON)
    return text(test, "id") or text(test, "name"), share, text(test, "bound_test.label"), own


def _lenient(test: Mapping[str, Any]) -> bool:
    """Whether the test says of itself that it is not critical."""
    return dig(test, "test_config.is_critical") is False or dig(test, "bound_test.test.is_critical") is False


def _measured(whole: Mapping[str, Any], metric: str) -> object:
    return next((each_ for each_ in rows(whole.get("metrics")) if metric and text(each_, "id") == metric), None)


def _value(metric: object) -> str:
    return text(metric, "value", "value.share", "value.count", "value.mean")


def _drift(metric: object) -> bool | None:
    """Whether the data set drifts, None where the metric is about something else."""
    old = dig(metric, "result.dataset_drift")
    if isinstance(old, bool):
        return old
    share, limit = dig(metric, "value.share"), dig(metric, "config.drift_share")
    if isinstance(share, int | float) and isinstance(limit, int | float):
        return share >= limit
    return None


def _metric(came: Came, part: Mapping[str, Any]) -> Alert:
    metric, whole = part["metric"], part["whole"]
    return alert(
        came,
        fingerprint=identity("drift", _project(whole), _component(whole)),
        name="data set drift",
        firing=bool(_drift(metric)),
        known=Known.WHILE_OPEN,
        began=when(whole, "timestamp", "metadata.timestamp"),
        severity="warning" if _drift(metric) else "",
        summary=_told(metric, whole),
        component=_component(whole),
        labels=_labels(whole),
        signal={
            "metric": "share of drifted columns",
            "value": text(metric, "value.share", "result.share_of_drifted_columns"),
            "limit": text(metric, "config.drift_share", "result.drift_share"),
        },
    )


def _told(metric: object, whole: Mapping[str, Any]) -> str:
    share = text(metric, "value.share", "result.share_of_drifted_columns")
    limit = text(metric, "config.drift_share", "result.drift_share")
    columns = ", ".join([column.name for column in _columns(whole) if column.drifts][:10])
    return f"share of drifted columns is {share}, limit {limit}" + (f": {columns}" if columns else "")


def _column(came: Came, part: Mapping[str, Any]) -> Alert:
    column, whole = part["column"], part["whole"]
    return alert(
        came,
        fingerprint=identity("drift", _project(whole), column.name),
        name=f"drift of {column.name}",
        firing=column.drifts,
        known=Known.WHILE_OPEN,
        began=when(whole, "timestamp", "metadata.timestamp"),
        severity="warning" if column.drifts else "",
        summary=f"{column.method or 'drift score'} is {column.value}, threshold {column.limit}",
        component=_component(whole),
        labels=_labels(whole) | {"column": column.name},
        signal={"metric": column.method or "drift score", "value": column.value, "limit": column.limit},
    )


@dataclass(frozen=True, slots=True)
class _Column:
    """What a report says of one column's drift."""

    name: str
    drifts: bool
    method: str
    value: str
    limit: str


def _columns(whole: Mapping[str, Any]) -> Iterator[_Column]:
    """As older reports say it; of newer ones, which leave it to the reader: a p-value below its threshold, or a
    distance at or above it."""
    for metric in rows(whole.get("metrics")):
        several = dig(metric, "result.drift_by_columns")
        for told in [dig(metric, "result"), *(several.values() if isinstance(several, dict) else ())]:
            drifts = dig(told, "drift_detected")
            if isinstance(drifts, bool) and text(told, "column_name"):
                figures = (text(told, name) for name in ("stattest_name", "drift_score", "stattest_threshold"))
                yield _Column(text(told, "column_name"), drifts, *figures)
        value, limit, name = dig(metric, "value"), dig(metric, "config.threshold"), text(metric, "config.column")
        if isinstance(value, int | float) and isinstance(limit, int | float) and name:
            method = text(metric, "config.method")
            drifts = value < limit if "p_value" in method else value >= limit
            yield _Column(name, drifts, method, text(metric, "value"), text(metric, "config.threshold"))


def _component(whole: Mapping[str, Any]) -> str:
    return text(whole, "component", "metadata.component", "model", "metadata.model_id")


def _project(whole: Mapping[str, Any]) -> str:
    return text(whole, "project", "project_id", "metadata.project") or _component(whole)


def _labels(whole: Mapping[str, Any]) -> dict[str, str]:
    return {"project": _project(whole), "report": text(whole, "name", "id")}


SOURCE = AlertSource(read)
