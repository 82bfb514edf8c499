"""Change readers over recorded bodies."""

import csv
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.providers.changes import argocd, generic, github, huggingface, launchdarkly, mlflow, unleash
from playbooks.plugin import InputError, change_target

PAYLOADS = Path(__file__).parent.parent / "payloads"
NOW = datetime(2026, 11, 21, 2, 31, tzinfo=UTC)


def _vectors() -> list[tuple[str, dict, str]]:
    with (PAYLOADS / "mlflow" / "AUTH_VECTORS.tsv").open() as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    return [(row["secret"], json.loads(row["headers"]), row["body_file_or_text"]) for row in rows]


def _body(path: str) -> bytes:
    return (PAYLOADS / path).read_bytes()


@pytest.mark.parametrize(
    ("secret", "headers", "file"), _vectors(), ids=lambda value: value if isinstance(value, str) else ""
)
def test_mlflow_signatures_of_a_real_server_hold(secret: str, headers: dict, file: str) -> None:
    body = _body(f"mlflow/{file}")
    sent = datetime.fromtimestamp(int(headers["X-MLflow-Timestamp"]), UTC)
    lower = {key.lower(): value for key, value in headers.items()}

    assert mlflow.signed(headers, body, ["rotated", secret], now=sent)
    assert mlflow.signed(lower, body, [secret], now=sent + timedelta(minutes=5))
    assert not mlflow.signed(headers, body, [secret], now=sent + timedelta(minutes=6))
    assert not mlflow.signed(headers, body.replace(b"fraud", b"freud"), ["wrong"], now=sent)
    assert not mlflow.signed({**headers, "X-MLflow-Timestamp": "soon"}, body, [secret], now=sent)
    assert not mlflow.signed({**headers, "X-MLflow-Timestamp": "9" * 5000}, body, [secret], now=sent)
    assert not mlflow.signed({**headers, "X-MLflow-Delivery-Id": "another"}, body, [secret], now=sent)
    assert not mlflow.signed(headers, body, ["", "wrong"], now=sent)
    assert not mlflow.signed({}, body, [secret], now=sent)


@pytest.mark.parametrize(
    ("file", "kind", "subject", "before", "after"),
    [
        ("model_version_alias_created", "model_alias", "fraud-scorer@champion", "", "3"),
        ("model_version_alias_deleted", "model_alias", "fraud-scorer@champion", "", ""),
        ("model_version_created", "model_version", "fraud-scorer", "", "1"),
        ("model_version_tag_set", "model_tag", "fraud-scorer/3", "", "quarantined=INC-42"),
        ("model_version_tag_deleted", "model_tag", "fraud-scorer/3", "quarantined", ""),
        ("registered_model_created", "registered_model", "fraud-scorer", "", "created"),
        ("prompt_version_created_example", "prompt_version", "example_prompt", "", "1"),
    ],
)
def test_reads_mlflow(file: str, kind: str, subject: str, before: str, after: str) -> None:
    [change] = mlflow.read({"x-mlflow-delivery-id": "d-1"}, _body(f"mlflow/{file}.json"), source="ml", received_at=NOW)

    assert (change.kind, change.subject, change.before, change.after) == (kind, subject, before, after)
    assert (change.source, change.key) == ("ml", "d-1")
    assert change.occurred_at.date() == NOW.date()


@pytest.mark.parametrize(
    ("file", "kind", "before", "after"),
    [
        ("feature_environment_enabled", "flag", "off", "on"),
        ("feature_environment_disabled", "flag", "on", "off"),
        ("feature_strategy_add", "flag_strategy", "", "flexibleRollout 100 %"),
    ],
)
def test_reads_unleash(file: str, kind: str, before: str, after: str) -> None:
    [change] = unleash.read({}, _body(f"unleash/{file}.json"), source="flags", received_at=NOW)

    assert (change.kind, change.before, change.after) == (kind, before, after)
    assert (change.subject, change.environment, change.by) == ("default/auto-decline", "production", "admin")
    assert change_target(change).startswith("default/auto-decline")


