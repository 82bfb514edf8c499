"""Faults planted into drafts, by kind: each makes the document say something that its timeline does not."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from hashlib import sha256
from itertools import pairwise

Fault = Callable[[str], Iterator[str]]
_BLOCK = r"<!-- machine:{} [^\n]*\n(?:(?!<!-- /machine)[^\n]*\n)*"


def swap(pattern: str, by: str, *, nth: tuple[int, ...] = (0,), block: str = "") -> Fault:
    """Replace single matches of a pattern within machine text; one document for each."""

    def plant(text: str) -> Iterator[str]:
        low, high = _machine(text, block)
        found = list(re.finditer(pattern, text[low:high]))
        for index in nth:
            if len(found) > index:
                one = found[index]
                damaged = text[: low + one.start()] + one.expand(by) + text[low + one.end() :]
                if damaged != text:
                    yield damaged

    return plant


def line(block: str, *lines: str) -> Fault:
    """A line at the end of a machine block; one document for each line."""

    def plant(text: str) -> Iterator[str]:
        found = re.search(_BLOCK.format(block), text)
        for each in lines:
            if found is not None:
                yield f"{text[: found.end()]}{each}\n{text[found.end() :]}"

    return plant


def _machine(text: str, block: str) -> tuple[int, int]:
    found = re.search(_BLOCK.format(block), text) if block else None
    return found.span() if found else (0, 0) if block else (0, len(text))


def other_value(text: str) -> Iterator[str]:
    """A key instant moved onto the value of another event."""
    clocks = list(re.finditer(r"\| ([A-Z][a-z ]+) \| (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)", text))
    values = [found[2] for found in clocks]
    for found in clocks[:3]:
        other = next((value for value in values if value != found[2]), None)
        if other is not None:
            yield text[: found.start(2)] + other + text[found.end(2) :]


def equal_length(text: str) -> Iterator[str]:
    """The citation of a length moved to another event of the same time."""
    rows = re.findall(r"\| \[E(\d+)\]↺? \| (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)", text)
    at = dict(rows)
    for found in re.finditer(r"\[E(\d+)\]→\[E(\d+)\]", text):
        same = [seq for seq, clock in rows if clock == at.get(found[2]) and seq != found[2]]
        if same:
            yield f"{text[: found.start(2)]}{same[0]}{text[found.end(2) :]}"
            return


def new_digest(text: str) -> Iterator[str]:
    """A machine block edited by somebody who knows how its digest is made."""
    for name, old, new in (("summary", "UTC", "UTC (inferred)"), ("durations", "Length", "Time")):
        found = re.search(rf"<!-- machine:{name} sha256=([0-9a-f]+) -->\n(.*?)\n<!-- /machine -->", text, re.DOTALL)
        if found is not None and old in found[2]:
            content = found[2].replace(old, new, 1)
            forged = found[0].replace(found[2], content).replace(found[1], sha256(content.encode()).hexdigest())
            yield text.replace(found[0], forged)


def exchanged_texts(text: str) -> Iterator[str]:
    """Two rows of the timeline with each other's words."""
    found = list(re.finditer(r"(?m)^\| \[E\d+\]↺? \|(?:[^|]*\|){3}([^\n]*“[^“”]+”[^|\n]*)\|", text))
    pair = next(((a, b) for a, b in pairwise(found) if a[1] != b[1]), None)
    if pair is not None:
        a, b = pair
        yield text[: a.start(1)] + b[1] + text[a.end(1) : b.start(1)] + a[1] + text[b.end(1) :]


