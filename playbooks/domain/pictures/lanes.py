"""What the drawing shows, as values: lanes of bars and marks, each with the events that hold it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from playbooks.domain.drafts import words
from playbooks.domain.drafts.deeds import Privileged
from playbooks.domain.drafts.entries import Point, only, role_of
from playbooks.domain.drafts.facts import Facts
from playbooks.domain.drafts.flow import Handoff
from playbooks.domain.drafts.instants import Instants, span
from playbooks.domain.drafts.state import StateRow
from playbooks.domain.timeline import EventKind


class Tone(StrEnum):
    """How a bar or mark is coloured; the label says the same in words."""

    SILENT = "silent"
    WAITING = "waiting"
    RESPONDING = "responding"
    WATCHING = "watching"
    DONE = "done"
    WRONG = "wrong"
    PLAIN = "plain"


class Shape(StrEnum):
    """What a mark looks like."""

    RING = "ring"
    DIAMOND = "diamond"
    CROSS = "cross"
    TICK = "tick"
    DOT = "dot"
    DUE = "due"


@dataclass(frozen=True, slots=True)
class Mark:
    """An instant in a lane, in words."""

    at: Point
    shape: Shape
    says: str
    tone: Tone = Tone.PLAIN


@dataclass(frozen=True, slots=True)
class Bar:
    """Something that lasted. `short` is what is drawn; `says` what a reader of the table gets.

    Attributes:
        end: None while it lasts. marks: instants on it. hatched: nobody's, or overdue. beside: the label may stand
            beside the bar, not only in it. first: drawn before others where there is no room for all.
        from_before: it was so before the drawing begins.
    """

    start: Point
    end: Point | None
    short: str
    says: str
    tone: Tone = Tone.PLAIN
    marks: tuple[Mark, ...] = ()
    hatched: bool = False
    beside: bool = True
    first: bool = False
    from_before: bool = False


@dataclass(frozen=True, slots=True)
class Lane:
    """A row, or several: `packed` bars may stand under each other, others follow each other in one row.

    Of lanes of one `kind` only the first few are drawn; one without a kind always is.
    """

    name: str
    bars: tuple[Bar, ...]
    marks: tuple[Mark, ...] = ()
    packed: bool = False
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Picture:
    """Everything to draw. `start` and `end` are its first and last instant; `entries` the times of all entries."""

    incident: str
    start: Point
    end: Point
    milestones: tuple[tuple[str, Point], ...]
    phases: tuple[Bar, ...]
    lanes: tuple[Lane, ...]
    entries: tuple[tuple[Point, bool], ...]
    tells: str


def picture_of(facts: Facts) -> Picture | None:
    """The drawing of an incident; None where fewer than two instants are recorded."""
    known = tuple((name, p) for name, p in _milestones(facts.instants) if p is not None)
    points = [entry.point for entry in facts.entries if entry.kind is not EventKind.CHANGE]
    points += [c.at for c in facts.changes.rows]
    if len({p.at for p in points}) < 2:
        return None
    start = min((p for p in points), key=lambda p: (p.at, p.seq))
    end = max((p for p in points), key=lambda p: (p.at, p.seq))
    if facts.instants.resolved is not None and facts.instants.resolved.at >= start.at:
        end = facts.instants.resolved if _nothing_open(facts, facts.instants.resolved) else end
    lanes = [
        *_phase_lanes(facts, end),
        _deeds(facts, end),
        _lead(facts, end),
        _updates(facts, end),
        _switched(facts, end),
        *_state(facts, start, end),
    ]
    return Picture(
        incident=f"INC-{facts.incident_id}",
        start=start,
        end=end,
        milestones=known,
        phases=_phases(facts.instants, end),
        lanes=tuple(lane for lane in lanes if lane.bars or lane.marks),
        entries=tuple((e.point, e.kind is EventKind.ALERT) for e in facts.entries if start.at <= e.at <= end.at),
        tells=_tells(facts),
    )


def _nothing_open(facts: Facts, resolved: Point) -> bool:
    """Whether what comes after the resolution is only told of it, not done: then the drawing ends there."""
    return all(e.at <= resolved.at or e.kind in (EventKind.NOTE, EventKind.STATUS) for e in facts.entries)


def _milestones(at: Instants) -> tuple[tuple[str, Point | None], ...]:
    return (
        ("Impact start", at.impact_start),
        ("Detected", at.detected),
        ("Acknowledged", at.acknowledged),
        ("Mitigated", at.mitigated),
        ("Resolved", at.resolved),
    )


# ------------------------------------------------------------------ phases

_AFTER = (
    ("mitigated", "Watched", Tone.WATCHING),
    ("acknowledged", "Worked on", Tone.RESPONDING),
    ("detected", "Nobody on it", Tone.WAITING),
    ("impact_start", "Silent", Tone.SILENT),
)
_TITLES = (
    ("Impact start", "impact_start"),
    ("Detected", "detected"),
    ("Acknowledged", "acknowledged"),
    ("Mitigated", "mitigated"),
)


def _phases(at: Instants, end: Point) -> tuple[Bar, ...]:
    """The stretches between milestones, each named by the last milestone passed, in order of time."""
    passed = [(n, p) for n, _, _ in _AFTER if (p := getattr(at, n)) is not None]
    if at.detected is None and at.declared is not None:
        passed.append(("detected", at.declared))
    return _stretches(passed, at.resolved, end)


def _stretches(passed: list[tuple[str, Point]], resolved: Point | None, end: Point) -> tuple[Bar, ...]:
    passed.sort(key=lambda each: (each[1].at, each[1].seq))
    bars: list[Bar] = []
    seen: set[str] = set()
    for index, (name, begin) in enumerate(passed):
        seen.add(name)
        state, tone = next((label, tone) for key, label, tone in _AFTER if key in seen)
        until = passed[index + 1][1] if index + 1 < len(passed) else (resolved or end)
        if resolved is not None and until.at > resolved.at:
            until = resolved
        lasted = span(state, begin, until)
        if lasted is None or not lasted.seconds:
            continue
        if bars and bars[-1].tone is tone and bars[-1].end is not None:
            begin = bars.pop().start
            lasted = span(state, begin, until)
            assert lasted is not None
        about = "≈ " if lasted.coarse else ""
        says = f"{state} for {about}{words.length(lasted.seconds)}"
        bars.append(Bar(begin, until, f"{state} {about}{_rough(lasted.seconds)}", says, tone, beside=False))
    return tuple(bars)


def _rough(seconds: int) -> str:
    """At most two units, as a label has room for; the table has the whole."""
    parts = str(words.length(seconds)).split(" ")
    return " ".join(parts[:4])


def _phase_lanes(facts: Facts, end: Point) -> Iterable[Lane]:
    """One lane per component that has milestones of its own."""
    for phase in facts.phases:
        known = dict(phase.instants)
        passed = [(name, known[title]) for title, name in _TITLES if title in known]
        yield Lane(label(phase.component, 40), _stretches(passed, known.get("Resolved"), end), kind="phase")


# ------------------------------------------------------------------ who did what

_VERBS = {"rollback": "Rollback", "disable": "Switch-off", "enable": "Switch-on"}


def _deeds(facts: Facts, end: Point) -> Lane:
    """Decisions and actions: from asking to the proof."""
    bars = [bar for bar in (_privileged(action, end) for action in facts.privileged) if bar is not None]
    bars += [
        Bar(d.at, d.at, _of(d.kind or "action", d.component), _of(d.kind or "action", d.component) + _by(d.role),
            marks=(Mark(d.at, Shape.DOT, d.kind or "action"),))
        for d in facts.actions
    ]  # fmt: skip
    bars += [
        Bar(d.at, d.at, _of(d.kind or "decision", d.component), _of(d.kind or "decision", d.component) + _by(d.role),
            marks=(Mark(d.at, Shape.DIAMOND, d.kind or "decision"),))
        for d in facts.decisions
    ]  # fmt: skip
    return Lane("Decisions, actions", tuple(sorted(bars, key=lambda b: (b.start.at, b.start.seq))), packed=True)


def _of(kind: str, component: str) -> str:
    return f"{label(kind, 30)} of {label(component, 30)}" if component else label(kind, 40)


def _by(role: str) -> str:
    return f", by {label(role, 60)}" if role else ""


def _privileged(action: Privileged, end: Point) -> Bar | None:
    marks = []
    if action.asked is not None:
        marks.append(Mark(action.asked, Shape.RING, "asked"))
    verdict = action.verdict.text if action.verdict else ""
    if action.decided is not None:
        given = verdict in ("approved", "not needed")
        shape, tone = (Shape.DIAMOND, Tone.DONE) if given else (Shape.CROSS, Tone.WRONG)
        marks.append(Mark(action.decided, shape, label(verdict or "decided", 30), tone))
    if action.verified is not None:
        marks.append(Mark(action.verified, Shape.TICK, "read back and confirmed", Tone.DONE))
    elif action.started is not None:
        marks.append(Mark(action.started, Shape.DOT, "started"))
    if not marks:
        return None
    kind = _VERBS.get(action.kind, label(action.kind.capitalize(), 30))
    name = f"{kind} of {label(action.component, 40)}" if action.component else kind
    change = f" {label(action.before, 20)} → {label(action.after, 20)}" if action.before and action.after else ""
    who = ", ".join(label(d.text, 40) for d in action.deciders)
    decided = f"{verdict or 'not decided'}{f' by {who}' if who else ''}"
    how = action.outcome.text if action.outcome else action.result.text if action.result else ""
    tone = Tone.WRONG if action.went_wrong else Tone.DONE if action.took_effect else Tone.PLAIN
    first, last = marks[0].at, marks[-1].at
    # Kept short where it is drawn: what, and who decided; the rest stands in the table.
    return Bar(
        first,
        max(first, last, key=lambda p: p.at),
        f"{kind}{change or f' of {label(action.component, 30)}'}: {decided}",
        f"{name}{change}: {decided}{f', {label(how, 40)}' if how else ''}",
        tone,
        tuple(marks),
        first=True,
    )


def _lead(facts: Facts, end: Point) -> Lane:
    """Who led, and the gaps between."""
    roles = {e.seq: role_of(e.actor) for e in only(facts.entries, EventKind.ACK)}
    begin = facts.instants.acknowledged
    until = facts.instants.resolved or end
    passed = [h for h in facts.handoffs if h.state == "accepted" and h.role == "lead" and h.gap is not None]
    if begin is None and not passed:
        return Lane("Lead", ())
    bars: list[Bar] = []
    holder = label(roles.get(begin.seq, ""), 60) if begin is not None else label(passed[0].giver, 60)
    since = begin if begin is not None else facts.instants.declared or passed[0].at
    for handoff in passed:
        assert handoff.gap is not None
        if holder and handoff.at.at > since.at:
            bars.append(Bar(since, handoff.at, holder, f"led by {holder}", Tone.RESPONDING, beside=False))
        bars += _gap(handoff)
        holder, since = label(handoff.receiver, 60) or "not recorded", handoff.gap.end
    if holder and until.at > since.at:
        bars.append(Bar(since, until, holder, f"led by {holder}", Tone.RESPONDING, beside=False))
    return Lane("Lead", tuple(bars))


def _gap(handoff: Handoff) -> list[Bar]:
    gap = handoff.gap
    if gap is None or not gap.seconds:
        return []
    lasted = _rough(gap.seconds)
    says = f"hand-off to {label(handoff.receiver, 60) or 'not recorded'}, accepted after {words.length(gap.seconds)}"
    return [Bar(gap.start, gap.end, f"hand-off {lasted}", says, Tone.WAITING, hatched=True, beside=False, first=True)]


# ------------------------------------------------------------------ what was said, and what ran


def _updates(facts: Facts, end: Point) -> Lane:
    """Messages to people, the longest silence between them, and promises that were not kept."""
    comms = facts.comms
    marks = [
        Mark(p, Shape.DOT, f"update to {label(audience, 40)}" if audience else "update", Tone.RESPONDING)
        for p, audience in comms.rows
    ]
    bars: list[Bar] = []
    silence = comms.silence
    if silence is not None and silence.seconds:
        lasted = _rough(silence.seconds)
        says = f"longest silence {words.length(silence.seconds)}"
        bars.append(Bar(silence.start, silence.end, f"longest silence {lasted}", says, Tone.PLAIN, beside=False))
    for due, answer, kept in comms.promised:
        if kept:
            marks.append(Mark(due, Shape.DUE, "promised update, kept", Tone.DONE))
            continue
        late = span("late", due, answer or facts.instants.resolved or end)
        until = answer or facts.instants.resolved or end
        length = f" {words.length(late.seconds)}" if late is not None and answer is not None else ""
        marks.append(Mark(due, Shape.DUE, "promised update, not kept", Tone.WRONG))
        if until.at > due.at:
            bars.append(
                Bar(due, until, f"promised, late{length}" if length else "promised, none came",
                    f"promised update came{length} late" if length else "promised update never came", Tone.WRONG,
                    hatched=True, beside=False, first=True)
            )  # fmt: skip
    return Lane("Updates to people", tuple(bars), tuple(marks), packed=True)


def _switched(facts: Facts, end: Point) -> Lane:
    """What was switched off, until when it was to be, and when it was undone."""
    groups: dict[int, list[int]] = {}
    for index, step in enumerate(facts.overrides):
        if step.number is not None:
            groups.setdefault(step.number, []).append(index)
    bars = []
    for number, places in groups.items():
        steps = [facts.overrides[i] for i in places]
        undone = next((s.at for s in steps if s.phase in ("undone", "restored")), None)
        due = next((s.due for s in reversed(steps) if s.due is not None), None)
        begin = steps[0].at
        until = undone or end
        if until.at <= begin.at:
            continue
        name = label(steps[0].component, 40) or f"D-{number}"
        marks = [Mark(due, Shape.DUE, "due back")] if due is not None and due.at <= end.at else []
        says = f"{name} off (D-{number})" + (", undone" if undone else ", not undone")
        bars.append(Bar(begin, undone or end, f"{name} off", says, Tone.WAITING, tuple(marks), hatched=True))
    return Lane("Switched off", tuple(bars), packed=True)


def _state(facts: Facts, start: Point, end: Point) -> Iterable[Lane]:
    """Before, during and after of each thing that has a version, in one lane each."""
    where = {e.seq: e.point for e in facts.entries}
    for row in facts.state:
        bars = _versions(row, where, start, end)
        if bars:
            yield Lane(f"{row.category}{f': {label(row.subject, 48)}' if row.subject else ''}", bars, kind="state")


def _versions(row: StateRow, where: dict[int, Point], start: Point, end: Point) -> tuple[Bar, ...]:
    values: list[tuple[str, Point]] = []
    for said in (row.before, row.during, row.after):
        if said is None or said.seq not in where:
            continue
        if not values:
            known = row.before is said
            values.append((said.text, start if known else where[said.seq]))
        else:
            came = where[row.since] if said is row.after and row.since in where else where[said.seq]
            if values[-1][0] != said.text and came.at >= values[-1][1].at:
                values.append((said.text, came))
    bars = []
    for index, (text, since) in enumerate(values):
        until = values[index + 1][1] if index + 1 < len(values) else end
        before = index == 0 and row.before is not None
        if until.at > since.at or before:
            tone = (Tone.PLAIN, Tone.WAITING, Tone.DONE)[min(index, 2)] if len(values) > 1 else Tone.PLAIN
            bars.append(Bar(since, until, label(text, 40), label(text, 120), tone, beside=False, from_before=before))
    return tuple(bars)


# ------------------------------------------------------------------ words


def label(text: str, most: int) -> str:
    """Text from outside as a label: one line, no direction marks, few combining ones, at most so long."""
    kept: list[str] = []
    marks = 0
    for char in words.one_line(text):
        marks = marks + 1 if _combines(char) else 0
        if marks < 3:
            kept.append(char)
    return words.clip("".join(kept), most)


def _combines(char: str) -> bool:
    import unicodedata

    return unicodedata.combining(char) != 0


def _tells(facts: Facts) -> str:
    """The drawing in two or three sentences, for who does not see it."""
    bars = _phases(facts.instants, facts.instants.resolved or facts.last_recorded or facts.entries[-1].point)
    told = ", then ".join(bar.says[:1].lower() + bar.says[1:] for bar in bars)
    counted = Counter("action" if p.applied else "request" for p in facts.privileged)
    deeds = " and ".join(f"{n} {kind}{'' if n == 1 else 's'}" for kind, n in sorted(counted.items()))
    parts = [f"Drawn from {len(facts.entries)} entries."]
    parts += [f"{told[:1].upper()}{told[1:]}."] if told else []
    parts += [f"{deeds} on levers." if deeds else "", "The table below says the same."]
    return " ".join(part for part in parts if part)
