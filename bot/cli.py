"""The command line `muster`; what its commands do stands in `bot.console`, and is loaded when asked for."""

from __future__ import annotations

import typer

from bot.console import checking, feeding, prepare, records, refusals, running
from bot.console.speaking import Told

_HELP = """Muster: incident response and ownership for teams that run AI systems in production, in Slack.

\b
Example: muster demo --headless      the whole main job on this machine, without a Slack account
Example: muster init                 .env, muster.yaml and ownership.yaml for your own Slack
Example: muster serve                run the bot

Exit codes: 0 done; 1 an error, or a check that failed; 2 a wrong option, or a gap with `check --strict`.
"""


def build_cli() -> typer.Typer:
    """The commands of the contract."""
    cli = typer.Typer(
        cls=Told,
        help=_HELP,
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    cli.callback()(_version)
    for command in (
        running.demo,
        prepare.init,
        prepare.manifest,
        running.serve,
        running.doctor,
        checking.check,
        checking.route,
        feeding.replay,
        records.postmortem,
        records.audit,
        refusals.refusals,
    ):
        cli.command()(command)
    database = typer.Typer(
        cls=Told, help="The database: migrations, backup, integrity.", rich_markup_mode=None, no_args_is_help=True
    )
    database.command()(records.upgrade)
    database.command()(records.backup)
    database.command("check")(records.check_database)
    cli.add_typer(database, name="db")
    return cli


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"muster {version('muster-incident-bot')}")
        raise typer.Exit


def _version(
    version: bool = typer.Option(False, "--version", help="Print the version.", callback=_show_version, is_eager=True),
) -> None:
    """See the help text of the whole."""


def main() -> None:
    """The console script."""
    build_cli()(prog_name="muster")
