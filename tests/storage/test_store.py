"""The unit of work keeps its promises on both databases."""

import re
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Connection, event, text

from playbooks import errors
from playbooks.domain.actions import ActionState, Approval, Mark, Override
from playbooks.domain.alerts import AlertStatus, Change, Decision, Reason
from playbooks.domain.incidents import State
from playbooks.ports import AlertTouch, Captured, Document, JobBoard, Store, Surface, Timer, UnitOfWork
from storage.engine import make_engine
from storage.jobs import SqlJobBoard
from storage.store import SqlStore, SqlUnitOfWork
from tests.storage.making import NOW, CountedIds, action, at, incident, note, stored


def together(times: int, what: Callable[[int], Any]) -> list[Any]:
    """Run it in as many threads, all released at once."""
    gate = threading.Barrier(times)

    def released(number: int) -> Any:
        gate.wait(10)
        return what(number)

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(released, range(times)))


def test_the_ports_are_implemented(store: SqlStore) -> None:
    """Mostly for the type checker."""
    as_port: Store = store
    board: JobBoard = SqlJobBoard(store)
    with as_port.begin() as opened:
        work: UnitOfWork = opened
        assert work.next_timer() is None
    assert board.pending(now=NOW) == []


def test_one_incident_is_open_per_key_however_many_ask(store: SqlStore) -> None:
    def open_one(_: int) -> tuple[int, bool]:
        with store.begin() as work:
            opened, new = work.open_incident(incident())
            return opened.id, new

    answers = together(20, open_one)
    assert len({number for number, _ in answers}) == 1
    assert sum(new for _, new in answers) == 1


def test_a_closed_incident_frees_its_key(store: SqlStore) -> None:
    with store.begin() as work:
        first, _ = work.open_incident(incident())
        saved = work.save_incident(replace(first, state=State.RESOLVED, resolved_at=NOW), open_key=None)
        second, new = work.open_incident(incident())
        assert new
        assert second.id != first.id
        assert saved.version == first.version + 1
        with pytest.raises(errors.Conflict, match=second.name):
            work.save_incident(replace(saved, state=State.INVESTIGATING), open_key="fraud-scorer|drift")
        assert [each.id for each in work.incidents(open_only=True)] == [second.id]
        assert [each.id for each in work.incidents(open_only=False)] == [second.id, first.id]


def test_who_saves_an_old_version_is_told(store: SqlStore) -> None:
    with store.begin() as work:
        read, _ = work.open_incident(incident())
        proposed = work.add_action(action(read.id))
        owed = work.add_override(
            Override(0, "disable", "fraud-scorer", read.id, proposed.id, "omar", "drift", NOW, at(60))
        )
    with store.begin() as work:
        work.save_incident(replace(read, lead="omar"), open_key=None)
        work.save_action(replace(proposed, state=ActionState.AWAITING))
        work.save_override(replace(owed, state="on"))
    saves: list[Callable[[SqlUnitOfWork], object]] = [
        lambda work: work.save_incident(replace(read, lead="lena"), open_key=None),
        lambda work: work.save_action(replace(proposed, state=ActionState.DENIED)),
        lambda work: work.save_override(replace(owed, state="void")),
    ]
    for save in saves:
        with pytest.raises(errors.Conflict), store.begin() as work:
            save(work)
    with store.read() as work:
        assert work.incident(read.id).lead == "omar"  # type: ignore[union-attr]
        kept = work.action(proposed.id)
        assert kept == replace(proposed, state=ActionState.AWAITING, version=2)
        assert work.overrides(component="fraud-scorer") == [replace(owed, state="on", version=2)]


def test_saving_an_incident_read_before_an_event_keeps_the_chain(store: SqlStore) -> None:
    with store.begin() as work:
        read, _ = work.open_incident(incident())
        work.append(read.id, note("a"), now=NOW)
        saved = work.save_incident(replace(read, title="Other"), open_key=None)
        assert saved.chain_seq == 1
        assert work.verify(read.id).ok


def test_what_raises_leaves_nothing(store: SqlStore) -> None:
    def write_and_fail() -> None:
        with store.begin() as work:
            work.open_incident(incident())
            work.want_job("deliver", "C01", now=NOW)
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        write_and_fail()
    with store.read() as work:
        assert work.incidents(open_only=False) == []


