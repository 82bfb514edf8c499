"""kill -9 of a serving Muster in the middle of a load: what was answered 202 is there afterwards, on both databases."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bench.crash import UNDER_WAY, crash
from tests.bench.farm import Setting, workspace

pytestmark = pytest.mark.real


def test_no_acknowledged_alert_is_missing(tmp_path: Path, database_url: str) -> None:
    with workspace() as slack:
        found = crash(Setting(tmp_path, slack, database_url), rounds=2)
    assert found["missing"] == 0
    assert int(str(found["accepted"])) >= UNDER_WAY
