"""Kept figures: a row counts while its chain has not grown and its computation is the same; it equals the chain."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from sqlalchemy import Engine

from playbooks.domain.figures import VERSION, Figures, Measure, Mode, figures_of
from playbooks.domain.incidents import State
from playbooks.domain.timeline import Event
from playbooks.ports import UnitOfWork
from storage.store import SqlStore
from tests.drafts.chains import Chain, recorded, story, timeline_files
from tests.drafts.test_properties import chains
from tests.storage.making import NOW, CountedIds, at, incident, note

ALL = {"since": NOW - timedelta(days=4000), "until": NOW + timedelta(days=4000)}
BIG = {measure: 2**40 + index for index, measure in enumerate(Measure)}


def over(work: UnitOfWork, key: str, events: Sequence[Event] = (), state: State = State.RESOLVED) -> int:
    """An incident that is over, with a chain of the same facts as these events."""
    opened, _ = work.open_incident(incident(key))
    for event in events:
        ours = replace(event.new, dedup_key=f"{event.seq}", supersedes="", retracts="")
        work.append(opened.id, ours, now=event.recorded_at)
    fresh = work.incident(opened.id, lock=True)
    assert fresh is not None
    work.save_incident(replace(fresh, state=state, resolved_at=NOW), open_key=None)
    return opened.id


def computed(work: UnitOfWork, number: int) -> Figures:
    found = work.incident(number)
    assert found is not None
    return figures_of(found, work.events(number))


def test_what_is_put_is_read_back(store: SqlStore) -> None:
    with store.begin() as work:
        one = over(work, "a|x")
        whole = replace(computed(work, one), mode=Mode.DRILL, seconds=BIG)
        work.put_figures([whole, whole])
    with store.read() as work:
        assert work.figures(VERSION, **ALL) == [whole]
    with store.begin() as work:
        work.put_figures([replace(whole, seconds={}, ended_at=None)])
        assert work.figures(VERSION, **ALL) == [replace(whole, seconds={}, ended_at=None)]


def test_a_row_counts_while_the_chain_and_the_computation_are_the_same(store: SqlStore) -> None:
    with store.begin() as work:
        one = over(work, "a|x", story().events)
        assert work.stale_figures(VERSION, limit=9) == [one]
        work.put_figures([computed(work, one)])
        assert work.stale_figures(VERSION, limit=9) == []
        assert work.stale_figures(VERSION + 1, limit=9) == [one]
        assert work.figures(VERSION + 1, **ALL) == []
        work.append(one, note("late"), now=at(9))
        assert work.stale_figures(VERSION, limit=9) == [one]
        assert work.figures(VERSION, **ALL) == []
        work.put_figures([computed(work, one)])
        assert [found.incident_id for found in work.figures(VERSION, **ALL)] == [one]


@pytest.mark.parametrize("state", [State.TRIAGE, State.INVESTIGATING, State.MITIGATED, State.CANCELLED])
def test_only_what_is_over_has_figures(store: SqlStore, state: State) -> None:
    with store.begin() as work:
        one = over(work, "a|x", state=state)
        work.put_figures([computed(work, one)])
        assert work.stale_figures(VERSION, limit=9) == []
        assert work.figures(VERSION, **ALL) == []


def test_the_newest_first_and_the_period_without_its_end(store: SqlStore) -> None:
    with store.begin() as work:
        numbers = [over(work, f"{key}|x", state=state) for key, state in zip("abc", 3 * [State.CLOSED], strict=True)]
        assert work.stale_figures(VERSION, limit=2) == [numbers[2], numbers[1]]
        work.put_figures([computed(work, number) for number in numbers])
        assert [one.incident_id for one in work.figures(VERSION, **ALL)] == numbers
        assert work.figures(VERSION, since=NOW - timedelta(days=1), until=NOW) == []
        assert len(work.figures(VERSION, since=NOW, until=at(1))) == 3


def same(work: UnitOfWork, chain: Chain, key: str) -> None:
    """The row is what the chain gives, whoever computes it: the store's copy of the chain, and the chain itself."""
    number = over(work, key, chain.events)
    work.put_figures([computed(work, number)])
    (row,) = (one for one in work.figures(VERSION, **ALL) if one.incident_id == number)
    assert row == computed(work, number)
    plain = [replace(event, new=replace(event.new, supersedes="", retracts="")) for event in chain.events]
    found = work.incident(number)
    assert found is not None
    assert row.seconds == figures_of(found, plain).seconds


def test_rows_equal_every_recorded_chain(store: SqlStore) -> None:
    with store.begin() as work:
        same(work, story(), "story|x")
        for path in timeline_files():
            same(work, recorded(path)[1], f"{path.stem}|x")


@pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(chain=chains())
def test_rows_equal_any_chain(engine: Engine, chain: Chain) -> None:
    store = SqlStore(engine, CountedIds())
    with contextlib.suppress(Undone), store.begin() as work:
        same(work, chain, "any|x")
        raise Undone


class Undone(Exception):
    """Takes the transaction back, so that the next example finds an empty store."""
