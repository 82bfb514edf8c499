"""`muster check`: errors before gaps, each with where it stands."""

import pytest

from playbooks.check import Level, check_registry, file_findings
from playbooks.domain.ownership import DocumentError, Registry
from tests.domain.registry import HEAD, NOW, example

BASE = (
    HEAD
    + "people: {ann: {slack: U01ANN}, bob: {}}\n"
    + "teams:\n  a: {channel: C01AAA, members: [ann], on_call: {static: [ann]}}\n"
)


def sentences(registry: Registry, level: Level = Level.GAP, **more) -> list[str]:
    return [f"{f.where}: {f.sentence}" for f in check_registry(registry, now=NOW, **more) if f.level is level]


def component(text: str) -> Registry:
    return Registry.load(BASE + f"components:\n  c: {{kind: service, accountable: a, {text}}}\n")


def test_the_example_has_no_error_and_only_told_gaps():
    assert sentences(example(), Level.ERROR, providers=["local"]) == []
    assert sentences(example(), providers=["local"]) == [
        f"components.{c}: The registry names nobody who may accept a risk for {c}."
        for c in ("transactions-features", "merchant-embeddings", "manual-review-queue")
    ]


def test_an_unknown_provider_and_severity_are_errors_and_come_first():
    registry = component(
        "alerts: [{match: {name: x}, severity: terrible}], "
        "levers: {rollback: {provider: nope}, disable: {provider: local}}"
    )
    found = check_registry(registry, now=NOW, providers=["local"])
    assert [f.level for f in found[:2]] == [Level.ERROR, Level.ERROR]
    assert found[0].sentence == "Its rollback lever names the provider nope, which is not configured (there is: local)."
    assert "severity terrible" in found[1].sentence
    assert all(f.level is Level.GAP for f in found[2:])
    assert sentences(component("levers: {rollback: {provider: nope}}"), Level.ERROR) == []


def test_people_and_teams():
    registry = Registry.load(
        BASE
        + "  b: {on_call: {pagerduty: PXYZ}}\n"
        + "  c: {members: [ann]}\n"
        + "  d: {members: [ann], on_call: {ical: x, static: [ann]}}\n"
    )
    said = [
        "teams.b: b has no members.",
        "teams.c: c has no on call.",
        "teams.d: ann has no e-mail, by which d knows whom ical means.",
        "people.bob: bob has no Slack id and cannot be asked.",
    ]
    assert sentences(registry) == said
    missing = "teams.b: b takes its on call from pagerduty, which is not configured (`providers.pagerduty`)."
    assert sentences(registry, providers=["opsgenie"]) == [said[0], missing, *said[1:]]
    assert sentences(registry, providers=["pagerduty"]) == said


def test_a_user_group_is_taken_to_have_somebody():
    registry = Registry.load(
        BASE + "  b: {channel: C02BBB, members: [ann], on_call: {usergroup: S01ABC}}\n"
        "components:\n  c: {kind: service, accountable: b}\n"
    )
    assert not any("on call" in s for s in sentences(registry))
    assert any("Nobody is on call for b now." in s for s in sentences(registry, on_call=lambda team: ()))


def test_same_matchers_and_no_matcher():
    registry = Registry.load(
        BASE + "components:\n"
        "  one: {kind: service, accountable: a, alerts: [{match: {name: x, labels.a: b}}]}\n"
        "  two: {kind: service, accountable: a, alerts: [{match: {labels.a: b, name: x}}]}\n"
        "  three: {kind: service, accountable: a}\n"
    )
    found = sentences(registry)
    assert any(s.startswith("components.two: The matcher") and "also one's" in s for s in found)
    assert any(
        s == "components.three: No alert matcher: only alerts whose label component is three reach it." for s in found
    )


def test_cycles_are_named_once():
    lines = "".join(
        f"  {name}: {{kind: service, accountable: a, depends_on: [{needs}]}}\n"
        for name, needs in (("x", "y"), ("y", "z"), ("z", "y"), ("w", "x"))
    )
    found = [s for s in sentences(Registry.load(BASE + "components:\n" + lines)) if "depends on itself" in s]
    assert found == ["components.y: It depends on itself: y → z → y."]


def test_a_very_long_chain_is_no_problem():
    lines = "".join(
        f"  c{n}: {{kind: service, accountable: a{f', depends_on: [c{n + 1}]' if n < 2999 else ''}}}\n"
        for n in range(3000)
    )
    registry = Registry.load(BASE + "components:\n" + lines)
    assert not any("depends on itself" in s for s in sentences(registry))
    assert len(registry.upstream("c0")) == 2999


def test_a_broken_file_is_findings_with_lines():
    with pytest.raises(DocumentError) as caught:
        Registry.load(BASE + "components:\n  c: {kind: service}\n", name="ownership.yaml")
    found = file_findings(caught.value)
    assert [(f.level, f.where, f.sentence) for f in found] == [
        (Level.ERROR, "ownership.yaml:6", "components.c.accountable: this key is missing")
    ]


def test_whom_a_lever_asks_must_be_known():
    registry = component('levers: {disable: {provider: manual, ask: [ann, "on_call:b"], escalate: [zoe, "team:a"]}}')
    assert [f for f in sentences(registry, Level.ERROR) if "asks" in f] == [
        "components.c: Its disable lever asks on_call:b, whom the registry does not know.",
        "components.c: Its disable lever asks zoe, whom the registry does not know.",
    ]
