"""The all-clear: where the registry names who gives it, only they say mitigated or resolved; a refusal names them."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine

from playbooks import errors
from playbooks.domain.incidents import State
from playbooks.domain.timeline import Event, EventKind
from playbooks.plays import closing, incident
from tests.plays.authority_registry import ALL_CLEAR, TWO_AGREE
from tests.plays.stage import STRANGER, Stage, on_sqlite


@pytest.fixture
def named(engine: Engine) -> Stage:
    return Stage(engine, registry=ALL_CLEAR)


@pytest.fixture
def two(engine: Engine) -> Stage:
    return Stage(engine, registry=TWO_AGREE)


def led(stage: Stage) -> int:
    """An incident that Dana leads; she holds no all-clear."""
    number = stage.opened()
    incident.acknowledge(stage.house, stage.by("dana"), number, lead=True)
    stage.settle()
    return number


def mitigate(stage: Stage, who: str, number: int) -> str:
    said = incident.mitigate(stage.house, stage.by(who), number)
    stage.settle()
    return said.text


def resolve(stage: Stage, who: str, number: int) -> str:
    said = closing.resolve(stage.house, stage.by(who), number, closing.Resolution())
    stage.settle()
    return said.text


def clears(stage: Stage, number: int) -> list[Event]:
    return [e for e in stage.events(number, EventKind.DECISION) if e.payload["decision"] == "all_clear"]


@pytest.mark.parametrize("who", ["dana", "zoe", STRANGER])
def test_whoever_does_not_hold_it_is_told_who_does(named: Stage, who: str) -> None:
    number = led(named)
    for wanted in (mitigate, resolve):
        with pytest.raises(errors.Denied) as refused:
            wanted(named, who, number)
        assert "@omar (model owner)" in refused.value.sentence
        assert "@lin (deputy)" in refused.value.sentence
        assert refused.value.ask[0] == "omar"
        assert refused.value.incident == number
    assert named.incident(number).state is State.INVESTIGATING
    assert clears(named, number) == []


@pytest.mark.parametrize(("who", "used"), [("omar", "holder"), ("lin", "deputy")])
def test_holder_and_deputy_say_so_and_the_right_is_kept(named: Stage, who: str, used: str) -> None:
    number = led(named)
    mitigate(named, who, number)
    resolve(named, who, number)
    assert named.incident(number).state is State.RESOLVED
    assert [(e.payload["to"], e.payload["used"]) for e in clears(named, number)] == [
        ("mitigated", used),
        ("resolved", used),
    ]


@on_sqlite
def test_cancelling_is_no_way_round_it_once_somebody_took_it_up(named: Stage) -> None:
    false_alarm = named.opened("auto-refund", "b")
    closing.cancel(named.house, named.by("zoe"), false_alarm)
    number = named.opened()
    with_nobody = named.incident(number)
    assert with_nobody.state is State.TRIAGE
    incident.acknowledge(named.house, named.by("dana"), number, lead=True)
    with pytest.raises(errors.Denied):
        closing.cancel(named.house, named.by("dana"), number)
    closing.cancel(named.house, named.by("omar"), number)
    assert named.incident(number).state is State.CANCELLED


@on_sqlite
@pytest.mark.parametrize("who", ["dana", "zoe", STRANGER])
def test_where_the_registry_names_nobody_anybody_says_so(stage: Stage, who: str) -> None:
    number = led(stage)
    mitigate(stage, who, number)
    resolve(stage, who, number)
    assert stage.incident(number).state is State.RESOLVED


def test_two_have_to_agree_and_the_first_word_is_kept(two: Stage) -> None:
    number = led(two)
    assert "1 more" in mitigate(two, "omar", number)
    assert two.incident(number).state is State.INVESTIGATING
    assert "already said so" in mitigate(two, "omar", number)
    with pytest.raises(errors.Denied):
        mitigate(two, "zoe", number)
    two.restart()
    mitigate(two, "lin", number)
    assert two.incident(number).state is State.MITIGATED
    assert [e.payload["approvals"] for e in clears(two, number)] == [1, 2]


@on_sqlite
def test_a_word_from_before_does_not_count_for_the_next_time(two: Stage) -> None:
    number = led(two)
    mitigate(two, "omar", number)
    mitigate(two, "lin", number)
    assert "1 more" in resolve(two, "omar", number)
    resolve(two, "mei", number)
    closing.reopen(two.house, two.by("dana"), number)
    assert "1 more" in resolve(two, "omar", number)
    assert two.incident(number).state is State.INVESTIGATING
