"""Readers of other registries: the real files, and files that are not what they should be."""

import json
from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.providers.owners import backstage, cortex, datacontract, datadog, odcs, opslevel
from playbooks.domain.imported import Imported, Ref
from playbooks.schemas.loose import read_parts
from playbooks.schemas.marked import DocumentError

SAMPLES = Path(__file__).parents[1] / "ownership"
TODAY = date(2026, 11, 21)


def contract(text: str, *, name: str) -> Imported:
    return odcs.read(text, name=name, today=TODAY)


READERS = {
    "backstage": backstage.read,
    "datadog": datadog.read,
    "odcs": contract,
    "datacontract": datacontract.read,
    "opslevel": opslevel.read,
    "cortex": cortex.read,
}


def sample(path: str) -> Imported:
    file = SAMPLES / path
    return READERS[path.partition("/")[0]](file.read_text("utf-8"), name=file.name)


def owner_of(ref: Ref | None) -> Ref:
    assert ref is not None
    return ref


def ids(facts: Iterable[Any]) -> list[str]:
    return [getattr(fact, "ref", fact).id for fact in facts]


@pytest.mark.parametrize(
    "path",
    [str(f.relative_to(SAMPLES)) for f in sorted(SAMPLES.glob("*/*.y*ml"))],
)
def test_every_sample_gives_something_with_its_source(path):
    found = sample(path)
    assert found
    facts: list[Any] = [*found.people, *found.teams, *found.components]
    for fact in facts:
        assert fact.source.file == Path(path).name
        assert fact.source.line > 0
        assert fact.source.ref
    assert all(problem.file and problem.path for problem in found.problems)


def test_every_sample_names_its_origin_and_licence():
    rows = [line.split("\t") for line in (SAMPLES / "SOURCES.tsv").read_text("utf-8").splitlines()[1:]]
    assert all(row[1] and row[2] for row in rows)
    kept = {str(f.relative_to(SAMPLES)) for f in SAMPLES.glob("*/*")}
    assert {row[0] for row in rows} == kept


def test_backstage_models_servers_and_skills():
    found = sample("backstage/ai-model-service-redhat.yaml")
    kinds = {fact.ref.id: fact.kind for fact in found.components}
    assert kinds == {
        "developer-model-service": "service",
        "ibm-granite-8b-code-instruct": "model",
        "model-service-api": "service",
    }
    assert {fact.owner and fact.owner.text for fact in found.components} == {"user:default/exampleuser"}
    model = found.components[1]
    assert [ref.text for ref in model.read_by] == [
        "component:default/developer-model-service",
        "api:default/model-service-api",
    ]
    assert sample("backstage/ai-resource-skill.yaml").components[0].kind == "prompt"


def test_backstage_groups_and_users():
    found = sample("backstage/group-and-users-team-a.yaml")
    assert ids(found.people) == ["breanna-davison", "janelle-dawe", "nigel-manning", "guest", "guest"]
    assert found.people[3].ref.text != found.people[4].ref.text
    assert found.people[4].teams[0].text == "group:default/team-a"
    assert found.people[1].name == "Janelle Dawe"


def test_backstage_refs_take_their_kind_and_namespace_from_where_they_stand():
    def ref(text: str, kind: str = "group", space: str = "default") -> str | None:
        found = backstage.parse_ref(text, kind, space)
        return found.text if found else None

    assert ref("team-a") == "group:default/team-a"
    assert ref("group:cds-snc/internal-sre") == "group:cds-snc/internal-sre"
    assert ref("User:Guest") == "user:default/guest"
    assert ref("ops/x", space="dev") == "group:ops/x"
    assert ref("x", space="dev") == "group:dev/x"
    assert ref("a b") is None
    assert ref("a/b/c") is None
    assert ref("...") is None


def test_backstage_answers_of_its_api():
    entities = [
        {
            "apiVersion": "backstage.io/v1alpha1",
            "kind": "Component",
            "metadata": {"name": "scorer"},
            "spec": {"type": "ai-model"},
            "relations": [
                {"type": "ownedBy", "targetRef": "group:default/fraud"},
                {"type": "dependsOn", "target": {"kind": "resource", "namespace": "default", "name": "features"}},
                {"type": "partOf", "targetRef": "system:default/payments"},
                {"type": "partOf", "targetRef": "domain:default/money"},
            ],
        },
        {
            "apiVersion": "backstage.io/v1alpha1",
            "kind": "Group",
            "metadata": {"name": "fraud", "annotations": {"slack.com/bot-notify": "C01FRAUDML"}},
            "spec": {"members": ["dana"]},
        },
        {
            "apiVersion": "backstage.io/v1alpha1",
            "kind": "User",
            "metadata": {"name": "dana", "annotations": {"slack.com/bot-notify": "U01DANA"}},
            "spec": {"memberOf": None},
        },
        {"apiVersion": "backstage.io/v1alpha1", "kind": "Location", "metadata": {"name": "all"}},
    ]
    for text in (json.dumps(entities), json.dumps({"items": entities}), "\n" + json.dumps(entities, indent="\t")):
        found = backstage.read(text, name="entities.json")
        (component,) = found.components
        assert owner_of(component.owner).text == "group:default/fraud"
        assert [ref.text for ref in component.reads] == ["resource:default/features"]
        assert [ref.text for ref in component.read_by] == ["system:default/payments"]
        assert found.teams[0].channel == "C01FRAUDML"
        assert ids(found.teams[0].members) == ["dana"]
        assert found.people[0].slack == "U01DANA"
        assert [problem.path for problem in found.problems] == ["location:all"]


