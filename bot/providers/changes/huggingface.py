"""Hugging Face Hub's webhooks: a repository's content, and its pull requests; nothing there is an alert.

The secret comes as it is in `X-Webhook-Secret`; the body has `event`, `repo` and `updatedRefs` (huggingface/hub-docs,
docs/hub/webhooks). Comments, plain discussions and what is pushed to a pull request change nothing and are left out.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any

from playbooks.plugin import Change, InputError, header_of, json_object


def signed(headers: Mapping[str, str], body: bytes, secrets: Sequence[str], *, now: datetime) -> bool:
    """Whether `X-Webhook-Secret` is one of the secrets."""
    given = header_of(headers, "X-Webhook-Secret").encode("utf-8", "replace")
    return bool(given) and any(hmac.compare_digest(secret.encode(), given) for secret in secrets if secret)


def read(headers: Mapping[str, str], body: bytes, *, source: str, received_at: datetime) -> list[Change]:
    """The changes of one webhook: one for each ref that moved. Raises InputError for what is no webhook of the Hub."""
    data = json_object(body, source=source)
    event, repo = data.get("event"), data.get("repo")
    if not isinstance(event, dict) or not isinstance(repo, dict) or not isinstance(repo.get("name"), str):
        raise InputError(f"The body from {source} has no event and repo, so it is no webhook of the Hub.")
    scope, action = str(event.get("scope") or ""), str(event.get("action") or "")
    digest = sha256(body).hexdigest()
    if scope == "discussion":
        return _merged(data, repo, source, received_at, digest)
    if not scope.startswith("repo"):
        return []
    refs = data.get("updatedRefs")
    all_moved = [ref for ref in refs if isinstance(ref, dict)] if isinstance(refs, list) else []
    moved = [ref for ref in all_moved if not str(ref.get("ref") or "").startswith("refs/pr/")]
    if not all_moved:
        return [_change(repo, source, received_at, digest, after=_said(data, scope, action), before="", where="")]
    return [
        _change(
            repo,
            source,
            received_at,
            f"{digest}:{number}",
            after=str(ref.get("newSha") or "deleted"),
            before=str(ref.get("oldSha") or ""),
            where=str(ref.get("ref") or ""),
        )
        for number, ref in enumerate(moved[:100])
    ]


def _said(data: Mapping[str, Any], scope: str, action: str) -> str:
    """What happened to a repository as a whole: settings with their new values, and where it moved."""
    settings, moved = data.get("updatedConfig"), data.get("movedTo")
    if isinstance(settings, dict) and settings:
        return ", ".join(f"{key}={json.dumps(value)}" for key, value in list(settings.items())[:10])
    if isinstance(moved, dict) and isinstance(moved.get("name"), str):
        return f"moved to {moved['name']}"
    return f"{scope} {action}"


def _merged(data: Mapping[str, Any], repo: Mapping[str, Any], source: str, at: datetime, digest: str) -> list[Change]:
    """A pull request that was merged is a change of the repository; nothing else of a discussion is."""
    told = data.get("discussion")
    if not isinstance(told, dict) or told.get("status") != "merged":
        return []
    return [_change(repo, source, at, digest, after=f"merged #{told.get('num')}", before="", where="")]


def _change(
    repo: Mapping[str, Any], source: str, at: datetime, key: str, *, after: str, before: str, where: str
) -> Change:
    url = repo.get("url")
    link = url.get("web") if isinstance(url, dict) else ""
    return Change(
        source=source,
        key=key,
        kind=f"{repo.get('type') or 'model'}_repository",
        subject=str(repo["name"])[:300],
        before=before[:300],
        after=after[:300],
        environment=where[:100],
        occurred_at=at,
        link=link if isinstance(link, str) and link.startswith("https://") else "",
    )
