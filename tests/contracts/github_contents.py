"""A stand-in for files, branches and pull requests of GitHub, made to the REST API's documentation (2022-11-28).

https://docs.github.com/en/rest/repos/contents, …/git/refs and …/pulls/pulls, read in November 2026. Requests are
refused where the documentation would: a file replaced without or with another `sha`, a branch made twice, a second pull
request.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from dataclasses import dataclass, field
from hashlib import sha1
from typing import Any
from urllib.parse import unquote

from pydantic import BaseModel, ConfigDict, ValidationError

from tests.contracts.stand_in import Asked

TOKEN = "github_pat_11AAAA-not-a-real-token"
REPOSITORY = "/repos/acme/postmortems"
Answer = tuple[int, Any] | tuple[int, Any, dict[str, str]]
NOT_FOUND = {"message": "Not Found", "documentation_url": "https://docs.github.com/rest"}


class _Commit(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    message: str
    content: str
    branch: str
    sha: str = ""


class _Reference(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    ref: str
    sha: str


class _Move(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    sha: str
    force: bool = False


class _Pull(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    title: str
    head: str
    base: str
    body: str = ""


@dataclass
class GithubRepository:
    """One repository.

    Attributes:
        branches: name to commit. commits: id to files (path to bytes). pulls: in order. log: message and branch of each
            commit. small: largest file whose content is told in JSON. meanwhile: called once before a commit is judged.
    """

    branches: dict[str, str] = field(default_factory=dict)
    commits: dict[str, dict[str, bytes]] = field(default_factory=dict)
    pulls: list[dict[str, Any]] = field(default_factory=list)
    log: list[tuple[str, str]] = field(default_factory=list)
    small: int = 1 << 20
    meanwhile: Any = None

    def __post_init__(self) -> None:
        self.commit("main", {"README.md": b"# Postmortems\n"}, "begin")

    # ------------------------------------------------------------ past the API

    def commit(self, branch: str, files: dict[str, bytes], message: str) -> str:
        """A branch gets these files."""
        number = sha1(f"{len(self.commits)}{branch}".encode()).hexdigest()
        self.commits[number] = files
        self.branches[branch] = number
        self.log.append((message, branch))
        return number

    def files(self, branch: str) -> dict[str, bytes]:
        """What stands on a branch."""
        return dict(self.commits[self.branches[branch]]) if branch in self.branches else {}

    def texts(self, branch: str = "main") -> dict[str, str]:
        """Key to text of all documents on a branch."""
        ours = {p: b for p, b in self.files(branch).items() if p.startswith("postmortems/")}
        return {p.removeprefix("postmortems/").removesuffix("-postmortem.md"): b.decode() for p, b in ours.items()}

    def write(self, key: str, text: str, branch: str = "main") -> None:
        """Somebody commits another text."""
        self.commit(branch, {**self.files(branch), f"postmortems/{key}-postmortem.md": text.encode()}, "edit")

    def remove(self, key: str, branch: str = "main") -> None:
        """Somebody deletes it."""
        left = {p: b for p, b in self.files(branch).items() if p != f"postmortems/{key}-postmortem.md"}
        self.commit(branch, left, "delete")

    def open_pulls(self) -> list[dict[str, Any]]:
        """Those not closed."""
        return [pull for pull in self.pulls if pull["state"] == "open"]

    def merge(self, number: int, *, delete: bool) -> None:
        """Somebody merges a pull request, and deletes its branch or leaves it."""
        pull = next(pull for pull in self.pulls if pull["number"] == number)
        head = pull["head"]["ref"]
        self.commit("main", {**self.files("main"), **self.files(head)}, f"Merge {head}")
        self.close(number)
        if delete:
            del self.branches[head]

    def close(self, number: int) -> None:
        """Somebody closes it."""
        next(pull for pull in self.pulls if pull["number"] == number)["state"] = "closed"

    # ------------------------------------------------------------ the API

    def __call__(self, asked: Asked) -> Answer:
        if asked.headers.get("authorization") != f"Bearer {TOKEN}":
            return 401, {"message": "Bad credentials", "documentation_url": "https://docs.github.com/rest"}
        if asked.headers.get("x-github-api-version") != "2022-11-28":
            return 400, {"message": "unsupported API version"}
        if not asked.path.startswith(REPOSITORY):
            return 404, NOT_FOUND
        path = unquote(asked.path.removeprefix(REPOSITORY))
        try:
            return self._answer(asked, path)
        except ValidationError as bad:
            return 422, {"message": "Validation Failed", "errors": [e["msg"] for e in bad.errors()]}

    def _answer(self, asked: Asked, path: str) -> Answer:
        match asked.method:
            case "GET" if path.startswith("/contents/"):
                return self._content(path.removeprefix("/contents/"), asked)
            case "PUT" if path.startswith("/contents/"):
                return self._put(path.removeprefix("/contents/"), _Commit.model_validate(asked.body))
            case "GET" if path.startswith("/git/ref/heads/"):
                branch = path.removeprefix("/git/ref/heads/")
                if branch not in self.branches:
                    return 404, NOT_FOUND
                target = {"type": "commit", "sha": self.branches[branch], "url": "https://api.github.com/x"}
                return 200, {"ref": f"refs/heads/{branch}", "node_id": "x", "url": "x", "object": target}
            case "POST" if path == "/git/refs":
                return self._reference(_Reference.model_validate(asked.body))
            case "PATCH" if path.startswith("/git/refs/heads/"):
                return self._move(path.removeprefix("/git/refs/heads/"), _Move.model_validate(asked.body))
            case "GET" if path == "/pulls":
                return 200, self._pulls(asked)
            case "POST" if path == "/pulls":
                return self._pull(_Pull.model_validate(asked.body))
        return 404, NOT_FOUND

    def _content(self, path: str, asked: Asked) -> Answer:
        branch = asked.query.get("ref", "main")
        found = self.files(branch).get(path)
        if found is None:
            return 404, NOT_FOUND
        if "raw" in asked.headers.get("accept", ""):
            return 200, found
        big = len(found) > self.small
        return 200, {
            "type": "file",
            "encoding": "none" if big else "base64",
            "size": len(found),
            "name": path.rpartition("/")[2],
            "path": path,
            "content": "" if big else b64encode(found).decode(),
            "sha": blob(found),
            "html_url": f"https://github.com/acme/postmortems/blob/{branch}/{path}",
        }

    def _put(self, path: str, body: _Commit) -> Answer:
        if self.meanwhile is not None:
            act, self.meanwhile = self.meanwhile, None
            act()
        if body.branch not in self.branches:
            return 404, {"message": f"Branch {body.branch} not found"}
        there = self.files(body.branch).get(path)
        if there is not None and not body.sha:
            return 422, {"message": 'Invalid request.\n\n"sha" wasn\'t supplied.'}
        if there is not None and body.sha != blob(there):
            return 409, {"message": f"{path} does not match {body.sha}"}
        content = b64decode(body.content, validate=True)
        self.commit(body.branch, {**self.files(body.branch), path: content}, body.message)
        html = f"https://github.com/acme/postmortems/blob/{body.branch}/{path}"
        said = {"content": {"path": path, "sha": blob(content), "html_url": html}, "commit": {"message": body.message}}
        return (200 if there is not None else 201), said

    def _reference(self, body: _Reference) -> Answer:
        branch = body.ref.removeprefix("refs/heads/")
        if branch in self.branches:
            return 422, {"message": "Reference already exists"}
        if body.sha not in self.commits:
            return 422, {"message": "Object does not exist"}
        self.branches[branch] = body.sha
        return 201, {"ref": body.ref, "object": {"type": "commit", "sha": body.sha}}

    def _move(self, branch: str, body: _Move) -> Answer:
        if branch not in self.branches:
            return 422, {"message": "Reference does not exist"}
        if not body.force:
            return 422, {"message": "Update is not a fast forward"}
        self.branches[branch] = body.sha
        return 200, {"ref": f"refs/heads/{branch}", "object": {"type": "commit", "sha": body.sha}}

    def _pulls(self, asked: Asked) -> list[dict[str, Any]]:
        head, base, state = (asked.query.get(name, "") for name in ("head", "base", "state"))
        return [
            pull
            for pull in reversed(self.pulls)
            if state in ("all", pull["state"])
            and head in ("", f"acme:{pull['head']['ref']}")
            and base in ("", pull["base"]["ref"])
        ]

    def _pull(self, body: _Pull) -> Answer:
        if body.head not in self.branches or body.base not in self.branches:
            return 422, {"message": "Validation Failed", "errors": [{"field": "head", "code": "invalid"}]}
        if any(pull["head"]["ref"] == body.head for pull in self.open_pulls()):
            said = f"A pull request already exists for acme:{body.head}."
            return 422, {"message": "Validation Failed", "errors": [{"message": said}]}
        if self.files(body.head) == self.files(body.base):
            return 422, {"message": "Validation Failed", "errors": [{"message": "No commits between main and head"}]}
        number = len(self.pulls) + 1
        pull = {
            "number": number,
            "state": "open",
            "title": body.title,
            "body": body.body,
            "html_url": f"https://github.com/acme/postmortems/pull/{number}",
            "head": {"ref": body.head},
            "base": {"ref": body.base},
        }
        self.pulls.append(pull)
        return 201, pull


def blob(content: bytes) -> str:
    """The id git gives a file."""
    return sha1(b"blob " + str(len(content)).encode() + b"\0" + content).hexdigest()
