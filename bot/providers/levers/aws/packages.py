"""SageMaker model package groups: which registered version is the newest approved one, the one pipelines deploy.

Rolling back to a version approves it and rejects the approved ones above it. What a pipeline then deploys is its own
affair, and is not seen from here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from pydantic import Field

from bot.providers.levers.aws.calls import AwsCaller, absent
from playbooks.plugin import (
    Conflict,
    Described,
    Mark,
    Outcome,
    Plan,
    Strict,
    Verification,
    Version,
    plan_version,
    version_name,
)

APPROVED = "Approved"
REJECTED = "Rejected"
MARKS = {APPROVED: Mark.GOOD, REJECTED: Mark.BAD}
# Facts of the before-state: the approved versions, and what the plan's version was.
BEFORE = "approved"
WAS = "was"
PAGE = 100
MAX_PAGES = 25


class GroupBinding(Strict):
    """`package_group`: name of a SageMaker model package group."""

    package_group: str = Field(min_length=1)
    verify_within: int = Field(default=120, ge=1)


@dataclass(frozen=True, slots=True)
class _Package:
    arn: str
    status: str
    created_at: datetime | None


class PackageApprovals:
    """The approval of a group's versions."""

    binding = GroupBinding

    def __init__(self, sagemaker: AwsCaller) -> None:
        self._aws = sagemaker

    def describe(self, bound: GroupBinding) -> Described:
        """See `ports.Lever`. An approved version counts as marked good, a rejected one as bad."""
        packages = self._read(bound)
        versions = tuple(
            Version(str(number), MARKS.get(found.status), f"{found.status} in SageMaker", created_at=found.created_at)
            for number, found in packages.items()
        )
        return Described(_newest(packages), versions, {BEFORE: _approved(packages)})

    def plan(self, bound: GroupBinding, described: Described, after: str) -> Plan:
        """See `ports.Lever`."""
        plan = plan_version(
            self._aws.name,
            f"package group {bound.package_group}",
            described,
            after,
            proof="the newest approved version reads {} (what a pipeline deploys of it is not seen)",
            takes=5,
            verify_within=bound.verify_within,
        )
        was = self._read(bound)[int(plan.after)].status
        return replace(plan, detail={**plan.detail, WAS: was})

    def apply(self, bound: GroupBinding, plan: Plan, *, note: str) -> None:
        """See `ports.Lever`. The note stands as the approval's description.

        Raises Conflict when another version is the newest approved one by now.
        """
        packages = self._read(bound)
        now = _newest(packages)
        if now not in (plan.before, plan.after):
            raise Conflict(
                f"The newest approved version of {plan.target} is {version_name(now)} by now, not "
                f"{version_name(plan.before)}; nothing was changed."
            )
        for number, status in _wanted(plan).items():
            found = packages.get(number)
            if found is None:
                raise Conflict(f"{plan.target} has no version {number} any more; nothing was changed.")
            if found.status != status:
                body = {"ModelPackageArn": found.arn, "ModelApprovalStatus": status, "ApprovalDescription": note}
                self._aws.tell("UpdateModelPackage", body)

    def verify(self, bound: GroupBinding, plan: Plan) -> Verification:
        """See `ports.Lever`."""
        packages = self._read(bound)
        now = _newest(packages)
        facts = {"state": now, "approved": _approved(packages)}
        if now != plan.after:
            evidence = f"the newest approved version is {version_name(now)}, not {version_name(plan.after)}"
            return Verification(Outcome.CONTRADICTED, evidence, facts)
        for number, status in _wanted(plan).items():
            if number in packages and packages[number].status != status:
                evidence = f"{version_name(str(number))} is {packages[number].status}, not {status}"
                return Verification(Outcome.CONTRADICTED, evidence, facts)
        return Verification(Outcome.CONFIRMED, f"the newest approved version is {version_name(now)}", facts)

    def _read(self, bound: GroupBinding) -> dict[int, _Package]:
        """All versions of the group by number, newest first."""
        found: dict[int, _Package] = {}
        query: dict[str, Any] = {"ModelPackageGroupName": bound.package_group, "MaxResults": PAGE}
        for _ in range(MAX_PAGES):
            page = self._aws.ask("ListModelPackages", query, missing=("ValidationException",))
            for row in (page or {}).get("ModelPackageSummaryList") or []:
                found[int(row["ModelPackageVersion"])] = _package(row)
            if not page or not page.get("NextToken"):
                break
            query = {**query, "NextToken": page["NextToken"]}
        if not found:
            raise absent(self._aws.name, f"version in model package group {bound.package_group}")
        return dict(sorted(found.items(), reverse=True))


def _package(row: Mapping[str, Any]) -> _Package:
    created = row.get("CreationTime")  # seconds since 1970, UTC
    at = datetime.fromtimestamp(float(created), UTC) if isinstance(created, int | float) else None
    return _Package(str(row["ModelPackageArn"]), str(row.get("ModelApprovalStatus", "")), at)


def _newest(packages: Mapping[int, _Package]) -> str:
    return next((str(number) for number, found in packages.items() if found.status == APPROVED), "")


def _approved(packages: Mapping[int, _Package]) -> str:
    """The approved versions as one text that is the same whenever they are the same."""
    return " ".join(str(number) for number, found in packages.items() if found.status == APPROVED)


def _wanted(plan: Plan) -> dict[int, str]:
    """The status of every version the plan is about, in the order in which they are set.

    The version that changes the newest approved one comes where the answer is already prepared for it, so that a plan
    that stops half-way is either still at the before-state or has only what stands below to put right.
    """
    before = [int(number) for number in plan.detail[BEFORE].split()]
    if plan.after == (str(before[0]) if before else ""):  # the way back
        moved = int(plan.before)
        wanted = {number: APPROVED for number in before if number > moved}
        return {**wanted, moved: plan.detail[WAS]}
    moved = int(plan.after)
    above = sorted(number for number in before if number > moved)
    return {moved: APPROVED, **dict.fromkeys(above, REJECTED)}
