"""The lever contract over MLServer: a model is unloaded and loaded; a version is only proved."""

from collections.abc import Iterator
from itertools import count

import pytest

from bot.providers.registry import LeverShelf
from bot.providers.serving import ServingCheck
from playbooks.plugin import ConfigError, InputError, Kind, Lever, Mark, MusterError, Outcome, Plan
from tests.contracts.lever_suite import LeverBench, LeverContract
from tests.contracts.spoiler import Spoiler
from tests.real.servers import MLServer
from tests.real.servers import mlserver as another_mlserver

pytestmark = pytest.mark.real

NAMES = (f"served-{number}" for number in count(1))
NOTE = "INC-42 action 18"


@pytest.fixture(scope="module")
def spoiler(mlserver: MLServer) -> Iterator[Spoiler]:
    spoiler = Spoiler(mlserver.url, lambda method, path: path.endswith(("/load", "/unload")))
    yield spoiler
    spoiler.close()


@pytest.fixture
def lever(spoiler: Spoiler) -> Iterator[Lever]:
    shelf = LeverShelf({"v2": {"url": spoiler.url, "token": "a-token-for-the-proxy", "load_timeout": 1.5}})
    yield shelf.get("v2")
    shelf.close()


@pytest.fixture
def model(mlserver: MLServer) -> str:
    name = next(NAMES)
    mlserver.deploy(name, "7")
    return name


def _plan(model: str, after: str) -> Plan:
    return Plan(provider="v2", target=f"{model}@champion", before="", after=after)


def _loaded(mlserver: MLServer, model: str) -> object:
    """Which version answers, or the refusal."""
    answer = mlserver.infer(model)
    return answer.json()["model_version"] if answer.is_success else answer.status_code


class TestUnload(LeverContract):
    @pytest.fixture
    def bench(self, lever: Lever, mlserver: MLServer, spoiler: Spoiler, model: str) -> LeverBench:
        mlserver.deploy(model, "7", "8")
        return LeverBench(
            lever=lever,
            binding={"model": model},
            before="on",
            after="off",
            target=model,
            world=lambda: _loaded(mlserver, model),
            trouble=spoiler.trouble,
            secrets=("a-token-for-the-proxy",),
            refuses=True,
            limits=True,
        )

    def test_the_approver_is_warned_and_the_refusal_is_seen(self, bench: LeverBench) -> None:
        assert bench.planned().warning == "Whoever asks for it gets an error while it is unloaded."
        plan = bench.done()
        seen = bench.lever.verify(bench.binding, plan)
        undo = bench.lever.undo(plan)
        bench.lever.apply(bench.binding, undo, note=NOTE)

        assert seen.evidence == "unloaded on 1 of 1 servers; none answers"
        assert bench.lever.verify(bench.binding, undo).evidence == "loaded on 1 of 1 servers; each answers"


class TestLoad(LeverContract):
    """A model that is in the repository and not loaded."""

    @pytest.fixture
    def bench(self, lever: Lever, mlserver: MLServer, spoiler: Spoiler, model: str) -> LeverBench:
        mlserver.unload(model).raise_for_status()
        return LeverBench(
            lever=lever,
            binding={"model": model},
            before="off",
            after="on",
            target=model,
            world=lambda: _loaded(mlserver, model),
            trouble=spoiler.trouble,
        )


def test_other_versions_than_before_are_contradicted(lever: Lever, mlserver: MLServer, model: str) -> None:
    """Somebody rolls out while it is unloaded: a server loads what its repository holds by then."""
    plan = lever.plan({"model": model}, lever.describe({"model": model}), "off")
    lever.apply({"model": model}, plan, note=NOTE)
    undo = lever.undo(plan)
    mlserver.deploy(model, "9")
    lever.apply({"model": model}, undo, note=NOTE)

    seen = lever.verify({"model": model}, undo)
    assert (seen.outcome, seen.evidence) == (Outcome.CONTRADICTED, "it is loaded with v9, and was with v7")


