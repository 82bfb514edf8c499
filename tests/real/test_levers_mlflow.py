"""The lever contract over MLflow, with MLServer as what serves."""

import hmac
import json
from base64 import b64encode
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import count

import pytest

from bot.providers.changes import mlflow as changes
from bot.providers.registry import LeverShelf
from playbooks.domain.actions import choose_rollback_target
from playbooks.plugin import Kind, Lever, Mark, MusterError, Outcome, change_target, own_note
from tests.contracts.lever_suite import AliasContract, LeverBench, SetClock
from tests.contracts.spoiler import Spoiler
from tests.real import servers
from tests.real.listener import Inbox
from tests.real.servers import MLflow, MLServer

pytestmark = pytest.mark.real

NAMES = (f"scorer-{number}" for number in count(1))
NOTE = "INC-42 action 17"


def _changes_something(method: str, path: str) -> bool:
    """Notes are no part of the effect; `set-tag` is left alone so that only the alias can be spoilt."""
    return method != "GET" and "registered-models/alias" in path


@pytest.fixture(scope="module")
def spoiler(mlflow_server: MLflow) -> Iterator[Spoiler]:
    spoiler = Spoiler(mlflow_server.url, _changes_something)
    yield spoiler
    spoiler.close()


@pytest.fixture
def clock() -> SetClock:
    return SetClock(datetime(2026, 11, 21, 2, 31, tzinfo=UTC))


@pytest.fixture
def lever(spoiler: Spoiler, clock: SetClock) -> Iterator[Lever]:
    shelf = LeverShelf({"mlflow": {"url": spoiler.url, "timeout": 3.0}}, clock=clock)
    yield shelf.get("mlflow")
    shelf.close()


@pytest.fixture
def model(mlflow_server: MLflow) -> str:
    """A model of this test's own: three versions, 3 is champion."""
    name = next(NAMES)
    mlflow_server.register(name, versions=3)
    mlflow_server.point(name, "champion", "3")
    return name


class TestMlflowAlias(AliasContract):
    @pytest.fixture
    def bench(
        self, lever: Lever, model: str, spoiler: Spoiler, mlflow_server: MLflow, mlserver: MLServer
    ) -> LeverBench:
        mlserver.deploy(model, "3")
        return LeverBench(
            lever=lever,
            binding={"model": model, "alias": "champion", "serving": mlserver.url, "answers": 20},
            before="3",
            after="2",
            target=f"{model}@champion",
            world=lambda: mlflow_server.pointed(model, "champion"),
            trouble=spoiler.trouble,
            follow=lambda: mlserver.deploy(model, mlflow_server.pointed(model, "champion")),
            versions=True,
            lags=True,
            other="1",
            elsewhere=lambda: mlflow_server.point(model, "champion", "1"),
            refuses=True,
            limits=True,
        )

    def test_evidence_counts_answers_of_the_server(self, bench: LeverBench) -> None:
        described = bench.lever.describe(bench.binding)
        plan = bench.planned()
        bench.lever.apply(bench.binding, plan, note=NOTE)
        before = bench.lever.verify(bench.binding, plan)
        bench.follow()
        after = bench.lever.verify(bench.binding, plan)

        assert described.served == "3"
        assert before.evidence == "0 of 5 answers carry v2, the others v3"
        assert after.evidence == "20 of 20 answers carry v2"

    def test_an_unreachable_server_is_not_yet(self, bench: LeverBench) -> None:
        binding = {**bench.binding, "serving": "http://127.0.0.1:9"}
        plan = bench.planned()
        bench.lever.apply(binding, plan, note=NOTE)

        seen = bench.lever.verify(binding, plan)
        assert seen.outcome is Outcome.NOT_YET
        assert "cannot be reached" in seen.evidence
        assert bench.lever.describe(binding).served == ""


def test_the_note_is_left_on_the_version(lever: Lever, model: str, mlflow_server: MLflow) -> None:
    plan = lever.plan({"model": model}, lever.describe({"model": model}), "1")
    lever.apply({"model": model}, plan, note=NOTE)

    row = mlflow_server.call("GET", "model-versions/get", name=model, version="1").json()["model_version"]
    assert {"key": "muster.note", "value": NOTE} in row["tags"]


