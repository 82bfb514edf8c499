"""People's reports: counted by person, open an incident at a threshold, told with the time since the first one."""

from __future__ import annotations

from datetime import timedelta

import pytest

from playbooks import errors
from playbooks.domain.alerts import AlertStatus
from playbooks.messages import Say
from playbooks.plays import reports
from playbooks.plays.views.muted import silence_list
from tests.plays.stage import HOUR, MINUTE, STRANGER, Stage, on_sqlite


def say(stage: Stage, who: str, text: str = "it declines everybody", component: str = "fraud-scorer") -> Say:
    said = reports.report(stage.house, stage.by(who), component, text)
    stage.settle()
    return said


def test_at_the_third_person_an_incident_opens_with_all_reports(stage: Stage) -> None:
    began = stage.clock.at
    assert "1 of 3 people within 1 h" in say(stage, "zoe").text
    stage.wait(20 * MINUTE)
    assert "2 of 3" in say(stage, STRANGER).text
    assert stage.incidents() == []
    assert [(k.how, k.component, k.failure, k.count) for k in silence_list(stage.house).kept] == [
        ("held", "fraud-scorer", "user reports", 2)
    ]
    stage.restart()
    stage.wait(20 * MINUTE)
    assert say(stage, "mei").text == "Thank you. It stands in INC-1, and fraud-ml is told."
    stage.wait(MINUTE)
    (one,) = stage.incidents()
    assert one.title == "fraud-scorer misbehaves, people report"
    assert (one.alerts_total, one.alerts_firing) == (3, 3)
    assert one.signal["silent_since"] == began.isoformat().replace("+00:00", "Z")
    assert one.signal["value"] == "3"
    (note,) = stage.posted("owner_note:1")
    assert "since=datetime.datetime(2026, 11, 21, 2, 31" in note
    assert "silent=24" in note
    assert sum("it declines everybody" in line for line in stage.lines(1)) == 3


def test_one_person_counts_once(stage: Stage) -> None:
    for text in ("first", "second", "third", "fourth"):
        assert "1 of 3" in say(stage, "zoe", text).text
        stage.clock.at += MINUTE
    assert stage.incidents() == []
    with stage.bot.store.read() as uow:
        firing = [a for a in uow.alerts_named("fraud-scorer", limit=9) if a.alert.status is AlertStatus.FIRING]
    assert [a.alert.summary for a in firing] == ["fourth"]


def test_reports_of_yesterday_do_not_count_and_join_nothing(stage: Stage) -> None:
    say(stage, "zoe")
    say(stage, "ravi")
    stage.wait(2 * HOUR)
    assert "1 of 3" in say(stage, "mei").text
    say(stage, "omar")
    say(stage, "lin")
    stage.wait(MINUTE)
    assert stage.incident(1).alerts_total == 3


def test_a_report_on_an_open_incident_joins_it_at_once(stage: Stage) -> None:
    for who in ("zoe", "mei", "omar"):
        say(stage, who)
    stage.wait(MINUTE)
    assert say(stage, "lin", "still wrong").text.startswith("Thank you. It stands in INC-1")
    assert any("still wrong" in line for line in stage.lines(1))


def test_a_form_sent_twice_counts_once(stage: Stage) -> None:
    order = stage.by("zoe", once="view:1")
    reports.report(stage.house, order, "fraud-scorer", "wrong")
    with pytest.raises(errors.Conflict):
        reports.report(stage.house, order, "fraud-scorer", "wrong")


@on_sqlite
def test_bad_reports_are_told(stage: Stage) -> None:
    with pytest.raises(errors.UnknownName):
        say(stage, "zoe", component="nonsense")
    with pytest.raises(errors.InputError, match="What went wrong"):
        say(stage, "zoe", "  ")
    said = reports.report(
        stage.house, stage.by("zoe"), "fraud-scorer", "x" * 5000, at=stage.clock.at + timedelta(days=1)
    )
    assert "1 of 3" in said.text
