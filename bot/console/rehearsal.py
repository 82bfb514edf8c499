"""What would happen to a payload: the intake's own decision over a database that is only read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from bot.clock import RandomIds, SystemClock
from bot.config import Config
from bot.config_rules import rules_of
from bot.doctor import load_registry
from bot.mappings import readers
from bot.providers.alerts.reading import ReadResult
from bot.providers.oncall.resolver import OnCallBook
from bot.settings import Settings
from bot.web.sources import Source, source
from playbooks import errors
from playbooks.domain.alerts import Alert, Verdict
from playbooks.domain.incidents import Incident, State, open_key, severity_for_alert
from playbooks.domain.ownership import Registry
from playbooks.domain.pipeline.path import whole
from playbooks.domain.routing import Routed, Router
from playbooks.plays.house import House
from playbooks.plays.receive import receive
from playbooks.ports import NewIncident
from storage import schema
from storage.engine import make_engine
from storage.store import SqlStore


def rehearse(settings: Settings, body: bytes, *, source: str, name: str, explain: bool) -> dict[str, Any]:
    """The decisions on a payload as data. Raises InputError for a body no source can read."""
    config = Config.load_file(settings.config)
    registry, _ = load_registry(config, settings.config.parent)
    clock = SystemClock()
    chosen, read = read_body(config, settings.config.parent, body, source=source, name=name, at=clock.now())
    with _looking(settings.database_url.get_secret_value()) as (store, compared):
        book = OnCallBook(lambda: registry, clock, ttl=config.cadences.on_call)
        house = House(_Rehearsal(store), clock, RandomIds(), lambda: registry, book, rules_of(config))
        router = Router(registry)
        verdicts = receive(house, router, [read.alerts])[0] if read.alerts else []
    rows = [
        _row(config, registry, book, alert, router.route(alert), verdict)
        | ({"tried": _tried(router, alert)} if explain else {})
        for alert, verdict in zip(read.alerts, verdicts, strict=True)
    ]
    rejected = [{"index": each.index, "reason": each.reason} for each in read.rejected]
    return {"source": chosen.name, "compared_with": compared, "alerts": rows, "rejected": rejected}


def read_body(
    config: Config, folder: Path, body: bytes, *, source: str, name: str, at: datetime
) -> tuple[Source, ReadResult]:
    """A body as the named source reads it, else as the first one that can. Raises InputError.

    `folder` is the configuration's: mappings lie beside it.
    """
    sources = _alert_sources(config, folder)
    if source:
        if source not in sources:
            known = ", ".join(sources)
            raise errors.UnknownName(f"No source of alerts is named {source}.", f"There is: {known}.")
        return sources[source], _read(sources[source], body, at)
    found: list[tuple[tuple[bool, int], Source, ReadResult]] = []
    for candidate in sources.values():
        try:
            result = _read(candidate, body, at)
        except errors.InputError as error:
            if error.code == "not_json":
                raise errors.InputError(f"{name} is no JSON.", "Give the body as its source sends it.") from None
            continue
        found.append(((not result.alerts, len(result.rejected)), candidate, result))
    if found:
        _, chosen, read = min(found, key=lambda row: row[0])
        return chosen, read
    raise errors.InputError(
        f"No configured source can read {name}.", f"Tried: {', '.join(sources)}; see “Alert sources” in the README."
    )


def _read(chosen: Source, body: bytes, at: datetime) -> ReadResult:
    assert chosen.alerts is not None
    return chosen.alerts({}, body, source=chosen.name, received_at=at)


def _alert_sources(config: Config, folder: Path) -> dict[str, Source]:
    mapped = readers(config, folder)
    found = {name: source(name, entry.kind, (), mapped=mapped.get(name)) for name, entry in config.sources.items()}
    return {name: each for name, each in found.items() if each.alerts is not None}


def _row(
    config: Config, registry: Registry, book: OnCallBook, alert: Alert, routed: Routed, verdict: Verdict
) -> dict[str, Any]:
    team = registry.teams.get(routed.team)
    return {
        "name": alert.name,
        "status": str(alert.status),
        "starts_at": alert.starts_at.isoformat(),
        "component": routed.component,
        "why": routed.why,
        "owner": routed.team or config.triage_team or "",
        "on_call": list(book.now(routed.team)) if routed.team else [],
        "told_in": team.channel if team is not None and team.channel else config.channels.triage,
        "severity": severity_for_alert(routed.severity or alert.severity, config.severities),
        "dedup_key": f"{alert.source} {alert.fingerprint} {alert.starts_at.isoformat()}",
        "open_key": open_key(routed.component, routed.failure),
        "decision": str(verdict.decision),
        "reason": str(verdict.reason),
        "incident": f"INC-{verdict.incident}" if verdict.incident else None,
        "path": [
            {"stage": step, "did": did, "why": why}
            for step, did, why in whole(verdict.path, verdict.decision, verdict.reason)
        ],
    }


def _tried(router: Router, alert: Alert) -> list[dict[str, Any]]:
    return [asdict(tried) for tried in router.explain(alert)]


# ------------------------------------------------------------------ a store that is only read


@contextmanager
def _looking(url: str) -> Iterator[tuple[SqlStore, str]]:
    """The database of the settings, else an empty one where there is none of this schema; with what it is in words."""
    path = url.partition("///")[2].partition("?")[0] if url.startswith("sqlite") else ""
    missing = bool(path) and not Path(path).is_file()
    engine = make_engine("sqlite://" if missing else url)
    try:
        if not missing and schema.current(engine) != schema.head():
            engine.dispose()
            engine, missing = make_engine("sqlite://"), True
        if missing:
            schema.upgrade(engine)
        yield SqlStore(engine, RandomIds()), "an empty database" if missing else "the incidents in the database"
    finally:
        engine.dispose()


@dataclass(frozen=True, slots=True)
class _Rehearsal:
    """A store whose transactions read the real one and write nothing."""

    store: SqlStore

    @contextmanager
    def begin(self, *, lane: str = "people") -> Iterator[Any]:
        """See `ports.Store`."""
        with self.store.read() as uow:
            yield _Reading(uow)

    @contextmanager
    def read(self) -> Iterator[Any]:
        """See `ports.Store`."""
        with self.store.read() as uow:
            yield uow


_READS = frozenset(
    {
        "arrival",
        "changes_before",
        "episodes_since",
        "incident",
        "last_incident",
        "points",
        "spells_of",
        "standing",
        "surface",
        "surfaces_of",
        "timers",
    }
)


@dataclass(slots=True)
class _Reading:
    """The unit of work of a rehearsal: what the intake reads comes from the database, what it writes goes nowhere."""

    uow: Any
    made: dict[str, Incident] = field(default_factory=dict)

    def first_time(self, key: str, *, now: datetime) -> bool:
        """Each delivery counts as the first one, so that a body can be tried again and again."""
        return True

    def open_incident(self, new: NewIncident) -> tuple[Incident, bool]:
        """The incident that would be opened, with the number it would get."""
        newest: Sequence[Incident] = self.uow.incidents(open_only=False, limit=1)
        number = (newest[0].id if newest else 0) + len(self.made) + 1
        incident = Incident(
            number, new.title, new.component, new.failure, new.severity, State.TRIAGE, new.opened_at, new.detected_at,
            new.opened_by, team=new.team, home=new.home, signal=dict(new.signal),
        )  # fmt: skip
        self.made[new.open_key] = incident
        return replace(incident), True

    def save_incident(self, incident: Incident, *, open_key: str | None) -> Incident:
        """As it would be saved."""
        return incident

    def __getattr__(self, name: str) -> Any:
        return getattr(self.uow, name) if name in _READS else _nothing


def _nothing(*_arguments: Any, **_named: Any) -> Mapping[str, Any]:
    return {}
