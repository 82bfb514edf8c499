"""Alerts and changes: one incident per failure, readable storms, our own echo known, foreign changes kept."""

from __future__ import annotations

from datetime import timedelta

import pytest

from playbooks.domain.alerts import AlertStatus, Change, Decision, Reason
from playbooks.domain.timeline import EventKind
from playbooks.plays import closing
from playbooks.plays.closing import Resolution
from playbooks.plays.receive import keep_raw, record_changes
from tests.plays.stage import DECLINE, HOUR, MINUTE, NIGHT, Stage, alert


def _change(key: str, subject: str, before: str, after: str, *, environment: str = "", at: timedelta = HOUR) -> Change:
    return Change(
        source="mlflow",
        key=key,
        kind="model_alias",
        subject=subject,
        occurred_at=NIGHT - at,
        before=before,
        after=after,
        environment=environment,
        by="training",
    )


def test_alerts_of_one_failure_make_one_incident(stage: Stage) -> None:
    first = stage.alert(alert("a"), alert("b"))
    second = stage.alert(alert("a"), alert("c"), alert("a", "auto-refund"))
    stage.settle()
    decisions = [v.decision for v in (*first, *second)]
    assert decisions == [
        Decision.OPENED,
        Decision.ATTACHED,
        Decision.DUPLICATE,
        Decision.ATTACHED,
        Decision.OPENED,
    ]
    assert [v.incident for v in (*first, *second)] == [1, 1, 1, 1, 2]
    assert len(stage.slack.created()) == 2
    assert stage.incident(1).alerts_total == 3


def test_an_end_is_counted_once_and_stays_the_end(stage: Stage) -> None:
    stage.opened()
    ended = stage.alert(alert("a", status="resolved"), alert("a", status="resolved"), alert("a"))
    assert [v.reason for v in ended] == [Reason.FIRING_ENDED, Reason.SAME_EPISODE, Reason.STALE_FIRING]
    (held,) = stage.alerts(1)
    assert (held.alert.status, held.alert.ends_at) == (AlertStatus.RESOLVED, alert("a", status="resolved").ends_at)
    assert stage.incident(1).alerts_firing == 0
    again = stage.alert(alert("a"))
    assert again[0].reason is Reason.STALE_FIRING
    assert stage.alerts(1)[0].alert.ends_at is not None


def test_a_new_episode_after_the_end_fires_again(stage: Stage) -> None:
    stage.opened()
    stage.alert(alert("a", status="resolved"))
    stage.alert(alert("a", minute=45))
    assert (stage.incident(1).alerts_total, stage.incident(1).alerts_firing) == (2, 1)


def test_after_resolve_an_alert_opens_a_new_incident(stage: Stage) -> None:
    number = stage.opened()
    closing.resolve(stage.house, stage.by("dana"), number, Resolution())
    stage.clock.at += HOUR
    verdict = stage.alert(alert("b"))[0]
    assert (verdict.decision, verdict.reason, verdict.incident) == (Decision.OPENED, Reason.EARLIER_OVER, 2)


def test_an_end_never_seen_firing_opens_nothing(stage: Stage) -> None:
    verdict = stage.alert(alert("a", status="resolved"))[0]
    assert (verdict.decision, verdict.reason, verdict.incident) == (Decision.RESOLVED, Reason.ENDED_UNSEEN, None)
    assert stage.incidents() == []


@pytest.mark.parametrize("at_once", [True, False], ids=["one body", "many"])
def test_a_storm_is_counted_and_stays_readable(stage: Stage, at_once: bool) -> None:
    number = stage.opened()
    alerts = [alert(f"storm{n}") for n in range(120)]
    for body in [alerts] if at_once else [alerts[:40], alerts[40:]]:
        stage.alert(*body)
    stage.settle()
    assert (stage.incident(number).alerts_total, len(stage.slack.created())) == (121, 1)
    events = stage.events(number, EventKind.ALERT)
    assert len(events) <= stage.rules.storm_after + 2
    counted = sum(int(e.payload.get("count", 1)) for e in events)
    assert counted == 121
    assert "121 alerts (121 firing)" in stage.posted(f"owner_note:{number}")[0]


def test_a_foreign_change_is_kept_and_attached(stage: Stage) -> None:
    number = stage.opened()
    change = _change("evt-1", "fraud-scorer@champion", "42", "43")
    verdicts = record_changes(stage.house, [change, change])
    assert [v.decision for v in verdicts] == [Decision.CHANGE, Decision.DUPLICATE]
    (event,) = stage.events(number, EventKind.CHANGE)
    assert (event.text, event.occurred_at) == ("fraud-scorer@champion: v42 → v43 by training", NIGHT - HOUR)


