"""Stages on both transports and both databases."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.scene import DANA, HOME, Scene, scene

TRANSPORTS = ["socket-sqlite", "http-sqlite", "http-postgres"]


@pytest.fixture(params=TRANSPORTS)
def stage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Scene]:
    """Socket Mode and signed HTTP; one of them on PostgreSQL too."""
    transport, _, database = request.param.partition("-")
    url = str(request.getfixturevalue(f"{database}_migrated_url"))
    with scene(tmp_path, socket_mode=transport == "socket", database_url=url) as made:
        made.workspace.invite(DANA, HOME, made.workspace.seed.bot_user_id)
        yield made


@pytest.fixture
def night(tmp_path: Path) -> Iterator[Scene]:
    """One stage, signed HTTP on SQLite; the bot is in the owner team's channel."""
    with scene(tmp_path) as made:
        made.workspace.invite(DANA, HOME, made.workspace.seed.bot_user_id)
        yield made
