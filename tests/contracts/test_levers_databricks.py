"""The lever contract over Databricks Model Serving, against a stand-in of its API: the service runs nowhere here."""

import json
from collections.abc import Iterator

import pytest

from bot.providers.registry import LeverShelf
from playbooks.plugin import Conflict, Kind, Lever, Maturity, Outcome, ProviderError
from tests.contracts.databricks_serving import TOKEN, Serving, entity
from tests.contracts.lever_suite import NOTE, LeverBench, VersionContract
from tests.contracts.spoiler import Spoiler
from tests.contracts.stand_in import StandIn, standing_in

BINDING = {"endpoint": "fraud", "versions": ["41"]}


@pytest.fixture
def serving() -> Serving:
    """v43 takes all, v42 and v40 stand beside it, and v41 could be served."""
    serving = Serving()
    serving.serve(entity("43"), entity("42"), entity("40"), v43=100)
    return serving


@pytest.fixture
def server(serving: Serving) -> Iterator[StandIn]:
    with standing_in(serving) as server:
        yield server


@pytest.fixture
def spoiler(server: StandIn) -> Iterator[Spoiler]:
    spoiler = Spoiler(server.url, lambda method, path: method == "PUT")
    yield spoiler
    spoiler.close()


@pytest.fixture
def lever(spoiler: Spoiler, patience: float) -> Iterator[Lever]:
    shelf = LeverShelf({"databricks": {"url": spoiler.url, "token": TOKEN, "timeout": patience}})
    assert shelf.maturity("databricks") is Maturity.UNPROVEN
    yield shelf.get("databricks")
    shelf.close()


def _bench(lever: Lever, serving: Serving, spoiler: Spoiler, after: str) -> LeverBench:
    def elsewhere() -> None:
        serving.serve(*serving.config["served_entities"], v40=100)

    return LeverBench(
        lever=lever,
        binding=BINDING,
        before="43",
        after=after,
        target="endpoint fraud",
        world=serving.what_runs,
        trouble=spoiler.trouble,
        follow=serving.finish,
        versions=True,
        keeps_marks=False,
        other="40",
        elsewhere=elsewhere,
        secrets=(TOKEN,),
        refuses=True,
        limits=True,
    )


