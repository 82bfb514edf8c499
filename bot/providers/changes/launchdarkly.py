"""LaunchDarkly's webhooks: flags switched, their rules, and the segments and environments they stand on.

A body is an audit log entry: `_id`, `date` in milliseconds, `kind`, `accesses` of `action` and `resource`, and for
flags the versions before and after (launchdarkly.com/docs/api/webhooks, docs/api/audit-log). With a secret it is signed
in `X-LD-Signature`, the HMAC-SHA256 of the raw body in hex (docs/home/infrastructure/webhooks). Our own switch comes
back as `updateOn` of `proj/<project>:env/<environment>:flag/<flag>`. Deliveries may come out of order: `date` counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any

from bot.providers.alerts.telling import moment_of, text
from bot.providers.signatures import Hmac
from playbooks.plugin import Change, InputError, json_object

signed = Hmac("X-LD-Signature")

_KINDS = ("flag", "segment", "environment", "project")
_SITE = "https://app.launchdarkly.com"
_PART = re.compile(r"(?:^|:)(proj|env|flag|segment)/([^:;*]+)")
_MOST = 50


def read(headers: Mapping[str, str], body: bytes, *, source: str, received_at: datetime) -> list[Change]:
    """The changes of one entry: one for each resource; none of what is about members, tokens and the account.

    Raises InputError for what is no audit log entry.
    """
    entry = json_object(body, source=source)
    kind, accesses = entry.get("kind"), entry.get("accesses")
    if not isinstance(kind, str) or not kind or not isinstance(accesses, list):
        raise InputError(f"The body from {source} has no kind and accesses, so it is no LaunchDarkly webhook.")
    if kind not in _KINDS:
        return []
    number = text(entry, "_id") or sha256(body).hexdigest()
    at = moment_of(entry.get("date")) or received_at
    by, link = text(entry, "member.email", "token.name", "app.name", "subject.name"), _link(entry)
    return [
        Change(
            source=source,
            key=number[:200] if place == 0 else f"{number[:190]}:{place}",
            kind=what,
            subject=subject[:300],
            before=before[:300],
            after=after[:300],
            environment=environment[:100],
            occurred_at=at,
            by=by[:200],
            link=link,
        )
        for place, (what, subject, environment, before, after) in enumerate(_moves(kind, entry, accesses))
    ]


def _moves(kind: str, entry: Mapping[str, Any], accesses: list[Any]) -> Iterator[tuple[str, str, str, str, str]]:
    """Kind, subject, environment, before and after of each resource that was touched."""
    touched: dict[str, list[str]] = {}
    for access in accesses:
        resource, action = text(access, "resource"), text(access, "action")
        if resource and len(touched) < _MOST:
            touched.setdefault(resource, []).append(action)
    for resource, actions in touched.items():
        parts = dict(_PART.findall(resource))
        environment = parts.get("env", "")
        thing = parts.get("flag") or parts.get("segment") or text(entry, "name")
        subject = f"{parts.get('proj', 'default')}/{thing}"
        turn = _turn(entry, environment) if "updateOn" in actions else None
        if kind == "flag" and turn is not None:
            yield "flag", subject, environment, *turn
        else:
            did = text(entry, "titleVerb") or ", ".join(actions[:3])
            yield f"{kind}_setting", subject, environment, "", did


def _turn(entry: Mapping[str, Any], environment: str) -> tuple[str, str] | None:
    """Targeting before and after in this environment; what the entry leaves out follows from the other."""
    before, after = (_on(entry.get(key), environment) for key in ("previousVersion", "currentVersion"))
    if after is None:
        after = None if before is None else not before
    if after is None:
        words = f"{text(entry, 'titleVerb')}\n{text(entry, 'description')}".lower()
        said = [state for state in (True, False) if re.search(rf"turned (the flag )?{_WORD[state]}\b", words)]
        after = said[0] if len(said) == 1 else None
    return None if after is None else (_WORD[not after], _WORD[after])


_WORD = {True: "on", False: "off"}


def _on(version: object, environment: str) -> bool | None:
    """Whether targeting is on in an environment of a version of the flag."""
    environments = version.get("environments") if isinstance(version, dict) else None
    state = environments.get(environment) if isinstance(environments, dict) else None
    on = state.get("on") if isinstance(state, dict) else None
    return on if isinstance(on, bool) else None


def _link(entry: Mapping[str, Any]) -> str:
    path = text(entry, "_links.site.href")
    return f"{_SITE}{path}"[:2000] if path.startswith("/") and not path.startswith("//") else ""
