"""The messages of an incident: the owner's first one, the card, hand-offs, updates, its end."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from playbooks.domain.documents import DocumentState
from playbooks.messages.parts import Changed, Fact, Tag, Who


@dataclass(frozen=True, slots=True)
class OwnerNote:
    """The first message: in the owner team's own channel. Edited as the incident goes on.

    Attributes:
        signal: the typed reading in one line (`Drift · PSI of score 0.34, limit 0.20, …`).
        since: when the signal first broke its limit; silent: seconds between that and detection.
        on_call: who is on call now; nobody resolved -> empty, then `fallback` says who is asked instead. With somebody
            on call it says what is to be known about that: a source that is down, somebody the registry lacks.
        changes: what changed before, newest first.
        unowned: no component's matcher fits; the triage team is asked to say whose it is.
        over: nothing is asked any more (resolved, cancelled): no buttons but the channel.
        alerts: `3 alerts (2 firing)`. suggestion: `all alerts have ended` when so, else empty.
    """

    tag: Tag
    summary: str
    signal: str
    since: datetime | None
    silent: int | None
    on_call: tuple[Who, ...]
    fallback: str
    lead: Who | None
    changes: tuple[Changed, ...]
    alerts: str
    unowned: bool = False
    acknowledged_by: Who | None = None
    suggestion: str = ""
    over: bool = False
    mentioned: Who | None = None  # passed on by "Not me": who is asked now
    why: str = ""  # of an escalation: why `mentioned`, or the channel, is asked


@dataclass(frozen=True, slots=True)
class Lever:
    """A lever button on the card."""

    kind: str  # rollback | disable
    component: str


@dataclass(frozen=True, slots=True)
class StandingLine:
    """An accepted risk or a freeze on the card: `kind` as in the ledger, until when, its number."""

    component: str
    kind: str
    due_at: datetime
    number: int
    overdue: bool = False


@dataclass(frozen=True, slots=True)
class Card:
    """The pinned message of the incident channel: desired state, always the newest version.

    Attributes:
        next: the one obvious next action, a sentence; `next_action` is the id of its button (`rollback`, `ack`,
            `resolve`,
            `mitigated`, `update`, `postmortem`, `none`), which is the primary one.
        signal: the typed reading in one line; since: when it first broke its limit.
        silent: seconds between that and detection. containment, automation, fallback: one clause each.
        decide: who may decide the next lever, with roles.
        overrides: open overrides in words with their end (`auto-decline off until …`): (component, due, debt number).
        update_due: next update to people, None when none is due.
        asks: the milestone nobody has stated yet and people can know now (`impact`, `aware`), empty for none.
        page: address of the incident's page, of its draft when it is over; empty while pages are off.
    """

    tag: Tag
    next: str
    next_action: str
    lead: Who | None
    comms: Who | None
    silent: int | None
    opened_at: datetime
    over_at: datetime | None
    signal: str
    alerts: str
    upstream: tuple[Fact, ...]
    containment: str
    automation: tuple[Fact, ...]
    fallback: str
    decide: tuple[Who, ...]
    levers: tuple[Lever, ...]
    overrides: tuple[tuple[str, datetime, int], ...] = ()
    standing: tuple[StandingLine, ...] = ()
    since: datetime | None = None
    update_due: datetime | None = None
    suggestion: str = ""
    over: bool = False
    asks: str = ""
    page: str = ""


@dataclass(frozen=True, slots=True)
class HandoffOffer:
    """A hand-off of a role, to its receiver and in the channel; edited when it is answered.

    Attributes:
        handoff: its number. state: offered, accepted, declined, withdrawn. brief: what the receiver has to know.
    """

    tag: Tag
    handoff: int
    role: str
    giver: Who
    receiver: Who
    brief: tuple[Fact, ...]
    state: str
    offered_at: datetime
    answered_at: datetime | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Resolved:
    """Posted when an incident is resolved: the figures and the draft. Edited as its document goes on.

    Attributes:
        next: what is to be done with the document, as in `playbooks.domain.documents.next_of`.
        required: whether somebody has to write it.
    """

    tag: Tag
    figures: tuple[Fact, ...]
    facts_checked: int
    events: int
    questions: int
    owner: Who | None
    review_due: datetime | None
    link: str = ""
    similar: tuple[str, ...] = ()
    anchor: str = ""
    published: tuple[tuple[str, str], ...] = ()  # name and link of each destination that shows the document
    state: DocumentState = DocumentState.DRAFT
    required: bool = True
    next: str = "answer"


@dataclass(frozen=True, slots=True)
class Update:
    """An update to people (`/inc update`), in the channel."""

    tag: Tag
    text: str
    by: Who
    at: datetime
    next_due: datetime | None = None


@dataclass(frozen=True, slots=True)
class Announcement:
    """A state change seen in the channel: one line, its actor, and at most one hint.

    `anchor`: of a milestone, how far the record goes and the head of its chain.
    """

    text: str
    by: Who | None = None
    hint: str = ""
    mentions: tuple[Who, ...] = ()  # `{0}`, `{1}` in text and hint stand for these
    anchor: str = ""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """All alerts of an incident have ended: suggests, never forces, its resolution."""

    tag: Tag
    text: str
