"""Argo CD's notifications as changes: an application is deployed, or its sync failed.

Argo CD sends what a template says (argo-cd docs, operator-manual/notifications/services/webhook); the template is
shipped as `bot/examples/argocd-notifications.yaml` and this reads its body; a template that sends the whole Application
(`{{ toJson .app }}`, alone or under `app`) is read as well. The secret comes as a bearer token. A change is about the
label `component` of the Application, else about its name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any

from bot.providers.alerts.telling import dig, text, when
from bot.providers.signatures import bearer
from playbooks.plugin import Change, InputError, json_object

signed = bearer

_SHA = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


def read(headers: Mapping[str, str], body: bytes, *, source: str, received_at: datetime) -> list[Change]:
    """The change of one notification, none while a sync is under way. Raises InputError for another body."""
    told = _told(json_object(body, source=source))
    app, phase = text(told, "app"), text(told, "phase").lower()
    if not app or "phase" not in told:
        raise InputError(
            f"The body from {source} has no app and phase, so it is no notification of Argo CD's template.",
            "Use the template `argocd-notifications.yaml` as it is shipped.",
        )
    if phase not in ("succeeded", "failed", "error"):
        return []
    revision, at = _revision(told), when(told, "finished_at", "started_at")
    after = revision or "a sync"
    identity = (text(told, "uid") or f"{text(told, 'namespace')}/{app}", revision, phase, text(told, "finished_at"))
    return [
        Change(
            source=source,
            key=sha256("\x00".join(identity).encode("utf-8", "replace")).hexdigest(),
            kind="deploy",
            subject=(text(told, "labels.component") or app)[:300],
            before=_previous(told, revision)[:300],
            after=(after if phase == "succeeded" else f"{after} sync {phase}")[:300],
            environment=text(told, "destination.namespace", "destination.name", "destination.server")[:100],
            occurred_at=at or received_at,
            by=_by(told)[:200],
            link=_link(told),
        )
    ]


def _told(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """The body of our template, made of an Application where one was sent whole."""
    inner = body.get("app")
    app = inner if isinstance(inner, dict) else body
    if not isinstance(dig(app, "metadata"), dict) or not isinstance(dig(app, "status"), dict):
        return body
    run = "status.operationState"
    return {
        "app": dig(app, "metadata.name"),
        "namespace": dig(app, "metadata.namespace"),
        "uid": dig(app, "metadata.uid"),
        "labels": dig(app, "metadata.labels"),
        "destination": dig(app, "spec.destination"),
        "phase": dig(app, f"{run}.phase"),
        "started_at": dig(app, f"{run}.startedAt"),
        "finished_at": dig(app, f"{run}.finishedAt"),
        "initiated_by": dig(app, f"{run}.operation.initiatedBy"),
        "revision": dig(app, f"{run}.syncResult.revision") or dig(app, "status.sync.revision"),
        "revisions": dig(app, f"{run}.syncResult.revisions") or dig(app, "status.sync.revisions"),
        "history": dig(app, "status.history"),
        "argocd_url": dig(body, "context.argocdUrl"),
    }


def _revision(told: Mapping[str, Any]) -> str:
    """What was synced: one revision, or several of an application with several sources."""
    many = told.get("revisions")
    if isinstance(many, list) and many:
        return ", ".join(_short(each) for each in many[:5] if isinstance(each, str) and each)
    return _short(text(told, "revision"))


def _short(revision: str) -> str:
    return revision[:7] if _SHA.fullmatch(revision) else revision


def _previous(told: Mapping[str, Any], revision: str) -> str:
    """The newest revision of the history that is another one; the newest entry comes last."""
    history = told.get("history")
    for entry in reversed(history if isinstance(history, list) else []):
        known = _revision(entry) if isinstance(entry, dict) else ""
        if known and known != revision:
            return known
    return ""


def _by(told: Mapping[str, Any]) -> str:
    name = text(told, "initiated_by.username")
    return name or ("automated sync" if text(told, "initiated_by.automated").lower() == "true" else "")


def _link(told: Mapping[str, Any]) -> str:
    base, path = text(told, "argocd_url").rstrip("/"), f"{text(told, 'namespace')}/{text(told, 'app')}"
    return f"{base}/applications/{path}"[:2000] if base.startswith(("https://", "http://")) else ""
