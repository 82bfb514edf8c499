"""The lever contract over GitHub Actions, against a stand-in of its API: no server of it runs here."""

from collections.abc import Iterator
from typing import Any

import pytest

from bot.providers.registry import LeverShelf
from playbooks.plugin import ConfigError, Conflict, Kind, Lever, Maturity, Outcome, OutcomeUnknown, ProviderError
from tests.contracts.github_actions import TOKEN, Workflows
from tests.contracts.lever_suite import NOTE, LeverBench, LeverContract, VersionContract
from tests.contracts.spoiler import Spoiler
from tests.contracts.stand_in import StandIn, standing_in

SWITCH = {"repository": "acme/pipelines", "workflow": "retrain.yml"}
CANCEL = {**SWITCH, "running": "cancel"}
DISPATCH: dict[str, Any] = {
    "repository": "acme/pipelines",
    "dispatch": "rollback.yml",
    "inputs": {"version": "{version}", "reason": "Muster, {note}"},
    "title": "Bring {version} to production",
    "versions": ["40"],
}


@pytest.fixture
def workflows() -> Workflows:
    return Workflows()


@pytest.fixture
def server(workflows: Workflows) -> Iterator[StandIn]:
    with standing_in(workflows) as server:
        yield server


@pytest.fixture
def spoiler(server: StandIn) -> Iterator[Spoiler]:
    spoiler = Spoiler(server.url, lambda method, path: method != "GET")
    yield spoiler
    spoiler.close()


@pytest.fixture
def lever(spoiler: Spoiler, patience: float) -> Iterator[Lever]:
    shelf = LeverShelf({"github": {"url": spoiler.url, "token": TOKEN, "timeout": patience}})
    assert shelf.maturity("github") is Maturity.UNPROVEN
    yield shelf.get("github")
    shelf.close()


def _switch(lever: Lever, workflows: Workflows, spoiler: Spoiler, before: str, after: str) -> LeverBench:
    return LeverBench(
        lever=lever,
        binding=SWITCH,
        before=before,
        after=after,
        target="workflow retrain.yml of acme/pipelines",
        world=lambda: dict(workflows.states),
        trouble=spoiler.trouble,
        secrets=(TOKEN,),
        refuses=True,
        limits=True,
    )


class TestDisable(LeverContract):
    @pytest.fixture
    def bench(self, lever: Lever, workflows: Workflows, spoiler: Spoiler) -> LeverBench:
        return _switch(lever, workflows, spoiler, "on", "off")

    def test_runs_under_way_are_told_and_go_on(self, bench: LeverBench, workflows: Workflows) -> None:
        workflows.run("retrain.yml", "nightly", "in_progress")
        plan = bench.done()
        assert plan.warning == "1 run is under way, and will go on."
        seen = bench.lever.verify(bench.binding, plan)
        assert seen.evidence == "the workflow reads off in GitHub; 1 run is under way"
        assert workflows.runs[0]["status"] == "in_progress"

    def test_declared_so_they_are_cancelled(self, bench: LeverBench, workflows: Workflows, server: StandIn) -> None:
        bench.binding = CANCEL
        running = workflows.run("retrain.yml", "nightly", "in_progress")
        queued = workflows.run("retrain.yml", "again", "queued")
        workflows.run("rollback.yml", "Bring 41 to production", "in_progress")
        plan = bench.planned()
        assert plan.warning == "Runs that are queued or in progress then are cancelled, for good (2 now)."
        bench.lever.apply(bench.binding, plan, note=NOTE)
        assert [asked.path.rpartition("actions/")[2] for asked in server.writes] == [
            "workflows/retrain.yml/disable",
            f"runs/{queued}/cancel",
            f"runs/{running}/cancel",
        ]
        assert [run["conclusion"] for run in workflows.runs] == [None, "cancelled", "cancelled"]
        assert bench.lever.verify(bench.binding, plan).evidence == "the workflow reads off in GitHub"

    def test_a_run_that_cannot_be_cancelled_is_told(self, bench: LeverBench, workflows: Workflows) -> None:
        bench.binding = CANCEL
        plan = bench.planned()
        workflows.run("retrain.yml", "stuck", "pending")
        bench.lever.apply(bench.binding, plan, note=NOTE)
        seen = bench.lever.verify(bench.binding, plan)
        assert (seen.outcome, seen.evidence) == (
            Outcome.NOT_YET,
            "the workflow reads off in GitHub, but 1 run is still under way",
        )

    @pytest.mark.parametrize("why", ["disabled_inactivity", "disabled_fork"])
    def test_whatever_disabled_it_it_is_off(self, bench: LeverBench, workflows: Workflows, why: str) -> None:
        workflows.states["retrain.yml"] = why
        assert bench.lever.describe(bench.binding).state == "off"

    @pytest.mark.parametrize(
        ("answer", "kind", "said"),
        [
            (
                (403, {"message": "Resource not accessible"}, {"X-Accepted-GitHub-Permissions": "actions=write"}),
                Kind.PERMANENT,
                "needs the permission actions=write in acme/pipelines",
            ),
            ((403, {"message": "You have exceeded a secondary rate limit."}, {"Retry-After": "60"}), None, "60 s"),
            (
                (403, {"message": "rate limit"}, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "4102444800"}),
                None,
                "600 s",
            ),
            ((429, {"message": "slow down"}), None, "5 s"),
            ((404, {"message": "Not Found"}), Kind.PERMANENT, "or the token may not see it"),
            ((422, {"message": "Unable to disable this workflow."}), Kind.PERMANENT, "Unable to disable"),
        ],
    )
    def test_its_refusals_say_what_to_do(
        self, bench: LeverBench, workflows: Workflows, answer: Any, kind: Kind | None, said: str
    ) -> None:
        plan, workflows.answer = bench.planned(), answer
        with pytest.raises(ProviderError) as refused:
            bench.lever.apply(bench.binding, plan, note=NOTE)
        assert refused.value.kind is (kind or Kind.RATE_LIMITED)
        assert said in refused.value.told

    def test_what_is_not_there_is_told(self, bench: LeverBench, workflows: Workflows) -> None:
        with pytest.raises(ProviderError, match=r"no such workflow retrain\.yaml in acme/pipelines"):
            bench.lever.describe({**SWITCH, "workflow": "retrain.yaml"})
        with pytest.raises(ProviderError, match="acme/old-name has moved"):
            bench.lever.describe({**SWITCH, "repository": "acme/old-name"})
        workflows.states["retrain.yml"] = "deleted"
        with pytest.raises(ProviderError, match="is deleted"):
            bench.lever.describe(bench.binding)


