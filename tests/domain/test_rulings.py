"""Who x decision x component x severity x hour x deputy: the answer, its reason, and the words of a refusal."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from playbooks.domain.authority import OnCallNow, Right, authority, may_decide
from playbooks.domain.cases import Case
from playbooks.domain.hours import parse_hours
from playbooks.domain.incidents import DEFAULT_SEVERITIES
from playbooks.domain.ownership import DocumentError, Registry
from playbooks.domain.rights import decide_refusal
from playbooks.domain.rulings import Why, ruling
from tests.domain.registry import HEAD, nobody, static_on_call

TEXT = (
    HEAD
    + """
people:
  omar: {slack: U02OMAR}
  lin: {slack: U03LIN}
  dana: {slack: U01DANA}
  mei: {slack: U04MEI}
  sam: {slack: U07SAM}
teams:
  fraud: {channel: C01FRAUD, members: [omar, lin, dana, mei], on_call: {static: [dana, mei]}}
  search: {channel: C02SEARCH, members: [sam], on_call: {static: [sam]}}
components:
  scorer:
    kind: model
    tier: 1
    accountable: fraud
    levers: {rollback: {provider: x}, disable: {provider: x, environment: staging}}
    rights:
      roll_back:
        - {decide: [omar], deputy: [lin], hours: "mon-fri 09:00-18:00 Europe/Vienna", limits: {severity: sev2}}
        - {decide: ["on_call:fraud"], approvals: 2}
      disable: {decide: ["on_call:fraud"], hours: "mon-fri 09:00-18:00 Europe/Vienna"}
      enable: {decide: [omar, lin], approvals: 2}
      accept_risk: {decide: [omar], limits: {severity: sev3}}
      freeze: {decide: [lin], limits: {tier: 2}}
      publish: {decide: [lin], limits: {environment: staging}}
  tagger:
    kind: model
    tier: 3
    accountable: fraud
    rights:
      freeze: {decide: [lin], limits: {tier: 2}}