def test_every_server_is_told_and_those_that_had_it_get_it_back(mlserver: MLServer, model: str) -> None:
    with another_mlserver({model: ["7"], "elsewhere": ["1"]}) as other:
        lever = LeverShelf({"v2": {"url": [mlserver.url, other.url]}}).get("v2")
        both = lever.plan({"model": model}, lever.describe({"model": model}), "off")
        lever.apply({"model": model}, both, note=NOTE)
        other.load(model).raise_for_status()
        half = lever.verify({"model": model}, both)
        other.unload(model).raise_for_status()
        gone = lever.verify({"model": model}, both)
        lever.apply({"model": model}, lever.undo(both), note=NOTE)
        back = lever.verify({"model": model}, lever.undo(both))
        one = lever.plan({"model": "elsewhere"}, lever.describe({"model": "elsewhere"}), "off")
        lever.apply({"model": "elsewhere"}, one, note=NOTE)
        lever.apply({"model": "elsewhere"}, lever.undo(one), note=NOTE)

        assert (half.outcome, half.evidence) == (Outcome.CONTRADICTED, "it is loaded on 1 of 2 servers")
        assert (gone.outcome, gone.evidence) == (Outcome.CONFIRMED, "unloaded on 2 of 2 servers; none answers")
        assert (back.outcome, back.evidence) == (Outcome.CONFIRMED, "loaded on 2 of 2 servers; each answers")
        assert one.warning.startswith("It is loaded on 1 of 2 servers. ")
        assert lever.verify({"model": "elsewhere"}, lever.undo(one)).outcome is Outcome.CONFIRMED
        assert _loaded(other, "elsewhere") == "1"


def test_an_unknown_model_is_named(lever: Lever) -> None:
    with pytest.raises(MusterError, match="v2 has no model nowhere") as failed:
        lever.describe({"model": "nowhere"})
    assert failed.value.kind is Kind.PERMANENT


def test_at_least_one_server_is_needed() -> None:
    with pytest.raises(ConfigError, match="at least one server"):
        LeverShelf({"v2": {"url": []}}).get("v2")


def test_describes_what_is_loaded_and_what_answers(lever: Lever, mlserver: MLServer, model: str) -> None:
    mlserver.deploy(model, "7", "8")
    described = lever.describe({"model": model})

    assert {version.id for version in described.versions} == {"7", "8"}
    assert described.state == "on"
    assert described.served == mlserver.infer(model).json()["model_version"]


def test_verifies_by_the_answers(lever: Lever, mlserver: MLServer, model: str) -> None:
    old = lever.verify({"model": model}, _plan(model, "8"))
    mlserver.deploy(model, "8")
    new = lever.verify({"model": model, "answers": 30}, _plan(model, "8"))

    assert (old.outcome, old.evidence) == (Outcome.NOT_YET, "0 of 5 answers carry v8, the others v7")
    assert (new.outcome, new.evidence) == (Outcome.CONFIRMED, "30 of 30 answers carry v8")


def test_an_unloaded_model_is_not_yet(lever: Lever, mlserver: MLServer, model: str) -> None:
    mlserver.unload(model).raise_for_status()
    seen = lever.verify({"model": model}, _plan(model, "7"))

    assert seen.outcome is Outcome.NOT_YET
    assert seen.evidence
    assert lever.describe({"model": model}).served == ""


def test_says_which_lever_to_bind_instead(lever: Lever, model: str) -> None:
    binding = {"model": model}
    described = lever.describe(binding)
    with pytest.raises(InputError, match="can only verify") as refused:
        lever.plan(binding, described, "8")
    assert "serving: URL" in refused.value.next_step
    with pytest.raises(InputError):
        lever.apply(binding, _plan(model, "8"), note="")
    lever.mark(binding, "7", Mark.GOOD, note="")


def test_ready_versions_are_read(mlserver: MLServer, model: str) -> None:
    with ServingCheck([mlserver.url], model) as serving:
        assert serving.ready("7")
        assert not serving.ready("9")


def test_a_sample_of_ones_own_is_sent(lever: Lever, model: str) -> None:
    sample = {"inputs": [{"name": "x", "shape": [2], "datatype": "FP32", "data": [0.1, 0.2]}]}

    assert lever.verify({"model": model, "sample": sample}, _plan(model, "7")).outcome is Outcome.CONFIRMED
