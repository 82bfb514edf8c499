"""`/owner INC-7`: who owned what by the version of the registry that was in force when the incident began."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from bot.registry_file import Versions, pack
from bot.slack.calls import Call, Desk
from bot.slack.commands import execute
from bot.slack.grammar import parse
from playbooks.domain.ownership import Registry
from playbooks.domain.timeline import EventSource
from playbooks.domain.who import WhoView
from playbooks.messages import Refusal
from playbooks.plays.postmortem import draft_of
from tests.plays.stage import Stage, on_sqlite

TEXT = (Path(__file__).parent / "ownership.yaml").read_text("utf-8")
LATER = TEXT.replace("fallback: rules engine v3", "fallback: rules engine v4")


def desk_of(stage: Stage) -> Desk:
    def kept(digest: str) -> tuple[str, datetime] | None:
        with stage.house.store.read() as uow:
            return uow.registry_version(digest)

    return Desk(stage.house, registry_then=Versions(stage.house.registry, kept).of)


def asked(stage: Stage, text: str) -> object:
    names = set(stage.house.registry().components)
    parsed = parse(text, command="/owner", components=names)
    return execute(desk_of(stage), Call("U01DANA", "C01FRAUDML", text, EventSource.SLASH), parsed)


@pytest.fixture
def changed(stage: Stage) -> int:
    """An incident of the registry of then; today's is another one."""
    stage.registry = Registry.load(TEXT)
    stage.restart()
    with stage.house.store.begin() as uow:
        uow.keep_registry(stage.registry.sha256, pack([("ownership.yaml", TEXT)]), now=stage.clock.at)
    number = stage.opened()
    stage.registry = Registry.load(LATER)
    stage.restart()
    return number


def test_the_incident_answers_by_the_version_of_its_beginning(stage: Stage, changed: int) -> None:
    now, then = asked(stage, "fraud-scorer"), asked(stage, f"INC-{changed} fraud-scorer")
    assert isinstance(now, WhoView)
    assert isinstance(then, WhoView)
    assert (now.fallback, now.as_of) == ("rules engine v4", "")
    assert then.fallback == "rules engine v3"
    assert f"INC-{changed}" in then.as_of
    assert Registry.load(TEXT).sha256[:12] in then.as_of
    alone = asked(stage, f"INC-{changed}")
    assert isinstance(alone, WhoView)
    assert alone.component == "fraud-scorer"


def test_the_draft_names_the_same_version(stage: Stage, changed: int) -> None:
    with stage.house.store.read() as uow:
        draft = draft_of(stage.house, uow, stage.incident(changed))
    assert any(Registry.load(TEXT).sha256[:12] in block.content for block in draft.blocks)


@on_sqlite
def test_a_version_that_was_not_kept_is_told(stage: Stage) -> None:
    number = stage.opened()
    stage.registry = Registry.load(LATER)
    stage.restart()
    answer = asked(stage, f"INC-{number} fraud-scorer")
    assert isinstance(answer, Refusal)
    assert "was not kept" in answer.sentence
