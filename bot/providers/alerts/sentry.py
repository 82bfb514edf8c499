"""Sentry's integration webhooks: issue alerts, issues, metric alerts; the legacy webhooks plug-in; older service hooks.

Resource and signature stand in headers: `Sentry-Hook-Resource`, `Sentry-Hook-Signature` (hex HMAC-SHA256 of the body
under the client secret), `Request-ID` (docs.sentry.io, organization/integrations/integration-platform/webhooks). An
issue alert only triggers; its issue's own webhook tells the end, so both are known by the issue; bodies of before 2021
name it in an address only. Some calls come with an empty body. A service hook is signed in `X-ServiceHook-Signature`,
and holds `project`, `group` and `event`, or the issue itself as `data` (getsentry/sentry, tasks/servicehooks.py).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from bot.providers.alerts.reading import AlertSource, BadAlert, Headers, NoAlert, ReadResult, not_mappable, rejected
from bot.providers.alerts.telling import Came, alert, dig, each, known_as, moment_of, parsed, rows, tags, text, when
from bot.providers.signatures import Hmac
from playbooks.domain.alerts import Alert, Known
from playbooks.plugin import header_of

_ISSUE = re.compile(r"/issues/(\d+)(?:[/?]|$)")
_SIGNED = (Hmac("Sentry-Hook-Signature"), Hmac("X-ServiceHook-Signature"))
_ENDED = ("resolved", "ignored", "archived", "resolvedInNextRelease")


def read(headers: Headers, body: bytes, *, source: str, received_at: datetime) -> ReadResult:
    """See `reading.Read`."""
    if not body.strip():
        return ReadResult([], [rejected(0, NoAlert("a call of Sentry without a body"), "")])
    data = parsed(body)
    came = Came(headers, source, received_at, header_of(headers, "Request-ID"))
    if not isinstance(data, dict):
        raise not_mappable("it is no body of Sentry: it has neither `data` nor `event`")
    if isinstance(data.get("data"), dict):
        return each(came, [data], _hook)
    if isinstance(data.get("event"), dict):
        return each(came, [data], _plugin)
    if "installation" in data or "action" in data:
        return each(came, [data], _other)
    raise not_mappable("it is no body of Sentry: it has neither `data` nor `event`")


def _hook(came: Came, body: Mapping[str, Any]) -> Alert:
    data = body["data"]
    if isinstance(data.get("metric_alert"), dict):
        return _metric(came, text(body, "action"), data, data["metric_alert"])
    event = data.get("event") if isinstance(data.get("event"), dict) else data.get("error")
    if isinstance(event, dict):
        return _event(came, event, text(data, "triggered_rule", "issue_alert.title"))
    action = text(body, "action")
    if isinstance(data.get("issue"), dict):
        return _issue(came, action, data["issue"])
    if action.startswith("issue.") and text(data, "shortId", "firstSeen"):  # a service hook: the issue itself
        return _issue(came, action.removeprefix("issue."), data)
    return _other(came, body)


def _other(came: Came, body: Mapping[str, Any]) -> Alert:
    kind = header_of(came.headers, "Sentry-Hook-Resource") or "the call"
    raise NoAlert(f"{kind} ({text(body, 'action') or 'no action'}) is about no issue and no metric")


def _sent(came: Came) -> datetime | None:
    """When Sentry sent the call."""
    return moment_of(header_of(came.headers, "Sentry-Hook-Timestamp"))


def _event(came: Came, event: Mapping[str, Any], rule: str) -> Alert:
    labels = tags(event.get("tags"))
    title = text(event, "title", "message", "metadata.title", "logentry.formatted")
    project = text(event, "project_slug", "project_name") or _project(text(event, "url"))
    return alert(
        came,
        fingerprint=known_as("issue", _issue_of(event)),
        name=title or rule,
        firing=True,
        known=Known.WHILE_OPEN,
        began=when(event, "datetime", "dateCreated", "timestamp", "received", "dateReceived"),
        severity=text(event, "level") or labels.get("level", ""),
        summary=text(event, "metadata.value", "message") or title,
        component=labels.get("component") or labels.get("service", "") or project,
        labels={
            **labels,
            "rule": rule,
            "project": project or text(event, "project"),
            "environment": text(event, "environment") or labels.get("environment", ""),
            "platform": text(event, "platform"),
            "culprit": text(event, "culprit", "location"),
            "release": text(event, "release") or labels.get("release", ""),
            "type": text(event, "metadata.type", "type"),
        },
        links=(event.get("web_url"), event.get("issue_url"), event.get("url")),
    )


def _issue_of(event: Mapping[str, Any]) -> str:
    """The issue's id, of an address where the event does not name it; else what Sentry would group it by."""
    stated = text(event, "issue_id", "groupID", "issue.id")
    addresses = (text(event, name) for name in ("issue_url", "web_url", "url"))
    found = next(filter(None, map(_ISSUE.search, addresses)), None)
    return stated or (found[1] if found else text(event, "hashes.0", "event_id"))


