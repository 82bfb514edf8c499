"""Weights & Biases automations: run metrics over a threshold, and runs that failed. The body is the user's template.

docs/alert-sources.md has the template to use: W&B fills in the event, project and entity, and of a run nothing else
(wandb/docs, models/automations/create-automations/webhook.mdx), so metric, state and severity are the template's own
words. `X-Wandb-Signature` is the HMAC-SHA256 of the body where the webhook has a secret, in base64 as that page's
script writes it, or in hex as receivers report it. No recovery is told of a metric; a run that finishes ends what its
failure opened. Artifacts and aliases are kept and open nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from bot.providers.alerts.reading import AlertSource, Headers, NoAlert, ReadResult
from bot.providers.alerts.telling import Came, alert, dig, each, identity, parsed_object, shallow, text, when
from bot.providers.signatures import Hmac
from playbooks.domain.alerts import Alert, Known

_METRICS = ("RUN_METRIC", "RUN_METRIC_THRESHOLD", "RUN_METRIC_CHANGE", "RUN_METRIC_ZSCORE")
_STATE = "RUN_STATE"
_FAILED = ("failed", "crashed", "killed", "preempted")
_SIGNATURES = (Hmac("X-Wandb-Signature", encoding="base64"), Hmac("X-Wandb-Signature"))
_SECRET = re.compile("token|secret|password", re.IGNORECASE)  # a template may hold the webhook's own
_KEYS = ("event_type", "automation", "alert_title", "metric_name", "run_name", "client_payload")


def read(headers: Headers, body: bytes, *, source: str, received_at: datetime) -> ReadResult:
    """See `reading.Read`."""
    data = parsed_object(body, "Weights & Biases", *_KEYS)
    inner = data.get("client_payload")  # the form of GitHub's dispatch, which W&B's page shows first
    data = {**data, **inner} if isinstance(inner, dict) else data
    return each(Came(headers, source, received_at, text(data, "delivery_id", "event_id")), [data], _event)


def _event(came: Came, data: Mapping[str, Any]) -> Alert:
    kind = text(data, "event_type", "event.type").upper()
    state = text(data, "run_state", "state", "run.state").lower()
    metric = text(data, "metric_name", "metric.name")
    about_run = kind == _STATE or (kind not in _METRICS and bool(state))
    titled = text(data, "alert_title")
    if not about_run and kind not in _METRICS and not (metric or titled):
        raise NoAlert(f"{kind or 'the event'} is about no metric and no run")
    if about_run and state not in (*_FAILED, "finished") and (state or not text(data, "severity", "alert_title")):
        raise NoAlert(f"the run is {state}" if state else "it does not say whether the run failed (`run_state`)")
    project = text(data, "project_name", "project.name", "project")
    run = text(data, "run_name", "run_id", "run.name")
    automation = text(data, "automation", "automation_name")
    at = when(data, "timestamp", "event_time", "created_at")
    firing = not (about_run and state == "finished")
    labels = {key: value for key, value in shallow(data).items() if len(value) <= 128 and not _SECRET.search(key)}
    return alert(
        came,
        fingerprint=identity(
            "wandb", text(data, "entity_name"), project, automation or kind, metric, run if about_run else ""
        ),
        name=titled or automation or (f"run {state}" if about_run else f"{metric} of {project}".removeprefix(" of ")),
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


def _signed(headers: Mapping[str, str], body: bytes, secrets: Sequence[str], *, now: datetime) -> bool:
    return any(signed(headers, body, secrets, now=now) for signed in _SIGNATURES)


SOURCE = AlertSource(read, _signed)
