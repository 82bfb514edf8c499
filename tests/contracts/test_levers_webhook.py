"""The lever contract over signed webhooks, against a receiver of somebody's own over HTTP."""

import hmac
from base64 import b64decode, b64encode
from collections.abc import Iterator
from copy import deepcopy
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import pytest

from bot.providers.registry import LeverShelf
from bot.providers.signing import key_of, signature
from playbooks.plugin import ConfigError, Conflict, InputError, Kind, Lever, Outcome, ProviderError
from tests.contracts.lever_suite import NOTE, LeverBench, LeverContract, SetClock
from tests.contracts.spoiler import Spoiler
from tests.contracts.stand_in import Asked, StandIn, standing_in

NIGHT = datetime(2026, 11, 21, 2, 31, tzinfo=UTC)
OLD, SECRET = "whsec_b2xkLXNlY3JldA==", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
TOKEN = "s3cr3t-token"
SWITCH = {
    "target": "scheduler/nightly-scoring",
    "read": {"path": "/jobs/nightly-scoring", "value": "/data/replicas"},
    "change": {"method": "PATCH", "path": "/jobs/nightly-scoring", "body": {"replicas": 0, "why": "{note}"}},
    "undo": {"method": "PATCH", "path": "/jobs/nightly-scoring", "body": {"replicas": "{kept.replicas}"}},
    "verify": {"path": "/running/nightly-scoring?of={after}", "value": "/replicas"},
    "values": {"off": 0},
    "keep": {"replicas": "/data/replicas"},
    "busy": {"value": "/data/status", "among": ["updating"]},
}
SERVED = {
    "target": "router/fraud-prompt",
    "read": {"path": "/routes/{target}", "value": "/version"},
    "change": {"method": "PUT", "path": "/routes/{target}/version", "body": {"version": "{after}", "key": "{key}"}},
    "candidates": {"path": "/prompts", "items": "/items", "id": "/name"},
}


class Receiver:
    """A scheduler and a prompt router that take signed webhooks and nothing else."""

    def __init__(self, clock: SetClock) -> None:
        self.clock = clock
        self.job: dict[str, Any] = {"replicas": 3, "status": "running"}
        self.route = "43"
        self.secrets = [SECRET]
        self.follows = True
        self.running = 3

    def __call__(self, asked: Asked) -> tuple[int, Any]:
        if not self._signed(asked):
            return 401, {"message": "bad signature"}
        if asked.headers.get("authorization") != f"Bearer {TOKEN}":
            return 403, {"message": "bad token"}
        match asked.method, asked.path:
            case "GET", "/jobs/nightly-scoring":
                return 200, {"data": self.job}
            case "PATCH", "/jobs/nightly-scoring":
                self.job = {**self.job, "replicas": asked.body["replicas"]}
                self.running = self.job["replicas"] if self.follows else self.running
                return 202, None
            case "GET", "/running/nightly-scoring":
                return 200, {"replicas": self.running}
            case "GET", "/routes/router%2Ffraud-prompt":
                return 200, {"version": int(self.route)}
            case "PUT", "/routes/router%2Ffraud-prompt/version":
                self.route = asked.body["version"]
                return 200, {}
            case "GET", "/prompts":
                return 200, {"items": [{"name": "43"}, {"name": "42"}, {"name": "40"}]}
        return 404, {"message": "nothing here"}

    def _signed(self, asked: Asked) -> bool:
        """As the specification says it, in code of its own."""
        given = asked.headers.get("webhook-signature", "")
        stamp = asked.headers.get("webhook-timestamp", "0")
        if abs(int(stamp) - self.clock.now().timestamp()) > 300:
            return False
        content = b".".join((asked.headers.get("webhook-id", "").encode(), stamp.encode(), asked.raw))
        for secret in self.secrets:
            key = b64decode(secret.removeprefix("whsec_"))
            wanted = "v1," + b64encode(hmac.new(key, content, sha256).digest()).decode()
            if any(hmac.compare_digest(wanted, each) for each in given.split(" ")):
                return True
        return False


