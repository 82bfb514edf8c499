"""Bodies as other projects and vendors' pages show them, cut to the fields that count; each names where it was seen."""

from __future__ import annotations

import hmac
import json
from hashlib import sha256
from typing import Any

import pytest

from bot.web.sources import source
from playbooks.domain.alerts import Known
from tests.sources.bodies import FIRING, NOW, RESOLVED, body_of, only, read, since_1970, utc

# ------------------------------------------------------------------ Alertmanager and Grafana


def test_an_alert_of_two_labels_alone():  # target/goalert, test/smoke/prometheusalertmanager_test.go
    told = {"status": FIRING, "labels": {"alertname": "TestAlert"}, "annotations": {"summary": "My alert summary"}}
    fires = only("alertmanager", {"status": FIRING, "externalURL": "http://my.url", "alerts": [told]})
    ends = only("alertmanager", {"alerts": [told | {"status": RESOLVED}]})
    assert (fires.name, fires.summary, fires.link, fires.starts_at) == (
        "TestAlert", "My alert summary", "http://my.url", NOW,
    )  # fmt: skip
    assert fires.fingerprint == ends.fingerprint
    assert fires.said is not None
    assert fires.said.known is Known.WHILE_OPEN


def grafana(**more: Any) -> dict[str, Any]:  # zulip/zulip, zerver/webhooks/grafana/fixtures
    alert = {
        "status": FIRING, "labels": {}, "annotations": {}, "startsAt": "2022-08-31T05:54:04.52289368Z",
        "endsAt": "0001-01-01T00:00:00Z", "generatorURL": "", "fingerprint": "57c6d9296de2ad39", "silenceURL": "",
        "dashboardURL": "", "panelURL": "", "values": {},
    } | more  # fmt: skip
    return {"receiver": "", "alerts": [alert], "externalURL": "https://grafana.example.com/", "truncatedAlerts": 1}


def test_grafana_without_labels():  # alert_new_no_labels.json
    alert = only("grafana", grafana(status=RESOLVED, endsAt="2022-08-31T10:30:00.52288431Z"))
    assert (alert.fingerprint, alert.status.value) == ("57c6d9296de2ad39", RESOLVED)
    assert alert.ends_at == utc(2022, 8, 31, 10, 30, 0, 522884)
    assert alert.link == "https://grafana.example.com/"
    assert read("grafana", grafana()).truncated == 1


def test_grafana_with_times_as_go_prints_them():  # alert_v8_missing_field.json
    alert = only(
        "grafana",
        grafana(
            labels={"alertname": "TestAlert"},
            startsAt="2026-05-27 15:36:00.112013015 +0000 UTC m=+8560.285724134",
            endsAt="0001-01-01 00:00:00 +0000 UTC",
        ),
    )
    assert alert.starts_at == utc(2026, 5, 27, 15, 36, 0, 112013)
    assert alert.status.value == FIRING


@pytest.mark.parametrize(
    ("stated", "signal"),
    [
        ("[ metric='foo' labels={instance=bar} value=10 ]", {"value": "10"}),  # alert_v8.json
        (  # alert-9-mixed.json
            "[ var='B' labels={deploy=prod} value=17 ], [ var='C' labels={deploy=prod} value=1 ]",
            {"values": "B = 17, C = 1"},
        ),
        ("[no value]", {}),
        (7, {}),
    ],
)
def test_grafanas_figures_before_version_11(stated, signal):
    assert only("grafana", grafana(labels={"alertname": "A"}, valueString=stated)).signal == signal


def test_grafanas_links_and_figures_without_a_fingerprint():
    told = grafana(labels={"alertname": "A"}, fingerprint=None, panelURL="https://grafana.example.com/d/a?viewPanel=2")
    assert only("grafana", told).link == "https://grafana.example.com/d/a?viewPanel=2"


