"""One contract for whatever runs jobs: the deterministic executor, threads over either database."""

import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.jobs.engine import DeterministicExecutor, backoff, settle
from bot.jobs.outcome import DONE, Later, RunResult
from bot.jobs.threads import ThreadEngine
from playbooks import errors
from playbooks.ports import Job
from storage import schema
from storage.engine import make_engine
from storage.jobs import SqlJobBoard
from storage.lanes import SqlLanes
from storage.store import SqlStore
from tests.migrated import lay
from tests.storage.making import CountedIds

START = datetime(2025, 11, 14, 9, 30, tzinfo=UTC)


class HandClock:
    def __init__(self) -> None:
        self.time = START

    def now(self) -> datetime:
        return self.time

    def advance(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


class Bodies:
    """Bodies that answer what the test says, and remember who ran beside whom."""

    def __init__(self) -> None:
        self.ran: list[str] = []
        self.answers: dict[str, list[RunResult | Exception]] = {}
        self.during: Callable[[Job], None] = lambda job: None
        self.together: Counter[str] = Counter()
        self.overlapped = False
        self.most_lanes = 0
        self.changed = threading.Condition()

    def run(self, job: Job) -> RunResult:
        with self.changed:
            self.ran.append(job.subject)
            self.together[job.lane] += 1
            self.overlapped |= self.together[job.lane] > 1
            self.most_lanes = max(self.most_lanes, sum(self.together.values()))
            self.changed.notify_all()
        try:
            self.during(job)
            answer = self.answers.get(job.subject, [])
            result = answer.pop(0) if answer else DONE
            if isinstance(result, Exception):
                raise result
            return result
        finally:
            with self.changed:
                self.together[job.lane] -= 1
                self.changed.notify_all()

    def wait(self, until: Callable[[], bool], seconds: float = 20) -> bool:
        with self.changed:
            return self.changed.wait_for(until, seconds)


class House:
    """A store, ready for an engine over it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.sql = make_engine(url)
        schema.upgrade(self.sql)
        self.store = SqlStore(self.sql, CountedIds())
        self.board = SqlJobBoard(self.store)
        self.clock = HandClock()
        self.bodies = Bodies()
        self.parked: list[tuple[str, str]] = []
        self.settled = 0
        self._moved = threading.Condition()

    def on_parked(self, job: Job, error: errors.MusterError) -> None:
        self.parked.append((job.id, error.code))

    def on_outcome(self, job: Job, outcome: str) -> None:
        with self._moved:
            self.settled += 1
            self._moved.notify_all()

    def run(self, times: int) -> None:
        """Go on until so many runs, counted from the start, are over."""
        self.wait(times)

    def wait(self, times: int) -> None:
        with self._moved:
            assert self._moved.wait_for(lambda: self.settled >= times, 20), f"{self.settled} of {times}"


class _Inline(House):
    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.executor = DeterministicExecutor(
            self.board, self.clock, self.bodies, on_parked=self.on_parked, on_outcome=self.on_outcome
        )

    def run(self, times: int) -> None:
        self.executor.run_due()
        assert self.settled == times

    def close(self) -> None:
        self.sql.dispose()


class _Running(House):
    """With the engine that the service takes for the database."""

    def __init__(self, url: str, *, look: float = 0.05, alone: float = 0) -> None:
        super().__init__(url)
        self.look, self.alone = look, alone
        self.engine = self.start()

    def start(self) -> ThreadEngine:
        engine = self._make()
        engine.start()
        self.store.on_commit[:] = [engine.nudge]
        return engine

    def _make(self) -> ThreadEngine:
        told: Any = {"on_parked": self.on_parked, "on_outcome": self.on_outcome}
        lanes = None if self.url.startswith("sqlite") else SqlLanes(self.sql)
        return ThreadEngine(self.board, self.clock, self.bodies, lanes=lanes, look=self.look, alone=self.alone, **told)

    def run(self, times: int) -> None:
        self.engine.nudge()
        self.wait(times)

    def close(self) -> None:
        self.engine.stop()
        self.sql.dispose()


@pytest.fixture(params=["inline", "threads-sqlite", "threads-postgres"])
def house(request: pytest.FixtureRequest) -> Iterator[House]:
    kind, _, database = request.param.partition("-")
    url = str(request.getfixturevalue(f"{database or 'sqlite'}_migrated_url"))
    made: _Inline | _Running = _Inline(url) if kind == "inline" else _Running(url)
    yield made
    made.close()


def want(house: House, *subjects: str, lane: str = "") -> None:
    with house.store.begin() as work:
        for subject in subjects:
            work.want_job("deliver", subject, now=house.clock.now(), lane=lane)


def job(house: House, subject: str = "a") -> Job:
    found = house.board.get(f"deliver:{subject}")
    assert found is not None
    return found


def test_a_job_runs_once_for_all_that_was_wanted(house: House) -> None:
    with house.store.begin() as work:
        for second in (0, 1, 2, 2):
            work.want_job("deliver", "a", now=START - timedelta(seconds=second))
    house.run(1)
    want(house, "a")
    house.run(2)
    assert house.bodies.ran == ["a", "a"]
    assert (job(house).wanted, job(house).done) == (4, 4)


def test_what_is_wanted_while_it_runs_runs_again(house: House) -> None:
    def ask_again(_: Job) -> None:
        house.bodies.during = lambda job: None
        want(house, "a")

    house.bodies.during = ask_again
    want(house, "a")
    house.run(2)
    assert house.bodies.ran == ["a", "a"]
    assert house.board.pending(now=house.clock.now()) == []


def test_a_failure_is_tried_again_after_a_back_off(house: House) -> None:
    house.bodies.answers["a"] = [errors.ProviderError("It did not answer."), errors.OutcomeUnknown("Nor now.")]
    want(house, "a")
    house.run(1)
    assert (job(house).attempts, job(house).error) == (1, "It did not answer.")
    first = (job(house).due_at - START).total_seconds()
    assert 0.8 <= first <= 1.0
    house.clock.advance(first)
    house.run(2)
    assert 1.6 <= (job(house).due_at - house.clock.now()).total_seconds() <= 2.0
    house.clock.advance(2)
    house.run(3)
    assert (job(house).attempts, job(house).error, job(house).done) == (0, "", 1)


def test_what_slack_asks_for_is_waited(house: House) -> None:
    limited = errors.SlackError("Slow down.", code="ratelimited", kind=errors.Kind.RATE_LIMITED, retry_after=33)
    house.bodies.answers["a"] = [limited]
    want(house, "a")
    house.run(1)
    assert job(house).due_at == START + timedelta(seconds=33)


def test_a_permanent_error_is_given_up_told_and_tried_when_asked_for(house: House) -> None:
    house.bodies.answers["a"] = [errors.SlackError("The channel is archived.", "Unarchive it.", code="is_archived")]
    want(house, "a", "b")
    house.run(2)
    assert house.parked == [("deliver:a", "is_archived")]
    assert (job(house).parked, job(house).error) == (True, "The channel is archived. Unarchive it.")
    assert job(house, "b").done == 1
    want(house, "a")
    house.run(3)
    assert job(house).done == 2


def test_a_bug_in_a_body_stops_nothing_else_and_ends(house: House) -> None:
    house.bodies.answers["a"] = [ZeroDivisionError() for _ in range(5)]
    want(house, "a", "b")
    house.run(2)
    for times in range(3, 7):
        house.clock.advance(60)
        house.run(times)
    assert house.parked == [("deliver:a", "unexpected")]
    assert job(house, "b").done == 1


def test_later_is_honoured(house: House) -> None:
    house.bodies.answers["a"] = [Later(START + timedelta(seconds=40))]
    want(house, "a")
    house.run(1)
    house.clock.advance(39)
    want(house, "b")
    house.run(2)
    assert house.bodies.ran == ["a", "b"]
    house.clock.advance(1)
    house.run(3)
    assert house.bodies.ran == ["a", "b", "a"]


def test_jobs_of_one_lane_never_overlap(house: House) -> None:
    for number in range(5):
        with house.store.begin() as work:
            for lane in ("x", "y", "z"):
                work.want_job("deliver", f"{lane}{number}", now=START, lane=lane)
    house.run(15)
    assert not house.bodies.overlapped
    assert sorted(house.bodies.ran) == sorted(f"{lane}{number}" for lane in "xyz" for number in range(5))


# ---------------------------------------------------------------- running engines only


@pytest.fixture(params=["sqlite", "postgres"])
def running(request: pytest.FixtureRequest) -> Iterator[_Running]:
    made = _Running(str(request.getfixturevalue(f"{request.param}_migrated_url")))
    yield made
    made.close()


def test_lanes_run_beside_each_other(running: _Running) -> None:
    met = threading.Barrier(3)
    running.bodies.during = lambda job: void(met.wait(15))
    for lane in ("x", "y", "z"):
        want(running, lane, lane=lane)
    running.run(3)
    assert running.bodies.most_lanes == 3


def void(_: object) -> None:
    return None


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_what_waits_its_turn_runs_when_it_comes(database: str, request: pytest.FixtureRequest) -> None:
    """Nobody asks for a look, and the next one by itself would be in an hour."""
    made = _Running(str(request.getfixturevalue(f"{database}_migrated_url")), look=3600)
    try:
        made.bodies.answers["a"] = [Later(START + timedelta(seconds=0.05))]
        want(made, "a")
        made.wait(1)
        made.clock.advance(0.05)
        made.wait(2)
    finally:
        made.close()
    assert made.bodies.ran == ["a", "a"]


def test_what_is_pending_runs_after_a_restart(running: _Running) -> None:
    running.bodies.answers["a"] = [errors.ProviderError("Not now.")]
    want(running, "a")
    running.run(1)
    running.engine.stop()
    want(running, "b")
    running.clock.advance(60)
    running.engine = running.start()
    running.run(3)
    assert sorted(running.bodies.ran) == ["a", "a", "b"]


def test_an_outcome_that_could_not_be_recorded_is_run_again(running: _Running) -> None:
    finish = running.board.finish
    lost = [errors.StoreBusy("The disk is full.")]

    def finish_or_not(job: Job) -> None:
        if lost:
            raise lost.pop()
        finish(job)

    running.board.finish = finish_or_not  # type: ignore[method-assign]
    want(running, "a")
    running.run(1)
    assert running.bodies.ran == ["a", "a"]


_KILLED = """
import os, signal, sys
from datetime import UTC, datetime
from bot.jobs.threads import ThreadEngine
from storage.engine import make_engine
from storage.jobs import SqlJobBoard
from storage.lanes import SqlLanes
from storage.store import SqlStore
from tests.storage.making import CountedIds

class Clock:
    def now(self):
        return datetime(2025, 11, 14, 9, 30, tzinfo=UTC)

class Dies:
    def run(self, job):
        os.kill(os.getpid(), signal.SIGKILL)

sql = make_engine(sys.argv[1])
lanes = None if sys.argv[1].startswith("sqlite") else SqlLanes(sql)
ThreadEngine(SqlJobBoard(SqlStore(sql, CountedIds())), Clock(), Dies(), lanes=lanes).start()
signal.pause()
"""


def killed_in_a_body(url: str) -> None:
    """A process that takes the pending job and is killed while the body runs."""
    root = Path(__file__).parents[2]
    ended = subprocess.run(
        [sys.executable, "-c", _KILLED, url],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
        timeout=30,
        check=False,
    )
    assert ended.returncode == -signal.SIGKILL


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_a_job_whose_process_was_killed_is_run_by_the_next_one(kind: str, request: pytest.FixtureRequest) -> None:
    url = str(request.getfixturevalue(f"{kind}_migrated_url"))
    before = _Inline(url)
    want(before, "a")
    killed_in_a_body(url)
    after = _Running(url)
    try:
        after.run(1)
        assert after.bodies.ran == ["a"]
        assert job(after).done == 1
    finally:
        after.close()
        before.close()


def test_a_living_replica_runs_what_a_dead_one_left(postgres_migrated_url: str) -> None:
    living = _Running(postgres_migrated_url, look=60)
    before = _Inline(postgres_migrated_url)
    try:
        want(living, "first")
        living.run(1)  # it has a lane behind it, and looks again when it is asked to
        want(before, "a")
        killed_in_a_body(postgres_migrated_url)
        living.run(2)
        assert living.bodies.ran == ["first", "a"]
        assert job(living).done == 1
    finally:
        living.close()
        before.close()


def test_a_lane_is_one_at_a_time_over_all_processes(postgres_migrated_url: str) -> None:
    # One job at a time in each: there is a lane left for the other.
    one, two = (_Running(postgres_migrated_url, alone=60) for _ in range(2))
    together, most, guard = Counter[str](), Counter[str](), threading.Lock()

    def during(job: Job) -> None:
        with guard:
            together[job.lane] += 1
            most[job.lane] = max(most[job.lane], together[job.lane])
        met.wait(0.02)
        with guard:
            together[job.lane] -= 1

    met = threading.Event()
    one.bodies.during = two.bodies.during = during
    two.bodies.changed = one.bodies.changed  # who waits for one hears of both
    try:
        for lane in "xyz":
            want(one, *(f"{lane}{number}" for number in range(12)), lane=lane)
        one.engine.nudge()
        two.engine.nudge()
        every = sorted(f"{lane}{number}" for lane in "xyz" for number in range(12))
        assert one.bodies.wait(lambda: len(one.bodies.ran) + len(two.bodies.ran) >= len(every))
        one.engine.stop()
        two.engine.stop()
        assert sorted(one.bodies.ran + two.bodies.ran) == every
        assert set(most.values()) == {1}
        assert one.bodies.ran
        assert two.bodies.ran
    finally:
        one.close()
        two.close()


# ---------------------------------------------------------------- deterministic only


def drained(url: str, seed: int | None) -> list[str]:
    made = _Inline(url)
    executor = DeterministicExecutor(made.board, made.clock, made.bodies, seed=seed)
    made.bodies.answers = {"c": [Later(START + timedelta(hours=4))], "d": [errors.ProviderError("x")]}
    want(made, *"abcdef")
    executor.drain(lambda until: setattr(made.clock, "time", until))
    assert made.clock.time == START + timedelta(hours=4)
    made.close()
    return made.bodies.ran


def test_the_order_follows_from_the_seed(tmp_path: Path) -> None:
    runs = [drained(lay(tmp_path / f"{n}.db"), seed) for n, seed in enumerate([None, 1, 1, 2])]
    assert runs[0] == ["a", "b", "c", "d", "e", "f", "d", "c"]
    assert runs[1] == runs[2] != runs[3]
    assert sorted(runs[1]) == sorted(runs[0])


def test_a_job_that_never_ends_is_taken_for_a_bug(sqlite_migrated_url: str) -> None:
    made = _Inline(sqlite_migrated_url)
    made.bodies.answers["a"] = [Later(START)] * 100
    want(made, "a")
    with pytest.raises(RuntimeError, match="still due"):
        DeterministicExecutor(made.board, made.clock, made.bodies, limit=50).run_due()
    made.close()


def test_an_outage_of_hours_is_outlived_and_one_of_days_is_told(sqlite_migrated_url: str) -> None:
    made = _Inline(sqlite_migrated_url)
    made.bodies.answers["a"] = [errors.ProviderError("Down.") for _ in range(2000)]
    want(made, "a")
    made.executor.drain(lambda until: setattr(made.clock, "time", until))
    assert len(made.bodies.ran) == 1440
    assert made.parked == [("deliver:a", "provider_failed")]
    made.close()


def test_the_back_off_doubles_up_to_a_minute_and_is_spread() -> None:
    waits = [backoff(Job("k", "s", "l", 1, 0, START, attempts=n)) for n in range(9)]
    for number, seconds in enumerate(waits):
        full = min(60, 2**number)
        assert 0.8 * full <= seconds <= full
    assert len({backoff(Job("k", f"s{n}", "l", 1, 0, START)) for n in range(20)}) > 10


def test_settle_tells_what_came_of_it(sqlite_migrated_url: str) -> None:
    made = _Inline(sqlite_migrated_url)
    want(made, "a")
    told: list[str] = []
    settle(made.board, made.clock, job(made), made.bodies, on_outcome=lambda job, outcome: told.append(outcome))
    assert told == ["done"]
    made.close()
