"""Clocks of authorities: what runs, until when, and what is needed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from playbooks.messages.parts import Tag, Who


@dataclass(frozen=True, slots=True)
class ClockRow:
    """One stage of a running clock.

    Attributes:
        entry: number in the ledger, 0 where it has none. clock, stage: ids as typed. title, what: the same in words.
        says: the rule in the words of its source. needs: what must be in it.
        due_at: None where it has no length or waits; `waits` says for what. sent_at: None while it is not sent.
    """

    entry: int
    clock: str
    stage: str
    title: str
    what: str
    says: str
    needs: tuple[str, ...]
    due_at: datetime | None = None
    overdue: bool = False
    waits: str = ""
    sent_at: datetime | None = None
    reference: str = ""
    source: str = ""
    checked: str = ""


@dataclass(frozen=True, slots=True)
class ClockList:
    """`/inc clock`: what is to be sent, the next first, then what was sent.

    Attributes:
        verdict: yes, no, undecided, or empty where nobody decided. because: its reason. aware_at: since when known.
        deciders: who may decide. choices: clocks there are, as (id, title), while none runs.
    """

    tag: Tag
    verdict: str
    because: str
    decided_at: datetime | None
    aware_at: datetime | None
    rows: tuple[ClockRow, ...]
    deciders: tuple[Who, ...] = ()
    choices: tuple[tuple[str, str], ...] = ()
