"""Checks P1 to P5: every line cites the events that hold it, and says nothing of its own about causes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from playbooks.domain.drafts import phrases, words
from playbooks.domain.drafts.checks.kinds import Rule, missing
from playbooks.domain.drafts.reading import ABSENT, Draft, cells_of, cited, masked
from playbooks.domain.drafts.words import NOT_RECORDED

CAUSAL = (
    r"because|caus(?:e|es|ed|ing|al|ally)|due to|(?:led|leads?|leading) to|result(?:ed|s|ing) (?:in|from)|"
    r"trigger(?:s|ed|ing)?|therefore|thus|hence|thanks to|owing to|root cause|as a (?:result|consequence)|consequently|"
    r"so that|responsible for|on account of|attributable|brought about|gave rise|stem(?:s|med)? from|provok\w+|"
    r"induc(?:es|ed|ing)|prompted|sparked|set off|contribut\w+|explain(?:s|ed)?|which is why|the reason (?:for|why)|"
    r"broke|made it fail|drove|driven by"
)
BLAME = (
    r"should(?: not|n't)? have|could(?: not|n't)? have|would(?: not|n't)? have|might have|ought to|"
    r"need(?:s|ed) to have|"
    r"failed to|neglect\w*|fault of|at fault|negligen\w*|careless\w*|reckless\w*|mistake\w*|wrongly|human error|"
    r"forgot\w*|overlook\w*|blam\w+|unfortunate\w*|fortunate\w*|sadly|regret\w*|luckily|terrib\w+|disast\w+|"
    r"catastroph\w+|horrib\w+|awful\w*|pain\w+|huge\w*|massive\w*|shocking\w*|dramatic\w*|heroic\w*|if only|"
    r"stupid\w*|incompeten\w*|obvious\w*|simply|merely|too late|too slow\w*|lazy|sloppy"
)
_TOLD_ELSEWHERE = re.compile(rf"\b(?:{CAUSAL}|{BLAME})\b|<?@[\w.-]+", re.IGNORECASE)  # by P5 and H4
_VERB = re.compile(r"\b(?:was|were|is|are|has|had|have|did|been|but|which|who|that)\b", re.IGNORECASE)
_MAIN = re.compile(r"\b(?:not recorded|none recorded|no\b[^.:;|]*\brecorded)\b", re.IGNORECASE)


def _p1(draft: Draft) -> str:
    for name, line in draft.fact_lines():
        if not cited(line) and not _only_absence(line):
            return f"{name}: a line cites no event: {line[:60]}"
    return _strange_word(draft) or _strange_fate(draft)


def _only_absence(line: str) -> bool:
    """Whether a line without a citation says no more than that something is not recorded."""
    own = masked(line)
    if not _MAIN.search(own) or _VERB.search(own):
        return False
    if not own.startswith("|"):
        # Beside the absence: a name before it, the names of what is absent after it.
        return len(re.split(r"[.!?](?:\s|$)", own.strip())) <= 2
    return all(cell in ("", NOT_RECORDED) or ABSENT.search(cell) for cell in cells_of(own)[1:])


def _strange_word(draft: Draft) -> str:
    """A word that neither a template nor a phrase of Muster's holds was written by somebody else."""
    if not draft.known.spoken:
        return ""
    common = draft.known.vocabulary
    for name, _, own in draft.own:
        known = draft.known.spoken.get(name, frozenset())
        for word in phrases.spoken(_TOLD_ELSEWHERE.sub("", own)):
            if word not in common and word not in known:
                return f"{name}: a line says “{word}”, which neither its template nor an event it cites holds"
    return ""


def _strange_fate(draft: Draft) -> str:
    for hypothesis in draft.facts.hypotheses:
        after = f" after {words.lasted(hypothesis.settled)}" if hypothesis.settled else ""
        if missing(draft.row_of("hypotheses", hypothesis.at.seq), (f"{phrases.worded(hypothesis.state)}{after}",)):
            return f"hypotheses: the fate of E{hypothesis.at.seq} is not “{hypothesis.state}”"
    return ""


def _p2(draft: Draft) -> str:
    for block in draft.blocks:
        for line in block.content.split("\n"):
            lost = [seq for seq in cited(line) if seq not in draft.known.by_seq]
            if lost:
                return f"{block.name}: E{lost[0]} does not exist"
    return ""


def _p3(draft: Draft) -> str:
    for cells, line in draft.rows("timeline"):
        seqs = cited(cells[0]) if cells else ()
        event = draft.known.by_seq.get(seqs[0]) if seqs else None
        if event is not None and cells[-1] != phrases.link(event.new.source_ref):
            return f"the row of E{seqs[0]} does not give its source: {line[:40]}"
    known = {phrases.link(event.new.source_ref) for event in draft.events}
    for name, line in draft.machine():
        strange = [link for link in re.findall(r"\[link\]\([^)]*\)", line) if link not in known]
        if strange:
            return f"{name}: {strange[0][:60]} is the source of no event"
    return ""


def _p4(draft: Draft) -> str:
    text = draft.text("provenance")
    wanted = ["chain head", f"template `{draft.known.version}`" if draft.known.version else "template `"]
    if draft.events:
        tail = draft.events[-1]
        used = next((e.text("playbook") for e in draft.facts.entries if e.text("playbook")), "")
        wanted += [
            f"\n{len(draft.events)} events",
            f"[E{tail.seq}] recorded {words.clock(tail.recorded_at)}",
            f"chain head `{tail.hash}`",
            f"playbook: {words.code(used) if used else NOT_RECORDED}",
        ]
    lost = [part for part in wanted if part not in f"\n{text}"]
    return f"the provenance line lacks “{lost[0].strip()}”" if lost else ""


def banned(pattern: str) -> Callable[[Draft], str]:
    """A check that words of this pattern are nowhere in the document's own text."""
    found = re.compile(rf"\b(?:{pattern})\b", re.IGNORECASE)
    return lambda draft: _first(found, draft)


def _first(pattern: re.Pattern[str], draft: Draft) -> str:
    hits: Iterable[str] = (f"{name} says “{hit[0]}”" for name, _, own in draft.own if (hit := pattern.search(own)))
    return next(iter(hits), "")


RULES = (
    Rule("P1", True, "every fact line cites an event", _p1),
    Rule("P2", True, "every cited event exists", _p2),
    Rule("P3", False, "source link or “no link” per row", _p3),
    Rule("P4", False, "chain head, event count, versions", _p4),
    Rule("P5", True, "no causal claim in machine text", banned(CAUSAL)),
)
