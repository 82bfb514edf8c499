"""Who may ask and who may decide: a holder, somebody of another team, and a stranger in every test."""

from datetime import UTC, date, datetime, timedelta

import pytest

from playbooks.domain.gaps import review_due
from playbooks.domain.ownership import Registry
from playbooks.domain.rights import (
    Holder,
    Right,
    ask_refusal,
    authority,
    decide_refusal,
    may_ask,
    may_decide,
)
from playbooks.domain.who import who
from playbooks.errors import Denied, Kind, UnknownName
from tests.domain.registry import HEAD, NOW, example, nobody, static_on_call

PEOPLE = """
people:
  ann: {slack: U01ANN}
  bob: {slack: U02BOB}
  cat: {slack: U03CAT}
  dan: {}
teams:
  a: {channel: C01AAA, members: [ann, bob], on_call: {static: [ann]}}
  b: {channel: C02BBB, members: [cat], on_call: {static: [cat]}}
"""


def registry_with(component: str) -> Registry:
    return Registry.load(HEAD + PEOPLE + f"components:\n  c: {{kind: model, accountable: a, {component}}}\n")


@pytest.fixture
def registry() -> Registry:
    return example()


@pytest.fixture
def on_call(registry):
    return static_on_call(registry)


def test_the_rollback_of_the_story(registry, on_call):
    held = authority(registry, "fraud-scorer", Right.ROLL_BACK, on_call)
    assert held.holders == (Holder("omar", "model owner"),)
    assert held.deputies == (Holder("lin", "deputy"),)
    assert (held.approvals, held.answer_within, held.if_silent) == (1, timedelta(minutes=10), "deputy")
    assert held.missing == ""


@pytest.mark.parametrize(
    ("person", "role"),
    [("omar", "model owner"), ("lin", "deputy"), ("ravi", None), ("dana", None), ("slack:U99", None), ("", None)],
)
def test_who_may_decide_the_rollback(registry, on_call, person, role):
    holder = may_decide(authority(registry, "fraud-scorer", Right.ROLL_BACK, on_call), person)
    assert (holder.role if holder else None) == role


@pytest.mark.parametrize(
    ("person", "role"),
    [
        ("dana", "on call fraud-ml"),
        ("omar", "model owner"),
        ("lin", "on call risk-product"),
        ("mei", "on call ml-platform"),
        ("ravi", "on call payments-data"),
        ("slack:U99", None),
        ("nobody-like-this", None),
        ("", None),
    ],
)
def test_who_may_ask_for_the_rollback(registry, on_call, person, role):
    assert may_ask(registry, "fraud-scorer", person, on_call) == role


@pytest.mark.parametrize(("person", "role"), [("omar", "member of fraud-ml"), ("ravi", None), ("slack:U99", None)])
def test_who_may_ask_for_the_kill_switch(registry, on_call, person, role):
    assert may_ask(registry, "auto-decline", person, on_call) == role


@pytest.mark.parametrize("lead", ["ravi", "slack:U99"])
def test_the_incident_lead_may_ask_whoever_it_is(registry, on_call, lead):
    assert may_ask(registry, "auto-decline", lead, on_call, lead) == "incident lead"
    assert may_ask(registry, "auto-decline", "ravi" if lead != "ravi" else "slack:U99", on_call, lead) is None


def test_a_stage_member_off_call_asks_as_that():
    registry = registry_with("stages: {data: b}")
    assert may_ask(registry, "c", "cat", nobody) == "data (b)"
    assert may_ask(registry, "c", "bob", nobody) == "member of a"
    assert may_ask(registry, "c", "dan", nobody) is None


def test_asking_about_an_unknown_component_is_an_unknown_name(registry, on_call):
    with pytest.raises(UnknownName):
        may_ask(registry, "auto-declin", "dana", on_call)
    with pytest.raises(UnknownName):
        authority(registry, "", Right.DISABLE, on_call)


