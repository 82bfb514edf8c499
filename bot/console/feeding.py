"""`muster replay`: recorded payloads and timelines through the real code path."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.console.speaking import say, settings, show

if TYPE_CHECKING:
    from bot.console.recordings import Entry
    from bot.settings import Settings


def replay(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="Payloads, JSON lines, timelines, or folders.")
    ],
    speed: Annotated[float, typer.Option(min=0, help="Times as fast as recorded; 0: all at once.")] = 0,
    source: Annotated[
        str, typer.Option(help="Name of the configured source; default: the first that can read it.")
    ] = "",
    to: Annotated[
        str, typer.Option(metavar="URL", help="A running Muster; default: into the database of the settings.")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Feed recorded payloads or a timeline file through the real code path: reading, routing, deciding, telling.

    \b
    Example: muster replay alert.json
    Example: muster replay --to http://127.0.0.1:8080 --speed 60 recorded.jsonl
    Example: muster replay tests/timelines

    A line of a .jsonl file is {"offset": seconds, "source": "alertmanager", "body": {…}}, with "kind": "changes" for a
    change. A timeline file (`incident-timeline/v1`) becomes an incident at the times it tells: alerts and changes come
    in as bodies of the generic source, people declare, acknowledge and resolve, the rest is told afterwards. Exit code
    1 where its draft fails a check. With --to only its alerts and changes are posted; the bearer token is the source's
    own secret or MUSTER_INTAKE_TOKEN. What is written into the database is told by the next `muster serve`.
    """
    from bot.console import recordings

    known = settings()
    if not to:
        told, files = recordings.timelines(files)
        if told:
            _retell(known, told, as_json=as_json and not files)
            if not files:
                return
    entries = recordings.load(files, source=source)
    _feed(known, entries, speed, to, as_json=as_json)


def _retell(known: Settings, told: list[tuple[Path, dict[str, Any]]], *, as_json: bool) -> None:
    from bot.console.replaying import retold

    rows = []
    for path, data in told:
        row = retold(known, path, data)
        rows.append(row)
        if not as_json:
            held = row["checks"] - len(row["wrong"])
            say(f"{row['from']}: {row['incident']}, {row['told']} told, {held} of {row['checks']} checks hold")
            for wrong in row["wrong"]:
                say(f"  ✗ {wrong}")
    if as_json:
        show(rows)
    if any(row["wrong"] for row in rows):
        raise typer.Exit(1)


def _feed(known: Settings, entries: list[Entry], speed: float, to: str, *, as_json: bool) -> None:
    from bot.console import recordings
    from bot.console.replaying import into_database, to_service

    feed = to_service(known, to) if to else into_database(known)
    rows = []
    with feed as put:
        for entry in recordings.paced(entries, speed):
            for row in put(entry):
                rows.append({"from": entry.name} | row)
                if not as_json:
                    where = f" {row['incident']}" if row["incident"] else ""
                    say(f"{entry.name}: {row['decision']}{where}, because {row['reason']}")
    if as_json:
        show(rows)
    elif not rows:
        say("Nothing to feed: no alert and no change in these files.")
