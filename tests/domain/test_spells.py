"""To which episode a word belongs whose source states no start: whatever the order, the series ends up the same."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playbooks.domain.alerts import Alert, AlertStatus, Known, Said
from playbooks.domain.spells import Spell, Spells

SERIES = ("aws", "alarm")
ZERO = datetime(2026, 11, 21, tzinfo=UTC)


def at(minutes: int) -> datetime:
    return ZERO + timedelta(minutes=minutes)


def fires(minutes: int, known: Known = Known.BY_TURN) -> Alert:
    return Alert("aws", "alarm", "A", AlertStatus.FIRING, at(minutes), said=Said(known))


def ends(minutes: int, known: Known = Known.BY_TURN) -> Alert:
    return Alert("aws", "alarm", "A", AlertStatus.RESOLVED, at(minutes), at(minutes), said=Said(known))


def state(words: list[Alert]) -> list[Spell]:
    """The episodes that are stored after these words, each in a batch of its own."""
    stored: list[Spell] = []
    for word in words:
        for placed in Spells({SERIES: [replace(spell) for spell in stored]}).place(word, again=False):
            spell = next((spell for spell in stored if spell.starts_at == placed.starts_at), None)
            if spell is None:
                stored.append(Spell(placed.starts_at, placed.ends_at))
            elif spell.ends_at is None:
                spell.ends_at = placed.ends_at
    return stored


def firing(words: list[Alert]) -> bool:
    return any(spell.ends_at is None for spell in state(words))


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 9)), min_size=1, max_size=7), st.randoms())
def test_turns_in_any_order_leave_the_series_as_its_newest_word_says(words, random):
    told = [fires(minute) if fire else ends(minute) for fire, minute in words]
    newest_fire = max((m for fire, m in words if fire), default=-1)
    newest_end = max((m for fire, m in words if not fire), default=-1)
    random.shuffle(told)
    assert firing(told) == (newest_fire > newest_end)
    assert firing([word for word in told for _ in range(2)]) == (newest_fire > newest_end)


def test_every_order_of_two_turns():
    for order in permutations([fires(1), ends(2), fires(3)]):
        assert firing(list(order))
    for order in permutations([fires(1), ends(2), fires(3), ends(4)]):
        assert not firing(list(order))


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_an_incident_over_there_has_one_episode(order):
    words = [fires(1, Known.BY_ID), fires(2, Known.BY_ID), ends(3, Known.BY_ID)]
    found = state([words[number] for number in order])
    assert len(found) == 1
    assert found[0].ends_at is not None


def test_a_series_that_fires_again_after_its_end_has_a_second_episode():
    how = Known.WHILE_OPEN
    found = state([fires(1, how), fires(2, how), ends(3, how), ends(4, how), fires(5, how), fires(6, how)])
    assert found == [Spell(at(1), at(3)), Spell(at(5), None)]


def test_what_people_closed_is_over_where_no_end_is_told():
    stored = [Spell(at(1), None, held=False)]
    assert Spells({SERIES: stored}).place(fires(5, Known.WHILE_OPEN), again=False)[0].starts_at == at(5)
    assert Spells({SERIES: stored}).place(fires(1, Known.WHILE_OPEN), again=False)[0].starts_at == at(1)
    assert Spells({SERIES: stored}).place(fires(5, Known.BY_ID), again=False)[0].starts_at == at(1)


def test_an_end_ends_all_that_began_before_it():
    placed = Spells({SERIES: [Spell(at(1)), Spell(at(2)), Spell(at(5))]}).place(ends(3), again=False)
    assert [alert.starts_at for alert in placed] == [at(1), at(2)]
    assert {alert.ends_at for alert in placed} == {at(3)}


@pytest.mark.parametrize("known", list(Known))
def test_a_delivery_that_was_taken_before_opens_nothing(known):
    spells = Spells({SERIES: [Spell(at(1), at(2))]})
    assert spells.place(fires(5, known), again=True)[0].starts_at == at(1)
    assert spells.place(ends(6, known), again=True)[0].starts_at == at(1)


def test_words_of_one_batch_count_for_each_other():
    spells = Spells({})
    assert spells.place(fires(1, Known.WHILE_OPEN), again=False)[0].starts_at == at(1)
    assert spells.place(fires(2, Known.WHILE_OPEN), again=False)[0].starts_at == at(1)
    assert spells.place(ends(3, Known.WHILE_OPEN), again=False)[0].starts_at == at(1)


def test_a_stated_start_is_kept():
    word = replace(fires(4), said=Said(None, "delivery"))
    assert Spells({SERIES: [Spell(at(1))]}).place(word, again=True)[0].starts_at == at(4)
