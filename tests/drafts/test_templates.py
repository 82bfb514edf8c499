"""Templates of one's own: which file wins, what refuses, what `muster check` says, and their version."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from playbooks import errors
from playbooks.check import Level
from playbooks.check_templates import Names, check_templates
from playbooks.domain.timeline import EventKind
from playbooks.pages import postmortem_page
from playbooks.render import render_draft
from playbooks.samples import samples
from playbooks.templating import ANY, DOCUMENT, OURS, PAGES, Case, folders
from tests.drafts.chains import story

NAMES = Names(("fraud-ml", "risk-product"), ("sev1", "sev2"), ("drift", "latency"))
CASE = Case("fraud-ml", "sev2", "drift")


def write(folder: Path, name: str, text: str) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def text(folder: Path | None) -> str:
    chain = story()
    return render_draft(chain.events, incident_id=42, head=chain.head, templates=folder).text


def version(folder: Path | None) -> str:
    found = re.search(r"templates `([0-9a-f]{12})`", text(folder)) or re.search(r"([0-9a-f]{12})", text(folder)[-400:])
    assert found is not None
    return found[1]


ORDER = [
    "postmortem/fraud-ml/sev2",
    "postmortem/fraud-ml/drift",
    "postmortem/fraud-ml",
    "postmortem/drift",
    "postmortem/sev2",
    "postmortem",
    ".",
]


@pytest.mark.parametrize("place", range(len(ORDER)))
def test_the_most_specific_file_wins(tmp_path: Path, place: int) -> None:
    for folder in ORDER[place:]:
        write(tmp_path, f"{folder}/questions.md.j2", f"## From {folder.replace('.', 'the root')}")
    assert f"## From {ORDER[place].replace('.', 'the root')}\n" in text(tmp_path)
    assert folders(tmp_path, DOCUMENT, CASE)[0] == tmp_path / ORDER[place]


def test_other_teams_and_severities_do_not_count(tmp_path: Path) -> None:
    for folder in ("risk-product", "sev1", "latency", "fraud-ml/sev1"):
        write(tmp_path, f"postmortem/{folder}/questions.md.j2", "## Not this")
    assert "Not this" not in text(tmp_path)


def test_pages_have_the_same_order(tmp_path: Path) -> None:
    write(tmp_path, "pages/fraud-ml/closed.html.j2", "team")
    assert folders(tmp_path, PAGES, CASE) == (tmp_path / "pages/fraud-ml", tmp_path / "pages", OURS / "pages")


@pytest.mark.parametrize("name", ["..", "../..", "/etc", "a/b", "", "."])
def test_a_name_of_the_chain_leads_out_of_no_folder(tmp_path: Path, name: str) -> None:
    (tmp_path / "postmortem").mkdir()
    assert folders(tmp_path, DOCUMENT, Case(name, name, name)) == (
        tmp_path / "postmortem",
        tmp_path,
        OURS / "postmortem",
    )


def test_the_version_covers_the_files_in_use_and_what_they_include(tmp_path: Path) -> None:
    seen = {version(None)}
    write(tmp_path, "postmortem/questions.md.j2", "## Asked\n{% include 'footer.md.j2' %}")
    write(tmp_path, "postmortem/footer.md.j2", "*One.*")
    seen.add(version(tmp_path))
    write(tmp_path, "postmortem/footer.md.j2", "*Two.*")
    seen.add(version(tmp_path))
    write(tmp_path, "postmortem/sev1/questions.md.j2", "## Of others")
    assert version(tmp_path) in seen
    write(tmp_path, "postmortem/sev2/questions.md.j2", "## Of this one")
    seen.add(version(tmp_path))
    assert len(seen) == 4


@pytest.mark.parametrize(
    ("source", "line", "why"),
    [
        ("## A\n\n{{ nobody_knows }}", 3, "nobody_knows"),
        ("## A\n{{ facts.nothing }}", 2, "nothing"),
        ("## A\n{% for x in %}", 2, "Expected"),
        ("{{ 1 // 0 }}", 1, "zero"),
        ("x\n{{ facts.entries[10 ** 6] }}", 2, ""),
        ("{{ facts | nofilter }}", 1, "nofilter"),
        ("{% include 'nothing-here.md.j2' %}", 1, "nothing-here"),
        ("{{ ''.__class__.__mro__ }}", 1, "unsafe"),
    ],
)
def test_a_broken_template_is_told_with_file_and_line(tmp_path: Path, source: str, line: int, why: str) -> None:
    write(tmp_path, "postmortem/sev2/questions.md.j2", source)
    with pytest.raises(errors.ConfigError) as refused:
        text(tmp_path)
    assert refused.value.sentence.startswith(
        f"The template postmortem/sev2/questions.md.j2 cannot be rendered, line {line}"
    )
    assert why in refused.value.sentence


@pytest.mark.parametrize("source", ["## A\n\n{{ nobody_knows }}", "## A\n\n{% for x in %}"])
def test_the_check_tells_of_it_with_the_case_it_is_for(tmp_path: Path, source: str) -> None:
    write(tmp_path, "postmortem/sev2/questions.md.j2", source)
    (finding,) = (f for f in check_templates(tmp_path, NAMES) if f.level is Level.ERROR)
    assert "postmortem/sev2/questions.md.j2 cannot be rendered, line 3" in finding.sentence
    assert finding.sentence.startswith("Severity sev2, ")


def test_a_page_that_is_broken_is_told_the_same_way(tmp_path: Path) -> None:
    write(tmp_path, "pages/fraud-ml/figures.html.j2", "<p>\n{{ nobody_knows }}")
    chain = story()
    draft = render_draft(chain.events, incident_id=42, head=chain.head)
    with pytest.raises(errors.ConfigError, match=r"pages/fraud-ml/figures\.html\.j2 cannot be rendered, line 2"):
        postmortem_page(draft, templates=tmp_path)
    assert [f.level for f in check_templates(tmp_path, NAMES)] == [Level.ERROR]
    assert check_templates(tmp_path, NAMES)[0].sentence.startswith("Team fraud-ml, ")


@pytest.mark.parametrize("name", ["closed", "incident", "stats", "layout", "drawing"])
def test_every_page_is_tried(tmp_path: Path, name: str) -> None:
    write(tmp_path, f"pages/{name}.html.j2", "{{ nobody_knows }}")
    (found,) = check_templates(tmp_path, NAMES)
    assert f"pages/{name}.html.j2 cannot be rendered, line 1" in found.sentence


@pytest.mark.parametrize(
    ("source", "check"),
    [
        ("## A\n\nThe change caused the drift [E1].", "P5"),
        ("## A\n\nIt began at 2019-01-01 00:00:00 UTC [E1].", "F1"),
        ("## A\n\nSomebody was careless [E1].", "H4"),
    ],
)
def test_a_template_that_fails_a_critical_check_is_an_error(tmp_path: Path, source: str, check: str) -> None:
    write(tmp_path, "postmortem/hypotheses.md.j2", source)
    found = [f.sentence for f in check_templates(tmp_path, NAMES) if f.level is Level.ERROR]
    assert any(f"the document fails {check} " in sentence for sentence in found), found


def test_ours_pass_on_every_sample() -> None:
    assert check_templates(None, NAMES) == []
    for case in (CASE, Case("a b", "sev9", "x")):
        assert len(samples(case)) == 3


def test_the_full_sample_has_every_kind_of_event() -> None:
    assert {event.kind for event in samples(ANY)[1].events} == set(EventKind)
    assert {event.kind for event in samples(ANY)[2].events} == set(EventKind)


def test_folders_and_files_that_nothing_uses(tmp_path: Path) -> None:
    for name in ("sev9", "fraud-ml/sev1/deep", "sev1/fraud-ml", "fraud-ml/sev1"):
        (tmp_path / "postmortem" / name).mkdir(parents=True, exist_ok=True)
    write(tmp_path, "postmortem/sumary.md.j2", "## typo")
    write(tmp_path, "postmortem/README.md", "no template")
    told = {finding.where: finding for finding in check_templates(tmp_path, NAMES)}
    assert set(told) == {
        "postmortem/sev9",
        "postmortem/fraud-ml/sev1/deep",
        "postmortem/sev1/fraud-ml",
        "postmortem/sumary.md.j2",
    }
    assert {finding.level for finding in told.values()} == {Level.NOTE}


def test_a_folder_named_after_two_things_is_refused(tmp_path: Path) -> None:
    (tmp_path / "postmortem" / "drift").mkdir(parents=True)
    (found,) = check_templates(tmp_path, Names(("drift",), (), ("drift",)))
    assert (found.level, found.sentence) == (Level.ERROR, "drift is a team and a failure.")


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    (found,) = check_templates(tmp_path / "none", NAMES)
    assert (found.level, found.sentence) == (Level.ERROR, "There is no such folder of templates.")
