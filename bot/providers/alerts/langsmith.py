"""LangSmith's webhooks: its alerts, the issues that its Engine finds in traces, and rules that runs match.

Alerts (docs.langchain.com, langsmith/alerts-webhook): the fields are added to a body of the user's own; nothing is
signed. Engine (langsmith/engine-webhooks): `X-LangSmith-Signature` is `sha256=` and the hex HMAC-SHA256 of the body,
`id` stays the same over retries, severity 0 is urgent and 3 low. Rules (langsmith/webhooks): `rule_id` and the matching
runs. No recovery is told by any: the same firing again repeats what is open.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bot.providers.alerts.reading import AlertSource, Headers, NoAlert, ReadResult
from bot.providers.alerts.telling import Came, alert, dig, each, identity, parsed_object, rows, shallow, text, when
from bot.providers.signatures import Hmac
from playbooks.domain.alerts import Alert, Known

_PRIORITIES = {"0": "critical", "1": "error", "2": "warning", "3": "info"}
_APP = "https://smith.langchain.com"


def read(headers: Headers, body: bytes, *, source: str, received_at: datetime) -> ReadResult:
    """See `reading.Read`."""
    data = parsed_object(body, "LangSmith", "alert_rule_id", "alert_rule_name", "rule_id", "type")
    if any(key in data for key in ("alert_rule_id", "alert_rule_name")):
        return each(Came(headers, source, received_at), [data], _alert)
    if "rule_id" in data:
        return each(Came(headers, source, received_at), [data], _rule)
    return each(Came(headers, source, received_at, text(data, "id")), [data], _engine)


def _alert(came: Came, data: Mapping[str, Any]) -> Alert:
    rule, project = text(data, "alert_rule_name"), text(data, "project_name")
    attribute = text(data, "alert_rule_attribute")
    known_by = text(data, "alert_rule_id") or ":".join(part for part in (project, rule) if part)
    return alert(
        came,
        fingerprint=identity(known_by),
        name=rule or f"LangSmith {attribute}".strip(),
        firing=True,
        known=Known.WHILE_OPEN,
        began=when(data, "timestamp"),
        severity=text(data, "severity"),
        summary=text(data, "alert_rule_description", "description") or _sentence(data, attribute, project) or rule,
        component=text(data, "component", "service") or project,
        labels={
            **{key: value for key, value in shallow(data).items() if len(value) <= 128 and _plain(data[key])},
            "project": project,
            "attribute": attribute,
        },
        links=(data.get("alert_rule_url"), data.get("runs_url")),
        signal={
            "metric": attribute,
            "value": text(data, "triggered_metric_value"),
            "limit": text(data, "triggered_threshold"),
        },
    )


def _sentence(data: Mapping[str, Any], attribute: str, project: str) -> str:
    value, limit = text(data, "triggered_metric_value"), text(data, "triggered_threshold")
    where = f" in {project}" if project else ""
    return f"{attribute.replace('_', ' ')} is {value}, threshold {limit}{where}" if value and limit else ""


def _plain(value: object) -> bool:
    """Whether a word of the user's own body may be a label: LangSmith fills in no `{placeholder}`."""
    return isinstance(value, str) and "{" not in value


def _engine(came: Came, event: Mapping[str, Any]) -> Alert:
    kind, told = text(event, "type"), dig(event, "data.object")
    issue = kind in ("issue.created", "issue.trace.added")
    if not issue and kind != "issue.agent_run.failed":
        raise NoAlert(f"{kind or 'the event'} tells no issue")
    project = text(told, "session_name", "session_id")
    failed = f"LangSmith Engine failed on {project}".strip()
    return alert(
        came,
        fingerprint=identity("issue", text(told, "id")) if issue else identity("engine", text(told, "session_id")),
        name=text(told, "name") if issue else failed,
        firing=True,
        known=Known.WHILE_OPEN,
        began=when(told, "occurred_at") or when(event, "created"),
        severity=_PRIORITIES.get(text(told, "severity"), "") if issue else "warning",
        summary=text(told, "description", "error_message", "name") or failed,
        component=project,
        labels={
            "project": project,
            "workspace": text(told, "tenant_name", "tenant_id"),
            "event": kind,
            "status": text(told, "status"),
            "trace": text(event, "data.trace.trace_id"),
        },
        links=(dig(told, "url"),),
    )


def _rule(came: Came, data: Mapping[str, Any]) -> Alert:
    runs = rows(data.get("runs"))
    first = runs[0] if runs else None
    wrong = [each_ for each_ in runs if text(each_, "status") == "error" or text(each_, "error")]
    named = text(first, "name")
    path = dig(first, "app_path")
    return alert(
        came,
        fingerprint=identity("rule", text(data, "rule_id")),
        name=f"LangSmith rule matched {named}".strip(),
        firing=True,
        known=Known.WHILE_OPEN,
        began=when(data, "end_time", "start_time"),
        severity=text(data, "severity"),
        summary=text(wrong[0], "error") if wrong else f"{len(runs)} runs matched the rule",
        component=text(data, "component", "service", "project_name") or text(first, "session_name"),
        labels={"rule": text(data, "rule_id"), "project": text(first, "session_name", "session_id"), "run": named},
        links=(f"{_APP}{path}" if isinstance(path, str) and path.startswith("/") else "",),
        signal={"metric": "matching runs", "value": str(len(runs)), "failed": str(len(wrong))},
    )


SOURCE = AlertSource(
    read, Hmac("X-LangSmith-Signature", prefix="sha256="), plain=("x-webhook-secret",), in_address=("token",)
)