def test_a_change_before_the_incident_is_copied_in_at_its_own_time(stage: Stage) -> None:
    record_changes(
        stage.house,
        [
            _change("evt-1", "fraud-scorer@champion", "42", "43", at=4 * HOUR),
            _change("evt-2", "fraud-scorer@champion", "41", "42", at=80 * HOUR),
            _change("evt-3", "ranker@champion", "1", "2"),
        ],
    )
    assert stage.incidents() == []
    number = stage.opened()
    assert [e.new.dedup_key for e in stage.events(number, EventKind.CHANGE)] == ["change:mlflow:evt-1"]
    assert "changes=()" not in stage.posted(f"owner_note:{number}")[0]


def test_the_echo_of_our_own_rollback_is_known(stage: Stage) -> None:
    number = stage.opened()
    stage.approve("omar", stage.asked())
    echo = _change("evt-9", "fraud-scorer@champion", "43", "42", at=-MINUTE)
    blind = _change("evt-10", "fraud-scorer@champion", "", "42", at=-MINUTE)
    assert [v.decision for v in record_changes(stage.house, [echo, blind])] == [Decision.ECHO, Decision.ECHO]
    assert stage.events(number, EventKind.CHANGE) == []


def test_the_echo_of_our_own_switch_is_known(stage: Stage) -> None:
    stage.opened()
    stage.disabled()
    subject, _, environment = DECLINE.rpartition("@")
    echo = _change("flag-1", subject, "on", "off", environment=environment)
    foreign = _change("flag-2", subject, "off", "on", environment=environment)
    assert [v.decision for v in record_changes(stage.house, [echo, foreign])] == [Decision.ECHO, Decision.CHANGE]


def test_somebody_elses_move_to_the_same_version_is_no_echo(stage: Stage) -> None:
    number = stage.opened()
    stage.approve("omar", stage.asked())
    moved = [
        _change("evt-11", "fraud-scorer@champion", "42", "40", at=-MINUTE),
        _change("evt-12", "fraud-scorer@champion", "40", "42", at=-2 * MINUTE),
    ]
    assert [v.decision for v in record_changes(stage.house, moved)] == [Decision.CHANGE, Decision.CHANGE]
    assert len(stage.events(number, EventKind.CHANGE)) == 2


def test_an_hour_later_it_is_no_echo(stage: Stage) -> None:
    stage.opened()
    stage.approve("omar", stage.asked())
    stage.clock.at += 61 * MINUTE
    late = _change("evt-13", "fraud-scorer@champion", "43", "42", at=-62 * MINUTE)
    assert record_changes(stage.house, [late])[0].decision is Decision.CHANGE


def test_what_cannot_be_read_is_kept_and_told_once_an_hour(stage: Stage) -> None:
    for _ in range(3):
        keep_raw(stage.house, source="prod", body="<xml/>", why="it is no JSON")
    stage.settle()
    assert len(stage.posted("post:raw:prod")) == 1
    stage.clock.at += HOUR
    keep_raw(stage.house, source="prod", body="<xml/>", why="it is no JSON")
    stage.settle()
    told = stage.posted("post:raw:prod")
    assert len(told) == 2
    assert "4 so far" in told[1]


def test_what_changed_in_72_hours_on_the_component_or_upstream_stands_by_its_time(stage: Stage) -> None:
    day = timedelta(days=1)
    told = [
        _change("old", "fraud-scorer", "", "v41", at=3 * day + MINUTE),
        _change("own", "fraud-scorer", "v42", "v43", at=3 * day - MINUTE),
        _change("target", "fraud-scorer@champion", "42", "43", at=2 * day),
        _change("upstream", "transactions-features", "", "backfill", at=HOUR, environment="production"),
        _change("elsewhere", "ranker", "", "v9", at=HOUR),
        _change("downstream", "auto-decline", "", "rule 7", at=HOUR),
    ]
    record_changes(stage.house, list(reversed(told)))
    stage.opened()
    changes = stage.events(1, EventKind.CHANGE)
    assert [e.payload["key"] for e in changes] == ["own", "target", "upstream"]
    assert [e.occurred_at for e in changes] == [c.occurred_at for c in told[1:4]]


def test_a_flag_is_known_before_an_incident_by_its_project_name_and_environment(stage: Stage) -> None:
    project, _, where = DECLINE.partition("@")
    record_changes(
        stage.house,
        [
            _change("production", project, "off", "on", environment=where),
            _change("test", project, "off", "on", environment="test"),
        ],
    )
    stage.opened("auto-decline")
    assert [e.payload["key"] for e in stage.events(1, EventKind.CHANGE)] == ["production"]
