"""The database fixtures hand out empty databases that do not see each other."""

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
