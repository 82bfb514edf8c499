"""What the channel reads of an action: one message for a switch-off, one for its end, and who decided."""

from __future__ import annotations

from datetime import timedelta

from playbooks.domain.actions import Action, ActionKind, ActionState
from playbooks.messages import Changed
from playbooks.plays import incident
from playbooks.plays.receive import record_changes
from playbooks.plays.views.owner import owner_note
from playbooks.plugin import Change
from playbooks.ports import Surface
from tests.plays.stage import DECLINE, HOUR, MINUTE, Stage


def _promoted(stage: Stage, before: str, after: str, ago: timedelta) -> None:
    record_changes(
        stage.house,
        [
            Change(
                source="generic",
                key=after,
                kind="model_alias",
                subject="fraud-scorer@champion",
                before=before,
                after=after,
                occurred_at=stage.clock.at - ago,
                by="the training pipeline",
            )
        ],
    )


def test_a_switch_off_is_told_once_and_its_end_once(stage: Stage) -> None:
    number = stage.opened()
    override = stage.disabled()
    assert stage.posted(f"action:{override.action_id}") == []
    (off,) = stage.posted(f"override:{override.id}")
    assert "phase='off'" in off
    assert f"only_if='INC-{number} is mitigated'" in off  # it comes back by itself only when this holds
    incident.mitigate(stage.house, stage.by("dana"), number)
    stage.wait(4 * HOUR + 2 * MINUTE)
    (was,) = stage.posted(f"override:{override.id}")
    assert "phase='was'" in was
    enable = max(a.id for a in _actions(stage, number))
    (on,) = stage.posted(f"action:{enable}")
    assert "phase='on'" in on


def test_a_switch_off_that_fails_has_its_status_told(stage: Stage) -> None:
    stage.opened()
    action = stage.request("dana", ActionKind.DISABLE, "auto-decline", ends_after=4 * HOUR)
    stage.world.flags[DECLINE] = "off"  # somebody else was faster: the plan is void
    stage.confirm("dana", action)
    assert stage.action(action.id).state is ActionState.STALE
    assert len(stage.posted(f"action:{action.id}")) == 1


def test_the_preview_and_the_owner_read_what_served_since_when(stage: Stage) -> None:
    _promoted(stage, "41", "42", 19 * 24 * HOUR)
    _promoted(stage, "42", "43", 4 * HOUR)
    number = stage.opened()
    stage.rollback()
    shown = stage.slack.ephemerals[-1].text
    assert "v42 served 18 d 20 h" in shown
    assert "v43 has served for 4 h" in shown
    assert "If nobody answers in 10 min, {0} is asked." in shown
    with stage.house.store.read() as uow:
        note = owner_note(stage.house, uow, Surface("owner_note:1", "owner_note", "C", incident_id=number))
    assert note is not None
    assert note.changes == (
        Changed("fraud-scorer v42 → v43", stage.incident(number).detected_at - 4 * HOUR, "the training pipeline"),
    )


def _actions(stage: Stage, number: int) -> list[Action]:
    with stage.house.store.read() as uow:
        return uow.actions_of(number)
