"""What every lever must do, whatever it drives; subclasses bring the lever in a `bench`."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

import pytest

from playbooks.plugin import (
    Conflict,
    InputError,
    Kind,
    Lever,
    Mark,
    Outcome,
    OutcomeUnknown,
    Plan,
    ProviderError,
)

NOTE = "INC-42 action 17"


class Trouble(StrEnum):
    """What can be wrong with the other side."""

    DOWN = "down"  # nothing listens
    SLOW = "slow"  # a write takes effect, its answer comes too late
    DROP = "drop"  # a write takes effect, its answer is cut off
    LIE = "lie"  # a write is answered with success and does nothing
    FAILS = "fails"  # a write takes effect, and is answered with an error page of something in between
    LIMITED = "limited"  # a write is refused for now: too many calls
    REFUSED = "refused"  # a write is refused, and the refusal quotes all that was sent


class SetClock:
    """A clock that stands until it is moved."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        """See `ports.Clock`."""
        return self.at


@dataclass
class LeverBench:
    """A lever with a world around it.

    Attributes:
        before, after: the state it is in, and the one the tests go to. target: what its plans are about.
        world: reads, past the lever, everything that undo must bring back. follow: the serving side catches up.
        trouble: puts a trouble in force for the length of a `with`.
        versions: whether it has versions (then `other` is a third one), else it is a flag.
        elsewhere: somebody else moves it to `other`. secrets: what no error may show.
        writes: whether it changes anything itself; a person may be the one who does.
        refuses, limits: whether `trouble` knows how to refuse, for good and for now. keeps_marks: whether versions can
            be marked over there.
    """

    lever: Lever
    binding: Mapping[str, Any]
    before: str
    after: str
    target: str
    world: Callable[[], object]
    trouble: Callable[[Trouble], AbstractContextManager[None]]
    follow: Callable[[], None] = lambda: None
    versions: bool = False
    lags: bool = False
    other: str = ""
    elsewhere: Callable[[], None] = lambda: None
    secrets: tuple[str, ...] = field(default=())
    refuses: bool = False
    limits: bool = False
    writes: bool = True
    keeps_marks: bool = True

    def planned(self) -> Plan:
        """A plan from what the lever describes now to `after`."""
        return self.lever.plan(self.binding, self.lever.describe(self.binding), self.after)

    def done(self) -> Plan:
        """A plan that was applied and whose effect was seen."""
        plan = self.planned()
        self.lever.apply(self.binding, plan, note=NOTE)
        self.follow()
        assert self.lever.verify(self.binding, plan).outcome is Outcome.CONFIRMED
        return plan


class LeverContract:
    """The suite."""

    @pytest.fixture
    def bench(self) -> LeverBench:
        raise NotImplementedError

    def test_describes_the_current_state(self, bench: LeverBench) -> None:
        described = bench.lever.describe(bench.binding)

        assert described.state == bench.before
        if bench.versions:
            assert {bench.before, bench.after, bench.other} <= {version.id for version in described.versions}

    def test_describes_the_same_when_nothing_happened(self, bench: LeverBench) -> None:
        """The before-hash is built over this."""
        assert bench.lever.describe(bench.binding) == bench.lever.describe(bench.binding)

    def test_a_dry_run_changes_nothing(self, bench: LeverBench) -> None:
        """Describing, planning, and planning the way back, as often as people look at previews."""
        was = bench.world()
        for _ in range(2):
            bench.lever.undo(bench.planned())

        assert bench.world() == was

    def test_a_plan_says_what_from_where_to_where_and_how_it_is_proved(self, bench: LeverBench) -> None:
        plan = bench.planned()

        assert (plan.target, plan.before, plan.after) == (bench.target, bench.before, bench.after)
        assert bench.after in plan.proof
        assert "{" not in plan.proof
        assert plan.takes > 0
        assert Plan.from_json(plan.as_json()) == plan

    def test_refuses_a_plan_that_changes_nothing(self, bench: LeverBench) -> None:
        described = bench.lever.describe(bench.binding)

        with pytest.raises(Conflict):
            bench.lever.plan(bench.binding, described, described.state)

    def test_refuses_a_plan_to_what_does_not_exist(self, bench: LeverBench) -> None:
        with pytest.raises(InputError):
            bench.lever.plan(bench.binding, bench.lever.describe(bench.binding), "4711")

    def test_refuses_a_binding_with_an_unknown_key(self, bench: LeverBench) -> None:
        if hasattr(bench.lever, "check"):
            bench.lever.check(bench.binding)
            with pytest.raises(Exception, match="`modle`"):
                bench.lever.check({**bench.binding, "modle": "x"})

    def test_apply_takes_effect_and_is_confirmed(self, bench: LeverBench) -> None:
        plan = bench.planned()

        bench.lever.apply(bench.binding, plan, note=NOTE)
        bench.follow()
        seen = bench.lever.verify(bench.binding, plan)

        assert seen.outcome is Outcome.CONFIRMED, seen
        assert seen.evidence
        assert bench.lever.describe(bench.binding).state == bench.after

    def test_applying_twice_is_applying_once(self, bench: LeverBench) -> None:
        plan = bench.done()
        once = bench.world()

        bench.lever.apply(bench.binding, plan, note=NOTE)

        assert bench.world() == once
        assert bench.lever.verify(bench.binding, plan).outcome is Outcome.CONFIRMED

    def test_what_was_not_applied_is_contradicted(self, bench: LeverBench) -> None:
        seen = bench.lever.verify(bench.binding, bench.planned())

        assert seen.outcome is Outcome.CONTRADICTED
        assert seen.facts["state"] == bench.before

    def test_undo_brings_the_exact_before_state_back(self, bench: LeverBench) -> None:
        was, described = bench.world(), bench.lever.describe(bench.binding)
        undo = bench.lever.undo(bench.done())

        assert (undo.target, undo.before, undo.after) == (bench.target, bench.after, bench.before)
        assert bench.before in undo.proof
        bench.lever.apply(bench.binding, undo, note=NOTE)
        bench.follow()

        assert bench.lever.verify(bench.binding, undo).outcome is Outcome.CONFIRMED
        assert bench.world() == was
        again = bench.lever.describe(bench.binding)
        assert (again.state, again.detail) == (described.state, described.detail)

    def test_a_mark_shows_and_keeps_its_first_time(self, bench: LeverBench) -> None:
        bench.lever.mark(bench.binding, bench.before, Mark.BAD, note="INC-42")
        if not (bench.versions and bench.keeps_marks):
            return
        first = bench.lever.describe(bench.binding)
        bench.lever.mark(bench.binding, bench.before, Mark.BAD, note="INC-42")

        marked = next(version for version in first.versions if version.id == bench.before)
        assert (marked.mark, marked.mark_note) == (Mark.BAD, "INC-42")
        assert marked.marked_at is not None
        assert bench.lever.describe(bench.binding).versions == first.versions

    @pytest.mark.parametrize("trouble", [Trouble.SLOW, Trouble.DROP, Trouble.FAILS])
    def test_a_lost_answer_is_an_unknown_outcome_and_reading_back_decides(
        self, bench: LeverBench, trouble: Trouble
    ) -> None:
        if not bench.writes:
            return
        plan = bench.planned()
        with bench.trouble(trouble), pytest.raises(OutcomeUnknown) as lost:
            bench.lever.apply(bench.binding, plan, note=NOTE)
        assert lost.value.kind is Kind.UNKNOWN_OUTCOME
        bench.follow()
        applied = bench.world()

        assert bench.lever.verify(bench.binding, plan).outcome is Outcome.CONFIRMED
        bench.lever.apply(bench.binding, plan, note=NOTE)
        assert bench.world() == applied

    def test_a_lever_that_is_down_changes_nothing_and_says_so(self, bench: LeverBench) -> None:
        was, plan = bench.world(), bench.planned()
        with bench.trouble(Trouble.DOWN):
            for call in (
                lambda: bench.lever.describe(bench.binding),
                lambda: bench.lever.apply(bench.binding, plan, note=NOTE),
                lambda: bench.lever.verify(bench.binding, plan),
            ):
                with pytest.raises(ProviderError) as failed:
                    call()
                assert failed.value.kind is Kind.TRANSIENT
                assert not any(secret in failed.value.told for secret in bench.secrets)

        assert bench.world() == was
        assert bench.lever.describe(bench.binding).state == bench.before

    def test_a_refusal_changes_nothing_and_quotes_no_secret(self, bench: LeverBench) -> None:
        if not bench.refuses:
            return
        was, plan = bench.world(), bench.planned()
        with bench.trouble(Trouble.REFUSED), pytest.raises(ProviderError) as refused:
            bench.lever.apply(bench.binding, plan, note=NOTE)

        assert refused.value.kind is Kind.PERMANENT
        assert not any(secret in refused.value.told for secret in bench.secrets)
        assert bench.world() == was

    def test_too_many_calls_change_nothing_and_say_how_long_to_wait(self, bench: LeverBench) -> None:
        if not bench.limits:
            return
        was, plan = bench.world(), bench.planned()
        with bench.trouble(Trouble.LIMITED), pytest.raises(ProviderError) as limited:
            bench.lever.apply(bench.binding, plan, note=NOTE)

        assert (limited.value.kind, limited.value.retry_after) == (Kind.RATE_LIMITED, 17)
        assert bench.world() == was
        bench.lever.apply(bench.binding, plan, note=NOTE)
        bench.follow()
        assert bench.lever.verify(bench.binding, plan).outcome is Outcome.CONFIRMED

    def test_a_lie_is_never_confirmed(self, bench: LeverBench) -> None:
        plan = bench.planned()
        with bench.trouble(Trouble.LIE):
            bench.lever.apply(bench.binding, plan, note=NOTE)
        bench.follow()

        assert bench.lever.verify(bench.binding, plan).outcome is not Outcome.CONFIRMED


class VersionContract(LeverContract):
    """What a lever over versions keeps besides: there is a third state."""

    def test_refuses_to_apply_when_somebody_else_moved_it(self, bench: LeverBench) -> None:
        plan = bench.planned()
        bench.elsewhere()
        moved = bench.world()

        with pytest.raises(Conflict):
            bench.lever.apply(bench.binding, plan, note=NOTE)

        assert bench.world() == moved
        assert bench.lever.verify(bench.binding, plan).outcome is Outcome.CONTRADICTED


class AliasContract(VersionContract):
    """What a registry keeps besides: marks, and servers that follow later."""

    def test_not_yet_while_the_serving_side_has_not_followed(self, bench: LeverBench) -> None:
        plan = bench.planned()
        bench.lever.apply(bench.binding, plan, note=NOTE)

        assert bench.lever.verify(bench.binding, plan).outcome is Outcome.NOT_YET

    def test_a_mark_can_be_changed(self, bench: LeverBench) -> None:
        bench.lever.mark(bench.binding, bench.before, Mark.BAD, note="INC-42")
        bench.lever.mark(bench.binding, bench.before, Mark.GOOD, note="evaluation 0.95")

        described = bench.lever.describe(bench.binding)
        marked = next(version for version in described.versions if version.id == bench.before)
        assert (marked.mark, marked.mark_note) == (Mark.GOOD, "evaluation 0.95")
