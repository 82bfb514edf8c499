"""Routing: specificity, ties, defaults, and agreement of the compiled index with the plain reading."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from playbooks.domain.alerts import Alert, AlertStatus
from playbooks.domain.ownership import Registry
from playbooks.domain.routing import Router, matcher_words
from tests.domain.registry import HEAD, NOW, alert, example

TEAM = "teams: {t: {}, u: {}}\n"


def router(**matchers: str) -> Router:
    """A router over one component a keyword, each with these alert entries in flow style."""
    lines = [
        f"  {name.replace('_', '-')}: {{kind: service, accountable: t, alerts: [{m}]}}" for name, m in matchers.items()
    ]
    return Router(Registry.load(HEAD + TEAM + "components:\n" + "\n".join(lines) + "\n"))


def test_the_story_is_routed():
    routed = Router(example()).route(alert(component="fraud-scorer"))
    assert (routed.component, routed.failure, routed.team) == ("fraud-scorer", "drift", "fraud-ml")
    assert routed.why == "labels.component = fraud-scorer"


def test_without_a_declared_failure_the_alerts_name_is_the_key():
    assert Router(example()).route(alert("FlagOff", component="auto-decline")).failure == "FlagOff"


def test_nothing_fits():
    routed = Router(example()).route(alert("DiskFull", component="elsewhere"))
    assert (routed.component, routed.failure, routed.team) == ("", "DiskFull", "")
    assert "none of 5 matchers fits" in routed.why


def test_an_empty_registry_routes_nowhere():
    assert Router(Registry()).route(alert()).component == ""


def test_a_label_that_names_a_component_counts_when_no_matcher_fits():
    routed = router(a="{match: {name: X}}").route(alert("Y", component="a"))
    assert (routed.component, routed.failure) == ("a", "Y")
    assert "its label component names a" in routed.why


def test_more_conditions_win_whatever_the_order():
    both = router(
        a="{match: {labels.job: x}}", b="{match: {labels.job: x, severity: critical}, failure: f, severity: sev1}"
    )
    assert both.route(alert(severity="critical", job="x")).component == "b"
    assert both.route(alert(severity="critical", job="x")).severity == "sev1"
    assert both.route(alert(severity="warning", job="x")).component == "a"
    assert both.route(alert(severity="warning", job="x")).severity == ""


def test_a_tie_goes_to_the_first_and_is_told():
    tied = router(a="{match: {labels.job: x}}", b="{match: {labels.team: y}}", c="{match: {name: {regex: Model.*}}}")
    routed = tied.route(alert(job="x", team="y"))
    assert routed.component == "a"
    assert routed.why == "labels.job = x (fits b, c just as well; the first in the registry wins)"


@pytest.mark.parametrize(
    ("matcher", "given_alert", "fits"),
    [
        ("{match: {source: prod}}", alert(), True),
        ("{match: {source: test}}", alert(), False),
        ("{match: {labels.a: [x, y]}}", alert(a="y"), True),
        ("{match: {labels.a: [x, y]}}", alert(a="z"), False),
        ("{match: {labels.a: {regex: 'x.*'}}}", alert(a="xyz"), True),
        ("{match: {labels.a: {regex: 'x'}}}", alert(a="xyz"), False),
        ("{match: {labels.a: {regex: '.*'}}}", alert(), False),
        ("{match: {labels.a: {exists: true}}}", alert(a="1"), True),
        ("{match: {labels.a: {exists: true}}}", alert(), False),
        ("{match: {labels.a: {exists: false}}}", alert(), True),
        ("{match: {labels.a: {exists: false}}}", alert(a="1"), False),
        ("{match: {labels.a: 7, labels.b: true}}", alert(a="7", b="true"), True),
        ("{match: {labels.a.b: x}}", alert(**{"a.b": "x"}), True),
        ("{match: {annotations.team: x}}", alert(team="x"), False),
        ("{match: {name: ModelDriftHigh, severity: ''}}", alert(), True),
    ],
)
def test_conditions(matcher, given_alert, fits):
    assert (router(a=matcher).route(given_alert).component == "a") is fits


def test_annotations_are_matched():
    with_annotation = Alert("s", "f", "n", AlertStatus.FIRING, NOW, annotations={"team": "x"})
    assert router(a="{match: {annotations.team: x}}").route(with_annotation).component == "a"


def test_a_long_hostile_value_does_not_hold_up_the_intake():
    slow = router(a="{match: {labels.a: {regex: '.*x.*y.*z'}}}")
    started = time.perf_counter()
    slow.route(alert(a="xy" * 500_000))
    assert time.perf_counter() - started < 2


def test_explain_lists_what_fits_first_and_says_why_the_others_do_not():
    tried = Router(example()).explain(alert(component="auto-decline"))
    assert [t.component for t in tried][:2] == ["auto-decline", "fraud-scorer"]
    assert tried[0].fits
    assert tried[1].why == "labels.component is 'auto-decline'"
    absent = router(a="{match: {labels.x: 1, name: ModelDriftHigh}}", b="{match: {labels.x: 1, labels.y: 2}}").explain(
        alert()
    )
    assert [(t.component, t.why) for t in absent] == [
        ("a", "labels.x is absent"),
        ("b", "labels.x is absent; labels.y is absent"),
    ]
    assert len(Router(example()).explain(alert(), limit=2)) == 2


VALUES = st.sampled_from(["x", "y", "z"])
CONDITION = st.one_of(
    VALUES,
    st.lists(VALUES, min_size=1, max_size=2).map(lambda v: f"[{', '.join(v)}]"),
    VALUES.map(lambda v: f"{{regex: '{v}?'}}"),
    st.booleans().map(lambda b: f"{{exists: {str(b).lower()}}}"),
)
PATHS = st.sampled_from(["labels.a", "labels.b", "labels.c", "name"])
MATCHER = st.dictionaries(PATHS, CONDITION, min_size=1, max_size=3)


@settings(deadline=None)
@given(
    st.lists(MATCHER, min_size=1, max_size=8),
    st.dictionaries(st.sampled_from("abc"), VALUES),
    st.sampled_from(["x", "y", "other"]),
)
def test_the_index_agrees_with_reading_every_matcher(matchers, labels, name):
    entries = {
        f"c{n}": "{match: {" + ", ".join(f"{k}: {v}" for k, v in m.items()) + "}}" for n, m in enumerate(matchers)
    }
    compiled = router(**entries)
    given_alert = alert(name, **labels)
    fitting = [t for t in compiled.explain(given_alert, limit=100) if t.fits]
    routed = compiled.route(given_alert)
    assert routed.component == (fitting[0].component if fitting else "")


def test_the_size_of_the_registry_does_not_slow_routing():
    lines = [
        f"  c{n}: {{kind: service, accountable: t, alerts: [{{match: {{labels.team: x, labels.component: c{n}}}}}]}}"
        for n in range(3_000)
    ]
    big = Router(Registry.load(HEAD + TEAM + "components:\n" + "\n".join(lines) + "\n"))
    one = alert(team="x", component="c2999")
    started = time.perf_counter()
    for _ in range(2_000):
        assert big.route(one).component == "c2999"
    assert time.perf_counter() - started < 0.5  # 4,000/s on a very busy machine; 200,000/s on an idle one


def test_a_matcher_in_words():
    entry = example().component("fraud-scorer").alerts[0]
    assert matcher_words(entry) == "labels.component = fraud-scorer"
