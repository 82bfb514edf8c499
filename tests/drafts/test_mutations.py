"""Damage done to drafts: with F0 all of it is found, without it nearly all."""

from collections import Counter

import pytest

from tests.drafts.chains import Chain, recorded, story, timeline_files
from tests.drafts.damage import FAULTS
from tests.drafts.drafting import draft, rubric
from tests.drafts.everything import everything
from tests.drafts.watched import watched

LEAST, SEEN_WITHOUT_F0 = 300, 0.95
# One line of the document's own words with an event that exists cannot be told from its own but by rendering it again.
ONLY_F0 = {"plausible false sentence in the document's own words", "edited block with its digest"}


def chains() -> list[tuple[str, Chain]]:
    """The story, a chain with every kind of event, and the recorded timelines."""
    files = [(path.stem, recorded(path)[1]) for path in timeline_files()]
    return [("story", story()), ("everything", everything()), ("watched", watched()), *files]


@pytest.fixture(scope="module")
def planted() -> list[tuple[str, str, list[str]]]:
    """Kind of fault, document, and the checks that refuse it."""
    found = []
    for title, chain in chains():
        text, checks = draft(chain).text, rubric(chain)
        assert [check for check in checks.checks(text) if not check.ok] == [], title
        for kind, fault in FAULTS.items():
            for damaged in fault(text):
                assert damaged != text, (kind, title)
                found.append((kind, title, [c.id for c in checks.checks(damaged) if not c.ok]))
    return found


def test_every_fault_is_found_and_nearly_all_of_them_without_a_new_rendering(planted):
    applied = Counter(kind for kind, _, _ in planted)
    missed = Counter(kind for kind, _, failed in planted if not set(failed) - {"F0"})
    print(f"{len(planted)} faults of {len(applied)} kinds; without F0 missed: {dict(missed)}")
    for kind in FAULTS:
        print(f"{applied[kind]:4} {kind}{f', without F0 missed {missed[kind]}' if missed[kind] else ''}")
    assert len(planted) >= LEAST
    assert set(applied) == set(FAULTS)
    assert [(kind, title) for kind, title, failed in planted if not failed] == []
    assert 1 - missed.total() / len(planted) >= SEEN_WITHOUT_F0
    assert set(missed) <= ONLY_F0


def test_an_edited_machine_block_always_refuses_the_document(planted):
    human = {"half an action item"}
    assert [(kind, title) for kind, title, failed in planted if "F0" not in failed and kind not in human] == []
    assert all("H3" in failed for kind, _, failed in planted if kind in human)
