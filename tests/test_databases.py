"""The database fixtures hand out empty databases that do not see each other."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import LiteralString

import psycopg
import pytest
from sqlalchemy import create_engine, inspect, text


@pytest.mark.parametrize("turn", [1, 2])
def test_a_database_is_empty_and_ones_own(database_url: str, turn: int) -> None:
    engine = create_engine(database_url)
    try:
        assert inspect(engine).get_table_names() == []
        with engine.begin() as connection:
            connection.execute(text("CREATE TABLE leftover (n INTEGER)"))
        assert inspect(engine).get_table_names() == ["leftover"]
    finally:
        engine.dispose()


@pytest.fixture(scope="module")
def never_closed() -> Iterator[ExitStack]:
    with ExitStack() as kept:
        yield kept


@pytest.mark.parametrize("leaves", ["rows", "a lock", "a column", "a disabled trigger", "nothing"])
def test_what_the_last_test_left_in_a_migrated_database_is_gone(
    postgres_migrated_url: str, leaves: str, never_closed: ExitStack
) -> None:
    connection = psycopg.connect(postgres_migrated_url.replace("+psycopg", ""))
    never_closed.callback(connection.close)

    def counted(what: LiteralString) -> int:
        return int(connection.execute("SELECT count(*) FROM " + what).fetchone()[0])  # type: ignore[index]

    assert counted("event_body") == 0
    assert counted("pg_attribute WHERE attname = 'extra'") == 0
    assert counted("pg_trigger WHERE tgenabled <> 'O'") == 0
    if leaves == "a column":
        connection.execute("ALTER TABLE notice ADD COLUMN extra INTEGER")
    elif leaves == "a disabled trigger":
        connection.execute("ALTER TABLE event_body DISABLE TRIGGER USER")
    elif leaves != "nothing":
        connection.execute("SET session_replication_role = replica")
        connection.execute("INSERT INTO event_body VALUES ('e1', 's', 't', false)")
    if leaves != "a lock":
        connection.commit()
    assert counted("event_body") == (leaves in ("rows", "a lock"))
