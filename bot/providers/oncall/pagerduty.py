"""On call from PagerDuty: who is on call for a schedule or an escalation policy (REST API v2, `GET /oncalls`)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bot.providers.httpcall import HttpCaller
from bot.providers.oncall.matching import Found, Said, match
from playbooks.domain.on_call_file import PagerDuty
from playbooks.domain.ownership import Registry
from playbooks.plugin import Kind, Probe, ProviderError, Strict

URL = "https://api.pagerduty.com"
WORD = "PagerDuty"
_PAGE = 100
_MOST_PAGES = 5


class Settings(Strict):
    """`providers.pagerduty`: `token` from `token_env` or `token_file`, a key that may read; `url` for the EU region."""

    token: str
    url: str = URL
    timeout: float = 5.0


def caller(settings: Settings, probe: Probe | None = None) -> HttpCaller:
    """The client for all schedules."""
    headers = {
        "Authorization": f"Token token={settings.token}",
        "Accept": "application/vnd.pagerduty+json;version=2",
    }
    secrets = (settings.token,)
    return HttpCaller(
        "pagerduty", settings.url, headers=headers, secrets=secrets, timeout=settings.timeout, probe=probe
    )


def read_pagerduty(http: HttpCaller, registry: Registry, entry: PagerDuty) -> Found:
    """Everybody on call now, lower escalation levels first. Raises ProviderError."""
    entries = sorted(_entries(http, entry), key=_level)
    said = [_said(one) for one in entries]
    if not said:
        return Found((), (f"{WORD} says that nobody is on call for {entry.schedule or entry.escalation_policy}",))
    return match(registry, WORD, said)


def _entries(http: HttpCaller, entry: PagerDuty) -> Iterator[dict[str, Any]]:
    key, value = (
        ("schedule_ids[]", entry.schedule) if entry.schedule else ("escalation_policy_ids[]", entry.escalation_policy)
    )
    for page in range(_MOST_PAGES):
        params = {
            str(key): str(value),
            "earliest": "true",
            "include[]": "users",
            "limit": str(_PAGE),
            "offset": str(page * _PAGE),
        }
        answer = http.read("/oncalls", "who is on call", params=params).object()
        found = answer.get("oncalls")
        if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
            raise ProviderError("pagerduty answered with JSON of another shape than expected.", kind=Kind.PERMANENT)
        yield from found
        if answer.get("more") is not True:
            return


def _level(entry: dict[str, Any]) -> int:
    level = entry.get("escalation_level")
    return level if isinstance(level, int) else 1_000


def _said(entry: dict[str, Any]) -> Said:
    user = entry.get("user")
    if not isinstance(user, dict):
        return Said()
    email, name = user.get("email"), user.get("name") or user.get("summary")
    return Said(email if isinstance(email, str) else "", name if isinstance(name, str) else "")
