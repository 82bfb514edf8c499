"""What AWS answers and moto does not: signatures that are checked, refusals in its own codes, endpoints under way."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from bot.providers.levers.aws.calls import Account, AwsCaller
from bot.providers.registry import LeverShelf
from bot.providers.targets import share_words
from playbooks.plugin import ConfigError, InputError, Kind, Lever, MusterError, Outcome, ProviderError
from tests.providers.scripted import answer, scripted

KEYS = {"access_key_id": "AKIAMUSTER", "secret_access_key": "muster-secret-key", "session_token": "muster-session"}
SIGNED_BY = Credentials(*KEYS.values())
NOTE = "INC-42 action 17"


def _lever(url: str, **settings: Any) -> Lever:
    return LeverShelf({"aws": {"region": "eu-west-1", **KEYS, "url": url, "timeout": 2.0, **settings}}).get("aws")


def _failure(code: str, message: str = "", status: int = 400) -> bytes:
    return answer(status, {"__type": f"com.amazonaws.events#{code}", "message": message})


# ------------------------------------------------------------------ signatures


def _as_checked(request: str, service: str) -> tuple[str, str]:
    """The Authorization that came, and the one that the request as it came should have had."""
    head, _, body = request.partition("\r\n\r\n")
    first, *lines = head.split("\r\n")
    method, path, _ = first.split(" ")
    headers = {key.lower(): value for key, value in (line.split(": ", 1) for line in lines)}
    covered = headers["authorization"].partition("SignedHeaders=")[2].partition(",")[0].split(";")
    came = AWSRequest(method, f"http://{headers['host']}{path}", data=body.encode())
    for name in covered:
        came.headers[name] = headers[name]
    came.context["timestamp"] = headers["x-amz-date"]
    signer = SigV4Auth(SIGNED_BY, service, "eu-west-1")
    signature = signer.signature(signer.string_to_sign(came, signer.canonical_request(came)), came)
    return headers["authorization"].rpartition("Signature=")[2], signature


@pytest.mark.parametrize(
    ("service", "binding"),
    [
        ("events", {"rule": "nightly retrain – all"}),
        ("sagemaker", {"endpoint": "fraud-scorer"}),
        ("lambda", {"function": "arn:aws:lambda:eu-west-1:123:function:scorer", "alias": "live"}),
    ],
)
def test_the_signature_holds_for_the_request_as_it_arrives(service: str, binding: dict) -> None:
    told = {
        "State": "ENABLED",
        "EndpointStatus": "InService",
        "ProductionVariants": [],
        "FunctionVersion": "1",
        "Versions": [],
    }
    with scripted(answer(200, told)) as server:
        _lever(server.url).describe(binding)

    for request in server.requests:
        came, right = _as_checked(request, service)
        assert came == right
        assert "muster-session" in request
        assert "muster-secret-key" not in request


@pytest.mark.parametrize(
    ("region", "service", "address"),
    [
        ("eu-west-1", "sagemaker", "https://api.sagemaker.eu-west-1.amazonaws.com"),
        ("us-gov-west-1", "events", "https://events.us-gov-west-1.amazonaws.com"),
        ("cn-north-1", "lambda", "https://lambda.cn-north-1.amazonaws.com.cn"),
    ],
)
def test_without_a_url_aws_itself_is_called(region: str, service: str, address: str) -> None:
    assert Account("aws", region, ("id", "key", ""), "").address(service) == address


def test_a_machine_without_credentials_says_what_to_write(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, "/nowhere")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    lever = _lever("http://127.0.0.1:9", access_key_id="", secret_access_key="", session_token="")
    with pytest.raises(ProviderError, match="has no credentials") as failed:
        lever.describe({"rule": "retrain"})
    assert failed.value.kind is Kind.PERMANENT
    assert "access_key_id_env" in failed.value.next_step

    lever = _lever("http://127.0.0.1:9", access_key_id="", secret_access_key="", session_token="", profile="night")
    with pytest.raises(ConfigError, match=r"`providers.aws.profile`"):
        lever.describe({"rule": "retrain"})


# ------------------------------------------------------------------ settings and bindings


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"region": "Ireland"}, "`providers.aws.region` cannot be used"),
        ({"region": "eu-west-1", "access_key_id": "AKIA"}, "belong together"),
        ({"region": "eu-west-1", **KEYS, "profile": "night"}, "either keys or a profile"),
        ({"region": "eu-west-1", "session_token": "x"}, "belongs to an access_key_id"),
    ],
)
def test_wrong_settings(settings: dict, sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence) as failed:
        LeverShelf({"aws": settings}).get("aws")
    assert KEYS["secret_access_key"] not in failed.value.told


@pytest.mark.parametrize(
    ("binding", "told"),
    [
        ({}, "names nothing to move. Write one of `endpoint`, `package_group`, `rule`, `function`."),
        ({"rul": "retrain"}, "names nothing to move. Did you mean `rule`?"),
        ({"rule": "retrain", "function": "scorer"}, "names two things to move"),
        ({"rule": "retrain", "alias": "live"}, "`alias` is not known"),
        ({"function": "scorer"}, "`alias` is missing"),
    ],
)
def test_wrong_bindings(binding: dict, told: str) -> None:
    lever = _lever("http://127.0.0.1:9")
    with pytest.raises(ConfigError) as failed:
        lever.check(binding)  # type: ignore[attr-defined]
    assert told in failed.value.told


# ------------------------------------------------------------------ refusals


@pytest.mark.parametrize(
    ("refusal", "kind", "told"),
    [
        (_failure("ThrottlingException", "Rate exceeded"), Kind.RATE_LIMITED, "takes no more calls"),
        (_failure("ConcurrentModificationException"), Kind.TRANSIENT, "nothing was changed"),
        (_failure("AccessDeniedException", "no events:DisableRule"), Kind.PERMANENT, "its policy allows DisableRule"),
        (_failure("ManagedRuleException", "Rule is managed"), Kind.PERMANENT, "Rule is managed"),
        (answer(403, b"<html>a proxy</html>"), Kind.PERMANENT, "`providers.aws.secret_access_key`"),
        (_failure("InternalException", status=500), Kind.UNKNOWN_OUTCOME, "read back"),
    ],
)
def test_a_refused_write_is_told_by_its_code(refusal: bytes, kind: Kind, told: str) -> None:
    enabled = answer(200, {"State": "ENABLED"})
    with scripted(enabled, enabled, enabled, refusal) as server:
        lever = _lever(server.url)
        plan = lever.plan({"rule": "retrain"}, lever.describe({"rule": "retrain"}), "off")
        with pytest.raises(ProviderError) as failed:
            lever.apply({"rule": "retrain"}, plan, note=NOTE)

    assert failed.value.kind is kind
    assert told in failed.value.told


def test_a_wrong_signature_is_not_quoted() -> None:
    """AWS repeats the whole canonical request, the session token with it."""
    said = f"The request signature we calculated does not match. x-amz-security-token:{KEYS['session_token']}"
    with scripted(_failure("InvalidSignatureException", said, 403)) as server, pytest.raises(MusterError) as failed:
        _lever(server.url).describe({"rule": "retrain"})

    assert failed.value.kind is Kind.PERMANENT
    assert not any(secret in failed.value.told for secret in (KEYS["session_token"], KEYS["secret_access_key"]))


def test_rest_services_name_the_code_in_a_header() -> None:
    headers = {"x-amzn-errortype": "TooManyRequestsException:http://internal.amazon.com/"}
    account = Account("aws", "eu-west-1", ("id", "key", ""), "")
    with scripted(answer(429, {"Reason": "x"}, headers)) as server, pytest.raises(ProviderError) as failed:
        AwsCaller(account, "lambda", url=server.url, timeout=2.0).get("/x", "GetAlias")

    assert failed.value.kind is Kind.RATE_LIMITED


# ------------------------------------------------------------------ under way


def _endpoint(status: str, current: float = 1.0, desired: float = 1.0, instances: int = 1) -> bytes:
    """Variants blue and green; the weights are blue's."""
    blue = {"VariantName": "blue", "CurrentWeight": current, "DesiredWeight": desired, "CurrentInstanceCount": 1}
    green = {"VariantName": "green", "CurrentWeight": 1 - current, "DesiredWeight": 1 - desired}
    green["CurrentInstanceCount"] = instances
    return answer(200, {"EndpointStatus": status, "ProductionVariants": [blue, green]})


