"""A stand-in for files, branches and merge requests of GitLab, made to the REST API's documentation (version 4).

https://docs.gitlab.com/api/repository_files, …/branches and …/merge_requests, read in November 2026. Requests are
refused where the documentation would: a file made twice, one that has changed since, a branch made twice, a second
request.
"""

from __future__ import annotations

from base64 import b64decode
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Literal
from urllib.parse import unquote

from pydantic import BaseModel, ConfigDict, ValidationError

from tests.contracts.stand_in import Asked

TOKEN = "glpat-not-a-real-token"
PROJECT = "/api/v4/projects/sre%2Fpostmortems"
WEB = "https://gitlab.example.com/sre/postmortems"
Answer = tuple[int, Any] | tuple[int, Any, dict[str, str]]


class _Commit(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    branch: str
    commit_message: str
    content: str
    encoding: Literal["text", "base64"] = "text"
    start_branch: str = ""
    last_commit_id: str = ""


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    source_branch: str
    target_branch: str
    title: str
    description: str = ""
    remove_source_branch: bool = False


@dataclass
class GitlabProject:
    """One project.

    Attributes:
        branches: name to files (path to bytes and the commit that wrote it). requests: in order. log: message and
            branch of each commit. meanwhile: called once before a commit is judged.
    """

    branches: dict[str, dict[str, tuple[bytes, str]]] = field(default_factory=dict)
    requests: list[dict[str, Any]] = field(default_factory=list)
    log: list[tuple[str, str]] = field(default_factory=list)
    meanwhile: Any = None

    def __post_init__(self) -> None:
        self.commit("main", "README.md", b"# Postmortems\n", "begin")

    # ------------------------------------------------------------ past the API

    def commit(self, branch: str, path: str, content: bytes | None, message: str) -> None:
        """A file is written or deleted."""
        self.log.append((message, branch))
        files = self.branches.setdefault(branch, {})
        if content is None:
            del files[path]
        else:
            files[path] = (content, f"{len(self.log):040x}")

    def texts(self, branch: str = "main") -> dict[str, str]:
        """Key to text of all documents on a branch."""
        ours = {p: b for p, (b, _) in self.branches.get(branch, {}).items() if p.startswith("postmortems/")}
        return {p.removeprefix("postmortems/").removesuffix("-postmortem.md"): b.decode() for p, b in ours.items()}

    def write(self, key: str, text: str, branch: str = "main") -> None:
        """Somebody commits another text."""
        self.commit(branch, f"postmortems/{key}-postmortem.md", text.encode(), "edit")

    def remove(self, key: str, branch: str = "main") -> None:
        """Somebody deletes it."""
        self.commit(branch, f"postmortems/{key}-postmortem.md", None, "delete")

    def open_requests(self) -> list[dict[str, Any]]:
        """Those neither merged nor closed."""
        return [each for each in self.requests if each["state"] == "opened"]

    def merge(self, number: int, *, delete: bool) -> None:
        """Somebody merges a request, and deletes its branch or leaves it."""
        found = next(each for each in self.requests if each["iid"] == number)
        source = found["source_branch"]
        self.branches["main"] = {**self.branches["main"], **self.branches[source]}
        found["state"] = "merged"
        if delete:
            del self.branches[source]

    # ------------------------------------------------------------ the API

    def __call__(self, asked: Asked) -> Answer:
        if asked.headers.get("authorization") != f"Bearer {TOKEN}":
            return 401, {"message": "401 Unauthorized"}
        if not asked.path.startswith(PROJECT):
            return 404, {"message": "404 Project Not Found"}
        path = asked.path.removeprefix(PROJECT)
        try:
            return self._answer(asked, path)
        except ValidationError as bad:
            return 400, {"error": f"{bad.errors()[0]['loc']} is invalid"}

    def _answer(self, asked: Asked, path: str) -> Answer:
        files, branches = "/repository/files/", "/repository/branches/"
        if path.startswith(files) and "/" not in path.removeprefix(files):
            return self._file(asked, unquote(path.removeprefix(files)))
        if path.startswith(branches) and "/" not in path.removeprefix(branches):
            return self._branch(asked, unquote(path.removeprefix(branches)))
        match asked.method, path:
            case "GET", "":
                return 200, {"id": 7, "path_with_namespace": "sre/postmortems", "web_url": WEB}
            case "GET", "/merge_requests":
                return 200, self._listed(asked)
            case "POST", "/merge_requests":
                return self._request(_Request.model_validate(asked.body))
        return 404, {"error": "404 Not Found"}

    def _file(self, asked: Asked, path: str) -> Answer:
        if asked.method != "GET":
            return self._commit(asked.method, path, _Commit.model_validate(asked.body))
        found = self.branches.get(asked.query["ref"], {}).get(path)
        if found is None:
            return 404, {"message": "404 File Not Found"}
        return 200, {
            "file_name": path.rpartition("/")[2],
            "file_path": path,
            "encoding": "base64",
            "content_sha256": sha256(found[0]).hexdigest(),
            "last_commit_id": found[1],
        }

    def _commit(self, method: str, path: str, body: _Commit) -> Answer:
        if self.meanwhile is not None:
            act, self.meanwhile = self.meanwhile, None
            act()
        if body.start_branch:
            if body.branch in self.branches:
                return 400, {"message": f"A branch called '{body.branch}' already exists. Switch to that branch."}
            self.branches[body.branch] = dict(self.branches[body.start_branch])
        if body.branch not in self.branches:
            return 400, {"message": "You can only create or edit files when you are on a branch"}
        there = self.branches[body.branch].get(path)
        if method == "POST" and there is not None:
            return 400, {"message": "A file with this name already exists"}
        if method == "PUT" and there is None:
            return 400, {"message": "A file with this name doesn't exist"}
        if there is not None and body.last_commit_id and body.last_commit_id != there[1]:
            said = "You are attempting to update a file that has changed since you started editing it."
            return 400, {"message": said}
        content = b64decode(body.content, validate=True) if body.encoding == "base64" else body.content.encode()
        self.commit(body.branch, path, content, body.commit_message)
        return (201 if method == "POST" else 200), {"file_path": path, "branch": body.branch}

    def _branch(self, asked: Asked, name: str) -> Answer:
        if name not in self.branches:
            return 404, {"message": "404 Branch Not Found"}
        if asked.method == "DELETE":
            del self.branches[name]
            return 204, None
        return 200, {"name": name, "merged": False, "web_url": f"{WEB}/-/tree/{name}"}

    def _listed(self, asked: Asked) -> list[dict[str, Any]]:
        wanted = ("state", "source_branch", "target_branch")
        return [r for r in reversed(self.requests) if all(asked.query.get(n) in (None, r[n]) for n in wanted)]

    def _request(self, body: _Request) -> Answer:
        if body.source_branch not in self.branches:
            return 400, {"message": ["source_branch does not exist"]}
        if any(each["source_branch"] == body.source_branch for each in self.open_requests()):
            return 409, {"message": ["Another open merge request already exists for this source branch: !1"]}
        number = len(self.requests) + 1
        request = {
            "iid": number,
            "state": "opened",
            "title": body.title,
            "source_branch": body.source_branch,
            "target_branch": body.target_branch,
            "web_url": f"{WEB}/-/merge_requests/{number}",
        }
        self.requests.append(request)
        return 201, request
