"""What the providers that send signed webhooks have in common: their settings, and the calls made with them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field, field_validator

from bot.providers.httpcall import HttpCaller
from bot.providers.signing import SignedRequests, key_of
from playbooks.plugin import Strict, Tools, parse_settings


class SignedSettings(Strict):
    """`secret` signs (`whsec_` and base64, or any text); `previous_secret` signs too while it is replaced."""

    url: str
    secret: str = Field(min_length=1)
    previous_secret: str = ""
    token: str = ""
    timeout: float = Field(default=10.0, gt=0)

    @field_validator("secret", "previous_secret")
    @classmethod
    def _usable(cls, value: str) -> str:
        key_of(value)
        return value


def signed_caller(
    name: str, settings: Mapping[str, Any], tools: Tools, *, written: str = "the lever's binding"
) -> HttpCaller:
    """Calls that are signed and carry the token, where there is one. Raises ConfigError.

    Args:
        name: of the provider. written: where its targets are declared, in words.
    """
    set_to = parse_settings(SignedSettings, name, settings)
    secrets = (set_to.secret, set_to.previous_secret)
    return HttpCaller(
        name,
        set_to.url,
        headers={"Authorization": f"Bearer {set_to.token}"} if set_to.token else {},
        auth=SignedRequests(secrets, tools.clock),
        secrets=(set_to.token, *secrets),
        credential=f"providers.{name}.secret",
        timeout=set_to.timeout,
        probe=tools.probe,
        written=written,
    )