Step = Callable[[Lever, Any], Any]


@pytest.mark.parametrize(
    ("seen", "outcome", "evidence"),
    [
        (_endpoint("Updating", 1, 0), Outcome.NOT_YET, "the endpoint is Updating; traffic goes to blue"),
        (_endpoint("Updating", 1, 1), Outcome.NOT_YET, "the endpoint is Updating; traffic goes to blue"),
        (_endpoint("InService", 0.5, 0), Outcome.NOT_YET, "traffic still goes to blue 50 %, green 50 %"),
        (_endpoint("InService", 0, 0), Outcome.CONFIRMED, "in service, and traffic goes to green"),
        (_endpoint("InService", 1, 1), Outcome.CONTRADICTED, "the weights ask for blue, not green"),
        (_endpoint("RollingBack", 0, 0), Outcome.NOT_YET, "the endpoint is RollingBack"),
    ],
)
def test_an_endpoint_is_proved_by_current_weights_in_service(seen: bytes, outcome: Outcome, evidence: str) -> None:
    still = _endpoint("InService")
    with scripted(still, still, seen) as server:
        lever = _lever(server.url)
        plan = lever.plan({"endpoint": "scorer"}, lever.describe({"endpoint": "scorer"}), "green")
        verified = lever.verify({"endpoint": "scorer"}, plan)

    assert verified.outcome is outcome
    assert evidence in verified.evidence


