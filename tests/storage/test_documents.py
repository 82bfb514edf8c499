"""Lives of postmortems in the database: one of each incident, written by one at a time, their steps in order."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from playbooks import errors
from playbooks.domain.documents import DocumentLife, DocumentState, DocumentStep, StepKind
from storage.store import SqlStore
from tests.storage.making import NOW, incident


def opened(store: SqlStore) -> int:
    with store.begin() as work:
        return work.open_incident(incident())[0].id


def test_a_life_reads_back_and_is_begun_once(store: SqlStore) -> None:
    number = opened(store)
    life = DocumentLife(number, DocumentState.DRAFT, NOW, "dana", NOW + timedelta(days=3), points=13, told_seq=7)
    with store.begin() as work:
        assert work.add_document_life(life)
        assert not work.add_document_life(replace(life, owner="omar"))
        assert work.document_life(number) == life
        assert work.document_life(number + 1) is None


def test_an_older_version_is_not_written(store: SqlStore) -> None:
    number = opened(store)
    life = DocumentLife(number, DocumentState.DRAFT, NOW)
    with store.begin() as work:
        work.add_document_life(life)
        saved = work.save_document_life(replace(life, state=DocumentState.IN_REVIEW))
        assert (saved.state, saved.version) == (DocumentState.IN_REVIEW, 2)
        with pytest.raises(errors.Conflict, match="meanwhile"):
            work.save_document_life(replace(life, state=DocumentState.CLOSED))


def test_overdue_are_those_that_still_wait(store: SqlStore) -> None:
    due = NOW + timedelta(days=3)
    with store.begin() as work:
        for n, (state, required, when) in enumerate(
            [
                (DocumentState.DRAFT, True, due),
                (DocumentState.IN_REVIEW, True, due - timedelta(days=1)),
                (DocumentState.REVIEWED, True, due),
                (DocumentState.DRAFT, False, due),
                (DocumentState.DRAFT, True, None),
            ]
        ):
            number = work.open_incident(incident(key=f"c|{n}"))[0].id
            work.add_document_life(DocumentLife(number, state, NOW, due_at=when, required=required))
        assert work.overdue_documents(now=due - timedelta(days=2)) == []
        assert [life.incident_id for life in work.overdue_documents(now=due)] == [2, 1]


def test_steps_keep_their_order_and_a_vote_may_change(store: SqlStore) -> None:
    number = opened(store)

    def vote(person: str, yes: bool, at: int) -> DocumentStep:
        facts = {"question": "learned", "yes": yes}
        return DocumentStep(number, f"vote:learned:{person}", StepKind.VOTE, person, NOW + timedelta(hours=at), facts)

    with store.begin() as work:
        for step in (vote("dana", True, 0), vote("omar", True, 1), vote("dana", False, 2)):
            work.put_document_step(step)
        assert [(s.by, s.facts["yes"]) for s in work.document_steps(number)] == [("dana", False), ("omar", True)]
        assert work.document_votes(number) == {"learned": (1, 1)}
        assert work.document_steps(number + 1) == []
