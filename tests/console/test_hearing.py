"""`muster doctor` on sources: when each was last heard, and what of it could not be used."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta

from bot.clock import RandomIds
from storage.engine import make_engine
from storage.store import SqlStore
from tests.console.conftest import Shell

ALERT = {"labels": {"alertname": "A"}, "startsAt": "2026-11-21T02:28:11Z"}


def _sources(shell: Shell) -> str:
    """What doctor says of sources, on one line each."""
    return "\n".join(line for line in shell("doctor").out.splitlines() if " sources " in line)


def test_each_configured_source_with_its_last_delivery(house: Shell, database_url: str) -> None:
    house.environ["MUSTER_DATABASE_URL"] = database_url
    config = house.folder / "muster.yaml"
    config.write_text(config.read_text() + "\nsources:\n  prod: {kind: alertmanager}\n  spare: {kind: sentry}\n")
    alert = house.folder / "alert.json"
    alert.write_text(json.dumps(ALERT))
    assert house("replay", alert, "--source", "prod").code == 0
    said = _sources(house)
    assert re.search(r"✓ sources +prod \(alertmanager\): last heard \d{4}-\d\d-\d\d \d\d:\d\d UTC", said)
    assert "spare (sentry): nothing heard yet" in said
    engine = make_engine(database_url)
    with SqlStore(engine, RandomIds()).begin() as uow:
        for name in ("prod", "spare"):
            later = datetime.now(UTC) + timedelta(minutes=1)
            uow.quarantine(source=name, body="{", reason="The body is not JSON.", now=later)
    engine.dispose()
    said = _sources(house)
    assert re.search(r"! sources +spare \(sentry\): nothing heard yet; what came .* The body is not JSON\.", said)
    assert re.search(r"! sources +prod \(alertmanager\): last heard .*; what came .* could not be used", said)


def test_of_the_default_sources_only_those_that_were_heard(house: Shell, database_url: str) -> None:
    house.environ["MUSTER_DATABASE_URL"] = database_url
    alert = house.folder / "alert.json"
    alert.write_text(json.dumps(ALERT))
    assert house("replay", alert).code == 0
    said = _sources(house)
    assert "alertmanager: last heard" in said
    assert "sentry" not in said
    assert "Closed, since without a secret: all of them." in said
