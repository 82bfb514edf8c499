"""A running service with every kind of sender."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.scene import Scene, scene

SOURCES = {
    "alertmanager": {"kind": "alertmanager"},
    "second": {"kind": "alertmanager", "secret_env": "SECOND_SECRET"},
    "closed": {"kind": "alertmanager", "secret_env": "NEVER_SET"},
    "generic": {"kind": "generic"},
    "mlflow": {"kind": "mlflow", "secret_env": "MLFLOW_SECRET"},
    "unleash": {"kind": "unleash", "secret_env": "UNLEASH_SECRET"},
    "pagerduty_events": {"kind": "pagerduty_events"},
    "unmapped": {"kind": "raw"},
}
ENVIRON = {"SECOND_SECRET": "second-7f31ab", "MLFLOW_SECRET": "s3cr3t", "UNLEASH_SECRET": "unleash-77ab"}


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Scene]:
    """On SQLite, Slack over HTTP."""
    with scene(tmp_path, config={"sources": SOURCES}, environ=ENVIRON) as running:
        yield running


@pytest.fixture
def both(tmp_path: Path, migrated_url: str) -> Iterator[Scene]:
    """On either database."""
    with scene(tmp_path, database_url=migrated_url, config={"sources": SOURCES}, environ=ENVIRON) as running:
        yield running


@pytest.fixture(scope="module")
def web_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """One service for all tests of a module; such a module takes no other: the engine allows one in a process."""
    with scene(tmp_path_factory.mktemp("web"), config={"sources": SOURCES}, environ=ENVIRON) as running:
        yield running
