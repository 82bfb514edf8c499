"""Checks F1 to F11: times, lengths, order and numbers are those of the events."""

from __future__ import annotations

import re

from playbooks.domain.drafts import words
from playbooks.domain.drafts.checks.kinds import Rule
from playbooks.domain.drafts.entries import COARSE, whole_second
from playbooks.domain.drafts.reading import (
    CITATION,
    LENGTH,
    TIME,
    Draft,
    cited,
    foreign,
    masked,
)
from playbooks.domain.timeline import Precision, timeline_view

_WORDED_TIME = re.compile(
    r"\b(?:\d{1,2}(?::\d\d)? ?[ap]\.?m\b|noon|midnight|yesterday|today|tonight|tomorrow|"
    r"(?:mon|tues|wednes|thurs|fri|satur|sun)day|"
    r"\d{1,2}\.? (?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*|"
    r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]* \d{1,2})\b",
    re.IGNORECASE,
)
_WORDED_NUMBER = re.compile(
    r"\b(?:four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|thirty|forty|fifty|sixty|hundreds?|thousands?|"
    r"millions?|billions?|dozens?|percent|half of|twice|most of|nearly all)\b",
    re.IGNORECASE,
)


def _f1(draft: Draft) -> str:
    for name, line, own in draft.own:
        worded = _WORDED_TIME.search(own)
        if worded:
            return f"{name}: “{worded[0]}” is in no event"
        found = TIME.findall(masked(line))
        clocks = draft.held(name, line).clocks if found else frozenset()
        strange = [text for text in found if not any(_part(text, clock) for clock in clocks)]
        if strange:
            return f"{name}: {strange[0]} is in no event that the line cites"
    return ""


def _part(found: str, clock: str) -> bool:
    day, _, time = clock.partition(" ")
    return found in (clock, day, time, time[:5]) or clock.startswith(found.replace("T", " "))


def _f2(draft: Draft) -> str:
    at = {event.seq: whole_second(event.occurred_at) for event in draft.events}
    for name, line in draft.machine():
        for match in LENGTH.finditer(masked(line)):
            _, stated, start, end = match.groups()
            if start is None:
                return f"{name}: {stated} cites no two events"
            one, two = at.get(int(start)), at.get(int(end))
            if one is None or two is None or words.length(int((two - one).total_seconds())) != stated:
                return f"{name}: {stated} is not the time from E{start} to E{end}"
            if (int(start), int(end)) not in draft.known.spans:
                return f"{name}: nothing lasted from E{start} to E{end}"
    return _named_lengths(draft)


def _named_lengths(draft: Draft) -> str:
    """The table says of which instants each length is: another pair of events with the same difference is wrong."""
    rows = {cells[0]: cells for cells, _ in draft.rows("durations") if cells}
    for name, span in draft.facts.spans:
        row = rows.get(name)
        if span is not None and (row is None or words.lasted(span).removeprefix("≈ ") not in row[-1]):
            return f"durations: “{name}” is not {words.lasted(span)}"
        if span is None and row is not None:
            return f"durations: “{name}” has a length that no two events give"
    told = (draft.facts.silent, dict(draft.facts.spans).get("Impact start to resolved"))
    pairs = {(str(span.start.seq), str(span.end.seq)) for span in told if span is not None}
    strange = [pair for pair in re.findall(r"\[E(\d+)\]→\[E(\d+)\]", draft.text("summary")) if pair not in pairs]
    return f"summary: E{strange[0][0]} to E{strange[0][1]} is another length" if strange else ""


_ROW = re.compile(r"\| \[E(\d+)\]↺? \| ((?:\d{4}-\d\d-\d\d ?)?(?:\d\d:\d\d(?::\d\d)?)?)", re.ASCII)


def _f3(draft: Draft) -> str:
    rows = [match.groups() for match in map(_ROW.match, draft.text("timeline").split("\n")) if match]
    lines = timeline_view(draft.events)
    wanted = [(str(x.event.seq), words.clock(x.event.occurred_at).removesuffix(" UTC")) for x in lines]
    for index, (seq, clock) in enumerate(wanted):
        found = rows[index] if index < len(rows) else ("", "")
        if found[0] != seq or not clock.endswith(found[1]):
            return f"timeline: the row of E{seq} is missing, out of order or has another time"
    if len(rows) > len(wanted):
        return f"timeline: there are {len(rows)} rows for {len(wanted)} events"
    shown = {line.event.seq for line in lines} | set(cited(draft.text("record").replace("\n", " ")))
    lost = [event.seq for event in draft.events if event.seq not in shown]
    return f"E{lost[0]} is neither in the timeline nor among the corrections" if lost else ""


def _f4(draft: Draft) -> str:
    for name, line in draft.machine():
        low = masked(line)
        for match in TIME.finditer(low):
            whole = len(match[0]) == 19 and low[match.end() :].startswith(" UTC")
            if not whole:
                return f"{name}: {match[0]} has no date or zone"
    rows = [cells for cells, _ in draft.rows("timeline")]
    bad = [cells for cells in rows if len(cells) < 2 or not TIME.match(cells[1])]
    return f"timeline: the row {' '.join(bad[0])[:40]} has no time" if bad else ""


def _f5(draft: Draft) -> str:
    text = draft.text("instants")
    lost = [o for o in draft.facts.oddities if f"{o.earlier} [E{o.first.seq}] lies before {o.later}" not in text]
    if lost:
        return f"{lost[0].earlier} before {lost[0].later} is not flagged"
    for line in draft.lines("instants"):
        pair = (
            [draft.known.by_seq[seq] for seq in cited(line) if seq in draft.known.by_seq]
            if line.startswith("⚠")
            else []
        )
        if len(pair) == 2 and pair[0].occurred_at >= pair[1].occurred_at:
            return f"E{pair[0].seq} does not lie before E{pair[1].seq}"
    return ""


