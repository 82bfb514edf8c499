"""The stages on a real database: flaps, dependencies, windows, monitor mode, sustained breaches, and the path told."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from playbooks import errors
from playbooks.domain.alerts import Decision, Reason
from playbooks.domain.incidents import State
from playbooks.domain.ownership import Registry
from playbooks.domain.pipeline.case import PipelineRules
from playbooks.domain.timeline import EventKind
from playbooks.plays import closing, incident
from playbooks.plays.closing import Resolution
from playbooks.plays.timebox import sweep
from playbooks.plays.views.muted import alert_path, silence_list
from tests.plays.stage import HOUR, MINUTE, Stage, alert, on_sqlite
from tests.simulation.bot import RULES

_TEXT = (Path(__file__).parent / "ownership.yaml").read_text("utf-8")
TRIED = Registry.load(
    _TEXT.replace("failure: ndcg}", "failure: ndcg, monitor: true}").replace(
        "failure: recall}", "failure: recall, sustained: {for: 15m, points: 2, within: 2h}}"
    )
)


@contextmanager
def rules(stage: Stage, **changed: int) -> Iterator[None]:
    before = stage.rules
    stage.rules = replace(RULES, pipeline=replace(PipelineRules(), **changed))
    stage.restart()
    yield
    stage.rules = before


def flapping(stage: Stage, times: int = 6, name: str = "a") -> list[Decision]:
    """Episodes of a series, a minute each, while nobody may open an incident for long: each is resolved."""
    found = []
    for minute in range(times):
        told = stage.alert(alert(name, "auto-refund", minute=minute))[0]
        found.append(told.decision)
        if told.incident is not None:
            stage.alert(alert(name, "auto-refund", minute=minute, status="resolved"))
            current = stage.incident(told.incident)
            if current.open:
                closing.resolve(stage.house, stage.by("dana"), current.id, Resolution("over"))
        stage.clock.at += MINUTE
    return found


# ---------------------------------------------------------------- flap


def test_a_flapping_series_is_held_and_taken_up_when_it_stands_still(stage: Stage) -> None:
    decisions = flapping(stage)
    assert decisions == [Decision.OPENED, *[Decision.REOPENED] * 4, Decision.HELD]
    assert [(k.how, k.component) for k in silence_list(stage.house).kept] == [("held", "auto-refund")]
    stage.restart()
    stage.wait(20 * MINUTE)
    (one,) = stage.incidents()
    assert (one.state, one.alerts_firing) == (State.INVESTIGATING, 1)
    path = alert_path(stage.house, "auto-refund")
    assert [did for _, did, _ in path.steps][-2:] == ["held", "reopened"]


def test_a_held_episode_that_ends_opens_nothing_and_stays_listed(stage: Stage) -> None:
    flapping(stage)
    assert stage.alert(alert("a", "auto-refund", minute=5, status="resolved"))[0].decision is Decision.RESOLVED
    stage.wait(HOUR)
    (one,) = stage.incidents()
    assert one.state is State.RESOLVED
    assert [(k.how, k.firing) for k in silence_list(stage.house).kept] == [("held", 0)]


# ---------------------------------------------------------------- dependencies


def test_downstream_joins_the_incident_upstream_and_its_owner_is_told_once(stage: Stage) -> None:
    number = stage.opened("transactions-features")
    pages = len(stage.posted("page:"))
    told = stage.alert(alert("x"), alert("y"), alert("z", "auto-decline"))
    stage.settle()
    assert [(v.decision, v.reason, v.incident) for v in told] == [(Decision.ATTACHED, Reason.UPSTREAM_OPEN, number)] * 3
    assert len(stage.incidents()) == 1
    assert stage.incident(number).alerts_total == 4
    notes = stage.posted(f"say:downstream:{number}:")
    assert len(notes) == 2, "one for each component"
    assert "nobody is paged twice" in notes[0]
    assert len(stage.posted("page:")) == pages
    assert "auto-decline reads transactions-features, which has INC-1 open" in str(
        alert_path(stage.house, "auto-decline").steps
    )


def test_in_one_body_the_upstream_that_opens_first_takes_the_others(stage: Stage) -> None:
    told = stage.alert(alert("a", "transactions-features"), alert("b"), alert("c", "auto-decline"))
    assert [v.incident for v in told] == [1, 1, 1]


def test_what_still_fires_when_the_upstream_is_over_opens_its_own(stage: Stage) -> None:
    number = stage.opened("transactions-features")
    stage.alert(alert("x"), alert("y", "auto-decline"))
    stage.alert(alert("y", "auto-decline", status="resolved"))
    stage.alert(alert("a", "transactions-features", status="resolved"))
    closing.resolve(stage.house, stage.by("ravi"), number, Resolution("backfilled"))
    assert len(stage.incidents()) == 1
    stage.restart()
    stage.wait(6 * MINUTE)
    newest, oldest = stage.incidents()
    assert (newest.component, newest.alerts_total, newest.alerts_firing) == ("fraud-scorer", 1, 1)
    assert (oldest.alerts_total, oldest.alerts_firing) == (2, 0)
    assert len(stage.alerts(number)) == 2


def test_reopened_meanwhile_it_keeps_what_joined_it(stage: Stage) -> None:
    number = stage.opened("transactions-features")
    stage.alert(alert("x"))
    closing.resolve(stage.house, stage.by("ravi"), number, Resolution("backfilled"))
    closing.reopen(stage.house, stage.by("ravi"), number)
    stage.wait(HOUR)
    assert len(stage.incidents()) == 1
    assert stage.incident(number).alerts_total == 2


def test_once_contained_an_incident_upstream_takes_no_more(stage: Stage) -> None:
    number = stage.opened("transactions-features")
    incident.mitigate(stage.house, stage.by("ravi"), number)
    assert stage.alert(alert("x"))[0].decision is Decision.OPENED


# ---------------------------------------------------------------- windows


def test_soon_after_the_end_the_incident_is_open_again_without_a_page(stage: Stage) -> None:
    number = stage.opened("auto-refund")
    stage.alert(alert("a", "auto-refund", status="resolved"))
    incident.acknowledge(stage.house, stage.by("dana"), number, lead=True)
    closing.resolve(stage.house, stage.by("dana"), number, Resolution("over"))
    stage.settle()
    pages, channels = len(stage.posted("page:")), len(stage.slack.created())
    stage.clock.at += 4 * MINUTE
    told = stage.alert(alert("b", "auto-refund"), alert("c", "auto-refund"))
    stage.settle()
    assert [(v.decision, v.reason, v.incident) for v in told] == [
        (Decision.REOPENED, Reason.JUST_RESOLVED, number),
        (Decision.ATTACHED, Reason.OPEN_INCIDENT, number),
    ]
    again = stage.incident(number)
    assert (again.state, again.reopened, again.alerts_firing) == (State.INVESTIGATING, 1, 2)
    assert (len(stage.posted("page:")), len(stage.slack.created())) == (pages, channels)
    assert "{0}, INC-1 is open again: ModelDriftHigh fired again, 4 min" in stage.posted("say:reopened:1:1")[0]


@pytest.mark.parametrize("end", ["closed", "cancelled", "long resolved"])
def test_after_that_a_new_incident_refers_to_the_last_one(stage: Stage, end: str) -> None:
    number = stage.opened("auto-refund")
    if end == "cancelled":
        closing.cancel(stage.house, stage.by("dana"), number, "a test")
    else:
        closing.resolve(stage.house, stage.by("dana"), number, Resolution("over"))
    if end == "closed":
        closing.close(stage.house, stage.by("dana"), number, "nothing to learn")
    stage.clock.at += MINUTE if end != "long resolved" else HOUR
    told = stage.alert(alert("b", "auto-refund"))[0]
    assert (told.decision, told.reason) == (Decision.OPENED, Reason.EARLIER_OVER)
    assert told.incident is not None
    assert stage.incident(told.incident).reopened_from == number
    assert any(line.startswith("the last incident for this failure was INC-1") for line in stage.lines(told.incident))


def test_a_month_later_nothing_is_referred_to(stage: Stage) -> None:
    closing.cancel(stage.house, stage.by("dana"), stage.opened("auto-refund"), "a test")
    stage.clock.at += timedelta(days=31)
    assert stage.alert(alert("b", "auto-refund"))[0].reason is Reason.NEW_FAILURE


@on_sqlite
def test_another_failure_joins_inside_the_group_window(stage: Stage) -> None:
    with rules(stage, group_window=300):
        first = alert("a", "auto-decline")
        told = stage.alert(first, replace(first, name="Slow", fingerprint="other"))
        assert [(v.reason, v.incident) for v in told] == [(Reason.NEW_FAILURE, 1), (Reason.SAME_COMPONENT, 1)]
        assert stage.posted("say:downstream") == []
        stage.clock.at += 10 * MINUTE
        assert stage.alert(replace(first, name="Late", fingerprint="third"))[0].incident == 2


# ---------------------------------------------------------------- monitor mode and sustained breaches


@pytest.fixture
def tried(engine: Engine) -> Stage:
    return Stage(engine, registry=TRIED)


def test_a_matcher_in_monitor_mode_only_records(tried: Stage) -> None:
    told = tried.alert(alert("a", "ranker"))[0]
    tried.settle()
    assert (told.decision, told.reason, told.incident) == (Decision.MONITORED, Reason.MONITOR_MODE, None)
    assert tried.incidents() == []
    assert [(k.how, k.component) for k in silence_list(tried.house).kept] == [("monitored", "ranker")]


def test_one_noisy_point_opens_nothing(tried: Stage) -> None:
    told = tried.alert(alert("a", "spam-filter", minute=50))[0]
    assert (told.decision, told.reason) == (Decision.HELD, Reason.NOT_SUSTAINED)
    tried.alert(alert("a", "spam-filter", minute=50, status="resolved"))
    tried.wait(2 * HOUR)
    assert tried.incidents() == []
    path = alert_path(tried.house, told.alert_id)
    assert path.steps[-1][0] == "sustained"
    assert "1 of 2 breached points" in path.steps[-1][2]


def test_a_breach_that_lasts_opens_by_itself_with_all_its_points(tried: Stage) -> None:
    for minute, name in ((49, "a"), (50, "b")):
        assert tried.alert(alert(name, "spam-filter", minute=minute))[0].decision is Decision.HELD
    tried.restart()
    tried.wait(20 * MINUTE)
    (one,) = tried.incidents()
    assert (one.component, one.alerts_total) == ("spam-filter", 2)
    assert tried.alert(alert("c", "spam-filter", minute=51))[0].reason is Reason.OPEN_INCIDENT


def test_the_source_may_say_itself_that_it_lasts(tried: Stage) -> None:
    told = {"windows": "4 of the last 4", "first_breach": "2026-11-21T01:40:00Z"}
    assert tried.alert(replace(alert("a", "spam-filter"), annotations=told))[0].decision is Decision.OPENED


# ---------------------------------------------------------------- why


def test_why_finds_an_alert_by_id_fingerprint_name_and_component(stage: Stage) -> None:
    told = stage.alert(alert("a"), alert("b", "ranker"))
    for word in (told[0].alert_id, "fp-fraud-scorer-a", "fraud-scorer"):
        assert alert_path(stage.house, word).alert == told[0].alert_id
    both = alert_path(stage.house, "ModelDriftHigh")
    assert {both.alert, *(number for number, _, _ in both.others)} == {v.alert_id for v in told}
    path = alert_path(stage.house, told[0].alert_id)
    assert [stage_ for stage_, _, _ in path.steps] == [
        "verify", "parse", "dedup", "route", "flap", "silence", "monitor", "sustained", "inhibit", "group", "open",
    ]  # fmt: skip
    assert path.incident == "INC-1"
    for word in ("nonsense", "x" * 500, "'; drop table alert; --"):
        with pytest.raises(errors.UnknownName):
            alert_path(stage.house, word)


def test_why_tells_what_was_measured_since_when_and_for_how_long_nobody_heard(stage: Stage) -> None:
    began = stage.clock.now() - timedelta(minutes=26)
    told = {
        "metric": "PSI",
        "value": "0.34",
        "limit": "0.20",
        "reference": "Oct 1–31",
        "first_breach": began.isoformat(),
    }
    [verdict] = stage.alert(replace(alert("a"), annotations=told))
    path = alert_path(stage.house, verdict.alert_id)
    assert path.signal == "Drift · PSI 0.34, limit 0.20, against Oct 1–31"
    assert (path.since, path.silent) == (began, 26 * 60)
    assert stage.events(1, EventKind.ALERT)[0].payload["signal"]["limit"] == "0.20"
    without = stage.alert(alert("b", "ranker"))[0].alert_id
    assert (alert_path(stage.house, without).since, alert_path(stage.house, without).silent) == (None, None)


def test_the_counts_stay_right_and_the_chain_verifies(stage: Stage) -> None:
    number = stage.opened("transactions-features")
    stage.alert(alert("x"), alert("x", status="resolved"))
    stage.settle()
    sweep(stage.house)
    kept = stage.alerts(number)
    assert stage.incident(number).alerts_total == len(kept) == 2
    assert stage.incident(number).alerts_firing == 1
    assert len(stage.events(number, EventKind.ALERT)) == 3