@pytest.fixture
def clock() -> SetClock:
    return SetClock(NIGHT)


@pytest.fixture
def receiver(clock: SetClock) -> Receiver:
    return Receiver(clock)


@pytest.fixture
def server(receiver: Receiver) -> Iterator[StandIn]:
    with standing_in(receiver) as server:
        yield server


@pytest.fixture
def spoiler(server: StandIn) -> Iterator[Spoiler]:
    spoiler = Spoiler(server.url, lambda method, path: method != "GET")
    yield spoiler
    spoiler.close()


def _lever(url: str, clock: SetClock, **more: Any) -> tuple[LeverShelf, Lever]:
    settings = {"kind": "webhook", "url": url, "secret": SECRET, "token": TOKEN, "timeout": 10.0, **more}
    shelf = LeverShelf({"scheduler": settings}, clock=clock)
    return shelf, shelf.get("scheduler")


@pytest.fixture
def lever(spoiler: Spoiler, clock: SetClock, patience: float) -> Iterator[Lever]:
    shelf, lever = _lever(spoiler.url, clock, timeout=patience)
    yield lever
    shelf.close()


class TestSwitch(LeverContract):
    @pytest.fixture
    def bench(self, lever: Lever, receiver: Receiver, spoiler: Spoiler) -> LeverBench:
        return LeverBench(
            lever=lever,
            binding=SWITCH,
            before="on",
            after="off",
            target="scheduler/nightly-scoring",
            world=lambda: deepcopy(receiver.job),
            trouble=spoiler.trouble,
            secrets=(TOKEN, SECRET, SECRET.removeprefix("whsec_")),
            refuses=True,
            limits=True,
        )

    def test_undo_brings_the_number_back_that_stood_there(self, bench: LeverBench, receiver: Receiver) -> None:
        receiver.job["replicas"] = 7
        undo = bench.lever.undo(bench.done())
        bench.lever.apply(SWITCH, undo, note=NOTE)
        assert receiver.job["replicas"] == 7
        receiver.job["replicas"] = 6
        seen = bench.lever.verify(SWITCH, undo)
        assert (seen.outcome, seen.evidence) == (
            Outcome.CONTRADICTED,
            "scheduler/nightly-scoring is on, with another replicas than before",
        )

    def test_what_stood_there_is_not_guessed(self, bench: LeverBench, receiver: Receiver) -> None:
        receiver.job["replicas"] = 0
        with pytest.raises(InputError, match="What stood there before is not known"):
            bench.lever.plan(SWITCH, bench.lever.describe(SWITCH), "on")

    def test_a_change_under_way_and_an_effect_that_lags_are_not_yet(
        self, bench: LeverBench, receiver: Receiver
    ) -> None:
        plan = bench.planned()
        receiver.job["status"] = "updating"
        waiting = bench.lever.verify(SWITCH, plan)
        receiver.follows = False
        bench.lever.apply(SWITCH, plan, note=NOTE)
        taken = bench.lever.verify(SWITCH, plan)
        receiver.job["status"] = "running"
        lagging = bench.lever.verify(SWITCH, plan)
        assert [seen.outcome for seen in (waiting, taken, lagging)] == [Outcome.NOT_YET] * 3
        assert waiting.evidence == (
            "scheduler answers on for scheduler/nightly-scoring, not off; the change is still under way"
        )
        assert lagging.evidence.endswith("but its effect still reads on")

    def test_a_change_keeps_its_key_when_it_is_sent_again(
        self, bench: LeverBench, receiver: Receiver, server: StandIn
    ) -> None:
        plan = bench.done()
        receiver.job["replicas"] = 3
        bench.lever.apply(SWITCH, plan, note=NOTE)
        receiver.job["replicas"] = 3
        bench.lever.apply(SWITCH, plan, note="INC-42 action 18")
        keys = [asked.headers["idempotency-key"] for asked in server.writes]
        assert keys == [asked.headers["webhook-id"] for asked in server.writes]
        assert keys[0] == keys[1] != keys[2]
        assert server.writes[0].body == {"replicas": 0, "why": NOTE}