def test_reading_cannot_write(store: SqlStore) -> None:
    with pytest.raises(errors.StoreBusy) as refused, store.read() as work:
        work.first_time("k", now=NOW)
    assert refused.value.code == "database_read_only"
    with pytest.raises(errors.StoreBusy) as refused, store.read() as work:
        work.want_job("deliver", "C01", now=NOW)
    assert refused.value.code == "database_read_only"
    with store.begin() as work:
        assert work.first_time("k", now=NOW)


def test_jobs_asked_for_hold_nobody_up(postgres_migrated_url: str) -> None:
    """Two incidents of one team: each asks for its channel's job, and one for the other's card, in the other order."""
    engine = make_engine(postgres_migrated_url, busy_timeout=0.5)
    store, card = SqlStore(engine, CountedIds()), Surface("card:1", "card", "C01")
    with store.begin() as one:
        one.want_job("deliver", "C01", now=NOW)
        with store.begin() as other:
            other.want_surface(card)
            other.want_job("deliver", "C01", now=NOW)
        one.want_surface(card)
    assert [(job.id, job.wanted) for job in SqlJobBoard(store).pending(now=NOW)] == [("deliver:C01", 2)]
    engine.dispose()


def test_jobs_are_written_in_one_order(sqlite_store: SqlStore) -> None:
    with sqlite_store.begin() as work:
        for subject in ("C02", "C01", "C02"):
            work.want_job("deliver", subject, now=NOW)
    with sqlite_store.read() as work:
        written = [tuple(row) for row in work.query(text("SELECT id, wanted FROM job ORDER BY rowid"))]
    assert written == [("deliver:C01", 1), ("deliver:C02", 1)]


def test_callbacks_come_after_a_commit_that_wanted_a_job(store: SqlStore) -> None:
    told: list[int] = []
    store.on_commit.append(lambda: told.append(1))
    with store.begin() as work:
        work.first_time("k", now=NOW)
    assert told == []
    with store.begin() as work:
        work.want_job("deliver", "C01", now=NOW)
        assert told == []
    assert told == [1]


def test_the_probe_stands_around_the_commit(store: SqlStore) -> None:
    class Stop:
        at = ""

        def hit(self, label: str) -> None:
            if label == self.at:
                raise KeyboardInterrupt(label)

    probe = Stop()
    probed = SqlStore(store.engine, store._ids, probe=probe)
    for label, kept in (("before commit", False), ("after commit", True)):
        probe.at = label
        with pytest.raises(KeyboardInterrupt), probed.begin() as work:
            work.first_time(label, now=NOW)
        probe.at = ""
        with probed.begin() as work:
            assert work.first_time(label, now=NOW) is not kept


def test_the_bulk_interface_agrees_with_the_single_one(store: SqlStore) -> None:
    with store.begin(lane="alerts") as work:
        opened, _ = work.open_incident(incident())
        work.add_alerts([stored(n, opened.id) for n in range(700)])
        assert work.append_many(opened.id, [note(f"k{n % 600}", f"text {n}") for n in range(700)], now=NOW) == 600
        work.bump_incident(opened.id, total=700, firing=699)
        work.touch_alerts([AlertTouch("alert-3", AlertStatus.RESOLVED, at(5), 2, at(6))])
        work.touch_alert("alert-3", status=AlertStatus.RESOLVED, ends_at=at(7), now=at(8), seen=1)
        work.want_jobs([("deliver", "C01", "C01"), ("deliver", "C01", "C01"), ("channel", "1", "")], now=NOW)
        work.want_surfaces([Surface("card:1", "card", "C01"), Surface("card:1", "card", "C01")])
    with store.read() as work:
        known = work.arrival([("am", f"fp{n}", NOW) for n in range(698, 1300)], []).known
        assert {episode[1] for episode in known} == {"fp698", "fp699"}
        touched = work.alert("am", "fp3", NOW)
        assert touched is not None
        assert (touched.seen, touched.alert.status, touched.alert.ends_at) == (4, AlertStatus.RESOLVED, at(7))
        assert work.alert_by_id("alert-5") == stored(5, opened.id)
        assert list(touched.alert.labels) == ["z", "a"]
        open_now = work.arrival([], ["fraud-scorer|drift", "other|x"]).open
        assert set(open_now) == {"fraud-scorer|drift"}
        assert open_now["fraud-scorer|drift"].alerts_total == 700
        assert work.verify(opened.id).count == 600
        assert work.surface("card:1").wanted == 2  # type: ignore[union-attr]


