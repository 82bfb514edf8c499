"""Alertmanager bodies as received, and everything that only looks like one."""

import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.providers.alerts import alertmanager
from bot.providers.alerts.reading import MAX_ANNOTATION, MAX_ENTRIES, MAX_LABEL, ReadResult
from playbooks.domain.alerts import Alert, AlertStatus, Known, Said, label_fingerprint
from playbooks.errors import InputError, Kind

PAYLOADS = Path(__file__).parents[1] / "payloads" / "alertmanager"
NOW = datetime(2026, 11, 21, 2, 31, tzinfo=UTC)


def read(body: bytes | dict | list) -> ReadResult:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return alertmanager.read({}, raw, source="prod", received_at=NOW)


def item(**more) -> dict:
    return {
        "status": "firing",
        "labels": {"alertname": "A", "severity": "critical"},
        "annotations": {"summary": "s"},
        "startsAt": "2026-11-21T02:28:11.443Z",
        "endsAt": "0001-01-01T00:00:00Z",
        "fingerprint": "1613996102dceb9e",
    } | more


def one(**more) -> Alert:
    result = read({"alerts": [item(**more)]})
    assert result.rejected == []
    return result.alerts[0]


def why(**more) -> str:
    result = read({"alerts": [item(**more), item()]})
    assert len(result.alerts) == 1  # the other one is not spoilt
    assert result.rejected[0].index == 0
    return result.rejected[0].reason


@pytest.mark.parametrize("path", sorted(PAYLOADS.glob("*.json")), ids=lambda p: p.stem)
def test_every_recorded_body_is_read_whole(path):
    body = json.loads(path.read_bytes())
    result = read(path.read_bytes())
    sent = body.get("alerts", [body])
    assert result.rejected == []
    assert [a.labels for a in result.alerts] == [s["labels"] for s in sent]
    assert [a.status.value for a in result.alerts] == [s["status"] for s in sent]
    for alert, raw in zip(result.alerts, sent, strict=True):
        assert alert.fingerprint == raw.get("fingerprint", label_fingerprint(raw["labels"]))
        assert alert.name == raw["labels"]["alertname"]
        assert alert.starts_at.tzinfo is UTC
        assert (alert.ends_at is None) == (alert.status is AlertStatus.FIRING)


def test_every_recorded_body_has_its_origin():
    rows = (PAYLOADS / "SOURCES.tsv").read_text("utf-8").splitlines()[1:]
    assert sorted(row.split("\t")[0] for row in rows) == sorted(p.name for p in PAYLOADS.glob("*.json"))
    assert all(len(row.split("\t")) == 4 for row in rows)


def test_the_fields_of_a_recorded_alert():
    alert = read((PAYLOADS / "e2e_firing_critical.json").read_bytes()).alerts[0]
    assert alert.source == "prod"
    assert (alert.name, alert.severity, alert.summary) == ("FeatureStale", "critical", "feature merchant_7d is stale")
    assert alert.starts_at == datetime(2026, 11, 21, 2, 28, 11, 443000, tzinfo=UTC)
    assert alert.link.startswith("http://vm:9090/graph?g0.expr=time")
    resolved = read((PAYLOADS / "e2e_resolved_last.json").read_bytes()).alerts[0]
    assert resolved.ends_at == datetime(2026, 11, 21, 2, 30, 1, 443000, tzinfo=UTC)
    offset = read((PAYLOADS / "v4_alerta.json").read_bytes()).alerts[0]
    assert offset.starts_at == datetime(2017, 8, 3, 19, 17, 37, 804000, tzinfo=UTC)


def test_a_firing_body_may_hold_a_resolved_alert():
    result = read(
        {
            "status": "firing",
            "alerts": [item(), item(status="resolved", endsAt="2026-11-21T02:30:00Z", fingerprint="x")],
        }
    )
    assert [a.status for a in result.alerts] == [AlertStatus.FIRING, AlertStatus.RESOLVED]


def test_alerts_the_source_left_out_are_told():
    assert read({"alerts": [item()], "truncatedAlerts": 7}).truncated == 7
    assert read({"alerts": [item()], "truncatedAlerts": "x"}).truncated == 0
    assert read({"alerts": [item()], "truncatedAlerts": -1}).truncated == 0
    assert read({"alerts": []}) == ReadResult([], [])


