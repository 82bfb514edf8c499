"""Whatever a provider answers, each lever says it in one sentence with the next step, and never with a secret.

Every kind of lever that calls over HTTP is put before a server that answers all requests in the same wrong way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from bot.providers import httpcall
from bot.providers.registry import LEVERS, LeverShelf
from playbooks.plugin import Kind, Lever, MusterError, Plan, ProviderError
from tests.contracts.wrong_server import WRONG, WrongServer

SECRET = "s3cret-0123456789-value"
BARE = {"local", "flagd", "manual"}  # no HTTP of their own, or that of the demo


@dataclass(frozen=True)
class Bound:
    """A lever as it is configured and bound.

    Attributes:
        flag: whether it goes from on to off, else from 43 to 42. lists: whether a list is what it asks for.
        bare: whether a status without a body is all that it reads before a change.
    """

    settings: Mapping[str, Any]
    binding: Mapping[str, Any]
    flag: bool
    detail: Mapping[str, str]
    lists: bool = False
    bare: bool = False


def _aws(**binding: Any) -> Bound:
    keys = {"region": "eu-west-1", "access_key_id": "AKIA0123456789", "secret_access_key": SECRET}
    return Bound(keys, binding, "rule" in binding, {})


TOKEN = {"token": SECRET}
CLUSTER = {**TOKEN}
READ = {"path": "/jobs/{target}", "value": "/replicas"}
BOUND = {
    "mlflow": Bound(TOKEN, {"model": "fraud", "alias": "champion"}, False, {}),
    "mlflow-prompt": Bound(TOKEN, {"prompt": "fraud", "alias": "production"}, False, {}),
    "unleash": Bound(TOKEN, {"flag": "auto-decline"}, True, {"strategies": "[]"}),
    "airflow": Bound(TOKEN, {"dag": "retrain"}, True, {}),
    "airflow-login": Bound({"username": "muster", "password": SECRET}, {"dag": "retrain"}, True, {}),
    "alertmanager": Bound(TOKEN, {"matchers": {"alertname": "Drift"}}, True, {}, lists=True),
    "v2": Bound(TOKEN, {"model": "fraud"}, True, {"loaded": "{}"}, lists=True, bare=True),
    "aws-endpoint": _aws(endpoint="fraud"),
    "aws-package": _aws(package_group="fraud"),
    "aws-rule": _aws(rule="nightly"),
    "aws-alias": _aws(function="fraud", alias="live"),
    "kubernetes-deployment": Bound(CLUSTER, {"deployment": "fraud"}, False, {}),
    "kubernetes-cronjob": Bound(CLUSTER, {"cronjob": "fraud"}, True, {}),
    "kubernetes-canary": Bound(CLUSTER, {"inference_service": "fraud"}, False, {}),
    "kubernetes-rollout": Bound(CLUSTER, {"rollout": "fraud"}, False, {}),
    "databricks": Bound(TOKEN, {"endpoint": "fraud"}, False, {"served": "[]"}),
    "launchdarkly": Bound(TOKEN, {"flag": "auto-decline"}, True, {}),
    "github-workflow": Bound(TOKEN, {"repository": "acme/x", "workflow": "a.yml"}, True, {}),
    "github-dispatch": Bound(TOKEN, {"repository": "acme/x", "dispatch": "a.yml", "title": "v {version}"}, False, {}),
    "webhook": Bound(
        {"secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", **TOKEN},
        {"target": "job", "read": READ, "change": {"path": "/jobs/{target}"}, "values": {"off": 0}},
        True,
        {},
    ),
}


@pytest.fixture(scope="module")
def server() -> Iterator[WrongServer]:
    with WrongServer() as server:
        yield server


@pytest.fixture(scope="module")
def unsigned() -> Iterator[WrongServer]:
    with WrongServer(tls=True) as server:
        yield server


@pytest.fixture(scope="module", params=BOUND)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@contextmanager
def _levered(name: str, url: str) -> Iterator[tuple[Lever, Bound, Plan]]:
    bound = BOUND[name]
    shelf = LeverShelf({"there": {"kind": name.partition("-")[0], "url": url, "timeout": 5.0, **bound.settings}})
    before, after = ("on", "off") if bound.flag else ("43", "42")
    yield shelf.get("there"), bound, Plan("there", "it", before, after, bound.detail, proof="", takes=1)
    shelf.close()


@pytest.fixture(scope="module")
def case(name: str, server: WrongServer) -> Iterator[tuple[Lever, Bound, Plan]]:
    with _levered(name, server.url) as made:
        yield made


def test_all_kinds_are_here() -> None:
    assert {name.partition("-")[0] for name in BOUND} == set(LEVERS) - BARE


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_answer_is_one_sentence_with_a_next_step(
    case: tuple[Lever, Bound, Plan], server: WrongServer, wrong: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(httpcall, "MAX_BODY", 1 << 20)
    lever, bound, plan = case
    server.wrong = WRONG[wrong]
    if bound.lists and wrong == "a list":
        return
    calls: list[Callable[[], object]] = [
        lambda: lever.describe(bound.binding),
        lambda: lever.verify(bound.binding, plan),
    ]
    if not (bound.bare and server.wrong.status in (200, 404)):
        calls.append(lambda: lever.apply(bound.binding, plan, note="INC-42 action 17"))
    for call in calls:
        with pytest.raises(MusterError) as failed:
            call()
        error = failed.value
        assert error.sentence
        assert error.next_step, error.sentence
        assert SECRET not in error.told
        assert "\n" not in error.sentence
        assert len(error.told) < 500
        assert isinstance(error, ProviderError)
        assert server.wrong.kind in (None, error.kind), error.told
        if error.kind is Kind.RATE_LIMITED:
            assert error.retry_after == 17


@pytest.mark.parametrize("way", ["a certificate nobody signed", "no TLS at all"])
def test_a_connection_that_cannot_be_trusted_sends_nothing(
    name: str, server: WrongServer, unsigned: WrongServer, way: str
) -> None:
    plain = way == "no TLS at all"
    url = server.url.replace("http:", "https:") if plain else unsigned.url
    with _levered(name, url) as (lever, bound, plan):
        for call in (
            lambda: lever.describe(bound.binding),
            lambda: lever.apply(bound.binding, plan, note="INC-42 action 17"),
        ):
            with pytest.raises(ProviderError) as failed:
                call()
            assert failed.value.kind is Kind.PERMANENT
            assert ("does not speak TLS" if plain else "is not trusted (self-signed certificate") in failed.value.told
            assert SECRET not in failed.value.told
