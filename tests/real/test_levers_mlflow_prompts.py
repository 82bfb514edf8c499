"""The lever contract over MLflow's prompts, and over indexes whose version in use is an alias or a tag."""

import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count

import pytest

from bot.providers.registry import LeverShelf
from playbooks.plugin import Kind, Lever, Mark, MusterError, Outcome
from tests.contracts.lever_suite import LeverBench, LeverContract, SetClock
from tests.contracts.spoiler import Spoiler
from tests.real.environments import python_environment
from tests.real.servers import MLflow

pytestmark = pytest.mark.real

NAMES = (f"answer-{number}" for number in count(1))
NOTE = "INC-42 action 17"
IS_PROMPT = {"key": "mlflow.prompt.is_prompt", "value": "true"}


def _moves(method: str, path: str) -> bool:
    """Only the alias or tag of the registered model is spoilt; notes at versions are no part of the effect."""
    return method != "GET" and "registered-models/" in path


@pytest.fixture(scope="module")
def spoiler(mlflow_server: MLflow) -> Iterator[Spoiler]:
    spoiler = Spoiler(mlflow_server.url, _moves)
    yield spoiler
    spoiler.close()


@pytest.fixture
def lever(spoiler: Spoiler) -> Iterator[Lever]:
    clock = SetClock(datetime(2026, 11, 21, 2, 31, tzinfo=UTC))
    shelf = LeverShelf({"mlflow": {"url": spoiler.url, "timeout": 2.0}}, clock=clock)
    yield shelf.get("mlflow")
    shelf.close()


@pytest.fixture
def prompt(mlflow_server: MLflow) -> str:
    """A prompt as MLflow's client registers it: three versions, 3 is in production."""
    name = next(NAMES)
    mlflow_server.call("POST", "registered-models/create", name=name, tags=[IS_PROMPT]).raise_for_status()
    for number in ("1", "2", "3"):
        tags = [IS_PROMPT, {"key": "mlflow.prompt.text", "value": f"Answer politely ({number}): {{{{question}}}}"}]
        body = {"name": name, "source": "dummy-source", "tags": tags}
        mlflow_server.call("POST", "model-versions/create", **body).raise_for_status()
    mlflow_server.point(name, "production", "3")
    return name


@pytest.fixture
def index(mlflow_server: MLflow) -> str:
    """An index with three builds, the first with another embedding model; the tag `live` names the third."""
    name = next(NAMES)
    mlflow_server.register(name, versions=3, tags={"live": "3", "owner": "search"})
    for version, model in (("1", "e5-large"), ("2", "bge-m3"), ("3", "bge-m3")):
        tag = {"key": "embedding_model", "value": model}
        mlflow_server.call("POST", "model-versions/set-tag", name=name, version=version, **tag).raise_for_status()
    return name


def _tags(server: MLflow, name: str) -> dict[str, str]:
    """Tags of a registered model."""
    rows = server.call("GET", "registered-models/get", name=name).json()["registered_model"].get("tags", [])
    return {row["key"]: row["value"] for row in rows}


class TestPrompt(LeverContract):
    @pytest.fixture
    def bench(self, lever: Lever, prompt: str, spoiler: Spoiler, mlflow_server: MLflow) -> LeverBench:
        return LeverBench(
            lever=lever,
            binding={"prompt": prompt, "alias": "production"},
            before="3",
            after="2",
            target=f"{prompt}@production",
            world=lambda: (mlflow_server.pointed(prompt, "production"), _tags(mlflow_server, prompt)),
            trouble=spoiler.trouble,
            versions=True,
            other="1",
            refuses=True,
            limits=True,
        )

    def test_the_plan_says_that_clients_follow_later(self, bench: LeverBench) -> None:
        proof = bench.planned().proof
        assert proof == "the registry's alias reads v2 (MLflow's clients keep an alias for up to 60 s)"


class TestTagOfAnIndex(LeverContract):
    @pytest.fixture
    def bench(self, lever: Lever, index: str, spoiler: Spoiler, mlflow_server: MLflow) -> LeverBench:
        return LeverBench(
            lever=lever,
            binding={"index": index, "tag": "live"},
            before="3",
            after="2",
            target=f"{index}@live",
            world=lambda: _tags(mlflow_server, index),
            trouble=spoiler.trouble,
            versions=True,
            other="1",
            refuses=True,
            limits=True,
        )

    def test_a_tag_that_was_not_set_is_taken_away_again(self, bench: LeverBench) -> None:
        binding = {**bench.binding, "tag": "shadow"}
        was = bench.world()
        plan = bench.lever.plan(binding, bench.lever.describe(binding), "1")
        bench.lever.apply(binding, plan, note=NOTE)
        undo = bench.lever.undo(plan)
        bench.lever.apply(binding, undo, note=NOTE)

        assert (plan.before, undo.after) == ("", "")
        assert bench.world() == was
        assert bench.lever.verify(binding, undo).outcome is Outcome.CONFIRMED


def test_another_embedding_model_is_a_warning(lever: Lever, index: str) -> None:
    binding = {"index": index, "tag": "live"}
    lever.mark(binding, "1", Mark.GOOD, note="recall 0.91")
    lever.mark(binding, "2", Mark.GOOD, note="recall 0.92")
    described = lever.describe(binding)

    assert lever.plan(binding, described, "1").warning == (
        "v1 was built with e5-large, v3 with bge-m3: queries must be embedded with the same."
    )
    assert lever.plan(binding, described, "2").warning == ""


def test_mlflows_own_client_loads_the_version_rolled_back_to(lever: Lever, prompt: str, mlflow_server: MLflow) -> None:
    binding = {"prompt": prompt, "alias": "production"}
    lever.apply(binding, lever.plan(binding, lever.describe(binding), "1"), note=NOTE)

    program = python_environment("mlflow") / "bin" / "python"
    code = (
        "import mlflow, sys; mlflow.set_tracking_uri(sys.argv[1]); "
        "print(mlflow.genai.load_prompt(f'prompts:/{sys.argv[2]}@production').template)"
    )
    done = subprocess.run(
        [program, "-c", code, mlflow_server.url, prompt], capture_output=True, text=True, timeout=120, check=True
    )
    assert done.stdout.strip().splitlines()[-1] == "Answer politely (1): {{question}}"


def test_what_is_not_there_is_named_as_what_it_is(lever: Lever) -> None:
    for binding, said in (
        ({"prompt": "nowhere"}, "mlflow has no prompt nowhere"),
        ({"index": "nowhere", "tag": "live"}, "mlflow has no index nowhere"),
    ):
        with pytest.raises(MusterError, match=said) as failed:
            lever.describe(binding)
        assert failed.value.kind is Kind.PERMANENT