def test_the_same_episode_twice_is_a_conflict(store: SqlStore) -> None:
    with store.begin() as work:
        work.add_alert(stored(1))
    with pytest.raises(errors.Conflict), store.begin() as work:
        work.add_alert(replace(stored(1), id="another"))


def test_text_no_database_takes_is_the_callers_error(store: SqlStore) -> None:
    with pytest.raises(errors.InputError), store.begin() as work:
        work.notice("key", "half a pair: \ud800", now=NOW)
    with store.begin() as work:
        assert work.quarantine(source="am", body="\x00\ud800{", reason="not JSON", now=NOW)


def test_each_decider_answers_once_and_approvals_are_used_once(store: SqlStore) -> None:
    with store.begin() as work:
        proposed = work.add_action(action())
        lena = Approval(proposed.id, "lena", "model owner", "approved", "hash", NOW)
        assert work.add_approval(lena)
        assert not work.add_approval(replace(lena, verdict="denied"))
        assert work.add_approval(replace(lena, decider="omar", verdict="denied", at=at(1)))
        assert work.consume_approvals(proposed.id, now=at(2)) == 1
        assert work.consume_approvals(proposed.id, now=at(3)) == 0
        assert [(a.decider, a.verdict, a.consumed_at) for a in work.approvals(proposed.id)] == [
            ("lena", "approved", at(2)),
            ("omar", "denied", None),
        ]


def test_actions_are_found_by_state_component_and_time(store: SqlStore) -> None:
    with store.begin() as work:
        one = work.add_action(action())
        two = work.add_action(replace(action(), component="churn", state=ActionState.APPLYING, created_at=at(10)))
        assert work.actions_in([ActionState.APPLYING, ActionState.PREVIEWED]) == [one, two]
        assert work.actions_in([ActionState.APPLYING, ActionState.PREVIEWED], component="churn") == [two]
        assert work.actions_in([]) == []
        assert work.recent_actions(since=at(5)) == [two]


def test_surfaces_keep_their_order_and_their_newest_wish(store: SqlStore) -> None:
    with store.begin() as work:
        card = work.want_surface(Surface("card:1", "card", "C01", payload={"v": 1}))
        work.want_surface(Surface("ask:1", "ask", "C01"))
        again = work.want_surface(Surface("card:1", "card", ""))
        assert (card.seq, again.seq, again.wanted, again.payload) == (1, 1, 2, {"v": 1})
        assert work.want_surface(Surface("card:1", "card", "", payload={"v": 2})).payload == {"v": 2}
        assert [s.id for s in work.surfaces_to_show("C01")] == ["card:1", "ask:1"]
        work.save_surface(replace(again, shown=2, ts="1.1", channel="C01"))
        assert [s.id for s in work.surfaces_to_show("C01")] == ["card:1", "ask:1"], "wanted rose to 3 meanwhile"
        work.save_surface(replace(again, shown=3, ts="1.1", channel="C01"))
        assert [s.id for s in work.surfaces_to_show("C01")] == ["ask:1"]
        moved = work.want_surface(Surface("card:1", "card", "C02"))
        assert (moved.target, moved.seq, moved.ts) == ("C02", 1, "1.1")


def test_how_far_slack_is_leaves_alone_what_is_wished_meanwhile(store: SqlStore) -> None:
    with store.begin() as work:
        read = work.want_surface(Surface("card:1", "card", "C01", payload={"v": 1}))
        wished = work.want_surface(Surface("card:1", "card", "C02", payload={"v": 2}, pin=True))
        sent = {"channel": "C01", "ts": "1.1", "shown": 1, "shown_hash": "f0", "shown_at": NOW, "attempts": 2}
        work.save_shown(replace(read, error="slow", pinned=True, **sent))  # type: ignore[arg-type]
        assert work.surface("card:1") == replace(wished, error="slow", pinned=True, **sent)  # type: ignore[arg-type]


def test_timers_fall_due_in_order_and_can_be_moved(store: SqlStore) -> None:
    with store.begin() as work:
        work.set_timer(Timer("late", "remind", "1", at(60)))
        work.set_timer(Timer("soon", "remind", "2", at(30), {"n": 1}))
        work.set_timer(Timer("late", "remind", "1", at(10)))
        work.set_timer(Timer("gone", "remind", "3", at(1)))
        work.cancel_timer("gone")
        assert work.next_timer() == Timer("late", "remind", "1", at(10))
        assert [t.id for t in work.due_timers(now=at(29))] == ["late"]
        assert [t.id for t in work.due_timers(now=at(30))] == ["late", "soon"]
        assert [t.id for t in work.due_timers(now=at(30), limit=1)] == ["late"]


