"""Questions for people, chosen by what happened: what no chain of events can answer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from playbooks.domain.drafts.deeds import Privileged
from playbooks.domain.drafts.words import cites

if TYPE_CHECKING:
    from playbooks.domain.drafts.facts import Facts

MOST, LEAST = 10, 5


@dataclass(frozen=True, slots=True)
class Prompt:
    """A question. `name` is its block's, stable over renderings; `seqs` the events it names."""

    name: str
    title: str
    question: str
    seqs: tuple[int, ...] = ()


def prompts_of(facts: Facts) -> tuple[Prompt, ...]:
    """Impact first, learning last; in between what this incident gives reason to ask, ten at most."""
    chosen = [p for p in (rule(facts) for rule in _RULES) if p is not None]
    if len(chosen) < LEAST - 3:
        chosen.append(_belief(facts))
    return (_impact(facts), *chosen[: MOST - 3], _conditions(facts), _learning())


def _impact(facts: Facts) -> Prompt:
    at = facts.instants
    ends = (at.impact_start, at.mitigated or at.resolved)
    seqs = tuple(dict.fromkeys(p.seq for p in ends if p is not None)) or facts.anchor
    between = f" between {cites(seqs, ' and ')}" if len(seqs) > 1 else f" (see {cites(seqs)})" if seqs else ""
    return Prompt(
        "impact",
        "Impact",
        f"Who was affected{between}, how many, how badly, and who was nearly affected? "
        "Give the source of every number.",
        seqs,
    )


def _belief(facts: Facts) -> Prompt:
    acted = next((entry.seq for entry in facts.entries if entry.human), None)
    seqs = facts.anchor if acted is None else (acted,)
    about = f" at {cites(seqs)}" if seqs else ""
    return Prompt(
        "belief", "What was known", f"What did those who acted know and believe{about}, and from where?", seqs
    )


def _conditions(facts: Facts) -> Prompt:
    seqs = _seqs(row.at.seq for row in facts.changes.rows[:3])
    known = f" {cites(seqs)} came before it in time: did it matter?" if seqs else ""
    return Prompt(
        "conditions",
        "Contributing conditions",
        f"Which conditions, in the system and in how it is run, had to come together (none of them a person)?{known}",
        seqs,
    )


def _learning() -> Prompt:
    return Prompt("learning", "Learning", "What went well, what went poorly, where was luck, and what surprised you?")


def _detection(facts: Facts) -> Prompt | None:
    at = facts.instants
    signal, impact = at.first_signal, at.impact_start
    if signal is not None and impact is not None and signal.at < impact.at:
        seqs = _seqs((signal.seq, impact.seq))
        return Prompt(
            "detection",
            "An early signal",
            f"{cites(seqs[:1])} came before the impact {cites(seqs[1:])}: whom did it reach, what could be done?",
            seqs,
        )
    if at.noticed != "alert":
        seqs = _seqs((at.detected.seq,)) if at.detected else facts.anchor
        before = f" before {cites(seqs)}" if seqs else ""
        return Prompt("detection", "Detection", f"No alert came{before}: who would have had to see which signal?", seqs)
    if facts.silent is not None and facts.silent.seconds > 0:
        seqs = (facts.silent.start.seq, facts.silent.end.seq)
        return Prompt(
            "detection",
            "Detection",
            f"Between {cites(seqs, ' and ')} nothing told of it: which signal could have, and to whom?",
            seqs,
        )
    return None


def _changes(facts: Facts) -> Prompt | None:
    seqs = _seqs(row.at.seq for row in facts.changes.rows[-3:])
    if not seqs:
        return None
    return Prompt(
        "route",
        "Changes before",
        f"By what route could the responders have known of {cites(seqs)} at the time, and did they?",
        seqs,
    )


def _recurrence(facts: Facts) -> Prompt | None:
    found = facts.similar
    if found.seq is None or not any(one.left for one in found.rows):
        return None
    seqs = _seqs((found.seq,))
    question = f"{cites(seqs)} names follow-ups of an earlier incident that were not done: what did they wait for?"
    return Prompt("recurrence", "It came again", question, seqs)


