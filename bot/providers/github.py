"""What the providers that call GitHub's REST API have in common: their settings, and the calls made with them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from bot.providers.httpcall import HttpCaller
from playbooks.plugin import Strict, Tools, parse_settings

API_VERSION = "2022-11-28"


class GithubSettings(Strict):
    """`token`: with the permissions its provider names. `url`: of an Enterprise Server, with `/api/v3`."""

    url: str = "https://api.github.com"
    token: str = Field(min_length=1)
    timeout: float = Field(default=10.0, gt=0)


def github_caller(
    name: str, settings: Mapping[str, Any], tools: Tools, *, written: str = "the lever's binding"
) -> HttpCaller:
    """Calls that carry the token and name the version of the API. Raises ConfigError.

    Args:
        name: of the provider. written: where its targets are declared, in words.
    """
    set_to = parse_settings(GithubSettings, name, settings)
    return HttpCaller(
        name,
        set_to.url,
        headers={
            "Accept": "application/vnd.github+json",
            "Authorization": f"Bearer {set_to.token}",
            "X-GitHub-Api-Version": API_VERSION,
        },
        secrets=(set_to.token,),
        timeout=set_to.timeout,
        limits_by_403=True,
        written=written,
        probe=tools.probe,
    )
