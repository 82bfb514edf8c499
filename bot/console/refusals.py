"""`muster refusals`: who was refused while no incident was open that could hold it."""

from __future__ import annotations

from typing import Annotated

import typer

from bot.console.speaking import existing_database, say, settings, show


def refusals(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """List refusals outside any incident, newest first; those of an incident stand in its timeline.

    \b
    Example: muster refusals
    """
    known = settings()
    existing_database(known.database_url.get_secret_value())
    from bot.console.offline import opened
    from playbooks.plays.refusals import PREFIX

    with opened(known) as books, books.house.store.read() as uow:
        found = [notice for notice in uow.notices() if notice[0].startswith(PREFIX)]
    found.sort(key=lambda notice: notice[4], reverse=True)
    if as_json:
        show([{"text": text, "count": n, "first_at": first, "last_at": last} for _, text, n, first, last in found])
        return
    for _, text, count, _, last in found:
        say(f"{last:%Y-%m-%d %H:%M} UTC  {text}" + (f" ({count} times)" if count > 1 else ""))
    if not found:
        say("Nobody was refused outside an incident.")
