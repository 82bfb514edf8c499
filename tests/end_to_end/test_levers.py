"""Levers under rights: approve, deny, extend, restore, what is stale, and what happens when the lever fails."""

from __future__ import annotations

import pytest

from bot.plant import Fault
from bot.slack import ids
from tests.end_to_end.acting import asked, mitigated, opened, switched_off
from tests.end_to_end.scene import DANA, HOME, LIN, OMAR, RAVI, SAM, Scene


def test_an_unknown_component_offers_the_nearest_and_its_button_runs_it(night: Scene) -> None:
    reply = night.workspace.slash(DANA, HOME, "/disable auto-declin for 2h because test")
    assert "I don't know" in reply.text
    offered = night.whisper(DANA, "auto-decline", button=ids.RUN_SUGGESTION)
    night.workspace.click(DANA, offered, ids.RUN_SUGGESTION)
    night.whisper(DANA, "Disable auto-decline", button=ids.PREVIEW_CONFIRM)
    assert night.flag_turns() == ["on"]


def test_who_may_not_ask_is_told_who_may(night: Scene) -> None:
    night.workspace.slash(SAM, HOME, "/rollback fraud-scorer")
    refused = night.whisper(SAM, "You can't ask")
    assert "now @dana" in refused.text
    assert "@omar" in refused.text
    night.workspace.click(SAM, night.whisper(SAM, "You can't ask", button=ids.WHO_MAY), ids.WHO_MAY)
    night.whisper(SAM, "fraud-scorer", "fraud-ml")
    night.workspace.click(SAM, night.whisper(SAM, "You can't ask", button=ids.ASK_PERSON), ids.ASK_PERSON)
    night.message(night.dm(DANA), "needs you")


def test_approved_by_command(night: Scene) -> None:
    channel = opened(night)
    asked(night, channel)
    assert night.alias_moves()[-1] == "43"
    night.workspace.slash(OMAR, channel, "/inc approve")
    night.until(lambda: night.alias_moves()[-1] == "42", "rolled back")
    night.message(channel, "confirmed")
    night.settle()
    request = night.find(night.dm(OMAR), "fraud-scorer")
    assert request is not None
    assert ids.APPROVE not in str(request.blocks)


def test_denied_with_a_reason(night: Scene) -> None:
    channel = opened(night)
    request = asked(night, channel)
    night.workspace.click(OMAR, request, ids.DENY_OPEN)
    view = night.workspace.wait_for(lambda: night.workspace.top_view(OMAR), 10, "the form")
    assert view is not None
    night.workspace.submit_view(OMAR, view, _first_field(view.body, "v42 is worse"))
    night.message(night.dm(OMAR), "Denied by", "v42 is worse")
    night.settle()
    assert night.alias_moves()[-1] == "43"
    with night.service.house.store.read() as uow:
        assert any("v42 is worse" in e.text for e in uow.events(1))


def test_a_click_by_the_wrong_person_moves_nothing(night: Scene) -> None:
    channel = opened(night)
    asked(night, channel)
    in_channel = night.message(channel, "asks", button=ids.APPROVE)
    if RAVI not in night.workspace.channel(channel).members:
        night.workspace.join(RAVI, channel)
    night.workspace.click(RAVI, in_channel, ids.APPROVE)
    night.whisper(RAVI, "can't")
    night.settle()
    assert night.alias_moves()[-1] == "43"


def test_a_second_decision_is_told_that_it_is_decided(night: Scene) -> None:
    """Two clicks at the same moment: one effect, and the later one is told."""
    channel = opened(night)
    request = asked(night, channel)
    night.workspace.click(OMAR, request, ids.APPROVE)
    night.until(lambda: night.alias_moves()[-1] == "42", "rolled back")
    late = night.workspace.slash(LIN, channel, "/inc approve 1")
    assert "already" in late.text or "Nothing" in late.text
    night.settle()
    assert night.alias_moves().count("42") == 2  # once long ago, once now


def test_a_preview_expires(night: Scene) -> None:
    channel = opened(night)
    night.workspace.slash(DANA, channel, "/rollback fraud-scorer")
    preview = night.whisper(DANA, "v43 → v42", button=ids.PREVIEW_ASK)
    night.advance(minutes=16)
    night.workspace.click(DANA, preview, ids.PREVIEW_ASK)
    night.whisper(DANA, "expired")
    assert night.find(night.dm(OMAR), "asks") is None