class TestServed(LeverContract):
    @pytest.fixture
    def bench(self, lever: Lever, receiver: Receiver, spoiler: Spoiler) -> LeverBench:
        return LeverBench(
            lever=lever,
            binding=SERVED,
            before="43",
            after="42",
            target="router/fraud-prompt",
            world=lambda: receiver.route,
            trouble=spoiler.trouble,
            secrets=(TOKEN, SECRET, SECRET.removeprefix("whsec_")),
            refuses=True,
            limits=True,
        )

    def test_refuses_to_apply_when_somebody_else_moved_it(self, bench: LeverBench, receiver: Receiver) -> None:
        plan = bench.planned()
        receiver.route = "40"
        with pytest.raises(Conflict, match="is v40 by now, not v43"):
            bench.lever.apply(SERVED, plan, note=NOTE)
        assert receiver.route == "40"
        assert bench.lever.verify(SERVED, plan).outcome is Outcome.CONTRADICTED


def test_the_published_vector_of_standard_webhooks() -> None:
    signed = signature(key_of(SECRET), "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_secret_is_replaced_without_a_gap(server: StandIn, receiver: Receiver, clock: SetClock) -> None:
    shelf, lever = _lever(server.url, clock, previous_secret=OLD)
    for known in ([OLD], [SECRET]):
        receiver.secrets = known
        assert lever.describe(SERVED).state == "43"
    shelf.close()


def test_a_wrong_secret_names_the_setting_and_not_the_value(server: StandIn, clock: SetClock) -> None:
    shelf, lever = _lever(server.url, clock, secret=OLD)
    with pytest.raises(ProviderError) as refused:
        lever.describe(SERVED)
    shelf.close()
    assert "providers.scheduler.secret" in refused.value.told
    assert OLD not in refused.value.told


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"change": {"path": "/jobs/{job}"}}, "{job} is no placeholder; there are {target}, {before}"),
        ({"change": {"path": "http://elsewhere/jobs"}}, "a path begins with one slash"),
        ({"read": {"path": "/jobs", "value": "data.state"}}, "a JSON Pointer begins with a slash"),
        ({"read": {"path": "/jobs/{note}"}}, "takes {target} alone"),
        ({"values": {"off": 0, "paused": 1}}, "`values` names on and off alone"),
        ({"versions": ["1"]}, "write either `values` for a switch, or versions"),
        ({"keep": {}}, "{kept.replicas} is not declared in `keep`"),
        ({"undo": {"path": "/jobs", "body": {"to": ["{value}"]}}}, "`values` does not say what on is"),
        ({"chnge": {}}, "Did you mean `change`?"),
    ],
)
def test_bindings_that_cannot_be_used_say_why(change: dict[str, Any], said: str, clock: SetClock) -> None:
    shelf, lever = _lever("http://127.0.0.1:1", clock)
    with pytest.raises(ConfigError) as refused:
        lever.check({**SWITCH, **change})  # type: ignore[attr-defined]
    shelf.close()
    assert said in refused.value.told


def test_an_answer_of_another_shape_is_told(server: StandIn, receiver: Receiver, clock: SetClock) -> None:
    shelf, lever = _lever(server.url, clock)
    for read, said in (
        ({"path": "/prompts", "value": "/items/7"}, "The answer of scheduler has nothing at /items/7."),
        ({"path": "/prompts", "value": "/items"}, "What scheduler answers at /items is none of the values"),
    ):
        with pytest.raises(ProviderError) as failed:
            lever.describe({**SERVED, "read": read})
        assert failed.value.kind is Kind.PERMANENT
        assert failed.value.sentence.startswith(said)
    shelf.close()


def test_a_binding_without_a_change_only_reads(server: StandIn, clock: SetClock) -> None:
    shelf, lever = _lever(server.url, clock)
    binding = {"target": "router/fraud-prompt", "read": SERVED["read"], "versions": ["42"]}
    described = lever.describe(binding)
    assert described.state == "43"
    with pytest.raises(InputError, match="declares no change"):
        lever.plan(binding, described, "42")
    shelf.close()
