"""A workflow is the change: it is started with the version as an input, and its runs say which version is there.

GitHub's API does not tell a run's inputs, so the workflow writes the version into its `run-name`, and the binding's
`title` says where. The version in use is that of the newest run that ended with success. With `return_run_details`
(since February 2026) starting a run answers with its number; a server that does not know it answers without.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import Field, field_validator

from bot.providers.levers.github.actions import UNDER_WAY, Actions, Json, Repository, link_of
from playbooks.plugin import Conflict, Described, Outcome, OutcomeUnknown, Plan, Verification, Version, plan_version
from playbooks.plugin import version_name as name_of

VERSION = "{version}"
PLACES = (VERSION, "{note}")
REF, INPUTS = "ref", "inputs"
STARTED = "workflow_run_id"


class DispatchBinding(Repository):
    """A workflow with `on: workflow_dispatch`.

    Attributes:
        dispatch: its file's name or number. ref: the branch or tag it runs from. inputs: texts with `{version}` and
            `{note}`. title: the workflow's `run-name` with `{version}` where the version stands. versions: those that
            may be asked for besides the ones that runs have brought.
    """

    dispatch: str = Field(min_length=1)
    ref: str = Field(default="main", min_length=1)
    inputs: dict[str, str] = Field(default_factory=lambda: {"version": VERSION}, max_length=25)
    title: str = Field(min_length=1)
    versions: list[str] = Field(default_factory=list)
    takes: int = Field(default=300, ge=1)

    @field_validator("title")
    @classmethod
    def _has_a_version(cls, value: str) -> str:
        if value.count(VERSION) != 1:
            raise ValueError(f"it has to hold {VERSION} once, where the workflow's run-name has the version")
        return value

    @field_validator("inputs")
    @classmethod
    def _closed(cls, value: dict[str, str]) -> dict[str, str]:
        for place in re.findall(r"\{[^{}]*\}", " ".join(value.values())):
            if place not in PLACES:
                raise ValueError(f"{place} is no placeholder; there are {' and '.join(PLACES)}")
        if not any(VERSION in text for text in value.values()):
            raise ValueError(f"one of them has to hold {VERSION}")
        return value

    def version_of(self, title: str) -> str:
        """The version in a run's title; empty where it is the title of something else."""
        before, _, behind = self.title.partition(VERSION)
        found = re.fullmatch(f"{re.escape(before)}(\\S+?){re.escape(behind)}", title)
        return found[1] if found else ""


@dataclass(frozen=True, slots=True)
class _Seen:
    """Runs that bring a version, newest first, as (version, run); and the version that the newest good one brought."""

    runs: list[tuple[str, Json]]
    state: str

    @property
    def newest(self) -> tuple[str, Json] | None:
        """The newest run."""
        return self.runs[0] if self.runs else None


class WorkflowDispatch:
    """Which version a workflow has brought."""

    binding = DispatchBinding

    def __init__(self, actions: Actions) -> None:
        self._actions = actions

    def describe(self, bound: DispatchBinding) -> Described:
        """See `ports.Lever`. Versions are those that runs brought with success, newest first, and the declared ones."""
        seen = self._read(bound)
        brought = list(dict.fromkeys(version for version, run in seen.runs if _good(run)))
        names = brought + [name for name in bound.versions if name not in brought]
        detail = {REF: bound.ref, INPUTS: json.dumps(bound.inputs, sort_keys=True)}
        return Described(seen.state, tuple(Version(name) for name in names), detail)

    def plan(self, bound: DispatchBinding, described: Described, after: str) -> Plan:
        """See `ports.Lever`."""
        return plan_version(
            self._actions.name,
            f"workflow {bound.dispatch} of {bound.repository}",
            described,
            after,
            proof="a run of the workflow has brought {} and ended with success",
            takes=bound.takes,
            verify_within=bound.verify_within,
        )

    def apply(self, bound: DispatchBinding, plan: Plan, *, note: str) -> None:
        """See `ports.Lever`. Starts no second run while one for the same version is under way or was the last good one.

        Raises Conflict when another version was brought since, or is just being brought.
        """
        seen = self._read(bound)
        if seen.newest is not None and _under_way(seen.newest[1]):
            if seen.newest[0] == plan.after:
                return
            raise Conflict(f"A run is bringing {name_of(seen.newest[0])} just now ({link_of(seen.newest[1])}).")
        if seen.state == plan.after:
            return
        if seen.state != plan.before:
            now = name_of(seen.state)
            raise Conflict(f"A run has brought {now} since, not {name_of(plan.before)}; nothing was changed.")
        words = {VERSION: plan.after, "{note}": note}
        body = {"ref": bound.ref, "inputs": _filled(bound.inputs, words), "return_run_details": True}
        path = bound.workflow_path(bound.dispatch, "/dispatches")
        answer = self._actions.write(bound, "POST", path, f"workflow {bound.dispatch}", body=body)
        started = answer.object().get(STARTED) if answer.body else None
        if started is not None and started not in [run.get("id") for _, run in self._read(bound).runs]:
            raise OutcomeUnknown(
                f"GitHub has started run {started}, but does not list it as one that brings {name_of(plan.after)}.",
                "The list is read again; if that stays, compare `title` with the workflow's `run-name`.",
            )

    def verify(self, bound: DispatchBinding, plan: Plan) -> Verification:
        """See `ports.Lever`. A run that failed is told as it is: what it left behind only people know."""
        seen = self._read(bound)
        facts = {"state": seen.state}
        newest = seen.newest
        if newest is not None and newest[0] == plan.after:
            run, facts = newest[1], {**facts, "run": str(newest[1].get("id", ""))}
            if _under_way(run):
                said = f"a run for {name_of(plan.after)} is {_status(run)}: {link_of(run)}"
                return Verification(Outcome.NOT_YET, said, facts)
            if not _good(run):
                said = f"the run for {name_of(plan.after)} ended with {run.get('conclusion')}: {link_of(run)}"
                return Verification(Outcome.CONTRADICTED, said, facts)
        if seen.state == plan.after:
            return Verification(Outcome.CONFIRMED, f"a run has brought {name_of(plan.after)} with success", facts)
        return Verification(Outcome.CONTRADICTED, f"the last good run brought {name_of(seen.state)}", facts)

    def _read(self, bound: DispatchBinding) -> _Seen:
        self._actions.workflow(bound, bound.dispatch)  # its runs would outlive a deleted file
        found = [
            (version, run)
            for run in self._actions.runs(bound, bound.dispatch)
            if (version := bound.version_of(str(run.get("display_title") or "")))
        ]
        return _Seen(found, next((version for version, run in found if _good(run)), ""))


def _good(run: Json) -> bool:
    return run.get("status") == "completed" and run.get("conclusion") == "success"


def _under_way(run: Json) -> bool:
    return run.get("status") in UNDER_WAY


def _status(run: Json) -> str:
    return str(run.get("status")).replace("_", " ")


def _filled(inputs: Mapping[str, str], words: Mapping[str, str]) -> dict[str, Any]:
    """Inputs with their placeholders replaced; what is put in is not looked through again."""
    return {name: re.sub(r"\{(?:version|note)\}", lambda found: words[found[0]], text) for name, text in inputs.items()}
