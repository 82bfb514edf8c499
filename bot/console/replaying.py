"""Where recorded bodies go: over HTTP to a running Muster, or by the intake's own plays into the database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from bot.config import Config
from bot.console.hands import PlayHands, StandingClock
from bot.console.offline import Books, opened
from bot.console.recordings import Entry
from bot.console.rehearsal import read_body
from bot.console.retelling import Teller, with_file
from bot.providers.oncall.resolver import OnCallBook
from bot.settings import Settings
from bot.web.sources import source
from playbooks.domain.alerts import Verdict
from playbooks.domain.routing import Router
from playbooks.domain.timeline_file import read_timeline
from playbooks.errors import Conflict, InputError, ProviderError, UnknownName
from playbooks.plays.house import must_find
from playbooks.plays.postmortem import basis_of, draft_of
from playbooks.plays.receive import receive, record_changes
from playbooks.score import score

Put = Callable[[Entry], list[dict[str, Any]]]


@contextmanager
def into_database(settings: Settings) -> Iterator[Put]:
    """Read, route and record as the intake does, in the database of the settings."""
    with opened(settings, migrate=True) as books:
        router = Router(books.house.registry())

        def put(entry: Entry) -> list[dict[str, Any]]:
            return [_row(verdict) for verdict in _recorded(books, router, entry)]

        yield put


def _recorded(books: Books, router: Router, entry: Entry) -> list[Verdict]:
    now = books.house.now()
    if entry.kind == "changes":
        named = entry.source or "generic"
        known = books.config.sources.get(named)
        reader = source(named, known.kind, ()).changes if known is not None else None
        if reader is None:
            raise UnknownName(f"No source of changes is named {named}.", "See `sources:` in muster.yaml.")
        return record_changes(books.house, reader({}, entry.body, source=named, received_at=now))
    chosen, read = read_body(books.config, books.folder, entry.body, source=entry.source, name=entry.name, at=now)
    if read.rejected:
        refused = read.rejected[0]
        raise InputError(f"{entry.name}: alert {refused.index} of {chosen.name} cannot be used: {refused.reason}.")
    return receive(books.house, router, [read.alerts])[0] if read.alerts else []


def retold(settings: Settings, path: Path, data: dict[str, Any]) -> dict[str, Any]:
    """A timeline file told again into the database of the settings, at the times it tells; what came of it.

    Raises:
        InputError: the file cannot be read. Conflict: it was told there before.
    """
    file = read_timeline(data, path.name)
    clock = StandingClock(file.told[0].at)
    with opened(settings, migrate=True, clock=clock) as books:
        registry = with_file(books.house.registry(), file)
        house = replace(books.house, registry=lambda: registry, on_call=OnCallBook(lambda: registry, clock))
        try:
            number = Teller(file, PlayHands(house, clock, file.id, file.source)).tell()
        except Conflict as error:
            if error.code != "already_done":
                raise
            raise Conflict(
                f"{path.name} was replayed into this database before.", "Take another database to replay it again."
            ) from None
        with house.store.read() as uow:
            incident = must_find(uow, number, lock=False)
            draft = draft_of(house, uow, incident)
            events = uow.events(number)
        checks = score(draft.text, events, **basis_of(house, incident))
    wrong = [check for check in checks if not check.ok]
    return {
        "from": path.name,
        "incident": incident.name,
        "told": len(file.told),
        "events": len(events),
        "state": str(incident.state),
        "checks": len(checks),
        "wrong": [f"{check.id} {check.why}" for check in wrong],
    }


def _row(verdict: Verdict) -> dict[str, Any]:
    return {
        "id": verdict.alert_id,
        "fingerprint": verdict.fingerprint,
        "status": verdict.status,
        "decision": str(verdict.decision),
        "reason": str(verdict.reason),
        "incident": f"INC-{verdict.incident}" if verdict.incident is not None else None,
        "path": [{"stage": stage, "did": did, "why": why} for stage, did, why in verdict.path],
    }


@contextmanager
def to_service(settings: Settings, url: str) -> Iterator[Put]:
    """Post to a running Muster as the senders do."""
    import httpx

    from bot.clock import SystemClock
    from bot.config_sources import sources_of
    from bot.trust import trusted

    config = Config.load_file(settings.config)
    sources = sources_of(config, settings)
    with httpx.Client(base_url=url.rstrip("/"), timeout=15, verify=trusted()) as client:

        def put(entry: Entry) -> list[dict[str, Any]]:
            named = entry.source or "generic"
            if not entry.source and entry.kind == "alerts":
                named = read_body(
                    config, settings.config.parent, entry.body, source="", name=entry.name, at=SystemClock().now()
                )[0].name
            if named not in sources or not sources[named].secrets:
                raise InputError(f"The source {named} is closed here: it has no secret.", "Set MUSTER_INTAKE_TOKEN.")
            headers = {"Authorization": f"Bearer {sources[named].secrets[0]}", "Content-Type": "application/json"}
            try:
                answer = client.post(f"/{entry.kind}/{named}", content=entry.body, headers=headers)
            except httpx.HTTPError as error:
                raise ProviderError(f"{url} does not answer: {error}.", "Start it with `muster serve`.") from None
            data = answer.json() if "json" in answer.headers.get("content-type", "") else {}
            if answer.status_code != 202:
                raise ProviderError(f"{entry.name}: {answer.status_code} {data.get('detail', answer.text[:200])}")
            return list(data["alerts"])

        yield put