"""
)
NOON = datetime(2026, 11, 18, 11, 0, tzinfo=UTC)  # a Wednesday, 12:00 in Vienna
NIGHT = datetime(2026, 11, 18, 22, 0, tzinfo=UTC)
SATURDAY = datetime(2026, 11, 21, 11, 0, tzinfo=UTC)

R, D, E, A, F, P, C = (
    Right.ROLL_BACK,
    Right.DISABLE,
    Right.ENABLE,
    Right.ACCEPT_RISK,
    Right.FREEZE,
    Right.PUBLISH,
    Right.ALL_CLEAR,
)
# who, decision, component, severity, hour, who is on call is known, who asked -> why, approvals
TABLE = [
    # up to SEV2 in working hours: omar, with lin as deputy
    ("omar", R, "scorer", "sev2", NOON, True, "dana", Why.HOLDER, 1),
    ("omar", R, "scorer", "sev4", NOON, True, "dana", Why.HOLDER, 1),
    ("omar", R, "scorer", None, NOON, True, "", Why.HOLDER, 1),
    ("lin", R, "scorer", "sev2", NOON, True, "dana", Why.DEPUTY, 1),
    ("dana", R, "scorer", "sev2", NOON, True, "dana", Why.NOT_HELD, 1),
    ("sam", R, "scorer", "sev2", NOON, True, "dana", Why.NOT_HELD, 1),
    ("slack:U99", R, "scorer", "sev2", NOON, True, "dana", Why.NOT_HELD, 1),
    ("", R, "scorer", "sev2", NOON, True, "dana", Why.NOT_HELD, 1),
    # at other hours: the deputy alone
    ("omar", R, "scorer", "sev2", NIGHT, True, "dana", Why.OFF_HOURS, 1),
    ("lin", R, "scorer", "sev2", NIGHT, True, "dana", Why.DEPUTY, 1),
    ("omar", R, "scorer", "sev2", SATURDAY, True, "dana", Why.OFF_HOURS, 1),
    ("lin", R, "scorer", "sev2", SATURDAY, True, "dana", Why.DEPUTY, 1),
    ("dana", R, "scorer", "sev2", NIGHT, True, "omar", Why.NOT_HELD, 1),
    # beyond SEV2, or while nobody has said how bad it is: two of those on call, none of them who asked
    ("omar", R, "scorer", "sev1", NOON, True, "dana", Why.BEYOND_SEVERITY, 2),
    ("lin", R, "scorer", "sev1", NOON, True, "dana", Why.BEYOND_SEVERITY, 2),
    ("omar", R, "scorer", "", NOON, True, "dana", Why.BEYOND_SEVERITY, 2),
    ("dana", R, "scorer", "sev1", NIGHT, True, "omar", Why.ON_CALL, 2),
    ("dana", R, "scorer", "sev1", NIGHT, True, "dana", Why.OWN_REQUEST, 2),
    ("mei", R, "scorer", "", NOON, True, "dana", Why.ON_CALL, 2),
    ("dana", R, "scorer", "sev1", NOON, False, "omar", Why.NOT_HELD, 2),
    ("sam", R, "scorer", "sev1", NOON, True, "dana", Why.NOT_HELD, 2),
    # hours and no deputy: outside, whoever is on call decides, and nobody where nobody is
    ("dana", D, "scorer", "sev2", NOON, True, "omar", Why.ON_CALL, 1),
    ("dana", D, "scorer", "sev2", NIGHT, True, "omar", Why.ON_CALL, 1),
    ("dana", D, "scorer", "sev2", NIGHT, False, "omar", Why.NOT_HELD, 1),
    ("omar", D, "scorer", "sev2", NOON, True, "", Why.NOT_HELD, 1),
    # switching on again takes two, and who asked is none of them
    ("omar", E, "scorer", "sev2", NOON, True, "dana", Why.HOLDER, 2),
    ("lin", E, "scorer", "sev1", NIGHT, True, "dana", Why.HOLDER, 2),
    ("omar", E, "scorer", "sev2", NOON, True, "omar", Why.OWN_REQUEST, 2),
    ("dana", E, "scorer", "sev2", NOON, True, "omar", Why.NOT_HELD, 2),
    # named nowhere: switching on needs nobody, an all-clear is the on call's
    ("dana", E, "tagger", "sev2", NOON, True, "dana", Why.ON_CALL, 0),
    ("sam", E, "tagger", "sev2", NOON, True, "sam", Why.NOT_NEEDED, 0),
    ("dana", C, "tagger", "sev2", NOON, True, "", Why.ON_CALL, 1),
    ("lin", C, "tagger", "sev2", NOON, True, "", Why.NOT_HELD, 1),
    # a risk beyond the limit is nobody's
    ("omar", A, "scorer", "sev3", NOON, True, "", Why.HOLDER, 1),
    ("omar", A, "scorer", "sev2", NOON, True, "", Why.BEYOND_SEVERITY, 1),
    ("dana", A, "scorer", "sev2", NOON, True, "", Why.NOT_HELD, 1),
    ("omar", A, "tagger", "sev3", NOON, True, "", Why.NOT_HELD, 1),
    # tiers and environments
    ("lin", F, "tagger", "sev2", NOON, True, "", Why.HOLDER, 1),
    ("lin", F, "scorer", "sev2", NOON, True, "", Why.BEYOND_TIER, 1),
    ("dana", F, "scorer", "sev2", NOON, True, "", Why.ON_CALL, 1),
    ("lin", P, "scorer", "sev2", NOON, True, "", Why.BEYOND_ENVIRONMENT, 1),
    ("dana", P, "scorer", "sev2", NOON, True, "", Why.ON_CALL, 1),
]
ALLOWED = {Why.HOLDER, Why.ON_CALL, Why.DEPUTY}


@pytest.fixture(scope="module")
def registry() -> Registry:
    return Registry.load(TEXT)


@pytest.mark.parametrize(("person", "right", "component", "severity", "at", "known", "asker", "why", "needed"), TABLE)
def test_the_table(
    registry: Registry,
    person: str,
    right: Right,
    component: str,
    severity: str | None,
    at: datetime,
    known: bool,
    asker: str,
    why: Why,
    needed: int,
) -> None:
    on_call = _two(registry) if known else nobody
    found = ruling(registry, component, right, person, on_call, Case(at, severity), requester=asker)
    assert (found.why, found.held.approvals) == (why, needed)
    assert (found.holder is not None) == (why in ALLOWED)
    if why not in ALLOWED | {Why.OWN_REQUEST, Why.NOT_NEEDED}:
        refusal = decide_refusal(registry, component, right, found.held, on_call, found.clause)
        named = [h.person for h in (*found.held.holders, *found.held.deputies)]
        assert person not in named
        assert all(f"@{p}" in refusal.sentence for p in named)
        assert named or refusal.next_step


def _two(registry: Registry) -> OnCallNow:
    """Everybody of the list, not its first alone."""

    def now(team: str) -> tuple[str, ...]:
        entry = registry.teams[team].on_call
        return entry.persons if entry else ()

    return now


def test_a_refusal_says_when_the_right_would_count(registry: Registry) -> None:
    on_call = static_on_call(registry)
    late = ruling(registry, "scorer", R, "omar", on_call, Case(NIGHT, "sev2"))
    said = decide_refusal(registry, "scorer", R, late.held, on_call, late.clause).sentence
    assert said == (
        "You can't decide on this rollback of *scorer* (you hold it, but it counts mon-fri 09:00-18:00 Europe/Vienna): "
        "@lin (deputy) can."
    )
    worse = ruling(registry, "scorer", R, "omar", on_call, Case(NOON, "sev1"))
    assert worse.clause == "you hold it, but it goes up to SEV2 and this is SEV1"
    unset = ruling(registry, "scorer", R, "omar", on_call, Case(NOON, ""))
    assert unset.clause == "you hold it, but it goes up to SEV2 and no severity is set yet"


def test_a_case_no_entry_covers_is_never_weaker_and_is_told(registry: Registry) -> None:
    held = authority(registry, "scorer", D, static_on_call(registry), Case(NIGHT, "sev2"))
    assert held.missing == (
        "No entry of the registry covers this case of who may disable scorer, so whoever is on call for fraud decides."
    )
    assert may_decide(held, "dana")


@pytest.mark.parametrize(
    ("text", "at", "inside"),
    [
        ("mon-fri 09:00-18:00 Europe/Vienna", datetime(2026, 11, 18, 8, 0, tzinfo=UTC), True),  # 09:00 there
        ("mon-fri 09:00-18:00 Europe/Vienna", datetime(2026, 11, 18, 7, 59, tzinfo=UTC), False),
        ("mon-fri 09:00-18:00 Europe/Vienna", datetime(2026, 11, 18, 17, 0, tzinfo=UTC), False),  # its end is outside
        ("mon-fri 09:00-18:00 Europe/Vienna", datetime(2026, 7, 15, 7, 0, tzinfo=UTC), True),  # summer time
        ("22:00-06:00", datetime(2026, 11, 18, 23, 0, tzinfo=UTC), True),
        ("22:00-06:00", datetime(2026, 11, 18, 5, 59, tzinfo=UTC), True),
        ("22:00-06:00", datetime(2026, 11, 18, 12, 0, tzinfo=UTC), False),
        ("fri 22:00-06:00", datetime(2026, 11, 21, 5, 0, tzinfo=UTC), True),  # Saturday morning is Friday's night
        ("fri 22:00-06:00", datetime(2026, 11, 20, 5, 0, tzinfo=UTC), False),
        ("sat,sun 00:00-24:00", datetime(2026, 11, 22, 23, 59, tzinfo=UTC), True),
        ("sat,sun 00:00-24:00", datetime(2026, 11, 23, 0, 0, tzinfo=UTC), False),
        ("fri-mon 08:00-09:00", datetime(2026, 11, 22, 8, 30, tzinfo=UTC), True),
    ],
)
def test_hours_are_by_the_wall_clock_of_their_zone(text: str, at: datetime, inside: bool) -> None:
    assert parse_hours(text).hold(at) is inside


@pytest.mark.parametrize(
    ("hours", "said"),
    [
        ("9-18", "must be days, times and a zone"),
        ("mon-fri 09:00-18:00 Mars/Olympus", "is no time zone"),
        ("mon-foo 09:00-18:00", "there is no day mon-foo"),
        ("24:00-06:00", "cannot begin at 24:00"),
    ],
)
def test_hours_that_cannot_be_read_are_told_with_their_line(hours: str, said: str) -> None:
    bad = TEXT.replace(
        'disable: {decide: ["on_call:fraud"], hours: "mon-fri 09:00-18:00 Europe/Vienna"}',
        (f'disable: {{decide: ["on_call:fraud"], hours: "{hours}"}}'),
    )
    with pytest.raises(DocumentError) as error:
        Registry.load(bad)
    (problem,) = error.value.problems
    assert said in problem.text
    assert problem.path == "components.scorer.rights.disable.hours"


def test_a_holder_nobody_knows_is_told_at_its_entry() -> None:
    with pytest.raises(DocumentError) as error:
        Registry.load(TEXT.replace('- {decide: ["on_call:fraud"], approvals: 2}', "- {decide: [ghost], approvals: 2}"))
    (problem,) = error.value.problems
    assert problem.path == "components.scorer.rights.roll_back[1].decide[0]"


def test_severities_are_the_configured_ones(registry: Registry) -> None:
    only_two = DEFAULT_SEVERITIES[:1]
    found = ruling(registry, "scorer", R, "omar", nobody, Case(NOON, "sev1", only_two))
    assert found.why is Why.BEYOND_SEVERITY  # sev2 is not configured: such a limit covers nothing