def test_a_legacy_rule_without_a_number_keeps_its_name_when_it_is_ok():
    def told(state: str, title: str) -> Any:
        return only("grafana", {"evalMatches": [], "state": state, "title": title})

    fires, ends = told("alerting", "[Alerting] Panel Title alert"), told("ok", "[OK] Panel Title alert")
    assert fires.fingerprint == ends.fingerprint == "rule:Panel Title alert"
    assert not read("grafana", {"evalMatches": [], "state": "alerting"}).alerts


# ------------------------------------------------------------------ Sentry

EVENT = {  # zulip/zulip, zerver/webhooks/sentry/fixtures/event_for_message_python.json: of 2020, without `issue_id`
    "event_id": "8da63b42", "level": "info", "datetime": "2020-04-28T14:05:04.210463Z", "message": "",
    "logentry": {"formatted": "A simple message-based issue."},
    "issue_url": "https://sentry.io/api/0/issues/1635261062/",
    "web_url": "https://sentry.io/organizations/acme/issues/1635261062/events/8da63b42/",
    "url": "https://sentry.io/api/0/projects/acme/scorer/events/8da63b42/",
}  # fmt: skip


@pytest.mark.parametrize("left", [("issue_url", "web_url"), ("issue_url",), ("web_url",)])
def test_an_event_that_names_its_issue_in_an_address_alone(left):
    event = EVENT | dict.fromkeys({"issue_url", "web_url"} - set(left))
    alert = only("sentry", {"action": "triggered", "data": {"event": event, "triggered_rule": "page"}})
    assert alert.fingerprint == "issue:1635261062"
    assert (alert.name, alert.labels["component"]) == ("A simple message-based issue.", "scorer")
    issue = {"id": "1635261062", "status": "resolved", "project": {"slug": "scorer"}}
    assert only("sentry", {"action": "resolved", "data": {"issue": issue}}).fingerprint == alert.fingerprint


def test_events_of_no_issue_are_told_apart_or_rejected():
    event = EVENT | {"issue_url": None, "web_url": None}
    found = [only("sentry", {"data": {"event": event | {"hashes": [name]}}}).fingerprint for name in ("a", "b")]
    assert found == ["issue:a", "issue:b"]
    assert not read("sentry", {"data": {"event": {"title": "x"}}}).alerts
    assert not read("sentry", {"action": "created", "data": {"issue": {"title": "x"}}}).alerts
    assert not read("sentry", {"action": "critical", "data": {"metric_alert": {"title": "x"}}}).alerts


HOOKED = {  # getsentry/sentry, src/sentry/tasks/servicehooks.py, get_payload_v0
    "project": {"slug": "scorer", "name": "Scorer"},
    "group": {"id": "4711", "level": "error", "culprit": "score", "url": "https://sentry.io/acme/issues/4711/"},
    "event": {
        "eventID": "8da6", "groupID": "4711", "title": "ValueError: no features", "message": "",
        "dateCreated": "2026-11-21T02:28:11Z", "tags": [{"key": "environment", "value": "prod"}],
        "url": "https://sentry.io/acme/issues/4711/events/8da6/",
    },
}  # fmt: skip


def test_a_service_hook():
    alert = only("sentry", HOOKED)
    assert (alert.fingerprint, alert.name, alert.severity) == ("issue:4711", "ValueError: no features", "error")
    assert alert.starts_at == utc(2026, 11, 21, 2, 28, 11)  # event.dateCreated
    assert (alert.labels["component"], alert.labels["environment"]) == ("scorer", "prod")
    assert alert.link == "https://sentry.io/acme/issues/4711/events/8da6/"  # event.url


def test_a_service_hook_of_an_issue():
    data = {"id": "4711", "shortId": "SCORER-1", "firstSeen": "2026-11-21T02:28:11Z", "title": "ValueError"}
    alert = only("sentry", {"action": "issue.created", "installation": {"uuid": "u"}, "data": data})
    assert (alert.fingerprint, alert.status.value, alert.name) == ("issue:4711", FIRING, "ValueError")


