"""Imports below our own file: what each gives, what ours adds, and that no difference stays unsaid."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.providers.owners import backstage, codeowners, datadog
from playbooks.check import Level, check_registry
from playbooks.domain.imported import (
    ComponentFact,
    Imported,
    Layer,
    PersonFact,
    Ref,
    Source,
    TeamFact,
    to_id,
)
from playbooks.domain.layers import Reach, blast_radius, changes, layered, open_files, reads_from
from playbooks.domain.ownership import Registry
from playbooks.errors import UnknownName
from playbooks.schemas.marked import DocumentError

CATALOG = """
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: fraud-scorer, title: Fraud scorer}
spec: {type: ai-model, owner: fraud-ml, dependsOn: [resource:features], system: payments}
---
apiVersion: backstage.io/v1alpha1
kind: Resource
metadata: {name: features}
spec: {type: dataset, owner: group:data}
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: auto-decline}
spec: {type: automation, owner: fraud-ml}
---
apiVersion: backstage.io/v1alpha1
kind: API
metadata: {name: scores}
spec: {type: openapi, owner: fraud-ml, dependencyOf: [component:auto-decline]}
---
apiVersion: backstage.io/v1alpha1
kind: System
metadata: {name: payments}
spec: {owner: fraud-ml}
---
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: fraud-ml, annotations: {slack.com/bot-notify: C01FRAUDML}}
spec: {members: [dana]}
---
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: data}
---
apiVersion: backstage.io/v1alpha1
kind: User
metadata:
  name: dana
  annotations: {slack.com/bot-notify: U01DANA, github.com/user-login: DanaCodes}
spec: {profile: {email: dana@example.com}}
---
apiVersion: backstage.io/v1alpha1
kind: User
metadata: {name: omar}
spec: {memberOf: [fraud-ml, data], profile: {displayName: Omar}}
"""
OWN = """
api: ownership/v1
people:
  omar: {slack: U02OMAR}
components:
  fraud-scorer:
    alerts: [{match: {labels.component: fraud-scorer}}]
    levers: {rollback: {provider: mlflow, model: fraud-scorer, alias: champion}}
    rights: {roll_back: {decide: [omar], deputy: [dana]}}
    fallback: rules
teams:
  fraud-ml: {on_call: {static: [dana, omar]}}