def test_a_request_nobody_answers_goes_to_the_deputy_and_expires(night: Scene) -> None:
    channel = opened(night)
    asked(night, channel)
    night.advance(minutes=11)
    night.message(night.dm(LIN), "asks", button=ids.APPROVE)
    night.advance(minutes=10)
    night.message(channel, "nobody decided")
    night.settle()
    assert night.alias_moves()[-1] == "43"


def test_extended_through_the_form(night: Scene) -> None:
    channel = opened(night)
    off = switched_off(night, channel)
    night.workspace.click(DANA, off, ids.EXTEND_OPEN)
    view = night.workspace.wait_for(lambda: night.workspace.top_view(DANA), 10, "the form")
    faults = night.workspace.submit_view(DANA, view, {})
    assert faults.errors  # what is missing is told under its field
    night.workspace.close_view(DANA)
    reply = night.workspace.slash(DANA, channel, "/inc extend auto-decline by 2h because the queue is long")
    assert "stays off" in reply.text
    mitigated(night, channel)
    night.advance(hours=4, minutes=10)
    night.settle()
    assert night.flag_turns() == ["on", "off"]
    night.advance(hours=2)
    night.until(lambda: night.flag_turns() == ["on", "off", "on"], "on again after six hours")


def test_restored_early(night: Scene) -> None:
    channel = opened(night)
    off = switched_off(night, channel)
    night.workspace.click(DANA, off, ids.RESTORE)
    night.until(lambda: night.flag_turns() == ["on", "off", "on"], "on again at once")
    night.message(channel, "is ON")
    night.advance(hours=5)
    night.settle()
    assert night.flag_turns() == ["on", "off", "on"]


def test_a_time_box_that_ends_before_the_harm_asks_people(night: Scene) -> None:
    channel = opened(night)
    switched_off(night, channel)
    night.advance(hours=4, minutes=1)
    night.message(channel, "auto-decline", button=ids.RESTORE)
    night.message(HOME, "auto-decline", button=ids.RESTORE)
    assert night.flag_turns() == ["on", "off"]


def test_a_lever_that_does_not_answer_at_the_preview(night: Scene) -> None:
    channel = opened(night)
    night.plant.set_fault(Fault.REFUSE)
    night.workspace.slash(DANA, channel, "/rollback fraud-scorer")
    night.whisper(DANA, "local")
    night.plant.clear_faults()
    night.workspace.slash(DANA, channel, "/rollback fraud-scorer")
    night.whisper(DANA, "v43 → v42", button=ids.PREVIEW_ASK)


@pytest.mark.parametrize("fault", [Fault.REFUSE, Fault.DROP_AFTER_APPLY])
def test_a_lever_that_fails_at_the_change_is_tried_again(night: Scene, fault: Fault) -> None:
    """Nothing listens, or the answer is lost after the effect: one effect in the end, and it is proved."""
    channel = opened(night)
    request = asked(night, channel)
    night.plant.set_fault(fault)
    night.workspace.click(OMAR, request, ids.APPROVE)
    night.message(channel, "approved")
    night.until(lambda: _tried(night, fault), "it was tried")
    night.plant.clear_faults()
    night.advance(seconds=30)
    night.until(lambda: night.alias_moves()[-1] == "42", "rolled back", within=20)
    night.message(channel, "confirmed", within=25)
    assert night.alias_moves()[-2:] == ["43", "42"]


def _tried(night: Scene, fault: Fault) -> bool:
    if fault is Fault.DROP_AFTER_APPLY:
        return night.alias_moves()[-1] == "42"
    from storage.jobs import SqlJobBoard

    job = SqlJobBoard(night.service.house.store).get("action:1")  # type: ignore[arg-type]
    return job is not None and job.attempts > 0


def _first_field(view: dict[str, object], text: str) -> dict[str, object]:
    blocks = view["blocks"]
    assert isinstance(blocks, list)
    block = next(b for b in blocks if b["type"] == "input")
    return {str(block["block_id"]): text}
