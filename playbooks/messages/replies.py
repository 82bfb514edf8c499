"""Answers to one person: a sentence, a refusal, the help, the home tab."""

from __future__ import annotations

from dataclasses import dataclass, field

from playbooks.messages.actions import Ask, OverrideNote
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
    """App Home: open incidents, approvals that wait for the reader, overrides held by the reader, notices."""

    incidents: tuple[IncidentRow, ...]
    approvals: tuple[Ask, ...]
    overrides: tuple[OverrideNote, ...]
    notices: tuple[str, ...] = field(default_factory=tuple)
