"""Answers to one person: a sentence, a refusal, the help, the home tab."""

from __future__ import annotations

from dataclasses import dataclass, field

from playbooks.messages.actions import Ask, OverrideNote
from playbooks.messages.gaps import EntryToConfirm
from playbooks.messages.incidents import HandoffOffer
from playbooks.messages.ledger import EntryNote
from playbooks.messages.lists import IncidentRow
from playbooks.messages.parts import Who


@dataclass(frozen=True, slots=True)
class Refusal:
    """Refusals are help: one sentence, the next step, and who could be asked.

    Attributes:
        ask: persons with a button `Ask @…`. who_may: component for a `Who may?` button, empty for none.
        suggestion: a command line to run instead (`/disable auto-decline for 4h`); `suggestion_label`: its button.
    """

    sentence: str
    next_step: str = ""
    ask: tuple[Who, ...] = ()
    who_may: str = ""
    suggestion: str = ""
    suggestion_label: str = ""


@dataclass(frozen=True, slots=True)
class Say:
    """A short plain reply: what was done, and at most one hint."""

    text: str
    hint: str = ""
    mentions: tuple[Who, ...] = ()  # `{0}`, `{1}` in text and hint stand for these
    page: str = ""  # address of a page for people that shows it


@dataclass(frozen=True, slots=True)
class Help:
    """`/inc help` and the menu: groups of (command, what it does); `brief` names the commands alone."""

    root: str
    groups: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]
    nearest: str = ""
    unknown: str = ""
    brief: bool = False


@dataclass(frozen=True, slots=True)
class Home:
    """App Home: what waits for the reader (approvals, hand-offs, entries to confirm), what the reader holds, notices.

    `incidents` are the reader's own: led, acknowledged or of one of the reader's teams; `others` counts the rest.
    `entries` are risks, freezes and follow-ups the reader holds, and reviews the reader owes.
    """

    incidents: tuple[IncidentRow, ...]
    approvals: tuple[Ask, ...]
    overrides: tuple[OverrideNote, ...]
    notices: tuple[str, ...] = field(default_factory=tuple)
    handoffs: tuple[HandoffOffer, ...] = ()
    confirm: tuple[EntryToConfirm, ...] = ()
    others: int = 0
    entries: tuple[EntryNote, ...] = ()
