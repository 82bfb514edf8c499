"""The stages of the pipeline, each by itself: what it lets pass, what it rules, and the reason it gives."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from playbooks.domain.alerts import Decision, Reason
from playbooks.domain.ownership_file import SustainedEntry
from playbooks.domain.pipeline.case import Case, Context, PipelineRules, Stage, Standing
from playbooks.domain.pipeline.deciding import rule
from playbooks.domain.pipeline.flap import flap
from playbooks.domain.pipeline.grouping import group
from playbooks.domain.pipeline.inhibition import inhibit
from playbooks.domain.pipeline.monitoring import monitor
from playbooks.domain.pipeline.muting import silence
from playbooks.domain.pipeline.path import followed, muted_by, path_of, whole
from playbooks.domain.pipeline.silences import AtEnd, Muting, Silence, by_component
from playbooks.domain.pipeline.sustained import sustained
from playbooks.domain.routing import Routed
from tests.domain.registry import NOW, alert

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
ROUTED = Routed("fraud-scorer", "drift", "fraud-ml", "labels.component = fraud-scorer")
READS = {"fraud-scorer": ("features", "ledger"), "auto-decline": ("fraud-scorer", "features")}


def case(routed: Routed = ROUTED, *, attached: bool = False, age: timedelta = timedelta(0), **changes: object) -> Case:
    told = replace(alert(), **changes) if changes else alert()  # type: ignore[arg-type]
    return Case(told, routed, attached, NOW - age, stored=bool(age))


def context(rules: PipelineRules | None = None, **parts: object) -> Context:
    reads = lambda component: READS.get(component, ())  # noqa: E731
    return Context(NOW, rules or PipelineRules(), upstream=reads, **parts)  # type: ignore[arg-type]


def quiet(component: str = "fraud-scorer", failure: str = "", **changes: object) -> Silence:
    made = Silence(
        3, Muting.SILENCE, component, failure, "rebuild", "dana", "fraud-ml", NOW - HOUR, NOW + HOUR, AtEnd.OPEN, NOW
    )
    return replace(made, **changes)  # type: ignore[arg-type]


# ---------------------------------------------------------------- flap


def test_the_sixth_episode_of_an_hour_is_held_until_it_stands_still() -> None:
    series = {("prod", "f" * 16): 5}
    ruling = flap(case(), context(episodes=series))
    assert ruling is not None
    assert (ruling.decision, ruling.reason) == (Decision.HELD, Reason.FLAPPING)
    assert ruling.until == NOW + timedelta(minutes=10)
    assert "6 episodes" in ruling.why


@pytest.mark.parametrize(
    ("given", "rules", "episodes"),
    [
        (case(), PipelineRules(), 4),
        (case(attached=True), PipelineRules(), 50),
        (case(), PipelineRules(flap_after=0), 50),
        (case(age=timedelta(minutes=10)), PipelineRules(), 50),
        (case(age=MINUTE), PipelineRules(), 5),  # itself is among the stored ones
    ],
    ids=["few", "incident open", "off", "stood still", "itself counted"],
)
def test_what_does_not_flap_passes(given: Case, rules: PipelineRules, episodes: int) -> None:
    assert flap(given, context(rules, episodes={("prod", "f" * 16): episodes})) is None


# ---------------------------------------------------------------- silence


def test_a_silence_mutes_its_component_and_a_maintenance_says_so() -> None:
    ruling = silence(case(), context(silences=by_component([quiet()])))
    assert ruling is not None
    assert (ruling.decision, ruling.reason, ruling.silence) == (Decision.MUTED, Reason.SILENCED, 3)
    assert ruling.why == "S-3 until 21 Nov 03:31 UTC: rebuild"
    work = silence(case(), context(silences=by_component([quiet(kind=Muting.MAINTENANCE)])))
    assert work is not None
    assert work.reason is Reason.MAINTENANCE


def test_of_two_the_one_that_ends_last_counts() -> None:
    longer = quiet(id=4, ends_at=NOW + 2 * HOUR)
    ruling = silence(case(), context(silences=by_component([quiet(), longer])))
    assert ruling is not None
    assert ruling.silence == 4


@pytest.mark.parametrize(
    "made",
    [
        quiet("other"),
        quiet(starts_at=NOW + MINUTE),
        quiet(ends_at=NOW),
        quiet(ended_at=NOW - MINUTE),
        quiet(failure="stale"),
    ],
    ids=["other component", "planned", "at its end", "ended early", "other failure"],
)
def test_what_no_silence_covers_passes(made: Silence) -> None:
    assert silence(case(), context(silences=by_component([made]))) is None


@pytest.mark.parametrize("failure", ["drift", "ModelDriftHigh"], ids=["failure key", "alert name"])
def test_a_silence_may_be_limited_to_a_failure_or_an_alert(failure: str) -> None:
    assert silence(case(), context(silences=by_component([quiet(failure=failure)]))) is not None


# ---------------------------------------------------------------- monitor


def test_monitor_mode_says_what_it_would_have_done() -> None:
    trial = replace(ROUTED, monitor=True)
    opening, joining = monitor(case(trial), context()), monitor(case(trial, attached=True), context())
    assert opening is not None
    assert joining is not None
    assert (opening.decision, opening.why) == (Decision.MONITORED, "live, it would go on to open one")
    assert joining.why == "live, it would join the open incident"
    assert monitor(case(), context()) is None


# ---------------------------------------------------------------- sustained


def asks(**entry: object) -> Routed:
    return replace(ROUTED, sustained=SustainedEntry.model_validate(entry))


def test_a_breach_is_held_until_it_has_lasted() -> None:
    young = case(asks(**{"for": "15m"}), starts_at=NOW - 5 * MINUTE)
    ruling = sustained(young, context())
    assert ruling is not None
    assert (ruling.decision, ruling.until) == (Decision.HELD, NOW + 10 * MINUTE)
    assert sustained(case(asks(**{"for": "15m"}), starts_at=NOW - 15 * MINUTE), context()) is None


def test_the_first_breached_window_counts_and_not_when_the_alert_began() -> None:
    told = {"first_breach": "2026-11-21T02:00:00Z"}
    assert sustained(case(asks(**{"for": "15m"}), starts_at=NOW, annotations=told), context()) is None


@pytest.mark.parametrize(("windows", "passes"), [("1 of the last 4", False), ("3/4", True), ("4 of 4 windows", True)])
def test_points_are_those_the_source_reports(windows: str, passes: bool) -> None:
    ruling = sustained(case(asks(points=3), annotations={"windows": windows}), context())
    assert (ruling is None) is passes


@pytest.mark.parametrize(("held", "passes"), [(0, False), (1, False), (2, True)])
def test_without_them_the_episodes_seen_so_far_count(held: int, passes: bool) -> None:
    seen = {("fraud-scorer", "drift"): held}
    assert (sustained(case(asks(points=3)), context(points=seen)) is None) is passes


@pytest.mark.parametrize(("samples", "passes"), [("40", False), ("1,800", True), ("", True), ("many", True)])
def test_a_value_from_few_samples_opens_nothing(samples: str, passes: bool) -> None:
    told = {"samples": samples, "windows": "2 of 2"}
    assert (sustained(case(asks(samples=500), annotations=told), context()) is None) is passes


def test_an_open_incident_takes_every_point() -> None:
    assert sustained(case(asks(points=9), attached=True), context()) is None


# ---------------------------------------------------------------- inhibit and group


def standing(component: str, number: int = 7, **changes: object) -> dict[str, list[Standing]]:
    made = replace(Standing(number, component, 2, NOW - MINUTE), **changes)  # type: ignore[arg-type]
    return {component: [made]}


def test_what_reads_a_failing_component_joins_its_incident() -> None:
    ruling = inhibit(case(), context(standing=standing("ledger")))
    assert ruling is not None
    assert (ruling.decision, ruling.reason, ruling.incident) == (Decision.ATTACHED, Reason.UPSTREAM_OPEN, 7)
    assert ruling.why == "fraud-scorer reads ledger, which has INC-7 open"


def test_the_nearest_upstream_counts() -> None:
    both = standing("features", 8) | standing("fraud-scorer", 9)
    ruling = inhibit(case(replace(ROUTED, component="auto-decline")), context(standing=both))
    assert ruling is not None
    assert ruling.incident == 9


@pytest.mark.parametrize(
    ("stands", "given", "rules"),
    [
        (standing("auto-decline"), case(), PipelineRules()),
        (standing("ledger", opened_at=NOW - 5 * HOUR), case(), PipelineRules()),
        (standing("ledger", contained=True), case(), PipelineRules()),
        (standing("ledger"), case(attached=True), PipelineRules()),
        (standing("ledger"), case(), PipelineRules(inhibit_within=0)),
    ],
    ids=["downstream", "long ago", "contained", "its own is open", "off"],
)
def test_what_is_not_inhibited_passes(stands: dict[str, list[Standing]], given: Case, rules: PipelineRules) -> None:
    assert inhibit(given, context(rules, standing=stands)) is None


@pytest.mark.parametrize(("level", "joins"), [(0, True), (1, False), (2, True), (3, True)])
def test_what_is_worse_downstream_pages_by_itself(level: int, joins: bool) -> None:
    ruling = inhibit(case(), context(standing=standing("ledger"), level_of=lambda _case: level))
    assert (ruling is not None) is joins


def test_another_failure_soon_after_joins_where_a_window_is_set() -> None:
    stands = standing("fraud-scorer")
    assert group(case(), context(standing=stands)) is None
    ruling = group(case(), context(PipelineRules(group_window=300), standing=stands))
    assert ruling is not None
    assert (ruling.reason, ruling.incident) == (Reason.SAME_COMPONENT, 7)
    late = standing("fraud-scorer", opened_at=NOW - 6 * MINUTE)
    assert group(case(), context(PipelineRules(group_window=300), standing=late)) is None


# ---------------------------------------------------------------- order and path


def test_the_first_stage_that_rules_counts() -> None:
    parts: dict[str, object] = {
        "episodes": {("prod", "f" * 16): 9},
        "silences": by_component([quiet()]),
        "standing": standing("ledger"),
    }
    order = []
    for gone in ("episodes", "silences", "standing"):
        ruling = rule(case(), context(None, **parts))
        order.append(ruling.stage if ruling else None)
        parts.pop(gone)
    assert order == [Stage.FLAP, Stage.SILENCE, Stage.INHIBIT]
    assert rule(case(), context()) is None


def test_the_path_names_every_stage_it_went_through() -> None:
    ruling = silence(case(), context(silences=by_component([quiet()])))
    assert ruling is not None
    path = path_of(ROUTED, ruling.step, ruling.decision, ruling.reason)
    steps = whole(path, ruling.decision, ruling.reason)
    assert [stage for stage, _, _ in steps] == ["verify", "parse", "dedup", "route", "flap", "silence"]
    assert steps[3] == ("route", "fraud-scorer", "labels.component = fraud-scorer")
    assert muted_by(path) == 3
    later = followed(path, path_of(ROUTED, None, Decision.OPENED, Reason.NEW_FAILURE), NOW)
    assert [did for _, did, _ in whole(later, Decision.OPENED, Reason.NEW_FAILURE)][-2:] == ["muted", "opened"]
    assert "decided again 21 Nov 02:31 UTC" in later[-1][2]


def test_a_path_that_goes_on_and_on_keeps_its_beginning_and_its_end() -> None:
    path = path_of(ROUTED, None, Decision.OPENED, Reason.NEW_FAILURE)
    for _ in range(100):
        path = followed(path, path_of(ROUTED, None, Decision.HELD, Reason.FLAPPING), NOW)
    assert len(path) == 24
    assert path[0][0] == "route"
    assert path[-1][1] == "held"


@pytest.mark.parametrize("decision", [Decision.DUPLICATE, Decision.RESOLVED])
def test_what_dedup_decides_goes_no_further(decision: Decision) -> None:
    for path in ((), path_of(ROUTED, None, decision, Reason.SAME_EPISODE)):
        steps = whole(path, decision, Reason.SAME_EPISODE)
        assert [stage for stage, _, _ in steps] == ["verify", "parse", "dedup"]
        assert steps[-1] == ("dedup", decision.value, Reason.SAME_EPISODE.value)


def test_an_expected_signal_is_known_by_its_route() -> None:
    path = path_of(ROUTED, None, Decision.EXPECTED, Reason.SIGNAL_CAME)
    steps = whole(path, Decision.EXPECTED, Reason.SIGNAL_CAME)
    assert steps[-1] == ("route", "expected", "labels.component = fraud-scorer")


def test_what_was_stored_before_paths_were_kept_ends_with_its_decision() -> None:
    steps = whole((), Decision.ATTACHED, Reason.OPEN_INCIDENT)
    assert steps[-1] == ("open", "attached", Reason.OPEN_INCIDENT.value)
