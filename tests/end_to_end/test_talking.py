"""Commands, forms, shortcuts, emoji, pins, edits, threads and App Home, seen in Slack and in the timeline."""

from __future__ import annotations

import pytest

from bot.slack import ids
from playbooks.domain.timeline import EventKind
from tests.end_to_end.acting import opened, taken
from tests.end_to_end.scene import DANA, HOME, OMAR, Scene


def timeline(at: Scene) -> list[str]:
    """Texts of the incident's events."""
    with at.service.house.store.read() as uow:
        return [e.text for e in uow.events(1)]


def noted(at: Scene, words: str) -> int:
    """How many events hold the words."""
    return sum(words in text for text in timeline(at))


def test_an_unknown_verb_answers_with_the_nearest(night: Scene) -> None:
    said = night.workspace.slash(DANA, HOME, "/inc mitigatd")
    assert said.ok
    assert "mitigated" in f"{said.text} {said.blocks}"


def test_which_incident_is_meant_is_asked_as_it_can_be_typed(night: Scene) -> None:
    channel = opened(night)
    asked = night.workspace.slash(DANA, HOME, "/inc ack")
    assert "Which incident? Put its number first: /inc INC-42 ack" in asked.text
    assert "INC-1 · fraud-scorer is drifting" in asked.text
    night.workspace.slash(DANA, channel, "/inc cancel")
    assert "None. Declare one" in night.workspace.slash(DANA, HOME, "/inc ack").text
    assert "INC-1 · fraud-scorer is drifting" in night.workspace.slash(DANA, HOME, "/postmortem").text
    assert "INC-1 is open again" in night.workspace.slash(DANA, HOME, "/inc reopen INC-1").text


@pytest.mark.parametrize("verb", ["resolve", "handoff"])
def test_no_form_is_opened_that_can_only_be_refused(night: Scene, verb: str) -> None:
    channel = opened(night)
    night.workspace.slash(DANA, channel, "/inc cancel")
    reply = night.workspace.slash(DANA, channel, f"/inc {verb}")
    assert "INC-1 is cancelled" in reply.text
    assert night.workspace.top_view(DANA) is None


def test_nothing_to_extend_is_told_in_a_sentence(night: Scene) -> None:
    channel = opened(night)
    assert "Nothing is switched off here." in night.workspace.slash(DANA, channel, "/inc extend").text
    said = night.workspace.slash(DANA, channel, "/inc extend auto-decline by 1h because x").text
    assert "auto-decline is not switched off." in said


@pytest.mark.parametrize("line", ["/inc new", "/rollback", "/disable"])
def test_a_bare_verb_opens_its_form(night: Scene, line: str) -> None:
    reply = night.workspace.slash(DANA, HOME, line)
    assert reply.wait_for_view().type == "modal"


@pytest.mark.parametrize("line", ["/inc update", "/inc note", "/inc sev"])
def test_a_bare_verb_of_this_incident_opens_its_form(night: Scene, line: str) -> None:
    channel = opened(night)
    assert night.workspace.slash(DANA, channel, line).wait_for_view().type == "modal"


def test_a_fault_stands_under_its_field_and_the_form_stays(night: Scene) -> None:
    view = night.workspace.slash(DANA, HOME, "/disable").wait_for_view()
    fields = {b["block_id"]: b["element"] for b in view.body["blocks"] if b["type"] == "input"}
    values = {
        name: (element["options"][0]["value"] if "options" in element else "in a while")
        for name, element in fields.items()
    }
    reply = night.workspace.submit_view(DANA, view, values)
    assert reply.errors
    assert set(reply.errors) <= set(fields)
    assert night.workspace.top_view(DANA) is not None
    assert night.flag_turns() == ["on"]


def test_declared_by_hand(night: Scene) -> None:
    said = night.workspace.slash(DANA, HOME, "/inc new fraud-scorer sev2 declines doubled")
    assert "INC-1 is open" in said.text
    night.message(HOME, "declines doubled")
    again = night.workspace.slash(OMAR, HOME, "/inc new fraud-scorer sev2 declines doubled")
    assert "already open" in again.text


def test_emoji_in_and_out_and_in(night: Scene) -> None:
    channel = opened(night)
    said = night.workspace.say(OMAR, channel, "merchant embeddings are six hours late")
    night.workspace.react(DANA, said, "pushpin")
    night.until(lambda: noted(night, "six hours late") == 1, "in")
    night.workspace.unreact(DANA, said, "pushpin")
    night.until(lambda: _removed(night) == 1, "out")
    night.workspace.react(DANA, said, "pushpin")
    night.until(lambda: noted(night, "six hours late") >= 2, "in again")
    before = len(timeline(night))
    night.workspace.react(DANA, said, "eyes")
    night.workspace.wait_until_quiet()
    assert len(timeline(night)) == before