ROW = r"\| \[E\d+\]↺? \| \d{4}-[^\n]*\n"
FAULTS: dict[str, Fault] = {
    # times
    "minute of a row": swap(r"(\| \[E\d+\]↺? \| \d{4}-\d\d-\d\d \d\d:)\d\d", r"\g<1>59", nth=(1, 3)),
    "day of an instant": swap(r"(\| (?:Resolved|Declared) \| \d{4}-\d\d-)\d\d", r"\g<1>09", nth=(0, 1)),
    "year of an instant": swap(r"(\| Impact start \| )\d{4}", r"\g<1>1999"),
    "time moved onto another event's": other_value,
    "time out of nothing": line("summary", "- Declared 03:33:33 UTC [E1].", "- Declared 1999-01-01 [E1]."),
    "time in words": line("summary", "- Declared at noon [E1].", "- Resolved on 3 May [E1]."),
    "zone": swap(r"(\| \[E\d+\]↺? \| \S+ \S+) UTC", r"\1 PST", nth=(0,)),
    "mark of a coarse time": swap(
        r" \((?:to the day|to the hour|approx\.|inferred|span|time unknown)\)", "", nth=(0, 2)
    ),
    "mark of an exact time": swap(r"(\| \[E\d+\]↺? \| \S+ \S+ UTC) \|", r"\1 (approx.) |", nth=(0,)),
    # lengths
    "length": swap(r"\d+ (h|min|s|d)( \[E\d+\]→)", r"77 \1\2", nth=(0, 2)),
    "length without citation": swap(r"(\d+ (?:h|min|s|d)) \[E\d+\]→\[E\d+\]", r"\1 [E1]"),
    "end of a length": swap(r"(\[E\d+\]→)\[E\d+\]", r"\g<1>[E1]", nth=(0, 1)),
    "ends exchanged": swap(r"(min|h|d|s) (\[E\d+\])→(\[E\d+\])", r"\1 \3→\2"),
    "length of nobody": line("durations", "It lasted 5 d 3 h.", "| Silent | 5 d 3 h |"),
    "length cited to an equal one": equal_length,
    "length under another name": swap(r"\| Impact start to mitigated \|", "| Declared to mitigated |"),
    # order
    "row dropped": swap(ROW, "", nth=(0, 2)),
    "row doubled": swap(rf"({ROW})", r"\1\1", nth=(1,)),
    "rows exchanged": swap(rf"({ROW})({ROW})", r"\2\1", nth=(0, 1)),
    "flag of an unusual order": swap(r"⚠ Unusual order[^\n]*\n", ""),
    # citations
    "event that does not exist": swap(r"\[E1\]", "[E999]"),
    "citation of another event": swap(r"(\| (?:Resolved|Impact start) \| [^|]*\| )\[E\d+\]", r"\1[E2]"),
    "fact without citation": line("verification", "The service was checked by the owner."),
    "absence that tells a fact": line("verification", "The owner approved it, which is not recorded."),
    "exchanged words": exchanged_texts,
    "source of a row": swap(r"\[link\]\(https?://[^)]*\)", "[link](https://example.org/other)"),
    # numbers and quotations
    "number out of nothing": line("communication", "98765 people were told [E1]."),
    "percentage": line("summary", "- Errors rose by 4711 % [E1]."),
    "number in words": line("summary", "- Alert to thousands of people [E1]."),
    "quotation nobody said": line("record", "- Recorded “We are sorry” [E1]"),
    # words
    "cause": line("changes", "The deployment caused the outage [E1].", "Change and therefore impact start [E1]."),
    "due to": line("summary", "- Down due to the release [E1]."),
    "root cause": line("state", "Root cause: the release [E1]."),
    "blame": line("decisions", "The operator made a careless change [E1].", "Action by mistake [E1]."),
    "counterfactual": line("decisions", "The owner should have been asked [E1]."),
    "feeling": line("summary", "- A terrible night [E1]."),
    "person": line("decisions", "Approved by <@U02OMAR> [E1].", "Approved by @omar [E1]."),
    "action item": line("record", "- Action item: add an alert [E1].", "- We must add an alert [E1]."),
    "plausible false sentence": line(
        "decisions",
        "The rollback was approved by the service owner [E1].",
        "Users were told within the promised time [E1].",
        "The fallback took over without loss [E1].",
    ),
    "plausible false sentence in the document's own words": line(
        "verification", "Action worked, confirmed by alert [E1]."
    ),
    # tables and parts
    "version in the state": swap(r"(\| Model: [^\n]*?)`v?4\d`", r"\1`v99`", block="state"),
    "reason why the state was not read": swap(r"(Not read \(“)no ", r"\1one ", block="state"),
    "noticed by": swap(r"\| Noticed by \| [a-z ]+ \|", "| Noticed by | evaluation |"),
    "instant called not recorded": swap(r"\| Resolved \| [^|]*\|", "| Resolved | not recorded |"),
    "result of an action": swap(r"\| (?:worked|partial|failed|made worse) \|", "| confirmed |"),
    "outcome of a verification": swap(r", (?:confirmed|passed)(?=[,.])", ", failed", block="verification"),
    "fate of a hypothesis": swap(r"\| (?:confirmed|refuted|open)(?= \|| after)", "| closed", block="hypotheses"),
    "who held a decision": swap(r"(?<=\| )(?:model owner|index owner|operators|launch owners)(?= \[E| \|)", "nobody"),
    "kept promise": swap(r": (?:not )?kept", ": extended", block="communication"),
    "invitee": swap(r"(?m)^- [^\n]* \[E\d+\]\n", "", block="invitees"),
    "disclaimer": swap(r"\*In order of time only[^\n]*\n", ""),
    "block gone": swap(_BLOCK.format("state") + "<!-- /machine -->\n", ""),
    "chain head": swap(r"chain head `[0-9a-f]{4}", "chain head `0000"),
    "event count": swap(r"\n\d+ events", "\n12345 events"),
    "edited block with its digest": new_digest,
    "half an action item": lambda text: iter(
        [text.replace("|  |  |  |  |  |  |", "| add | prevent | | | | done |", 1)]
    ),
}
