"""A stand-in for GitHub Actions, made to the REST API's documentation (version 2022-11-28).

https://docs.github.com/en/rest/actions/workflows and …/workflow-runs, read in November 2026; `return_run_details` after
https://github.blog/changelog/2026-02-19-workflow-dispatch-api-now-returns-run-ids. Requests are refused where the
documentation would: without the version header, with a body of another shape, by a token without the permission.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tests.contracts.stand_in import Asked

TOKEN = "github_pat_11AAAA-not-a-real-token"
REPOSITORY = "/repos/acme/pipelines/actions"
STATES = {"queued", "in_progress", "waiting", "pending", "requested", "completed"}
Answer = tuple[int, Any] | tuple[int, Any, dict[str, str]]


class _Dispatch(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    ref: str
    inputs: dict[str, str] = Field(default_factory=dict, max_length=25)
    return_run_details: bool = False


@dataclass
class Workflows:
    """One repository with a workflow that retrains and one that rolls back, and their runs.

    Attributes:
        states: by file name. runs: newest first. answer: what every change gets instead. forgetful: a run that is
            started is not listed. plain: starting a run answers with 204, as it did before 2026.
    """

    states: dict[str, str] = field(default_factory=lambda: {"retrain.yml": "active", "rollback.yml": "active"})
    runs: list[dict[str, Any]] = field(default_factory=list)
    answer: Answer | None = None
    forgetful: bool = False
    plain: bool = False
    inputs: list[dict[str, str]] = field(default_factory=list)

    def run(self, workflow: str, title: str, status: str = "completed", conclusion: str | None = "success") -> int:
        """A run begins, or is there already."""
        number = 7000 + len(self.runs)
        found = {
            "id": number,
            "name": workflow,
            "display_title": title,
            "status": status,
            "conclusion": conclusion if status == "completed" else None,
            "event": "workflow_dispatch",
            "path": f".github/workflows/{workflow}",
            "html_url": f"https://github.com/acme/pipelines/actions/runs/{number}",
        }
        self.runs.insert(0, found)
        return number

    def end(self, conclusion: str = "success") -> None:
        """All runs under way end."""
        for run in self.runs:
            if run["status"] != "completed":
                run["status"], run["conclusion"] = "completed", conclusion

    def __call__(self, asked: Asked) -> Answer:
        if asked.headers.get("authorization") not in (f"Bearer {TOKEN}", f"token {TOKEN}"):
            return 401, {"message": "Bad credentials", "documentation_url": "https://docs.github.com/rest"}
        if asked.headers.get("x-github-api-version") != "2022-11-28":
            return 400, {"message": "unsupported API version"}
        if asked.path.startswith("/repos/acme/old-name/"):
            there = {"location": "https://api.github.com/repositories/1"}
            return 301, {"message": "Moved Permanently", "url": there["location"]}, there
        if asked.method != "GET" and self.answer is not None:
            return self.answer
        found = re.fullmatch(rf"{REPOSITORY}/workflows/([^/]+)(/\w+)?", asked.path)
        if found and found[1] in self.states:
            return self._workflow(asked, found[1], found[2] or "")
        found = re.fullmatch(rf"{REPOSITORY}/runs/(\d+)/cancel", asked.path)
        if found and asked.method == "POST":
            return self._cancel(int(found[1]))
        return 404, {"message": "Not Found", "documentation_url": "https://docs.github.com/rest"}

    def _workflow(self, asked: Asked, name: str, rest: str) -> Answer:
        match asked.method, rest:
            case "GET", "":
                return 200, self._described(name)
            case "GET", "/runs":
                wanted = asked.query.get("status")
                if wanted is not None and wanted not in STATES:
                    return 422, {"message": "Validation Failed"}
                rows = [r for r in self.runs if r["name"] == name and wanted in (None, r["status"])]
                return 200, {"total_count": len(rows), "workflow_runs": rows[: int(asked.query.get("per_page", "30"))]}
            case "PUT", "/disable" | "/enable":
                self.states[name] = "active" if rest == "/enable" else "disabled_manually"
                return 204, None
            case "POST", "/dispatches":
                return self._dispatch(asked, name)
        return 404, {"message": "Not Found"}

    def _described(self, name: str) -> dict[str, Any]:
        url = f"https://api.github.com{REPOSITORY}/workflows/161335"
        return {
            "id": 161335,
            "node_id": "MDg6V29ya2Zsb3cxNjEzMzU=",
            "name": name,
            "path": f".github/workflows/{name}",
            "state": self.states[name],
            "created_at": "2026-01-08T23:48:37.000-08:00",
            "updated_at": "2026-01-08T23:50:21.000-08:00",
            "url": url,
            "html_url": f"https://github.com/acme/pipelines/blob/main/.github/workflows/{name}",
            "badge_url": f"https://github.com/acme/pipelines/workflows/{name}/badge.svg",
        }

    def _dispatch(self, asked: Asked, name: str) -> Answer:
        try:
            wanted = _Dispatch.model_validate(asked.body)
        except ValidationError as bad:
            return 422, {"message": f"Invalid request. {bad}"}
        if self.states[name] != "active":
            return 422, {"message": "Cannot trigger a 'workflow_dispatch' on a disabled workflow"}
        if wanted.ref != "main":
            return 422, {"message": f"No ref found for: {wanted.ref}"}
        self.inputs.append(wanted.inputs)
        kept = list(self.runs)
        number = self.run(name, f"Bring {wanted.inputs.get('version')} to production", "queued")
        if self.forgetful:
            self.runs = kept
        if self.plain or not wanted.return_run_details:
            return 204, None
        url = f"https://api.github.com{REPOSITORY}/runs/{number}"
        return 200, {"workflow_run_id": number, "run_url": url, "html_url": f"https://github.com/acme/runs/{number}"}

    def _cancel(self, number: int) -> Answer:
        for run in self.runs:
            if run["id"] == number and run["status"] in ("queued", "in_progress", "waiting"):
                run["status"], run["conclusion"] = "completed", "cancelled"
                return 202, {}
            if run["id"] == number:
                return 409, {"message": "Cannot cancel a workflow run that has not been queued yet."}
        return 404, {"message": "Not Found"}
