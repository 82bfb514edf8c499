"""What came before is recorded and shown when an incident opens, once; its open follow-ups with it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from playbooks.domain.likeness import Earlier, Trait, earlier_of
from playbooks.domain.timeline import EventKind
from playbooks.messages import Resolved, SimilarNote
from playbooks.plays import closing, followups, similar, views
from playbooks.plays import incident as incidents
from playbooks.plays.closing import Resolution
from playbooks.plays.incident import Declaration
from playbooks.plays.postmortem import draft_of
from playbooks.ports import Surface
from tests.plays.stage import Stage, on_sqlite

DAY = timedelta(days=1)


def resolved(stage: Stage, component: str = "fraud-scorer", name: str = "a") -> int:
    number = stage.opened(component, name)
    incidents.acknowledge(stage.house, stage.by("dana"), number)
    closing.resolve(stage.house, stage.by("dana"), number, Resolution())
    stage.settle()
    return number


def seen(stage: Stage, number: int) -> tuple[Earlier, ...]:
    found = stage.events(number, EventKind.SIMILAR)
    return earlier_of(found[-1].payload) if found else ()


def note(stage: Stage, number: int) -> SimilarNote:
    with stage.bot.store.read() as uow:
        shown = views.build(stage.house, uow, Surface(f"similar:{number}", "similar", "", incident_id=number))
    assert isinstance(shown, SimilarNote)
    return shown


def test_a_first_incident_has_nothing_before_it(stage: Stage) -> None:
    number = stage.opened()
    assert stage.events(number, EventKind.SIMILAR) == []
    assert stage.posted("similar:") == []


def test_what_helped_and_what_was_left_is_shown_when_it_comes_again(stage: Stage) -> None:
    first = stage.opened()
    action = stage.asked()
    stage.approve("omar", action)
    followups.add(stage.house, stage.by("dana"), first, "alert on late features", "omar", stage.clock.at + 5 * DAY)
    followups.add(stage.house, stage.by("dana"), first, "write it down", "dana", None)
    closing.resolve(stage.house, stage.by("dana"), first, Resolution())
    stage.settle()
    with stage.bot.store.read() as uow:
        done = uow.overrides(open_only=False, incident_id=first, kinds=("follow_up",))[-1]
    followups.done(stage.house, stage.by("dana"), done.id, "written")
    stage.wait(21 * DAY)
    second = stage.opened(name="b")
    assert second != first
    (row,) = note(stage, second).rows
    assert (row.number, row.why) == (first, "same component and failure, 3 weeks ago")
    assert row.done == ("rollback of fraud-scorer: 43 → 42",)
    assert [(left[0], left[3]) for left in row.left] == [(done.id - 1, True)]
    assert len(stage.posted(f"similar:{second}")) == 1
    assert note(stage, second).tag.number == second


def test_the_record_is_made_once_and_stays(stage: Stage) -> None:
    first = resolved(stage)
    stage.wait(2 * DAY)
    second = stage.opened(name="b")
    similar.recall(stage.house, second)
    stage.restart()
    similar.recall(stage.house, second)
    stage.settle()
    assert [e.kind for e in stage.events(second, EventKind.SIMILAR)] == [EventKind.SIMILAR]
    with stage.bot.store.read() as uow:
        before = draft_of(stage.house, uow, stage.incident(second)).text
    followups.add(stage.house, stage.by("dana"), first, "later", "omar", None)
    with stage.bot.store.read() as uow:
        assert draft_of(stage.house, uow, stage.incident(second)).text == before


@on_sqlite
def test_only_what_is_over_counts_and_a_false_alarm_does_not(stage: Stage) -> None:
    first = stage.opened("ranker")
    closing.cancel(stage.house, stage.by("dana"), first)
    second = stage.opened("ranker", "b")
    assert seen(stage, second) == ()
    third = stage.opened("spam-filter", "c")
    assert seen(stage, third) == ()


@on_sqlite
def test_the_message_at_the_end_names_them(stage: Stage) -> None:
    first = resolved(stage)
    stage.wait(2 * DAY)
    second = stage.opened(name="b")
    incidents.acknowledge(stage.house, stage.by("dana"), second)
    closing.resolve(stage.house, stage.by("dana"), second, Resolution())
    stage.settle()
    with stage.bot.store.read() as uow:
        shown = views.build(stage.house, uow, Surface(f"resolved:{second}:0", "resolved", "", incident_id=second))
    assert isinstance(shown, Resolved)
    assert shown.similar == (f"INC-{first} (same component and failure)",)
    assert len(stage.events(second, EventKind.SIMILAR)) == 1  # nothing new was known at the end


@on_sqlite
def test_what_is_alike_only_at_the_end_is_recorded_then(stage: Stage) -> None:
    first = resolved(stage)
    stage.wait(2 * DAY)
    second, _ = incidents.declare(stage.house, stage.by("dana"), Declaration("declines doubled"))
    stage.settle()
    assert seen(stage, second) == ()
    with stage.bot.store.begin() as uow:
        found = uow.incident(second, lock=True)
        assert found is not None
        uow.save_incident(replace(found, component="fraud-scorer"), open_key=f"fraud-scorer|{found.failure}")
    incidents.acknowledge(stage.house, stage.by("dana"), second)
    closing.resolve(stage.house, stage.by("dana"), second, Resolution())
    assert [(one.incident, one.traits) for one in seen(stage, second)] == [(first, (Trait.COMPONENT,))]
