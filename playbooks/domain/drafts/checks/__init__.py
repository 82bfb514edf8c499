"""The checks of the rubric but the first: each reads a draft beside its events and says what is wrong, or nothing."""

from __future__ import annotations

from playbooks.domain.drafts.checks import facts, people, provenance, response
from playbooks.domain.drafts.checks.kinds import Rule

RULES: tuple[Rule, ...] = (*facts.RULES, *provenance.RULES, *response.RULES, *people.RULES)
