"""The lever contract over a person, with a webhook that reads what they did; and over a person alone."""

from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from datetime import UTC, datetime

import pytest

from bot.providers.registry import LeverShelf
from playbooks.domain.errands import Errand, errand_of
from playbooks.plugin import ConfigError, Lever, Outcome
from tests.contracts.lever_suite import NOTE, LeverBench, LeverContract, SetClock, Trouble
from tests.contracts.spoiler import Spoiler
from tests.contracts.stand_in import Asked, StandIn, standing_in

NIGHT = datetime(2026, 11, 21, 2, 31, tzinfo=UTC)
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
RULE = {"path": "/rule", "value": "/state"}
READER = {"provider": "office", "target": "rule", "read": RULE, "values": {"off": "paused"}}
BY_HAND = {
    "target": "auto-decline in the back office",
    "ask": ["on_call:ml-platform"],
    "instructions": "Pause the rule.",
    "undo": "Resume the rule.",
    "verify": READER,
}


class Office:
    """A back office that people use by hand and that can be read."""

    def __init__(self) -> None:
        self.rule = {"state": "active"}
        self.lied_to = False

    def __call__(self, asked: Asked) -> tuple[int, object]:
        return (200, self.rule) if asked.path == "/rule" else (404, None)

    def person(self) -> None:
        """Somebody does what was asked, unless they only say so."""
        if not self.lied_to:
            self.rule = {"state": "active" if self.rule["state"] == "paused" else "paused"}


@pytest.fixture
def office() -> Office:
    return Office()


@pytest.fixture
def server(office: Office) -> Iterator[StandIn]:
    with standing_in(office) as server:
        yield server


@pytest.fixture
def spoiler(server: StandIn) -> Iterator[Spoiler]:
    spoiler = Spoiler(server.url, lambda method, path: method != "GET")
    yield spoiler
    spoiler.close()


@pytest.fixture
def lever(spoiler: Spoiler, patience: float) -> Iterator[Lever]:
    reader = {"kind": "webhook", "url": spoiler.url, "secret": SECRET, "timeout": patience}
    shelf = LeverShelf({"manual": {}, "office": reader}, clock=SetClock(NIGHT))
    yield shelf.get("manual")
    shelf.close()


class TestManual(LeverContract):
    @pytest.fixture
    def bench(self, lever: Lever, office: Office, spoiler: Spoiler, server: StandIn) -> LeverBench:
        @contextmanager
        def trouble(kind: Trouble) -> Iterator[None]:
            office.lied_to = kind is Trouble.LIE
            with spoiler.trouble(kind):
                yield

        return LeverBench(
            lever=lever,
            binding=BY_HAND,
            before="on",
            after="off",
            target="auto-decline in the back office",
            world=lambda: (deepcopy(office.rule), len(server.writes)),
            trouble=trouble,
            follow=office.person,
            writes=False,
            secrets=(SECRET,),
        )

    def test_the_plan_says_who_is_asked_for_what_on_both_ways(self, bench: LeverBench) -> None:
        plan = bench.planned()
        errand = errand_of(plan)
        assert errand == Errand(("on_call:ml-platform",), "Pause the rule.", (), "Resume the rule.", 600, "office")
        assert errand.told(plan) == "Pause the rule."
        assert errand.told(bench.lever.undo(plan)) == "Resume the rule."
        assert plan.proof == "a person says so with evidence, and office reads off"


def test_without_a_reader_nothing_is_ever_confirmed(lever: Lever) -> None:
    binding = {key: value for key, value in BY_HAND.items() if key != "verify"}
    described = lever.describe(binding)
    assert (described.state, described.unread) == ("", True)
    plan = lever.plan(binding, described, "off")
    lever.apply(binding, plan, note=NOTE)
    assert lever.verify(binding, plan).outcome is Outcome.NOT_YET
    assert plan.warning == "Nothing reads it back: that it is done will be what a person says, with evidence."
    assert lever.undo(plan).warning == plan.warning


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"ask": ["group:ml"]}, "'group:ml' is no holder"),
        ({"ask": []}, "`ask`"),
        ({"instructions": ""}, "`instructions`"),
        ({"verify": {"model": "x"}}, "`verify` names no other lever"),
        ({"verify": {"provider": "manual"}}, "`verify` names no other lever"),
        ({"verify": {"provider": "offise"}}, "did you mean 'office'?"),
        ({"verify": {**READER, "vlaues": {}}}, "Did you mean `values`?"),
        ({"remind_every": 5}, "`remind_every`"),
    ],
)
def test_bindings_that_cannot_be_used_say_why(lever: Lever, change: dict, said: str) -> None:
    with pytest.raises(ConfigError) as refused:
        lever.check({**BY_HAND, **change})  # type: ignore[attr-defined]
    assert said in refused.value.told