def _refuted(facts: Facts) -> Prompt | None:
    seqs = _seqs(h.at.seq for h in facts.hypotheses if h.state == "refuted")
    if not seqs:
        return None
    return Prompt("refuted", "A reading given up", f"What made {cites(seqs)} a sensible reading at that moment?", seqs)


def _failed(facts: Facts) -> Prompt | None:
    wrong = [a.seqs[-1] for a in facts.privileged if a.went_wrong]
    wrong += [d.at.seq for d in facts.actions if d.result in ("failed", "made_worse", "partial")]
    seqs = _seqs(wrong)
    if not seqs:
        return None
    return Prompt("expected", "Expected and found", f"What did you expect of {cites(seqs)}, what did you see?", seqs)


def _authority(facts: Facts) -> Prompt | None:
    without = [a.seqs[0] for a in facts.privileged if a.applied and a.right is None and not _free(a)]
    without += [d.at.seq for d in (*facts.decisions, *facts.actions) if not d.right]
    seqs = _seqs(without)
    if not seqs:
        return None
    return Prompt(
        "authority",
        "Authority",
        f"No right is recorded for {cites(seqs)}: was it clear who could decide? Was anything waived informally?",
        seqs,
    )


def _free(action: Privileged) -> bool:
    """Whether the registry asks nobody, as for a restore."""
    return action.verdict is not None and action.verdict.text == "not needed"


def _glass(facts: Facts) -> Prompt | None:
    seqs = _seqs(a.right.seq for a in facts.privileged if a.right is not None and "glass" in a.right.text.lower())
    if not seqs:
        return None
    question = f"The glass was broken at {cites(seqs)}: what kept those with the right from answering in time?"
    return Prompt("glass", "Break-glass", question, seqs)


def _handoff(facts: Facts) -> Prompt | None:
    seqs = _seqs(h.at.seq for h in facts.handoffs)
    if not seqs:
        return None
    return Prompt(
        "handoff", "Hand-off", f"What did the receiver need at {cites(seqs)} that the hand-off did not give?", seqs
    )


def _override(facts: Facts) -> Prompt | None:
    off = [a for a in facts.privileged if a.kind == "disable" and a.applied]
    seqs = _seqs(a.verified.seq if a.verified else a.seqs[-1] for a in off)
    if not seqs:
        return None
    return Prompt(
        "override",
        "While it was off",
        f"After {cites(seqs)} something did not run: who or what took up its work, and what is left over?",
        seqs,
    )


def _quality(facts: Facts) -> Prompt | None:
    seqs = _seqs(p.at.seq for p in facts.proofs if p.outcome in ("confirmed", "passed", "worked"))
    if seqs:
        question = f"{cites(seqs)} read the effect back: which evaluation showed that quality, too, was back?"
        return Prompt("quality", "Recovery", question, seqs)
    upto = f" up to {cites(facts.anchor)}" if facts.anchor else ""
    question = f"No verification is recorded{upto}: which evaluation showed quality, not only availability, restored?"
    return Prompt("quality", "Recovery", question, facts.anchor)


def _comms(facts: Facts) -> Prompt | None:
    if facts.comms.rows:
        return None
    upto = f" up to {cites(facts.anchor)}" if facts.anchor else ""
    question = f"No message to people outside the response is recorded{upto}: who needed to know, how did they hear?"
    return Prompt("audience", "Communication", question, facts.anchor)


def _quiet(facts: Facts) -> Prompt | None:
    if facts.quiet is None:
        return None
    seqs = (facts.quiet.start.seq, facts.quiet.end.seq)
    return Prompt("quiet", "A quiet stretch", f"What happened between {cites(seqs, ' and ')}?", seqs)


_RULES = (
    _detection,
    _changes,
    _authority,
    _glass,
    _recurrence,
    _refuted,
    _failed,
    _quality,
    _handoff,
    _override,
    _comms,
    _quiet,
)


def _seqs(found: Iterable[int]) -> tuple[int, ...]:
    """In order of the chain, each once, six at most: a question that lists more is not read."""
    return tuple(sorted(set(found)))[:6]
