"""The postmortem of an incident of 10,000 events: drafted, verified, held against its checks, drawn as a page."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from bot.clock import RandomIds
from playbooks.domain.timeline import NewEvent
from playbooks.pages import postmortem_page
from playbooks.ports import NewIncident
from playbooks.render import render_draft
from playbooks.score import Rubric
from storage.engine import make_engine
from storage.schema import upgrade
from storage.store import SqlStore
from tests.drafts.everything import everything

EVENTS = 10_000


def events(count: int) -> list[NewEvent]:
    """Every kind of event again and again, each time seven minutes later and about other actions."""
    every = everything().events
    made = []
    for number in range(count):
        round_, one = number // len(every), every[number % len(every)]
        facts = {k: v + 100 * round_ if k in ("action", "override", "handoff") else v for k, v in one.payload.items()}
        at = one.occurred_at + timedelta(minutes=7 * round_)
        plain = replace(one.new, supersedes="", retracts="", payload=facts, occurred_at=at, dedup_key=f"bench-{number}")
        made.append(plain)
    return made


def postmortem(folder: Path) -> dict[str, Any]:
    """Processor seconds each takes, from the database on."""
    folder.mkdir(parents=True, exist_ok=True)
    engine = make_engine(f"sqlite:///{folder / 'muster.db'}")
    upgrade(engine)
    store = SqlStore(engine, RandomIds())
    first, told = everything().events[0].occurred_at, events(EVENTS)
    with store.begin() as uow:
        new = NewIncident("doc-bot", "doc-bot", "stale", "doc-bot|stale", "sev2", first, first, "bench", "", "")
        incident, _ = uow.open_incident(new)
        uow.append_many(incident.id, told, now=told[-1].occurred_at + timedelta(days=1))
    found: dict[str, Any] = {"events": EVENTS}
    with store.read() as uow:
        found["verified_s"], report = _timed(lambda: uow.verify(incident.id))
        found["read_s"], chain = _timed(lambda: uow.events(incident.id))
    assert report.ok
    known = {"incident_id": incident.id, "head": report.head}
    found["drafted_s"], draft = _timed(lambda: render_draft(chain, **known))
    found["page_s"], _ = _timed(lambda: postmortem_page(draft, severities={}).html)
    found["scored_s"], checks = _timed(lambda: Rubric(chain, **known).checks(draft.text))
    found["checks_that_hold"] = sum(check.ok for check in checks)
    engine.dispose()
    return found


def _timed(work: Callable[[], Any]) -> tuple[float, Any]:
    began = time.process_time()
    done = work()
    return round(time.process_time() - began, 2), done
