"""Lanes that one process at a time is in: held by a connection, free as soon as it is gone."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from playbooks import errors
from storage.engine import make_engine
from storage.lanes import SqlLanes


@pytest.fixture
def engine(postgres_url: str) -> Iterator[Engine]:
    engine = make_engine(postgres_url)
    yield engine
    engine.dispose()


def broken(engine: Engine) -> int:
    """End every other connection, as a restart of the server does; how many there were."""
    others = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE pid <> pg_backend_pid() AND datname = current_database()"
    )
    with engine.connect() as connection:
        return len(connection.exec_driver_sql(others).all())


def test_a_lane_is_one_process_s_until_it_leaves(engine: Engine) -> None:
    one, two = SqlLanes(engine), SqlLanes(engine)
    assert one.enter("C01")
    assert not two.enter("C01")
    assert two.enter("C02")
    one.leave("C01")
    assert two.enter("C01")
    assert not one.enter("C02")
    two.close()
    assert one.enter("C02")
    one.close()


def test_what_is_left_twice_or_never_entered_disturbs_nobody(engine: Engine) -> None:
    one, two = SqlLanes(engine), SqlLanes(engine)
    one.leave("C01")
    assert one.enter("C01")
    two.leave("C01")
    assert not two.enter("C01")
    one.leave("C01")
    one.leave("C01")
    assert two.enter("C01")
    one.close()
    two.close()


def test_a_connection_that_broke_is_replaced_and_what_it_had_is_entered_again(engine: Engine) -> None:
    one, two = SqlLanes(engine), SqlLanes(engine)
    assert one.enter("C01")
    assert broken(engine)
    with pytest.raises(errors.StoreBusy):
        one.enter("C02")
    assert one.enter("C02")
    assert not two.enter("C01")
    one.close()
    two.close()


def test_a_lane_lost_with_the_connection_is_another_s_if_it_comes_first(engine: Engine) -> None:
    one, two = SqlLanes(engine), SqlLanes(engine)
    assert one.enter("C01")
    assert broken(engine)
    assert two.enter("C01")
    one.leave("C01")
    assert not SqlLanes(engine).enter("C01")
    assert one.enter("C02")
    two.leave("C01")
    assert one.enter("C01")
    one.close()
    two.close()


def test_no_connection_of_the_pool_is_in_a_lane(engine: Engine) -> None:
    lanes = SqlLanes(engine)
    lanes.enter("C01")
    lanes.close()
    assert engine.pool.checkedout() == 0  # type: ignore[attr-defined]
    lanes.enter("C01")
    assert engine.pool.checkedout() == 0  # type: ignore[attr-defined]
    lanes.close()
