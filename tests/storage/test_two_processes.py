"""Two processes append to one incident on PostgreSQL at the same time: no gap, no fork, one chain."""

from __future__ import annotations

import subprocess
import sys
from itertools import pairwise
from pathlib import Path

from storage import schema
from storage.engine import make_engine
from storage.store import SqlStore
from tests.storage.making import CountedIds, incident

EACH = 60
WRITER = """
import sys, uuid
from datetime import UTC, datetime
from playbooks.domain.people import MUSTER
from playbooks.domain.timeline import EventKind, EventSource, NewEvent
from storage.engine import make_engine
from storage.store import SqlStore

class Ids:
    def new(self): return uuid.uuid4().hex
    def salt(self): return uuid.uuid4().hex[:16]

url, number, name, count = sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4])
engine = make_engine(url)
store = SqlStore(engine, Ids())
print("ready", flush=True)
sys.stdin.readline()
for turn in range(count):
    with store.begin() as work:
        now = datetime.now(UTC)
        for text, key in ((f"{name} {turn}", f"{name}-{turn}"), ("both", f"both-{turn}")):
            work.append(number, NewEvent(EventKind.NOTE, text, MUSTER, now, EventSource.API, key), now=now)
engine.dispose()
"""


def test_two_processes_make_one_chain(postgres_url: str) -> None:
    engine = make_engine(postgres_url)
    schema.upgrade(engine)
    store = SqlStore(engine, CountedIds())
    with store.begin() as work:
        number = work.open_incident(incident())[0].id
    root = Path(__file__).parents[2]
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, postgres_url, str(number), name, str(EACH)],
            cwd=root,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for name in ("left", "right")
    ]
    for writer in writers:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
    for writer in writers:  # both are connected: now together
        assert writer.stdin is not None
        writer.stdin.write("go\n")
        writer.stdin.flush()
    errors = [writer.communicate(timeout=60)[1] for writer in writers]
    assert [writer.returncode for writer in writers] == [0, 0], errors
    with store.read() as work:
        events, report = work.events(number), work.verify(number)
    engine.dispose()
    assert report.ok
    assert [event.seq for event in events] == list(range(1, 3 * EACH + 1))  # a key both wrote stands once
    assert len({event.prev_hash for event in events}) == len(events)
    texts = [event.text for event in events]
    assert [t for t in texts if t.startswith("left")] == [f"left {n}" for n in range(EACH)]
    switches = sum(a.split()[0] != b.split()[0] for a, b in pairwise(texts))
    assert switches > 2, "the two never met"