def test_what_was_seen_is_remembered(store: SqlStore) -> None:
    change = Change("mlflow", "k1", "model_alias", "fraud-scorer@champion", "43", NOW, before="42")
    with store.begin() as work:
        opened, _ = work.open_incident(incident())
        assert work.first_time("Ev1", now=NOW)
        assert not work.first_time("Ev1", now=at(1))
        assert work.forget_deliveries(before=at(1)) == 1
        told = {"decision": Decision.CHANGE, "reason": Reason.RECORDED_CHANGE, "incident_id": None, "now": NOW}
        assert work.add_change(change, **told)  # type: ignore[arg-type]
        assert not work.add_change(change, **told)  # type: ignore[arg-type]
        assert work.changes_before(["fraud-scorer@champion"], since=at(-1), until=NOW) == [change]
        assert work.changes_before(["fraud-scorer@champion"], since=at(1), until=at(2)) == []
        assert work.notice("secret", "Wrong secret", now=NOW) == 1
        assert work.notice("secret", "Wrong secret again", now=at(1)) == 2
        assert work.notices() == [("secret", "Wrong secret again", 2, NOW, at(1))]
        for digest, second in (("a", 0), ("a", 1), ("b", 2), ("a", 3)):
            work.keep_registry(digest, f"text {digest}", now=at(second))
        assert work.latest_registry() == ("a", "text a", at(3))
        captured = Captured("C01", "1.1", "pin", opened.id, "e1", 1)
        work.save_captured(captured)
        work.save_captured(replace(captured, event_id="", version=2))
        assert work.captured("C01", "1.1", "pin") == replace(captured, event_id="", version=2)
        assert work.captured_all("C01", "1.1") == [replace(captured, event_id="", version=2)]
        draft = Document(opened.id, {"why": "not known"})
        work.save_document(draft)
        work.save_document(replace(draft, version=2))
        assert work.document(opened.id) == replace(draft, version=2)


def test_versions_keep_their_last_mark_and_the_order_they_were_set_in(store: SqlStore) -> None:
    with store.begin() as work:
        work.mark_version("c", "42", Mark.GOOD, note="0.941", incident_id=None, now=NOW)
        work.mark_version("c", "42", Mark.BAD, note="drift", incident_id=None, now=at(1))
        assert work.version_marks("c") == {"42": (Mark.BAD, "drift", at(1))}
        for version, second in (("42", 0), ("43", 1), ("43", 2), ("42", 3)):
            work.record_serving("c", version, now=at(second))
        assert work.serving_history("c") == [("42", NOW), ("43", at(1)), ("42", at(3))]


def test_queries_of_the_hot_path_search_an_index(sqlite_store: SqlStore) -> None:
    board = SqlJobBoard(sqlite_store)
    asked: list[str] = []

    @event.listens_for(sqlite_store.engine, "begin")
    def _keep(connection: Connection) -> None:
        connection.connection.driver_connection.set_trace_callback(asked.append)  # type: ignore[union-attr]

    with sqlite_store.begin() as work:
        opened, _ = work.open_incident(incident())
        work.arrival([("am", "fp1", NOW), ("am", "fp2", NOW)], ["a", "b"])
        work.take_counted(opened.id)
        work.append_many(opened.id, [note("a"), note("b")], now=NOW)
        work.surfaces_to_show("C01")
        work.due_timers(now=NOW)
        work.changes_before(["a", "b"], since=NOW, until=NOW)
    board.pending(now=NOW)
    event.remove(sqlite_store.engine, "begin", _keep)
    searching = [each for each in asked if each.startswith(("SELECT", "DELETE", "UPDATE"))]
    with sqlite_store.engine.connect() as connection:
        connection.connection.driver_connection.set_trace_callback(None)  # type: ignore[union-attr]
        plans = [str(connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {each}").all()) for each in searching]
    tables = "alert|incident|event|surface|timer|change|job|counted"
    assert len(plans) >= 12
    assert [plan for plan in plans if re.search(rf"SCAN ({tables})(?! USING INDEX ix_job_pending)\b", plan)] == []