def test_the_refusal_of_the_story(registry, on_call):
    held = authority(registry, "fraud-scorer", Right.ROLL_BACK, on_call)
    refusal = ask_refusal(registry, "fraud-scorer", Right.ROLL_BACK, held, on_call)
    assert isinstance(refusal, Denied)
    assert refusal.kind is Kind.DENIED
    assert refusal.sentence == (
        "You can't ask for this rollback: it belongs to *fraud-ml on call* (now @dana) or @omar."
    )
    assert refusal.ask == ("dana",)


def test_the_refusal_when_nobody_is_on_call(registry):
    held = authority(registry, "fraud-scorer", Right.ROLL_BACK, nobody)
    refusal = ask_refusal(registry, "fraud-scorer", Right.ROLL_BACK, held, nobody)
    assert "(nobody is on call now) or @omar" in refusal.sentence
    assert refusal.ask == ("omar",)


def test_the_refusal_to_decide_names_who_can(registry, on_call):
    held = authority(registry, "fraud-scorer", Right.ROLL_BACK, on_call)
    refusal = decide_refusal(registry, "fraud-scorer", Right.ROLL_BACK, held, on_call)
    assert refusal.sentence == (
        "You can't decide on this rollback of *fraud-scorer*: @omar (model owner) or @lin (deputy) can."
    )
    assert refusal.ask == ("omar", "lin")


def test_the_refusal_where_nobody_holds_the_right(registry, on_call):
    held = authority(registry, "manual-review-queue", Right.ACCEPT_RISK, on_call)
    refusal = decide_refusal(registry, "manual-review-queue", Right.ACCEPT_RISK, held, on_call)
    assert "names nobody who may accept a risk" in refusal.next_step
    assert refusal.ask == ("lin",)


def test_on_call_decides_the_kill_switch_and_follows_the_rota(registry, on_call):
    held = authority(registry, "auto-decline", Right.DISABLE, on_call)
    assert held.holders == (Holder("dana", "on call fraud-ml"),)
    assert held.longest == timedelta(days=1)
    assert may_decide(held, "dana")
    assert not may_decide(held, "ravi")
    later = authority(registry, "auto-decline", Right.DISABLE, lambda team: ("mei",))
    assert may_decide(later, "mei")
    assert not may_decide(later, "dana")


def test_members_of_a_team_hold_a_teams_right(registry, on_call):
    held = authority(registry, "fraud-scorer", Right.ACCEPT_RISK, on_call)
    assert [h.person for h in held.holders] == ["lin", "mei"]
    assert held.holders[0].role == "member of risk-product"
    assert held.approvals == 2
    assert not may_decide(held, "omar")
    assert not may_decide(held, "slack:U99")


@pytest.mark.parametrize("right", [Right.ROLL_BACK, Right.DISABLE, Right.ALL_CLEAR, Right.FREEZE, Right.PUBLISH])
def test_a_right_nobody_holds_falls_to_the_accountable_teams_on_call_and_says_so(right):
    registry = registry_with("stages: {data: b}")
    held = authority(registry, "c", right, static_on_call(registry))
    assert held.holders == (Holder("ann", "on call a"),)
    assert held.approvals == 1
    assert held.missing == (f"The registry names nobody who may {right.verb} c, so whoever is on call for a decides.")
    assert not may_decide(held, "cat")
    assert not may_decide(held, "dan")


def test_an_unnamed_right_without_anybody_on_call_is_nobodys():
    held = authority(registry_with(""), "c", Right.ROLL_BACK, nobody)
    assert held.holders == ()
    assert held.missing.endswith("Nobody is on call there now.")


def test_enable_needs_no_approval_unless_the_registry_says_so(registry, on_call):
    assert authority(registry, "auto-decline", Right.ENABLE, on_call).approvals == 0
    assert authority(registry, "auto-decline", Right.ENABLE, on_call).missing == ""
    strict = registry_with("rights: {enable: {decide: ['team:a'], approvals: 2}}")
    held = authority(strict, "c", Right.ENABLE, nobody)
    assert held.approvals == 2
    assert may_decide(held, "bob")
    assert not may_decide(held, "cat")


