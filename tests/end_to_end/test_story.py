"""The whole night, on every transport and database: each step is seen in Slack or in the plant."""

from __future__ import annotations

from bot.demo.stage import answering, deciding
from bot.slack import ids
from playbooks.domain.drafts.snapshots import snapshots_of
from playbooks.render import verify
from tests.end_to_end.acting import taken
from tests.end_to_end.scene import DANA, HOME, OMAR, SAM, Scene


def test_the_night(stage: Scene) -> None:
    """Alert, owner, rollback under approval, switch-off with an end, restore, resolve, draft."""
    workspace = stage.workspace
    stage.drift()
    taken(stage)
    channel = stage.incident_channel(member=DANA)

    workspace.slash(SAM, HOME, "/rollback fraud-scorer")
    stage.whisper(SAM, "You can't ask")

    workspace.slash(DANA, channel, "/rollback fraud-scorer because drift since v43")
    preview = stage.whisper(DANA, "v43 → v42", button=ids.PREVIEW_ASK)
    workspace.click(DANA, preview, ids.PREVIEW_ASK)
    asked = stage.message(stage.dm(OMAR), "asks", button=ids.APPROVE)
    assert stage.alias_moves()[-1] == "43"
    workspace.click(OMAR, asked, ids.APPROVE)
    stage.until(lambda: answering(stage.plant.url) == ["42"], "every server answers v42")
    stage.message(channel, "confirmed")

    workspace.slash(DANA, channel, "/disable auto-decline for 4h because declines from v43")
    preview = stage.whisper(DANA, "Disable auto-decline", button=ids.PREVIEW_CONFIRM)
    workspace.click(DANA, preview, ids.PREVIEW_CONFIRM)
    stage.until(lambda: deciding(stage.plant.url)["flag"] == "off", "the flag is off")
    stage.message(channel, "OFF")
    workspace.slash(DANA, channel, "/inc mitigated v42 answers")
    stage.message(channel, "is mitigated")
    stage.advance(hours=3, minutes=46)
    stage.message(channel, "comes back")
    assert deciding(stage.plant.url)["flag"] == "off"
    stage.advance(minutes=15)
    stage.until(lambda: deciding(stage.plant.url)["flag"] == "on", "the flag is on")
    stage.message(channel, "is ON")

    workspace.slash(DANA, channel, "/inc resolve")
    workspace.wait_for(lambda: workspace.top_view(DANA), 10, "the form")
    workspace.submit_view(DANA, None, {})
    stage.message(channel, "resolved")
    draft = workspace.wait_for(lambda: _draft(stage, channel), 15, "the draft")
    with stage.service.house.store.read() as uow:
        incident = uow.incident(1)
        assert incident is not None
        assert uow.verify(1).ok
        labels = {s.id: s.label for s in stage.service.house.rules.severities}
        wrong = verify(draft, uow.events(1), incident_id=1, head=incident.chain_head, severities=labels)
        snapshots = snapshots_of(uow.events(1))
    assert not wrong
    assert [one.moment for one in snapshots] == ["declared", "action", "action", "action", "resolved"]
    models = [[f.value for f in one.rows if f.subject == "fraud-scorer@champion"] for one in snapshots]
    assert models == [["43"], ["43"], ["42"], ["42"], ["42"]], "as the local registry had it each time"
    assert "| Model: `fraud-scorer@champion` |" in draft
    stage.settle()
    assert stage.alias_moves()[-2:] == ["43", "42"]
    assert stage.flag_turns() == ["on", "off", "on"]


def _draft(stage: Scene, channel: str) -> str:
    for message in reversed(stage.workspace.history(channel)):
        for shared in message.files:
            found = stage.workspace.file_text(shared)
            if found and "machine:" in found:
                return found
    return ""
