"""The lever contract over LaunchDarkly, against a stand-in of its API: the service itself is nowhere to be run."""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest

from bot.providers.registry import LeverShelf
from playbooks.plugin import Conflict, Kind, Lever, Maturity, Outcome, ProviderError
from tests.contracts.launchdarkly_flags import TOKEN, Flags
from tests.contracts.lever_suite import NOTE, LeverBench, LeverContract
from tests.contracts.spoiler import Spoiler
from tests.contracts.stand_in import StandIn, standing_in

FLAG = {"flag": "auto-decline"}


@pytest.fixture
def flags() -> Flags:
    return Flags()


@pytest.fixture
def server(flags: Flags) -> Iterator[StandIn]:
    with standing_in(flags) as server:
        yield server


@pytest.fixture
def spoiler(server: StandIn) -> Iterator[Spoiler]:
    spoiler = Spoiler(server.url, lambda method, path: method == "PATCH")
    yield spoiler
    spoiler.close()


@pytest.fixture
def lever(spoiler: Spoiler, patience: float) -> Iterator[Lever]:
    shelf = LeverShelf({"launchdarkly": {"url": spoiler.url, "token": TOKEN, "timeout": patience}})
    assert shelf.maturity("launchdarkly") is Maturity.UNPROVEN
    yield shelf.get("launchdarkly")
    shelf.close()


def _world(flags: Flags) -> dict[str, Any]:
    """What undo must bring back: all but how often it was changed, and when."""
    found = deepcopy(flags.flag)
    for environment in found["environments"].values():
        del environment["version"], environment["lastModified"]
    return found


class TestLaunchDarkly(LeverContract):
    @pytest.fixture
    def bench(self, lever: Lever, flags: Flags, spoiler: Spoiler) -> LeverBench:
        return LeverBench(
            lever=lever,
            binding=FLAG,
            before="on",
            after="off",
            target="default/auto-decline@production",
            world=lambda: _world(flags),
            trouble=spoiler.trouble,
            secrets=(TOKEN,),
            refuses=True,
            limits=True,
        )

    def test_the_change_says_why_and_touches_one_environment(
        self, bench: LeverBench, flags: Flags, server: StandIn
    ) -> None:
        staging = deepcopy(flags.flag["environments"]["staging"])
        plan = bench.done()
        assert flags.comments == [NOTE]
        assert flags.flag["environments"]["staging"] == staging
        assert plan.note == "off serves send to review to everybody"
        assert {asked.headers["ld-api-version"] for asked in server.seen} == {"20240415"}

    def test_a_flag_without_an_off_variation_is_warned_of(self, bench: LeverBench, flags: Flags) -> None:
        flags.flag["environments"]["production"]["offVariation"] = None
        assert "off is whatever each service's code has as its default" in bench.planned().warning

    def test_targeting_changed_meanwhile_is_never_switched_on(self, bench: LeverBench, flags: Flags) -> None:
        undo = bench.lever.undo(bench.done())
        flags.flag["environments"]["production"]["fallthrough"] = {"variation": 1}
        was = _world(flags)
        with pytest.raises(Conflict, match="targeting of default/auto-decline@production has changed"):
            bench.lever.apply(bench.binding, undo, note=NOTE)
        assert _world(flags) == was
        flags.flag["environments"]["production"]["on"] = True
        seen = bench.lever.verify(bench.binding, undo)
        assert (seen.outcome, "other targeting" in seen.evidence) == (Outcome.CONTRADICTED, True)

    def test_an_approval_that_launchdarkly_requires_is_told(self, bench: LeverBench, flags: Flags) -> None:
        plan = bench.planned()
        flags.approvals.add("production")
        with pytest.raises(ProviderError, match="asks for an approval of its own in production") as refused:
            bench.lever.apply(bench.binding, plan, note=NOTE)
        assert (refused.value.kind, refused.value.code) == (Kind.PERMANENT, "approval_required")
        assert "bypass" in refused.value.next_step
        assert flags.flag["environments"]["production"]["on"] is True

    @pytest.mark.parametrize(
        ("answer", "kind", "said"),
        [
            ((409, {"code": "optimistic_locking_error"}, {}), Kind.TRANSIENT, "at the same moment"),
            ((400, {"message": "conflicts with a scheduled change"}, {}), Kind.PERMANENT, "`ignore_conflicts`"),
            ((403, {"message": "Access to the requested resource was denied"}, {}), Kind.PERMANENT, "credential"),
            ((429, {"message": "limited"}, {"X-Ratelimit-Reset": "4102444800000"}), Kind.RATE_LIMITED, "600 s"),
        ],
    )
    def test_its_own_refusals_say_what_to_do(
        self, bench: LeverBench, flags: Flags, answer: Any, kind: Kind, said: str
    ) -> None:
        plan, flags.answer = bench.planned(), answer
        with pytest.raises(ProviderError) as refused:
            bench.lever.apply(bench.binding, plan, note=NOTE)
        assert refused.value.kind is kind
        assert said in refused.value.told

    def test_scheduled_changes_are_overridden_only_where_that_is_written(
        self, bench: LeverBench, server: StandIn
    ) -> None:
        undo = bench.lever.undo(bench.done())
        bench.lever.apply({**FLAG, "ignore_conflicts": True}, undo, note=NOTE)
        assert [asked.query for asked in server.writes] == [{}, {"ignoreConflicts": "true"}]

    def test_an_archived_flag_and_one_that_is_not_there_are_told(self, bench: LeverBench, flags: Flags) -> None:
        flags.flag["archived"] = True
        with pytest.raises(ProviderError, match="is archived"):
            bench.lever.describe(bench.binding)
        for wrong in ({"flag": "auto-declin"}, {**FLAG, "environment": "prod"}):
            with pytest.raises(ProviderError, match="has no flag") as missing:
                bench.lever.describe(wrong)
            assert missing.value.kind is Kind.PERMANENT
