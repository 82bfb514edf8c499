"""SNS: messages signed with a certificate made here, in both versions; topics that ask whether they may send."""

from __future__ import annotations

import json
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from functools import lru_cache

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from bot.providers.signatures import Unreached
from bot.providers.sns_proof import SnsProof, signed_text
from bot.web.sources import source
from playbooks.domain.alerts import Known
from tests.sources.bodies import FIRING, NOW, RESOLVED, only, read, utc

TOPIC = "arn:aws:sns:eu-west-1:123456789012:alarms"
CERTIFICATE = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123abcd.pem"
CONFIRM = f"https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn={TOPIC}&Token=2336"


@lru_cache
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@lru_cache
def pem() -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
    begun = datetime(2026, 1, 1, tzinfo=UTC)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key().public_key())
    made = made.serial_number(1).not_valid_before(begun).not_valid_after(begun + timedelta(days=400))
    return made.sign(key(), SHA256()).public_bytes(Encoding.PEM)


ALARM = {
    "AlarmName": "scorer-errors",
    "AlarmDescription": "5xx of the scorer",
    "AWSAccountId": "123456789012",
    "AlarmArn": "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:scorer-errors",
    "Region": "EU (Ireland)",
    "NewStateValue": "ALARM",
    "OldStateValue": "OK",
    "NewStateReason": "Threshold Crossed: 1 datapoint [7.0] was greater than the threshold (5.0).",
    "StateChangeTime": "2026-11-21T02:28:11.443+0000",
    "Trigger": {
        "MetricName": "Invocation5XXErrors",
        "Namespace": "AWS/SageMaker",
        "Dimensions": [{"name": "EndpointName", "value": "fraud-scorer"}, {"name": "VariantName", "value": "blue"}],
        "Threshold": 5.0,
    },
}


def envelope(version: str = "2", **more: object) -> dict[str, object]:
    told: dict[str, object] = {
        "Type": "Notification",
        "MessageId": "3a6a339c-60fc-5718-875e-66cf50fbf89a",
        "TopicArn": TOPIC,
        "Subject": 'ALARM: "scorer-errors" in EU (Ireland)',
        "Message": json.dumps(ALARM),
        "Timestamp": "2026-11-21T02:28:11.500Z",
        "SignatureVersion": version,
        "SigningCertURL": CERTIFICATE,
    } | more
    return told


def signed(told: dict[str, object]) -> bytes:
    text = signed_text(told)
    assert text is not None
    digest = SHA1() if told["SignatureVersion"] == "1" else SHA256()
    signature = key().sign(text, padding.PKCS1v15(), digest)
    return json.dumps(told | {"Signature": b64encode(signature).decode()}).encode()