class TestEnable(LeverContract):
    @pytest.fixture
    def bench(self, lever: Lever, workflows: Workflows, spoiler: Spoiler) -> LeverBench:
        workflows.states["retrain.yml"] = "disabled_manually"
        return _switch(lever, workflows, spoiler, "off", "on")


class TestDispatch(VersionContract):
    @pytest.fixture
    def bench(self, lever: Lever, workflows: Workflows, spoiler: Spoiler) -> LeverBench:
        workflows.run("rollback.yml", "Bring 42 to production")
        workflows.run("retrain.yml", "Bring 99 to production")
        workflows.run("rollback.yml", "Bring 43 to production")
        workflows.run("rollback.yml", "Bring 44 to production", conclusion="failure")

        def elsewhere() -> None:
            workflows.run("rollback.yml", "Bring 40 to production")

        def brought() -> str:
            ours = [run for run in workflows.runs if run["name"] == "rollback.yml" and run["conclusion"] == "success"]
            return str(ours[0]["display_title"])

        return LeverBench(
            lever=lever,
            binding=DISPATCH,
            before="43",
            after="42",
            target="workflow rollback.yml of acme/pipelines",
            world=brought,
            trouble=spoiler.trouble,
            follow=workflows.end,
            versions=True,
            keeps_marks=False,
            other="40",
            elsewhere=elsewhere,
            secrets=(TOKEN,),
            refuses=True,
            limits=True,
        )

    def test_the_run_is_given_what_the_binding_declares(self, bench: LeverBench, workflows: Workflows) -> None:
        bench.done()
        assert workflows.inputs == [{"version": "42", "reason": "Muster, INC-42 action 17"}]

    def test_a_run_under_way_is_not_started_twice(self, bench: LeverBench, workflows: Workflows) -> None:
        plan = bench.planned()
        bench.lever.apply(bench.binding, plan, note=NOTE)
        bench.lever.apply(bench.binding, plan, note=NOTE)
        assert len(workflows.inputs) == 1
        seen = bench.lever.verify(bench.binding, plan)
        assert seen.outcome is Outcome.NOT_YET
        assert "a run for v42 is queued: https://github.com/acme/pipelines/actions/runs/" in seen.evidence

    def test_a_run_that_fails_is_contradicted_and_may_be_started_again(
        self, bench: LeverBench, workflows: Workflows
    ) -> None:
        plan = bench.planned()
        bench.lever.apply(bench.binding, plan, note=NOTE)
        workflows.end("failure")
        seen = bench.lever.verify(bench.binding, plan)
        assert (seen.outcome, "ended with failure: https" in seen.evidence) == (Outcome.CONTRADICTED, True)
        bench.lever.apply(bench.binding, plan, note=NOTE)
        workflows.end()
        assert bench.lever.verify(bench.binding, plan).outcome is Outcome.CONFIRMED

    def test_somebody_elses_run_under_way_is_waited_for(self, bench: LeverBench, workflows: Workflows) -> None:
        plan = bench.planned()
        workflows.run("rollback.yml", "Bring 40 to production", "in_progress")
        with pytest.raises(Conflict, match="A run is bringing v40 just now"):
            bench.lever.apply(bench.binding, plan, note=NOTE)
        assert workflows.inputs == []

    def test_a_server_that_names_no_run_will_do(self, bench: LeverBench, workflows: Workflows) -> None:
        workflows.plain = True
        bench.done()

    def test_a_title_that_says_something_else_is_found_out(self, bench: LeverBench, workflows: Workflows) -> None:
        plan, workflows.forgetful = bench.planned(), True
        with pytest.raises(OutcomeUnknown, match="does not list it as one that brings v42"):
            bench.lever.apply(bench.binding, plan, note=NOTE)

    def test_a_disabled_workflow_cannot_be_started(self, bench: LeverBench, workflows: Workflows) -> None:
        plan, workflows.states["rollback.yml"] = bench.planned(), "disabled_manually"
        with pytest.raises(ProviderError, match="on a disabled workflow") as refused:
            bench.lever.apply(bench.binding, plan, note=NOTE)
        assert refused.value.kind is Kind.PERMANENT


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"repository": "pipelines"}, "write owner/name"),
        ({"repository": "acme/../x"}, "write owner/name"),
        ({"title": "Bring it"}, "{version} once"),
        ({"inputs": {"version": "{verison}"}}, "{verison} is no placeholder"),
        ({"inputs": {"model": "fraud"}}, "has to hold {version}"),
        ({"workflow": "retrain.yml"}, "names two things to move"),
        ({"titel": "x"}, "Did you mean `title`?"),
    ],
)
def test_bindings_that_cannot_be_used_say_why(lever: Lever, change: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError) as refused:
        lever.check({**DISPATCH, **change})  # type: ignore[attr-defined]
    assert said in refused.value.told
