"""Documents as files in a project on GitLab: a commit on a branch, or a merge request for people to merge.

https://docs.gitlab.com/api/repository_files, …/branches and …/merge_requests, read in November 2026. A file is replaced
only with the commit that was read before as the condition (`last_commit_id`), so nobody's commit is overwritten.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from pydantic import Field

from bot.providers.bound import BoundPublisher, OverHttp
from bot.providers.httpcall import Answer, HttpCaller
from bot.providers.publishers.files import Branch, Folder, moved_meanwhile, path_of, work_branch
from playbooks.plugin import (
    WRITTEN,
    ConfigError,
    Maturity,
    Page,
    Placed,
    Strict,
    Tools,
    parse_settings,
)

_ABSENT, _CONFLICT, _BAD = HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT, HTTPStatus.BAD_REQUEST
_MOVED = ("has changed since", "already exists")


class GitlabPublisher(OverHttp, BoundPublisher["GitlabPublisher.Binding"]):
    """Files in a project on GitLab, gitlab.com or one's own."""

    tested_with = "a stand-in made to the REST API's documentation, version 4"
    maturity = Maturity.UNPROVEN

    class Settings(Strict):
        """`token`: of a project or person, with the scope `api`."""

        url: str = "https://gitlab.com"
        token: str = Field(min_length=1)
        timeout: float = Field(default=10.0, gt=0)

    class Binding(Strict):
        """`project`: its path or number. `branch`: where it goes, or where the merge request leads."""

        project: str = Field(pattern=r"^[\w.-]+(/[\w.-]+)*$")
        branch: Branch = "main"
        folder: Folder = "postmortems"
        merge_request: bool = False

    def __init__(self, name: str, settings: Mapping[str, Any], tools: Tools) -> None:
        self.name = name
        set_to = parse_settings(self.Settings, name, settings)
        self._http = HttpCaller(
            name,
            set_to.url.rstrip("/") + "/api/v4",
            headers={"Authorization": f"Bearer {set_to.token}"},
            secrets=(set_to.token,),
            timeout=set_to.timeout,
            written=WRITTEN,
            probe=tools.probe,
        )

    def describe(self, to: Mapping[str, Any]) -> str:
        """See `ports.Publisher`. Raises ConfigError where project or branch are missing."""
        bound = self._parse(to)
        self._web(bound)
        if not self._has_branch(bound, bound.branch):
            raise ConfigError(f"{bound.project} has no branch {bound.branch}.", f"Name another in {WRITTEN}.")
        how = "merge requests to" if bound.merge_request else "branch"
        return f"{bound.project}, {how} {bound.branch}, {bound.folder or 'its top'}"

    def find(self, to: Mapping[str, Any], page: Page, known: Placed | None) -> Placed | None:
        """See `ports.Publisher`. With merge requests: what an open one would bring, else what stands on the branch."""
        bound = self._parse(to)
        path = path_of(bound.folder, page)
        there = self._file(bound, path, bound.branch)
        if bound.merge_request and (there is None or there["content_sha256"] != page.digest):
            asked = self._open_request(bound, work_branch(page))
            proposed = self._file(bound, path, work_branch(page)) if asked else None
            if proposed is not None:
                return Placed(path, asked, str(proposed["content_sha256"]), "merge request")
        if there is None:
            return None
        link = f"{self._web(bound)}/-/blob/{quote(bound.branch)}/{quote(path)}"
        return Placed(path, link, str(there["content_sha256"]), "commit")

    def put(self, to: Mapping[str, Any], page: Page, found: Placed | None) -> Placed:
        """See `ports.Publisher`."""
        bound = self._parse(to)
        path = path_of(bound.folder, page)
        if not bound.merge_request:
            self._commit(bound, page, path, bound.branch)
            return Placed(path, "", page.digest, "commit")
        work = work_branch(page)
        asked = self._open_request(bound, work)
        begin = self._prepare(bound, page, path, work, fresh=not asked)
        self._commit(bound, page, path, work, begin=begin)
        return Placed(path, asked or self._ask(bound, page, work), page.digest, "merge request")

    # ---------------------------------------------------------------- files

    def _file(self, bound: GitlabPublisher.Binding, path: str, branch: str) -> dict[str, Any] | None:
        answer = self._http.read(self._path(bound, path), "file", params={"ref": branch}, expect=(_ABSENT,))
        return None if answer.status == _ABSENT else answer.object()

    def _commit(self, bound: GitlabPublisher.Binding, page: Page, path: str, branch: str, *, begin: str = "") -> None:
        """`begin`: the branch from which ours is made with this commit."""
        there = self._file(bound, path, begin or branch)
        if there is not None and there["content_sha256"] == page.digest and not begin:
            return
        body: dict[str, Any] = {
            "branch": branch,
            "commit_message": page.note or page.title,
            "content": b64encode(page.text.encode()).decode(),
            "encoding": "base64",
            **({"start_branch": begin} if begin else {}),
            **({"last_commit_id": there["last_commit_id"]} if there is not None else {}),
        }
        method = "PUT" if there is not None else "POST"
        answer = self._http.write(method, self._path(bound, path), "commit", body=body, expect=(_BAD,))
        if answer.status == _BAD:
            if any(words in answer.quote() for words in _MOVED):
                raise moved_meanwhile(self.name)
            raise self._http.refusal(answer, "commit", write=True)

    # ---------------------------------------------------------------- branches and merge requests

    def _has_branch(self, bound: GitlabPublisher.Binding, branch: str) -> bool:
        where = f"{_project(bound)}/repository/branches/{quote(branch, safe='')}"
        return self._http.read(where, "branch", expect=(_ABSENT,)).status != _ABSENT

    def _prepare(self, bound: GitlabPublisher.Binding, page: Page, path: str, work: str, *, fresh: bool) -> str:
        """From which branch ours has to be made; empty where it is there and fit to go on with."""
        if not self._has_branch(bound, work):
            return bound.branch
        if fresh:
            stands = self._file(bound, path, work)
            if stands is None or stands["content_sha256"] != page.digest:
                where = f"{_project(bound)}/repository/branches/{quote(work, safe='')}"
                self._http.write("DELETE", where, "branch", expect=(_ABSENT,))
                return bound.branch
        return ""

    def _open_request(self, bound: GitlabPublisher.Binding, work: str) -> str:
        """Address of the open merge request from our branch; empty where there is none."""
        params = {"state": "opened", "source_branch": work, "target_branch": bound.branch}
        found = self._http.read(f"{_project(bound)}/merge_requests", "merge requests", params=params).objects()
        return str(found[0]["web_url"]) if found else ""

    def _ask(self, bound: GitlabPublisher.Binding, page: Page, work: str) -> str:
        body = {
            "source_branch": work,
            "target_branch": bound.branch,
            "title": page.title,
            "description": page.note,
            "remove_source_branch": True,
        }
        where = f"{_project(bound)}/merge_requests"
        answer: Answer = self._http.write("POST", where, "merge request", body=body, expect=(_CONFLICT,))
        if answer.status == _CONFLICT:
            there = self._open_request(bound, work)  # somebody was quicker, perhaps an earlier try of ours
            if not there:
                raise self._http.refusal(answer, "merge request", write=True)
            return there
        return str(answer.object()["web_url"])

    def _web(self, bound: GitlabPublisher.Binding) -> str:
        return str(self._http.read(_project(bound), "project").object()["web_url"])

    def _path(self, bound: GitlabPublisher.Binding, path: str) -> str:
        return f"{_project(bound)}/repository/files/{quote(path, safe='')}"


def _project(bound: GitlabPublisher.Binding) -> str:
    return f"/projects/{quote(bound.project, safe='')}"
