"""Checks D1 to D4 and R1 to R5: who decided, what was done and seen, who was told."""

from __future__ import annotations

from playbooks.domain.ai_state import CATEGORIES
from playbooks.domain.drafts import phrases, words
from playbooks.domain.drafts.checks.kinds import Rule, missing
from playbooks.domain.drafts.deeds import Deed, Privileged
from playbooks.domain.drafts.reading import ABSENT, Draft, cited, masked
from playbooks.domain.drafts.words import NOT_RECORDED, cite, lasted


def _d1(draft: Draft) -> str:
    for action in draft.facts.privileged:
        lost = missing(draft.row_of("decisions", action.seqs[0]), _decided(action))
        if lost:
            return f"the decision at E{action.seqs[0]} does not say “{lost}”"
    for deed in draft.facts.decisions:
        right = words.quote(deed.right) if deed.right else NOT_RECORDED
        lost = missing(draft.row_of("decisions", deed.at.seq), (words.role(deed.role), right))
        if lost:
            return f"the decision at E{deed.at.seq} does not say “{lost}”"
    return _rights(draft)


def _decided(action: Privileged) -> tuple[str, ...]:
    held = ", ".join(f"{words.role(d.text)} {cite(d.seq)}" for d in action.deciders) or NOT_RECORDED
    return phrases.plain(action.verdict), held, phrases.said(action.right)


def _rights(draft: Draft) -> str:
    for grant in draft.facts.grants:
        lost = missing(draft.row_of("rights", grant.at.seq), (words.role(grant.role), words.code(grant.right)))
        if lost:
            return f"the right used at E{grant.at.seq} does not say “{lost}”"
    for refusal in draft.facts.refusals:
        lost = missing(
            draft.row_of("rights", refusal.at.seq), (words.role(refusal.role), phrases.reason(refusal.reason))
        )
        if lost:
            return f"the refusal at E{refusal.at.seq} does not say “{lost}”"
    return ""


def _d2(draft: Draft) -> str:
    for action in draft.facts.privileged:
        wanted = (
            phrases.roled(action.asked_by),
            phrases.plain(action.result),
            phrases.plain(action.outcome),
            phrases.undo_due(action),
            phrases.undone(action),
        )
        lost = missing(draft.row_of("privileged", action.seqs[0]), wanted)
        if lost:
            return f"the action at E{action.seqs[0]} does not say “{lost}”"
    return ""


def _d3(draft: Draft) -> str:
    asked = next((prompt for prompt in draft.facts.prompts if prompt.name == "authority"), None)
    bare: list[Deed] = [d for d in (*draft.facts.decisions, *draft.facts.actions) if not d.right]
    if asked is None:
        return f"nobody is asked about the authority for E{bare[0].at.seq}" if bare else ""
    block = next((b for b in draft.blocks if b.name == "authority" and not b.machine), None)
    named = block is not None and all(f"[E{seq}]" in block.content for seq in asked.seqs)
    return "" if named else "missing authority is not asked about"


def _d4(draft: Draft) -> str:
    text = draft.text("handoffs")
    for change in draft.facts.team_changes:
        told = f"{words.code(change.before)} to {words.code(change.after)} after {lasted(change.gap)}"
        if told not in text:
            return f"the change of team from E{change.gap.start.seq} to E{change.gap.end.seq} is missing"
    lines: dict[str, list[str]] = {}
    for line in draft.lines("handoffs"):
        lines.setdefault(line.removeprefix("- ").partition("]")[0] + "]", []).append(line)
    for handoff in draft.facts.handoffs:
        wanted = [lasted(handoff.gap)] if handoff.gap else []
        wanted += [words.role(name) for name in (handoff.giver, handoff.receiver) if name]
        about = lines.get(str(words.when(handoff.at)), [])
        if not any(all(part in line for part in wanted) for line in about):
            return f"the hand-off at E{handoff.at.seq} lacks its gap, its giver or its receiver"
    return ""


def _r1(draft: Draft) -> str:
    for deed in draft.facts.actions:
        result = phrases.worded(deed.result) if deed.result else "unknown"
        if missing(draft.row_of("actions", deed.at.seq), (words.role(deed.role), result)):
            return f"the action at E{deed.at.seq} has not the result “{result}”"
    return ""


def _r2(draft: Draft) -> str:
    lines = draft.lines("verification")
    if not draft.facts.proofs:
        silent = len(lines) == 1 and ABSENT.search(masked(lines[0]))
        return "" if silent else "the absence of a verification is not said"
    first = {seq: line for line in reversed(lines) for seq in cited(line)[:1]}
    for proof in draft.facts.proofs:
        told = str(phrases.worded(proof.outcome)) if proof.outcome else NOT_RECORDED
        line = first.get(proof.at.seq, "")
        if f", {told}" not in line:
            return f"the verification at E{proof.at.seq} is missing, or is not “{told}”"
    return ""


def _r3(draft: Draft) -> str:
    if "order of time only" not in draft.text("changes"):
        return "the disclaimer is missing"
    rows = [line for _, line in draft.rows("changes")]
    for index, change in enumerate(draft.facts.changes.rows):
        row = rows[index] if index < len(rows) else ""
        if f"[E{change.at.seq}]" not in row or phrases.moved(change) not in row:
            return f"the change at E{change.at.seq} is missing or out of order"
    return ""


def _r4(draft: Draft) -> str:
    comms, lines = draft.facts.comms, draft.lines("communication")
    if not comms.rows:
        return "" if any(ABSENT.search(masked(line)) for line in lines) else "the absence of messages is not said"
    named = (("First notice", comms.first_after_impact), ("Longest silence", comms.silence))
    for name, span in named:
        if span is not None and not any(name in line and lasted(span) in line for line in lines):
            return f"the {name.lower()} is missing"
    promised = [line for line in lines if "romised" in line]
    for due, answer, kept in comms.promised:
        by = f" {cite(answer.seq)}" if answer else ""
        told = f"{words.when(due)}: {'kept' if kept else 'not kept'}{by}"
        if not any(line.endswith(told) for line in promised):
            return f"the message promised in E{due.seq} is missing"
    return "" if promised else "the promised cadence is missing"


def _r5(draft: Draft) -> str:
    text = draft.text("state").lower()
    lost = [category for category in CATEGORIES if category.lower() not in text]
    if lost:
        return f"{lost[0]} is missing from the state"
    rows = draft.rows("state")
    for row in draft.facts.state:
        subject = f": {words.code(row.subject)}" if row.subject else ""
        wanted = [phrases.said(value) for value in (row.before, row.during, row.after)]
        found = [cells for cells, _ in rows if cells[0].startswith(f"{row.category}{subject}")]
        if not any(not missing(cells[1:], wanted) for cells in found):
            return f"{row.category} {row.subject} is not given before, during and after"
    return ""


RULES = (
    Rule("D1", False, "decisions with holder and authority", _d1),
    Rule("D2", False, "privileged actions with authority, result, undo", _d2),
    Rule("D3", False, "missing authority is asked about", _d3),
    Rule("D4", False, "changes of acting team with the gap", _d4),
    Rule("R1", False, "every action has a result", _r1),
    Rule("R2", False, "verification or its absence", _r2),
    Rule("R3", False, "earlier changes with the disclaimer", _r3),
    Rule("R4", False, "first notice, longest silence, promise", _r4),
    Rule("R5", False, "state of the AI system", _r5),
)
