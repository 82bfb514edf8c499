"""Snapshots of the AI system: once per moment, before a change that can wait, after a stop, and never in the way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from bot.jobs.bodies import Bodies
from bot.jobs.outcome import DONE
from playbooks.domain.actions import ActionKind, ActionState, Described
from playbooks.domain.ai_state import AUTOMATION, DATA, EVALUATION, FALLBACK, MODEL, StateFact
from playbooks.domain.drafts.snapshots import Snapshot, snapshots_of
from playbooks.domain.ownership import Registry
from playbooks.domain.timeline import EventKind
from playbooks.plays import ai_state, closing
from playbooks.plays.closing import Resolution
from tests.contracts.fake_lever import FakeFault, FakeLever
from tests.plays.stage import HOUR, Stage, alert, on_sqlite
from tests.simulation.bot import OneLever, bodies_of


def snapshots(stage: Stage, number: int) -> tuple[Snapshot, ...]:
    """All of an incident."""
    return snapshots_of(stage.events(number))


def value(snapshot: Snapshot, category: str, subject: str = "") -> str:
    """What it says of the first thing of this category, or of the named one: the value, else why there is none."""
    fact = next(f for f in snapshot.rows if f.category == category and subject in ("", f.subject))
    return fact.value or fact.read


def test_a_snapshot_at_declaration_before_the_action_and_at_resolve(stage: Stage) -> None:
    number = stage.opened()
    stage.approve("omar", stage.asked())
    closing.resolve(stage.house, stage.by("dana"), number, Resolution("stable"))
    stage.settle()
    first, second, third = snapshots(stage, number)
    assert [first.moment, second.moment, third.moment] == ["declared", "action", "resolved"]
    assert [value(s, MODEL) for s in (first, second, third)] == ["43", "43", "42"]
    assert value(third, EVALUATION) == "v42 marked good: evaluation 0.941"
    assert value(first, EVALUATION) == "no lever bound"
    assert value(first, DATA) == "no lever bound"
    assert value(first, FALLBACK) == "rules engine v3"
    assert second.why == ""
    started = next(e for e in stage.events(number, EventKind.ACTION) if e.payload["phase"] == "started")
    assert second.at.seq < started.seq


def test_the_registry_is_part_of_it(stage: Stage) -> None:
    number = stage.opened()
    payload = stage.events(number, EventKind.STATE)[0].payload
    assert (payload["accountable"], payload["registry"]) == ("fraud-ml", stage.house.registry().sha256)
    assert payload["tier"] == 0


@on_sqlite
def test_direct_dependencies_are_read_too(stage: Stage) -> None:
    number = stage.opened("auto-decline")
    (found,) = snapshots(stage, number)
    assert value(found, AUTOMATION, "default/auto-decline@production") == "on"
    assert value(found, MODEL, "fraud-scorer@champion") == "43"


@on_sqlite
def test_a_stop_comes_first_and_is_looked_at_afterwards(stage: Stage) -> None:
    number = stage.opened("auto-decline")
    stage.disabled()
    found = snapshots(stage, number)[1]
    assert (found.moment, found.why) == ("action", "stopping comes first")
    assert value(found, AUTOMATION, "default/auto-decline@production") == "on", "as it was read before the stop"
    started = next(e for e in stage.events(number, EventKind.ACTION) if e.payload["phase"] == "started")
    assert found.at.seq > started.seq


@on_sqlite
def test_a_dead_provider_leaves_its_reason_and_holds_nothing_up(stage: Stage) -> None:
    stage.world.fail(FakeFault.DOWN, on="describe")
    number = stage.opened("auto-decline")
    (found,) = snapshots(stage, number)
    assert value(found, AUTOMATION) == "fake did not answer"
    assert stage.world.calls.count(("describe", "fraud-scorer@champion", "")) == 0, "asked once in one look"
    assert stage.posted("owner_note"), "the owner was told all the same"


@on_sqlite
def test_a_provider_that_refuses_is_told_as_such(stage: Stage) -> None:
    stage.world.fail(FakeFault.DENIED, on="describe")
    found = snapshots(stage, stage.opened())[0]
    assert value(found, MODEL) == "fake refused to answer (provider_failed)"


@dataclass
class Slow:
    """A lever whose reading takes long."""

    inner: FakeLever
    stage: Stage
    takes: timedelta

    def describe(self, binding: Mapping[str, Any]) -> Described:
        """See `ports.Lever`."""
        self.stage.clock.at += self.takes
        return self.inner.describe(binding)


@on_sqlite
def test_reading_ends_after_its_time(stage: Stage) -> None:
    number = stage.opened("auto-decline")
    slow = OneLever(Slow(FakeLever(stage.world), stage, ai_state.HOLD))  # type: ignore[arg-type]
    ai_state.take(stage.house, slow, f"{number}:resolved:9")
    found = snapshots(stage, number)[-1]
    assert value(found, AUTOMATION, "default/auto-decline@production") == "on"
    assert value(found, MODEL, "fraud-scorer@champion") == "not asked: the time to read was over"


@on_sqlite
def test_a_change_waits_for_its_snapshot_ten_seconds_at_the_longest(stage: Stage) -> None:
    """The job of the snapshot hangs: the rollback goes on, and the snapshot says that it came too late."""
    number = stage.opened()
    action = stage.asked()
    bodies = bodies_of(stage.house, stage.slack, stage.bot.levers)
    stage.bot.runner.inner = Bodies({**bodies, "state": lambda _subject: DONE})
    begun = stage.clock.at
    stage.approve("omar", action)
    done = stage.action(action.id)
    assert done.state is ActionState.CONFIRMED
    assert done.applying_at is not None
    assert done.applying_at - begun == ai_state.HOLD
    ai_state.take(stage.house, stage.bot.levers, f"{number}:action:{action.id}")
    found = snapshots(stage, number)[-1]
    assert found.why == "the hold of 10 s before the change was over first"
    assert value(found, MODEL) == "43", "the lever itself was read before its change"


@on_sqlite
def test_it_does_not_wait_when_the_snapshot_is_there(stage: Stage) -> None:
    stage.opened()
    action = stage.asked()
    begun = stage.clock.at
    stage.approve("omar", action)
    assert stage.action(action.id).applying_at == begun


def test_once_per_moment(stage: Stage) -> None:
    number = stage.opened()
    for _ in range(3):
        ai_state.take(stage.house, stage.bot.levers, f"{number}:declared")
    assert len(snapshots(stage, number)) == 1


@on_sqlite
def test_a_death_between_reading_and_writing_is_made_good(stage: Stage) -> None:
    """The job is on disk with the declaration: a bot that is built anew takes the snapshot."""
    number = stage.alert(alert())[0].incident
    assert number is not None
    stage.restart()
    assert snapshots(stage, number) == ()
    stage.settle()
    assert len(snapshots(stage, number)) == 1


@on_sqlite
def test_an_incident_without_a_component_has_none(stage: Stage) -> None:
    number = stage.opened("")
    assert stage.events(number, EventKind.STATE) == []


@on_sqlite
def test_the_draft_after_resolve_states_it_and_is_posted_once(stage: Stage) -> None:
    number = stage.opened()
    closing.resolve(stage.house, stage.by("dana"), number, Resolution("stable"))
    stage.settle()
    with stage.bot.store.read() as uow:
        document = uow.document(number)
    assert document is not None
    assert len(stage.slack.files) == 1
    assert "| Model: `fraud-scorer@champion` | not recorded | `43` [E" in stage.slack.files[0].text


@on_sqlite
def test_what_owners_registered_stands_as_registered(stage: Stage) -> None:
    stage = Stage(stage.engine, registry=Registry.load(WITH_FACTS))
    number = stage.opened("helper")
    (found,) = snapshots(stage, number)
    by_subject = {f.subject: f for f in found.rows}
    assert by_subject["helper model"] == StateFact(
        MODEL, "helper model", "gpt-4.1-2025-04-14", "registry", "registered"
    )
    assert by_subject["helper level"].value == "approve each"
    assert by_subject["helper freshness promise"].category == DATA


WITH_FACTS = """
api: ownership/v1
people: {dana: {slack: U01DANA}}
teams: {desk: {channel: C01DESK, members: [dana], on_call: {static: [dana]}}, triage: {channel: C00TRIAGE}}
components:
  helper:
    kind: agent
    accountable: desk
    alerts: [{match: {labels.component: helper}}]
    ai_state:
      model: gpt-4.1-2025-04-14
      automation: approve each
      evaluation: helper-suite v7
      guardrail: strict
      freshness: at most a day old
"""


@on_sqlite
@pytest.mark.parametrize("kind", [ActionKind.DISABLE, ActionKind.ENABLE])
def test_a_switch_leaves_one_snapshot_each(stage: Stage, kind: ActionKind) -> None:
    number = stage.opened("auto-decline")
    override = stage.disabled()
    if kind is ActionKind.ENABLE:
        closing.resolve(stage.house, stage.by("dana"), number, Resolution("stable"))
        stage.wait(5 * HOUR)
        assert stage.override(override.id).state == "closed"
    actions = [s.action for s in snapshots(stage, number) if s.moment == "action"]
    assert len(actions) == len(set(actions)) == (1 if kind is ActionKind.DISABLE else 2)
