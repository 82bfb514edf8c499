"""The rubric of a draft: 32 checks a script can make; a failed critical one refuses the draft."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from playbooks import errors
from playbooks.domain.ai_state import CATEGORIES
from playbooks.domain.drafts import words
from playbooks.domain.drafts.entries import COARSE, whole_second
from playbooks.domain.drafts.reading import (
    ABSENT,
    CITATION,
    LENGTH,
    TIME,
    Draft,
    cited,
    foreign,
    masked,
    numbers_of,
    quotable,
    read,
    times_of,
)
from playbooks.domain.drafts.status import state_told
from playbooks.domain.timeline import Event, genesis, timeline_view
from playbooks.render import verify

CAUSAL = (
    r"because|caus(?:e|es|ed|ing)|due to|led to|result(?:ed|s|ing) (?:in|from)|triggered|therefore|thanks to|owing to|"
    r"root cause|as a result|consequently|so that|responsible for"
)
BLAME = (
    r"should(?: not|n't)? have|could(?: not|n't)? have|would have|ought to|failed to|fault of|negligen\w*|careless\w*|"
    r"mistake\w*|human error|forgot\w*|blam\w+|unfortunately|sadly|luckily|terrib\w+|disast\w+|catastroph\w+|horrib\w+|"
    r"pain\w+|huge\w*|massive\w*|shocking\w*|if only|stupid\w*|incompeten\w*"
)
HUMAN_PARTS = ("status", "action-items", "message", "review")


@dataclass(frozen=True, slots=True)
class Check:
    """One check of the rubric; `why` says what is wrong, or is empty."""

    id: str
    ok: bool
    critical: bool
    why: str
    title: str = ""


def score(
    markdown: str,
    events: Sequence[Event],
    *,
    incident_id: int | None = None,
    head: str | None = None,
    templates: Path | None = None,
    severities: Mapping[str, str] = {},
) -> list[Check]:
    """All 32 checks on a document and the chain it was made from, in the order of the rubric."""
    number = incident_id if incident_id is not None else events[0].incident_id if events else 0
    draft = read(markdown, events, number, severities)
    top = head or (draft.events[-1].hash if draft.events else genesis(number))
    same = verify(markdown, draft.events, incident_id=number, head=top, templates=templates, severities=severities)
    first = "; ".join(f"{p.block or 'document'}: {p.what}" for p in same)
    checks = [Check("F0", not same, True, first, "machine blocks equal a fresh render")]
    for name, critical, title, check in _CHECKS:
        why = check(draft)
        checks.append(Check(name, not why, critical, why, title))
    return checks


def refused(checks: Sequence[Check]) -> list[Check]:
    """The critical checks that failed."""
    return [check for check in checks if check.critical and not check.ok]


def must_pass(
    markdown: str,
    events: Sequence[Event],
    *,
    incident_id: int,
    head: str,
    templates: Path | None = None,
    severities: Mapping[str, str] = {},
) -> list[Check]:
    """All checks of a document that may be closed or published; those that failed are not critical.

    Raises:
        errors.Conflict: a critical check failed; the sentence names the first three, code `document_refused`.
    """
    checks = score(markdown, events, incident_id=incident_id, head=head, templates=templates, severities=severities)
    wrong = refused(checks)
    if wrong:
        named = "; ".join(f"{check.id} {check.why}" for check in wrong[:3])
        more = f" and {len(wrong) - 3} more" if len(wrong) > 3 else ""
        raise errors.Conflict(
            f"The document of INC-{incident_id} does not hold {len(wrong)} of its checks: {named}{more}.",
            f"Mend that; `muster postmortem INC-{incident_id} --score` tells all of it.",
            code="document_refused",
        )
    return checks


# ---------------------------------------------------------------- facts


def _f1(draft: Draft) -> str:
    known = {words.clock(at).removesuffix(" UTC") for at in times_of(draft.events)}
    for name, line in draft.machine():
        for found in TIME.findall(masked(line)):
            if found not in known:
                return f"{name}: {found} is in no event"
    return ""


def _f2(draft: Draft) -> str:
    at = {event.seq: whole_second(event.occurred_at) for event in draft.events}
    for name, line in draft.machine():
        for match in LENGTH.finditer(masked(line)):
            stated, start, end = match.groups()
            if start is None:
                return f"{name}: {stated} cites no two events"
            one, two = at.get(int(start)), at.get(int(end))
            if one is None or two is None or words.length(int((two - one).total_seconds())) != stated:
                return f"{name}: {stated} is not the time from E{start} to E{end}"
    return ""


_ROW = re.compile(r"\| \[E(\d+)\]↺? \| (\S+ \S+) UTC")


def _f3(draft: Draft) -> str:
    rows = [match.groups() for match in map(_ROW.match, draft.text("timeline").split("\n")) if match]
    lines = timeline_view(draft.events)
    wanted = [(str(x.event.seq), words.clock(x.event.occurred_at).removesuffix(" UTC")) for x in lines]
    if rows != wanted:
        odd = next((w for w, r in zip(wanted, [*rows, *[("", "")] * len(wanted)], strict=False) if w != r), ("?", ""))
        return f"timeline: the row of E{odd[0]} is missing, out of order or has another time"
    shown = {line.event.seq for line in lines} | set(cited(draft.text("record").replace("\n", " ")))
    lost = [event.seq for event in draft.events if event.seq not in shown]
    return f"E{lost[0]} is neither in the timeline nor among the corrections" if lost else ""


def _f4(draft: Draft) -> str:
    rows = [row for row in draft.text("timeline").split("\n") if row.startswith("| [E")]
    bad = [row for row in rows if not re.match(r"\| \[E\d+\]↺? \| \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", row)]
    return f"timeline: a row has no date or zone: {bad[0][:40]}" if bad else ""


def _f5(draft: Draft) -> str:
    text = draft.text("instants")
    lost = [o for o in draft.facts.oddities if f"{o.earlier} [E{o.first.seq}] lies before {o.later}" not in text]
    return f"{lost[0].earlier} before {lost[0].later} is not flagged" if lost else ""


def _f6(draft: Draft) -> str:
    rows = draft.text("instants").split("\n")
    for name, point in draft.facts.instants.rows():
        row = next((r for r in rows if r.startswith(f"| {name} |")), "")
        if not (f"[E{point.seq}]" in row if point else words.NOT_RECORDED in row):
            return f"{name} has neither value nor “not recorded”"
    return ""


def _f7(draft: Draft) -> str:
    row = next((r for r in draft.text("instants").split("\n") if r.startswith("| Noticed by |")), "")
    known = ("alert", "user report", "evaluation", "person", "unknown", words.NOT_RECORDED)
    return "" if any(f"| {word} |" in row for word in known) else "how it was noticed is not said"


def _f8(draft: Draft) -> str:
    text = draft.text("instants")
    return "" if "| Mitigated |" in text and "| Resolved |" in text else "mitigated and resolved are not apart"


def _f9(draft: Draft) -> str:
    rows = {int(seq): row for row in draft.text("timeline").split("\n") for seq in CITATION.findall(row)[:1]}
    for entry in draft.facts.entries:
        if entry.event.new.precision in COARSE and words.mark(entry.event.new.precision) not in rows.get(entry.seq, ""):
            return f"the time of E{entry.seq} is not marked as coarse"
    return ""


def _f10(draft: Draft) -> str:
    quiet = draft.facts.quiet
    shown = quiet is None or words.lasted(quiet) in draft.text("durations")
    return "" if shown else "the longest stretch without an entry is missing"


def _f11(draft: Draft) -> str:
    allowed, numbers = quotable(draft), numbers_of(draft)
    for name, line in draft.machine():
        if name == "provenance":
            continue
        strange = [text for text in foreign(line) if text not in allowed]
        if strange:
            return f"{name}: {strange[0][:60]} is in no event"
        rest = CITATION.sub("", LENGTH.sub("", TIME.sub("", masked(line))))
        unknown = [digits for digits in re.findall(r"[0-9]+", rest) if int(digits) not in numbers]
        if unknown:
            return f"{name}: the number {unknown[0]} is in no event"
    return ""


# ---------------------------------------------------------------- provenance


def _p1(draft: Draft) -> str:
    for name, line in draft.fact_lines():
        if not cited(line) and not ABSENT.search(masked(line)):
            return f"{name}: a line cites no event: {line[:60]}"
    return ""


def _p2(draft: Draft) -> str:
    known = {event.seq for event in draft.events}
    for block in draft.blocks:
        lost = [seq for line in block.content.split("\n") for seq in cited(line) if seq not in known]
        if lost and (block.machine or block.name not in HUMAN_PARTS):
            return f"{block.name}: E{lost[0]} does not exist"
    return ""


def _p3(draft: Draft) -> str:
    rows = [row for row in draft.text("timeline").split("\n") if row.startswith("| [E")]
    bad = [row for row in rows if not re.search(r"\| (?:no link|\[link\]\([^)]+\)|`[^`]+`|“[^”]+”) \|$", row)]
    return f"no source stands in the row {bad[0][:40]}" if bad else ""


def _p4(draft: Draft) -> str:
    text = draft.text("provenance")
    if not draft.events:
        return "" if "chain head" in text and "template" in text else "the provenance line is missing"
    wanted = (f"{len(draft.events)} events", draft.events[-1].hash, "template `", "playbook: ")
    lost = [part for part in wanted if part not in text]
    return f"the provenance line lacks {lost[0]}" if lost else ""


def _banned(pattern: str) -> Callable[[Draft], str]:
    banned = re.compile(rf"\b(?:{pattern})\b", re.IGNORECASE)

    def check(draft: Draft) -> str:
        found = banned.search(draft.own_words())
        return f"machine text says “{found[0]}”" if found else ""

    return check


def _h4(draft: Draft) -> str:
    person = re.search(r"<@\w+|(?<![\w.])@\w+", draft.own_words())
    return f"machine text names {person[0]}" if person else _banned(BLAME)(draft)


# ---------------------------------------------------------------- decisions, response


def _d1(draft: Draft) -> str:
    text = draft.text("decisions")
    seqs = [a.seqs[0] for a in draft.facts.privileged] + [d.at.seq for d in draft.facts.decisions]
    rows = text.split("\n")
    for seq in seqs:
        row = next((r for r in rows if f"[E{seq}]" in r), "")
        if not row or any(not cell.strip() for cell in row.strip("|").split("|")):
            return f"the decision at E{seq} lacks holder or authority"
    named = draft.text("rights")
    seqs = [g.at.seq for g in draft.facts.grants] + [r.at.seq for r in draft.facts.refusals]
    lost = [seq for seq in seqs if f"[E{seq}]" not in named]
    return f"the right used or refused at E{lost[0]} is missing" if lost else ""


def _d2(draft: Draft) -> str:
    rows = draft.text("privileged").split("\n")
    for action in draft.facts.privileged:
        row = next((r for r in rows if f"[E{action.seqs[0]}]" in r), "")
        if not row or any(not cell.strip() for cell in row.strip("|").split("|")):
            return f"the action at E{action.seqs[0]} lacks approver, result or undo"
    return ""


def _d3(draft: Draft) -> str:
    asked = {p.name for p in draft.facts.prompts}
    names = {b.name for b in draft.blocks if not b.machine}
    return "missing authority is not asked about" if "authority" in asked and "authority" not in names else ""


def _d4(draft: Draft) -> str:
    text = draft.text("handoffs")
    spans = [h.gap for h in draft.facts.handoffs if h.gap] + [c.gap for c in draft.facts.team_changes]
    lost = [span for span in spans if words.lasted(span) not in text]
    return f"the gap from E{lost[0].start.seq} to E{lost[0].end.seq} is missing" if lost else ""


def _r1(draft: Draft) -> str:
    rows = draft.text("actions").split("\n")
    for deed in draft.facts.actions:
        row = next((r for r in rows if f"[E{deed.at.seq}]" in r), "")
        cells = [cell.strip() for cell in row.split("|")]
        if len(cells) < 6 or not cells[4]:
            return f"the action at E{deed.at.seq} has no result"
    return ""


def _r2(draft: Draft) -> str:
    text = draft.text("verification")
    if not draft.facts.proofs:
        return "" if ABSENT.search(text) else "the absence of a verification is not said"
    lost = [p for p in draft.facts.proofs if f"[E{p.at.seq}]" not in text]
    return f"the verification at E{lost[0].at.seq} is missing" if lost else ""


def _r3(draft: Draft) -> str:
    text = draft.text("changes")
    lost = [c for c in draft.facts.changes.rows if f"[E{c.at.seq}]" not in text]
    if lost:
        return f"the change at E{lost[0].at.seq} is missing"
    return "" if "order of time only" in text else "the disclaimer is missing"


def _r4(draft: Draft) -> str:
    comms, text = draft.facts.comms, draft.text("communication")
    if not comms.rows:
        return "" if ABSENT.search(text) else "the absence of messages is not said"
    spans = [span for span in (comms.first_after_impact, comms.silence) if span]
    lost = [span for span in spans if words.lasted(span) not in text]
    return "first notice or longest silence is missing" if lost or "romised" not in text else ""


def _r5(draft: Draft) -> str:
    text = draft.text("state").lower()
    lost = [category for category in CATEGORIES if category.lower() not in text]
    return f"{lost[0]} is missing from the state" if lost else ""


# ---------------------------------------------------------------- people's part


def _questions(draft: Draft) -> list[str]:
    return [b.content for b in draft.blocks if not b.machine and b.name not in HUMAN_PARTS]


def _h1(draft: Draft) -> str:
    count = len(_questions(draft))
    if count < 5:
        return f"only {count} questions for people"
    stated = f"{len(draft.facts.prompts)} questions" in draft.text("title")
    return "" if stated or not draft.events else "the status line does not count the questions"


def _h2(draft: Draft) -> str:
    questions = _questions(draft)
    naming = [text for text in questions if CITATION.search(text)]
    return "" if 2 * len(naming) >= len(questions) or not draft.events else "most questions name no event"


def _h3(draft: Draft) -> str:
    rows = [line for line in draft.text("action-items").split("\n") if line.startswith("|")][2:]
    for row in rows:
        cells = [cell.strip() for cell in row.strip().strip("|").split("|")]
        if any(cells) and (len(cells) < 6 or not all(cells[:6])):
            return "an action item lacks its text, type, owner, due, ticket or done-when"
    invented = re.search(r"action items?\b", draft.own_words(), re.IGNORECASE)
    return "machine text speaks of action items" if invented else ""


def _h5(draft: Draft) -> str:
    lines = draft.text("summary").split("\n")
    count = sum(len(line.split()) for line in lines if not line.startswith("#"))
    if count > 120:
        return f"the summary has {count} words"
    state = state_told(draft.text("status"))
    if state is None:
        return "the status is missing"
    if f"State: **{state.label}**" not in draft.text("review"):
        return "status and review tell different states"
    return "" if "Owner: " in draft.text("review") else "there is no place for the owner"


def _h6(draft: Draft) -> str:
    rows = draft.text("invitees").split("\n")
    for invitee in draft.facts.invitees:
        if not any(words.role(invitee.role) in row and f"[E{invitee.seq}]" in row for row in rows):
            return f"the role that acted at E{invitee.seq} is not invited"
    return ""


_CHECKS: tuple[tuple[str, bool, str, Callable[[Draft], str]], ...] = (
    ("F1", True, "no time that is in no event", _f1),
    ("F2", True, "durations equal the difference of the events cited", _f2),
    ("F3", True, "every event once, in order, at its own time", _f3),
    ("F4", False, "date and zone on every row", _f4),
    ("F5", False, "unusual order flagged", _f5),
    ("F6", False, "nine instants, value or “not recorded”", _f6),
    ("F7", False, "how it was noticed", _f7),
    ("F8", False, "mitigated apart from resolved", _f8),
    ("F9", False, "coarse times marked", _f9),
    ("F10", False, "longest stretch without an entry", _f10),
    ("F11", True, "no number or quotation that is in no event", _f11),
    ("P1", True, "every fact line cites an event", _p1),
    ("P2", True, "every cited event exists", _p2),
    ("P3", False, "source link or “no link” per row", _p3),
    ("P4", False, "chain head, event count, versions", _p4),
    ("P5", True, "no causal claim in machine text", _banned(CAUSAL)),
    ("D1", False, "decisions with holder and authority", _d1),
    ("D2", False, "privileged actions with authority, result, undo", _d2),
    ("D3", False, "missing authority is asked about", _d3),
    ("D4", False, "changes of acting team with the gap", _d4),
    ("R1", False, "every action has a result", _r1),
    ("R2", False, "verification or its absence", _r2),
    ("R3", False, "earlier changes with the disclaimer", _r3),
    ("R4", False, "first notice, longest silence, promise", _r4),
    ("R5", False, "state of the AI system", _r5),
    ("H1", False, "at least five questions, counted", _h1),
    ("H2", False, "half of them name an event", _h2),
    ("H3", True, "no action item invented; filled ones complete", _h3),
    ("H4", True, "no blame, counterfactual or person in machine text", _h4),
    ("H5", False, "summary at most 120 words, status, owner", _h5),
    ("H6", False, "everyone who acted is invited", _h6),
)
