"""What no lever can do, through Slack: a person is asked, and answers with evidence or passes it on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from bot.demo.stage import example
from bot.slack import ids
from bot.workspace.state import Message, View
from playbooks.domain.actions import ActionState
from tests.end_to_end.acting import mitigated, opened
from tests.end_to_end.conftest import TRANSPORTS
from tests.end_to_end.scene import DANA, HOME, LIN, OMAR, RAVI, SAM, Scene, scene

FLAG = {"provider": "local", "project": "default", "flag": "auto-decline", "environment": "production"}
BY_HAND = {
    "provider": "manual",
    "target": "auto-decline in the back office",
    "ask": ["ravi"],
    "instructions": "Back office → Rules → auto-decline → Pause.",
    "undo": "Back office → Rules → auto-decline → Resume.",
}
HAND: dict[str, object] = {"providers": {"manual": {}}}
EVIDENCE = "the rule shows paused since 02:36"


def _registry(**more: object) -> str:
    data = yaml.safe_load(example("ownership.yaml"))
    data["components"]["auto-decline"]["levers"] = {"disable": {**BY_HAND, **more}}
    return yaml.safe_dump(data, sort_keys=False)


@pytest.fixture(params=TRANSPORTS)
def hand(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Scene]:
    """A stage on each transport and database, where a person switches off."""
    transport, _, database = request.param.partition("-")
    url = str(request.getfixturevalue(f"{database}_migrated_url"))
    given = {"registry": _registry(), "socket_mode": transport == "socket", "database_url": url}
    with scene(tmp_path, config=HAND, **given) as made:
        yield _joined(made)


@pytest.fixture
def one(tmp_path: Path) -> Iterator[Scene]:
    """One such stage."""
    with scene(tmp_path, config=HAND, registry=_registry()) as made:
        yield _joined(made)


@pytest.fixture
def read(tmp_path: Path) -> Iterator[Scene]:
    """One where the flag is read after the claim."""
    with scene(tmp_path, config=HAND, registry=_registry(verify=FLAG)) as made:
        yield _joined(made)


def _joined(made: Scene) -> Scene:
    made.workspace.invite(DANA, HOME, made.workspace.seed.bot_user_id)
    return made


def _asked(at: Scene, channel: str) -> Message:
    """Dana decides that it is switched off; what Ravi gets."""
    at.workspace.slash(DANA, channel, "/disable auto-decline for 4h because of v43")
    preview = at.whisper(DANA, "Disable auto-decline", button=ids.PREVIEW_CONFIRM)
    at.workspace.click(DANA, preview, ids.PREVIEW_CONFIRM)
    return at.message(at.dm(RAVI), "Rules → auto-decline → Pause", button=ids.ERRAND_DONE_OPEN)


def _form(at: Scene, user: str) -> View:
    found = at.workspace.wait_for(lambda: at.workspace.top_view(user), 10, f"the form of {user}")
    assert found is not None
    return found


def _answered(at: Scene, user: str, message: Message, button: str, words: str) -> None:
    """The button, then its form."""
    at.workspace.click(user, message, button)
    view = _form(at, user)
    [field] = [block["block_id"] for block in view.body["blocks"] if block["type"] == "input"]
    at.workspace.submit_view(user, view, {field: words})


def _state(at: Scene, number: int = 1) -> ActionState:
    with at.service.house.store.read() as uow:
        found = uow.action(number)
    assert found is not None
    return found.state


def test_asked_done_with_evidence_and_shown_as_a_claim(hand: Scene) -> None:
    channel = opened(hand)
    request = _asked(hand, channel)
    hand.message(channel, "By hand: disable auto-decline", "<@U05RAVI>", button=ids.ERRAND_DONE_OPEN)
    assert "Nothing reads it back" in str(request.blocks)

    _answered(hand, RAVI, request, ids.ERRAND_DONE_OPEN, EVIDENCE)

    hand.message(channel, "claimed by <@U05RAVI>", EVIDENCE, "not read back")
    hand.message(hand.dm(RAVI), "Claimed by <@U05RAVI>", EVIDENCE)
    hand.message(channel, "is *OFF* until", "claimed by", EVIDENCE)
    hand.settle()
    assert _state(hand) is ActionState.CLAIMED
    assert hand.flag_turns() == ["on"]  # nothing but a person was asked
    assert hand.find(hand.dm(RAVI), button=ids.ERRAND_DONE_OPEN) is None
    assert hand.find(channel, button=ids.ERRAND_DONE_OPEN) is None
    with hand.service.house.store.read() as uow:
        assert any(EVIDENCE in event.text for event in uow.events(1))


def test_the_wait_outlives_the_process_and_its_end_asks_by_hand_again(one: Scene) -> None:
    channel = opened(one)
    request = _asked(one, channel)
    one.settle()
    one.service.stop()
    one.serve()
    one.advance(minutes=11)
    one.message(one.dm(RAVI), "did you disable auto-decline by hand?")
    one.message(channel, "did you disable auto-decline by hand?")
    one.advance(minutes=11)
    one.message(one.dm(DANA), "Rules → auto-decline → Pause", button=ids.ERRAND_DONE_OPEN)  # on call is asked too
    _answered(one, RAVI, request, ids.ERRAND_DONE_OPEN, EVIDENCE)
    one.message(channel, "is *OFF* until", EVIDENCE)
    mitigated(one, channel)
    one.settle()

    one.advance(hours=4, minutes=1)

    back = one.message(one.dm(RAVI), "Rules → auto-decline → Resume", button=ids.ERRAND_DONE_OPEN)
    _answered(one, RAVI, back, ids.ERRAND_DONE_OPEN, "it runs again")
    one.message(channel, "is *ON* again", "it runs again", "not read back")


def test_who_cannot_passes_it_on_and_the_last_one_ends_it(one: Scene) -> None:
    channel = opened(one)
    request = _asked(one, channel)
    _answered(one, RAVI, request, ids.ERRAND_CANNOT_OPEN, "my access ended in May")
    told = one.message(channel, "cannot disable auto-decline by hand", "my access ended in May")
    assert "<@U05RAVI>" in told.text
    assert "<@U01DANA>, please do it" in told.text
    one.message(one.dm(RAVI), "You said that you cannot")
    theirs = one.message(one.dm(DANA), "cannot: my access ended in May", button=ids.ERRAND_DONE_OPEN)
    one.settle()
    assert one.find(one.dm(RAVI), button=ids.ERRAND_CANNOT_OPEN) is None
    _answered(one, DANA, theirs, ids.ERRAND_CANNOT_OPEN, "nor have I")
    one.message(channel, "could not be done by hand", "nor have I")
    one.settle()
    assert _state(one) is ActionState.FAILED


@pytest.mark.parametrize("who", [OMAR, SAM])
def test_a_click_by_who_was_not_asked_opens_nothing(one: Scene, who: str) -> None:
    """Another one of the team, and a stranger."""
    channel = opened(one)
    _asked(one, channel)
    shown = one.message(channel, "By hand: disable auto-decline", button=ids.ERRAND_DONE_OPEN)
    if who not in one.workspace.channel(channel).members:
        one.workspace.join(who, channel)
    one.workspace.click(who, shown, ids.ERRAND_DONE_OPEN)
    one.whisper(who, "You were not asked to do this by hand", "ravi")
    assert one.workspace.top_view(who) is None
    said = one.workspace.slash(who, channel, f"/inc done 1 {EVIDENCE}")
    assert "You were not asked" in f"{said.text} {said.blocks}"
    one.settle()
    assert _state(one) is ActionState.BY_HAND


def test_a_deputy_of_the_right_may_say_it_and_a_stale_form_is_told(one: Scene) -> None:
    channel = opened(one)
    request = _asked(one, channel)
    one.workspace.click(RAVI, request, ids.ERRAND_DONE_OPEN)
    open_form = _form(one, RAVI)
    if LIN not in one.workspace.channel(channel).members:
        one.workspace.join(LIN, channel)
    one.workspace.slash(LIN, channel, "/inc done ravi told me on the phone, and I see it paused")
    one.settle()
    assert _state(one) is ActionState.CLAIMED
    [field] = [block["block_id"] for block in open_form.body["blocks"] if block["type"] == "input"]
    said = one.workspace.submit_view(RAVI, open_form, {field: "me too"})
    assert said.errors == {field: "Action 1 is already claimed. Nothing was done twice."}
    one.settle()
    with one.service.house.store.read() as uow:
        claims = [e for e in uow.events(1) if e.payload.get("phase") == "claimed"]
    assert [claim.new.actor.id for claim in claims] == ["lin"]


@pytest.mark.parametrize("true", [True, False])
def test_what_a_lever_reads_decides_over_what_was_said(read: Scene, true: bool) -> None:
    channel = opened(read)
    request = _asked(read, channel)
    assert "local reads it back" in str(request.blocks)
    if true:
        now = read.clock.now()
        read.plant.state.turn_flag(
            "default", "auto-decline", "production", enabled=False, at=now, by="ravi", note="by hand"
        )
    _answered(read, RAVI, request, ids.ERRAND_DONE_OPEN, EVIDENCE)
    wanted = ActionState.CONFIRMED if true else ActionState.CONTRADICTED
    read.until(lambda: _state(read) is wanted, wanted.value)
    read.settle()
    told = read.message(read.dm(RAVI), "Claimed by <@U05RAVI>", "local read")
    assert ("local reads something else" in told.text) is not true
