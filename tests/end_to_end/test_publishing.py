"""A postmortem leaves the house, by the service as it is wired: a canvas in the channel, a commit in a repository."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.config import Config
from bot.console.destinations import look
from tests.end_to_end.acting import opened, taken
from tests.end_to_end.scene import DANA, RAVI, Scene, scene


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    path = tmp_path / "postmortems.git"
    subprocess.run(["git", "init", "--quiet", "--bare", "-b", "main", str(path)], check=True, timeout=30)
    return path


@pytest.fixture
def at(tmp_path: Path, bare: Path) -> Iterator[Scene]:
    config = {
        "providers": {"archive": {"kind": "git", "url": str(bare)}},
        "publish": {
            "canvas": {"provider": "slack_canvas", "since": "draft"},
            "archive": {"provider": "archive", "since": "draft", "to": {"link": "https://git.example.com/{path}"}},
        },
    }
    with scene(tmp_path, config=config) as made:
        yield made


def files(bare: Path) -> str:
    done = subprocess.run(
        ["git", "ls-tree", "-r", "--name-only", "main"], cwd=bare, capture_output=True, check=False, timeout=30
    )
    return done.stdout.decode()


def test_a_resolved_incident_is_published_where_its_draft_belongs(at: Scene, bare: Path) -> None:
    channel = opened(at)
    taken(at)
    at.workspace.slash(DANA, channel, "/inc resolve it works again")
    shown = at.message(channel, "Postmortem of INC-1", "archive", "canvas")
    assert "https://git.example.com/postmortems/inc-1-postmortem.md" in str(shown.blocks)
    assert files(bare) == "postmortems/inc-1-postmortem.md\n"
    canvas = at.workspace.channel(channel).canvas
    text = at.workspace.state.contents.files[canvas].text or ""
    assert "INC-1" in text
    assert "<!--" not in text
    assert [m for m in at.workspace.history(channel) if m.files] == []
    assert f"/docs/{canvas}" in str(shown.blocks)

    refused = at.workspace.slash(RAVI, channel, "/postmortem publish").wait_for_message()
    assert "is published by its owner" in refused.text
    done = at.workspace.slash(DANA, channel, "/postmortem publish").wait_for_message()
    assert "goes to archive, canvas" in done.text

    config = Config.load_file(at.settings.config)
    said = [f"{finding.level}: {finding.sentence}" for finding in look(config, at.settings)]
    assert any(line.startswith("ok: archive: ") for line in said)
    assert any("never run against the real service" in line for line in said)
