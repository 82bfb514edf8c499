"""What each message says, as values: the plays fill them, `bot.slack.blocks` renders them. No markup here.

Every text from outside stands raw in these values; the renderer escapes it. Times are UTC; the renderer shows them
in the reader's zone.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Who:
    """A person in a message: mention by Slack id where known, else by name; `role` in words, may be empty."""

    name: str
    slack: str = ""
    role: str = ""


@dataclass(frozen=True, slots=True)
class Fact:
    """A label and a value on one line; `warn` puts a warning sign behind it, `at` a time in the reader's zone."""

    label: str
    value: str
    warn: bool = False
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Changed:
    """A change before an incident: `what` (`fraud-scorer v42 → v43`), when, and by whom, which may be empty."""

    what: str
    at: datetime
    by: str = ""


@dataclass(frozen=True, slots=True)
class Tag:
    """What stands at the head of every incident message."""

    number: int
    name: str  # INC-42
    title: str  # fraud-scorer is drifting
    severity: str  # SEV2, or empty while unset
    emoji: str  # red_circle
    state: str  # label of the state
    channel: str = ""  # incident channel id


@dataclass(frozen=True, slots=True)
class OwnerNote:
    """The first message: in the owner team's own channel. Edited as the incident goes on.

    Attributes:
        signal: the figures in the order given by the source (`PSI of score 0.34 (limit 0.20, …)`).
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


@dataclass(frozen=True, slots=True)
class Lever:
    """A lever button on the card."""

    kind: str  # rollback | disable
    component: str


@dataclass(frozen=True, slots=True)
class Card:
    """The pinned message of the incident channel: desired state, always the newest version.

    Attributes:
        next: the one obvious next action, a sentence; `next_action` is the id of its button (`rollback`, `ack`,
            `resolve`,
            `mitigated`, `update`, `postmortem`, `none`), which is the primary one.
        silent, open_for: seconds. containment, automation, fallback: one clause each.
        decide: who may decide the next lever, with roles.
        overrides: open overrides in words with their end (`auto-decline off until …`): (component, due, debt number).
        update_due: next update to people, None when none is due.
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
    update_due: datetime | None = None
    suggestion: str = ""
    over: bool = False


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


@dataclass(frozen=True, slots=True)
class Ask:
    """An approval request, to a holder by DM and in the channel; edited when it is decided (`closed` says how).

    Attributes:
        closed: a clause in which `{0}`, `{1}` stand for `closed_by`; empty while it is open. closed_at: when.
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
class IncidentRow:
    """One incident in a list."""

    tag: Tag
    opened_at: datetime
    lead: Who | None
    component: str


@dataclass(frozen=True, slots=True)
class IncidentList:
    """`/inc list`; also what a verb without an incident answers with."""

    rows: tuple[IncidentRow, ...]
    more: int = 0
    heading: str = "Open incidents"


@dataclass(frozen=True, slots=True)
class DebtRow:
    """One entry of the debt ledger: what stands against the normal state, since when, and who holds it."""

    number: int
    what: str
    component: str
    holder: Who
    reason: str
    since: datetime
    due_at: datetime
    age: str
    overdue: bool
    incident: str = ""


@dataclass(frozen=True, slots=True)
class DebtList:
    """`/inc debt`: overdue first, then the oldest; `more` counts what is not shown."""

    rows: tuple[DebtRow, ...]
    more: int = 0


@dataclass(frozen=True, slots=True)
class GapList:
    """`/inc gaps`: what the registry leaves open, by where it is; `registry` says which version is in force."""

    rows: tuple[Fact, ...]
    more: int = 0
    registry: str = ""


@dataclass(frozen=True, slots=True)
class TimelineRow:
    """One line of `/inc timeline`."""

    seq: int
    occurred_at: datetime
    precision: str
    text: str
    actor: Who | None
    corrected: bool
    link: str = ""


@dataclass(frozen=True, slots=True)
class TimelineList:
    """`/inc timeline`: newest last; `earlier` counts what is not shown."""

    tag: Tag
    rows: tuple[TimelineRow, ...]
    earlier: int = 0


@dataclass(frozen=True, slots=True)
class Summary:
    """`/inc summary`: what somebody who joins now must know."""

    tag: Tag
    facts: tuple[Fact, ...]
    recent: tuple[TimelineRow, ...]
    open_decisions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Resolved:
    """Posted when an incident is resolved: the figures and the draft."""

    tag: Tag
    figures: tuple[Fact, ...]
    facts_checked: int
    events: int
    questions: int
    owner: Who | None
    review_due: datetime | None
    link: str = ""
    similar: tuple[str, ...] = ()


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
    """A state change seen in the channel: one line, its actor, and at most one hint."""

    text: str
    by: Who | None = None
    hint: str = ""
    mentions: tuple[Who, ...] = ()  # `{0}`, `{1}` in text and hint stand for these


@dataclass(frozen=True, slots=True)
class Suggestion:
    """All alerts of an incident have ended: suggests, never forces, its resolution."""

    tag: Tag
    text: str


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


Message = (
    OwnerNote
    | Card
    | Preview
    | Ask
    | ActionStatus
    | OverrideNote
    | HandoffOffer
    | Refusal
    | Say
    | IncidentList
    | DebtList
    | GapList
    | TimelineList
    | Summary
    | Resolved
    | Update
    | Announcement
    | Suggestion
    | Help
    | Home
)
