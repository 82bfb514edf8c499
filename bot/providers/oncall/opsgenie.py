"""On call from a schedule of Opsgenie, or of Jira Service Management, which Opsgenie has become."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any
from urllib.parse import quote
from uuid import UUID

from pydantic import model_validator

from bot.providers.httpcall import HttpCaller
from bot.providers.oncall.matching import Found, Said, match
from playbooks.domain.on_call_file import Opsgenie
from playbooks.domain.ownership import Registry
from playbooks.plugin import Kind, Probe, ProviderError, Strict

URL = "https://api.opsgenie.com"
JSM_URL = "https://api.atlassian.com"
WORD = "Opsgenie"
JSM_WORD = "Jira Service Management"
_MISSING = (HTTPStatus.NOT_FOUND,)
_MOST_PEOPLE = 20


class Settings(Strict):
    """`providers.opsgenie`: `token` (by `token_env` or `token_file`) is an API key; `url` for the EU instance.

    With `cloud_id` it is Jira Service Management: `user` is the e-mail the API token belongs to, `site` the address of
    the Jira site, where people's e-mails are looked up.
    """

    token: str
    url: str = ""
    cloud_id: str = ""
    user: str = ""
    site: str = ""
    timeout: float = 5.0

    @model_validator(mode="after")
    def _jsm(self) -> Settings:
        if self.cloud_id and not self.user:
            raise ValueError("with `cloud_id` it needs the `user` whose API token it is")
        return self


class OpsgenieReader:
    """Asks one account; safe to use from several threads."""

    def __init__(self, settings: Settings, probe: Probe | None = None) -> None:
        self._cloud = settings.cloud_id
        self._site: HttpCaller | None = None
        secrets = (settings.token,)
        if not settings.cloud_id:
            headers = {"Authorization": f"GenieKey {settings.token}"}
            url = settings.url or URL
            self._http = HttpCaller(
                "opsgenie", url, headers=headers, secrets=secrets, timeout=settings.timeout, probe=probe
            )
            return
        auth = (settings.user, settings.token)
        url = settings.url or JSM_URL
        self._http = HttpCaller("opsgenie", url, auth=auth, timeout=settings.timeout, probe=probe)
        if settings.site:
            self._site = HttpCaller("opsgenie", settings.site, auth=auth, timeout=settings.timeout, probe=probe)

    def read(self, registry: Registry, entry: Opsgenie) -> Found:
        """Everybody on call now, as the schedule names them. Raises ProviderError."""
        word = JSM_WORD if self._cloud else WORD
        said = self._from_jsm(entry.schedule) if self._cloud else self._from_opsgenie(entry.schedule)
        if not said:
            return Found((), (f"{word} says that nobody is on call for {entry.schedule}",))
        return match(registry, word, said)

    def close(self) -> None:
        """Close idle connections."""
        self._http.close()
        if self._site is not None:
            self._site.close()

    def _from_opsgenie(self, schedule: str) -> list[Said]:
        params = {"scheduleIdentifierType": "id" if _is_id(schedule) else "name", "flat": "true"}
        data = self._object(self._http, f"/v2/schedules/{quote(schedule, safe='')}/on-calls", schedule, params)
        inner = data.get("data")
        return [Said(email=one) for one in _texts(inner, "onCallRecipients")]

    def _from_jsm(self, schedule: str) -> list[Said]:
        base = f"/jsm/ops/api/{quote(self._cloud, safe='')}/v1/schedules"
        found = schedule if _is_id(schedule) else self._schedule_id(base, schedule)
        path = f"{base}/{quote(found, safe='')}/on-calls"
        accounts = _texts(self._object(self._http, path, schedule, {"flat": "true"}), "onCallUsers")
        return [self._person(account) for account in accounts[:_MOST_PEOPLE]]

    def _schedule_id(self, base: str, name: str) -> str:
        values = self._object(self._http, base, name, {"query": name}).get("values")
        for one in values if isinstance(values, list) else ():
            if isinstance(one, dict) and str(one.get("name", "")).casefold() == name.casefold():
                return str(one.get("id", ""))
        raise _no_schedule(name)

    def _person(self, account: str) -> Said:
        """Account ids are all it names; who that is, Jira knows, and hides the e-mail where the person wishes."""
        http = self._site or self._http
        path = "/rest/api/3/user" if self._site else f"/ex/jira/{quote(self._cloud, safe='')}/rest/api/3/user"
        answer = http.read(path, "a user", params={"accountId": account}, expect=_MISSING)
        user = answer.object() if answer.status != HTTPStatus.NOT_FOUND else {}
        email, name = user.get("emailAddress"), user.get("displayName")
        return Said(str(email or ""), str(name or account))

    def _object(self, http: HttpCaller, path: str, schedule: str, params: dict[str, str]) -> dict[str, Any]:
        answer = http.read(path, "who is on call", params=params, expect=_MISSING)
        if answer.status == HTTPStatus.NOT_FOUND:
            raise _no_schedule(schedule)
        return answer.object()


def _no_schedule(name: str) -> ProviderError:
    return ProviderError(f"opsgenie has no schedule {name}.", kind=Kind.PERMANENT, code="on_call_unknown")


def _is_id(schedule: str) -> bool:
    try:
        UUID(schedule)
    except ValueError:
        return False
    return True


def _texts(data: object, key: str) -> list[str]:
    found = data.get(key) if isinstance(data, dict) else None
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        raise ProviderError("opsgenie answered with JSON of another shape than expected.", kind=Kind.PERMANENT)
    return found