def _removed(at: Scene) -> int:
    """How many events take another one back."""
    with at.service.house.store.read() as uow:
        return sum(e.kind in (EventKind.CORRECTION, EventKind.RETRACTION) for e in uow.events(1))


def test_pins_and_edits_are_followed(night: Scene) -> None:
    channel = opened(night)
    said = night.workspace.say(OMAR, channel, "queue at 4,000")
    night.workspace.pin(OMAR, said)
    night.until(lambda: noted(night, "queue at 4,000") == 1, "pinned")
    night.workspace.edit_message(OMAR, said, "queue at 14,000")
    night.until(lambda: noted(night, "queue at 14,000") >= 1, "the edit")
    before = len(timeline(night))
    night.workspace.delete_message(OMAR, said)
    night.until(lambda: len(timeline(night)) > before, "the deletion")


def test_the_shortcut_adds_a_message_to_the_timeline(night: Scene) -> None:
    channel = opened(night)
    said = night.workspace.say(OMAR, channel, "we retrained on bad labels")
    view = night.workspace.shortcut(DANA, ids.SHORTCUT_TIMELINE, said).wait_for_view()
    night.workspace.submit_view(DANA, view, {})
    night.until(lambda: noted(night, "we retrained on bad labels") == 1, "added")


def test_the_shortcut_elsewhere_says_where_it_works(night: Scene) -> None:
    said = night.workspace.say(OMAR, HOME, "is it down?")
    night.workspace.shortcut(DANA, ids.SHORTCUT_TIMELINE, said)
    night.whisper(DANA, "belongs to no incident")


def test_an_incident_opened_from_a_message(night: Scene) -> None:
    said = night.workspace.say(OMAR, HOME, "declines look odd")
    view = night.workspace.shortcut(DANA, ids.SHORTCUT_OPEN_INCIDENT, said).wait_for_view()
    assert "declines look odd" in str(view.body)


def test_a_note_in_a_thread_by_mention(night: Scene) -> None:
    channel = opened(night)
    first = night.workspace.say(OMAR, channel, "looking")
    night.workspace.say(OMAR, channel, "<@U0MUSTER> note the feature store is fresh", thread_ts=first.ts)
    night.until(lambda: noted(night, "the feature store is fresh") == 1, "noted")
    night.whisper(OMAR, "Added to the timeline")


def test_app_home_shows_what_is_open(night: Scene) -> None:
    opened(night)
    night.workspace.open_home(DANA)
    home = night.workspace.wait_for(lambda: night.workspace.home(DANA), 10, "App Home")
    assert home is not None
    assert "INC-1" in str(home.body)


def test_taking_it_twice(night: Scene) -> None:
    opened(night)
    told = taken(night)
    assert f"'{ids.TAKE}'" not in str(told.blocks)
    assert "already" in night.workspace.slash(OMAR, night.incident_channel(), "/inc ack").text


def test_an_update_edits_the_card_and_is_posted_once(night: Scene) -> None:
    channel = opened(night)
    night.workspace.slash(DANA, channel, "/inc update we are rolling back")
    night.message(channel, "we are rolling back")
    night.settle()
    assert len([m for m in night.all(channel, "we are rolling back") if "Signal:" not in m.text]) == 1
    assert len([m for m in night.all(channel, "Signal:") if m.metadata]) == 1


def test_an_expired_trigger_says_what_to_type(night: Scene) -> None:
    night.workspace.faults.expired_triggers()
    night.workspace.slash(DANA, HOME, "/rollback")
    night.whisper(DANA, "I couldn't open the form")


def test_only_what_people_do_goes_before_alerts(night: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    entered: list[str] = []
    gate = night.service.house.store.gate  # type: ignore[attr-defined]
    enter = gate.enter

    def told(lane: str) -> None:
        entered.append(lane)
        enter(lane)

    monkeypatch.setattr(gate, "enter", told)
    night.drift()
    channel = night.incident_channel(member=DANA)
    night.advance(seconds=30)
    night.settle()
    assert set(entered) == {"alerts", "jobs"}
    night.workspace.slash(DANA, channel, "/inc ack")
    night.until(lambda: "people" in entered, "acknowledged")