def _project(address: str) -> str:
    """The project's slug in an event's address, `…/projects/ORGANISATION/PROJECT/events/…`."""
    _, _, rest = address.partition("/projects/")
    parts = rest.split("/")
    return parts[1] if len(parts) > 2 else ""


def _issue(came: Came, action: str, issue: Mapping[str, Any]) -> Alert:
    ended = text(issue, "status") in _ENDED or action in _ENDED
    project = text(issue, "project.slug", "project.name")
    again = action in ("unresolved", "regressed", "escalating")
    began = (_sent(came) or came.at) if again else when(issue, "firstSeen")
    return alert(
        came,
        fingerprint=known_as("issue", text(issue, "id")),
        name=text(issue, "title", "metadata.title", "shortId"),
        firing=not ended,
        known=Known.WHILE_OPEN,
        began=began,
        ended=_sent(came),
        severity=text(issue, "level"),
        summary=text(issue, "metadata.value") or text(issue, "title"),
        component=project,
        labels={
            "project": project,
            "short_id": text(issue, "shortId"),
            "platform": text(issue, "platform"),
            "culprit": text(issue, "culprit"),
            "status": text(issue, "status"),
            "type": text(issue, "metadata.type", "type"),
        },
        links=(issue.get("web_url"), issue.get("permalink"), issue.get("url")),
        signal={"events": text(issue, "count"), "users": text(issue, "userCount")},
    )


def _metric(came: Came, action: str, data: Mapping[str, Any], told: Mapping[str, Any]) -> Alert:
    if action not in ("critical", "warning", "resolved", "open", "closed"):
        raise BadAlert(f"its action {action[:40]!r} is none of critical, warning and resolved")
    ended = action in ("resolved", "closed")
    projects = dig(told, "projects")
    project = projects[0] if isinstance(projects, list) and projects and isinstance(projects[0], str) else ""
    began = when(told, "date_started", "dateStarted", "date_detected", "date_created")
    return alert(
        came,
        fingerprint=known_as("metric", text(told, "id", "identifier")),
        name=text(told, "alert_rule.name", "title") or text(data, "description_title"),
        firing=not ended,
        known=Known.BY_ID,
        began=began,
        ended=when(told, "date_closed", "dateClosed") or _sent(came),
        severity="" if ended else action,
        summary=text(data, "description_text", "description_title"),
        component=project,
        labels={
            "project": project,
            "rule": text(told, "alert_rule.name"),
            "rule_id": text(told, "alert_rule.id"),
            "environment": text(told, "alert_rule.environment"),
            "aggregate": text(told, "alert_rule.aggregate"),
            "identifier": text(told, "identifier"),
        },
        links=(data.get("web_url"),),
        signal={
            "metric": text(told, "alert_rule.aggregate"),
            "limit": _threshold(rows(dig(told, "alert_rule.triggers")), action),
        },
    )


def _threshold(triggers: Sequence[object], action: str) -> str:
    """What was crossed: the limit of the trigger with that label, else of the first."""
    fit = [trigger for trigger in triggers if text(trigger, "label") == action] or triggers
    return text(list(fit), "0.alertThreshold", "0.alert_threshold")


def _plugin(came: Came, body: Mapping[str, Any]) -> Alert:
    """The legacy plug-in and older service hooks: the event beside its issue, bare or as `group`."""
    event = body["event"]
    extra = {
        "issue_id": text(body, "id", "group.id") or text(event, "issue_id"),
        "project_slug": text(body, "project_slug", "project", "project.slug", "project.name"),
        "level": text(event, "level") or text(body, "level", "group.level"),
        "culprit": text(event, "culprit") or text(body, "culprit", "group.culprit"),
        "message": text(body, "message") or text(event, "message"),
        "url": text(body, "url") or text(event, "url") or text(body, "group.url", "group.permalink"),
    }
    rules = body.get("triggering_rules")
    rule = str(rules[0]) if isinstance(rules, list) and rules else ""
    return _event(came, {**event, **extra}, rule)


def _signed(headers: Headers, body: bytes, secrets: Sequence[str], *, now: datetime) -> bool:
    """Whether one of the secrets signed the body, as an integration or as a service hook."""
    return any(signed(headers, body, secrets, now=now) for signed in _SIGNED)


SOURCE = AlertSource(read, _signed)
