"""The messages of an action: preview, request, status, and what is switched off."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from playbooks.messages.parts import Fact, Who


@dataclass(frozen=True, slots=True)
class Preview:
    """What a lever would do; only the requester sees it.

    Attributes:
        action: number of the action. verb: `Roll back` or `Disable` or `Enable`. before, after: versions or on/off.
        note: about the target; current: about what serves now. affects: components that read this one.
        takes: seconds. proof: how it will be proved. deciders, deputies: who may decide; needed: how many.
        confirm_is_approval: the requester holds the right and no second person is asked.
        if_silent: what happens when nobody answers; in it `{0}`, `{1}` stand for the deputies.
        others: versions to choose from instead.
        ends_after: seconds of a disable. warning: must be seen. hash: the whole plan hash.
        maturity: that the lever never ran against the real service, in words; empty for one that did.
    """

    action: int
    verb: str
    component: str
    before: str
    after: str
    note: str
    current: str
    affects: tuple[str, ...]
    takes: int
    proof: str
    deciders: tuple[Who, ...]
    deputies: tuple[Who, ...]
    needed: int
    confirm_is_approval: bool
    if_silent: str
    expires_at: datetime
    hash: str
    others: tuple[str, ...] = ()
    ends_after: int | None = None
    warning: str = ""
    incident: str = ""
    maturity: str = ""


@dataclass(frozen=True, slots=True)
class Ask:
    """An approval request, to a holder by DM and in the channel; edited when it is decided (`closed` says how).

    Attributes:
        closed: a clause in which `{0}`, `{1}` stand for `closed_by`; empty while it is open. closed_at: when.
        ended: the state in which the approved action ended, empty while it runs; ended_at: when its proof was read.
        warnings: what who decides must see, each a sentence.
    """

    action: int
    verb: str
    component: str
    before: str
    after: str
    requester: Who
    because: str
    incident: str
    severity: str
    hash: str
    expires_at: datetime
    deciders: tuple[Who, ...]
    given: int
    needed: int
    ends_after: int | None = None
    plan: tuple[Fact, ...] = ()
    closed: str = ""
    closed_by: tuple[Who, ...] = ()
    closed_at: datetime | None = None
    in_channel: bool = False
    until: datetime | None = None
    warnings: tuple[str, ...] = ()
    ended: str = ""
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ErrandNote:
    """Something that a person is asked to do by hand; edited when somebody has said how it went.

    Attributes:
        verb: `roll back`, `disable` … asked: who was asked, with roles. instructions: what to do, as the registry says.
        reader: the provider that reads it back, empty for none. open: whether an answer is still awaited.
        claimed_by, evidence, claimed_at: who says that it is done, and what shows it.
        ended: the state in which it ended without a claim. error: why it could not be done.
        declined: who was asked and said that they cannot, with why. seen: what was read back after the claim;
            contradicted: whether that is something else than was said.
    """

    action: int
    verb: str
    component: str
    before: str
    after: str
    incident: str
    because: str
    instructions: str
    asked: tuple[Who, ...]
    reader: str
    open: bool
    claimed_by: Who | None = None
    evidence: str = ""
    claimed_at: datetime | None = None
    ended: str = ""
    error: str = ""
    in_channel: bool = False
    declined: tuple[tuple[Who, str], ...] = ()
    seen: str = ""
    contradicted: bool = False


@dataclass(frozen=True, slots=True)
class ActionStatus:
    """One message per action in the incident channel that edits itself.

    Attributes:
        steps: what is true so far, in order, each a clause with its time (`approved by {0}`, `alias moved`);
            `{0}`, `{1}` stand for `people`.
        state: a value of `ActionState` from approved on.
        evidence: of the last verification, where no step says it. undo: the command that takes it back. note: one more
            line.
    """

    action: int
    verb: str
    component: str
    before: str
    after: str
    state: str
    steps: tuple[tuple[str, datetime | None], ...]
    evidence: str
    undo: str = ""
    note: str = ""
    error: str = ""
    people: tuple[Who, ...] = ()


@dataclass(frozen=True, slots=True)
class OverrideNote:
    """A component that is switched off, until when, and what can be done; edited until it is on again.

    Attributes:
        claimed_by, claim: who says that it was done by hand, and their evidence, where nothing read it back.
        phase: `switching` (being switched off), `off`, `warning` (ends soon), `overdue` (end came, may not restore
            itself), `restoring`, `on`, `was` (on again, and another message says so).
        restores_itself: whether it does at its end; `only_if` what must hold by then, `why_not` why it does not.
    """

    override: int
    component: str
    phase: str
    due_at: datetime
    since: datetime
    warn_at: datetime | None
    holder: Who
    evidence: str
    confirmed_at: datetime | None
    restores_itself: bool
    why_not: str
    incident: str
    ask: tuple[Who, ...] = ()
    closed_at: datetime | None = None
    action: int = 0
    only_if: str = ""
    claimed_by: Who | None = None
    claim: str = ""
