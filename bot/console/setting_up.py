"""Asks what `muster init` needs, and writes the files that are not there yet."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import typer

from bot.config import Config
from bot.console.starters import Answers, config_file, env_file, ownership_file
from playbooks.domain.ownership import Registry
from playbooks.errors import InputError

_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
_CHANNEL, _MEMBER = re.compile(r"([CG][A-Z0-9]{5,20})?"), re.compile(r"([UW][A-Z0-9]{3,20})?")


def given(
    *,
    http: str,
    root: str,
    database: str,
    triage: str,
    team: str,
    team_channel: str,
    person: str,
    person_slack: str,
    component: str,
) -> Answers:
    """The options as answers, with tokens from the environment. Raises InputError for one that cannot be used."""
    for name, value, pattern in (
        ("--triage", triage, _CHANNEL),
        ("--team-channel", team_channel, _CHANNEL),
        ("--person-slack", person_slack, _MEMBER),
        ("--team", team, _ID),
        ("--person", person, _ID),
        ("--component", component, _ID),
    ):
        if not pattern.fullmatch(value):
            raise InputError(f"{name} cannot be {value!r}.", _hint(pattern))
    return Answers(
        bot_token=os.environ.get("SLACK_BOT_TOKEN", ""),
        app_token=os.environ.get("SLACK_APP_TOKEN", ""),
        signing_secret=os.environ.get("SLACK_SIGNING_SECRET", ""),
        public_url=http.rstrip("/"),
        database=database,
        intake_token=secrets.token_urlsafe(32),
        triage=triage,
        root=root,
        team=team,
        team_channel=team_channel,
        person=person,
        person_slack=person_slack,
        component=component,
    )


def _hint(pattern: re.Pattern[str]) -> str:
    if pattern is _CHANNEL:
        return "A channel's id begins with C; Slack shows it at the end of the channel's details."
    if pattern is _MEMBER:
        return "A member's id begins with U; Slack shows it in the profile under Copy member ID."
    return "Use small letters, digits, dots, dashes and underscores."


def ask(choices: Answers) -> Answers:
    """Ask for what is not given; an empty answer leaves it to fill in."""
    typer.echo("An empty answer keeps what stands in brackets, or leaves the line to fill in.", err=True)
    found = replace(
        choices,
        bot_token=choices.bot_token or _secret("Bot token (xoxb-…)"),
        team=_word("First team", choices.team, _ID),
        component=_word("First model or automation", choices.component, _ID),
        person=_word("Your short name", choices.person, _ID),
        person_slack=_word("Your Slack member id", choices.person_slack, _MEMBER),
        team_channel=_word("Id of the team's channel", choices.team_channel, _CHANNEL),
        triage=_word("Id of the channel for alerts nobody owns", choices.triage, _CHANNEL),
    )
    if choices.public_url:
        return replace(found, signing_secret=choices.signing_secret or _secret("Signing secret"))
    return replace(found, app_token=choices.app_token or _secret("App-level token (xapp-…)"))


def _secret(question: str) -> str:
    return str(typer.prompt(question, default="", show_default=False, hide_input=True, err=True)).strip()


def _word(question: str, default: str, pattern: re.Pattern[str]) -> str:
    def checked(text: str) -> str:
        if not pattern.fullmatch(text.strip()):
            raise typer.BadParameter(_hint(pattern))
        return text.strip()

    shown = bool(default)
    return str(typer.prompt(question, default=default, show_default=shown, value_proc=checked, err=True))


def write(folder: Path, answers: Answers) -> tuple[list[Path], list[Path]]:
    """Write the files that are not there; returns those written and those kept. What is written is valid."""
    today = datetime.now(UTC).date()
    texts: tuple[tuple[str, str, Callable[[str], object]], ...] = (
        (".env", env_file(answers), str),
        ("muster.yaml", config_file(answers), Config.load),
        ("ownership.yaml", ownership_file(answers, today), Registry.load),
    )
    for _, text, valid in texts:
        valid(text)
    folder.mkdir(parents=True, exist_ok=True)
    written, kept = [], []
    for name, text, _ in texts:
        path = folder / name
        try:
            with path.open("x", encoding="utf-8") as file:
                if name == ".env":
                    path.chmod(0o600)
                file.write(text)
            written.append(path)
        except FileExistsError:
            kept.append(path)
    return written, kept
