"""The read-only lever over MLServer."""

from collections.abc import Iterator
from itertools import count

import pytest

from bot.providers.registry import LeverShelf
from bot.providers.serving import ServingCheck
from playbooks.plugin import InputError, Lever, Mark, Outcome, Plan
from tests.real.servers import MLServer

pytestmark = pytest.mark.real

NAMES = (f"served-{number}" for number in count(1))


@pytest.fixture
def lever(mlserver: MLServer) -> Iterator[Lever]:
    shelf = LeverShelf({"v2": {"url": mlserver.url}})
    yield shelf.get("v2")
    shelf.close()


@pytest.fixture
def model(mlserver: MLServer) -> str:
    name = next(NAMES)
    mlserver.deploy(name, "7")
    return name


def _plan(model: str, after: str) -> Plan:
    return Plan(provider="v2", target=f"{model}@champion", before="", after=after)


def test_describes_what_is_loaded_and_what_answers(lever: Lever, mlserver: MLServer, model: str) -> None:
    mlserver.deploy(model, "7", "8")
    described = lever.describe({"model": model})

    assert {version.id for version in described.versions} == {"7", "8"}
    assert described.state == described.served == mlserver.infer(model).json()["model_version"]


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