class TestTraffic(VersionContract):
    """To a version that is served beside."""

    @pytest.fixture
    def bench(self, lever: Lever, serving: Serving, spoiler: Spoiler) -> LeverBench:
        return _bench(lever, serving, spoiler, "42")

    def test_only_the_routes_change(self, bench: LeverBench, serving: Serving) -> None:
        was = serving.what_runs()
        plan = bench.done()
        now = serving.what_runs()
        assert (plan.takes, plan.warning) == (60, "Nothing is recorded about whether v42 is good.")
        assert now["served_entities"] == was["served_entities"]
        assert now["auto_capture_config"] == was["auto_capture_config"]
        shares = {route["served_model_name"]: route["traffic_percentage"] for route in now["traffic_config"]["routes"]}
        assert shares == {"fraud_scorer-43": 0, "fraud_scorer-42": 100, "fraud_scorer-40": 0}

    def test_a_split_is_a_state_and_comes_back(self, bench: LeverBench, serving: Serving) -> None:
        serving.serve(*serving.config["served_entities"], v43=90, v42=10)
        was = serving.what_runs()
        plan = bench.planned()
        assert plan.before == "42 10 %, 43 90 %"
        bench.lever.apply(bench.binding, plan, note=NOTE)
        serving.finish()
        undo = bench.lever.undo(plan)
        bench.lever.apply(bench.binding, undo, note=NOTE)
        serving.finish()
        assert serving.what_runs() == was
        assert bench.lever.verify(bench.binding, undo).outcome is Outcome.CONFIRMED

    def test_while_another_update_runs_nothing_is_sent(
        self, bench: LeverBench, serving: Serving, server: StandIn
    ) -> None:
        plan = bench.planned()
        serving.pending, serving.update = serving.config | {"config_version": 99}, "IN_PROGRESS"
        with pytest.raises(ProviderError, match="is being updated") as busy:
            bench.lever.apply(bench.binding, plan, note=NOTE)
        assert busy.value.kind is Kind.TRANSIENT
        assert server.writes == []
        assert bench.lever.verify(bench.binding, plan).outcome is Outcome.NOT_YET

    def test_an_update_begun_between_reading_and_writing_is_waited_for(
        self, bench: LeverBench, serving: Serving, server: StandIn
    ) -> None:
        plan, was = bench.planned(), serving.what_runs()
        serving.race = True
        with pytest.raises(ProviderError, match="takes no other change") as busy:
            bench.lever.apply(bench.binding, plan, note=NOTE)
        assert busy.value.kind is Kind.TRANSIENT
        assert serving.what_runs() == was

    def test_its_own_update_under_way_is_not_sent_again(
        self, bench: LeverBench, serving: Serving, server: StandIn
    ) -> None:
        plan = bench.planned()
        bench.lever.apply(bench.binding, plan, note=NOTE)
        bench.lever.apply(bench.binding, plan, note=NOTE)
        assert len(server.writes) == 1
        waiting = bench.lever.verify(bench.binding, plan)
        assert waiting.evidence == "an update is in progress; traffic goes to v43"

    def test_an_update_that_fails_is_told(self, bench: LeverBench, serving: Serving) -> None:
        plan = bench.planned()
        bench.lever.apply(bench.binding, plan, note=NOTE)
        serving.fail()
        seen = bench.lever.verify(bench.binding, plan)
        assert (seen.outcome, seen.evidence) == (
            Outcome.CONTRADICTED,
            "the update failed; traffic goes to v43, not 42",
        )

    def test_not_ready_is_not_yet(self, bench: LeverBench, serving: Serving) -> None:
        plan = bench.done()
        serving.ready = "NOT_READY"
        assert bench.lever.verify(bench.binding, plan).outcome is Outcome.NOT_YET

    def test_what_an_entity_is_given_stays_out_of_plans(self, bench: LeverBench) -> None:
        assert "secrets/fraud" not in json.dumps(bench.planned().as_json())

    def test_an_endpoint_that_is_not_there_and_one_without_models(self, bench: LeverBench, serving: Serving) -> None:
        with pytest.raises(ProviderError, match="has no serving endpoint frauds"):
            bench.lever.describe({"endpoint": "frauds"})
        serving.config = {"served_entities": [{"name": "gpt", "external_model": {"provider": "openai"}}]}
        with pytest.raises(ProviderError, match="no served entities to choose from"):
            bench.lever.describe(bench.binding)


class TestPinned(VersionContract):
    """To a version that is not served yet: the entity that takes the traffic is pinned to it."""

    @pytest.fixture
    def bench(self, lever: Lever, serving: Serving, spoiler: Spoiler) -> LeverBench:
        return _bench(lever, serving, spoiler, "41")

    def test_the_entity_keeps_its_settings(self, bench: LeverBench, serving: Serving) -> None:
        plan = bench.done()
        assert "containers are started for it" in plan.warning
        assert plan.takes == 600
        [moved] = [e for e in serving.config["served_entities"] if e["entity_version"] == "41"]
        assert moved == entity("41")
        assert "43" not in [e["entity_version"] for e in serving.config["served_entities"]]

    def test_a_name_somebody_gave_stays(self, bench: LeverBench, serving: Serving) -> None:
        serving.serve(entity("43", "current"), entity("40", "reserve"), v43=100)
        bench.done()
        assert [e["name"] for e in serving.config["served_entities"]] == ["current", "reserve"]

    def test_entities_changed_since_are_not_overwritten(self, bench: LeverBench, serving: Serving) -> None:
        plan = bench.planned()
        serving.serve(entity("43", "a"), entity("42", "b"), v43=100)
        was = serving.what_runs()
        with pytest.raises(Conflict, match="served entities of endpoint fraud have changed"):
            bench.lever.apply(bench.binding, plan, note=NOTE)
        assert serving.what_runs() == was
