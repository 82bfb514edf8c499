"""`muster init`, `muster manifest`: from nothing to an app in Slack."""

from __future__ import annotations

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


def init() -> None:
    """Ask what is needed; write .env, muster.yaml and a starter ownership.yaml; print the app manifest."""
    raise InputError("Not yet.")
