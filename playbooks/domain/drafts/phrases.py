"""The filters templates use: each makes one fact into a phrase that cites its events."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

from playbooks.domain.authority import Right
from playbooks.domain.drafts import words
from playbooks.domain.drafts.authority import Grant, Refused
from playbooks.domain.drafts.deeds import Privileged, Said
from playbooks.domain.drafts.entries import Entry, Point, role_of
from playbooks.domain.drafts.words import NOT_RECORDED, Safe, cite, code
from playbooks.domain.likeness import Done
from playbooks.domain.people import ActorKind
from playbooks.domain.refusals import OTHERWISE, REASONS, reason_words
from playbooks.domain.rulings import Why
from playbooks.domain.timeline import Event, EventKind, Precision

_MENTION = re.compile(r"<@([A-Z0-9]+)(?:\|[^>]*)?>|(?<![\w.])@([\w.-]*\w)")
_WORD = re.compile(r"[^\W\d_]{2,}")
_HEX = re.compile(r"[0-9a-f]{12,64}")
_WORDS = {"made_worse": "made worse", "not_yet": "not yet seen", "not needed": "not needed"}
_KINDS = ("rollback", "disable", "enable", "action")
_OURS = frozenset(
    "worked failed unknown stale partial open confirmed refuted contradicted passed approved denied expired "
    "withdrawn extended closed".split()
)


class Moved(Protocol):
    """Something that went from one state to another."""

    @property
    def before(self) -> str:
        """The state before, may be empty."""

    @property
    def after(self) -> str:
        """The state after, may be empty."""


def recorded(value: object) -> Safe:
    """The words for what the chain does not hold."""
    return Safe(NOT_RECORDED) if not value else value if isinstance(value, Safe) else words.escape(str(value))


def clocked(point: Point) -> Safe:
    """The time alone, with the mark of a coarse one; the citation stands in a column of its own."""
    return Safe(f"{words.clock(point.at).removesuffix(' UTC')} UTC{words.mark(point.precision)}")


def said(value: Said | None) -> Safe:
    """A name or version with its citation."""
    return Safe(f"{code(value.text)} {cite(value.seq)}") if value is not None else recorded(None)


def roled(value: Said | None) -> Safe:
    """A role with its citation."""
    return Safe(f"{words.role(value.text)} {cite(value.seq)}") if value is not None else recorded(None)


def plain(value: Said | None) -> Safe:
    """One of our own words (`worked`, `confirmed`) with its citation."""
    return Safe(f"{worded(value.text)} {cite(value.seq)}") if value is not None else recorded(None)


def worded(text: str) -> Safe:
    """Our own word as such; any other as a quotation."""
    if text in _WORDS:
        return Safe(_WORDS[text])
    return Safe(text) if text in _OURS else code(text)


def moved(value: Moved) -> Safe:
    """`v43` → `v42`."""
    if not value.before and not value.after:
        return recorded(None)
    return Safe(f"{code(value.before) if value.before else NOT_RECORDED} → {_after(value)}")


def _after(value: Moved) -> str:
    return code(value.after) if value.after else NOT_RECORDED


def action(value: Privileged) -> Safe:
    """`Rollback of fraud-scorer: v43 → v42`."""
    kind = value.kind.capitalize() if value.kind in _KINDS else str(code(value.kind))
    of = f" of {code(value.component)}" if value.component else ""
    change = f": {moved(value)}" if value.before or value.after else ""
    return Safe(f"{kind}{of}{change}")


def outcome(value: Privileged) -> Safe:
    """How an action ended, as far as known."""
    if value.outcome is not None:
        return plain(value.outcome)
    return plain(value.result) if value.result is not None else Safe(f"result not recorded {cite(value.seqs[0])}")


def undo_due(value: Privileged) -> Safe:
    """Until when it was to be undone; only what is switched off has such an end."""
    if value.undo_due is not None:
        return words.when(value.undo_due)
    return recorded(None) if value.kind == "disable" else Safe("no end set")


def undone(value: Privileged) -> Safe:
    """When it was undone."""
    if value.undone is not None:
        return words.when(value.undone)
    return recorded(None) if value.kind == "disable" else Safe("not undone")


_CAPACITIES = {
    Why.HOLDER.value: "holder",
    Why.ON_CALL.value: "on call",
    Why.DEPUTY.value: "deputy",
    Why.NOT_NEEDED.value: "nobody had to be asked",
    "break_glass": "break-glass",
    "act_and_tell": "nobody answered, act and tell",
}


def capacity(used: str) -> Safe:
    """As what a right was used."""
    return Safe(_CAPACITIES[used]) if used in _CAPACITIES else recorded(None)


def wish(value: Grant | Refused) -> Safe:
    """`roll back fraud-scorer`: what was decided, or wanted."""
    of = f" {code(value.component)}" if value.component else ""
    if value.decision in {right.value for right in Right}:
        return Safe(f"{Right(value.decision).verb}{of}")
    return Safe(f"{code(value.decision)}{of}") if value.decision else Safe(f"a command on{of}" if of else "a command")


def reason(text: str) -> Safe:
    """Why somebody was refused."""
    return Safe(reason_words(text))


def acted(value: Done) -> Safe:
    """`rollback of fraud-scorer: v43 → v42`: an action of an earlier incident."""
    kind = value.kind if value.kind in _KINDS else str(code(value.kind)) if value.kind else "action"
    of = f" of {code(value.component)}" if value.component else ""
    return Safe(f"{kind}{of}: {moved(value)}" if value.before or value.after else f"{kind}{of}")


def since(point: Point) -> Safe:
    """An interval that has not ended."""
    return Safe(f"since {words.when(point)}, end not recorded")


def link(ref: str) -> Safe:
    """The source of a row; only web addresses become links."""
    if re.fullmatch(r"https?://[^\s<>()\[\]`|\\\"“”]+", ref):
        return Safe(f"[link]({ref})")
    return code(ref) if ref else Safe("no link")


def hexed(text: str) -> Safe:
    """A digest."""
    return Safe(text) if _HEX.fullmatch(text) else words.quote(text)


def who(entry: Entry) -> Safe:
    """The role that acted."""
    return words.role(role_of(entry.actor))


def severity(text: str, labels: Mapping[str, str]) -> Safe:
    """A severity's label as configured, else its id."""
    return words.role(labels.get(text, text))