def test_bare_lists_and_single_alerts():
    assert len(read([item(), item(fingerprint="y")]).alerts) == 2
    assert len(read(item()).alerts) == 1


@pytest.mark.parametrize(
    ("written", "at"),
    [
        ("2026-11-21T02:28:11.443123789Z", datetime(2026, 11, 21, 2, 28, 11, 443123, tzinfo=UTC)),
        ("2026-11-21T03:28:11+01:00", datetime(2026, 11, 21, 2, 28, 11, tzinfo=UTC)),
        ("2026-11-21T02:28:11+0000", datetime(2026, 11, 21, 2, 28, 11, tzinfo=UTC)),
        (1795228091, datetime(2026, 11, 21, 2, 28, 11, tzinfo=UTC)),
        ("1795228091000", datetime(2026, 11, 21, 2, 28, 11, tzinfo=UTC)),
        ("2026-11-21 02:28:11.112013015 +0000 UTC m=+8560.28", datetime(2026, 11, 21, 2, 28, 11, 112013, tzinfo=UTC)),
        ("2026-11-21 03:28:11 +0100 CET", datetime(2026, 11, 21, 2, 28, 11, tzinfo=UTC)),
    ],
)
def test_times(written, at):
    assert one(startsAt=written).starts_at == at


@pytest.mark.parametrize(
    "written",
    ["soon", "2026-11-21T02:28:11", "2026-11-21 02:28:11 UTC", "9999-12-31T23:59:59-12:00", True, [], {}, -1e300],
)
def test_with_a_start_that_is_no_time_an_alert_is_rejected(written):
    assert "time" in why(startsAt=written)


@pytest.mark.parametrize("written", ["", None, "0001-01-01T00:00:00Z", "0001-01-01 00:00:00 +0000 UTC", 0])
def test_without_a_start_an_alert_is_known_by_whether_its_series_fires(written):
    fires, ends = one(startsAt=written), one(startsAt=written, status="resolved", endsAt="2026-11-21T02:30:00Z")
    assert fires.said == ends.said == Said(Known.WHILE_OPEN)
    assert fires.starts_at == NOW
    assert ends.starts_at == ends.ends_at == datetime(2026, 11, 21, 2, 30, tzinfo=UTC)
    assert one().said is None


def test_ends():
    assert one(endsAt="2030-01-01T00:00:00Z").ends_at is None  # firing: the end is only a guess of the source
    assert one(status="resolved").ends_at == NOW
    assert one(status="resolved", endsAt="2020-01-01T00:00:00Z").ends_at == one().starts_at
    assert "time" in why(endsAt="whenever")


def test_status():
    assert one(status="RESOLVED").status is AlertStatus.RESOLVED
    assert one(status="alerting").status is AlertStatus.FIRING
    assert one(status=None).status is AlertStatus.FIRING
    assert one(status=None, endsAt="2026-11-21T02:30:00Z").status is AlertStatus.RESOLVED
    assert one(status=None, endsAt="2026-11-21T02:40:00Z").status is AlertStatus.FIRING
    assert "'suppressed' is neither" in why(status="suppressed")


@pytest.mark.parametrize(("labels", "fingerprint"), [(None, None), ({}, ""), ({}, 7), ("x", "f"), (7, "f"), ([7], "f")])
def test_without_labels_and_a_fingerprint_an_alert_is_rejected(labels, fingerprint):
    assert "labels" in why(labels=labels, fingerprint=fingerprint)


def test_a_stated_fingerprint_is_enough():
    alert = one(labels={})
    assert (alert.fingerprint, alert.name, alert.labels) == ("1613996102dceb9e", "unnamed alert", {})


def test_the_group_names_what_has_no_name_and_leads_where_nothing_else_does():
    group = {"groupLabels": {"alertname": "Drift"}, "externalURL": "https://alertmanager.example/", "alerts": [
        item(labels={"a": "b"}, generatorURL=""), item(generatorURL="https://prometheus.example/graph"),
    ]}  # fmt: skip
    bare, whole = read(group).alerts
    assert (bare.name, bare.link) == ("Drift", "https://alertmanager.example/")
    assert (whole.name, whole.link) == ("A", "https://prometheus.example/graph")
    assert bare.labels == {"a": "b"}


