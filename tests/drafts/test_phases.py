"""A phase has its own clock in the draft, and a planted fault in it is found."""

import pytest

from playbooks.score import refused
from tests.drafts.chains import DANA, Chain, K, at, story
from tests.drafts.drafting import draft, problems, scored


def _phased() -> Chain:
    chain = story()
    for kind, clock in ((K.IMPACT_START, "02:20"), (K.MITIGATED, "02:45"), (K.RESOLVED, "03:05")):
        facts = {"phase": "auto-decline"}
        chain.add(kind, at(clock), kind.value, DANA, recorded=at("09:30"), component="auto-decline", payload=facts)
    return chain


def test_a_phase_changes_nothing_of_the_incidents_own_instants() -> None:
    before, after = draft(story()).facts, draft(_phased()).facts
    assert after.instants == before.instants
    assert after.spans == before.spans
    assert [phase.component for phase in after.phases] == ["auto-decline"]


def test_a_draft_with_phases_passes_every_check() -> None:
    chain = _phased()
    text = draft(chain).text
    assert problems(text, chain) == []
    assert [name for name, check in scored(text, chain).items() if not check.ok] == []
    assert "| `auto-decline`: Impact start to mitigated | 25 min [E30]→[E31] |" in text
    assert "| `auto-decline` | Mitigated | 2026-11-21 02:45:00 UTC | [E31] |" in text


@pytest.mark.parametrize(
    ("true", "planted", "found"),
    [
        ("mitigated | 25 min [E30]→[E31]", "mitigated | 26 min [E30]→[E31]", "F2"),
        ("mitigated | 25 min [E30]→[E31]", "mitigated | 25 min [E30]→[E32]", "F2"),
        ("Mitigated | 2026-11-21 02:45:00 UTC | [E31]", "Mitigated | 2026-11-21 02:46:00 UTC | [E31]", "F1"),
        ("Mitigated | 2026-11-21 02:45:00 UTC | [E31]", "Mitigated | 2026-11-21 02:45:00 UTC | [E99]", "P2"),
        ("Mitigated | 2026-11-21 02:45:00 UTC | [E31]", "Mitigated | 2026-11-21 02:45:00 UTC | ", "P1"),
        ("| `auto-decline` | Mitigated", "| `auto-refund-7` | Mitigated", "F11"),
    ],
)
def test_a_planted_fault_is_found(true: str, planted: str, found: str) -> None:
    chain = _phased()
    text = draft(chain).text
    assert true in text
    wrong = {check.id for check in refused(list(scored(text.replace(true, planted), chain).values()))}
    assert {"F0", found} <= wrong
