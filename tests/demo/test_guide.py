"""The guide on the demo's page: what to do next follows what has happened."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.demo.guide import SEND
from bot.demo.script import DANA, HOME, Night
from bot.demo.stage import Stage, workspace_seed


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """The demo's stage, before anything has happened."""
    made = Stage(tmp_path / "stage", socket_mode=False).start()
    try:
        yield made
    finally:
        made.stop()


def test_the_stage_has_every_shortcut_of_the_manifest() -> None:
    offered = {one.name for one in workspace_seed().shortcuts}
    assert offered == {"Add to timeline", "Report an AI problem", "Open incident", "Declare incident"}


def _next(stage: Stage) -> int:
    guide = stage.workspace.control.guide
    assert guide is not None
    return [step.done for step in guide.steps()].index(False)


def test_the_guide_goes_on_with_the_night(stage: Stage) -> None:
    guide = stage.workspace.control.guide
    assert guide is not None
    first, second = guide.steps()[:2]
    assert (first.control, second.user, second.channel) == (SEND, DANA, HOME)
    assert {c.label for c in stage.workspace.control.controls} >= {s.control for s in guide.steps() if s.control}
    assert _next(stage) == 0
    night = Night(stage, lambda line: None)
    night.alert()
    assert _next(stage) == 1
    night.owner_told()
    night.taken()
    night.channel_made()
    assert _next(stage) == 2
    assert guide.steps()[2].channel == night.channel


def test_the_promotions_before_the_night_are_known(stage: Stage) -> None:
    """They stand before the incident, and open none."""
    told = [(e["change"]["after"], e["answer"]["alerts"][0]["decision"]) for e in stage.echoed]
    assert told == [("41", "change"), ("42", "change"), ("43", "change")]
