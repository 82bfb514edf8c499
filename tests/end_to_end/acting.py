"""What most of the night's tests begin with."""

from __future__ import annotations

from bot.slack import ids
from bot.workspace.state import Message
from tests.end_to_end.scene import DANA, HOME, OMAR, Scene


def opened(at: Scene) -> str:
    """An incident with its channel, Dana and Omar in it."""
    at.drift()
    channel = at.incident_channel(member=DANA)
    if OMAR not in at.workspace.channel(channel).members:
        at.workspace.join(OMAR, channel)
    return channel


def asked(at: Scene, channel: str, *, why: str = "drift since v43") -> Message:
    """Dana asks for the rollback; Omar's request."""
    at.workspace.slash(DANA, channel, f"/rollback fraud-scorer because {why}")
    preview = at.whisper(DANA, "v43 → v42", button=ids.PREVIEW_ASK)
    at.workspace.click(DANA, preview, ids.PREVIEW_ASK)
    return at.message(at.dm(OMAR), "asks", why, button=ids.APPROVE)


def switched_off(at: Scene, channel: str, *, span: str = "4h") -> Message:
    """Dana switches the automation off; the message that says so."""
    at.workspace.slash(DANA, channel, f"/disable auto-decline for {span} because of v43")
    preview = at.whisper(DANA, "Disable auto-decline", button=ids.PREVIEW_CONFIRM)
    at.workspace.click(DANA, preview, ids.PREVIEW_CONFIRM)
    at.until(lambda: at.flag_turns()[-1] == "off", "the flag is off")
    return at.message(channel, "OFF", button=ids.EXTEND_OPEN)


def mitigated(at: Scene, channel: str) -> None:
    """The harm has stopped."""
    at.workspace.slash(DANA, channel, "/inc mitigated")
    at.message(channel, "is mitigated")


def taken(at: Scene) -> Message:
    """Dana takes it; the owner's message, which says so."""
    told = at.message(HOME, "fraud-scorer is drifting", button=ids.TAKE)
    at.workspace.click(DANA, told, ids.TAKE)

    def leads() -> bool:
        shown = at.workspace.message(told.ts)
        return shown is not None and "leads" in shown.text and "nobody leads" not in shown.text

    at.until(leads, "the owner's message names the lead")
    shown = at.workspace.message(told.ts)
    assert shown is not None
    return shown
