"""A folder as `muster` finds it, and the command line in it: in this process, or as a process of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from bot.cli import build_cli
from bot.demo.stage import drift_body, example
from bot.workspace.server import Workspace

ROOT = Path(__file__).parent.parent.parent


@dataclass(slots=True)
class Said:
    """What a command answered."""

    code: int
    out: str
    err: str

    def data(self) -> Any:
        """Stdout as JSON."""
        return json.loads(self.out)

    def sentence(self) -> str:
        """The one line on stderr of a command that failed as it should."""
        assert self.code == 1, (self.code, self.out, self.err)
        assert self.err.startswith("muster: "), self.err
        assert len(self.err.strip().splitlines()) == 1, self.err
        assert "Traceback" not in self.err
        return self.err.removeprefix("muster: ").strip()


@dataclass(slots=True)
class Shell:
    """The command line in a folder of its own with nothing but the given environment."""

    folder: Path
    environ: dict[str, str] = field(default_factory=dict)

    def __call__(self, *arguments: str | Path, given: str = "") -> Said:
        """Run a command in this process."""
        runner = CliRunner()
        done = runner.invoke(build_cli(), [str(a) for a in arguments], input=given, env=dict(self.environ))
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return Said(done.exit_code, done.stdout, done.stderr)

    def process(self, *arguments: str | Path, path: Path | None = None) -> subprocess.Popen[str]:
        """Start a command as a process of its own. `path` goes before everything else that Python imports from."""
        roots = os.pathsep.join(str(p) for p in (path, ROOT) if p is not None)
        return subprocess.Popen(
            [sys.executable, "-m", "bot", *map(str, arguments)],
            cwd=self.folder,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": roots} | self.environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def ended(self, *arguments: str | Path, path: Path | None = None, within: float = 60) -> Said:
        """A command as a process, waited for."""
        process = self.process(*arguments, path=path)
        out, err = process.communicate(timeout=within)
        return Said(process.returncode, out, err)


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """An empty folder, and no variable of ours in the environment."""
    for name in [n for n in os.environ if n.startswith(("MUSTER_", "SLACK_"))]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return Shell(tmp_path)


@pytest.fixture
def house(shell: Shell) -> Shell:
    """The folder with the example files and the drift alert."""
    for name in ("muster.yaml", "ownership.yaml"):
        (shell.folder / name).write_text(example(name), encoding="utf-8")
    write_alert(shell.folder / "alert.json")
    return shell


@pytest.fixture
def incident(house: Shell) -> Shell:
    """The folder with a database in which INC-1 is open."""
    assert house("replay", "alert.json").code == 0
    return house


@pytest.fixture
def workspace(house: Shell) -> Iterator[Workspace]:
    """A local Slack that the settings of the folder point to."""
    from bot.demo.stage import workspace_seed

    with Workspace(workspace_seed()) as slack:
        house.environ |= {
            "SLACK_BOT_TOKEN": slack.bot_token,
            "SLACK_APP_TOKEN": slack.app_token,
            "SLACK_API_URL": slack.api_url,
            "MUSTER_INTAKE_TOKEN": "only-for-this-test",
        }
        yield slack


def write_alert(path: Path) -> None:
    """The recorded drift alert, as Alertmanager sends it."""
    from datetime import UTC, datetime, timedelta

    now = datetime(2026, 11, 21, 2, 31, tzinfo=UTC)
    path.write_text(json.dumps(drift_body(now, since=now - timedelta(minutes=51))), encoding="utf-8")
