"""Grafana, unified and legacy."""

import hmac
import json
from hashlib import sha256

import pytest

from bot.web.sources import source
from playbooks.domain.alerts import Known
from tests.sources.bodies import FIRING, NOW, RESOLVED, At, Time, body_of, check_file, only, read, utc

UNIFIED, LEGACY = "grafana_unified", "grafana_legacy"


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        (
            f"{UNIFIED}/v11_firing_values.json",
            {
                "fingerprint": At("alerts.0.fingerprint", "e6349a25f5ef0e9e"),
                "name": At("alerts.0.labels.alertname", "Memory (copy)"),
                "status": At("alerts.0.status", FIRING),
                "starts_at": Time("alerts.0.startsAt", "2024-03-01T02:09:00Z", utc(2024, 3, 1, 2, 9)),
                "ends_at": None,
                "severity": "",
                "summary": At("alerts.0.annotations.summary", "High memory usage"),
                "labels.grafana_folder": At("alerts.0.labels.grafana_folder", "device"),
                "link": At(
                    "alerts.0.generatorURL",
                    "https://play.grafana.org/alerting/grafana/dd2f0260-3cfc-4c65-a4c4-f3f632c551f4/view?orgId=1",
                ),
                "signal.values": "A = 2473545728, B = 0, C = 1, minute = 9",  # alerts.0.values
                "said": None,
            },
        ),
        (
            f"{UNIFIED}/v12_test_alert_keep.json",
            {
                "fingerprint": At("alerts.0.fingerprint", "c4edaaf9f9f839b0"),
                "name": At("alerts.0.labels.alertname", "TestAlert"),
                "status": At("alerts.0.status", FIRING),
                "starts_at": Time(
                    "alerts.0.startsAt", "2026-05-05T13:04:57.62281314Z", utc(2026, 5, 5, 13, 4, 57, 622813)
                ),
                # `generatorURL` is "?orgId=1": half an address, so the panel's counts
                "link": At("alerts.0.panelURL", "https://grafana.example.com/d/dashboard_uid?viewPanel=1"),
            },
        ),
        (
            f"{LEGACY}/v4_alerting.json",
            {
                "fingerprint": "rule:7",  # ruleId
                "name": At("ruleName", "Zeta CPU alert"),
                "status": FIRING,  # state: alerting
                "starts_at": NOW,  # the body tells no time
                "summary": At("message", "boom!"),
                "labels.instance": At("evalMatches.0.tags.instance", "zeta.domain"),
                "signal.metric": At("evalMatches.0.metric", "user"),
                "signal.value": At("evalMatches.0.value", 97.007606),
                "link": At(
                    "ruleUrl",
                    "https://grafana.domain.tld/dashboard/db/alarms?fullscreen&edit&tab=alert&panelId=1&orgId=1",
                ),
            },
        ),
        (
            f"{LEGACY}/v4_example.json",
            {"fingerprint": "rule:1", "name": At("ruleName", "Load peaking!"), "status": FIRING},
        ),
        (f"{LEGACY}/v4_ok.json", {"fingerprint": "rule:7", "status": RESOLVED, "ends_at": NOW}),
    ],
)
def test_recorded_bodies(file, expected):
    check_file("grafana", file, [expected])


def test_a_legacy_rule_that_ends_is_the_one_that_fired():
    fires = only("grafana", body_of(f"{LEGACY}/v4_alerting.json"))
    ends = only("grafana", body_of(f"{LEGACY}/v4_ok.json"))
    assert (fires.fingerprint, fires.name) == (ends.fingerprint, ends.name)
    assert fires.said is not None
    assert fires.said.known is Known.WHILE_OPEN


@pytest.mark.parametrize("state", ["alerting", "no_data", "ok", "paused", "pending", "", None, 7, {}])
def test_every_state_of_a_legacy_rule(state):
    body = body_of(f"{LEGACY}/v4_alerting.json") | {"state": state}
    result = read("grafana", body)
    if state in ("alerting", "no_data", "ok"):
        assert result.alerts[0].status.value == (RESOLVED if state == "ok" else FIRING)
    else:
        assert result.alerts == []
        assert result.rejected[0].aside == (state in ("paused", "pending"))


def test_tags_of_a_legacy_rule_route():
    body = body_of(f"{LEGACY}/v4_ok.json") | {"tags": {"component": "fraud-scorer", "severity": "critical"}}
    alert = only("grafana", body)
    assert (alert.labels["component"], alert.severity) == ("fraud-scorer", "critical")


SECRET = "contact-point-secret"


def signed(body: bytes, stamp: str = "") -> dict[str, str]:
    content = f"{stamp}:".encode() + body if stamp else body
    found = {"x-grafana-alerting-signature": hmac.new(SECRET.encode(), content, sha256).hexdigest()}
    return found | ({"x-grafana-alerting-timestamp": stamp} if stamp else {})


@pytest.mark.parametrize("stamp", ["", str(int(NOW.timestamp()) - 299)])
def test_the_signature_and_each_byte_of_it(stamp):
    grafana = source("grafana", "grafana", [SECRET])
    body = json.dumps(body_of(f"{UNIFIED}/v11_firing_values.json")).encode()
    headers = signed(body, stamp)
    assert grafana.admits(headers, body, now=NOW)
    assert not grafana.admits(headers, body[:-1] + b" ", now=NOW)
    given = headers["x-grafana-alerting-signature"]
    for place in range(0, len(given), 7):
        other = given[:place] + ("0" if given[place] != "0" else "1") + given[place + 1 :]
        assert not grafana.admits(headers | {"x-grafana-alerting-signature": other}, body, now=NOW)


def test_a_signature_of_long_ago_is_refused():
    grafana = source("grafana", "grafana", [SECRET])
    assert not grafana.admits(signed(b"{}", str(int(NOW.timestamp()) - 301)), b"{}", now=NOW)
