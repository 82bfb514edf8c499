"""`muster postmortem`, `muster audit`, `muster db`: what stands in the database, read, verified, kept."""

from __future__ import annotations

from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.console.speaking import existing_database, incident_number, say, settings, show, text_of
from playbooks.errors import InputError, UnknownName

if TYPE_CHECKING:
    from bot.console.offline import Books
    from playbooks.domain.incidents import Incident
    from playbooks.ports import UnitOfWork
    from playbooks.render import Draft

Number = Annotated[str, typer.Argument(metavar="INCIDENT", help="INC-7, or 7.")]


class Format(StrEnum):
    """How the draft is written."""

    MD = "md"
    HTML = "html"
    JSON = "json"


def postmortem(
    incident: Number,
    form: Annotated[Format, typer.Option("--format", help="Of the output.")] = Format.MD,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", metavar="FILE", help="Write here; people's text there is kept.")
    ] = None,
    verify: Annotated[
        bool, typer.Option("--verify", help="Compare FILE's machine blocks with a fresh rendering.")
    ] = False,
    score: Annotated[bool, typer.Option("--score", help="Check the document against the rubric of 32 checks.")] = False,
    taken: Annotated[
        Path | None, typer.Option("--import", metavar="FILE", help="Take what people wrote in FILE into the database.")
    ] = None,
) -> None:
    """Render the postmortem draft of an incident from its timeline.

    \b
    Example: muster postmortem INC-7 -o inc-7-postmortem.md
    Example: muster postmortem INC-7 --verify -o inc-7-postmortem.md
    Example: muster postmortem INC-7 --import inc-7-postmortem.md

    With -o and a file that exists, people's blocks are kept byte for byte; a machine block somebody edited is refused.
    --verify and --score read FILE (default: inc-7-postmortem.md), write nothing, and exit with 1 where they find
    something.
    """
    number = incident_number(incident)
    known = settings()
    existing_database(known.database_url.get_secret_value())
    from bot.console.offline import opened

    with opened(known) as books, books.house.store.read() as uow:
        found = uow.incident(number)
        if found is None:
            raise UnknownName(f"There is no INC-{number}.", "See `/inc list` in Slack.")
        if taken is not None:
            _take(books, found.id, taken)
            return
        if verify or score:
            raise typer.Exit(_looked_at(books, uow, found, out, verify, score, as_json=form is Format.JSON))
        _written(books, uow, found, form, out)


def _written(books: Books, uow: UnitOfWork, incident: Incident, form: Format, out: Path | None) -> None:
    from playbooks.pages import postmortem_page
    from playbooks.render import human_blocks, merge

    there = text_of(out) if out is not None and out.exists() and form is Format.MD else ""
    draft = _draft(books, uow, incident, human_blocks(there))
    if form is Format.MD:
        if there:
            merge(there, draft)  # refuses an edited machine block
        text = draft.text
    elif form is Format.HTML:
        labels = {s.id: s.label for s in books.house.rules.severities}
        text = postmortem_page(draft, severities=labels, templates=books.templates).html
    else:
        from playbooks.export import export_text

        text = export_text(draft, head=incident.chain_head)
    if out is None:
        say(text.rstrip("\n"))
        return
    out.write_text(text, encoding="utf-8")
    left = len(draft.open_prompts)
    typer.echo(f"{out}: {draft.facts.events} events, {left} questions open.", err=True)


def _take(books: Books, number: int, path: Path) -> None:
    from playbooks.plays.document_import import take_back

    if not path.exists():
        raise InputError(f"There is no file {path}.", f"Write it with `muster postmortem INC-{number} -o {path}`.")
    names = take_back(books.house, number, text_of(path), by="operator")
    say(f"INC-{number}: taken from {path}: {', '.join(names)}" if names else f"INC-{number}: {path} has nothing new.")


def _draft(books: Books, uow: UnitOfWork, incident: Incident, in_file: dict[str, str]) -> Draft:
    """The draft with what people wrote: in the file, byte for byte; where it has no answer, the one given in Slack."""
    from playbooks.plays.document_life import status_of
    from playbooks.plays.postmortem import basis_of
    from playbooks.render import Block, render_draft

    document, events = uow.document(incident.id), uow.events(incident.id)
    answers = document.human if document else {}
    written = {n: text for n, text in in_file.items() if n not in answers or not Block(n, False, text).open}
    return render_draft(
        events,
        status=status_of(uow, incident, events),
        human={**answers, **written},
        **basis_of(books.house, incident),
    )