"""


def catalog(text: str = CATALOG, ids: tuple[tuple[str, str], ...] = ()) -> Layer:
    return Layer("backstage", "backstage catalog.yaml", backstage.read(text, name="catalog.yaml"), "1", ids)


def service(name: str, team: str, **spec: str) -> Layer:
    body = {"schema-version": "v2.2", "dd-service": name, "team": team, **spec}
    return Layer("datadog", "datadog x", datadog.read(json.dumps(body), name="service.yaml"), "2")


def load(own: str = OWN, *layers: Layer) -> Registry:
    return layered(open_files([("ownership.yaml", own)]), layers)


def said(registry: Registry) -> list[str]:
    return [f"{told.level} {told.where}: {told.sentence}" for told in registry.findings]


BARE = "api: ownership/v1\n"


def test_imports_give_owners_and_ours_adds_the_rest():
    registry = load(OWN, catalog())
    scorer = registry.component("fraud-scorer")
    assert (scorer.kind, scorer.accountable, scorer.title, scorer.fallback) == (
        "model",
        "fraud-ml",
        "Fraud scorer",
        "rules",
    )
    assert scorer.lever("rollback") is not None
    assert scorer.rights.roll_back is not None
    assert registry.members("fraud-ml") == ("omar", "dana")
    assert registry.members("data") == ("omar",)
    assert registry.team("fraud-ml").channel == "C01FRAUDML"
    assert registry.team("fraud-ml").on_call is not None
    assert registry.person("omar").slack == "U02OMAR"
    assert registry.person("omar").name == "Omar"
    assert registry.person_by_slack("U01DANA") == "dana"
    assert said(registry) == []


def test_a_relation_counts_from_either_side():
    registry = load(BARE, catalog())
    assert registry.component("fraud-scorer").depends_on == ("features",)
    assert registry.component("auto-decline").depends_on == ("scores",)
    assert registry.component("payments").depends_on == ("fraud-scorer",)
    assert blast_radius(registry, "features") == (Reach("fraud-scorer", 1), Reach("payments", 2))
    assert reads_from(registry, "payments") == (Reach("fraud-scorer", 1), Reach("features", 2))
    assert blast_radius(registry, "payments") == ()
    with pytest.raises(UnknownName):
        blast_radius(registry, "featurs")


def test_without_imports_nothing_changes():
    own = BARE + "teams: {t: {}}\ncomponents: {c: {kind: model, accountable: t}}\n"
    assert load(own) == Registry.load(own)
    with pytest.raises(DocumentError) as caught:
        load(BARE + "teams: {t: {}}\ncomponents: {c: {rights: {}}}\n")
    assert [problem.path for problem in caught.value.problems] == ["components.c.kind", "components.c.accountable"]


def test_two_imports_that_name_different_teams_are_told_and_the_first_counts():
    registry = load(BARE, catalog(), service("fraud-scorer", "risk", tier="2"))
    assert registry.component("fraud-scorer").accountable == "fraud-ml"
    assert registry.component("fraud-scorer").tier == 2
    (sentence,) = [each for each in said(registry) if "accountable" in each]
    assert sentence == (
        "error components.fraud-scorer: The accountable team of fraud-scorer is fraud-ml by "
        "component:default/fraud-scorer in catalog.yaml:2 and risk by service:fraud-scorer in service.yaml; "
        "the first counts until ownership.yaml says otherwise."
    )
    assert load(BARE, service("fraud-scorer", "risk"), catalog()).component("fraud-scorer").accountable == "risk"


def test_our_own_file_wins_and_says_so():
    own = BARE + "teams: {ours: {}}\ncomponents:\n  fraud-scorer: {accountable: ours, kind: agent}\n"
    registry = load(own, catalog(), service("fraud-scorer", "risk"))
    assert registry.component("fraud-scorer").accountable == "ours"
    assert registry.component("fraud-scorer").kind == "agent"
    lines = said(registry)
    assert (
        "gap ownership.yaml:4: The accountable team of fraud-scorer is ours here and fraud-ml by "
        "component:default/fraud-scorer in catalog.yaml:2; ownership.yaml counts." in lines
    )
    assert any("ownership.yaml settles it" in line for line in lines)
    assert not any(line.startswith("error") for line in lines)


def test_refs_that_map_to_one_id_collide_and_both_are_named():
    text = CATALOG.replace("metadata: {name: scores}", "metadata: {name: fraud-scorer}")
    registry = load(BARE, catalog(text))
    assert said(registry) == [
        "error components.fraud-scorer: component:default/fraud-scorer (catalog.yaml:2) and "
        "api:default/fraud-scorer (catalog.yaml:17) both map to fraud-scorer; the second is left out. "
        "Give one another id under `ids` of its import."
    ]
    assert registry.component("fraud-scorer").kind == "model"
    assert registry.component("auto-decline").depends_on == ()
    renamed = load(BARE, catalog(text, ids=(("api:default/fraud-scorer", "scorer-api"),)))
    assert said(renamed) == []
    assert renamed.component("auto-decline").depends_on == ("scorer-api",)


def test_a_team_left_out_for_a_collision_owns_nothing():
    text = CATALOG + (
        "---\napiVersion: backstage.io/v1alpha1\nkind: Group\nmetadata: {name: data, namespace: other}\n"
        "---\napiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {name: c}\nspec: {owner: other/data}\n"
    )
    registry = load(BARE, catalog(text))
    assert "c" not in registry.components
    assert any("group:other/data" in each for each in said(registry))


def test_one_slack_id_belongs_to_one_person():
    text = CATALOG.replace(
        "metadata: {name: omar}", "metadata: {name: omar, annotations: {slack.com/bot-notify: U01DANA}}"
    )
    registry = load(BARE, catalog(text))
    assert registry.person_by_slack("U01DANA") == "dana"
    assert said(registry) == [
        "error people.omar: dana (user:default/dana in catalog.yaml:36) and omar (user:default/omar in "
        "catalog.yaml:43) have the same Slack id U01DANA; dana keeps it."
    ]
    ours = load(BARE + "people: {lin: {slack: U01DANA}}\n", catalog(text))
    assert ours.person_by_slack("U01DANA") == "lin"
    assert len(said(ours)) == 2


def test_a_person_who_owns_something_gets_a_team_of_one():
    text = CATALOG.replace("owner: group:data", "owner: user:dana")
    registry = load(BARE, catalog(text))
    assert registry.component("features").accountable == "user-dana"
    assert registry.members("user-dana") == ("dana",)
    assert "the team user-dana stands for them" in said(registry)[0]


def test_codeowners_find_people_by_login_and_mail():
    files = "* @DanaCodes\nfeatures/ dana@example.com @org/data\n"
    paths = {"auto-decline": "x", "features": "features/", "new": "new/"}
    found = codeowners.read(files, name="CODEOWNERS", components=paths)
    registry = load(BARE, catalog(), Layer("codeowners", "codeowners CODEOWNERS", found, "3"))
    assert list(registry.people) == ["dana", "omar"]
    assert registry.component("new").accountable == "user-dana"
    assert registry.component("new").kind == "service"
    assert any("the team user-dana stands for them" in each for each in said(registry))


def test_what_names_no_owner_waits_for_ours():
    text = CATALOG.replace("spec: {type: dataset, owner: group:data}", "spec: {type: dataset}")
    registry = load(BARE, catalog(text))
    assert "features" not in registry.components
    assert registry.component("fraud-scorer").depends_on == ()
    assert any("left out until ownership.yaml names one" in each for each in said(registry))
    registry = load(BARE + "components: {features: {accountable: data}}\n", catalog(text))
    assert registry.component("features").kind == "dataset"
    assert registry.component("fraud-scorer").depends_on == ("features",)


def test_edges_to_nowhere_and_to_itself_are_told():
    text = CATALOG.replace("dependsOn: [resource:features]", "dependsOn: [resource:gone, component:fraud-scorer]")
    registry = load(BARE, catalog(text))
    assert registry.component("fraud-scorer").depends_on == ()
    assert any("resource:default/gone, which no import describes" in each for each in said(registry))
    assert any("depends on itself" in each for each in said(registry))


def test_a_mention_by_the_wrong_kind_is_no_collision():
    text = CATALOG.replace("dependsOn: [resource:features]", "dependsOn: [component:features]")
    registry = load(BARE, catalog(text))
    assert registry.component("fraud-scorer").depends_on == ()
    assert said(registry) == [
        "gap components.features: component:default/fraud-scorer in catalog.yaml:2 is tied to "
        "component:default/features, which no import describes (resource:default/features is described); not taken."
    ]


def test_ours_adds_to_what_something_depends_on_and_replaces_members():
    own = BARE + "teams: {data: {members: [dana]}}\ncomponents: {auto-decline: {depends_on: [fraud-scorer]}}\n"
    registry = load(own, catalog())
    assert registry.component("auto-decline").depends_on == ("fraud-scorer", "scores")
    assert registry.members("data") == ("dana",)
    assert any("The members of data is dana here and omar by" in each for each in said(registry))


def test_check_shows_what_the_imports_leave_open():
    registry = load(BARE, catalog(), service("fraud-scorer", "risk"))
    found = check_registry(registry, now=datetime(2026, 11, 21, tzinfo=UTC))
    assert found[0].level is Level.ERROR
    assert "accountable team of fraud-scorer" in found[0].sentence


def test_a_wrong_reference_of_ours_is_an_error_in_our_file():
    with pytest.raises(DocumentError) as caught:
        load(OWN.replace("[dana]}", "[dan]}"), catalog())
    assert str(caught.value.problems[0]).endswith("there is no person dan; did you mean dana?")


def test_the_hash_is_of_all_layers():
    opened = open_files([("ownership.yaml", BARE)])
    layer = catalog()
    changed = Layer(layer.kind, layer.name, layer.imported, "other")
    hashes = {layered(opened, layers).sha256 for layers in ([], [layer], [changed], [layer, changed])}
    assert len(hashes) == 4


def test_changes_in_words():
    before, after = load(BARE, catalog()), load(OWN, catalog())
    assert changes(before, before) == ""
    assert (
        changes(before, after)
        == "1 component changed (fraud-scorer), 1 team changed (fraud-ml), 1 person changed (omar)"
    )
    assert changes(Registry(), after).startswith("5 components added (fraud-scorer, ")


def test_thousands_of_findings_are_cut():
    parts = [
        {
            "apiVersion": "backstage.io/v1alpha1",
            "kind": "Component",
            "metadata": {"name": f"c{n}"},
            "spec": {"owner": "t"},
        }
        | ({"spec": {"owner": "t", "dependsOn": [f"resource:r{n}"]}})
        for n in range(1000)
    ]
    registry = load(BARE, catalog(json.dumps(parts)))
    assert len(registry.findings) == 501
    assert "more findings" in registry.findings[-1].sentence


# ------------------------------------------------------------------ any facts at all

NAMES = st.sampled_from(["a", "b", "c", "A", "a.b", "a-b", "team", "x" * 70])
SPACES = st.sampled_from(["default", "other"])
SOURCES = st.builds(Source, st.sampled_from(["f.yaml", "g.yaml"]), st.integers(0, 9), NAMES)


def refs(kind: str, person: bool = False) -> st.SearchStrategy[Ref]:
    return st.builds(
        lambda name, space: Ref(f"{kind}:{space}/{name}", to_id(name), person, f"{to_id(name)}@x.io" if person else ""),
        NAMES,
        SPACES,
    )


PEOPLE = st.builds(
    PersonFact,
    refs("user", True),
    SOURCES,
    st.sampled_from(["", "Dana"]),
    st.sampled_from(["", "d@x.io", "D@x.io", "a@x.io"]),
    st.sampled_from(["", "U01DANA", "U02OMAR"]),
    st.lists(refs("group"), max_size=2).map(tuple),
    st.lists(st.sampled_from(["login:a", "login:b"]), max_size=2).map(tuple),
)
TEAMS = st.builds(
    TeamFact,
    refs("group"),
    SOURCES,
    st.sampled_from(["", "C01A", "C01B"]),
    st.lists(refs("user", True), max_size=3).map(tuple),
    st.lists(st.sampled_from(["team:a", "team:b"]), max_size=1).map(tuple),
)
COMPONENTS = st.builds(
    ComponentFact,
    refs("component"),
    SOURCES,
    st.sampled_from(["", "model", "service"]),
    st.one_of(st.none(), refs("group"), refs("user", True)),
    st.sampled_from(["", "Title"]),
    st.sampled_from([None, 1, 4]),
    st.lists(st.tuples(st.sampled_from(["data", "serving"]), refs("group")), max_size=2).map(tuple),
    st.lists(refs("component"), max_size=3).map(tuple),
    st.lists(refs("component"), max_size=3).map(tuple),
    st.lists(st.sampled_from(["component:default/q"]), max_size=1).map(tuple),
)
FACTS = st.builds(
    Imported,
    st.lists(PEOPLE, max_size=5).map(tuple),
    st.lists(TEAMS, max_size=4).map(tuple),
    st.lists(COMPONENTS, max_size=6).map(tuple),
)
LAYERS = st.lists(st.builds(Layer, st.sampled_from(["one", "two"]), st.just("n"), FACTS, st.just("x")), max_size=3)
OWNS = st.sampled_from(
    [
        BARE,
        BARE + "people: {a: {slack: U01DANA, email: d@x.io}}\n",
        BARE + "people: {z: {slack: U02OMAR}}\nteams: {a: {members: [z]}, user-a: {}}\n",
        BARE + "teams: {t: {}}\ncomponents: {a: {kind: model, accountable: t}, a-b: {kind: agent, accountable: t}}\n",
    ]
)


@given(OWNS, LAYERS)
@settings(max_examples=200, deadline=None)
def test_any_facts_make_a_registry_that_holds(own, layers):
    registry = load(own, *layers)
    for component in registry.components.values():
        assert component.accountable in registry.teams
        reach = blast_radius(registry, component.id)
        assert [each.component for each in reach] == list(registry.downstream(component.id))
        assert [each.distance for each in reach] == sorted(each.distance for each in reach)
    by_own = Registry.load(own)
    for key, person in by_own.people.items():
        assert registry.people[key].slack == person.slack or not person.slack
    for key, component in by_own.components.items():
        assert registry.components[key].accountable == component.accountable


@given(LAYERS)
@settings(max_examples=80, deadline=None)
def test_two_teams_for_one_component_are_never_settled_in_silence(layers):
    registry = load(BARE, *layers)
    for component in registry.components.values():
        owners = {
            fact.owner.id
            for layer in layers
            for fact in layer.imported.components
            if fact.ref.id == component.id and fact.owner is not None and not fact.owner.person
        }
        if len(owners) > 1:
            assert any(
                f"components.{component.id}" == told.where and told.level == "error" for told in registry.findings
            )


_AT = Source("f.yaml", 3, "b")


def test_an_owner_whose_id_another_has_is_told_at_the_component():
    first = ComponentFact(ref=Ref("component:default/b", "b"), source=_AT, owner=Ref("group:default/b", "b"))
    second = ComponentFact(ref=Ref("component:default/b", "b"), source=_AT, owner=Ref("group:other/a", "a"))
    one = Layer("one", "n", Imported((), (TeamFact(Ref("group:default/a", "a"), _AT),), (first,)), "x")
    two = Layer("one", "n", Imported((), (), (second,)), "y")
    told = [each.sentence for each in load(BARE, one, two).findings if each.where == "components.b"]
    assert f"{_AT} says that b belongs to group:other/a, whose id another has; not taken." in told


@given(st.text(max_size=500))
def test_an_id_is_an_id_or_empty(name):
    assert not to_id(name) or load(BARE + f"teams: {{'{to_id(name)}': {{}}}}\n").teams