class Amazon:
    """What Amazon's addresses answer, and which were asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.answers: dict[str, bytes] = {CERTIFICATE: pem(), CONFIRM: b"<ConfirmSubscriptionResponse/>"}

    def __call__(self, url: str) -> bytes:
        self.asked.append(url)
        if url not in self.answers:
            raise Unreached(f"{url} did not answer")
        return self.answers[url]


def admits(body: bytes, amazon: Amazon, *topics: str) -> bool:
    return source("aws", "sns", [], proof=SnsProof(topics or [TOPIC], amazon)).admits({}, body, now=NOW)


@pytest.mark.parametrize("version", ["1", "2"])
@pytest.mark.parametrize("subject", [True, False])
def test_a_signed_message_of_a_listed_topic(version, subject):
    told = envelope(version)
    if not subject:
        del told["Subject"]
    amazon = Amazon()
    assert admits(signed(told), amazon)
    assert amazon.asked == [CERTIFICATE]


@pytest.mark.parametrize("version", ["1", "2"])
def test_with_one_byte_changed_it_is_refused(version):
    told = json.loads(signed(envelope(version)))
    proof = SnsProof([TOPIC], Amazon())
    for name, value in told.items():
        for place in range(0, len(value), max(1, len(value) // 9)):
            other = value[:place] + chr(ord(value[place]) ^ 1) + value[place + 1 :]
            try:
                assert proof.message(json.dumps(told | {name: other}).encode()) is None, (name, place)
            except Unreached:
                assert name == "SigningCertURL"  # another address of Amazon's, where no certificate stands
    last = told["Signature"]
    sign = last[-3]
    for other in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".replace(sign, ""):
        assert proof.message(json.dumps(told | {"Signature": last[:-3] + other + last[-2:]}).encode()) is None


@pytest.mark.parametrize("missing", ["Message", "MessageId", "Timestamp", "TopicArn", "Type", "SigningCertURL"])
def test_with_a_part_missing_it_is_refused(missing):
    told = json.loads(signed(envelope()))
    del told[missing]
    assert not admits(json.dumps(told).encode(), Amazon())


@pytest.mark.parametrize("given", ["3", "", "1", None])
def test_another_version_than_the_signed_one_is_refused(given):
    told = json.loads(signed(envelope("2"))) | {"SignatureVersion": given}
    assert not admits(json.dumps(told).encode(), Amazon())


@pytest.mark.parametrize(
    "url",
    [
        "http://sns.eu-west-1.amazonaws.com/x.pem",
        "https://sns.eu-west-1.amazonaws.com.evil.example/x.pem",
        "https://evil.example/sns.eu-west-1.amazonaws.com/x.pem",
        "https://sns.eu-west-1.amazonaws.com@evil.example/x.pem",
        "https://evil.example:443#sns.eu-west-1.amazonaws.com/x.pem",
        "https://sns.eu-west-1.amazonaws.com:8443/x.pem",
        "https://s3.amazonaws.com/x.pem",
        "https://sns.eu-west-1.amazonaws.com/x.txt",
        "https://sns.e.amazonaws.com/x.pem",
        "https://[::1/x.pem",
        "file:///etc/passwd.pem",
        "",
    ],
)
def test_certificates_come_from_amazon_alone(url):
    amazon = Amazon()
    amazon.answers[url] = pem()
    assert not admits(signed(envelope(SigningCertURL=url)), amazon)
    assert amazon.asked == []


@pytest.mark.parametrize("answer", [b"", b"<html>", b"-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n"])
def test_what_is_no_certificate_proves_nothing(answer):
    amazon = Amazon()
    amazon.answers[CERTIFICATE] = answer
    assert not admits(signed(envelope()), amazon)


def test_a_certificate_is_fetched_once_and_its_absence_is_told_to_the_sender():
    amazon = Amazon()
    proof = SnsProof([TOPIC], amazon)
    assert proof.message(signed(envelope()))
    assert proof.message(signed(envelope(MessageId="another")))
    assert amazon.asked == [CERTIFICATE]
    amazon.answers.clear()
    with pytest.raises(Unreached):
        SnsProof([TOPIC], amazon).message(signed(envelope()))


def test_a_signed_message_of_another_topic_proves_nothing_and_fetches_nothing():
    amazon = Amazon()
    assert not admits(signed(envelope()), amazon, TOPIC + "-other")
    assert amazon.asked == []


def test_a_source_with_a_secret_takes_it_too():
    aws = source("aws", "sns", ["s-1"], proof=SnsProof([TOPIC], Amazon()))
    assert aws.admits({}, b"{}", now=NOW, query="token=s-1")
    assert not aws.admits({}, b"{}", now=NOW, query="token=s-2")


# ------------------------------------------------------------------ what it says


def test_an_alarm():
    alert = only("sns", signed(envelope()))
    assert alert.fingerprint == "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:scorer-errors"  # AlarmArn
    assert alert.status.value == FIRING  # NewStateValue
    assert alert.starts_at == utc(2026, 11, 21, 2, 28, 11, 443000)  # StateChangeTime
    assert alert.labels["component"] == "fraud-scorer"  # Trigger.Dimensions: EndpointName
    assert alert.labels["VariantName"] == "blue"
    assert alert.signal == {"metric": "Invocation5XXErrors", "value": "7.0", "limit": "5.0"}
    assert alert.annotations["reason"] == ALARM["NewStateReason"]
    assert alert.link == (
        "https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1#alarmsV2:alarm/scorer-errors"
    )
    assert alert.said is not None
    assert (alert.said.delivery, alert.said.known) == ("3a6a339c-60fc-5718-875e-66cf50fbf89a", Known.BY_TURN)


@pytest.mark.parametrize(("state", "status"), [("OK", RESOLVED), ("INSUFFICIENT_DATA", RESOLVED), ("ALARM", FIRING)])
def test_states(state, status):
    message = json.dumps(ALARM | {"NewStateValue": state})
    assert only("sns", envelope(Message=message)).status.value == status


def test_states_that_are_none_are_kept():
    result = read("sns", envelope(Message=json.dumps(ALARM | {"NewStateValue": "MAYBE"})))
    assert "MAYBE" in result.rejected[0].reason


def test_a_metric_math_alarm_takes_its_first_metric():
    stat = {
        "Metric": {
            "MetricName": "Latency",
            "Namespace": "AWS/ApiGateway",
            "Dimensions": [{"name": "Stage", "value": "p"}],
        }
    }
    trigger = {"Metrics": [{"Id": "m1", "MetricStat": stat}], "Threshold": 1}
    alert = only("sns", envelope(Message=json.dumps(ALARM | {"Trigger": trigger})))
    assert (alert.labels["metric"], alert.labels["Stage"]) == ("Latency", "p")


def test_a_composite_alarm_has_no_trigger():
    message = {name: value for name, value in ALARM.items() if name != "Trigger"} | {
        "AlarmRule": "ALARM(a) OR ALARM(b)"
    }
    assert only("sns", envelope(Message=json.dumps(message))).name == "scorer-errors"


def test_raw_message_delivery():
    alert = only("sns", ALARM, {"x-amz-sns-message-id": "raw-1"})
    assert alert.said is not None
    assert alert.said.delivery == "raw-1"


def test_an_event_of_eventbridge_inside():
    event = {
        "detail-type": "SageMaker Endpoint State Change",
        "detail": {"EndpointStatus": "FAILED", "EndpointName": "x"},
    }
    assert only("sns", envelope(Message=json.dumps(event | {"source": "aws.sagemaker"}))).labels["component"] == "x"


@pytest.mark.parametrize("message", ["Hello", "", "{", "[]", "7", "null"])
def test_other_texts_are_kept(message):
    result = read("sns", envelope(Message=message))
    assert result.alerts == []
    assert len(result.rejected) == 1