@pytest.mark.parametrize("header", ["sentry-hook-signature", "x-servicehook-signature"])
def test_sentry_signs_in_either_header(header):
    body = json.dumps(HOOKED).encode()
    made = hmac.new(b"s3cr3t", body, sha256).hexdigest()
    one = source("sentry", "sentry", ["s3cr3t"])
    assert one.admits({header: made}, body, now=NOW)
    assert not one.admits({header: made}, body + b" ", now=NOW)
    assert not one.admits({header: made[:-1] + "g"}, body, now=NOW)
    assert not one.admits({"x-hub-signature": made}, body, now=NOW)


def test_the_limit_of_a_metric_is_that_of_its_trigger():  # docs.sentry.io, webhooks/metric-alerts
    triggers = [{"label": "critical", "alertThreshold": 1000}, {"label": "warning", "alertThreshold": 500}]
    told = {"id": "4", "projects": ["scorer"], "alert_rule": {"name": "Too many errors", "triggers": triggers}}
    limits = {
        action: only("sentry", {"action": action, "data": {"metric_alert": told}}).signal["limit"]
        for action in ("critical", "warning", "resolved")
    }
    assert limits == {"critical": "1000", "warning": "500", "resolved": "1000"}


# ------------------------------------------------------------------ Datadog

HOST = "https://app.datadoghq.eu"


def pocket(turn: str, kind: str, event: str) -> dict[str, Any]:
    """A template whose `id` is the monitor's (a Lambda of pokt-network's monitoring)."""
    return {
        "msg": f"%%%\n@webhook-Events_Dev\n[[Monitor Status]({HOST}/monitors/1867792?to_ts=1)]", "id": "1867792",
        "transition": turn, "type": kind, "title": f"[P2] [{turn} on {{@conditions:NOT_SYNCHRONIZED}}] xDai UE2-A",
        "status": "", "link": f"{HOST}/event/event?id={event}",
    }  # fmt: skip


def test_datadogs_id_may_be_the_monitors():
    fires = only("datadog", pocket("Triggered", "error", "6136132146668244401"))
    ends = only("datadog", pocket("Recovered", "success", "6136155280721054654"))
    assert fires.fingerprint == ends.fingerprint == "monitor:1867792:@conditions:NOT_SYNCHRONIZED"
    assert (fires.status.value, ends.status.value) == (FIRING, RESOLVED)
    assert (fires.name, fires.severity) == ("xDai UE2-A", "P2")
    assert fires.said is not None
    assert fires.said.delivery == ""  # the same number comes with every word of this monitor


def codenow(turn: str, event: str, **more: str) -> dict[str, Any]:
    """A template without the monitor's number (CodeNow/docks, of 2015)."""
    return {
        "alert_transition": turn,
        "body": "%%%\n[Graph](https://app.datadoghq.com/monitors#309811?group=host%3Ai-3b93aafb)\n%%%",
        "date": "1448435477000", "event_id": event, "event_tags": "host:i-3b93aafb,monitor,role:dock",
        "event_type": "metric_alert_monitor",
        "title": f"[{turn} on {{host:i-3b93aafb}}] Dock is almost out of memory...",
    } | more  # fmt: skip


def test_datadogs_monitor_and_scope_stand_in_its_text_and_title():
    fires = only("datadog", codenow("Triggered", "3089903685627551000"))
    ends = only("datadog", codenow("Recovered", "3089903685627551077"))
    other = only("datadog", codenow("Triggered", "1", title="[Triggered on {host:b}] Dock is almost out of memory..."))
    assert fires.fingerprint == ends.fingerprint == "monitor:309811:host:i-3b93aafb"
    assert other.fingerprint == "monitor:309811:host:b"
    assert fires.labels["role"] == "dock"  # event_tags
    assert ends.ends_at == since_1970(1448435477000)  # date
    assert ends.said is not None
    assert ends.said.delivery == "3089903685627551077"  # event_id


