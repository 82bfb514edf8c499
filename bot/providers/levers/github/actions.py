"""Calls to GitHub Actions, API version 2022-11-28, and what its refusals mean.

Documentation: https://docs.github.com/en/rest/actions, read in November 2026. A token that may not see a private
repository is told that it does not exist (404); one that may not write gets 403, with the missing permission in
`X-Accepted-GitHub-Permissions`. Limits come as 403 or 429, and are told apart by their headers.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from pydantic import Field, field_validator

from bot.providers.httpcall import Answer, HttpCaller
from playbooks.plugin import Kind, ProviderError, Strict

PAGE = 100
MOVED = (HTTPStatus.MOVED_PERMANENTLY, HTTPStatus.TEMPORARY_REDIRECT, HTTPStatus.PERMANENT_REDIRECT)
# A run that is none of these has ended.
UNDER_WAY = ("queued", "in_progress", "waiting", "pending", "requested")

Json = Mapping[str, Any]


class Repository(Strict):
    """`repository`: owner/name."""

    repository: str = Field(min_length=3)
    verify_within: int = Field(default=600, ge=1)

    @field_validator("repository")
    @classmethod
    def _owner_and_name(cls, value: str) -> str:
        if not re.fullmatch(r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?/[A-Za-z0-9._-]+", value):
            raise ValueError(f"{value!r} is no repository; write owner/name, as in acme/pipelines")
        return value

    def actions(self, rest: str) -> str:
        """A path below the repository's actions."""
        return f"/repos/{self.repository}/actions/{rest}"

    def workflow_path(self, workflow: str, rest: str = "") -> str:
        """A workflow, by its file's name or its number."""
        return self.actions(f"workflows/{quote(workflow, safe='')}{rest}")


class Actions:
    """GitHub Actions of one account."""

    def __init__(self, http: HttpCaller) -> None:
        self.name = http.provider
        self._http = http

    def read(self, bound: Repository, path: str, what: str, *, params: Mapping[str, str] | None = None) -> Json:
        """A JSON object. Raises ProviderError."""
        answer = self._http.read(path, what, params=params, expect=(HTTPStatus.NOT_FOUND, HTTPStatus.FORBIDDEN, *MOVED))
        self._refuse(bound, answer, what, write=False)
        return answer.object()

    def write(
        self, bound: Repository, method: str, path: str, what: str, *, body: Any = None, expect: Collection[int] = ()
    ) -> Answer:
        """A change, sent once. Raises OutcomeUnknown, ProviderError."""
        understood = (HTTPStatus.NOT_FOUND, HTTPStatus.FORBIDDEN, *MOVED, *expect)
        answer = self._http.write(method, path, what, body=body, expect=understood)
        if answer.status not in expect:
            self._refuse(bound, answer, what, write=True)
        return answer

    def workflow(self, bound: Repository, workflow: str) -> Json:
        """A workflow. Raises ProviderError, also for one whose file is gone."""
        found = self.read(bound, bound.workflow_path(workflow), f"workflow {workflow}")
        if found["state"] == "deleted":
            raise ProviderError(
                f"The workflow {workflow} of {bound.repository} is deleted.",
                "Name another one in the lever's binding.",
                kind=Kind.PERMANENT,
            )
        return found

    def runs(self, bound: Repository, workflow: str, **query: str) -> list[Json]:
        """The newest runs of a workflow, at most a hundred."""
        params = {**query, "per_page": str(PAGE)}
        found = self.read(bound, bound.workflow_path(workflow, "/runs"), "runs", params=params)
        rows = found.get("workflow_runs")
        return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []

    def under_way(self, bound: Repository, workflow: str) -> list[Json]:
        """The runs that have not ended."""
        return [run for state in UNDER_WAY for run in self.runs(bound, workflow, status=state)]

    def _refuse(self, bound: Repository, answer: Answer, what: str, *, write: bool) -> None:
        if answer.status in MOVED:
            raise ProviderError(
                f"The repository {bound.repository} has moved.",
                "Write its new name in the lever's binding.",
                kind=Kind.PERMANENT,
            )
        if answer.status == HTTPStatus.NOT_FOUND:
            raise ProviderError(
                f"{self.name} has no such {what} in {bound.repository}, or the token may not see it.",
                f"Compare the lever's binding with GitHub, and what `providers.{self.name}.token` may read.",
                kind=Kind.PERMANENT,
            )
        if answer.status == HTTPStatus.FORBIDDEN:
            refusal = self._http.refusal(answer, what, write=write)
            needed = answer.headers.get("x-accepted-github-permissions", "")
            if refusal.kind is Kind.PERMANENT and re.fullmatch(r"[a-z_=;, ]{1,120}", needed):
                step = f"`providers.{self.name}.token` needs the permission {needed} in {bound.repository}."
                raise ProviderError(refusal.sentence, step, code="provider_denied", kind=Kind.PERMANENT)
            raise refusal


def link_of(run: Json) -> str:
    """Where a run is seen; only an http address."""
    url = str(run.get("html_url") or "")
    return url if url.startswith(("https://", "http://")) else f"run {run.get('id', '?')}"