def _looked_at(
    books: Books, uow: UnitOfWork, incident: Incident, out: Path | None, verify: bool, score: bool, *, as_json: bool
) -> int:
    from playbooks import render
    from playbooks import score as rubric
    from playbooks.plays.postmortem import basis_of

    path = out or Path(f"{incident.name.lower()}-postmortem.md")
    if not path.exists():
        raise InputError(f"There is no file {path}.", f"Write it with `muster postmortem {incident.name} -o {path}`.")
    basis = basis_of(books.house, incident)
    text, events = text_of(path), uow.events(incident.id)
    told: dict[str, Any] = {"incident": incident.name, "file": str(path)}
    failed = False
    if verify:
        problems = render.verify(text, events, **basis)
        failed = bool(problems)
        told["problems"] = [{"block": problem.block, "what": problem.what} for problem in problems]
        lines = [f"✗ {problem.block or 'document'}: {problem.what}" for problem in problems]
        lines = lines or [f"✓ every machine block of {path} is what the timeline of {len(events)} events gives"]
    else:
        lines = []
    if score:
        checks = rubric.score(text, events, **basis)
        wrong = [check for check in checks if not check.ok]
        failed = failed or bool(rubric.refused(checks))
        told["score"] = [asdict(check) for check in checks]
        lines += [f"✗ {c.id} {c.title}{' (critical)' if c.critical else ''}: {c.why}" for c in wrong]
        lines.append(f"{len(checks) - len(wrong)} of {len(checks)} checks hold")
    if as_json:
        show(told | {"ok": not failed})
    else:
        say("\n".join(lines))
    return 1 if failed else 0


def audit(incident: Number, as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Verify an incident's event chain: nothing changed, removed or put in between.

    \b
    Example: muster audit INC-7

    Exit code 1 where the chain is broken.
    """
    number = incident_number(incident)
    known = settings()
    existing_database(known.database_url.get_secret_value())
    from bot.console.offline import opened

    with opened(known) as books, books.house.store.read() as uow:
        if uow.incident(number) is None:
            raise UnknownName(f"There is no INC-{number}.", "See `/inc list` in Slack.")
        from playbooks.plays import anchors

        report, said = anchors.audit(uow, number)
    if as_json:
        show(
            {
                "incident": f"INC-{number}",
                "ok": report.ok,
                "events": report.count,
                "head": report.head,
                "broken_at": report.broken_at,
                "why": report.why,
                "heads_said": said,
            }
        )
    elif report.ok:
        told = f"; as the channel was told {said} time{'s' if said != 1 else ''}" if said else ""
        say(f"✓ INC-{number}: {report.count} events, unbroken; head {report.head}{told}")
    else:
        say(f"✗ INC-{number}: broken at event {report.broken_at}: {report.why}")
        typer.echo("muster: The timeline was changed behind Muster's back. Compare with a backup.", err=True)
    raise typer.Exit(0 if report.ok else 1)


# ------------------------------------------------------------------ db


def upgrade() -> None:
    """Bring the database to the newest schema; it is made where there is none.

    \b
    Example: muster db upgrade
    """
    known = settings()
    from storage import schema

    say(f"The database is at schema {schema.upgrade(known.database_url.get_secret_value())}.")


def backup(file: Annotated[Path, typer.Argument(metavar="FILE", help="A new file.")]) -> None:
    """Copy the running SQLite database into a new file that can be opened as it is.

    \b
    Example: muster db backup muster-2026-11-21.db

    PostgreSQL has pg_dump for this.
    """
    known = settings()
    url = known.database_url.get_secret_value()
    existing_database(url)
    from storage import schema
    from storage.engine import make_engine

    engine = make_engine(url)
    try:
        schema.backup(engine, file)
    finally:
        engine.dispose()
    say(f"{file}: {file.stat().st_size:,} bytes")


def check_database(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Check schema version, drift, references and every event chain.

    \b
    Example: muster db check

    Exit code 1 where something is wrong.
    """
    known = settings()
    url = known.database_url.get_secret_value()
    existing_database(url)
    from storage import schema
    from storage.engine import make_engine

    engine = make_engine(url)
    try:
        now, wanted = schema.current(engine), schema.head()
        if now != wanted:
            problems = [f"schema {now or 'none'}, this version wants {wanted}: run `muster db upgrade`"]
        else:
            problems = [*(f"schema drift: {each}" for each in schema.check(engine)), *schema.integrity(engine)]
    finally:
        engine.dispose()
    if as_json:
        show({"ok": not problems, "schema": now, "wanted": wanted, "problems": problems})
    else:
        wrong = "\n".join(f"✗ {problem}" for problem in problems)
        say(wrong or f"✓ schema {now}; file, references and chains are whole")
    raise typer.Exit(1 if problems else 0)