@pytest.mark.parametrize(
    ("title", "status", "severity"),
    [
        ("[P1] [Triggered] High tracking", FIRING, "P1"),  # Datadog's default body, of 2025
        ("[P1] [Recovered] High tracking", RESOLVED, "P1"),
        ("[P2] [Warn on {env:staging}] High tracking", FIRING, "P2"),
        ("[Re-Triggered on {env:staging}] High tracking", FIRING, ""),
        ("[Renotify] High tracking", FIRING, ""),
        ("[Warn] High tracking", FIRING, "warning"),
    ],
)
def test_datadogs_default_body(title, status, severity):
    body = {
        "id": "8306077573749414142", "last_updated": "1759343584000", "event_type": "query_alert_monitor",
        "title": title, "date": "1759343584000", "org": {"id": "352347", "name": "acme"}, "body": "We get high bytes",
    }  # fmt: skip
    alert = only("datadog", body)
    assert (alert.status.value, alert.severity, alert.name) == (status, severity, "High tracking")
    assert alert.summary == "We get high bytes"  # body
    assert alert.said is not None
    assert alert.said.delivery == "8306077573749414142"  # id


def test_two_hosts_of_datadogs_default_body_are_told_apart():
    titles = [f"[{turn} on {{host:{host}}}] Disk" for turn in ("Triggered", "Recovered") for host in "ab"]
    found = [only("datadog", {"id": "1" * 19, "title": title}).fingerprint for title in titles]
    assert found == ["monitor:Disk:host:a", "monitor:Disk:host:b"] * 2


@pytest.mark.parametrize("title", ["[P1] [Triggered] [TEST] drift", "[Triggered] [TEST] drift", "[Test Triggered] x"])
def test_datadogs_test_notifications_open_nothing(title):
    assert read("datadog", {"title": title, "alert_transition": ""}).rejected[0].aside


@pytest.mark.parametrize(
    ("told", "severity"),
    [
        ({"priority": "normal", "alert_type": "error"}, "error"),  # $PRIORITY is the event's
        ({"priority": "low", "alert_type": "warning"}, "warning"),
        ({"priority": "2"}, "P2"),
        ({"priority": "critical"}, "critical"),
        ({"severity": "high", "priority": "normal"}, "high"),
        ({"alert_priority": "P3", "priority": "normal"}, "P3"),
    ],
)
def test_datadogs_severity(told, severity):
    assert only("datadog", {"alert_id": 7, "alert_transition": "Triggered"} | told).severity == severity


def test_datadog_without_a_transition():  # a StackStorm pack's fixture, and Citrix ITM's page
    told = {
        "alert_type": "success", "alert_id": "4960770", "alert_title": "App server failed for qa-2 on host:qa-2",
        "event_title": "[Recovered on {host:qa-2,instance:check}] App server failed for qa-2", "alert_status": "",
    }  # fmt: skip
    assert only("datadog", told).fingerprint == "monitor:4960770:host:qa-2,instance:check"
    assert only("datadog", told).status.value == RESOLVED
    assert only("datadog", {"monitor_id": "3617482", "status": "OK", "title": "Fusion"}).status.value == RESOLVED
    assert only("datadog", {"monitor_id": "3617482", "status": "Alert", "title": "Fusion"}).status.value == FIRING


# ------------------------------------------------------------------ PagerDuty, Opsgenie, status pages


