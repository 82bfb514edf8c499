"""The drawn timeline: everything at its place, no label over another, nothing invented, any number of events."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from playbooks.domain.drafts.facts import facts_of
from playbooks.domain.pictures.lanes import Lane, Picture, label, picture_of
from playbooks.domain.pictures.placing import flags, packed
from playbooks.domain.pictures.scale import fitted, scale_of, ticks_of, width_of
from playbooks.domain.pictures.svg import NARROW, WIDE, Format, svg_of
from tests.drafts.chains import DANA, MEI, OMAR, Chain, K, at, recorded, story, timeline_files
from tests.drafts.crowds import HOSTILE, few, many
from tests.drafts.reading_html import read_page
from tests.drafts.watched import watched


def picture(chain: Chain) -> Picture:
    made = picture_of(facts_of(chain.events, chain.incident_id))
    assert made is not None
    return made


def lane(chain: Chain, name: str) -> Lane:
    return next(lane for lane in picture(chain).lanes if lane.name.startswith(name))


def test_the_phases_of_the_night() -> None:
    assert [bar.says for bar in picture(story()).phases] == [
        "Silent for ≈ 51 min 4 s",
        "Nobody on it for 1 min 6 s",
        "Worked on for 4 min 31 s",
        "Watched for 6 h 23 min 49 s",
    ]


def test_who_decided_stands_at_each_action() -> None:
    assert [bar.says for bar in lane(story(), "Decisions").bars] == [
        "Rollback of fraud-scorer v43 → v42: approved by model owner, confirmed",
        "Switch-off of auto-decline on → off: approved by on call fraud-ml, confirmed",
    ]


def test_the_lead_and_the_gap_between() -> None:
    assert [bar.says for bar in lane(story(), "Lead").bars] == [
        "led by on call fraud-ml",
        "hand-off to on call risk-product, accepted after 2 min",
        "led by on call risk-product",
    ]


def test_a_version_is_drawn_from_when_it_came_back_not_from_when_it_was_read_at_resolve() -> None:
    bars = lane(watched(), "Model").bars
    assert [bar.says for bar in bars] == ["42", "43", "42"]
    assert bars[-1].start.at == at("02:36:41")


def test_versions_before_during_and_after() -> None:
    bars = lane(story(), "Model").bars
    assert [bar.says for bar in bars] == ["v42", "v43", "v42"]
    assert [bar.from_before for bar in bars] == [True, False, False]
    assert [bar.says for bar in lane(story(), "Automation").bars] == ["on", "off", "on"]


def test_a_promise_that_was_not_kept_is_seen() -> None:
    chain = few()
    chain.add(K.COMMS, at("10:10"), "we look", DANA, payload={"next_due_at": "2026-11-21T10:20:00.000000Z"})
    chain.add(K.COMMS, at("10:35"), "it drains", DANA, payload={"audience": "shop"})
    late = lane(chain, "Updates")
    assert [bar.says for bar in late.bars if bar.hatched] == ["promised update came 15 min late"]
    assert "promised update, not kept" in [mark.says for mark in late.marks]


def test_a_component_has_phases_of_its_own() -> None:
    chain = few()
    chain.add(K.IMPACT_START, at("10:02"), "ranker-b too", OMAR, payload={"phase": "ranker-b"})
    chain.add(K.MITIGATED, at("10:20"), "ranker-b is back", MEI, payload={"phase": "ranker-b"})
    assert lane(chain, "ranker-b").bars[0].says == "Silent for 18 min"


def test_an_incident_that_is_not_over_is_drawn_up_to_its_last_event() -> None:
    chain = Chain()
    chain.add(K.DECLARED, at("10:00"), "opened")
    chain.add(K.ACK, at("10:05"), "taken", DANA)
    chain.add(K.NOTE, at("10:30"), "still", DANA)
    made = picture(chain)
    assert [bar.says for bar in made.phases] == ["Nobody on it for 5 min", "Worked on for 25 min"]
    assert made.end.at == at("10:30")


def test_nothing_to_draw() -> None:
    assert picture_of(facts_of([], 1)) is None
    chain = Chain()
    chain.add(K.NOTE, at("10:00"), "one", DANA)
    assert picture_of(facts_of(chain.events, 1)) is None


CHAINS: dict[str, Callable[[], Chain]] = {
    "few": few,
    "story": story,
    "many": lambda: many(500),
    "hostile": lambda: many(200, HOSTILE),
    "thousands": lambda: many(3000),
    **{path.stem: lambda path=path: recorded(path)[1] for path in timeline_files()},  # type: ignore[misc]
}


@pytest.mark.parametrize("form", [WIDE, NARROW], ids=["wide", "narrow"])
@pytest.mark.parametrize("name", list(CHAINS))
def test_no_label_lies_on_another_or_outside(name: str, form: Format) -> None:
    svg = svg_of(picture(CHAINS[name]()), form)
    read_page(svg)
    boxes = []
    for attributes, text in re.findall(r"<text([^>]*)>([^<]*)</text>", svg):
        known = dict(re.findall(r'([a-z-]+)="([^"]*)"', attributes))
        words = text.replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">").replace("&#39;", "'")
        words = words.replace("&#34;", '"')
        bold = known["class"] in ("flag", "lane")
        wide = width_of(words, float(known["font-size"]), bold=bold and known["class"] == "flag")
        left = float(known["x"]) - (wide / 2 if known.get("text-anchor") == "middle" else 0)
        boxes.append((left, left + wide, float(known["y"]), words))
    assert all(left >= -1 and right <= form.width + 1 for left, right, _, _ in boxes), boxes
    for index, one in enumerate(boxes):
        for two in boxes[index + 1 :]:
            apart = one[1] <= two[0] + 0.5 or two[1] <= one[0] + 0.5 or abs(one[2] - two[2]) >= 10
            assert apart, (one, two)


@pytest.mark.parametrize("number", [500, 10_000])
def test_the_drawing_stays_small_however_many_events_there_are(number: int) -> None:
    svg = svg_of(picture(many(number)), WIDE)
    assert len(svg) < 300_000
    assert f"{number:,} entries" in svg
    assert "more, drawn as lines" in svg or number == 500


def test_every_event_a_drawing_names_is_in_the_chain() -> None:
    for chain in (story(), many(500)):
        seqs = {int(seq) for seq in re.findall(r"E(\d+)", svg_of(picture(chain), WIDE))}
        assert seqs <= {event.seq for event in chain.events}


def test_the_same_events_give_the_same_drawing() -> None:
    assert svg_of(picture(story()), WIDE) == svg_of(picture(story()), WIDE)


@given(st.lists(st.integers(0, 10**7), min_size=2, max_size=30, unique=True))
def test_time_runs_to_the_right_and_within_the_borders(seconds: list[int]) -> None:
    times = [at("00:00") + timedelta(seconds=s) for s in sorted(seconds)]
    scale = scale_of(times, 100, 900)
    places = [scale.x(moment) for moment in times]
    assert places == sorted(places)
    assert (places[0], places[-1]) == (100, 900)
    assert scale.x(times[0] - timedelta(days=1)) == 100
    assert scale.x(times[-1] + timedelta(days=1)) == 900
    ticks = ticks_of(times, scale, 11, (0, 1000), [times[0], times[-1]])
    half = width_of("30 Mmm 00:00", 11) / 2
    assert all(b.text_x - a.text_x > 2 * half - 0.01 for a, b in pairwise(ticks))


@settings(max_examples=60)
@given(st.lists(st.tuples(st.text(min_size=1, max_size=20), st.floats(0, 1000)), max_size=8))
def test_flags_never_cover_each_other(named: list[tuple[str, float]]) -> None:
    placed = flags(named, 0, 1000, 12, 6)
    for index, one in enumerate(placed):
        for two in placed[index + 1 :]:
            assert one.row != two.row or one.right <= two.left or two.right <= one.left


@given(st.text(max_size=60), st.floats(5, 300))
def test_what_is_fitted_fits(text: str, room: float) -> None:
    found = fitted(text, 12, room)
    assert not found or width_of(found, 12) <= room


def test_a_label_is_one_clean_line() -> None:
    for text in HOSTILE:
        shown = label(text, 40)
        assert len(shown) <= 40
        assert not re.search("[\u202a-\u202e\u2066-\u2069\u200e\u200f\n]", shown)
    assert label("a" + "\u0301" * 9, 40) == "a\u0301\u0301"


def test_what_has_no_room_is_counted() -> None:
    bars = lane(many(3000), "Decisions").bars
    scale = scale_of([bars[0].start.at, bars[-1].start.at], 0, 300)
    shown, rest = packed(bars, scale, 0, 300, 12, 3)
    assert len(shown) + len(rest) == len(bars)
    assert rest


def test_many_components_leave_room_for_the_versions() -> None:
    svg = svg_of(picture(many(1500)), WIDE)
    assert "more lanes in the table" in svg
    assert svg.count(">shard-") == 5
    assert svg.count(">Model<") == 5
