"""PagerDuty's webhooks, V3 and the two before."""

from typing import Any

import pytest

from playbooks.domain.alerts import Known
from tests.sources.bodies import FIRING, NOW, RESOLVED, At, Time, body_of, check_file, only, read, utc

TRIGGERED, ENDED = "pagerduty/v3_incident_triggered.json", "pagerduty/v3_incident_resolved.json"


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        (
            TRIGGERED,
            [
                {
                    "fingerprint": At("event.data.id", "PFQZPSY"),
                    "name": At("event.data.title", "Test Incident 3"),
                    "status": FIRING,  # event.event_type: incident.triggered
                    "starts_at": Time(
                        "event.occurred_at", "2021-06-04T13:35:29.781Z", utc(2021, 6, 4, 13, 35, 29, 781000)
                    ),
                    "severity": At("event.data.urgency", "high"),
                    "labels.service": At("event.data.service.summary", "pig208"),
                    "labels.component": At("event.data.service.summary", "pig208"),
                    "link": At("event.data.html_url", "https://pig208.pagerduty.com/incidents/PFQZPSY"),
                }
            ],
        ),
        (
            ENDED,
            [
                {
                    "fingerprint": At("event.data.id", "PCPZE64"),
                    "status": RESOLVED,  # event.event_type: incident.resolved
                    "ends_at": Time(
                        "event.occurred_at", "2021-06-04T13:16:53.816Z", utc(2021, 6, 4, 13, 16, 53, 816000)
                    ),
                }
            ],
        ),
        (
            "pagerduty/v3_signed_body.json",
            [
                {
                    "fingerprint": At("event.data.id", "PGR0VU2"),
                    "status": FIRING,  # event.data.status: triggered
                    "severity": At("event.data.priority.summary", "P1"),
                    "labels.team": At("event.data.teams.0.summary", "Engineering"),
                }
            ],
        ),
        (
            "pagerduty/v1_trigger_alerta.json",
            [
                {
                    "fingerprint": At("messages.0.data.incident.id", "PIJ90N7"),
                    "name": At("messages.0.data.incident.trigger_summary_data.subject", "45645"),
                    "status": FIRING,  # messages.0.data.incident.status: triggered
                    "starts_at": Time(
                        "messages.0.data.incident.created_on", "2013-07-09T20:25:44Z", utc(2013, 7, 9, 20, 25, 44)
                    ),
                },
                {
                    "fingerprint": At("messages.1.data.incident.id", "PIJ90N7"),
                    "status": At("messages.1.data.incident.status", RESOLVED),
                    "ends_at": Time(
                        "messages.1.data.incident.last_status_change_on",
                        "2013-07-09T20:25:45Z",
                        utc(2013, 7, 9, 20, 25, 45),
                    ),
                },
            ],
        ),
    ],
)
def test_recorded_bodies(file, expected):
    check_file("pagerduty", file, expected)


def event(kind: str, **data: object) -> Any:
    body = body_of(TRIGGERED)
    body["event"] |= {"event_type": kind}
    body["event"]["data"] |= data
    return body


def test_a_delivery_is_known_by_its_event():
    said = only("pagerduty", body_of(TRIGGERED)).said
    assert said is not None
    assert (said.delivery, said.known) == ("01BZYIL05THJDFF2Y08X9SVMTU", Known.BY_TURN)  # event.id


@pytest.mark.parametrize("kind", ["incident.acknowledged", "incident.priority_updated", "incident.escalated"])
def test_other_words_of_an_incident_only_say_that_it_is_open(kind):
    alert = only("pagerduty", event(kind, status="acknowledged", created_at="2021-06-04T13:30:00Z"))
    assert alert.status.value == FIRING
    assert alert.starts_at == utc(2021, 6, 4, 13, 30)
    assert alert.said is not None
    assert alert.said.known is Known.BY_ID


def test_a_reopened_incident_begins_anew():
    alert = only("pagerduty", event("incident.reopened", created_at="2021-06-04T13:30:00Z"))
    assert alert.starts_at == utc(2021, 6, 4, 13, 35, 29, 781000)


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("incident.annotated", {"type": "incident_note"}),
        ("service.updated", {"type": "service"}),
        ("pagey.ping", {"type": "ping"}),
    ],
)
def test_what_is_no_incident_is_kept_aside(kind, data):
    result = read("pagerduty", event(kind, **data))
    assert result.alerts == []
    assert [rejected.aside for rejected in result.rejected] == [True]


@pytest.mark.parametrize("body", [{"event": None}, {"event": []}, {"messages": [None, 7, {}]}])
def test_bodies_with_nothing_in_them(body):
    result = read("pagerduty", body)
    assert result.alerts == []
    assert result.rejected
    assert not any(rejected.aside for rejected in result.rejected)


def test_a_time_that_is_none_is_that_of_the_arrival():
    body = body_of(TRIGGERED)
    body["event"]["occurred_at"] = "yesterday"
    assert only("pagerduty", body).starts_at == NOW
