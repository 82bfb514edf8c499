"""When each configured source was last heard, and what of it could not be used: for `muster doctor`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from bot.clock import RandomIds
from bot.config import Config
from bot.findings import Finding, Level, ok
from bot.settings import Settings
from playbooks.ports import Quarantined
from storage import schema
from storage.engine import make_engine
from storage.store import SqlStore


def heard(config: Config, settings: Settings) -> Iterator[Finding]:
    """A line for each source that is written in muster.yaml or was ever heard; nothing without a database."""
    url = settings.database_url.get_secret_value()
    file = url.partition("///")[2].partition("?")[0] if url.startswith("sqlite") else ""
    if file and not Path(file).is_file():
        return
    engine = make_engine(url, busy_timeout=3)
    try:
        if schema.current(engine) != schema.head():
            return
        with SqlStore(engine, RandomIds()).read() as uow:
            last = uow.last_heard()
            unusable = {name: uow.quarantined(source=name, limit=1) for name in config.sources}
    finally:
        engine.dispose()
    written = "sources" in config.model_fields_set
    for name, entry in config.sources.items():
        kept = unusable[name][0] if unusable[name] else None
        if name not in last and kept is None and not written:
            continue
        yield _line(name, entry.kind, last.get(name), kept)


def _line(name: str, kind: str, at: datetime | None, kept: Quarantined | None) -> Finding:
    what = name if name == kind else f"{name} ({kind})"
    said = f"{what}: last heard {_utc(at)}" if at is not None else f"{what}: nothing heard yet"
    if kept is None or (at is not None and kept.received_at < at):
        return ok("sources", said)
    why = f"{said}; what came {_utc(kept.received_at)} could not be used: {kept.reason.rstrip('.')}."
    return Finding(Level.WARNING, "sources", why, "Compare what it sends with docs/alert-sources.md.")


def _utc(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
