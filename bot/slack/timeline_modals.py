"""Forms of the timeline: a milestone, what is confirmed at resolve, a pasted block and its echo."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, tzinfo
from typing import Any, Final

from slack_sdk.models.blocks import Block, CheckboxesElement, InputBlock, Option, PlainTextObject

from bot.slack import ids
from bot.slack.blocks import escape, kit
from bot.slack.blocks.milestone import LESS_EXACT
from bot.slack.modal_values import ACTION, KINDS
from bot.slack.modals import component_field, form_view, select_field, severity_field, text_field, when_field
from playbooks.domain.backfill import Block as Lines
from playbooks.domain.backfill import Entered, local_text, utc_minutes
from playbooks.domain.incidents import Severity
from playbooks.domain.milestones import LABELS, NAMES
from playbooks.domain.timeline import EventKind, Precision
from playbooks.messages import Who
from playbooks.plays.milestones import Recorded

SHOWN: Final = 40
PART: Final = 3000
_FIELDS: Final = (
    (EventKind.IMPACT_START, "impact"),
    (EventKind.DETECTED, "detected"),
    (EventKind.AWARE, "aware"),
    (EventKind.ACK, "ack"),
    (EventKind.MITIGATED, "relief"),
)
Names = Callable[[str], Who | None]


def checkboxes(block_id: str, label: str, options: Sequence[tuple[str, str]], *, hint: str = "") -> InputBlock:
    """Boxes to tick; nothing is ticked for anybody."""
    shown = [Option(value=value, text=PlainTextObject(text=escape.shorten(text, 75))) for value, text in options[:10]]
    return InputBlock(
        block_id=block_id,
        label=PlainTextObject(text=label),
        element=CheckboxesElement(action_id=ACTION, options=shown),
        optional=True,
        hint=PlainTextObject(text=hint) if hint else None,
    )


def _day_time(at: datetime) -> str:
    return escape.moment(at, "{date_short_pretty} at {time}")


def _exact(precision: Precision) -> str:
    return f" ({LESS_EXACT[precision.value]})" if precision.value in LESS_EXACT else ""


def _line(row: Recorded, names: Names) -> str:
    """`Impact began: 21 Nov at 02:31, said by @dana`."""
    label = escape.bold(LABELS[row.kind])
    if row.at is None:
        return f"{label}: not recorded"
    if row.proposal:
        return f"{label}: not recorded; proposed {_day_time(row.at)}, {escape.value(row.proposal, 80)}"
    who = names(row.by)
    by = f", said by {escape.mention(who)}" if who is not None else ""
    return f"{label}: {_day_time(row.at)}{_exact(row.precision)}{by}"


def _early(asked: bool) -> list[Block]:
    """The question back, once a time lies long before the declaration."""
    if not asked:
        return []
    sure = [("sure", "Yes, it was more than a day before the declaration.")]
    return [checkboxes("sure", "⚠︎ That is long before. Is it right?", sure)]


def resolve(
    incident: int,
    rows: Sequence[Recorded] = (),
    names: Names = lambda _person: None,
    *,
    said: Mapping[str, datetime] | None = None,
    text: str = "",
    asked: bool = False,
) -> dict[str, Any]:
    """Resolve, after what is recorded of each milestone: to confirm, to correct, or to leave as not recorded.

    `said`: what was filled in before, by field, when the form is shown again.
    """
    held = {row.kind: row for row in rows}
    proposals = [(row.kind.value, f"{LABELS[row.kind]}, as proposed above") for row in rows if row.proposal]
    blocks: list[Block] = []
    if rows:
        blocks.append(kit.section(*(_line(row, names) for row in rows)))
    if proposals:
        hint = "Only what is ticked is recorded, as your word."
        blocks.append(checkboxes("confirmed", "Which proposals are right?", proposals, hint=hint))
    for kind, field in _FIELDS:
        row = held.get(kind)
        stated = row.at if row is not None and not row.proposal else None
        hint = "Another time here is a correction." if stated else "Empty: stays “not recorded”."
        label = "Relief: people were no longer hit" if kind is EventKind.MITIGATED else LABELS[kind]
        blocks.append(when_field(field, label, (said or {}).get(field, stated), hint=hint))
    blocks += _early(asked)
    blocks.append(text_field("text", "What ended it?", value=text, long=True, optional=True))
    return form_view(ids.MODAL_RESOLVE, "Resolve", "Resolve", ids.Value(incident=incident), *blocks)


def milestone(
    incident: int,
    components: Sequence[str],
    at: datetime | None,
    *,
    rows: Sequence[Recorded] = (),
    names: Names = lambda _person: None,
    chosen: str = "",
    component: str = "",
    text: str = "",
    asked: bool = False,
) -> dict[str, Any]:
    """State or correct one milestone, of the incident or of one component's own clock."""
    kinds = select_field("kind", "What?", ((NAMES[kind], label) for kind, label in LABELS.items()), chosen=chosen)
    recorded = [kit.section(*(_line(row, names) for row in rows))] if rows else []
    label = "Only for this component?"
    return form_view(
        ids.MODAL_MILESTONE,
        "Milestone",
        "Record",
        ids.Value(incident=incident),
        *recorded,
        *([kinds] if kinds is not None else []),
        when_field("when", "When?", at, optional=False),
        *([component_field(components, component, label, optional=True)] if components else []),
        text_field("text", "Words beside it, or why it is corrected", value=text, optional=True, most=600),
        *_early(asked),
    )


