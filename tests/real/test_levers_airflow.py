"""The lever contract over Airflow: a DAG is paused, and what happens to its runs is said and done."""

from collections.abc import Iterator

import pytest

from bot.providers.registry import LeverShelf
from playbooks.plugin import Kind, Lever, MusterError, Outcome
from tests.contracts.lever_suite import LeverBench, LeverContract
from tests.contracts.spoiler import Spoiler
from tests.real.servers import Airflow

pytestmark = pytest.mark.real

DAG = "retrain-fraud-scorer"
NOTE = "INC-42 action 18"


@pytest.fixture(scope="module")
def spoiler(airflow: Airflow) -> Iterator[Spoiler]:
    spoiler = Spoiler(airflow.url, lambda method, path: method == "PATCH")
    yield spoiler
    spoiler.close()


@pytest.fixture
def lever(spoiler: Spoiler, airflow: Airflow) -> Iterator[Lever]:
    login = {"username": airflow.user, "password": airflow.password}
    shelf = LeverShelf({"airflow": {"url": spoiler.url, "timeout": 2.0, **login}})
    yield shelf.get("airflow")
    shelf.close()


def _runs(airflow: Airflow) -> dict[str, dict]:
    return {run["dag_run_id"]: run for run in airflow.call("GET", f"dags/{DAG}/dagRuns").json()["dag_runs"]}


def _paused(airflow: Airflow) -> bool:
    return bool(airflow.call("GET", f"dags/{DAG}").json()["is_paused"])


@pytest.fixture
def unpaused(airflow: Airflow) -> None:
    """The DAG, not paused, without runs."""
    airflow.call("PATCH", f"dags/{DAG}", {"is_paused": False}).raise_for_status()
    for run in _runs(airflow):
        airflow.call("DELETE", f"dags/{DAG}/dagRuns/{run}").raise_for_status()


@pytest.fixture
def queued(unpaused: None, airflow: Airflow) -> tuple[str, str]:
    """Two queued runs; nothing schedules here, so they stay queued."""
    names = ("a-run", "another:run+1")
    for name in names:
        body = {"dag_run_id": name, "logical_date": None, "note": "by hand"}
        airflow.call("POST", f"dags/{DAG}/dagRuns", body).raise_for_status()
    return names


class TestPause(LeverContract):
    @pytest.fixture
    def bench(self, lever: Lever, airflow: Airflow, spoiler: Spoiler, unpaused: None) -> LeverBench:
        return LeverBench(
            lever=lever,
            binding={"dag": DAG},
            before="on",
            after="off",
            target=DAG,
            world=lambda: (_paused(airflow), {name: run["state"] for name, run in _runs(airflow).items()}),
            trouble=spoiler.trouble,
            secrets=(airflow.password, airflow.token()),
            refuses=True,
            limits=True,
        )


def test_queued_runs_wait_and_are_told(lever: Lever, airflow: Airflow, queued: tuple[str, str]) -> None:
    plan = lever.plan({"dag": DAG}, lever.describe({"dag": DAG}), "off")
    lever.apply({"dag": DAG}, plan, note=NOTE)
    back = lever.plan({"dag": DAG}, lever.describe({"dag": DAG}), "on")

    assert plan.warning == "2 runs are queued: what waits starts when it is turned on again."
    assert lever.verify({"dag": DAG}, plan).evidence == (
        "the DAG reads off in Airflow; 2 runs are queued and 0 runs are running"
    )
    assert back.warning == "2 runs are queued: what waits starts at once."
    assert {run["state"] for run in _runs(airflow).values()} == {"queued"}


def test_queued_runs_are_failed_where_the_binding_says_so(
    lever: Lever, airflow: Airflow, queued: tuple[str, str]
) -> None:
    binding = {"dag": DAG, "queued": "fail"}
    plan = lever.plan(binding, lever.describe(binding), "off")
    waiting = lever.verify(binding, plan).outcome
    for _ in range(2):
        lever.apply(binding, plan, note=NOTE)
    seen = lever.verify(binding, plan)
    after = _runs(airflow)
    lever.apply(binding, lever.undo(plan), note=NOTE)

    assert waiting is Outcome.CONTRADICTED
    assert plan.warning == "2 queued runs are set to failed, for good."
    assert seen.outcome is Outcome.CONFIRMED
    assert [(after[name]["state"], after[name]["note"]) for name in queued] == [("failed", f"by hand\n{NOTE}")] * 2
    assert not _paused(airflow)
    assert "stay failed" in lever.undo(plan).warning
    assert {run["state"] for run in _runs(airflow).values()} == {"failed"}


def test_a_run_that_was_to_be_failed_and_is_not_is_never_confirmed(
    lever: Lever, airflow: Airflow, queued: tuple[str, str]
) -> None:
    binding = {"dag": DAG, "queued": "fail"}
    plan = lever.plan(binding, lever.describe(binding), "off")
    airflow.call("PATCH", f"dags/{DAG}", {"is_paused": True}).raise_for_status()

    seen = lever.verify(binding, plan)
    assert (seen.outcome, seen.evidence) == (
        Outcome.NOT_YET,
        "the DAG is paused, but its run a-run is still queued",
    )


def test_a_token_that_has_run_out_is_fetched_anew(
    lever: Lever, unpaused: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    lever.describe({"dag": DAG})
    api = lever._api  # type: ignore[attr-defined]
    monkeypatch.setitem(api._callers[-1]._client.headers, "Authorization", "Bearer has-run-out")

    assert lever.describe({"dag": DAG}).state == "on"
    assert len(api._callers) == 2


def test_wrong_passwords_and_tokens_name_their_setting_only(airflow: Airflow) -> None:
    for key, settings in (
        ("password", {"username": airflow.user, "password": "not-the-password"}),
        ("token", {"token": "not-a-token"}),
    ):
        shelf = LeverShelf({"airflow": {"url": airflow.url, **settings}})
        with pytest.raises(MusterError) as failed:
            shelf.get("airflow").describe({"dag": DAG})
        shelf.close()
        assert failed.value.kind is Kind.PERMANENT
        assert f"`providers.airflow.{key}`" in failed.value.told
        assert "not-" not in failed.value.told


def test_an_unknown_dag_is_named(lever: Lever) -> None:
    with pytest.raises(MusterError, match="airflow has no DAG nowhere") as failed:
        lever.describe({"dag": "nowhere"})
    assert failed.value.kind is Kind.PERMANENT
