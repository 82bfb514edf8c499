"""The serving check and the levers' credentials, over a scripted server."""

from base64 import b64encode

import pytest

from bot.providers.registry import LeverShelf
from bot.providers.serving import ServingCheck, serving_proof
from playbooks.plugin import Kind, Outcome, ProviderError
from tests.providers.scripted import DROP, answer, scripted

SAMPLE = {"inputs": [{"name": "x", "shape": [1], "datatype": "FP32", "data": [0.0]}]}


def _answers(*versions: str) -> list[bytes]:
    return [answer(200, {"model_version": version} if version else {}) for version in versions]


@pytest.mark.parametrize(
    ("versions", "outcome", "evidence"),
    [
        (["42"] * 6, Outcome.CONFIRMED, "6 of 6 answers carry v42"),
        (["42", "43", "42", "42", "42", "43"], Outcome.NOT_YET, "4 of 6 answers carry v42, the others v43"),
        (["42"] * 5 + ["41"], Outcome.NOT_YET, "5 of 6 answers carry v42, the others v41"),
        (["", ""], Outcome.NOT_YET, "0 of 5 answers carry v42, the others no version"),
    ],
)
def test_answers_are_counted(versions: list[str], outcome: Outcome, evidence: str) -> None:
    with scripted(*_answers(*versions)) as server, ServingCheck([server.url], "m", answers=6, sample=SAMPLE) as check:
        seen = check.verify("42")

    assert (seen.outcome, seen.evidence) == (outcome, evidence)


def test_one_server_of_two_that_breaks_is_not_yet() -> None:
    with (
        scripted(*_answers("42")) as good,
        scripted(DROP) as bad,
        ServingCheck([good.url, bad.url], "m", answers=3, sample=SAMPLE) as check,
    ):
        seen = check.verify("42")
        served = check.served()

    assert seen.outcome is Outcome.NOT_YET
    assert seen.evidence == "servers answering v42: 1 of 2; serving broke the connection off (infer)"
    assert served == "42"


def test_a_request_is_made_up_from_the_declared_inputs() -> None:
    inputs = [
        {"name": "a", "datatype": "FP32", "shape": [-1, 3]},
        {"name": "b", "datatype": "INT64", "shape": [2]},
        {"name": "c", "datatype": "BYTES", "shape": [1]},
        {"name": "d", "datatype": "BOOL", "shape": [1]},
    ]
    with (
        scripted(answer(200, {"inputs": inputs}), *_answers("42")) as server,
        ServingCheck([server.url], "team/m", answers=1, token="t0ken") as check,
    ):
        assert check.verify("42").outcome is Outcome.CONFIRMED

    asked, inferred = server.requests
    assert asked.startswith("GET /v2/models/team%2Fm HTTP/1.1")
    assert "Authorization: Bearer t0ken" in asked
    assert '"shape":[1,3],"datatype":"FP32","data":[0.0,0.0,0.0]' in inferred
    assert '"data":[0,0]' in inferred
    assert '"data":[""]' in inferred
    assert '"data":[false]' in inferred


def test_the_proof_says_how_many_servers() -> None:
    assert serving_proof(20) == "20 answers in a row carry {}"
    assert serving_proof(20, 3) == "3 of 3 servers answer 20 times in a row with {}"


@pytest.mark.parametrize(
    ("credential", "header"),
    [
        ({"token": "t0ken"}, "Bearer t0ken"),
        ({"username": "muster", "password": "pa55"}, f"Basic {b64encode(b'muster:pa55').decode()}"),
    ],
    ids=["bearer", "basic"],
)
def test_mlflow_credentials(credential: dict, header: str) -> None:
    refused = answer(403, b"Permission denied for pa55 t0ken")
    with scripted(answer(404), refused) as server:
        lever = LeverShelf({"mlflow": {"url": server.url, **credential}}).get("mlflow")
        with pytest.raises(ProviderError, match="has no model m"):
            lever.describe({"model": "m"})
        with pytest.raises(ProviderError) as failed:
            lever.describe({"model": "m"})

    assert f"Authorization: {header}" in server.requests[0]
    assert failed.value.kind is Kind.PERMANENT
    assert f"`providers.mlflow.{list(credential)[-1]}`" in failed.value.next_step
    assert "pa55" not in failed.value.told
    assert "t0ken" not in failed.value.told