def backfill(
    incident: int | None,
    zone: str,
    *,
    text: str = "",
    channel: str = "",
    components: Sequence[str] = (),
    severities: Sequence[Severity] = (),
    past: tuple[str, str, str] = ("", "", ""),
) -> dict[str, Any]:
    """Paste lines; without an incident also what a past one is opened with. Nothing is written by this form."""
    what = [] if incident is not None else _past(components, severities, past)
    return form_view(
        ids.MODAL_BACKFILL,
        "Told afterwards",
        "Check",
        ids.Value(incident=incident, channel=channel),
        *what,
        *_pasted(text, zone),
        kit.section("You see every line with its time before anything is written."),
    )


def _past(components: Sequence[str], severities: Sequence[Severity], past: tuple[str, str, str]) -> list[Block]:
    title, component, severity = past
    return [
        kit.section("This channel belongs to no incident: the lines open one that is over already. Nobody is paged."),
        text_field("title", "What was wrong?", value=title, most=escape.TITLE),
        component_field(components, component, optional=True),
        severity_field(severities, severity, optional=True),
    ]


def _pasted(text: str, zone: str) -> list[Block]:
    parts = [text[:PART], text[PART : 2 * PART], text[2 * PART : 3 * PART]]
    cut = _cut(text) if len(text) > PART else parts
    hint = "2026-11-20 14:05 text · 14:05-14:20 text · ~14:05 alert: text · a date alone heads the lines below it"
    fields: list[Block] = [text_field("lines", "Lines, one thing a line", value=cut[0], long=True, hint=hint)]
    for number, part in enumerate(cut[1:3], start=2):
        if part or number == 2:
            label = "More lines, where the first field is full" if number == 2 else "Still more lines"
            fields.append(text_field(f"lines{number}", label, value=part, long=True, optional=True))
    fields.append(text_field("zone", "Zone of times that name none", value=zone, most=60, hint="Like Europe/Berlin."))
    return fields


def _cut(text: str) -> list[str]:
    """Pieces for the fields, cut between lines."""
    pieces = [""]
    for line in text.split("\n"):
        if len(pieces[-1]) + len(line) + 1 > PART and pieces[-1]:
            pieces.append("")
        pieces[-1] += ("\n" if pieces[-1] else "") + line
    return ([*pieces, "", ""])[: max(3, len(pieces))]


