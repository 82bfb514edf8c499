"""GitHub's webhooks: workflow runs, checks, deployment statuses, and security alerts of a repository.

Signed in `X-Hub-Signature-256` as `sha256=<hex>`; `X-GitHub-Delivery` names the delivery (docs.github.com, webhooks). A
workflow is known by its repository, itself and its branch (`owner:branch` of a fork), a deployment by its environment;
the next success ends it. A deployment by Actions has its run beside it. What is found again after a fix is new.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs

from bot.providers.alerts.reading import AlertSource, Headers, NoAlert, ReadResult
from bot.providers.alerts.telling import Came, alert, each, identity, parsed_object, text, when
from bot.providers.signatures import Hmac
from playbooks.domain.alerts import Alert, Known
from playbooks.plugin import header_of

_FAILED = ("failure", "timed_out", "startup_failure", "error", "action_required")
_FINE = ("success", "inactive")
_RUNS = ("workflow_run", "check_run", "check_suite", "workflow_job")
_ALERTS = ("code_scanning", "dependabot", "secret_scanning", "repository_vulnerability")
_OVER = ("fixed", "resolved", "resolve", "dismissed", "dismiss", "auto_dismissed", "closed_by_user")
_AGAIN = ("reopened", "reopened_by_user", "auto_reopened", "reopen", "reintroduced")


def read(headers: Headers, body: bytes, *, source: str, received_at: datetime) -> ReadResult:
    """See `reading.Read`. A hook may send its JSON as a form's field `payload`."""
    if body.startswith(b"payload="):
        body = parse_qs(body.decode("utf-8", "replace")).get("payload", [""])[0].encode("utf-8", "replace")
    named = () if header_of(headers, "X-GitHub-Event") else ("repository", "organization", "sender", "zen")
    data = parsed_object(body, "GitHub", *named)
    key = header_of(headers, "X-GitHub-Delivery")
    return each(Came(headers, source, received_at, key), [data], _event)


def _event(came: Came, data: Mapping[str, Any]) -> Alert:
    event = header_of(came.headers, "X-GitHub-Event")
    if isinstance(data.get("deployment_status"), dict):
        return _deployment(came, data, data["deployment_status"])
    beside = isinstance(data.get("deployment"), dict)  # of a job's event it is the part, of others the run is
    for kind in _RUNS:
        if isinstance(data.get(kind), dict) and (not beside or kind == "workflow_job" or kind == event):
            return _run(came, data, kind, data[kind])
    if isinstance(data.get("alert"), dict) and (not event or event.startswith(_ALERTS)):
        return _finding(came, data, data["alert"], event)
    raise NoAlert(f"{event or 'the event'} ({text(data, 'action') or 'no action'}) tells of no run, no deployment")


def _run(came: Came, data: Mapping[str, Any], kind: str, run: Mapping[str, Any]) -> Alert:
    conclusion = text(run, "conclusion").lower()
    action = text(data, "action").lower()
    if conclusion not in (*_FAILED, *_FINE) or action not in ("", "completed"):
        raise NoAlert(f"{kind} is {action if conclusion else text(run, 'status') or 'under way'}")
    name = text(run, "name", "app.name") or text(data, "workflow.name")
    branch = _branch(data, run)
    thing = text(run, "workflow_id") or ": ".join(dict.fromkeys(filter(None, (text(run, "workflow_name"), name))))
    at = when(run, "updated_at", "completed_at", "started_at", "created_at")
    firing = conclusion in _FAILED
    return alert(
        came,
        fingerprint=identity(kind, _repository(data), thing, branch),
        name=name,
        firing=firing,
        known=Known.BY_TURN,
        began=at if firing else None,
        ended=at,
        summary=text(run, "output.title", "display_title") or f"{name}: {conclusion} on {branch}",
        component=text(data, "repository.name"),
        labels=_labels(data)
        | {"branch": branch, "conclusion": conclusion, "event": text(run, "event"), "workflow": name, "kind": kind},
        links=(run.get("html_url"), run.get("details_url"), text(data, "repository.html_url")),
    )


def _branch(data: Mapping[str, Any], run: Mapping[str, Any]) -> str:
    """The branch, as GitHub writes a fork's: its `main` is not the repository's."""
    branch, home = text(run, "head_branch", "check_suite.head_branch"), text(data, "repository.full_name")
    fork = text(run, "head_repository.full_name")
    return f"{fork.split('/')[0]}:{branch}" if fork and home and fork != home else branch


def _deployment(came: Came, data: Mapping[str, Any], status: Mapping[str, Any]) -> Alert:
    state = text(status, "state").lower()
    if state not in (*_FAILED, *_FINE):
        raise NoAlert(f"the deployment is {state or 'under way'}")
    environment = text(status, "environment") or text(data, "deployment.environment")
    firing = state in _FAILED
    at = when(status, "updated_at", "created_at")
    return alert(
        came,
        fingerprint=identity("deployment", _repository(data), environment, text(data, "deployment.task")),
        name=f"deployment to {environment or 'an environment'}",
        firing=firing,
        known=Known.BY_TURN,
        began=at if firing else None,
        ended=at,
        summary=text(status, "description") or f"deployment to {environment}: {state}",
        component=text(data, "deployment.payload.component", "repository.name"),
        labels=_labels(data)
        | {"environment": environment, "state": state, "ref": text(data, "deployment.ref"), "kind": "deployment"},
        links=(
            status.get("log_url"),
            status.get("target_url"),
            status.get("environment_url"),
            text(data, "repository.html_url"),
        ),
    )


def _finding(came: Came, data: Mapping[str, Any], told: Mapping[str, Any], event: str) -> Alert:
    action = text(data, "action").lower()
    ended = action in _OVER or (action not in _AGAIN and text(told, "state") in _OVER)
    name = text(told, "rule.description", "security_advisory.summary", "secret_type_display_name", "secret_type")
    name = name or " ".join(filter(None, (text(told, "affected_package_name"), text(told, "external_identifier"))))
    began = (when(told, "updated_at") or came.at) if action in _AGAIN else when(told, "created_at")
    return alert(
        came,
        fingerprint=identity(event or "alert", _repository(data), text(told, "number", "id")),
        name=name or event or "GitHub alert",
        firing=not ended,
        known=Known.BY_TURN,
        began=began,
        ended=when(told, "fixed_at", "dismissed_at", "resolved_at", "auto_dismissed_at", "updated_at"),
        severity=text(
            told, "rule.security_severity_level", "security_advisory.severity", "rule.severity", "severity"
        ).lower(),
        summary=text(told, "rule.full_description", "security_advisory.summary") or name,
        component=text(data, "repository.name"),
        labels=_labels(data)
        | {
            "kind": event,
            "number": text(told, "number", "id"),
            "package": text(told, "dependency.package.name", "affected_package_name"),
            "rule": text(told, "rule.id"),
            "advisory": text(told, "security_advisory.ghsa_id", "ghsa_id"),
        },
        links=(told.get("html_url"), told.get("external_reference"), text(data, "repository.html_url")),
    )


def _repository(data: Mapping[str, Any]) -> str:
    return text(data, "repository.full_name", "repository.id", "organization.login")


def _labels(data: Mapping[str, Any]) -> dict[str, str]:
    return {
        "repository": text(data, "repository.full_name"),
        "organization": text(data, "organization.login", "repository.owner.login"),
        "sender": text(data, "sender.login"),
    }


SOURCE = AlertSource(read, Hmac("X-Hub-Signature-256", prefix="sha256="))
