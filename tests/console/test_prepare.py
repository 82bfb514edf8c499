"""`init`, `manifest`, `--help`: what a newcomer meets first."""

import json
import stat
import subprocess
import sys
import time

import pytest
import yaml

from bot.cli import build_cli
from bot.slack.manifest import SCOPES
from tests.console.conftest import ROOT, Shell


def test_init_writes_what_checks(shell: Shell) -> None:
    said = shell("init", "--yes", "--team", "fraud-ml", "--component", "fraud-scorer", "--triage", "C0123456789")
    assert said.code == 0
    assert yaml.safe_load(said.out)["settings"]["socket_mode_enabled"] is True
    assert shell("check").code == 0
    env = shell.folder / ".env"
    assert stat.S_IMODE(env.stat().st_mode) == 0o600
    assert "MUSTER_INTAKE_TOKEN=" in env.read_text()
    assert shell("serve").sentence().startswith("SLACK_BOT_TOKEN is not set.")


def test_init_touches_nothing_that_is_there(shell: Shell) -> None:
    (shell.folder / ".env").write_text("SLACK_BOT_TOKEN=xoxb-mine\n")
    said = shell("init", "--yes")
    assert "Kept .env, which was there" in said.err
    assert "Wrote muster.yaml" in said.err
    assert (shell.folder / ".env").read_text() == "SLACK_BOT_TOKEN=xoxb-mine\n"


def test_init_asks(shell: Shell) -> None:
    answers = ["xoxb-1", "Fraud ML", "fraud-ml", "fraud-scorer", "dana", "U01DANA", "", "C0123456789", "xapp-1"]
    said = shell("init", given="\n".join(answers) + "\n")
    assert said.code == 0, said.err
    env = (shell.folder / ".env").read_text()
    assert "SLACK_BOT_TOKEN=xoxb-1\n" in env
    assert "SLACK_APP_TOKEN=xapp-1\n" in env
    assert "xoxb-1" not in said.out + said.err
    assert "dana: {slack: U01DANA}" in (shell.folder / "ownership.yaml").read_text()
    assert shell("check").code == 0


@pytest.mark.parametrize(
    "wrong",
    [["--triage", "#general"], ["--team", "Fraud ML"], ["--root", "inc"], ["--http", "http://muster.example.com"]],
)
def test_init_refuses_what_cannot_be_and_writes_nothing(wrong: list[str], shell: Shell) -> None:
    shell("init", "--yes", *wrong).sentence()
    assert list(shell.folder.iterdir()) == []


def test_the_manifest_for_socket_mode_and_http(shell: Shell) -> None:
    text = shell("manifest").out
    assert yaml.safe_load(text)["oauth_config"]["scopes"]["bot"] == [scope for scope, _ in SCOPES]
    assert f"- pins:write  # {dict(SCOPES)['pins:write']}" in text
    over_http = shell("manifest", "--http", "https://muster.example.com", "--root", "/incident", "--json").data()
    commands = {command["command"]: command["url"] for command in over_http["features"]["slash_commands"]}
    assert commands["/incident"] == "https://muster.example.com/slack/events"
    assert "/inc" not in commands
    assert shell("manifest", "--socket", "--http", "https://a.b").sentence().startswith("--socket and --http")


def test_the_manifest_takes_the_configured_root(shell: Shell) -> None:
    (shell.folder / "muster.yaml").write_text("commands: {root: /muster}\n")
    assert "- command: /muster\n" in shell("manifest").out


def _commands() -> list[list[str]]:
    import typer

    top = typer.main.get_command(build_cli())
    names = [[name] for name in top.commands]  # type: ignore[attr-defined]
    return [*names, ["db", "upgrade"], ["db", "backup"], ["db", "check"]]


@pytest.mark.parametrize("command", _commands(), ids=" ".join)
def test_every_command_has_help_with_an_example(command: list[str], shell: Shell) -> None:
    said = shell(*command, "--help")
    assert said.code == 0
    if command != ["db"]:
        assert f"Example: muster {' '.join(command)}" in said.out or "| muster route" in said.out


@pytest.mark.parametrize("command", ["doctor", "check", "route", "replay", "audit", "manifest"])
def test_what_prints_data_prints_json_too(command: str, shell: Shell) -> None:
    assert "--json" in shell(command, "--help").out


def test_help_is_fast_and_loads_no_library() -> None:
    began = time.monotonic()
    script = "import sys; import bot.cli; bot.cli.build_cli(); print(sorted(m for m in sys.modules if '.' not in m))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT, check=True)
    loaded = set(json.loads(done.stdout.replace("'", '"')))
    assert loaded.isdisjoint({"slack_sdk", "slack_bolt", "sqlalchemy", "httpx", "pydantic", "starlette"})
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("arguments", [["frobnicate"], ["check", "--stict"], ["demo", "--port", "many"], ["audit"]])
def test_wrong_usage_is_code_2_without_a_traceback(arguments: list[str], shell: Shell) -> None:
    said = shell.ended(*arguments)
    assert said.code == 2
    assert "Traceback" not in said.err


def test_version(shell: Shell) -> None:
    assert shell("--version").out.startswith("muster ")