def echo(
    incident: int | None,
    lines: Lines,
    zone: tzinfo,
    digest: str,
    *,
    text: str,
    zone_text: str,
    channel: str = "",
    past: tuple[str, str, str] = ("", "", ""),
    components: Sequence[str] = (),
    severities: Sequence[Severity] = (),
    fault: str = "",
) -> dict[str, Any]:
    """How the block was read, each line in UTC and on the writer's clock; the block itself stays below to be mended.

    While a line cannot be read, or `fault` says what is missing, the form only checks again.
    """
    ready = not lines.unread and not fault
    count = len(lines.lines)
    submit = (f"Write {count} events" if count != 1 else "Write 1 event") if ready else "Check again"
    meta = ids.Value(incident=incident, channel=channel, hash=digest if ready else "")
    what = [] if incident is not None else _past(components, severities, past)[1:]
    view = form_view(
        ids.MODAL_BACKFILL,
        "Told afterwards",
        submit,
        meta,
        *([kit.section(f"⚠︎ {escape.prose(fault)}")] if fault else []),
        *_troubles(lines),
        *_read_lines(lines, zone),
        *what,
        *_pasted(text, zone_text),
    )
    return view


def _troubles(lines: Lines) -> list[Block]:
    if not lines.unread:
        return []
    told = [f"⚠︎ Line {bad.number} {escape.code(bad.text, 60)}: {escape.prose(bad.why)}" for bad in lines.unread[:8]]
    more = len(lines.unread) - 8
    return [kit.section("*Not readable yet*, nothing is written until these are mended:", *told, _more(more))]


def _more(count: int) -> str:
    return f"and {count} more." if count > 0 else ""


def _read_lines(lines: Lines, zone: tzinfo) -> list[Block]:
    shown = [_echoed(line, zone) for line in lines.lines[:SHOWN]]
    rest = len(lines.lines) - SHOWN
    blocks: list[Block] = [kit.section(*shown[n : n + 8]) for n in range(0, len(shown), 8)]
    return [*blocks, *kit.context(f"and {rest} more lines, read the same way" if rest > 0 else "")]


def _echoed(line: Entered, zone: tzinfo) -> str:
    until = ""
    if line.until is not None:
        end = utc_minutes(line.until)
        until = f" to {end[11:] if end[:10] == utc_minutes(line.at)[:10] else end}"
    kind = escape.value(line.kind.value.replace("_", " "), 30)
    about = line.component or str(line.payload.get("audience", ""))
    about = f" ({escape.value(about, 63)})" if about else ""
    marks = "".join(f" ⚠︎ {escape.value(mark, 80)}" for mark in line.marks)
    exact = _exact(line.precision) if line.precision is not Precision.MINUTE else ""
    clock = f"{utc_minutes(line.at)}{until} = {local_text(line.at, zone)}"
    return f"{line.number}. {clock}{exact} · *{kind}*{about} · {escape.value(line.text, 160)}{marks}"


_PRECISIONS: Final = (
    ("exact", "To the second"),
    ("minute", "To the minute"),
    ("approx", "About then"),
    ("hour", "To the hour"),
    ("day", "To the day"),
    ("unknown", "The time is not known"),
)


def line(
    incident: int | None,
    components: Sequence[str],
    *,
    at: datetime | None,
    text: str = "",
    kind: str = EventKind.NOTE.value,
    channel: str = "",
    ts: str = "",
) -> dict[str, Any]:
    """One line of the timeline; of a message (`channel`, `ts`) with the message's own words and time."""
    kinds = select_field("kind", "What is it?", ((each.value, label) for each, label in KINDS), chosen=kind)
    exact = select_field("precision", "How exact is that?", _PRECISIONS, chosen="exact" if ts else "minute")
    return form_view(
        ids.MODAL_TIMELINE,
        "Add to timeline",
        "Add",
        ids.Value(incident=incident, channel=channel, ts=ts),
        *([kinds] if kinds is not None else []),
        text_field("text", "What happened?", value=text, long=True),
        when_field("when", "When?", at, optional=False),
        *([exact] if exact is not None else []),
        *([component_field(components, "", "About which component?", optional=True)] if components else []),
        text_field("more", "By which right, or to whom?", optional=True, most=80, hint="Of a decision, or a message."),
    )
