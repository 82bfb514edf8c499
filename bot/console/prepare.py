"""`muster init`, `muster manifest`: from nothing to an app in Slack."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bot.console.speaking import say, show
from playbooks.errors import InputError


def manifest(
    socket: Annotated[
        bool, typer.Option("--socket", help="For Socket Mode, which needs no public address (default).")
    ] = False,
    http: Annotated[str, typer.Option("--http", metavar="URL", help="For HTTP: the public https address.")] = "",
    root: Annotated[str, typer.Option(help="Name of the root command.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of YAML.")] = False,
) -> None:
    """Print the Slack app manifest: scopes each with its reason, commands, shortcuts, events.

    \b
    Example: muster manifest > manifest.yaml
    Example: muster manifest --http https://muster.example.com --root /incident

    Paste it at https://api.slack.com/apps under Create New App, From a manifest.
    """
    from bot.slack import manifest as slack

    if socket and http:
        raise InputError("--socket and --http exclude each other.", "Choose one.")
    name = root or _configured_root()
    if as_json:
        show(slack.manifest(socket=not http, url=http, root=name))
    else:
        say(slack.text(socket=not http, url=http, root=name).rstrip("\n"))


def _configured_root() -> str:
    """The root command of muster.yaml where there is one, else the default."""
    from bot.config import Config
    from bot.console.speaking import settings

    return Config.load_file(settings().config).commands.root


def init(
    folder: Annotated[Path, typer.Option(help="Where to write.")] = Path(),
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Ask nothing; what is not given is left to fill in.")
    ] = False,
    http: Annotated[str, typer.Option("--http", metavar="URL", help="Reach Slack over HTTP at this address.")] = "",
    root: Annotated[str, typer.Option(help="Name of the root command.")] = "/inc",
    database: Annotated[str, typer.Option(help="Database address.")] = "sqlite:///muster.db",
    triage: Annotated[str, typer.Option(help="Id of the channel told of alerts nobody owns.")] = "",
    team: Annotated[str, typer.Option(help="Name of the first team.")] = "ml-team",
    team_channel: Annotated[str, typer.Option(help="Id of that team's channel.")] = "",
    person: Annotated[str, typer.Option(help="Your short name in the registry.")] = "me",
    person_slack: Annotated[str, typer.Option(help="Your Slack member id.")] = "",
    component: Annotated[str, typer.Option(help="Name of the first model or automation.")] = "my-model",
) -> None:
    """Ask what is needed; write .env, muster.yaml and a starter ownership.yaml; print the app manifest.

    \b
    Example: muster init
    Example: muster init --yes --triage C0123456789 --team fraud-ml --component fraud-scorer

    A file that is there is never touched. Tokens are asked for without being shown, or taken from SLACK_BOT_TOKEN,
    SLACK_APP_TOKEN and SLACK_SIGNING_SECRET; the intake token is made up. With --yes nothing is asked.
    """
    from bot.console.setting_up import ask, given, write

    choices = given(
        http=http, root=root, database=database, triage=triage, team=team, team_channel=team_channel, person=person,
        person_slack=person_slack, component=component,
    )  # fmt: skip
    printed = _manifest_for(choices.root, http)
    answers = choices if yes else ask(choices)
    written, kept = write(folder, answers)
    for path in written:
        typer.echo(f"Wrote {path}", err=True)
    for path in kept:
        typer.echo(f"Kept {path}, which was there", err=True)
    typer.echo(_NEXT, err=True)
    say(printed.rstrip("\n"))


_NEXT = """
What is left:
  1. Create the app at https://api.slack.com/apps: Create New App, From a manifest; paste what follows
     (also: muster manifest).
  2. Install it; put the bot token (OAuth & Permissions) into .env, and for Socket Mode an app-level token with
     connections:write (Basic Information), else the signing secret.
  3. Fill in the ids in muster.yaml and ownership.yaml, then: muster doctor && muster serve
"""


def _manifest_for(root: str, http: str) -> str:
    """The manifest to paste; made before anything is written, so that a wrong name or address writes nothing."""
    from bot.slack import manifest as slack

    return slack.text(socket=not http, url=http, root=root)
