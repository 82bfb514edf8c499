"""The shape of `imports:` in `ownership.yaml`: which other registries are read below ours."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field, model_validator

from playbooks.domain.file_values import Id, Span, Strict

URL_PATTERN = r"^https?://[^\s@]+$"
VARIABLE_PATTERN = r"^[A-Z][A-Z0-9_]{1,63}$"
PATTERN_WORDS = {
    URL_PATTERN: "is no http(s) address without a user or password in it",
    VARIABLE_PATTERN: "must be the name of an environment variable such as CATALOG_TOKEN",
}
"""What to say instead of a pattern."""

ImportKind = Literal["backstage", "codeowners", "datadog", "odcs", "datacontract", "opslevel", "cortex"]


class ImportEntry(Strict):
    """Another registry: it gives owners, people and dependencies; what this file says of the same counts more."""

    kind: ImportKind
    path: Annotated[str, Field(min_length=1, max_length=500)] | None = None
    """File, folder (all files in it) or pattern such as `services/*/catalog-info.yaml`; relative to this file."""
    url: Annotated[str, Field(pattern=URL_PATTERN, max_length=2000)] | None = None
    """Address of one file, or of an API that answers with the same."""
    token_env: Annotated[str, Field(pattern=VARIABLE_PATTERN)] | None = None
    """Variable with the token for the address."""
    refresh: Span = timedelta(minutes=10)
    """How often the address is asked again; files are looked at with this file."""
    components: dict[Id, Annotated[str, Field(min_length=1, max_length=500)]] = Field(default_factory=dict)
    """Only for codeowners: the path of each component, a folder with a slash at its end."""
    syntax: Literal["github", "gitlab"] | None = None
    """Only for codeowners: whose rules count; without it a file with sections is GitLab's."""
    ids: dict[str, Id] = Field(default_factory=dict)
    """Ids for refs that would not get the right one by name, such as `api:default/scorer: scorer-api`."""

    @model_validator(mode="after")
    def _fits(self) -> ImportEntry:
        if (self.path is None) == (self.url is None):
            raise ValueError("names one of path and url")
        if (self.kind == "codeowners") != bool(self.components):
            raise ValueError("names `components` where it is codeowners, and only there")
        if self.syntax and self.kind != "codeowners":
            raise ValueError("names `syntax` only where it is codeowners")
        if self.token_env and self.url is None:
            raise ValueError("names `token_env` only with a url")
        return self

    @property
    def name(self) -> str:
        """How it is called in messages: kind and place, without what an address carries after its path."""
        place = self.path or (self.url or "").partition("?")[0].partition("#")[0]
        return f"{self.kind} {place}"
