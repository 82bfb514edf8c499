"""The postmortem page: well formed, readable by all, nothing of a stranger's text comes through as markup."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable
from hashlib import sha256
from itertools import pairwise
from pathlib import Path

import pytest

from playbooks import errors
from playbooks.pages import Page, closed_page, postmortem_page
from playbooks.templating import OURS
from tests.drafts.chains import DANA, Chain, K, at, recorded, story, timeline_files
from tests.drafts.crowds import HOSTILE, few, many
from tests.drafts.drafting import LABELS, draft
from tests.drafts.reading_html import Element, contrast, read_page, variables

CSS = (OURS / "pages" / "style.css").read_text("utf-8")


def page(chain: Chain, **human: str) -> Page:
    """The page of a chain."""
    return postmortem_page(draft(chain, human), severities=LABELS, incident_url="/incidents/1")


CHAINS: dict[str, Callable[[], Chain]] = {
    "few": few,
    "story": story,
    "many": lambda: many(500),
    "hostile": lambda: many(120, HOSTILE),
}


@pytest.fixture(scope="module", params=list(CHAINS))
def elements(request: pytest.FixtureRequest) -> list[Element]:
    return read_page(page(CHAINS[request.param]()).html)


def of(elements: list[Element], *tags: str) -> list[Element]:
    return [e for e in elements if e.tag in tags]


def test_landmarks_language_and_title(elements: list[Element]) -> None:
    assert of(elements, "html")[0].attributes["lang"] == "en"
    assert "postmortem" in of(elements, "title")[0].text
    assert [len(of(elements, tag)) for tag in ("main", "header", "footer", "nav", "h1")] == [1, 1, 1, 1, 1]
    inside = {"main", "header", "footer", "head"}
    texts = [e for e in elements if e.tag in ("p", "table", "h2", "li", "svg")]
    assert all(inside & set(e.parents) for e in texts)


def test_headings_go_down_one_step_at_a_time(elements: list[Element]) -> None:
    levels = [int(e.tag[1]) for e in of(elements, "h1", "h2", "h3", "h4")]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert all(e.text.strip() for e in of(elements, "h1", "h2", "h3", "h4"))


def test_every_header_of_a_table_says_what_it_heads(elements: list[Element]) -> None:
    heads = of(elements, "th")
    assert heads
    assert all(e.attributes.get("scope") in ("col", "row") for e in heads)
    frames = [e for e in elements if e.attributes.get("role") == "region"]
    names = [e.attributes["aria-label"] for e in frames]
    assert len(frames) == len(of(elements, "table"))
    assert len(set(names)) == len(names)
    assert all(e.attributes.get("tabindex") == "0" for e in frames)


def test_ids_are_unique_and_links_lead_somewhere(elements: list[Element]) -> None:
    ids = [e.attributes["id"] for e in elements if "id" in e.attributes]
    assert len(set(ids)) == len(ids)
    inner = {e.attributes["href"][1:] for e in of(elements, "a") if e.attributes.get("href", "").startswith("#")}
    assert inner - set(ids) == set()
    for svg in [e for e in of(elements, "svg") if e.attributes.get("role") == "img"]:
        named = svg.attributes["aria-labelledby"].split()
        assert len(named) == 2
        assert set(named) <= set(ids)


def test_no_script_no_handler_no_inline_style(elements: list[Element]) -> None:
    assert not of(elements, "script", "iframe", "object", "embed", "form", "img", "base")
    for element in elements:
        assert not [name for name in element.attributes if name.startswith("on") or name == "style"]
        assert re.fullmatch(r"#[a-z0-9-]+|https?://.+|/.*|", element.attributes.get("href", ""))
    assert len(of(elements, "style")) == 1


def test_the_drawing_is_there_twice_and_once_as_a_table(elements: list[Element]) -> None:
    assert len([e for e in of(elements, "svg") if e.attributes.get("role") == "img"]) == 2
    assert [e for e in of(elements, "summary") if e.text.startswith("The drawing as a table")]


def test_the_policy_lets_this_style_through_and_no_other() -> None:
    made = page(story())
    style = re.search(r"<style>(.*?)</style>", made.html, re.DOTALL)
    assert style is not None
    assert made.style_sha256 == b64encode(sha256(style[1].encode()).digest()).decode()


def test_hostile_text_stays_text() -> None:
    html = page(many(120, HOSTILE)).html
    assert "<script" not in html
    assert "<img" not in html
    assert "<b onload" not in html
    assert not re.search("[\u202a-\u202e\u2066-\u2069\u200e\u200f]", html)
    assert "{{ 7*7 }}" in html


@pytest.mark.parametrize("path", timeline_files(), ids=lambda p: p.stem)
def test_recorded_timelines_have_a_page(path: Path) -> None:
    elements = read_page(page(recorded(path)[1]).html)
    assert of(elements, "h1")


def test_what_people_wrote_keeps_the_order_of_headings() -> None:
    written = "> **Impact.** asked\n\n# Big\n\ntext\n\n#### deep\n\n| a | b |\n|---|---|\n| 1 | 2 |"
    elements = read_page(page(story(), impact=written).html)
    levels = [int(e.tag[1]) for e in of(elements, "h1", "h2", "h3", "h4")]
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_a_long_table_is_folded_and_every_row_is_in_it() -> None:
    html = page(many(500)).html
    timeline = html[html.index('id="s-timeline"') :]
    assert timeline.count("<details>") == 2
    assert all(f'id="e{seq}"' in timeline for seq in (1, 250, 500))


def test_an_incident_without_any_length_has_no_drawing() -> None:
    chain = Chain()
    chain.add(K.DECLARED, at("10:00"), "opened", DANA, payload={"title": "x"})
    html = page(chain).html
    assert "<svg" not in html
    assert read_page(html)


def test_a_closed_page_has_one_sentence_and_the_next_step() -> None:
    elements = read_page(closed_page("It <b>is</b> closed.", "Ask again.").html)
    assert of(elements, "h1")[0].text == "It <b>is</b> closed."
    assert [e.text for e in of(elements, "p")] == ["Ask again."]


# ------------------------------------------------------------------ colours

ON_TEXT = [("ink", ground) for ground in ("paper", "panel", "ask", "silent", "waiting", "responding", "watching",
           "done", "wrong", "plain")] + [("soft", "paper"), ("soft", "panel"), ("soft", "ask"), ("link", "paper"),
           ("link", "panel"), ("link", "ask")]  # fmt: skip
EDGES = [(f"{tone}-edge", "paper") for tone in (
    "silent", "waiting", "responding", "watching", "done", "wrong", "plain", "ask")]  # fmt: skip


@pytest.mark.parametrize("scheme", [0, 1, 2], ids=["light", "dark", "print"])
def test_text_and_shapes_stand_out_from_their_ground(scheme: int) -> None:
    """WCAG 2.2: 4.5 to 1 for text (1.4.3), 3 to 1 for shapes that carry meaning (1.4.11)."""
    known = variables(CSS)[scheme]
    weak = [(a, b) for a, b in ON_TEXT if contrast(known[a], known[b]) < 4.5]
    weak += [(a, b) for a, b in EDGES if contrast(known[a], known[b]) < 3]
    assert weak == []


def test_every_colour_of_the_page_is_a_variable_of_each_scheme() -> None:
    light, dark, paper = (set(known) for known in variables(CSS))
    assert light == dark == paper
    used = set(re.findall(r"var\(--([a-z-]+)\)", CSS))
    assert used == light


# ------------------------------------------------------------------ templates of one's own


def test_a_style_of_ones_own_is_let_through(tmp_path: Path) -> None:
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages" / "style.css").write_text("body{color:#123456}</style><script>")
    made = postmortem_page(draft(story()), templates=tmp_path)
    assert "#123456" in made.html
    assert "</style><script>" not in made.html
    read_page(made.html.replace("<script>", ""))


def test_a_broken_template_is_told_with_its_name(tmp_path: Path) -> None:
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages" / "postmortem.html.j2").write_text("{{ nothing_of_this_name }}")
    with pytest.raises(errors.ConfigError, match=r"pages/postmortem\.html\.j2 .*nothing_of_this_name"):
        postmortem_page(draft(story()), templates=tmp_path)
