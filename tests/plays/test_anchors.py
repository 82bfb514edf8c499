"""Heads that the channel was told: a chain that was cut or written anew in one piece is found by them."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import Connection, text

from playbooks.domain.timeline import link_event
from playbooks.plays import anchors, closing, incident
from playbooks.plays.closing import Resolution
from storage.engine import WRITES
from storage.rows import event_row
from tests.plays.stage import HOUR, Stage


def _open_doors(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        for name in connection.scalars(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).all():
            connection.execute(text(f"DROP TRIGGER {name}"))
    else:
        connection.execute(text("SET LOCAL session_replication_role = replica"))


def _shut_doors(connection: Connection, made: list[str]) -> None:
    for statement in made:
        connection.execute(text(statement))


def _behind(stage: Stage, *statements: str) -> None:
    """What somebody with the database in their hands could do, the guards put back afterwards."""
    with stage.engine.connect() as plain:
        connection = plain.execution_options(**{WRITES: True})
        lite = connection.dialect.name == "sqlite"
        made = list(connection.scalars(text("SELECT sql FROM sqlite_master WHERE type = 'trigger'"))) if lite else []
        _open_doors(connection)
        for statement in statements:
            connection.execute(text(statement))
        _shut_doors(connection, made)
        connection.commit()


def _resolved(stage: Stage) -> int:
    number = stage.opened()
    stage.clock.at += HOUR
    incident.mitigate(stage.house, stage.by("dana"), number)
    closing.resolve(stage.house, stage.by("dana"), number, Resolution("over"))
    stage.settle()
    return number


def test_each_milestone_tells_a_head_the_chain_has(stage: Stage) -> None:
    number = _resolved(stage)
    with stage.bot.store.read() as uow:
        report, said = anchors.audit(uow, number)
        heads = anchors.anchors_of(uow, number)
        hashes = {e.seq: e.hash for e in uow.events(number)}
    assert report.ok
    assert said == len(heads) == 2
    assert all(hashes[anchor.seq] == anchor.head for anchor in heads)


def test_a_chain_cut_with_its_head_moved_back_is_found(stage: Stage) -> None:
    """The chain by itself verifies: only what the channel was told shows it."""
    number = _resolved(stage)
    events = stage.events(number)
    kept = events[-3]
    gone = f"incident_id = {number} AND seq > {kept.seq}"
    _behind(
        stage,
        f"DELETE FROM event_body WHERE event_id IN (SELECT id FROM event WHERE {gone})",
        f"DELETE FROM event WHERE {gone}",
        f"UPDATE incident SET chain_seq = {kept.seq}, chain_head = '{kept.hash}' WHERE id = {number}",
    )
    with stage.bot.store.read() as uow:
        assert uow.verify(number).ok
        report, _ = anchors.audit(uow, number)
    assert not report.ok
    assert report.broken_at is not None
    assert report.broken_at > kept.seq
    assert "was cut off" in report.why


def test_a_chain_written_anew_from_a_point_is_found(stage: Stage) -> None:
    number = _resolved(stage)
    events = stage.events(number)
    head, statements = events[1].prev_hash, []
    for event in events[1:]:
        new = replace(event.new, reason="nicer") if event.seq == 2 else event.new
        forged = link_event(
            event_id=event.id,
            incident_id=number,
            seq=event.seq,
            new=new,
            recorded_at=event.recorded_at,
            salt=event.salt,
            prev=head,
        )
        head = forged.hash
        row = event_row(forged)
        statements.append(
            f"UPDATE event SET reason = '{row['reason']}', prev_hash = '{row['prev_hash']}', hash = '{row['hash']}' "
            f"WHERE id = '{event.id}'"
        )
    _behind(stage, *statements, f"UPDATE incident SET chain_head = '{head}' WHERE id = {number}")
    with stage.bot.store.read() as uow:
        assert uow.verify(number).ok
        report, _ = anchors.audit(uow, number)
    assert not report.ok
    assert "written anew" in report.why


def test_a_broken_chain_is_told_before_the_heads(stage: Stage) -> None:
    number = _resolved(stage)
    _behind(stage, f"UPDATE event SET actor_id = 'lena' WHERE incident_id = {number} AND seq = 2")
    with stage.bot.store.read() as uow:
        report, _ = anchors.audit(uow, number)
    assert (report.broken_at, report.why) == (2, "its facts were changed")
