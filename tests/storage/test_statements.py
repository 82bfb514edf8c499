"""Statements that are compiled once say the same as SQLAlchemy's own, and refuse what cannot be compiled once."""

import pytest
from sqlalchemy import Engine, bindparam, exc, insert, select, update

from playbooks.ports import Job, Surface
from storage.engine import WRITES
from storage.rows import JOB, SURFACE, job_row, surface_row
from storage.statements import Statement, among, escaped
from tests.storage.making import NOW, at

CARD = Surface("card:1", "card", "C01", payload={"v": [1, "é"]}, pin=True, shown_at=at(3))
ADD, ALL = Statement(insert(SURFACE)), Statement(select(SURFACE).order_by(SURFACE.c.id))


def test_values_go_in_and_come_out_as_sqlalchemys(engine: Engine) -> None:
    with engine.connect().execution_options(**{WRITES: True}) as connection:
        ADD.run(connection, surface_row(CARD))
        ADD.run(connection, surface_row(Surface("ask:1", "ask", "C01")), surface_row(Surface("ask:2", "ask", "C01")))
        rows = ALL.rows(connection)
        assert [dict(row._mapping) for row in rows] == [
            dict(row._mapping) for row in connection.execute(select(SURFACE).order_by(SURFACE.c.id))
        ]
        assert (rows[2].payload, rows[2].pin, rows[2].shown_at) == ({"v": [1, "é"]}, True, at(3))
        assert rows[0].shown_at is None


def test_what_is_set_follows_from_the_names_given(engine: Engine) -> None:
    change = Statement(update(JOB).where(JOB.c.id == bindparam("b_id")))
    with engine.connect().execution_options(**{WRITES: True}) as connection:
        job = Job("deliver", "C01", "C01", 1, 0, NOW)
        Statement(insert(JOB)).run(connection, job_row(job))
        assert change.changed(connection, {"b_id": job.id, "attempts": 3}) == 1
        assert change.changed(connection, {"b_id": job.id, "due_at": at(9), "error": "no"}) == 1
        assert change.changed(connection, {"b_id": "deliver:C02", "attempts": 3}) == 0
        row = Statement(select(JOB)).row(connection)
        assert row is not None
        assert (row.attempts, row.due_at, row.error) == (3, at(9), "no")


def test_nothing_stays_of_what_is_not_committed(engine: Engine) -> None:
    with engine.connect().execution_options(**{WRITES: True}) as connection:
        ADD.run(connection, surface_row(CARD))
    with engine.connect() as connection:
        assert ALL.row(connection) is None


def test_a_refusal_of_the_database_is_raised_as_sqlalchemy_raises_it(engine: Engine) -> None:
    with engine.connect().execution_options(**{WRITES: True}) as connection:
        ADD.run(connection, surface_row(CARD))
        with pytest.raises(exc.IntegrityError):
            ADD.run(connection, surface_row(CARD))


def test_a_few_constants_are_looked_for_and_a_prefix_is_taken_as_it_is(engine: Engine) -> None:
    some = Statement(select(SURFACE.c.id).where(among(SURFACE.c.kind, ["card", "ask"])).order_by(SURFACE.c.id))
    named = Statement(select(SURFACE.c.id).where(SURFACE.c.id.startswith(bindparam("prefix"), escape="/")))
    with engine.connect().execution_options(**{WRITES: True}) as connection:
        for name, kind in (("a_1", "card"), ("ab1", "ask"), ("a/1", "say"), ("a%1", "say")):
            ADD.run(connection, surface_row(Surface(name, kind, "C01")))
        assert [row.id for row in some.rows(connection)] == ["a_1", "ab1"]
        for prefix in ("a_", "a/", "a%"):
            assert [row.id for row in named.rows(connection, {"prefix": escaped(prefix)})] == [f"{prefix}1"]


def test_a_list_in_the_text_and_a_parameter_nobody_gives_are_refused(engine: Engine) -> None:
    with engine.connect() as connection:
        with pytest.raises(TypeError, match="compiled once"):
            Statement(select(JOB).where(JOB.c.id.in_(["a", "b"]))).rows(connection)
        with pytest.raises(TypeError, match="now"):
            Statement(select(JOB).where(JOB.c.due_at < bindparam("now"))).rows(connection)