def test_the_target_is_the_last_good_one_by_the_time_of_its_mark(lever: Lever, model: str, clock: SetClock) -> None:
    binding = {"model": model}
    assert choose_rollback_target(lever.describe(binding)) is None
    lever.mark(binding, "2", Mark.GOOD, note="evaluation 0.93")
    clock.at += timedelta(days=1)
    lever.mark(binding, "1", Mark.GOOD, note="evaluation 0.94")

    chosen = choose_rollback_target(lever.describe(binding))
    assert chosen is not None
    assert chosen.id == "1"
    assert chosen.marked_at == clock.at


def test_validation_status_is_a_mark_too(lever: Lever, model: str, mlflow_server: MLflow) -> None:
    body = {"name": model, "version": "2", "key": "validation_status", "value": "approved"}
    mlflow_server.call("POST", "model-versions/set-tag", **body).raise_for_status()

    versions = {version.id: version for version in lever.describe({"model": model}).versions}
    assert (versions["2"].mark, versions["2"].mark_note) == (Mark.GOOD, "validation_status approved")


def test_an_alias_that_was_not_set_is_taken_away_again(lever: Lever, model: str, mlflow_server: MLflow) -> None:
    binding = {"model": model, "alias": "shadow"}
    plan = lever.plan(binding, lever.describe(binding), "1")
    lever.apply(binding, plan, note=NOTE)
    undo = lever.undo(plan)
    lever.apply(binding, undo, note=NOTE)

    assert (plan.before, undo.after) == ("", "")
    assert mlflow_server.call("GET", "registered-models/alias", name=model, alias="shadow").status_code == 400
    assert lever.verify(binding, undo).outcome is Outcome.CONFIRMED


def test_an_unknown_model_is_named(lever: Lever) -> None:
    with pytest.raises(MusterError, match="mlflow has no model nowhere") as failed:
        lever.describe({"model": "nowhere"})
    assert failed.value.kind is Kind.PERMANENT


def test_versions_beyond_one_page_are_candidates(
    lever: Lever, mlflow_server: MLflow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.providers.levers.mlflow.PAGE", 2)
    name = next(NAMES)
    mlflow_server.register(name, versions=5)

    assert [version.id for version in lever.describe({"model": name}).versions] == ["5", "4", "3", "2", "1"]


@pytest.fixture
def fresh_mlflow() -> Iterator[MLflow]:
    """One that has looked up no webhooks yet: it remembers for a minute that there were none."""
    with servers.mlflow_server() as server:
        yield server


def test_our_own_rollback_comes_back_as_an_echo(fresh_mlflow: MLflow, inbox: Inbox) -> None:
    """The webhook of a real move has the plan's target and after-state, and a signature that holds."""
    events = [
        {"entity": "MODEL_VERSION_ALIAS", "action": "CREATED"},
        {"entity": "MODEL_VERSION_TAG", "action": "SET"},
    ]
    hook = fresh_mlflow.call("POST", "webhooks", name="muster", url=inbox.url, secret="s3cr3t", events=events)
    hook.raise_for_status()
    fresh_mlflow.register("echoed", versions=2)
    lever = LeverShelf({"mlflow": {"url": fresh_mlflow.url}}).get("mlflow")
    plan = lever.plan({"model": "echoed"}, lever.describe({"model": "echoed"}), "2")
    lever.apply({"model": "echoed"}, plan, note=NOTE)
    deliveries = inbox.wait_for(2)

    now = datetime.now(UTC)
    seen = {}
    for delivery in deliveries:
        assert changes.signed(delivery.headers, delivery.body, ["old", "s3cr3t"], now=now)
        assert not changes.signed(delivery.headers, delivery.body + b" ", ["s3cr3t"], now=now)
        [change] = changes.read(delivery.headers, delivery.body, source="mlflow", received_at=now)
        seen[change.kind] = change
    echo = seen["model_alias"]
    assert (change_target(echo), echo.after) == (plan.target, plan.after)
    assert own_note(seen["model_tag"])


def test_the_signature_is_the_documented_one() -> None:
    body = json.dumps({"a": 1}).encode()
    now = datetime.now(UTC)
    stamp = str(int(now.timestamp()))
    digest = hmac.new(b"k", f"id.{stamp}.".encode() + body, sha256).digest()
    headers = {
        "x-mlflow-signature": "v1," + b64encode(digest).decode(),
        "x-mlflow-delivery-id": "id",
        "x-mlflow-timestamp": stamp,
    }

    assert changes.signed(headers, body, ["k"], now=now)
    assert not changes.signed(headers, body, ["k"], now=now + timedelta(minutes=6))
