"""The job board: asking, running and giving up, on both databases."""

from playbooks.ports import Job
from storage.jobs import SqlJobBoard
from storage.store import SqlStore
from tests.storage.making import NOW, at
from tests.storage.test_store import together


def want(store: SqlStore, subject: str = "C01", *, second: float = 0, lane: str = "", delay: float = 0) -> None:
    with store.begin() as work:
        work.want_job("deliver", subject, now=at(second), lane=lane, delay=delay)


def job_of(board: SqlJobBoard) -> Job:
    job = board.get("deliver:C01")
    assert job is not None
    return job


def test_asking_twice_is_one_job_wanted_twice(store: SqlStore) -> None:
    board = SqlJobBoard(store)
    want(store)
    want(store, second=5)
    assert board.pending(now=NOW) == [Job("deliver", "C01", "deliver:C01", 2, 0, NOW)]
    want(store, lane="C01")
    want(store)
    assert job_of(board).lane == "C01", "a lane once given is kept"


def test_many_ask_at_once_and_none_is_lost(store: SqlStore) -> None:
    together(20, lambda _: want(store))
    assert job_of(SqlJobBoard(store)).wanted == 20


def test_a_delay_holds_back_only_until_somebody_is_in_a_hurry(store: SqlStore) -> None:
    board = SqlJobBoard(store)
    want(store, delay=60)
    assert board.pending(now=at(59)) == []
    want(store, second=1, delay=90)
    assert job_of(board).due_at == at(60)
    want(store, second=2)
    assert job_of(board).due_at == at(2)


def test_finishing_covers_what_the_run_saw(store: SqlStore) -> None:
    board = SqlJobBoard(store)
    want(store)
    seen = job_of(board)
    want(store)
    board.finish(seen)
    assert [(j.wanted, j.done) for j in board.pending(now=NOW)] == [(2, 1)]
    board.finish(job_of(board))
    assert board.pending(now=at(1000)) == []
    assert board.next_due() is None
    board.finish(seen)
    assert job_of(board).done == 2, "a late one does not turn it back"
    want(store, second=7)
    assert job_of(board).due_at == at(7), "what is done starts anew"


def test_asking_again_does_not_break_a_back_off(store: SqlStore) -> None:
    board = SqlJobBoard(store)
    want(store)
    board.postpone(job_of(board), due_at=at(30), error="Slack refused.")
    want(store, second=1)
    assert (job_of(board).due_at, job_of(board).attempts, job_of(board).error) == (at(30), 1, "Slack refused.")
    assert board.overdue(before=at(31)) == 1


def test_later_is_no_failure_and_gives_way_to_a_new_wish(store: SqlStore) -> None:
    board = SqlJobBoard(store)
    want(store)
    board.postpone(job_of(board), due_at=NOW, error="x")
    board.reschedule(job_of(board), due_at=at(60))
    assert (job_of(board).due_at, job_of(board).attempts, job_of(board).error) == (at(60), 0, "")
    seen = job_of(board)
    want(store, second=1)
    board.reschedule(seen, due_at=at(90))
    assert job_of(board).due_at == at(1)


def test_a_parked_job_waits_until_it_is_asked_for_again(store: SqlStore) -> None:
    board = SqlJobBoard(store)
    want(store)
    board.park(job_of(board), error="The channel is archived.")
    assert board.pending(now=at(1000)) == []
    assert [j.error for j in board.parked()] == ["The channel is archived."]
    want(store, second=5)
    assert board.pending(now=at(5)) == [Job("deliver", "C01", "deliver:C01", 2, 0, at(5))]


def test_what_was_asked_for_during_the_last_failure_is_tried(store: SqlStore) -> None:
    board = SqlJobBoard(store)
    want(store)
    seen = job_of(board)
    want(store)
    board.park(seen, error="x")
    assert not job_of(board).parked


def test_pending_jobs_come_in_due_order_without_busy_lanes(store: SqlStore) -> None:
    board = SqlJobBoard(store)
    for subject, second in (("b", 2), ("a", 3), ("c", 1)):
        want(store, subject, second=second)
    assert [j.subject for j in board.pending(now=at(10))] == ["c", "b", "a"]
    assert [j.subject for j in board.pending(now=at(10), limit=2)] == ["c", "b"]
    assert [j.subject for j in board.pending(now=at(10), without=["deliver:c"])] == ["b", "a"]
    assert board.next_due() == at(1)
