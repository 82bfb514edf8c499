"""dbt Cloud's webhooks: job runs that errored or completed.

`Authorization` carries the hex HMAC-SHA256 of the body under the webhook's secret (docs.getdbt.com, deploy/webhooks). A
job is known by account, job and environment; its next run that succeeds ends what failed. A started run says nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bot.providers.alerts.reading import AlertSource, BadAlert, Headers, NoAlert, ReadResult
from bot.providers.alerts.telling import Came, alert, each, identity, parsed_object, text, when
from bot.providers.signatures import Hmac
from playbooks.domain.alerts import Alert, Known

_STATUSES = {"success": False, "errored": True, "error": True, "failed": True}
_CODES = {"10": False, "20": True}


def read(headers: Headers, body: bytes, *, source: str, received_at: datetime) -> ReadResult:
    """See `reading.Read`."""
    data = parsed_object(body, "dbt Cloud", "eventType", "eventId")
    return each(Came(headers, source, received_at, text(data, "eventId")), [data], _run)


def _run(came: Came, event: Mapping[str, Any]) -> Alert:
    kind, data = text(event, "eventType"), event.get("data")
    if kind in ("job.run.started", ""):
        raise NoAlert(f"{kind or 'the event'} tells of no end of a run")
    status = text(data, "runStatus").lower()
    firing = _STATUSES.get(status, _CODES.get(text(data, "runStatusCode")))
    if kind == "job.run.errored":
        firing = True
    if status == "cancelled" or text(data, "runStatusCode") == "30":
        raise NoAlert("the run was cancelled")
    if firing is None:
        raise BadAlert(f"its run's status {status[:40]!r} is neither success nor error")
    name = text(data, "jobName") or f"dbt job {text(data, 'jobId')}"
    at = when(data, "runErroredAt", "runFinishedAt") or when(event, "timestamp")
    return alert(
        came,
        fingerprint=identity(text(event, "accountId"), text(data, "jobId"), text(data, "environmentId")),
        name=name,
        firing=firing,
        known=Known.BY_TURN,
        began=at if firing else None,
        ended=at,
        summary=text(data, "runStatusMessage") or f"{name}: {text(data, 'runStatus')}",
        component=name,
        labels={
            "job": name,
            "job_id": text(data, "jobId"),
            "environment": text(data, "environmentName"),
            "project": text(data, "projectName"),
            "run": text(data, "runId"),
            "account": text(event, "accountId"),
        },
        annotations={"reason": text(data, "runReason")},
        links=(_value(data, "runUrl"), _value(data, "jobUrl")),
    )


def _value(data: object, key: str) -> object:
    return data.get(key) if isinstance(data, Mapping) else None


SOURCE = AlertSource(read, Hmac("Authorization"))
