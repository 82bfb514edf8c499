"""Weights & Biases automations: run metrics over a threshold, and runs that failed. The body is the user's template.

docs/alert-sources.md has the template to use. `X-Wandb-Signature` is the hex HMAC-SHA256 of the body where the webhook
has a secret (docs.wandb.ai, automations/create-automations/webhook). No recovery is told of a metric; a run that
finishes ends what its failure opened. Artifacts and aliases are kept and open nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bot.providers.alerts.reading import AlertSource, Headers, NoAlert, ReadResult
from bot.providers.alerts.telling import Came, alert, dig, each, identity, parsed_object, shallow, text, when
from bot.providers.signatures import Hmac
from playbooks.domain.alerts import Alert, Known

_METRICS = ("RUN_METRIC", "RUN_METRIC_THRESHOLD", "RUN_METRIC_CHANGE", "RUN_METRIC_ZSCORE")
_FAILED = ("failed", "crashed", "killed", "preempted")


def read(headers: Headers, body: bytes, *, source: str, received_at: datetime) -> ReadResult:
    """See `reading.Read`."""
    data = parsed_object(body, "Weights & Biases", "event_type", "automation", "alert_title", "metric_name", "run_name")
    return each(Came(headers, source, received_at, text(data, "delivery_id", "event_id")), [data], _event)


def _event(came: Came, data: Mapping[str, Any]) -> Alert:
    kind = text(data, "event_type", "event.type").upper()
    state = text(data, "run_state", "state", "run.state").lower()
    metric = text(data, "metric_name", "metric.name")
    about_run = kind == "RUN_STATE" or (not kind and state)
    if not about_run and kind not in _METRICS and not (metric or text(data, "alert_title")):
        raise NoAlert(f"{kind or 'the event'} is about no metric and no run")
    if about_run and state not in (*_FAILED, "finished"):
        raise NoAlert(f"the run is {state or 'under way'}")
    project = text(data, "project_name", "project.name", "project")
    run = text(data, "run_name", "run_id", "run.name")
    automation = text(data, "automation", "automation_name")
    at = when(data, "timestamp", "event_time", "created_at")
    firing = not (about_run and state == "finished")
    labels = {key: value for key, value in shallow(data).items() if len(value) <= 128}
    return alert(
        came,
        fingerprint=identity(
            "wandb", text(data, "entity_name"), project, automation or kind, metric, run if about_run else ""
        ),
        name=text(data, "alert_title") or automation or (f"run {state}" if about_run else f"{metric} of {project}"),
        firing=firing,
        known=Known.WHILE_OPEN,
        began=at if firing else None,
        ended=at,
        severity=text(data, "severity", "alert_level").lower(),
        summary=text(data, "alert_text", "message", "summary"),
        component=text(data, "component", "artifact_collection_name") or project,
        labels={**labels, "project": project, "run": run},
        links=(data.get("run_url"), data.get("url"), dig(data, "run.url")),
        signal={
            "metric": metric,
            "value": text(data, "metric_value", "metric.value"),
            "limit": text(data, "threshold", "metric.threshold"),
        },
    )


SOURCE = AlertSource(read, Hmac("X-Wandb-Signature"))