def _f6(draft: Draft) -> str:
    rows = {cells[0]: (cells, line) for cells, line in reversed(draft.rows("instants")) if cells}
    for name, point in draft.facts.instants.rows():
        cells, line = rows.get(name, ([], ""))
        if point is None:
            if words.NOT_RECORDED not in cells:
                return f"{name} has neither value nor “not recorded”"
        elif f"[E{point.seq}]" not in line or not any(c.startswith(_bare(words.clock(point.at))) for c in cells):
            return f"{name} is not given as {words.when(point)}"
    return ""


def _bare(clock: str) -> str:
    return clock.removesuffix(" UTC")


def _f7(draft: Draft) -> str:
    at = draft.facts.instants
    row = next((cells for cells, _ in draft.rows("instants") if cells and cells[0] == "Noticed by"), [])
    wanted = at.noticed if at.noticed_by else words.NOT_RECORDED
    if len(row) < 2 or row[1] != wanted:
        return f"how it was noticed is not given as “{wanted}”"
    told = re.search(r"noticed by ([a-z ]+?) \d{4}-", draft.text("summary"))
    return f"the summary says it was noticed by {told[1]}" if told and told[1] != at.noticed else ""


def _f8(draft: Draft) -> str:
    at, lines = draft.facts.instants, draft.lines("summary")
    for name, point in (("Mitigated", at.mitigated), ("Resolved", at.resolved)):
        own = [line for line in lines if line.lstrip("- ").startswith(name)]
        wanted = f"[E{point.seq}]" if point else words.NOT_RECORDED
        if not any(wanted in line for line in own):
            return f"the summary does not say when it was {name.lower()}, or that this is not recorded"
    both = "mitigated to resolved"
    return "" if both in draft.text("durations").lower() else "the time from mitigated to resolved is missing"


def _f9(draft: Draft) -> str:
    for name, line in draft.machine():
        if name == "provenance":
            continue
        low, seqs = masked(line), cited(line)
        for match in TIME.finditer(low):
            marks = {words.mark(p) for p in _precisions(draft, seqs, match[0])}
            rest = low[match.end() :].removeprefix(" UTC")
            if marks and not any(rest.startswith(mark) if mark else not _MARK.match(rest) for mark in marks):
                return f"{name}: {match[0]} is not marked as {''.join(marks).strip(' ()') or 'exact'}"
        for match in LENGTH.finditer(low):
            span = draft.known.spans.get((int(match[3]), int(match[4]))) if match[3] else None
            if span is not None and span.coarse != bool(match[1]):
                return f"{name}: {match[2]} is {'not ' if span.coarse else ''}marked as about"
    return ""


_MARK = re.compile("|".join(re.escape(words.mark(precision)) for precision in COARSE))


def _precisions(draft: Draft, seqs: tuple[int, ...], found: str) -> list[Precision]:
    """How exact a printed time is: of the cited events that occurred then; none where it is another time of theirs."""
    events = [draft.known.by_seq[seq] for seq in seqs if seq in draft.known.by_seq]
    return [e.new.precision for e in events if words.clock(whole_second(e.occurred_at)).startswith(found)]


def _f10(draft: Draft) -> str:
    quiet = draft.facts.quiet
    rows = [cells for cells, _ in draft.rows("durations") if cells and cells[0].startswith("Longest stretch")]
    if quiet is None:
        return "a stretch of less than half an hour is shown as a long one" if rows else ""
    shown = any(f"[E{quiet.start.seq}]→[E{quiet.end.seq}]" in cells[-1] for cells in rows)
    return "" if shown else "the longest stretch without an entry is missing"


def _f11(draft: Draft) -> str:
    counted = {"title": {draft.facts.incident_id, len(draft.facts.prompts)}}
    labels = {int(d) for label in draft.known.labels.values() for d in re.findall(r"[0-9]+", label)}
    for name, line, own in draft.own:
        if name == "provenance":
            continue
        quoted = foreign(line)
        held = draft.held(name, line) if quoted or re.search(r"[0-9]", own) else None
        if held is None:
            continue
        also = draft.known.versioned.said if name == "state" and quoted else frozenset()
        for text in quoted:
            if text not in held.said and text not in also and not (name == "durations" and _label(draft, text)):
                return f"{name}: {text[:60]} is in no event that the line cites"
        rest = CITATION.sub("", LENGTH.sub("", TIME.sub("", own)))
        known = counted.get(name) or held.numbers | labels
        unknown = [digits for digits in re.findall(r"[0-9]+", rest) if int(digits) not in known]
        if unknown:
            return f"{name}: the number {unknown[0]} is in no event that the line cites"
        worded = _WORDED_NUMBER.search(own)
        if worded:
            return f"{name}: “{worded[0]}” is in no event that the line cites"
    return ""


def _label(draft: Draft, text: str) -> bool:
    return text in {words.role(label) for label in draft.known.labels.values()}


RULES = (
    Rule("F1", True, "no time that is in no event", _f1),
    Rule("F2", True, "durations equal the difference of the events cited", _f2),
    Rule("F3", True, "every event once, in order, at its own time", _f3),
    Rule("F4", False, "date and zone on every row", _f4),
    Rule("F5", False, "unusual order flagged", _f5),
    Rule("F6", False, "nine instants, value or “not recorded”", _f6),
    Rule("F7", False, "how it was noticed", _f7),
    Rule("F8", False, "mitigated apart from resolved", _f8),
    Rule("F9", False, "coarse times marked", _f9),
    Rule("F10", False, "longest stretch without an entry", _f10),
    Rule("F11", True, "no number or quotation that is in no event", _f11),
)