@pytest.mark.parametrize("thing", [None, 7, "x", [], True])
def test_what_is_no_mapping_is_rejected(thing):
    result = read({"alerts": [item(), thing]})
    assert len(result.alerts) == 1
    assert (result.rejected[0].index, result.rejected[0].reason) == (1, "it is no mapping")
    assert result.rejected[0].raw == (thing if isinstance(thing, str) else json.dumps(thing))


def test_values_that_are_no_text_become_text():
    labels = {"alertname": "A", "shard": 7, "ratio": 0.5, "on": True, "none": None, "deep": {"a": [1]}}
    assert one(labels=labels).labels == {
        "alertname": "A",
        "shard": "7",
        "ratio": "0.5",
        "on": "true",
        "deep": '{"a": [1]}',
    }
    assert one(annotations=None).annotations == {}
    assert one(labels=["a:b", {"name": "c", "value": 1}]).labels == {"a": "b", "c": "1"}


def test_long_and_many_values_are_cut():
    labels = {f"l{n}": "x" * 100_000 for n in range(500)}
    alert = one(labels=labels, annotations={"summary": "y" * 100_000, "k" * 5_000: "v"})
    assert len(alert.labels) == MAX_ENTRIES
    assert {len(v) for v in alert.labels.values()} == {MAX_LABEL}
    assert len(alert.summary) == MAX_ANNOTATION
    assert max(map(len, alert.annotations)) <= 200
    assert len(one(fingerprint="f" * 10_000).fingerprint) == 128


def test_nul_reaches_no_database():
    alert = one(labels={"alertname": "a\0b", "k\0": "v"}, annotations={"summary": "\0"}, fingerprint="f\0")
    assert (alert.name, alert.labels, alert.summary, alert.fingerprint) == (
        "ab",
        {"alertname": "ab", "k": "v"},
        "",
        "f",
    )
    assert "\0" not in read({"alerts": ["\0"]}).rejected[0].raw


@pytest.mark.parametrize("address", ["javascript:alert(1)", "?orgId=1", "https://a/<!channel>", "https://a b", None, 7])
def test_only_a_web_address_becomes_a_link(address):
    assert one(generatorURL=address).link == ""


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"\xff\xfe", b"null{", b'{"alerts": [' + b"[" * 100_000, b"[" * 100_000, b'"\\ud800"', b"NaNN", b"\0"],
)
def test_what_is_not_json_is_said_to_be_so(body):
    with pytest.raises(InputError) as caught:
        read(body)
    assert (caught.value.code, caught.value.kind) == ("not_json", Kind.INPUT)
    assert len(caught.value.sentence) < 200


@pytest.mark.parametrize(
    "body", [b"null", b"1", b"[]", b"[1]", b"{}", b'{"alerts": 1}', b'{"labels": 1}', b'"x"', b"NaN"]
)
def test_json_of_another_shape_is_not_mappable(body):
    with pytest.raises(InputError) as caught:
        read(body)
    assert caught.value.code == "not_mappable"


def test_a_number_of_thousands_of_digits_is_refused():
    with pytest.raises(InputError, match="number out of range"):
        read(b'{"alerts": [{"labels": {"a": ' + b"9" * 10_000 + b"}}]}")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)


def outcome(body: bytes) -> ReadResult | str:
    """The result, or the code of the refusal."""
    try:
        return read(body)
    except InputError as error:
        return error.code


@settings(deadline=None)
@given(st.lists(st.fixed_dictionaries({}, optional=dict.fromkeys(item(), JSON)) | JSON, max_size=4))
def test_every_alert_of_any_body_is_read_or_rejected(alerts):
    result = outcome(json.dumps({"alerts": alerts}).encode())
    if isinstance(result, str):
        assert result == "not_json"  # a lone surrogate
        return
    assert len(result.alerts) + len(result.rejected) == len(alerts)
    for alert in result.alerts:
        assert alert.starts_at.utcoffset() == timedelta(0)
        assert alert.fingerprint
        assert all(isinstance(v, str) for v in (*alert.labels.values(), *alert.annotations.values()))


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(body):
    result = outcome(body)
    assert isinstance(result, ReadResult) or result in ("not_json", "not_mappable")


def test_it_is_fast_enough_for_a_storm():
    body = (PAYLOADS / "e2e_firing_critical.json").read_bytes()
    started = time.perf_counter()
    for _ in range(1_000):
        read(body)
    assert time.perf_counter() - started < 0.5  # 2,000/s on a very busy machine; 70,000/s on an idle one
