"""What the paths and conditions of a mapping can say, and shipped mappings beside more bodies of their tools."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bot.providers.alerts.paths import find
from bot.providers.alerts.telling import moment_of, tags
from tests.sources.bodies import FIRING, PAYLOADS, RESOLVED, body_of, check, utc
from tests.sources.test_mapped import mapping, read, shipped

BODY = {
    "kibana.alert.rule.name": "flat",
    "kibana": {"alert": {"status": "active"}},
    "fields": [{"key": "severity", "value": "error"}, {"key": "service.name", "value": {"text": "scorer"}}, 7],
    "inputs": {"threshold": {"value": 40}, "_S1": {"dimensions": {"host": "gpu-7"}, "value": 96.2}},
    "context": json.dumps({"reason": "slow", "hosts": ["a", "b"]}),
    "broken": "{not json",
}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("kibana.alert.rule.name", "flat"),
        ("kibana.alert.status", "active"),
        ("fields.0.value", "error"),
        ("fields.key=severity.value", "error"),
        ("fields.key=service.name.value.text", "scorer"),
        ("fields.key=gone.value", None),
        ("inputs.*.dimensions.host", "gpu-7"),
        ("inputs.*.value", 40),
        ("fields.*.key", "severity"),
        ("context.reason", "slow"),
        ("context.hosts.1", "b"),
        ("broken.reason", None),
        ("broken", "{not json"),
        ("fields.9", None),
        ("kibana.alert.status.more", None),
    ],
)
def test_paths(path: str, value: object) -> None:
    assert find(BODY, path) == value


def test_a_list_of_plain_values_is_one_text() -> None:
    mapped = mapping(fingerprint=("id", "groups"), labels={"targets": "targets", "deep": "deep", "none": "none"})
    body = {"id": 1, "title": "x", "groups": ["eu", 2], "targets": ["a", "b"], "deep": [{"a": 1}], "none": []}
    (alert,) = read(mapped, body).alerts
    assert (alert.fingerprint, alert.labels) == ("1:eu, 2", {"targets": "a, b"})


@pytest.mark.parametrize(
    ("body", "found"),
    [({"a": "down"}, FIRING), ({"b": 2}, FIRING), ({"b": 1, "c": True}, RESOLVED), ({"b": 1}, "aside")],
)
def test_one_of_several_sets_of_conditions_is_enough(body: dict[str, Any], found: str) -> None:
    mapped = mapping(status={"firing": ({"a": "down"}, {"b": "2"}), "resolved": ({"a": "up"}, {"b": "1", "c": "true"})})
    result = read(mapped, {"id": 1, "title": "x"} | body)
    assert (result.alerts[0].status.value if result.alerts else "aside") == found


def test_what_is_no_alert_is_kept_aside() -> None:
    mapped = mapping(aside={"kind": "test"}, status={"resolved": {"state": "ok"}})
    result = read(mapped, {"id": 1, "title": "x", "kind": "test"})
    assert (result.alerts, result.rejected[0].aside) == ([], True)
    assert read(mapped, {"id": 1, "title": "x"}).alerts[0].status.value == FIRING


def test_words_of_severities_in_any_case() -> None:
    mapped = mapping(severity="sev", severity_words={"High": "critical", "LOW": ""})
    told = [read(mapped, {"id": 1, "title": "x", "sev": word}).alerts[0].severity for word in ("HIGH", "low", "Odd")]
    assert told == ["critical", "", "Odd"]


def test_tags_of_several_places_and_as_a_text_of_json() -> None:
    mapped = mapping(tags=("own", "all"))
    own, whole = json.dumps([{"tag": "component", "value": "scorer"}]), {"component": "other", "env": "prod"}
    assert read(mapped, {"id": 1, "title": "x", "own": own, "all": whole}).alerts[0].labels == {
        "component": "scorer",
        "env": "prod",
    }
    assert tags('{"a": 1}') == {"a": "1"}


def test_times_as_the_command_date_and_zabbix_write_them() -> None:
    assert moment_of("Sat Oct 26 23:20:39 UTC 2024") == utc(2024, 10, 26, 23, 20, 39)
    assert moment_of("2024.10.26 23:20:39") == moment_of("2024/10/26 23:20:39") == utc(2024, 10, 26, 23, 20, 39)


# ------------------------------------------------------------------ shipped mappings, other bodies


def told(name: str, body: dict[str, Any], expected: dict[str, object]) -> None:
    result = read(shipped(name), body)
    assert result.rejected == []
    (alert,) = result.alerts
    check(alert, body, expected)


def thousandeyes(event: str, **more: Any) -> dict[str, Any]:
    agents = [{"agentName": "Boston, MA", "metricsAtStart": "Page load: Incomplete", "active": 1}]
    alert = {
        "alertId": 35541, "testName": "checkout", "ruleName": "Default Page Load Alert Rule", "type": "Page Load",
        "ruleExpression": "Page Load is incomplete", "dateStart": "2014-08-24 01:01:47", "agents": agents,
        "permalink": "https://app.thousandeyes.com/alerts/list?__a=11&alertId=35541",
    }  # fmt: skip
    return {"eventType": event, "eventId": "49-35541", "alert": alert | more}


def test_thousandeyes_from_trigger_to_clear() -> None:
    same = {
        "fingerprint": "35541",  # alert.alertId
        "name": "Default Page Load Alert Rule",  # alert.ruleName
        "starts_at": utc(2014, 8, 24, 1, 1, 47),  # alert.dateStart, which has no zone and is UTC
        "labels.component": "checkout",  # alert.testName
        "labels.agent": "Boston, MA",  # alert.agents.0.agentName
        "link": "https://app.thousandeyes.com/alerts/list?__a=11&alertId=35541",  # alert.permalink
    }
    told("thousandeyes", thousandeyes("ALERT_NOTIFICATION_TRIGGER"), same | {"status": FIRING})
    cleared = thousandeyes("ALERT_NOTIFICATION_CLEAR", dateEnd="2014-08-24 01:09:51")
    told("thousandeyes", cleared, same | {"status": RESOLVED, "ends_at": utc(2014, 8, 24, 1, 9, 51)})


def test_thousandeyes_agents_and_its_test_call() -> None:
    agent = {"agentNotificationId": 5744505, "hostname": "TE-AGENT1", "agentName": "Packet1", "dateStart": 1476987748}
    rule = {"ruleName": "Clock Offset", "ruleExpression": "Clock Offset ≤ 60 seconds"}
    body = {"eventType": "AGENT_ALERT_NOTIFICATION_TRIGGER", "eventId": "164522-5744505", "agentAlert": agent | rule}
    told(
        "thousandeyes",
        body,
        {
            "fingerprint": "5744505",  # agentAlert.agentNotificationId
            "status": FIRING,
            "starts_at": utc(2016, 10, 20, 18, 22, 28),  # agentAlert.dateStart
            "labels.component": "TE-AGENT1",  # agentAlert.hostname
        },
    )
    test = read(shipped("thousandeyes"), {"eventType": "WEBHOOK_TEST", "eventId": "1415733887743"})
    assert [refused.aside for refused in test.rejected] == [True]


@pytest.mark.parametrize(
    ("state", "status"),
    [
        ({"status": "ok", "statusExtended": "ok"}, RESOLVED), ({"status": "ok", "statusExtended": "stopped"}, RESOLVED),
        ({"status": "anomalous", "statusExtended": "anomalous"}, FIRING), ({"status": "anomalous"}, FIRING),
        ({"status": "too high", "statusExtended": "too high"}, FIRING), ({"status": "ok"}, RESOLVED),
    ],
)  # fmt: skip
def test_signalfx_as_its_guide_shows_it(state: dict[str, str], status: str) -> None:
    dimensions = {"host": "i-346235qa", "plugin": "signalfx-metadata"}
    body = {
        "sf_schema": 2, "detector": "Memory usage detector", "incidentId": "BCDEFGHIJKL", "severity": "Minor",
        "rule": "Running out of memory", "timestamp": "2016-11-08T19:43:30Z",
        "description": "Memory has reached 90% of maximum for 10 minutes",
        "inputs": {"_S1": {"dimensions": dimensions, "value": 96.235234634345}},
    }  # fmt: skip
    told(
        "signalfx",
        body | state,
        {
            "fingerprint": "BCDEFGHIJKL",  # incidentId
            "name": "Memory usage detector",  # detector
            "status": status,
            "severity": "warning",  # severity: Minor
            "summary": "Memory has reached 90% of maximum for 10 minutes",  # description
            "labels.host": "i-346235qa",  # inputs._S1.dimensions.host
            "signal.value": "96.235234634345",  # inputs._S1.value
        },
    )


def test_graylog_before_version_3_and_its_test_call() -> None:
    told(
        "graylog",
        body_of("graylog/notification.json"),
        {
            # stream.id, check_result.triggered_condition.id
            "fingerprint": "55f1509dbee8e2841898eb64:5e7a9c8d-9bb1-47b6-b8db-4a3a83a25e0c",
            "name": "test",  # stream.title
            "status": FIRING,  # check_result.triggered: true
            "starts_at": utc(2015, 9, 10, 9, 45, 54, 749000),  # check_result.triggered_at
            "labels.source": "127.0.0.1",  # check_result.matching_messages.0.source
        },
    )
    body = body_of("graylog/keep_mock.json") | {"event_definition_type": "test-dummy-v1"}
    assert read(shipped("graylog"), body).rejected[0].aside


def test_graylog_groups_are_series_of_their_own() -> None:
    body = body_of("graylog/keep_mock.json")
    body["event"] |= {"key": "gpu-7", "group_by_fields": {"host": "gpu-7"}}
    (alert,) = read(shipped("graylog"), body).alerts
    assert alert.fingerprint == "671a28a03696bb3801a7a9f1:gpu-7"  # event_definition_id, event.key
    assert alert.labels["host"] == "gpu-7"  # event.group_by_fields.host


@pytest.mark.parametrize(
    ("kind", "status", "severity"),
    [
        ("ALERT_FAILURE", FIRING, "error"), ("ALERT_FAIL", FIRING, "error"), ("ALERT_DEGRADED", FIRING, "warning"),
        ("ALERT_SSL", FIRING, "warning"), ("ALERT_RECOVERY", RESOLVED, ""), ("ALERT_DEGRADED_RECOVERY", RESOLVED, ""),
    ],
)  # fmt: skip
def test_every_alert_type_of_checkly(kind: str, status: str, severity: str) -> None:
    body = body_of("checkly/keep_mock.json") | {"alert_type": kind, "check_error_message": "503"}
    told("checkly", body, {"status": status, "severity": severity, "signal.error": "503"})


def test_coralogix_fields_in_any_order_and_its_groups() -> None:
    body = body_of("coralogix/keep_mock.json")
    values = {"subsystem": "scorer", "Group-by Value1": "gpu-7"}
    body["fields"] = [{"key": f["key"], "value": values.get(f["key"], f["value"])} for f in reversed(body["fields"])]
    told(
        "coralogix",
        body | {"alert_action": "resolve"},
        {
            "fingerprint": "49a4afb5-9231-418d-94ea-3a7546779658:gpu-7",  # alert_id, fields: Group-by Value1
            "status": RESOLVED,
            "severity": "error",  # fields: severityLowercase
            "ends_at": utc(2024, 8, 14, 21, 28, 56, 254000),  # fields: timestampISO
            "labels.component": "scorer",  # fields: subsystem
        },
    )


def test_axiom_groups_are_series_of_their_own() -> None:
    body = body_of("axiom/keep_mock.json")
    body["event"] |= {"groupKeys": ["host"], "groupValues": ["gpu-7"]}
    (alert,) = read(shipped("axiom"), body).alerts
    assert alert.fingerprint == "Rxg89nIwu9WwrOsJKA:gpu-7"  # event.monitorID, event.groupValues


def test_zabbix_sends_its_tags_as_a_text() -> None:
    body = shipped("zabbix").sample | {"tags": '[{"tag":"component","value":"fraud-scorer"}]', "severity": "DISASTER"}
    told("zabbix", body, {"labels.component": "fraud-scorer", "severity": "critical"})


@pytest.mark.parametrize(("status", "found"), [("PROBLEM", FIRING), ("OK", RESOLVED), ("resolved", RESOLVED)])
def test_zabbix_by_a_script_that_was_written_for_another(status: str, found: str) -> None:
    body = {
        "id": "1205", "triggerId": "21001", "lastReceived": "2024.10.26 23:20:39", "name": "GPU memory is full",
        "service": "gpu-7", "severity": "High", "status": status, "tags": '[{"tag":"component","value":"scorer"}]',
        "value": "1", "message": "Problem started", "url": "{$ZABBIX.URL}", "update_action": "{EVENT.UPDATE.ACTION}",
    }  # fmt: skip
    expected = {
        "fingerprint": "1205",  # id
        "name": "GPU memory is full",
        "status": found,
        "severity": "error",  # severity: High
        "starts_at": utc(2024, 10, 26, 23, 20, 39),  # lastReceived
        "labels.host": "gpu-7",  # service
        "labels.component": "scorer",  # tags
        "link": "",
    }
    told("zabbix", body, expected)
    assert read(shipped("zabbix"), body | {"update_action": "acknowledged"}).rejected[0].aside


def test_dash0s_test_call() -> None:
    assert read(shipped("dash0"), {"type": "test", "data": {}}).rejected[0].aside


def test_netbox_tells_of_devices_that_fail_and_come_back() -> None:
    sample = shipped("netbox").sample
    back = sample | {"data": sample["data"] | {"status": {"value": "active", "label": "Active"}}}
    told("netbox", back, {"fingerprint": "device:17", "status": RESOLVED, "labels.component": "gpu-7"})


@pytest.mark.parametrize(
    ("name", "more", "expected"),
    [
        (
            "pingdom",
            {"current_state": "UP", "state_changed_timestamp": 1498861843},
            {"fingerprint": "803318", "status": RESOLVED, "ends_at": utc(2017, 6, 30, 22, 30, 43)},
        ),
        (
            "checkmk",
            {"notification_type": "PROBLEM", "what": "SERVICE", "service": "CPU", "severity": "CRIT"},
            {"fingerprint": "cmk:server1:CPU", "status": FIRING, "severity": "critical", "name": "CPU"},
        ),
        (
            "uptime_kuma",
            {"heartbeat": {"status": 1, "time": "2026-11-21 02:20:00.5", "msg": "200 - OK"}},
            {"fingerprint": "7", "status": RESOLVED, "ends_at": utc(2026, 11, 21, 2, 20, 0, 500000)},
        ),
        ("kibana", {"group": "recovered"}, {"fingerprint": "r-1:gpu-7", "status": RESOLVED}),
        ("splunk", {"result": {}}, {"fingerprint": "slow scoring", "status": FIRING}),
    ],
)
def test_tools_that_have_no_reader(name: str, more: dict[str, Any], expected: dict[str, object]) -> None:
    told(name, shipped(name).sample | more, expected)


@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("checkmk", {"notification_type": "ACKNOWLEDGEMENT"}),
        ("uptime_kuma", {"heartbeat": {"status": 2}}),
        ("uptime_kuma", {"monitor": None, "heartbeat": None, "msg": "Uptime Kuma test"}),
    ],
)
def test_tools_that_have_no_reader_say_what_is_no_alert(name: str, more: dict[str, Any]) -> None:
    result = read(shipped(name), shipped(name).sample | more)
    assert (result.alerts, [refused.aside for refused in result.rejected]) == ([], [True])


def test_kibana_documents_have_keys_with_dots() -> None:
    body = {
        "kibana.alert.rule.uuid": "r-9", "kibana.alert.instance.id": "gpu-7", "kibana.alert.rule.name": "GPU memory",
        "kibana.alert.status": "recovered", "kibana.alert.start": "2026-11-21T02:10:00Z",
        "kibana.alert.end": "2026-11-21T02:20:00Z", "kibana.alert.rule.tags": ["component:fraud-scorer"],
    }  # fmt: skip
    told(
        "kibana",
        body,
        {
            "fingerprint": "r-9:gpu-7",
            "status": RESOLVED,
            "starts_at": utc(2026, 11, 21, 2, 10),
            "ends_at": utc(2026, 11, 21, 2, 20),
            "labels.component": "fraud-scorer",
        },
    )


def test_every_folder_without_a_reader_has_a_mapping() -> None:
    unread = {"axiom", "checkly", "coralogix", "dash0", "graylog", "librenms", "netbox", "signalfx", "thousandeyes"}
    assert unread <= {path.name for path in PAYLOADS.iterdir()}
    assert all(shipped(name).sample for name in unread)
