"""CODEOWNERS: the pattern vectors, the last match, GitLab's sections, and the way to a component's owner."""

import json
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.providers.owners.codeowners import matches, parse, read
from playbooks.errors import InputError

SAMPLES = Path(__file__).parents[1] / "ownership" / "codeowners"
VECTORS = [
    (vector["pattern"], path, wanted)
    for vector in json.loads((SAMPLES / "github-pattern-vectors.json").read_text("utf-8"))
    for path, wanted in vector["paths"].items()
]


@pytest.mark.parametrize(("pattern", "path", "wanted"), VECTORS)
def test_githubs_patterns(pattern, path, wanted):
    assert matches(pattern, path) is wanted


def owners(text: str, path: str, syntax: str = "") -> list[str]:
    return list(parse(text, name="CODEOWNERS", syntax=syntax)[0].owners_of(path))


GITHUB = r"""
# the whole repository
*       @org/all   # everybody
*.js    @org/js
/build/ @org/build
/build/open
docs/*  docs@example.com
apps/   @dana
path\ with\ space/ @omar
!no @lin
bad not-an-owner
"""


def test_githubs_last_match_wins_and_an_empty_list_is_nobody():
    assert owners(GITHUB, "x.py") == ["@org/all"]
    assert owners(GITHUB, "lib/x.js") == ["@org/js"]
    assert owners(GITHUB, "build/x.js") == ["@org/build"]
    assert owners(GITHUB, "build/open/x") == []
    assert owners(GITHUB, "docs/x.md") == ["docs@example.com"]
    assert owners(GITHUB, "docs/a/x.md") == ["@org/all"]
    assert owners(GITHUB, "a/apps/x") == ["@dana"]
    assert owners(GITHUB, "path with space/x") == ["@omar"]
    problems = parse(GITHUB, name="CODEOWNERS")[1].done()
    assert [(problem.line, problem.path) for problem in problems] == [(10, "!no"), (11, "bad")]


def test_a_folder_is_asked_as_any_file_in_it():
    text = "* @org/all\nmodels/ @org/ml\nmodels/fraud/ @org/fraud\n*.py @org/py\nmodels/fraud/x @org/x\n"
    assert owners(text, "models/fraud/") == ["@org/fraud"]
    assert owners(text, "models/other/") == ["@org/ml"]
    assert owners(text, "/models/fraud/train.py") == ["@org/py"]
    assert owners(text, "/") == ["@org/all"]


# GitLab's reference gives this file, and README.md → these four
GITLAB = """
* @admin
[README Owners]
README.md @user1 @user2
internal/README.md @user4
[README other owners]
README.md @user3
"""


def test_gitlabs_sections_add_up():
    assert owners(GITLAB, "README.md") == ["@admin", "@user1", "@user2", "@user3"]
    assert owners(GITLAB, "internal/README.md") == ["@admin", "@user4", "@user3"]
    assert owners(GITLAB, "x") == ["@admin"]


def test_gitlabs_defaults_names_and_exclusions():
    text = """
[Docs][2] @docs-team
docs/
/root.md
README.md @other
^[Optional] @opt
*.rb
!legacy/*.rb
legacy/*.rb @never
[docs]
*.txt @text
[Half
x @half
[With role] @@maintainer
y/
"""
    assert owners(text, "a/docs/b") == ["@docs-team"]
    assert owners(text, "root.md") == ["@docs-team"]
    assert owners(text, "a/root.md") == []
    assert owners(text, "a/b.rb") == ["@opt"]
    assert owners(text, "legacy/b.rb") == []
    assert owners(text, "docs/x.txt") == ["@text"]  # one section, so its last match
    assert owners(text, "y/z") == ["@@maintainer"]
    assert parse(text, name="x")[0].sections[2].optional


def test_gitlabs_patterns():
    for pattern, path, wanted in (
        ("README.md", "a/b/README.md", True),
        ("/README.md", "a/README.md", False),
        ("a/b", "x/a/b", True),
        ("docs", "docs/x", False),
        ("docs/", "a/docs/x/y", True),
        ("/docs/*", "docs/x/y", False),
        ("/docs/**/*.md", "docs/x/y/z.md", True),
        ("/docs/**/*.md", "docs/z.md", True),
        ("*", "a/b", True),
    ):
        assert matches(pattern, path, gitlab=True) is wanted, (pattern, path)


def test_syntax_can_be_said():
    assert owners("docs @a\n", "docs/x", "gitlab") == []
    assert owners("docs @a\n", "docs/x", "github") == ["@a"]


def test_components_get_an_accountable_team():
    text = "* @org/all\na/ @org/one @org/two @dana\nb/ @dana\nc/ @dana lin@example.com\nd/\ne/ @@owner\n"
    paths = {key: f"{key}/" for key in "abcdef"}
    found = read(text, name="CODEOWNERS", components=paths, syntax="github")
    owner = {fact.ref.id: fact.owner and (fact.owner.id, fact.owner.person) for fact in found.components}
    assert owner == {
        "a": ("one", False),
        "b": ("dana", True),
        "c": ("c-codeowners", False),
        "d": None,
        "e": None,
        "f": ("all", False),
    }
    assert [ref.id for ref in found.teams[0].members] == ["dana", "lin"]
    assert str(found.components[0].source) == "a/ in CODEOWNERS:2"
    said = [str(problem) for problem in found.problems]
    assert said[0] == ("CODEOWNERS:2: a/: a has several owning teams; one is taken as accountable, not two")
    assert any("nobody owns this path, so d has no owner here" in each for each in said)


@pytest.mark.parametrize("name", ["flagd.CODEOWNERS", "great-expectations.CODEOWNERS"])
def test_real_files(name):
    text = (SAMPLES / name).read_text("utf-8")
    found = read(text, name=name, components={"core": "flagd/", "bar": "sidebars.js"})
    assert [fact.owner and fact.owner.id for fact in found.components] == (
        ["flagd-maintainers", "flagd-maintainers"] if name.startswith("flagd") else [None, "fe-cop-codeowners"]
    )


def test_a_file_too_large_is_refused():
    with pytest.raises(InputError):
        parse("x" * (3 * 1024 * 1024 + 1), name="x")


def test_no_pattern_is_slow():
    began = time.monotonic()
    for gitlab in (True, False):
        matches("*a" * 500 + "b", "a" * 2000, gitlab=gitlab)
        matches("**/a/" * 200 + "b", "a/" * 400, gitlab=gitlab)
        matches("?*" * 1000, "a" * 3000, gitlab=gitlab)
    assert time.monotonic() - began < 5


@given(st.text(alphabet="a/*?\\[]!#^@ \n.é", max_size=60), st.text(alphabet="ab/.", max_size=20), st.booleans())
@settings(max_examples=400, deadline=None)
def test_any_text_is_read(text, path, gitlab):
    read(text, name="x", components={"c": path or "/"}, syntax="gitlab" if gitlab else "")


@given(st.text(alphabet="ab/", min_size=1, max_size=12))
def test_a_literal_path_takes_in_itself_and_what_is_below(path):
    names = [name for name in path.split("/") if name]
    if names:
        plain = "/" + "/".join(names)
        assert matches(plain, plain)
        assert matches(plain, plain + "/x")
        assert not matches(plain + "/", plain)
