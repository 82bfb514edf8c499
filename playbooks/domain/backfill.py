"""A pasted block of lines, read as events: each with its time in UTC, its kind, and what is odd about it."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, tzinfo
from hashlib import sha256
from typing import Any, Final
from zoneinfo import available_timezones

from playbooks.domain.clocks import parse_when, zone_name, zone_of
from playbooks.domain.milestones import LABELS, MILESTONES
from playbooks.domain.timeline import EventKind, Precision, utc_text
from playbooks.domain.wording import plain
from playbooks.errors import InputError

MOST_LINES: Final = 200
LONGEST: Final = 3000
FAR_BEFORE: Final = timedelta(days=1)
_BACK: Final = timedelta(hours=12)

_KIND_WORDS: Final[dict[EventKind, str]] = {
    EventKind.ALERT: "alert alarm",
    EventKind.CHANGE: "change deploy deployment release",
    EventKind.DECLARED: "declared opened",
    EventKind.DETECTED: "detected noticed",
    EventKind.AWARE: "aware",
    EventKind.IMPACT_START: "impact impact-start impact-began impact-begins",
    EventKind.IMPACT_CHANGE: "impact-change impact-changed",
    EventKind.ACK: "ack acknowledged",
    EventKind.STATUS: "status",
    EventKind.HANDOFF: "handoff hand-off",
    EventKind.COMMS: "comms update told status-page",
    EventKind.NOTE: "note",
    EventKind.HYPOTHESIS: "hypothesis think",
    EventKind.OBSERVATION: "observation observed",
    EventKind.REPORT: "report reported",
    EventKind.DECISION: "decision decided",
    EventKind.ACTION: "action did",
    EventKind.VERIFICATION: "verification verified",
    EventKind.PAGE: "page paged",
    EventKind.MITIGATED: "mitigated mitigation",
    EventKind.RESOLVED: "resolved",
}
KINDS: Final[dict[str, EventKind]] = {word: kind for kind, words in _KIND_WORDS.items() for word in words.split()}

_CLOCK = r"[0-2]?\d:[0-5]\d(?::[0-5]\d(?:[.,]\d+)?)?(?:\s*[ap]\.?m\b\.?)?"
_DAY = r"\d{4}-\d{2}-\d{2}"
_NAMED_ZONE = r"(?-i:UTC|GMT|Z)(?![A-Za-z])|(?-i:[A-Z][A-Za-z_]+/[A-Z][A-Za-z_/+-]*)"
_ZONE = rf"{_NAMED_ZONE}|[+-]\d{{2}}:?\d{{2}}(?!\d)"
_ABOUT = r"~|≈|approx(?:\.|imately)?|about|around|ca\."
# `14:05 +1200 errors` names no zone: without a colon it has to stand right at the time.
_LINE = re.compile(
    rf"(?:at\s+)?(?P<about>(?:{_ABOUT})\s*)?(?:(?P<day>{_DAY})(?P<t>T|[ ,]+)\s*)?(?P<about2>(?:{_ABOUT})\s*)?"
    rf"(?P<clock>{_CLOCK})"
    rf"(?:(?:\s+(?:-|–|—|to)\s+|(?P<tight>-|–|—))(?:(?P<until_day>{_DAY})[T ])?(?P<until>{_CLOCK}))?"
    rf"(?P<zone>\s*(?:{_NAMED_ZONE})|\s*[+-]\d{{2}}:\d{{2}}(?!\d)|[+-]\d{{4}}(?!\d))?"
    r"(?=$|[\s:;,.|\])–—-])(?P<rest>.*)",
    re.IGNORECASE | re.DOTALL,
)
_HEADING = re.compile(
    rf"(?:#+\s*)?(?:on\s+)?(?:[A-Z][a-z]+day,?\s+)?(?P<day>{_DAY})(?:\s*\(?(?P<zone>{_ZONE})\)?)?\s*[:.]?",
    re.IGNORECASE,
)
_WHOLE_DAY = re.compile(rf"(?P<about>(?:{_ABOUT})\s*)?(?P<day>{_DAY})\s*[:,|–—-]?\s+(?P<rest>\S.*)", re.DOTALL)
_ALL_TIMES = re.compile(
    rf"(?:#+\s*)?(?:all\s+)?(?:times?|zone|time\s*zone)\s*(?:are\s+|is\s+)?(?:in\s+)?[:=]?\s*(?P<zone>{_ZONE})\s*\.?",
    re.IGNORECASE,
)
# Letters that several zones share (CST, IST, BST): two readings, so none.
_LETTERS = re.compile(r"\s*\(?((?:[ECMPAB]|NZ|AE|AC|AW|CE|EE|WE|J|K|I|MS|SG|HK)[SD]?T)\b")
_KIND = re.compile(r"(?P<head>[A-Za-z\[(][\w \[\])(-]{1,80}?)\s*:(?!\S*//)\s*(?P<text>.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Entered:
    """One line that is understood.

    Attributes:
        number: its line in the block, from 1. at, until: UTC. zone: in which it was written.
        component: what it is about. payload: facts of its kind; a milestone of a component has its `phase` there.
        marks: what a reader should look at before it is written.
    """

    number: int
    kind: EventKind
    text: str
    at: datetime
    until: datetime | None = None
    precision: Precision = Precision.MINUTE
    zone: str = "UTC"
    component: str = ""
    payload: Mapping[str, Any] = field(default_factory=dict)
    marks: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """The same line written twice is one event."""
        parts = (
            utc_text(self.at),
            utc_text(self.until),
            self.kind.value,
            self.component,
            self.payload.get("phase"),
            self.text,
        )
        return f"backfill:{sha256(repr(parts).encode()).hexdigest()[:40]}"


@dataclass(frozen=True, slots=True)
class Unread:
    """A line that cannot be read, and why, with what to write instead."""

    number: int
    text: str
    why: str


@dataclass(frozen=True, slots=True)
class Block:
    """What was understood of a block. `zone`: the one used for lines that name none."""

    lines: tuple[Entered, ...]
    unread: tuple[Unread, ...]
    zone: str


@dataclass(frozen=True, slots=True)
class Frame:
    """What a block is read against.

    Attributes:
        now: the time. zone: of the writer. day: of lines under no date. declared: when the incident was declared, None
            for one that is only being opened. components: known ids.
    """

    now: datetime
    zone: tzinfo
    day: date | None = None
    declared: datetime | None = None
    components: Collection[str] = ()


def read_block(text: str, frame: Frame) -> Block:
    """Read a pasted block: `2026-11-20 14:05 text`, `14:05 text`, `14:05-14:20 text`, `~14:05 alert: text`.

    A line with a date alone is the heading of those below it; `times in Europe/Berlin` names their zone. A line
    without a time goes on with the line above it. Nothing is dropped: what cannot be read is named with its number.

    Raises:
        InputError: for a block without a line, or with more than `MOST_LINES`.
    """
    written = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    filled = [(number, line) for number, line in enumerate(written, start=1) if _bare(line)]
    if not filled:
        raise InputError("There is no line in that.", "Paste lines like `14:05 alert: declines doubled`.")
    if len(filled) > MOST_LINES:
        raise InputError(f"That block has {len(filled)} lines; {MOST_LINES} at most.", "Paste it in parts.")
    reader = _Reader(frame)
    for number, line in filled:
        reader.take(number, line)
    return Block(tuple(reader.lines), tuple(reader.unread), zone_name(reader.zone))


def _bare(line: str) -> str:
    """A line without list marks, table bars and brackets around its time."""
    low = re.sub(r"^\s*(?:[-*•>]\s+|\|\s*)+", "", line).strip()
    low = low.removesuffix("|").rstrip()
    low = "" if re.fullmatch(r"[-|:=_\s]*", low) else low
    return re.sub(r"^[\[(](~?[^\[\]()]{4,40})[\])]", r"\1", low)


class _Reader:
    """Goes through the lines with the day and zone they stand under."""

    def __init__(self, frame: Frame) -> None:
        self.frame, self.zone, self.day = frame, frame.zone, frame.day
        self.assumed = True  # the day stands in no line
        self.lines: list[Entered] = []
        self.unread: list[Unread] = []
        self._last: datetime | None = None  # local time of the line before

    def take(self, number: int, line: str) -> None:
        """One line; it may be a heading."""
        bare = _bare(line)
        try:
            self._take(number, bare)
        except InputError as error:
            self.unread.append(Unread(number, plain(bare, 80), error.told))

    def _take(self, number: int, bare: str) -> None:
        heading = _HEADING.fullmatch(bare)
        named = _ALL_TIMES.fullmatch(bare)
        if heading is not None:
            self.zone = zone_of(heading["zone"]) if heading["zone"] else self.zone
            self._on(heading["day"])
            return
        if named is not None:
            self.zone = zone_of(named["zone"])
            return
        found, whole = _LINE.fullmatch(bare), _WHOLE_DAY.fullmatch(bare)
        if found is not None:
            self._add(number, found)
        elif whole is not None:
            self._add_day(number, whole)
        else:
            self._go_on(number, bare)

    def _on(self, day: str) -> None:
        try:
            self.day = date.fromisoformat(day)
        except ValueError:
            raise InputError(f"`{day}` is a day that does not exist.", "Mend the date.") from None
        self.assumed, self._last = False, None

    def _go_on(self, number: int, bare: str) -> None:
        """A line without a time belongs to the one above, if there is one that was read."""
        if not self.lines or (self.unread and self.unread[-1].number > self.lines[-1].number):
            raise InputError("It has no time.", "Begin it with one, like `14:05`.")
        above = self.lines[-1]
        text = f"{above.text}\n{bare}"
        _check_length(text)
        self.lines[-1] = Entered(**{**_fields(above), "text": text})

    def _add_day(self, number: int, found: re.Match[str]) -> None:
        self._on(found["day"])
        at = self._at(found["day"], "00:00", "")
        kind, component, payload, text = self._meaning(found["rest"])
        self.lines.append(
            Entered(
                number, kind, text, at, None, Precision.DAY, zone_name(self.zone), component, payload, self._marks(at)
            )
        )

    def _add(self, number: int, found: re.Match[str]) -> None:
        part = _parts(found)
        letters = _LETTERS.match(part["rest"])
        if letters is not None and not part["zone"]:
            raise InputError(
                f"{letters[1]} can be more than one zone.", "Write the offset, like `-08:00`, or `America/New_York`."
            )
        if part["day"]:
            self._on(part["day"])
        day, marks = self._day_of(part)
        at = self._at(day.isoformat(), part["clock"], part["zone"])
        until = self._until(part, day, at)
        kind, component, payload, text = self._meaning(part["rest"])
        exact = Precision.EXACT if part["clock"].count(":") == 2 else Precision.MINUTE
        precision = Precision.APPROX if part["about"] else Precision.SPAN if until is not None else exact
        zone = zone_name(zone_of(part["zone"]) if part["zone"] else self.zone)
        self.lines.append(
            Entered(number, kind, text, at, until, precision, zone, component, payload, (*marks, *self._marks(at)))
        )

    def _day_of(self, part: Mapping[str, str]) -> tuple[date, tuple[str, ...]]:
        """The day a line without one belongs to: that above it, and the next one after midnight."""
        if self.day is None:
            raise InputError("It has no date.", "Put a line with the date above it, like `2026-11-20`.")
        marks = ("no date: that of the incident",) if self.assumed else ()
        local = datetime.combine(self.day, datetime.min.time()) + _clock_key(part["clock"])
        if not part["day"] and self._last is not None and self._last - local >= _BACK:
            self.day += timedelta(days=1)
            local += timedelta(days=1)
            marks = (f"after midnight: {self.day.isoformat()}",)
        self._last = local
        return self.day, marks

    def _at(self, day: str, clock: str, zone: str) -> datetime:
        said = f"{day} {_plain_clock(clock)} {zone}".strip()
        return parse_when(said, self.frame.now, self.zone).at

    def _until(self, part: Mapping[str, str], day: date, at: datetime) -> datetime | None:
        if not part["until"]:
            return None
        until = self._at(part["until_day"] or day.isoformat(), part["until"], part["zone"])
        if until < at and not part["until_day"]:
            until = self._at((day + timedelta(days=1)).isoformat(), part["until"], part["zone"])
        if until < at:
            raise InputError("It ends before it begins.", "Turn the two times round.")
        return until

    def _marks(self, at: datetime) -> tuple[str, ...]:
        declared = self.frame.declared
        far = declared is not None and declared - at > FAR_BEFORE
        return ("more than a day before the declaration",) if far else ()

    def _meaning(self, rest: str) -> tuple[EventKind, str, dict[str, Any], str]:
        """Kind, component, facts and words of what stands behind the time."""
        words = re.sub(r"^\s*[\])]?\s*(?:[:;,|–—]|-(?=\s))?\s*", "", rest).strip()
        alone = KINDS.get(_kind_word(words))
        if alone in MILESTONES:
            return alone, "", {}, LABELS[alone].lower()
        found = _KIND.fullmatch(words)
        if found is not None:
            kind, about = _kind_of(found["head"])
            if kind in MILESTONES or kind is EventKind.COMMS or not about or about in self.frame.components:
                return self._placed(kind, about, words if kind is None else found["text"].strip())
        return self._placed(None, "", words)

    def _placed(self, kind: EventKind | None, about: str, words: str) -> tuple[EventKind, str, dict[str, Any], str]:
        words = words or (LABELS[kind].lower() if kind in MILESTONES else "")
        if not words:
            raise InputError("It has a time but no words.", "Say what happened then.")
        _check_length(words)
        if kind is EventKind.COMMS:
            return kind, "", {"audience": about} if about else {}, words
        if kind in MILESTONES and about:
            if about not in self.frame.components:
                raise InputError(f"There is no component `{plain(about, 63)}`.", "Mend its name, or leave it out.")
            return kind, about, {"phase": about}, words
        return kind or EventKind.NOTE, about, {"state": "open"} if kind is EventKind.HYPOTHESIS else {}, words


def _kind_of(head: str) -> tuple[EventKind | None, str]:
    """`impact began api` is a kind and what it is about; (None, "") where the words name no kind."""
    said = re.sub(r"[\[\]()]", " ", head).split()
    for length in (2, 1):
        kind = KINDS.get(_kind_word(" ".join(said[:length])))
        if kind is not None and len(said) <= length + 1:
            return kind, said[length].lower() if len(said) > length else ""
    return None, ""


def _parts(found: re.Match[str]) -> dict[str, str]:
    """What a line's pieces are; raises InputError where a piece has two readings.

    `14:05-08:00` is a span to some and a zone to others; after a `T` it is a zone to all. What looks like the name of
    a zone and is none belongs to the words.
    """
    part = {name: (value or "").strip() for name, value in found.groupdict().items()}
    part["about"] = part["about"] or part["about2"]
    if "/" in part["zone"] and part["zone"] not in available_timezones():
        part["rest"], part["zone"] = f"{part['zone']}{found['rest']}", ""
    until = part["until"]
    if part["tight"] != "-" or part["zone"] or part["until_day"] or not re.fullmatch(r"(?:0\d|1[0-4]):[0-5]\d", until):
        return part
    if found["t"] in ("T", "t"):
        part["zone"], part["until"] = f"-{until}", ""
    elif until.endswith(("00", "30", "45")) and _clock_key(until) < _clock_key(part["clock"]):
        raise InputError(
            f"`{part['clock']}-{until}` can be a span or a zone.",
            f"Write `{part['clock']} -{until}` for the zone, or ` - ` between the times of a span.",
        )
    return part


def _plain_clock(clock: str) -> str:
    """`2:05 p.m.` as `2:05 pm`, without fractions of a second."""
    return re.sub(r"(?<=[ap])\.m\.?", "m", re.sub(r"(?<=:\d\d)[.,]\d+", "", clock), flags=re.IGNORECASE).rstrip(".")


def _kind_word(words: str) -> str:
    return re.sub(r"[ _]", "-", words.strip().rstrip(".").lower())


def _clock_key(clock: str) -> timedelta:
    hour, minute, *_ = (int(part) for part in re.findall(r"\d+", clock))
    if "p" in clock.lower() and hour < 12:
        hour += 12
    return timedelta(hours=hour, minutes=minute)


def _check_length(text: str) -> None:
    if len(text) > LONGEST:
        raise InputError(f"Its words are too many ({len(text)} characters; {LONGEST} at most).", "Shorten it.")


def _fields(line: Entered) -> dict[str, Any]:
    return {name: getattr(line, name) for name in Entered.__dataclass_fields__}


def local_text(at: datetime, zone: tzinfo) -> str:
    """`2026-11-20 15:05 CET`: a moment on the writer's clock."""
    return at.astimezone(zone).strftime("%Y-%m-%d %H:%M %Z")


def utc_minutes(at: datetime) -> str:
    """`2026-11-20 14:05 UTC`."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