def told(entry: Entry, roles: Mapping[str, str]) -> Safe:
    """The text of an entry in quotation marks, with persons replaced by the roles they had."""
    event = entry.event
    about = f"{code(entry.component)} " if entry.component else ""
    if event.redacted:
        return Safe(f"{about}redacted")
    return Safe(f"{about}{words.quote(without_persons(event.text, roles))}") if event.text else Safe(about or "no text")


def roles_by_person(events: Iterable[Event]) -> dict[str, str]:
    """Ids of persons in the chain to the role each had first."""
    found: dict[str, str] = {}
    for event in events:
        actor = event.new.actor
        if actor.kind is ActorKind.HUMAN:
            for name in (actor.id, actor.slack):
                if name:
                    found.setdefault(name, role_of(actor))
    return found


def without_persons(text: str, roles: Mapping[str, str]) -> str:
    """Mentions of persons as roles: the document goes to more people than the channel has."""

    def role(match: re.Match[str]) -> str:
        slack, name = match[1], match[2]
        known = roles.get(slack or name or "")
        if known is not None:
            return f"({known})"
        return "(a person)" if slack else match[0]

    return _MENTION.sub(role, text)


def spoken(*texts: str) -> frozenset[str]:
    """The words of some texts, in small letters."""
    return frozenset(word for text in texts for word in _WORD.findall(text.lower()))


# Every word a filter says by itself: a line of the document has no others but its template's and its events'.
SPOKEN = spoken(
    NOT_RECORDED,
    *_WORDS.values(),
    *_KINDS,
    *_OURS,
    *_CAPACITIES.values(),
    *(right.verb for right in Right),
    *REASONS.values(),
    OTHERWISE,
    *(kind.value.replace("_", " ") for kind in EventKind),
    *map(str, map(words.mark, Precision)),
    "alert user report evaluation person unknown UTC link no end set not undone a command on of in since text redacted",
    "Muster responder member result lead",
    "upstream component, same component, failure and signal",
)

FILTERS: dict[str, Callable[..., Safe | str]] = {
    "acted": acted,
    "action": action,
    "capacity": capacity,
    "cite": cite,
    "cites": words.cites,
    "clip": words.clip,
    "clock": words.clock,
    "clocked": clocked,
    "code": code,
    "hex": hexed,
    "lasted": words.lasted,
    "link": link,
    "md": words.escape,
    "moved": moved,
    "outcome": outcome,
    "plain": plain,
    "quote": words.quote,
    "reason": reason,
    "recorded": recorded,
    "role": words.role,
    "roled": roled,
    "said": said,
    "since": since,
    "undo_due": undo_due,
    "undone": undone,
    "when": words.when,
    "who": who,
    "wish": wish,
    "worded": worded,
}