@pytest.mark.parametrize(
    ("kind", "known"),
    [
        ("incident.priority_updated", Known.BY_ID), ("incident.escalated", Known.BY_ID),
        ("incident.acknowledged", Known.BY_ID), ("incident.reassigned", Known.BY_ID),
        ("incident.reopened", Known.BY_TURN),
    ],
)  # fmt: skip
def test_pagerdutys_words_on_an_open_incident(kind, known):  # zulip/zulip, zerver/webhooks/pagerduty/fixtures
    body = body_of("pagerduty/v3_incident_triggered.json")
    body["event"] |= {"event_type": kind, "occurred_at": "2026-04-01T02:15:02.274Z"}
    body["event"]["data"] |= {
        "status": "triggered",
        "created_at": "2026-03-30T13:37:07Z",
        "priority": {"summary": "P2"},
    }
    alert = only("pagerduty", body)
    assert (alert.status.value, alert.severity) == (FIRING, "P2")
    assert alert.said is not None
    assert alert.said.known is known
    reopened = known is Known.BY_TURN
    assert alert.starts_at == (utc(2026, 4, 1, 2, 15, 2, 274000) if reopened else utc(2026, 3, 30, 13, 37, 7))


@pytest.mark.parametrize(
    "data",
    [
        {"type": "incident_note", "id": "PEMJB6G", "content": "killing queries", "incident": {"id": "Q3"}},
        {"type": "incident_workflow_instance", "id": "PU3WKIK", "incident": {"id": "Q3"}},
        {"type": "incident_responder", "state": "pending", "incident": {"id": "Q3"}},
        {"type": "incident_conference_bridge", "conference_url": "https://x.example", "incident": {"id": "Q3"}},
        {"type": "ping", "message": "Hello from your friend Pagey!"},
        {"type": "service", "id": "PSERVICE1", "summary": "Test Service"},
    ],
)
def test_pagerdutys_other_words_open_nothing(data):
    kind = "pagey.ping" if data["type"] == "ping" else "incident.annotated"
    assert read("pagerduty", {"event": {"id": "01", "event_type": kind, "data": data}}).rejected[0].aside


@pytest.mark.parametrize(("priority", "severity"), [(3, "P3"), ("3", "P3"), ("P1", "P1"), (None, "")])
def test_opsgenies_priority_was_a_number_once(priority, severity):  # zulip/zulip, opsgenie/fixtures/create.json
    body = body_of("opsgenie/close.json")
    body["alert"]["priority"] = priority
    assert only("opsgenie", body).severity == severity


@pytest.mark.parametrize("teams", [["team1", "team2"], [{"id": "t", "name": "team1"}]])
def test_opsgenies_teams(teams):  # support.atlassian.com, alert action data: ids; zulip/zulip has names
    body = body_of("opsgenie/close.json")
    body["alert"]["teams"] = teams
    assert only("opsgenie", body).labels["team"] == "team1"


def test_opsgenies_escalation_names_the_alert_alone():  # zulip/zulip, opsgenie/fixtures/escalate.json
    alert = only("opsgenie", {"action": "Escalate", "escalationName": "esc", "alert": {"alertId": "7ba97e3a"}})
    assert (alert.fingerprint, alert.name, alert.status.value) == ("7ba97e3a", "Opsgenie alert 7ba97e3a", FIRING)
    assert alert.said is not None
    assert alert.said.known is Known.BY_ID  # so it repeats what is open


def test_an_update_of_a_status_page():  # zulip/zulip, statuspage/fixtures/incident_update.json
    body = body_of("statuspage/incident_created.json")
    update = {
        "id": "cdwfdrjlp53y", "status": RESOLVED, "body": "The database issue is resolved.",
        "affected_components": [{"name": "Management Portal", "new_status": "operational"}],
    }  # fmt: skip
    body["incident"] |= {"status": RESOLVED, "resolved_at": "2017-12-26T07:37:20.785Z", "components": []}
    body["incident"]["incident_updates"] = [update]
    alert = only("statuspage", body)
    assert (alert.status.value, alert.summary) == (RESOLVED, "The database issue is resolved.")
    assert alert.ends_at == utc(2017, 12, 26, 7, 37, 20, 785000)
    assert alert.labels["component"] == "Management Portal"  # affected_components
    assert alert.said is not None
    assert alert.said.delivery == "cdwfdrjlp53y:resolved"
    assert not read("statuspage", {"incident": "down"}).alerts
    assert not read("statuspage", {"component": {"status": "major_outage"}}).alerts
