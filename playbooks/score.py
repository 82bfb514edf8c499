"""The rubric of a draft: 32 checks a script can make; a failed critical one refuses the draft."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Unpack

from playbooks import errors
from playbooks.domain.drafts.checks import RULES
from playbooks.domain.drafts.facts import facts_of
from playbooks.domain.drafts.reading import know, read
from playbooks.domain.timeline import Event
from playbooks.render import Basis, Draft, Problem, case_of, compare, render_draft, template_version, template_words


@dataclass(frozen=True, slots=True)
class Check:
    """One check of the rubric; `why` says what is wrong, or is empty."""

    id: str
    ok: bool
    critical: bool
    why: str
    title: str = ""


class Rubric:
    """The 32 checks held against one chain; made once, it may look at many documents of it."""

    def __init__(self, events: Sequence[Event], **basis: Unpack[Basis]) -> None:
        incident_id, templates = basis["incident_id"], basis.get("templates")
        self._broken: list[Problem] = []
        self._fresh: Draft | None = None
        try:
            self._fresh = render_draft(events, **basis)
        except errors.ChainBroken as broken:
            self._broken = [Problem("", broken.sentence)]
        facts = self._fresh.facts if self._fresh is not None else facts_of(events, incident_id)
        case = case_of(facts)
        spoken, version = template_words(templates, case), template_version(templates, case)
        self._known = know(events, incident_id, basis.get("severities", {}), spoken=spoken, version=version)

    def checks(self, markdown: str) -> list[Check]:
        """All 32, in the order of the rubric."""
        same = self._broken if self._fresh is None else compare(markdown, self._fresh)
        first = "; ".join(f"{p.block or 'document'}: {p.what}" for p in same)
        found = [Check("F0", not same, True, first, "machine blocks equal a fresh render")]
        draft = read(markdown, self._known)
        for rule in RULES:
            why = rule.look(draft)
            found.append(Check(rule.id, not why, rule.critical, why, rule.title))
        return found


def score(markdown: str, events: Sequence[Event], **basis: Unpack[Basis]) -> list[Check]:
    """All 32 checks on a document and the chain it was made from, in the order of the rubric."""
    return Rubric(events, **basis).checks(markdown)


def refused(checks: Sequence[Check]) -> list[Check]:
    """The critical checks that failed."""
    return [check for check in checks if check.critical and not check.ok]


def must_pass(markdown: str, events: Sequence[Event], **basis: Unpack[Basis]) -> list[Check]:
    """All checks of a document that may be closed or published; those that failed are not critical.

    Raises:
        errors.Conflict: a critical check failed; the sentence names the first three, code `document_refused`.
    """
    incident_id = basis["incident_id"]
    checks = score(markdown, events, **basis)
    wrong = refused(checks)
    if wrong:
        named = "; ".join(f"{check.id} {check.why}" for check in wrong[:3])
        more = f" and {len(wrong) - 3} more" if len(wrong) > 3 else ""
        raise errors.Conflict(
            f"The document of INC-{incident_id} does not hold {len(wrong)} of its checks: {named}{more}.",
            f"Mend that; `muster postmortem INC-{incident_id} --score` tells all of it.",
            code="document_refused",
        )
    return checks
