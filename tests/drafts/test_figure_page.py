"""The page of figures: well formed, each chart beside its table, nothing of a stranger comes through as markup."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from playbooks.domain.figures import FEW
from playbooks.domain.pictures.charts import Column, Mark, counts_svg, medians_svg
from playbooks.domain.pictures.svg import NARROW, WIDE, Format
from tests.drafts.figure_samples import HOSTILE, SAMPLES, page, sample
from tests.drafts.reading_html import Element, read_page


@pytest.fixture(scope="module", params=list(SAMPLES))
def elements(request: pytest.FixtureRequest) -> list[Element]:
    return read_page(SAMPLES[request.param]().html)


def of(elements: list[Element], *tags: str) -> list[Element]:
    return [e for e in elements if e.tag in tags]


def test_it_is_well_formed_for_every_reader(elements: list[Element]) -> None:
    assert of(elements, "html")[0].attributes["lang"] == "en"
    assert [len(of(elements, tag)) for tag in ("main", "header", "footer", "nav", "h1")] == [1, 1, 1, 1, 1]
    levels = [int(e.tag[1]) for e in of(elements, "h1", "h2", "h3")]
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert all(e.attributes.get("scope") in ("col", "row") for e in of(elements, "th"))
    names = [e.attributes["aria-label"] for e in elements if e.attributes.get("role") == "region"]
    assert len(names) == len(set(names)) == len(of(elements, "table"))
    ids = [e.attributes["id"] for e in elements if "id" in e.attributes]
    assert len(ids) == len(set(ids))
    assert {e.attributes["aria-labelledby"] for e in of(elements, "section")} <= set(ids)


def test_every_drawing_has_a_name_and_a_table_in_its_section(elements: list[Element]) -> None:
    drawn = [e for e in of(elements, "svg") if "drawn" in e.attributes.get("class", "")]
    assert all(e.attributes["role"] == "img" and e.attributes["aria-label"] for e in drawn)
    assert sorted(e.attributes["class"].split()[1] for e in drawn) == ["narrow"] * (len(drawn) // 2) + ["wide"] * (
        len(drawn) // 2
    )
    assert len(of(elements, "table")) >= len(drawn) // 2


def test_nothing_of_it_is_a_script_or_an_inline_style(elements: list[Element]) -> None:
    assert of(elements, "script", "iframe", "object", "img", "form") == []
    assert not [e for e in elements if "style" in e.attributes or any(n.startswith("on") for n in e.attributes)]
    assert all(e.attributes["href"].startswith(("#", "/stats/")) for e in of(elements, "a"))


def test_hostile_names_are_text() -> None:
    html = SAMPLES["hostile"]().html
    assert "<script" not in html
    assert "&lt;script&gt;" in html
    assert HOSTILE not in html
    assert "\u202e" not in html


def test_the_table_says_what_is_known_of_few() -> None:
    figures = sample(4)
    text = " ".join(e.text for e in read_page(page(figures).html) if e.tag == "td")
    assert "(few)" in text
    assert FEW == 5
    empty = page([]).html
    assert "No incident was declared in this period" in empty
    assert "<table" not in empty


def test_what_nobody_recorded_is_not_drawn_and_not_zero() -> None:
    from dataclasses import replace

    html = page([replace(one, seconds={}) for one in sample(3)]).html
    rows = [e.text for e in read_page(html) if e.tag == "tr"]
    assert any("not recorded" in row for row in rows)
    assert "0 s" not in html
    assert 'aria-label="How long each part took' not in html


MARKS = st.lists(
    st.builds(
        lambda label, values, before: Mark(label, min(values), max(values), before, "says"),
        st.text(max_size=90),
        st.tuples(st.integers(0, 10**10), st.integers(0, 10**10)),
        st.none() | st.integers(0, 10**10),
    ),
    min_size=1,
    max_size=12,
)


@settings(max_examples=80, deadline=None)
@given(MARKS, st.sampled_from([WIDE, NARROW]))
def test_any_medians_are_drawn_inside(marks: list[Mark], form: Format) -> None:
    for element in read_page(f"<body>{medians_svg(marks, form, 'name')}</body>"):
        for name in ("x", "x1", "x2", "cx"):
            if name in element.attributes and element.tag != "text":
                assert -1 <= float(element.attributes[name]) <= form.width + 1
        if element.tag == "rect":
            assert float(element.attributes["width"]) >= 0


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 10**6), max_size=16), st.sampled_from([WIDE, NARROW]))
def test_any_counts_are_drawn_to_their_height(counts: list[int], form: Format) -> None:
    drawn = counts_svg([Column(f"{n} Nov", count) for n, count in enumerate(counts)], form, "name")
    bars = [e for e in read_page(f"<body>{drawn}</body>") if e.tag == "rect"] if drawn else []
    assert len(bars) == sum(count > 0 for count in counts)
    heights = sorted(float(bar.attributes["height"]) for bar in bars)
    assert all(abs(a - 120 * c / max(counts)) < 0.1 for a, c in zip(heights, sorted(filter(None, counts)), strict=True))
