"""Similar earlier incidents in the draft: what was recorded, cited; whatever the payload holds, the checks pass."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from playbooks.domain.drafts.page import body_of
from playbooks.domain.likeness import Done, Earlier, Left, Trait, earlier_of, facts_of_earlier
from playbooks.domain.timeline import EventKind, utc_text
from playbooks.render import as_json
from tests.drafts.chains import Chain, at, story
from tests.drafts.damage import swap
from tests.drafts.drafting import draft, problems, scored
from tests.drafts.test_properties import TEXTS, TIMES

BEFORE = Earlier(
    17,
    "fraud-scorer",
    "drift",
    (Trait.COMPONENT, Trait.FAILURE),
    datetime(2026, 10, 30, 4, 5, 6, tzinfo=UTC),
    (Done(3, "rollback", "fraud-scorer", "v41", "v40"),),
    (Left(12, "prevent", datetime(2026, 10, 3, tzinfo=UTC), True),),
)


def again(*earlier: Earlier) -> Chain:
    """The night, which an earlier one was like."""
    chain = story()
    chain.add(
        EventKind.SIMILAR, at("02:31:30"), "similar earlier incidents", payload=facts_of_earlier("opened", earlier)
    )
    return chain


def test_the_draft_says_what_was_recorded_and_asks_about_it() -> None:
    chain = again(BEFORE)
    found = draft(chain)
    seq = len(chain.events)
    assert (
        f"- INC-17 on `fraud-scorer`: same component and failure; resolved 2026-10-30 04:05:06 UTC [E{seq}]"
        in found.text
    )
    assert f"- INC-17, confirmed then: rollback of `fraud-scorer`: `v41` → `v40` [E{seq}]" in found.text
    assert (
        "- INC-17, follow-up D-12 (`prevent`, due 2026-10-03 00:00:00 UTC): overdue when this one began" in found.text
    )
    assert "recurrence" in [p.name for p in found.facts.prompts]
    assert [c.id for c in scored(found.text, chain).values() if not c.ok] == []
    assert problems(found.text, chain) == []
    assert json.loads(json.dumps(as_json(found.facts)))["similar"]["rows"][0]["incident"] == 17


def test_the_newest_record_counts_and_its_absence_is_said() -> None:
    chain = again(BEFORE)
    chain.add(EventKind.SIMILAR, at("09:00:20"), "none", payload=facts_of_earlier("resolved", ()))
    text = draft(chain).text
    assert f"**Similar incidents before:** no similar incident recorded [E{len(chain.events)}]." in text
    assert scored(text, chain)["P1"].ok


def test_what_is_recorded_is_read_back_as_it_was() -> None:
    assert earlier_of(facts_of_earlier("opened", (BEFORE,))) == (BEFORE,)


@pytest.mark.parametrize(
    "damage",
    [
        swap(r"- INC-17 on", "- INC-977 on"),
        swap(r"resolved 2026-10-30", "resolved 2026-10-31"),
        swap(r"`v41` → `v40`", "`v41` → `v39`"),
        swap(r"follow-up D-12 ", "follow-up D-977 "),
        swap(r"(due 2026-)10-03", r"\g<1>10-13"),
        swap(r"(overdue when this one began) \[E\d+\]", r"\1"),
        swap(r"(overdue when this one began) \[E\d+\]", r"\1 [E999]"),
        swap(r"; resolved 2026-10-30", " caused it; resolved 2026-10-30"),
    ],
)
def test_damage_to_it_is_found_without_the_second_rendering(damage: Any) -> None:
    chain = again(BEFORE)
    text = draft(chain).text
    damaged = next(damage(text))
    assert damaged != text
    assert [c.id for c in scored(damaged, chain).values() if c.critical and not c.ok and c.id != "F0"]


NUMBERS = st.integers(0, 10**6)
DONE = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("action", "kind", "component", "before", "after"), TEXTS | NUMBERS)
)
LEFT = st.fixed_dictionaries(
    {},
    optional={"number": NUMBERS | TEXTS, "type": TEXTS, "due": TIMES.map(utc_text) | TEXTS, "overdue": st.booleans()},
)
ROW = st.fixed_dictionaries(
    {"traits": st.lists(st.sampled_from([t.value for t in Trait]) | TEXTS, max_size=3)},
    optional={
        "incident": NUMBERS | TEXTS,
        "component": TEXTS,
        "failure": TEXTS,
        "ended": TIMES.map(utc_text) | TEXTS,
        "done": st.lists(DONE, max_size=2) | TEXTS,
        "left": st.lists(LEFT, max_size=2) | TEXTS,
    },
)


@settings(max_examples=60, deadline=None)
@given(st.lists(ROW, max_size=4) | TEXTS, TIMES)
def test_any_record_renders_and_passes(rows: Any, when: datetime) -> None:
    chain = Chain()
    chain.add(EventKind.DECLARED, when, "opened", payload={"component": "fraud-scorer"})
    chain.add(EventKind.SIMILAR, when + timedelta(seconds=5), "similar", payload={"similar": rows})
    text = draft(chain).text
    assert [c for c in scored(text, chain).values() if c.critical and not c.ok] == []
    assert not any("<script" in section.body for section in body_of(text).sections)
