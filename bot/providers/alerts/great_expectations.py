"""Great Expectations: a checkpoint's or a validation's result as JSON, which the caller posts.

Read are `CheckpointResult.describe()` of version 1 (`validation_results`), its `to_json_dict()`, the result of one
validation (`results`), of versions 0.18 and 1, and what `APINotificationAction` makes (great_expectations 1.24,
checkpoint/actions.py: a list with `test_suite_name` each). A suite on an asset is known by both; the next success ends
it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from bot.providers.alerts.reading import AlertSource, BadAlert, Headers, ReadResult, not_mappable
from bot.providers.alerts.telling import Came, alert, dig, each, identity, parsed, rows, text, when
from playbooks.domain.alerts import Alert, Known

_WORST = ("critical", "warning", "info")
_SHOWN = 5


def read(headers: Headers, body: bytes, *, source: str, received_at: datetime) -> ReadResult:
    """See `reading.Read`."""
    bodies = rows(parsed(body))
    found = [{"result": result, "whole": data} for data in bodies for result in _validations(data)]
    if not found:
        raise not_mappable("it is no result of Great Expectations: it has no `validation_results` and no `results`")
    return each(Came(headers, source, received_at), found, _validation)


def _validations(data: Any) -> Iterator[Any]:
    if not isinstance(data, dict):
        return
    if "test_suite_name" in data and isinstance(data.get("validation_results"), list):
        yield _of_action(data)
    elif isinstance(data.get("validation_results"), list):
        yield from data["validation_results"]
    elif isinstance(data.get("run_results"), dict):
        for result in data["run_results"].values():
            inner = dig(result, "validation_result")
            yield inner if inner is not None else result
    elif "success" in data and any(isinstance(data.get(key), list) for key in ("results", "expectations")):
        yield data


def _of_action(data: Mapping[str, Any]) -> dict[str, Any]:
    """A validation's result of the action's body, which leaves out the sum of its expectations."""
    expectations = data["validation_results"]
    told = {"suite_name": data["test_suite_name"], "asset_name": data.get("data_asset_name"), "results": expectations}
    verdicts = [dig(each_, "success") for each_ in expectations]
    sure = bool(verdicts) and all(isinstance(verdict, bool) for verdict in verdicts)
    return told | {"success": all(verdicts) if sure else None}


def _validation(came: Came, part: Mapping[str, Any]) -> Alert:
    result, whole = part["result"], part["whole"]
    success = dig(result, "success")
    if not isinstance(success, bool):
        raise BadAlert("it does not say whether it succeeded (`success`)")
    expectations = rows(dig(result, "expectations") or dig(result, "results"))
    failed = [each_ for each_ in expectations if dig(each_, "success") is False]
    first = expectations[0] if expectations else None
    asset = _asset(result, first)
    suite = text(result, "suite_name", "meta.expectation_suite_name") or text(whole, "suite", "name", "checkpoint")
    words = [_words(each_) for each_ in failed[:_SHOWN]] + (["…"] if len(failed) > _SHOWN else [])
    told = rows(dig(whole, "component")) + rows(dig(result, "meta.component"))
    return alert(
        came,
        fingerprint=identity("expectations", suite, asset),
        name=f"expectations of {asset or suite or 'a data asset'}",
        firing=not success,
        known=Known.WHILE_OPEN,
        began=when(result, "meta.validation_time", "meta.run_id.run_time")
        or when(whole, "run_id.run_time", "run_time"),
        severity=next((word for word in _WORST if any(word == _severity(each_) for each_ in failed)), ""),
        summary="" if success else f"{len(failed)} of {len(expectations)} expectations failed: {', '.join(words)}",
        component=next((each_ for each_ in told if isinstance(each_, str)), "") or asset,
        labels={"suite": suite, "asset": asset, "checkpoint": text(whole, "name", "checkpoint", "checkpoint_name")},
        links=(dig(whole, "result_url"), dig(result, "result_url"), dig(whole, "link")),
        signal={
            "metric": "expectations that hold, in %",
            "value": text(result, "statistics.success_percent"),
            "failed": text(result, "statistics.unsuccessful_expectations"),
        },
    )


def _asset(result: object, first: object) -> str:
    """Data source and asset, else the batch, of which the name stays the same from run to run."""
    names = ("meta.active_batch_definition", "meta.batch_spec", "meta.batch_kwargs")
    for name in names:
        found = text(dig(result, name), "data_asset_name", "asset_name", "table_name")
        if found:
            return found
    return text(result, "asset_name", "batch_id") or text(
        first, "kwargs.batch_id", "expectation_config.kwargs.batch_id", "expectation_config.kwargs.table_name"
    )


def _words(expectation: object) -> str:
    kind = text(expectation, "expectation_type", "expectation_config.expectation_type", "expectation_config.type")
    column = text(expectation, "kwargs.column", "expectation_config.kwargs.column")
    return f"{kind} ({column})" if column else kind


def _severity(expectation: object) -> str:
    places = ("severity", "expectation_config.severity", "meta.severity", "expectation_config.meta.severity")
    return text(expectation, *places).lower()


SOURCE = AlertSource(read)
