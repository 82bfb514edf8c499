"""A batch of alerts writes ahead of the server's answers: what it reads, and what it is told, stays the same."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import func, select

from playbooks import errors
from playbooks.domain.alerts import AlertStatus
from playbooks.ports import AlertTouch, Counted, Growth, Timer
from storage.rows import ALERT
from storage.store import SqlStore, SqlUnitOfWork
from tests.storage.making import NOW, at, incident, note, stored


def test_a_batch_reads_what_it_wrote_ahead(store: SqlStore) -> None:
    with store.begin(lane="alerts") as work:
        opened, new = work.open_incident(incident())
        work.grow([Growth(opened.id, [note("a")], 2, 2)], now=NOW)
        work.add_alerts([stored(1, opened.id), stored(2, opened.id)])
        work.touch_alerts([AlertTouch("alert-1", AlertStatus.RESOLVED, at(5), 2, at(6))])
        work.set_timers([Timer("storm:1", "storm", "1", at(30), {"groups": ["é", 1, None]})])
        assert new
        assert work.query(select(func.count()).select_from(ALERT)).scalar_one() == 2
        assert work.arrival([("am", "fp1", NOW)], []).known["am", "fp1", NOW].status is AlertStatus.RESOLVED
        assert work.arrival([], ["fraud-scorer|drift"]).open["fraud-scorer|drift"].alerts_total == 2
        assert work.timers(["storm:1"])["storm:1"] == Timer("storm:1", "storm", "1", at(30), {"groups": ["é", 1, None]})
        assert [event.text for event in work.events(opened.id)] == ["PSI is falling"]
    with store.read() as work:
        assert work.alert_by_id("alert-2") == stored(2, opened.id)
        assert work.verify(opened.id).ok


def test_a_timer_that_is_set_stays_as_it_is_when_it_is_added_again(store: SqlStore) -> None:
    first = Timer("storm:1", "storm", "1", at(30), {"groups": [1]})
    with store.begin(lane="alerts") as work:
        work.add_timers([first])
    with store.begin(lane="alerts") as work:
        work.add_timers([Timer("storm:1", "storm", "1", at(60)), Timer("storm:2", "storm", "2", at(60))])
        assert work.timers(["storm:1", "storm:2"]) == {
            "storm:1": first,
            "storm:2": Timer("storm:2", "storm", "2", at(60)),
        }


def test_what_is_counted_is_taken_once_in_the_order_it_came(store: SqlStore) -> None:
    counted = [Counted(1, "am", "firing", n, [f"é{n}"], at(n)) for n in range(1, 13)]
    with store.begin(lane="alerts") as work:
        work.count_alerts([*counted, Counted(2, "am", "firing", 1, [], NOW)])
    with store.begin() as work:
        assert work.take_counted(1) == counted
        assert work.take_counted(1) == []
    with store.begin() as work:
        assert len(work.take_counted(2)) == 1


def clashing(work: SqlUnitOfWork) -> None:
    work.add_alerts([stored(2), replace(stored(1), id="another")])
    work.set_timers([Timer("storm:1", "storm", "1", at(30), {})])


def clashing_and_reading(work: SqlUnitOfWork) -> None:
    clashing(work)
    work.timers(["storm:1"])


def clashing_and_asking(work: SqlUnitOfWork) -> None:
    clashing(work)
    work.alert_by_id("alert-1")


def breaking_off(work: SqlUnitOfWork) -> None:
    work.add_alerts([stored(2)])
    raise ZeroDivisionError


@pytest.mark.parametrize(
    ("write", "error"),
    [
        (clashing, errors.Conflict),
        (clashing_and_reading, errors.Conflict),
        (clashing_and_asking, errors.Conflict),
        (breaking_off, ZeroDivisionError),
    ],
)
def test_an_error_is_told_takes_everything_back_and_leaves_the_connection_whole(
    store: SqlStore, write: Callable[[SqlUnitOfWork], None], error: type[Exception]
) -> None:
    def together() -> None:
        with store.begin(lane="alerts") as work:
            write(work)

    with store.begin(lane="alerts") as work:
        work.add_alerts([stored(1)])
    with pytest.raises(error):
        together()
    with store.begin(lane="alerts") as work:
        assert work.arrival([("am", "fp2", NOW)], []).known == {}
        assert work.timers(["storm:1"]) == {}
        work.add_alerts([stored(2)])
    with store.read() as work:
        assert work.alert_by_id("alert-2") == stored(2)


@pytest.mark.parametrize("labels", [{"note": "half a pair: \ud800"}, {"half \udfff": "x"}, {"quote": '"\\\n\t'}])
def test_labels_of_every_kind_are_kept_as_they_came(store: SqlStore, labels: dict[str, Any]) -> None:
    plain = stored(1)
    odd = replace(plain, alert=replace(plain.alert, labels=labels))
    with store.begin(lane="alerts") as work:
        work.add_alerts([odd, stored(2)])
    with store.read() as work:
        assert work.alert_by_id("alert-1") == odd
        assert work.alert_by_id("alert-2") == stored(2)


def test_a_text_no_database_takes_is_told_and_leaves_nothing(store: SqlStore) -> None:
    plain = stored(1)
    with pytest.raises(errors.InputError), store.begin(lane="alerts") as work:
        work.add_alerts([stored(2), replace(plain, alert=replace(plain.alert, summary="half a pair: \ud800"))])
    with store.read() as work:
        assert work.arrival([("am", "fp2", NOW)], []).known == {}
