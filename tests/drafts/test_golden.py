"""Instants and lengths of the recorded incidents: those people stated, and what people's documents got wrong."""

import re
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest

from playbooks.domain.drafts import words
from playbooks.domain.drafts.facts import Facts, facts_of
from playbooks.domain.timeline import EventSource, Precision
from tests.drafts.chains import DANA, MEI, OMAR, Chain, K, at, recorded, timeline_files
from tests.drafts.drafting import draft, scored

# Instant of the draft, its name among the golden facts, and the kinds of events that can be it.
INSTANTS = (
    ("Impact start", "started_at", {"impact_start"}),
    ("Detected", "detected_at", {"detected", "alert", "report"}),
    ("Declared", "declared_at", {"declared"}),
    ("Acknowledged", "acknowledged_at", {"ack"}),
    ("First action", "first_action_at", {"action"}),
    ("First notice to people", "first_public_comms_at", {"comms"}),
    ("First signal", "first_alert_at", {"alert"}),
    ("First signal", "first_report_at", {"report"}),
    ("Mitigated", "mitigated_at", {"mitigated"}),
    ("Resolved", "resolved_at", {"resolved"}),
)


def stated(data: dict) -> dict[str, datetime]:
    """The golden instants of which the file holds an event of that kind at that time."""
    found = {}
    for name, key, kinds in INSTANTS:
        text = data["facts"].get(key)
        if text is None:
            continue
        moment = datetime.fromisoformat(text).astimezone(UTC)
        if any(datetime.fromisoformat(e["at"]) == moment for e in data["events"] if e["kind"] in kinds):
            found[name] = moment
    return found


def derived(chain: Chain) -> Facts:
    """The facts of a chain."""
    return facts_of(chain.events, chain.incident_id)


@pytest.mark.parametrize("path", timeline_files(), ids=lambda p: p.stem)
def test_instants_and_lengths_are_the_golden_ones(path: Path):
    data, chain = recorded(path)
    facts, golden = derived(chain), stated(data)
    assert {"Impact start", "Resolved"} <= set(golden)
    points = {name: point.at for name, point in facts.instants.rows() if point is not None}
    assert {name: points[name] for name in golden} == golden
    compared = 0
    for name, span in facts.spans:
        first, _, second = name.removesuffix(" (silent)").partition(" to ")
        start, end = (golden.get(part[0].upper() + part[1:]) for part in (first, second))
        if start is not None and end is not None and span is not None:
            compared += 1
            assert timedelta(seconds=span.seconds) == end - start, name
    assert compared


def test_most_golden_instants_are_events():
    """Where they are not, people stated what no event of theirs says: the draft says “not recorded” there."""
    named = {(name, key) for name, key, _ in INSTANTS}
    of_files = [recorded(path)[0] for path in timeline_files()]
    given = sum(key in data["facts"] for data in of_files for _, key in named)
    assert sum(len(stated(data)) for data in of_files) >= 0.7 * given


# ---------------------------------------------------------------- what people's documents got wrong

DATA = {path: recorded(path)[0] for path in timeline_files()}
KNOWN = [text for data in DATA.values() for text in data["human_document"]["known_inconsistencies"]]


@cache
def page(path: Path) -> tuple[Chain, str]:
    """Chain and draft of a file."""
    chain = recorded(path)[1]
    return chain, draft(chain).text


def critical(text: str, chain: Chain) -> set[str]:
    """The checks that refuse it without rendering it again."""
    return {c.id for c in scored(text, chain).values() if c.critical and not c.ok} - {"F0"}


def test_every_known_inconsistency_has_a_test_of_its_kind():
    kinds = (
        r"depending on|failures began|timeline says|opening, .* in the body|in text, .* in timeline",  # two values
        r"dated February",  # another date
        r"prints .* before",  # order
        r"resolution says",  # two ends
        r"ended .* but",  # over, with something still open
        r"placeholder",  # the template's own sentences
        r"lasted most of",  # a length in words
        r"same instant",  # mitigated is resolved
        r"no event recorded between",  # a silence nobody told
    )
    assert len(KNOWN) == 12
    assert [text for text in KNOWN if not any(re.search(kind, text) for kind in kinds)] == []


@pytest.mark.parametrize("path", timeline_files(), ids=lambda p: p.stem)
def test_one_instant_has_one_value_in_the_whole_document(path: Path):
    """Start 11:20 in the opening, 11:28 in the timeline: an instant is printed with the time of the event it cites."""
    chain, text = page(path)
    by_seq = {event.seq: event for event in chain.events}
    times = re.findall(r"(?m)(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) UTC(?: \([a-z. ]+\))?(?: \|)? \[E(\d+)\]", text)
    assert len(times) >= 4
    assert [t for t, seq in times if not str(words.clock(by_seq[int(seq)].occurred_at)).startswith(t)] == []
    point = derived(chain).instants.impact_start
    assert point is not None
    other = words.clock(point.at - timedelta(minutes=8))
    damaged = text.replace(f"- Impact start {words.clock(point.at)}", f"- Impact start {other}")
    assert damaged != text
    assert "F1" in critical(damaged, chain)