def test_a_repeated_delivery_has_the_same_key_and_another_event_another() -> None:
    bodies = [_body(f"unleash/feature_environment_{state}.json") for state in ("enabled", "enabled", "disabled")]
    keys = [unleash.read({}, body, source="flags", received_at=NOW)[0].key for body in bodies]

    assert keys[0] == keys[1] != keys[2]


def test_unleash_sends_a_static_header() -> None:
    for given in ("hook-secret", "Bearer hook-secret"):
        assert unleash.signed({"authorization": given}, b"", ["Bearer hook-secret"], now=NOW)
    assert not unleash.signed({"authorization": "Bearer hook"}, b"", ["hook-secret"], now=NOW)
    assert not unleash.signed({}, b"", [""], now=NOW)


def test_reads_our_own_words() -> None:
    told = {
        "kind": "deploy",
        "subject": "payments-api",
        "before": "1.8.2",
        "after": "1.9.0",
        "environment": "production",
        "at": "2026-11-21T03:10:00+01:00",
        "by": "ci",
        "link": "https://ci.example.com/4711",
        "id": "4711",
    }
    [change] = generic.read({}, json.dumps(told).encode(), source="ci", received_at=NOW)

    assert (change.key, change.before, change.after, change.by) == ("4711", "1.8.2", "1.9.0", "ci")
    assert change.occurred_at == datetime(2026, 11, 21, 2, 10, tzinfo=UTC)


def test_several_changes_in_one_body() -> None:
    rows = [{"kind": "config", "subject": f"c{number}", "after": "x"} for number in range(3)]
    changes = generic.read({}, json.dumps({"changes": rows}).encode(), source="ci", received_at=NOW)

    assert [change.subject for change in changes] == ["c0", "c1", "c2"]
    assert len({change.key for change in changes}) == 3
    assert {change.occurred_at for change in changes} == {NOW}


def test_the_same_deploy_next_week_is_another_change() -> None:
    body = json.dumps({"kind": "deploy", "subject": "payments-api", "after": "1.9.0"}).encode()
    times = (NOW, NOW + timedelta(seconds=3), NOW + timedelta(days=7))
    first, repeated, later = (generic.read({}, body, source="ci", received_at=at)[0].key for at in times)

    assert first == repeated != later


@pytest.mark.parametrize(
    ("told", "key"),
    [
        ({"subject": "x", "after": "y"}, "`kind`"),
        ({"kind": "deploy", "subject": "x", "after": 7}, "`after`"),
        ({"kind": "deploy", "subject": "x", "after": "y", "at": "yesterday"}, "`at`"),
        ({"kind": "deploy", "subject": "x", "after": "y", "link": "javascript:alert(1)"}, "`link`"),
        ({"kind": "deploy", "subject": "x", "after": "y", "who": "me"}, "`who`"),
        ({"changes": []}, "`changes`"),
        ({"changes": "x"}, "`changes`"),
    ],
)
def test_our_own_words_name_the_wrong_key(told: dict, key: str) -> None:
    with pytest.raises(InputError, match=key):
        generic.read({}, json.dumps(told).encode(), source="ci", received_at=NOW)


def test_our_own_words_need_a_bearer_token() -> None:
    assert generic.signed({"Authorization": "Bearer t0ken"}, b"", ["old", "t0ken"], now=NOW)
    for headers in ({}, {"Authorization": "t0ken"}, {"Authorization": "Basic t0ken"}, {"Authorization": "Bearer "}):
        assert not generic.signed(headers, b"", ["t0ken", ""], now=NOW)


@pytest.mark.parametrize("reader", [mlflow, unleash, generic, github, argocd, launchdarkly, huggingface])
@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b"nonsense", b"\xff", b'{"entity": 1}', b"[" * 100_000])
def test_unusable_bodies_are_refused_in_a_sentence(reader: object, body: bytes) -> None:
    with pytest.raises(InputError, match="here"):
        reader.read({}, body, source="here", received_at=NOW)  # type: ignore[attr-defined]
