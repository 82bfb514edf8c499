"""A store on an empty, migrated database of either kind."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from storage import schema
from storage.engine import make_engine
from storage.store import SqlStore
from tests.storage.making import CountedIds


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = make_engine(database_url)
    schema.upgrade(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def store(engine: Engine) -> SqlStore:
    return SqlStore(engine, CountedIds())


@pytest.fixture
def sqlite_store(sqlite_url: str) -> Iterator[SqlStore]:
    engine = make_engine(sqlite_url)
    schema.upgrade(engine)
    yield SqlStore(engine, CountedIds())
    engine.dispose()