def test_datadog_v2_and_v3():
    found = sample("datadog/service.datadog.v2.2.yaml")
    assert (found.components[0].ref.id, found.components[0].tier) == ("shopping-cart", 1)
    assert owner_of(found.components[0].owner).id == "e-commerce"
    text = """
apiVersion: v3
kind: datastore
metadata: {name: orders, owner: Data Team, additionalOwners: [{name: other, type: team}],
           contacts: [{type: slack, contact: "https://x.slack.com/archives/C0ORDERS?x=1"}]}
spec: {tier: High, dependsOn: ["queue:q", "service:prod/api"], componentOf: ["system:shop"]}
---
apiVersion: v3
kind: system
metadata: {name: shop}
spec: {components: ["datastore:orders"]}
---
apiVersion: v1
kind: Service
metadata: {name: a-kubernetes-service}
"""
    found = datadog.read(text, name="entity.yaml")
    orders, shop = found.components
    assert (orders.kind, owner_of(orders.owner).id, orders.tier) == ("dataset", "data-team", None)
    assert [ref.text for ref in orders.reads] == ["queue:default/q", "service:prod/api"]
    assert [ref.text for ref in shop.reads] == ["datastore:default/orders"]
    assert found.teams[0].channel == "C0ORDERS"
    assert [str(problem) for problem in found.problems] == [
        "entity.yaml:2: datastore:orders: its further owners are not accountable: other",
        "entity.yaml:2: datastore:orders: its tier 'High' is none of 1 to 4; ownership.yaml can set it",
        "entity.yaml:8: system:shop: it names no owner",
    ]


def test_odcs_knows_who_is_in_the_team_today():
    found = sample("odcs/full-example.odcs.yaml")
    assert ids(found.people) == ["mhopper", "daustin"]
    assert (found.components[0].ref.id, owner_of(found.components[0].owner).id) == ("my-quantum", "my-team")
    assert found.components[0].stages[0][0] == "data"
    text = (SAMPLES / "odcs/stakeholders.odcs.yaml").read_text("utf-8")
    for day, names in (("2014-10-01", ["jwayne"]), ("2014-09-30", ["ceastwood"]), ("2010-01-01", [])):
        assert ids(odcs.read(text, name="x", today=date.fromisoformat(day)).people) == names
    listed = "apiVersion: v3.0.2\nkind: DataContract\nname: t\nteam:\n- {username: a@x.io, dateIn: soon}\n- {role: x}\n"
    found = contract(listed, name="x")
    assert owner_of(found.components[0].owner).id == "t-team"
    assert found.people[0].email == "a@x.io"
    assert len(found.problems) == 2


def test_datacontract():
    found = sample("datacontract/orders-latest.datacontract.yaml")
    (component,) = found.components
    assert (component.ref.id, owner_of(component.owner).id, component.kind) == (
        "orders-latest",
        "checkout-team",
        "dataset",
    )
    assert component.title == "Orders Latest"


def test_opslevel():
    text = """
version: 1
service:
  name: Shopping Cart
  owner: order_management_team
  tier: tier_2
  aliases: [shopping_cart_service]
  dependencies: [{alias: catalog_service, notes: x}, checkout]
  tools: [{name: chat, category: other, url: "https://x.slack.com/archives/C0CART"}]
---
version: 1
repository: {owner: x}
"""
    found = opslevel.read(text, name="opslevel.yml")
    (component,) = found.components
    assert (component.ref.id, owner_of(component.owner).id, component.tier) == (
        "shopping-cart",
        "order-management-team",
        2,
    )
    assert ids(component.reads) == ["catalog-service", "checkout"]
    assert component.also == ("service:shopping-cart-service",)
    assert found.teams[0].channel == "C0CART"


def test_cortex():
    text = """
openapi: 3.0.1
info:
  title: Chat Service
  x-cortex-tag: chat-service
  x-cortex-type: service
  x-cortex-owners:
    - {type: email, email: owner@example.com}
    - {type: GROUP, name: my-org/Delta, provider: GITHUB}
    - {type: slack, channel: C0DELTA}
  x-cortex-groups: [python, "tier-2"]
  x-cortex-dependency:
    - {tag: authentication-service, method: GET}
  x-cortex-parents: [{tag: talk}]
---
openapi: 3.0.1
info:
  title: Delta
  x-cortex-tag: delta
  x-cortex-type: team
  x-cortex-team:
    members: [{name: Dana, email: dana@example.com, role: lead}, {name: Nobody}]
---
openapi: 3.0.1
info: {title: just an API}
"""
    found = cortex.read(text, name="cortex.yaml")
    (component,) = found.components
    assert (component.ref.id, owner_of(component.owner).id, component.tier) == ("chat-service", "delta", 2)
    assert ids(component.reads) == ["authentication-service"]
    assert ids(component.read_by) == ["talk"]
    assert [(team.ref.id, team.channel, ids(team.members)) for team in found.teams] == [
        ("delta", "C0DELTA", []),
        ("delta", "", ["dana"]),
    ]
    assert [problem.text for problem in found.problems] == ["the member Nobody has no e-mail address"]


BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join(['*' + chr(97 + n)] * 9)}]\n" for n in range(9)
)
MERGES = "a: &a {x: 1, y: 2}\n" + "".join(
    f"{chr(98 + n)}: &{chr(98 + n)} {{<<: [{', '.join(['*' + chr(97 + n)] * 20)}]}}\n" for n in range(8)
)
HOSTILE = {
    "bomb": BOMB,
    "merges": MERGES,
    "itself": "a: &a {b: *a}",
    "merges itself": "a: &a {<<: *a}",
    "deep": "[" * 5000,
    "deep json": "[" * 200000 + "]" * 200000,
    "deep flow": '{"a":' * 4000 + "1" + "}" * 4000,
    "no yaml": "a: b: c",
    "tab": "a:\n\t- b",
    "binary": "\x00\x01",
    "half a character": "\ud800",
    "html": "<!DOCTYPE html><html><body>Sign in</body></html>",
    "tag": "!!python/object:os.system x",
    "sixties": "a: 1" + ":59" * 50000,
    "key": "? [a, b]\n: c",
    "large": "a" * 17_000_000,
}


@pytest.mark.parametrize("kind", READERS)
@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_end_in_an_error_or_in_nothing(kind, name):
    try:
        found = READERS[kind](HOSTILE[name], name="x.yaml")
    except DocumentError as error:
        places = {problem.file for problem in error.problems}
    else:
        places = {"x.yaml"} if not found else set()
    assert places == {"x.yaml"}


@pytest.mark.parametrize("name", ["bomb", "merges", "itself", "deep", "deep json", "deep flow", "no yaml", "key"])
def test_what_cannot_be_read_is_an_error(name):
    with pytest.raises(DocumentError):
        read_parts(HOSTILE[name], name="x")


def test_values_stay_as_they_were_written():
    (part,) = read_parts("a: 007\nb: no\nc: 2026-01-01\nd: ~\ne:\nf: 1_0\n", name="x")
    assert part.value == {"a": "007", "b": "no", "c": "2026-01-01", "d": "", "e": "", "f": "1_0"}
    (part,) = read_parts('{"a": 1.50, "b": true, "c": null, "d": "\\ud83d\\ude00", "e": "\\ud800"}', name="x")
    assert part.value == {"a": "1.50", "b": "true", "c": "", "d": "😀", "e": "?"}
    (part,) = read_parts("base: &b {x: 1, y: 2}\nown: {<<: *b, y: 3}\n", name="x")
    assert part.mapping["own"] == {"x": "1", "y": "3"}


WORDS = st.sampled_from(
    "apiVersion kind metadata name namespace spec owner type dependsOn dependencyOf system members memberOf profile "
    "email annotations relations targetRef target backstage.io/v1alpha1 Component Group User API v3 service "
    "DataContract team username dateIn dateOut schema-version v2.2 dd-service tier contacts contact slack info "
    "x-cortex-tag x-cortex-owners x-cortex-team group x-cortex-dependency tag aliases dependencies id "
    "dataContractSpecification 1 user:a/b group:x team-a a@b.io 2026-13-01 - . é 😀 items".split()
)
TREES = st.recursive(
    WORDS | st.none() | st.integers() | st.booleans() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=6),
    max_leaves=30,
)


@given(TREES)
@settings(max_examples=300, deadline=None)
def test_any_shape_gives_facts_that_can_be_used_or_problems(tree):
    text = json.dumps([tree])
    for read in READERS.values():
        found = read(text, name="x")
        facts: list[Any] = [*found.people, *found.teams, *found.components]
        for fact in facts:
            assert fact.ref.id
            assert fact.source.file == "x"


ENTITIES: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "backstage": lambda spec: {"apiVersion": "backstage.io/v1alpha1", "kind": "Component", **spec},
    "datadog": lambda spec: {"apiVersion": "v3", "kind": "service", **spec},
    "odcs": lambda spec: {"apiVersion": "v3.1.0", "kind": "DataContract", "name": "n", **spec},
    "cortex": lambda spec: {"info": {"x-cortex-tag": "t", **spec}},
    "opslevel": lambda spec: {"service": {"name": "n", **spec}},
    "datacontract": lambda spec: {"dataContractSpecification": "1.2.0", "id": "x", **spec},
}


@given(st.sampled_from(sorted(READERS)), st.dictionaries(WORDS, TREES, max_size=6))
@settings(max_examples=300, deadline=None)
def test_entities_with_values_of_any_type_raise_nothing(kind, spec):
    READERS[kind](json.dumps(ENTITIES[kind](spec)), name="x")
