"""Where recorded bodies go: over HTTP to a running Muster, or by the intake's own plays into the database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from bot.config import Config
from bot.console.offline import Books, opened
from bot.console.recordings import Entry
from bot.console.rehearsal import read_body
from bot.settings import Settings
from bot.web.sources import source
from playbooks.domain.alerts import Verdict
from playbooks.domain.routing import Router
from playbooks.errors import InputError, ProviderError, UnknownName
from playbooks.plays.receive import receive, record_changes

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
    from bot.wiring import sources_of

    config = Config.load_file(settings.config)
    sources = sources_of(config, settings)
    with httpx.Client(base_url=url.rstrip("/"), timeout=15) as client:

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
