"""Documents as files in a repository on GitHub: a commit on a branch, or a pull request for people to merge.

https://docs.github.com/en/rest/repos/contents, …/git/refs and …/pulls/pulls, read in November 2026. A file is replaced
only with the blob that was read before as the condition (`sha`), so nobody's commit is overwritten.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from binascii import Error as BadBase64
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha1, sha256
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from pydantic import Field

from bot.providers.bound import BoundPublisher, OverHttp
from bot.providers.github import GithubSettings, github_caller
from bot.providers.httpcall import odd
from bot.providers.publishers.files import Branch, Folder, moved_meanwhile, path_of, work_branch
from playbooks.plugin import (
    WRITTEN,
    ConfigError,
    Maturity,
    Page,
    Placed,
    Strict,
    Tools,
)

_ABSENT, _CONFLICT, _UNFIT = HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY


@dataclass(frozen=True, slots=True)
class _File:
    """A file as it stands: its blob, the SHA-256 of its bytes, and where people see it."""

    blob: str
    digest: str
    link: str


class GithubPublisher(OverHttp, BoundPublisher["GithubPublisher.Binding"]):
    """Files in a repository on GitHub, or on an Enterprise Server.

    The token has contents=write there, and pull_requests=write where it opens pull requests.
    """

    tested_with = "emulate 0.12.2 (a stand-in for GitHub), and one made to the REST API's documentation"
    maturity = Maturity.UNPROVEN

    Settings = GithubSettings

    class Binding(Strict):
        """`branch`: where it goes, or where the pull request leads."""

        repository: str = Field(pattern=r"^[\w.-]{1,100}/[\w.-]{1,100}$")
        branch: Branch = "main"
        folder: Folder = "postmortems"
        pull_request: bool = False

    def __init__(self, name: str, settings: Mapping[str, Any], tools: Tools) -> None:
        self.name = name
        self._http = github_caller(name, settings, tools, written=WRITTEN)

    def describe(self, to: Mapping[str, Any]) -> str:
        """See `ports.Publisher`. Raises ConfigError where the branch is missing."""
        bound = self._parse(to)
        self._tip(bound, bound.branch)
        how = "pull requests to" if bound.pull_request else "branch"
        return f"{bound.repository}, {how} {bound.branch}, {bound.folder or 'its top'}"

    def find(self, to: Mapping[str, Any], page: Page, known: Placed | None) -> Placed | None:
        """See `ports.Publisher`. With pull requests: what an open one would bring, else what stands on the branch."""
        bound = self._parse(to)
        path = path_of(bound.folder, page)
        there = self._file(bound, path, bound.branch)
        if bound.pull_request and (there is None or there.digest != page.digest):
            asked = self._open_request(bound, work_branch(page))
            proposed = self._file(bound, path, work_branch(page)) if asked else None
            if proposed is not None:
                return Placed(path, asked, proposed.digest, "pull request")
        return Placed(path, there.link, there.digest, "commit") if there is not None else None

    def put(self, to: Mapping[str, Any], page: Page, found: Placed | None) -> Placed:
        """See `ports.Publisher`."""
        bound = self._parse(to)
        path = path_of(bound.folder, page)
        if not bound.pull_request:
            return Placed(path, self._commit(bound, page, path, bound.branch), page.digest, "commit")
        work = work_branch(page)
        asked = self._open_request(bound, work)
        self._prepare(bound, page, path, work, fresh=not asked)
        self._commit(bound, page, path, work)
        return Placed(path, asked or self._ask(bound, page, work), page.digest, "pull request")

    # ---------------------------------------------------------------- files

    def _file(self, bound: GithubPublisher.Binding, path: str, branch: str) -> _File | None:
        where = f"/repos/{bound.repository}/contents/{quote(path)}"
        answer = self._http.read(where, "file", params={"ref": branch}, expect=(_ABSENT,))
        if answer.status == _ABSENT:
            return None
        data = answer.object()
        try:
            stands = b64decode(data["content"]) if data["encoding"] == "base64" else None
        except (BadBase64, TypeError):
            raise odd(self.name, "a file that is not base64") from None
        if stands is None:  # beyond 1 MB the file itself has to be asked for
            raw = {"Accept": "application/vnd.github.raw+json"}
            stands = self._http.read(where, "file", params={"ref": branch}, headers=raw).body
        return _File(str(data["sha"]), sha256(stands).hexdigest(), str(data.get("html_url") or ""))

    def _commit(self, bound: GithubPublisher.Binding, page: Page, path: str, branch: str) -> str:
        """Where people see the file afterwards."""
        there = self._file(bound, path, branch)
        text = page.text.encode()
        if there is not None and there.blob == _blob(text):
            return there.link
        body: dict[str, Any] = {
            "message": page.note or page.title,
            "content": b64encode(text).decode(),
            "branch": branch,
            **({"sha": there.blob} if there is not None else {}),
        }
        where = f"/repos/{bound.repository}/contents/{quote(path)}"
        answer = self._http.write("PUT", where, "commit", body=body, expect=(_CONFLICT, _UNFIT))
        if answer.status == _CONFLICT or (answer.status == _UNFIT and "sha" in answer.quote()):
            raise moved_meanwhile(self.name)
        if answer.status == _UNFIT:
            raise self._http.refusal(answer, "commit", write=True)
        content = answer.object().get("content")
        return str(content.get("html_url") or "") if isinstance(content, Mapping) else ""

    # ---------------------------------------------------------------- branches and pull requests

    def _tip(self, bound: GithubPublisher.Binding, branch: str) -> str:
        found = self._reference(bound, branch)
        if not found:
            raise ConfigError(
                f"{bound.repository} has no branch {branch}, or our credential does not see it.",
                f"Name another in {WRITTEN}, or check `providers.{self.name}.token`.",
            )
        return found

    def _reference(self, bound: GithubPublisher.Binding, branch: str) -> str:
        where = f"/repos/{bound.repository}/git/ref/heads/{quote(branch)}"
        answer = self._http.read(where, "branch", expect=(_ABSENT, _CONFLICT))
        if answer.status in (_ABSENT, _CONFLICT):  # 409: the repository is empty
            return ""
        target = answer.object()["object"]
        return str(target["sha"])

    def _prepare(self, bound: GithubPublisher.Binding, page: Page, path: str, work: str, *, fresh: bool) -> None:
        """The branch to work on: made where there is none, begun anew where an earlier request was closed."""
        base, there = self._tip(bound, bound.branch), self._reference(bound, work)
        if not there:
            body = {"ref": f"refs/heads/{work}", "sha": base}
            self._http.write("POST", f"/repos/{bound.repository}/git/refs", "branch", body=body)
        elif fresh and there != base:
            stands = self._file(bound, path, work)
            if stands is None or stands.digest != page.digest:
                where = f"/repos/{bound.repository}/git/refs/heads/{quote(work)}"
                self._http.write("PATCH", where, "branch", body={"sha": base, "force": True})

    def _open_request(self, bound: GithubPublisher.Binding, work: str) -> str:
        """Address of the open pull request from our branch; empty where there is none."""
        owner = bound.repository.partition("/")[0]
        params = {"state": "open", "head": f"{owner}:{work}", "base": bound.branch}
        found = self._http.read(f"/repos/{bound.repository}/pulls", "pull requests", params=params).objects()
        return str(found[0]["html_url"]) if found else ""

    def _ask(self, bound: GithubPublisher.Binding, page: Page, work: str) -> str:
        body = {"title": page.title, "head": work, "base": bound.branch, "body": page.note}
        answer = self._http.write(
            "POST", f"/repos/{bound.repository}/pulls", "pull request", body=body, expect=(_UNFIT,)
        )
        if answer.status == _UNFIT:
            there = self._open_request(bound, work)  # somebody was quicker, perhaps an earlier try of ours
            if not there:
                raise self._http.refusal(answer, "pull request", write=True)
            return there
        return str(answer.object()["html_url"])


def _blob(content: bytes) -> str:
    """The id git gives a file of this content."""
    return sha1(b"blob %d\0%s" % (len(content), content), usedforsecurity=False).hexdigest()
