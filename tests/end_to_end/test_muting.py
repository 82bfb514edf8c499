"""Muting alerts in Slack: by command and by form, who may not, ended by a click, listed, and told why."""

from __future__ import annotations

from bot.slack import ids
from tests.end_to_end.scene import DANA, HOME, OMAR, Scene


def test_a_silence_by_command_keeps_alerts_quiet_until_a_click_ends_it(night: Scene) -> None:
    said = night.workspace.slash(DANA, HOME, "/inc silence fraud-scorer for 2h because the index is rebuilt")
    assert "S-1: silence of fraud-scorer begins now, for 2 h." in said.text
    night.message(HOME, "the index is rebuilt", "0 alerts muted so far")
    assert night.drift()["decision"] == "muted"
    note = night.message(HOME, "the index is rebuilt", "1 alert muted so far", button=ids.UNSILENCE)
    listed = night.workspace.slash(DANA, HOME, "/inc silences")
    assert "Kept back in the last day" in str(listed.blocks)
    why = night.workspace.slash(DANA, HOME, "/inc why fraud-scorer")
    assert "S-1 until" in str(why.blocks)
    night.workspace.click(DANA, note, ids.UNSILENCE)
    night.advance(seconds=1)
    night.message(HOME, "ended the silence", "1 still fires and is decided again: INC-1")
    night.message(HOME, "fraud-scorer is drifting", button=ids.TAKE)


def test_a_bare_silence_opens_its_form_and_the_form_mutes(night: Scene) -> None:
    view = night.workspace.slash(DANA, HOME, "/inc maintenance").wait_for_view()
    reply = night.workspace.submit_view(
        DANA, view, {"component": "fraud-scorer", "for": "90m", "because": "the store moves"}
    )
    assert not reply.errors
    night.message(HOME, "the store moves")
    again = night.workspace.slash(DANA, HOME, "/inc silence").wait_for_view()
    wrong = night.workspace.submit_view(DANA, again, {"component": "fraud-scorer", "for": "a while", "because": "x"})
    assert set(wrong.errors or ()) == {"for"}


def test_reports_by_shortcut_and_by_command_count_for_the_owner(night: Scene) -> None:
    seen = night.workspace.say(DANA, HOME, "the bot declined my mother")
    form = night.workspace.shortcut(DANA, ids.SHORTCUT_REPORT, seen).wait_for_view()
    assert not night.workspace.submit_view(DANA, form, {"component": "fraud-scorer"}).errors
    night.whisper(DANA, "1 of 3 people within 1 h")
    said = night.workspace.slash(OMAR, HOME, "/inc report fraud-scorer it declines everybody")
    assert "2 of 3 people" in said.text
    third = next(user for user in night.workspace.channel(HOME).members if user not in (DANA, OMAR))
    said = night.workspace.slash(third, HOME, "/inc report fraud-scorer same here")
    assert "It stands in INC-1" in said.text
    night.message(HOME, "fraud-scorer misbehaves, people report", button=ids.TAKE)
