"""When Slack refuses, limits, fails or stays silent: the incident goes on, and nothing is posted twice."""

from __future__ import annotations

import pytest

from bot.slack import ids
from storage.jobs import SqlJobBoard
from tests.end_to_end.acting import asked, opened
from tests.end_to_end.scene import DANA, HOME, LIN, OMAR, Scene
from tests.end_to_end.stand import ALL_TIME


def once(at: Scene) -> None:
    """After everything settled, each message of ours stands in Slack once."""
    at.settle(within=40)
    seen: dict[str, int] = {}
    with at.workspace.state.lock:
        places = list(at.workspace.state.contents.channels.values())
        shown = [m for place in places for m in place.messages.values() if m.metadata]
    for message in shown:
        name = str((message.metadata or {})["event_payload"]["id"])
        seen[name] = seen.get(name, 0) + 1
    twice = {name: n for name, n in seen.items() if n > 1}
    assert not twice
    assert seen["owner_note:1"] == 1
    assert seen["card:1"] == 1


def test_a_missing_scope_for_pins(night: Scene) -> None:
    night.workspace.faults.refuse("pins.add", "missing_scope", None, needed="pins:write")
    channel = opened(night)
    night.message(channel, "Next:")
    once(night)
    with night.service.house.store.read() as uow:
        assert any("pins:write" in text or "pin" in text for _, text, *_ in uow.notices())


def test_an_invited_person_who_left(night: Scene) -> None:
    night.workspace.change_user(LIN, deleted=True)
    channel = opened(night)
    once(night)
    assert DANA in night.workspace.channel(channel).members
    assert LIN not in night.workspace.channel(channel).members


def test_an_archived_owner_channel(night: Scene) -> None:
    """The owner's message reaches the person on call instead."""
    night.workspace.faults.refuse("chat.postMessage", "is_archived", None, channel=HOME)
    night.drift()
    night.message(night.dm(DANA), "fraud-scorer is drifting", button=ids.TAKE)


def test_a_channel_name_somebody_else_has(night: Scene) -> None:
    night.workspace.faults.refuse("conversations.create", "name_taken")
    night.drift()
    channel = night.incident_channel(member=DANA)
    assert night.workspace.channel(channel).name == "inc-1-fraud-scorer-drift-2"
    once(night)


@pytest.mark.parametrize("method", ["chat.postMessage", "chat.update", "conversations.create", "conversations.invite"])
def test_a_limit_is_waited_out(night: Scene, method: str) -> None:
    night.workspace.faults.rate_limited(method, 2, retry_after=1)
    opened(night)
    once(night)


@pytest.mark.parametrize("method", ["chat.postMessage", "conversations.create", "conversations.invite", "pins.add"])
def test_a_failing_slack_is_asked_again(night: Scene, method: str) -> None:
    night.workspace.faults.server_error(method, 2)
    opened(night)
    once(night)


@pytest.mark.parametrize("method", ["chat.postMessage", "conversations.create", "chat.update", "pins.add"])
def test_an_answer_that_is_lost_doubles_nothing(night: Scene, method: str) -> None:
    """Slack received it, the connection broke: it is looked for before it is sent again."""
    night.workspace.faults.drop_after_receive(method, 2)
    opened(night)
    once(night)
    assert len(night.workspace.calls_of("conversations.create")) <= 3


def test_a_lost_approval_request_is_asked_once(night: Scene) -> None:
    channel = opened(night)
    night.settle()
    night.workspace.faults.drop_after_receive("chat.postMessage", 2)
    asked(night, channel)
    once(night)
    asks = [m for m in night.workspace.history(night.dm(OMAR)) if m.metadata]
    assert len(asks) == 1


def test_slack_out_for_a_while(night: Scene) -> None:
    """Every call fails; what was accepted meanwhile is shown when Slack is back."""
    night.workspace.faults.server_error("*", None)
    assert night.drift()["decision"] == "opened"
    board = SqlJobBoard(night.service.house.store)  # type: ignore[arg-type]
    night.until(lambda: any(job.attempts for job in board.pending(now=ALL_TIME)), "it was tried")
    night.workspace.faults.clear()
    night.advance(seconds=60)
    night.message(HOME, "fraud-scorer is drifting", within=20)
    night.incident_channel(member=DANA)
    once(night)


def test_a_lost_line_comes_back(stage: Scene) -> None:
    """Socket Mode: the connection is cut in the middle of the night; commands go on over a new one."""
    opened(stage)
    if stage.socket_mode:
        stage.workspace.disconnect_sockets()
        stage.workspace.wait_for_app(timeout=15)
    stage.until(lambda: stage.workspace.slash(DANA, HOME, "/inc list").ok, "a command is answered")