def test_nobody_accepts_a_risk_unless_named():
    held = authority(registry_with(""), "c", Right.ACCEPT_RISK, static_on_call(registry_with("")))
    assert held.holders == ()
    assert held.approvals == 1
    for person in ("ann", "cat", "dan"):
        assert may_decide(held, person) is None


def test_a_holder_who_is_also_deputy_decides_as_holder():
    registry = registry_with("rights: {roll_back: {decide: [ann, 'on_call:a'], deputy: [ann, bob]}}")
    held = authority(registry, "c", Right.ROLL_BACK, static_on_call(registry))
    assert held.holders == (Holder("ann", "model owner"),)
    assert held.deputies == (Holder("bob", "deputy"),)
    assert held.if_silent == "deputy"


def test_somebody_on_call_who_is_not_in_the_registry_holds_nothing():
    registry = registry_with("rights: {disable: {decide: ['on_call:b']}}")
    held = authority(registry, "c", Right.DISABLE, lambda team: ("ghost",))
    assert held.holders == ()
    assert held.missing == "Nobody who may disable c could be resolved (on_call:b), so nobody can decide."
    assert held.if_silent == "escalate"


def test_one_screen_answers_who(registry, on_call):
    view = who(registry, "fraud-scorer", on_call, NOW)
    assert (view.team, view.channel, view.kind, view.tier) == ("fraud-ml", "C01FRAUDML", "model", 1)
    assert [(s.stage, s.team, s.on_call) for s in view.stages] == [
        ("data", "payments-data", ("ravi",)),
        ("training", "fraud-ml", ("dana",)),
        ("serving", "ml-platform", ("mei",)),
        ("product", "risk-product", ("lin",)),
    ]
    assert view.on_call == ("dana",)
    assert [a.right for a in view.rights] == [Right.ROLL_BACK, Right.DISABLE, Right.ENABLE, Right.ACCEPT_RISK]
    assert view.depends_on == ("transactions-features", "merchant-embeddings")
    assert view.read_by == ("auto-decline", "manual-review-queue")
    assert view.fallback == "rules engine v3"
    assert view.levers == (("rollback", "local"),)
    assert view.missing == ()
    assert not view.overdue


def test_what_is_missing_is_told_in_plain_sentences():
    view = who(registry_with("stages: {data: b}"), "c", nobody, NOW)
    assert view.missing == (
        "Nobody is on call for a now.",
        "Nobody is on call for b now.",
        "No team owns the stages training, serving, product.",
        "No rollback lever is bound: Muster cannot roll it back.",
        "The registry names nobody who may accept a risk for c.",
        "No fallback is named.",
        "This entry was never reviewed.",
    )


def test_a_single_person_and_too_few_deciders_are_gaps():
    one = registry_with("rights: {roll_back: {decide: [ann]}}, levers: {rollback: {provider: x}}")
    assert "Only ann may roll back c; nobody stands in." in who(one, "c", nobody, NOW).missing
    two = registry_with("rights: {roll_back: {decide: [ann], deputy: [bob], approvals: 3}}")
    said = "3 people must decide to roll back c, but only 2 can be found."
    assert said in who(two, "c", nobody, NOW).missing


def test_a_review_is_overdue_the_day_after(registry, on_call):
    component = registry.component("fraud-scorer")
    due = review_due(component)
    assert due is not None
    on_the_day = datetime(due.year, due.month, due.day, 23, 59, tzinfo=UTC)
    assert not who(registry, "fraud-scorer", on_call, on_the_day).overdue
    view = who(registry, "fraud-scorer", on_call, on_the_day + timedelta(minutes=1))
    assert view.overdue
    assert view.missing == ("The review of this entry was due on 2026-11-30 (last: 2026-09-01).",)


def test_a_review_in_the_last_year_of_the_calendar_has_a_day():
    late = registry_with("reviewed_on: 9999-12-31, review_every: 90d")
    assert review_due(late.component("c")) == date.max
    assert not who(late, "c", nobody, NOW).overdue