@pytest.mark.parametrize(
    ("status", "kind"), [("Updating", Kind.TRANSIENT), ("Failed", Kind.PERMANENT), ("OutOfService", Kind.PERMANENT)]
)
def test_an_endpoint_that_takes_no_change_is_left_alone(status: str, kind: Kind) -> None:
    still = _endpoint("InService")
    with scripted(still, still, _endpoint(status)) as server:
        lever = _lever(server.url)
        plan = lever.plan({"endpoint": "scorer"}, lever.describe({"endpoint": "scorer"}), "green")
        with pytest.raises(ProviderError, match=f"is {status}, and takes no change") as failed:
            lever.apply({"endpoint": "scorer"}, plan, note=NOTE)

    assert failed.value.kind is kind
    assert not any("UpdateEndpoint" in request for request in server.requests)


def test_a_variant_without_instances_is_warned_of() -> None:
    with scripted(_endpoint("InService", instances=0)) as server:
        lever = _lever(server.url)
        plan = lever.plan({"endpoint": "scorer"}, lever.describe({"endpoint": "scorer"}), "green")

    assert plan.warning == "Variant green has no instance running."


def test_a_rule_of_an_aws_service_is_refused() -> None:
    with scripted(answer(200, {"State": "ENABLED", "ManagedBy": "sagemaker.amazonaws.com"})) as server:
        lever = _lever(server.url)
        with pytest.raises(InputError, match=r"belongs to sagemaker.amazonaws.com"):
            lever.plan({"rule": "retrain"}, lever.describe({"rule": "retrain"}), "off")


def test_an_alias_that_was_changed_in_the_same_moment_is_read_again() -> None:
    """The revision read goes along; Lambda refuses the change when it is no longer the newest."""
    alias = answer(200, {"FunctionVersion": "3", "RevisionId": "r-1"})
    versions = answer(200, {"Versions": [{"Version": "$LATEST"}, {"Version": "3"}, {"Version": "2"}]})
    late = answer(412, {"Message": "stale"}, {"x-amzn-errortype": "PreconditionFailedException"})
    with scripted(alias, versions, alias, late) as server:
        lever, binding = _lever(server.url), {"function": "scorer", "alias": "live"}
        described = lever.describe(binding)
        with pytest.raises(ProviderError, match="in the same moment; nothing was changed") as failed:
            lever.apply(binding, lever.plan(binding, described, "2"), note=NOTE)

    assert [version.id for version in described.versions] == ["3", "2"]
    assert failed.value.kind is Kind.TRANSIENT
    assert '"RevisionId":"r-1"' in server.requests[-1]


def test_all_pages_of_a_list_are_read() -> None:
    def page(*numbers: int, more: str = "") -> bytes:
        rows = [
            {"ModelPackageVersion": n, "ModelPackageArn": f"arn:{n}", "ModelApprovalStatus": "Approved"}
            for n in numbers
        ]
        return answer(200, {"ModelPackageSummaryList": rows, **({"NextToken": more} if more else {})})

    with scripted(page(3, 2, more="p2"), page(1)) as server:
        described = _lever(server.url).describe({"package_group": "scorer"})

    assert [version.id for version in described.versions] == ["3", "2", "1"]
    assert '"NextToken":"p2"' in server.requests[-1]


@pytest.mark.parametrize(
    ("shares", "words"),
    [({}, ""), ({"a": 0}, ""), ({"b": 2, "a": 0}, "b"), ({"b": 1, "a": 2}, "a 66.67 %, b 33.33 %")],
)
def test_traffic_in_words(shares: dict, words: str) -> None:
    assert share_words(shares) == words