@pytest.mark.parametrize("path", timeline_files(), ids=lambda p: p.stem)
def test_a_date_of_another_month_cannot_stand(path: Path):
    chain, text = page(path)
    found = re.search(r"- Resolved (\d{4})-(\d\d)-", text)
    assert found is not None
    month = f"{int(found[2]) % 12 + 1:02}"
    assert "F1" in critical(text.replace(found[0], f"- Resolved {found[1]}-{month}-"), chain)


@pytest.mark.parametrize("path", timeline_files(), ids=lambda p: p.stem)
def test_rows_cannot_stand_in_another_order(path: Path):
    chain, text = page(path)
    rows = re.findall(r"(?m)^\| \[E\d+\]↺? \| \d{4}-[^\n]*\n", text)
    clocks = [row.split(" | ")[1] for row in rows]
    assert clocks == sorted(clocks)
    a, b = next((a, b) for a, b in pairwise(rows) if a.split(" | ")[1] != b.split(" | ")[1])
    assert "F3" in critical(text.replace(a + b, b + a), chain)


@pytest.mark.parametrize("path", timeline_files(), ids=lambda p: p.stem)
def test_a_length_that_the_times_cannot_produce_cannot_stand(path: Path):
    """“Lasted most of Sunday” over 22 h 7 min: a length has two events and is their difference."""
    chain, text = page(path)
    span = dict(derived(chain).spans)["Impact start to resolved"]
    assert span is not None
    assert f"| Impact start to resolved | {words.lasted(span)} |" in text
    for wrong in (words.length(span.seconds + 60), words.length(max(span.seconds - 3600, 60)), "most of Sunday"):
        assert critical(text.replace(f"{words.length(span.seconds)} [", f"{wrong} ["), chain)


@pytest.mark.parametrize("path", timeline_files(), ids=lambda p: p.stem)
def test_the_templates_own_sentences_are_told_as_questions(path: Path):
    """Nothing of the template is left as if it were said: what is unanswered is counted, and keeps its place mark."""
    chain, text = page(path)
    made = draft(chain)
    assert len(made.open_prompts) == text.count("\n_To be written._\n") - 1  # the message to people outside has one too
    assert f"{len(made.open_prompts)} of {len(made.facts.prompts)} questions open" in text


def test_mitigated_is_resolved_only_where_two_events_say_so():
    chain = Chain()
    chain.add(K.IMPACT_START, at("01:00"), "began", DANA)
    chain.add(K.RESOLVED, at("03:00"), "marked mitigated; everything restored", MEI)
    facts = derived(chain)
    assert facts.instants.mitigated is None
    text = draft(chain).text
    assert "| Mitigated | not recorded |" in text
    assert "- Mitigated: not recorded." in text
    chain.add(K.MITIGATED, at("03:00"), "and mitigated at the same moment", MEI, recorded=at("03:05"))
    both = draft(chain).text
    assert "| Mitigated to resolved | 0 s [E3]→[E2] |" in both
    assert [c.id for c in scored(both, chain).values() if not c.ok] == []


def test_what_is_still_open_at_the_end_stands_after_it():
    """“Ended 18:18”, and a component recovered at 18:27: the later event is a row below the end, at its own time."""
    chain, text = page(next(p for p in timeline_files() if "google-cloud" in p.stem))
    end = derived(chain).instants.resolved
    assert end is not None
    later = [e for e in chain.events if e.occurred_at > end.at]
    assert later
    assert text.index(f"| [E{end.seq}] | ") < min(text.index(f"| [E{e.seq}] | ") for e in later)


def test_resolved_twice_is_one_end_and_both_are_rows():
    chain = Chain()
    chain.add(K.IMPACT_START, at("01:00"), "began", DANA)
    chain.add(K.RESOLVED, at("08:10"), "over", OMAR)
    chain.add(K.RESOLVED, at("10:04"), "over, as the resolution says", MEI)
    text = draft(chain).text
    assert text.count("| Resolved |") == 1
    assert "| Resolved | 2026-11-21 10:04:00 UTC | [E3] |" in text
    assert text.count("| resolved | ") == 2


@pytest.mark.parametrize("minutes", [30, 129, 600])
def test_a_silence_is_told(minutes: int):
    """“No event between 23:36 and 01:45”: the document says so itself."""
    chain = Chain()
    chain.add(K.IMPACT_START, at("01:00"), "began", DANA)
    chain.add(K.NOTE, at("01:00") + timedelta(minutes=minutes), "next", DANA, source=EventSource.BACKFILL)
    chain.add(K.RESOLVED, at("01:05") + timedelta(minutes=minutes), "over", DANA)
    assert f"| Longest stretch without an entry | {words.length(minutes * 60)} [E1]→[E2] |" in draft(chain).text


def test_the_nine_files_tell_of_the_silence_of_129_minutes():
    _, text = page(next(p for p in timeline_files() if "gpu-hosts" in p.stem))
    chain, _ = page(next(p for p in timeline_files() if "gpu-hosts" in p.stem))
    quiet = derived(chain).quiet
    assert quiet is not None
    assert quiet.seconds >= 129 * 60
    assert words.lasted(quiet) in text


def test_a_coarse_end_makes_a_coarse_length():
    chain = Chain()
    chain.add(K.IMPACT_START, at("00:00"), "that day", DANA, precision=Precision.DAY)
    chain.add(K.RESOLVED, at("08:00"), "over", DANA)
    assert "| Impact start to resolved | ≈ 8 h [E1]→[E2] |" in draft(chain).text
