"""`muster replay`: recorded payloads and timelines through the real code path."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bot.console.speaking import say, settings, show


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

    A line of a .jsonl file is {"offset": seconds, "source": "alertmanager", "body": {…}}, with "kind": "changes" for a
    change. Of a timeline file (`incident-timeline/v1`) alerts and changes are fed. With --to the bearer token is the
    source's own secret or MUSTER_INTAKE_TOKEN. What is written into the database is told by the next `muster serve`.
    """
    from bot.console import recordings
    from bot.console.replaying import into_database, to_service

    known = settings()
    entries = recordings.load(files, source=source)
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
