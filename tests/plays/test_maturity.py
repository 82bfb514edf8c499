"""A lever that never ran against the real service is shown so before anybody decides over it."""

from __future__ import annotations

import json
from dataclasses import replace

from bot.slack.blocks import render
from playbooks.domain.actions import UNPROVEN_WORDS, Maturity
from playbooks.plays.views import asked
from playbooks.ports import Surface
from tests.plays.stage import Stage, on_sqlite


@on_sqlite
def test_who_asks_and_who_decides_are_told(stage: Stage) -> None:
    stage.opened()
    action = stage.rollback()
    unproven = replace(stage.house, maturity=lambda _provider: Maturity.UNPROVEN)
    with stage.house.store.read() as uow:
        surface = Surface(f"preview:{action.id}", "preview", "eph:C01:U01DANA")
        shown = asked.preview(unproven, uow, surface)
        usual = asked.preview(stage.house, uow, surface)
    stage.confirm("dana", action)
    with stage.house.store.read() as uow:
        request = asked.ask_view(unproven, uow, stage.action(action.id))
    assert shown is not None
    assert usual is not None
    assert UNPROVEN_WORDS in json.dumps(render(shown), ensure_ascii=False)
    assert UNPROVEN_WORDS in json.dumps(render(request), ensure_ascii=False)
    assert UNPROVEN_WORDS not in json.dumps(render(usual), ensure_ascii=False)
