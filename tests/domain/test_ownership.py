"""The registry: what it answers, and what it refuses with the line."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from playbooks.domain.ownership import DocumentError, Registry, mention
from playbooks.domain.wording import one_line, plain
from playbooks.errors import ConfigError, UnknownName
from tests.domain.registry import EXAMPLES, HEAD, example

TEAMS = "people: {dana: {slack: U01DANA}}\nteams: {t: {members: [dana]}}\n"

COMPONENT = "components: {c: {kind: model, accountable: t, alerts: [{match: {name: {regex: 'PATTERN'}}}]}}\n"


def problems(text: str) -> list[str]:
    with pytest.raises(DocumentError) as caught:
        Registry.load(text, name="ownership.yaml")
    return [str(problem) for problem in caught.value.problems]


def test_the_example_answers_everything_the_story_asks():
    registry = example()
    assert registry.person_by_slack("U02OMAR") == "omar"
    assert registry.person_by_slack("U99NOBODY") is None
    assert registry.teams_of("mei") == ("fraud-ml", "ml-platform", "risk-product")
    assert registry.teams_of("stranger") == ()
    assert registry.members("fraud-ml") == ("dana", "omar", "lin", "mei")
    assert dict(registry.stage_owners("fraud-scorer")) == {
        "data": "payments-data",
        "training": "fraud-ml",
        "serving": "ml-platform",
        "product": "risk-product",
    }
    assert registry.downstream("transactions-features") == ("fraud-scorer", "auto-decline", "manual-review-queue")
    assert registry.upstream("auto-decline") == ("fraud-scorer", "transactions-features", "merchant-embeddings")
    assert registry.readers("fraud-scorer") == ("auto-decline", "manual-review-queue")
    assert registry.component("fraud-scorer").tier == 1


def test_a_lever_is_handed_out_without_its_provider():
    component = example().component("auto-decline")
    lever = component.lever("disable")
    assert lever is not None
    assert lever.provider == "local"
    assert dict(lever.binding) == {"project": "default", "flag": "auto-decline", "environment": "production"}
    assert component.lever("rollback") is None


def test_the_hash_is_of_the_text():
    text = (EXAMPLES / "ownership.yaml").read_text("utf-8")
    assert Registry.load(text).sha256 == Registry.load(text, name="other").sha256
    assert Registry.load(text).sha256 != Registry.load(text + "\n").sha256
    assert len(Registry().sha256) == 64


def test_an_unknown_component_is_answered_with_the_nearest():
    with pytest.raises(UnknownName) as caught:
        example().component("auto-declin")
    assert caught.value.told == "I don't know *auto-declin*. Did you mean *auto-decline* (automation, fraud-ml)?"
    assert caught.value.nearest[0] == "auto-decline"


@pytest.mark.parametrize("part", ["fraud", "Scorer"])
def test_a_part_of_a_name_finds_the_whole(part):
    with pytest.raises(UnknownName) as caught:
        example().component(part)
    assert caught.value.nearest == ("fraud-scorer",)


def test_many_names_are_not_all_listed():
    components = "".join(f"  c{n:02}: {{kind: model, accountable: t}}\n" for n in range(14))
    many = Registry.load(f"api: ownership/v1\nteams: {{t: {{}}}}\ncomponents:\n{components}")
    with pytest.raises(UnknownName) as caught:
        many.component("zzz")
    assert caught.value.told.endswith("c08, c09 and 4 more.")


def test_an_unknown_name_with_nothing_near_says_where_to_look():
    with pytest.raises(UnknownName) as caught:
        example().component("zzz")
    assert caught.value.nearest == ()
    assert caught.value.told.startswith("I don't know *zzz*. I know: auto-decline, fraud-scorer, ")
    with pytest.raises(UnknownName, match="team"):
        example().team("frad")
    with pytest.raises(UnknownName, match=r"nobody called \*dan"):
        example().person("dan")


@pytest.mark.parametrize("typed", ["<!channel>", "`rm`", "*x*\n\0<@U01DANA>", "x" * 10_000, ""])
def test_what_was_typed_cannot_become_markup(typed):
    with pytest.raises(UnknownName) as caught:
        example().component(typed)
    told = caught.value.told
    assert "<" not in told
    assert "\n" not in told
    assert "\0" not in told
    assert len(told) < 300


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("api: ownership/v2\n", "ownership.yaml:1: api: input should be 'ownership/v1' (it says 'ownership/v2')"),
        ("", "ownership.yaml:1: api: this key is missing"),
        ("- a\n", "ownership.yaml:1: must be a mapping of keys to values"),
        (HEAD + "teams:\n  t:\n    chanel: C01X\n", "ownership.yaml:4: teams.t.chanel: no such key"),
        (HEAD + "people:\n  a: {}\n  a: {}\n", "ownership.yaml:4: people.a: a is here twice, first in line 3"),
        (
            HEAD + "teams:\n  t:\n    members:\n    - dana\n",
            "ownership.yaml:5: teams.t.members[0]: there is no person dana",
        ),
        (
            HEAD + "people: {dana: {}}\nteams:\n  t: {on_call: {static: [dnaa]}}\n",
            "ownership.yaml:4: teams.t.on_call.static[0]: there is no person dnaa; did you mean dana?",
        ),
        (
            HEAD + "components:\n  c: {kind: model, accountable: t}\n",
            "ownership.yaml:3: components.c.accountable: there is no team t",
        ),
        (
            HEAD + TEAMS + "components:\n  c:\n    kind: model\n    accountable: t\n    depends_on: [c]\n",
            "ownership.yaml:8: components.c.depends_on[0]: c depends on itself",
        ),
        (
            HEAD
            + TEAMS
            + "components:\n  c: {kind: model, accountable: t, rights: {roll_back: {decide: ['team:u']}}}\n",
            "ownership.yaml:5: components.c.rights.roll_back.decide[0]: there is no team u",
        ),
        (
            HEAD + "people:\n  a: {slack: U01DANA}\n  b: {slack: U01DANA}\n",
            "ownership.yaml:4: people.b.slack: b and a have the same slack U01DANA",
        ),
        (
            HEAD + "people:\n  a: {email: A@x.org}\n  b: {email: a@x.org}\n",
            "ownership.yaml:4: people.b.email: b and a have the same email a@x.org",
        ),
        (
            HEAD + "people:\n  a: {slack: <!channel>}\n",
            "ownership.yaml:3: people.a.slack: <!channel> is no Slack user id such as U01DANA",
        ),
        (
            HEAD + TEAMS + "components:\n  c: {kind: model, accountable: t, alerts: [{match: {labels.shard: 007}}]}\n",
            "ownership.yaml:5: components.c.alerts[0].match.labels.shard: YAML reads 007 as 7; write it in quotes",
        ),
        (
            HEAD
            + TEAMS
            + "components:\n  c: {kind: model, accountable: t, alerts: [{match: {labels.a: {regex: (a+)+}}}]}\n",
            "ownership.yaml:5: components.c.alerts[0].match.labels.a.regex: "
            "a repeat or a choice inside a repeat can take for ever; write it flat (it says '(a+)+')",
        ),
        (
            HEAD + TEAMS + "components:\n  c: {kind: model, accountable: t, alerts: [{match: {labels.region: no}}]}\n",
            "ownership.yaml:5: components.c.alerts[0].match.labels.region: YAML reads no as false; write it in quotes",
        ),
        (
            HEAD + TEAMS + "components:\n  c: {kind: model, accountable: t, alerts: [{match: {body: x}}]}\n",
            "ownership.yaml:5: components.c.alerts[0].match.body: "
            "body must be source, name, severity, labels.… or annotations.…",
        ),
        (
            HEAD + TEAMS + "components:\n  c: {kind: model, accountable: t, levers: {rollback: {model: x}}}\n",
            "ownership.yaml:5: components.c.levers.rollback: names its `provider`",
        ),
        (
            HEAD + TEAMS + "components:\n  c: {kind: model, accountable: t, levers: {restart: {provider: x}}}\n",
            "restart is no kind of lever; there are rollback and disable",
        ),
    ],
)
def test_every_mistake_is_told_with_its_line(text, expected):
    assert any(expected in found for found in problems(text)), problems(text)


def test_all_problems_are_collected_and_the_sentence_has_the_count_and_the_first():
    text = HEAD + "teams:\n  t: {members: [a, b]}\ncomponents:\n  c: {kind: modle, accountable: u}\n"
    with pytest.raises(ConfigError) as caught:
        Registry.load(text, name="ownership.yaml")
    assert caught.value.sentence.startswith("ownership.yaml has an error: ownership.yaml:5: components.c.kind: input")
    fixed = text.replace("modle", "model")
    assert len(problems(fixed)) == 3
    with pytest.raises(ConfigError, match=r"ownership.yaml has 3 errors: ownership.yaml:3: teams.t.members\[0\]"):
        Registry.load(fixed, name="ownership.yaml")


def test_several_files_refer_to_each_other_and_a_collision_names_both():
    people = HEAD + TEAMS
    components = HEAD + "components:\n  c: {kind: model, accountable: t}\n"
    registry = Registry.load_files([("people.yaml", people), ("models.yaml", components)])
    assert registry.component("c").accountable == "t"
    assert registry.name == "people.yaml and models.yaml"
    with pytest.raises(DocumentError) as caught:
        Registry.load_files([("people.yaml", people), ("a.yaml", components), ("b.yaml", components)])
    assert [str(p) for p in caught.value.problems] == [
        "b.yaml:3: components.c: c is already in a.yaml:3; one of them must go"
    ]


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        "{a: " * 5_000,
        "a: &a [*a]\n",
        "a: &a {b: *a}\n",
        "x: 1\0\n",
        "\ud800",
        "a: !!python/object/apply:os.system [id]\n",
        "? [1, 2]\n: x\n",
        "a: 2026-13-45\n",
        "a: [\n",
        "a: b: c\n",
        "&a a: *b\n",
        "x" * 17_000_000,
        "a: &a [x,x,x,x,x,x,x,x,x]\n"
        + "".join(f"b{n}: &b{n} [{','.join([f'*{p}'] * 9)}]\n" for n, p in [(0, "a")])
        + "".join(f"b{n}: &b{n} [{','.join([f'*b{n - 1}'] * 9)}]\n" for n in range(1, 9)),
    ],
)
def test_hostile_files_end_in_an_error_and_nothing_else(text):
    with pytest.raises(ConfigError) as caught:
        Registry.load(text, name="ownership.yaml")
    assert len(caught.value.told) < 600


def test_a_hostile_name_in_the_file_is_escaped_in_the_sentence():
    with pytest.raises(ConfigError) as caught:
        Registry.load(HEAD + "teams: {'<!channel>': {}}\n", name="ownership.yaml")
    assert "<!channel>" not in caught.value.told
    assert "&lt;!channel&gt;" in caught.value.told


@settings(deadline=None)
@given(st.text(max_size=300))
def test_any_text_is_a_registry_or_a_config_error(text):
    try:
        Registry.load(text)
    except ConfigError:
        return


@settings(deadline=None)
@given(st.text(max_size=200), st.integers(1, 100))
def test_plain_text_has_no_markup_and_no_second_line(text, limit):
    said = plain(text, limit)
    assert not set("<>*`~\n\r\0") & set(said)
    assert len(one_line(text, limit)) <= limit


def test_a_mention_is_the_slack_id_or_the_name():
    registry = Registry.load(HEAD + "people: {dana: {slack: U01DANA}, noslack: {}}\n")
    assert mention(registry.person("dana")) == "<@U01DANA>"
    assert mention(registry.person("noslack")) == "noslack"


def test_yaml_conveniences_work():
    text = (
        HEAD
        + TEAMS
        + "components:\n"
        + "  a: &a {kind: model, accountable: t, alerts: [{match: {labels.shard: 7, labels.g: true, name: [x, y]}}]}\n"
        + "  b: {<<: *a, kind: agent, reviewed_on: 2026-09-01, review_every: 90d}\n"
    )
    registry = Registry.load(text)
    assert registry.component("b").kind == "agent"
    assert registry.component("b").alerts[0].match == {"labels.shard": "7", "labels.g": "true", "name": ("x", "y")}


@pytest.mark.parametrize(
    "pattern", ["(a+)+", "((a*))*", "(a|a)*", "(a?){9,}", "(?:a{1,}b)+", ".*.*.*.*x", "(", "a**", "[z-a]"]
)
def test_a_pattern_that_can_take_for_ever_or_is_none_is_refused(pattern):
    found = problems(HEAD + TEAMS + COMPONENT.replace("PATTERN", pattern))
    assert len(found) == 1
    assert "alerts[0].match.name.regex" in found[0]


@pytest.mark.parametrize(
    "pattern", ["Model.*", "(Drift|Stale)High", "a\\(b+", "[(+*]+x", "fraud-(eu|us)-[0-9]+", "x?y?z?"]
)
def test_everyday_patterns_are_taken(pattern):
    assert Registry.load(HEAD + TEAMS + COMPONENT.replace("PATTERN", pattern)).component("c").alerts
