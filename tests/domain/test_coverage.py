"""Entries of a right that can never count, and cases that none covers."""

from __future__ import annotations

import pytest

from playbooks.domain.coverage import coverage_errors, coverage_gaps
from playbooks.domain.incidents import DEFAULT_SEVERITIES
from playbooks.domain.ownership import Registry
from tests.domain.registry import HEAD

FRAME = (
    HEAD
    + """
people: {{ann: {{slack: U01ANN}}, bob: {{slack: U02BOB}}}}
teams: {{a: {{channel: C01AAA, members: [ann, bob], on_call: {{static: [ann]}}}}}}
components:
  c:
    kind: model
    tier: 1
    accountable: a
    rights:
      roll_back: {entries}
"""
)
DAY, NIGHT = '"08:00-20:00"', '"20:00-08:00"'


def found(entries: str) -> list[str]:
    component = Registry.load(FRAME.format(entries=entries)).component("c")
    return [*coverage_errors(component, DEFAULT_SEVERITIES), *coverage_gaps(component, DEFAULT_SEVERITIES)]


@pytest.mark.parametrize(
    "entries",
    [
        "{decide: [ann]}",
        "[{decide: [ann], limits: {severity: sev2}}, {decide: [bob]}]",
        f"{{decide: [ann], deputy: [bob], hours: {DAY}}}",
        f"[{{decide: [ann], hours: {DAY}}}, {{decide: [bob], hours: {NIGHT}}}]",
        f"[{{decide: [ann], hours: {DAY}}}, {{decide: [bob]}}]",
    ],
)
def test_nothing_is_said_of_entries_that_cover_everything(entries: str) -> None:
    assert found(entries) == []


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        (
            "{decide: [ann], limits: {severity: sev2}}",
            "No entry of roll_back covers SEV1 or an unset severity, so then whoever is on call for a decides.",
        ),
        (
            f"{{decide: [ann], hours: {DAY}}}",
            "No entry of roll_back covers all hours (08:00-20:00), so then whoever is on call for a decides.",
        ),
        (
            "[{decide: [ann], limits: {tier: 2}}, {decide: [bob]}]",
            "Entry 1 of roll_back can never count: it goes up to tier 2 and this is tier 1.",
        ),
        (
            "[{decide: [ann], limits: {environment: staging}}, {decide: [bob]}]",
            "Entry 1 of roll_back can never count: it is for staging and this is production.",
        ),
        (
            "[{decide: [ann]}, {decide: [bob], limits: {severity: sev3}}]",
            "Entry 2 of roll_back can never count: entry 1 covers its every case.",
        ),
        (
            "[{decide: [ann], limits: {severity: sev9}}, {decide: [bob]}]",
            "Entry 1 of roll_back goes up to the severity sev9, which is not configured "
            "(there is: sev1, sev2, sev3, sev4).",
        ),
    ],
)
def test_what_is_found(entries: str, said: str) -> None:
    assert found(entries) == [said]
