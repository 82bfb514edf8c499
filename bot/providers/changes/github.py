"""GitHub's webhooks as changes: deployments, how they went, and workflow runs that completed.

Signed in `X-Hub-Signature-256`; `X-GitHub-Delivery` names the delivery and is the same when it is sent again
(docs.github.com, webhooks). A change is about the component in the deployment's own `payload`, else about the
repository's name. Other events change nothing that runs and are left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs

from bot.providers.alerts.telling import text, when
from bot.providers.signatures import Hmac
from playbooks.plugin import Change, InputError, header_of, json_object

signed = Hmac("X-Hub-Signature-256", prefix="sha256=")

_ENDED = ("success", "failure", "error")
_MOST = 300


def read(headers: Mapping[str, str], body: bytes, *, source: str, received_at: datetime) -> list[Change]:
    """The change of one webhook, none of an event that changes nothing. A hook may send its JSON as a form's `payload`.

    Raises InputError for what is no webhook of GitHub.
    """
    if body.startswith(b"payload="):
        body = parse_qs(body.decode("utf-8", "replace")).get("payload", [""])[0].encode("utf-8", "replace")
    data = json_object(body, source=source)
    told = any(isinstance(data.get(key), dict | str) for key in ("repository", "organization", "sender", "zen"))
    if not told and not header_of(headers, "X-GitHub-Event"):
        raise InputError(f"The body from {source} has no repository and no sender, so it is no webhook of GitHub.")
    found = _found(data)
    if found is None:
        return []
    kind, subject, after, environment, at, link = found
    return [
        Change(
            source=source,
            key=header_of(headers, "X-GitHub-Delivery")[:200] or sha256(body).hexdigest(),
            kind=kind,
            subject=subject[:_MOST],
            after=after[:_MOST],
            environment=environment[:100],
            occurred_at=at or received_at,
            by=text(data, "sender.login")[:200],
            link=link,
        )
    ]


_Found = tuple[str, str, str, str, datetime | None, str]


def _found(data: Mapping[str, Any]) -> _Found | None:
    """Kind, subject, after, environment, when and link; None where nothing changed."""
    if isinstance(data.get("deployment_status"), dict):
        return _deployed(data, data["deployment_status"])
    if isinstance(data.get("deployment"), dict):  # by Actions, its run stands beside it
        if text(data, "action") not in ("", "created"):
            return None
        at = when(data, "deployment.created_at")
        return "deploy", _subject(data), f"{_version(data)} asked for", _environment(data), at, _page(data)
    if isinstance(data.get("workflow_run"), dict) and text(data, "action") in ("", "completed"):
        return _ran(data, data["workflow_run"])
    return None


def _deployed(data: Mapping[str, Any], status: Mapping[str, Any]) -> _Found | None:
    state = text(status, "state").lower()
    if state not in _ENDED:
        return None
    after = _version(data) if state == "success" else f"{_version(data)} {state}"
    link = _link(status, "log_url", "target_url", "environment_url") or _page(data)
    return "deploy", _subject(data), after, _environment(data), when(status, "updated_at", "created_at"), link


def _ran(data: Mapping[str, Any], run: Mapping[str, Any]) -> _Found | None:
    conclusion = text(run, "conclusion").lower()
    if not conclusion or text(run, "status").lower() != "completed":
        return None
    name = text(run, "name") or text(data, "workflow.name") or "workflow"
    number, sha = text(run, "run_number"), text(run, "head_sha")[:7]
    after = " ".join(part for part in (name, f"#{number}" if number else "", sha, conclusion) if part)
    at = when(run, "updated_at", "run_started_at", "created_at")
    return "workflow_run", _subject(data), after, text(run, "head_branch"), at, _link(run, "html_url")


def _subject(data: Mapping[str, Any]) -> str:
    """The component a deployment names itself, else the repository."""
    named = text(data, "deployment.payload.component")
    return named or text(data, "repository.name", "repository.full_name", "organization.login") or "GitHub"


def _version(data: Mapping[str, Any]) -> str:
    """`main (f95f852)`."""
    ref, sha = text(data, "deployment.ref"), text(data, "deployment.sha")[:7]
    return f"{ref} ({sha})" if ref and sha and not sha.startswith(ref[:7]) else ref or sha or "a deployment"


def _environment(data: Mapping[str, Any]) -> str:
    return text(data, "deployment_status.environment", "deployment.environment")


def _page(data: Mapping[str, Any]) -> str:
    return _link(data, "repository.html_url")


def _link(data: Mapping[str, Any], *paths: str) -> str:
    found = (text(data, path) for path in paths)
    return next((url for url in found if url.startswith(("https://", "http://")) and len(url) <= 2000), "")
