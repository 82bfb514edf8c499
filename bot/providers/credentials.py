"""What the providers share that are called with a token, with a user's password, or with neither."""

from __future__ import annotations

from typing import ClassVar, Self

from pydantic import Field, model_validator

from bot.providers.httpcall import HttpCaller
from playbooks.plugin import Probe, Strict


class Credentials(Strict):
    """`token` for a bearer token, or `username` and `password` for basic authentication; neither for none."""

    # Where there is no calling without: neither is refused too.
    needed: ClassVar[bool] = False

    url: str
    token: str = ""
    username: str = ""
    password: str = ""
    timeout: float = Field(default=10.0, gt=0)

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.token and self.username) or (self.needed and not (self.token or self.username)):
            raise ValueError("write either token or username and password")
        if bool(self.username) != bool(self.password):
            raise ValueError("username and password belong together")
        return self

    def caller(self, name: str, probe: Probe | None) -> HttpCaller:
        """Calls that carry what there is. `name`: of the provider."""
        return HttpCaller(
            name,
            self.url,
            headers={"Authorization": f"Bearer {self.token}"} if self.token else {},
            auth=(self.username, self.password) if self.username else None,
            secrets=(self.token,),
            credential=f"providers.{name}.{'password' if self.username else 'token'}",
            timeout=self.timeout,
            probe=probe,
        )
