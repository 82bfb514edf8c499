"""What the plays need from outside, as protocols; bot and storage implement them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from playbooks.domain.actions import Action, ActionState, Approval, Described, Mark, Override, Plan, Verification
from playbooks.domain.alerts import Alert, AlertStatus, Change, Decision, Reason
from playbooks.domain.handoffs import Handoff
from playbooks.domain.incidents import Incident
from playbooks.domain.timeline import ChainReport, Event, NewEvent

# ---------------------------------------------------------------- clock and ids


class Clock(Protocol):
    """The only source of the time; tests and the demo advance it."""

    def now(self) -> datetime:
        """The time, UTC, tz-aware."""
        ...


class Ids(Protocol):
    """The only source of random identity."""

    def new(self) -> str:
        """A new unique id, 32 hex digits, sortable by time where possible."""
        ...

    def salt(self) -> str:
        """16 hex digits of randomness for a content digest."""
        ...


# ---------------------------------------------------------------- levers


class Lever(Protocol):
    """Sets a desired state in a system and reads it back. Applying twice is the same as applying once.

    `binding` is the component's entry under `levers:` in the registry, without `provider`. Every method may raise
    `errors.ProviderError` (try again), `errors.OutcomeUnknown` (read back first), or `errors.MusterError` with kind
    PERMANENT or INPUT (a person must act).
    """

    def describe(self, binding: Mapping[str, Any]) -> Described:
        """Read the current state, the candidates and their marks."""
        ...

    def plan(self, binding: Mapping[str, Any], described: Described, after: str) -> Plan:
        """The plan from the described state to `after` (a version id or `on`/`off`). Raises Conflict for a no-op."""
        ...

    def apply(self, binding: Mapping[str, Any], plan: Plan, *, note: str) -> None:
        """Set the desired state. `note` (`INC-42 action 17`) is left where the provider keeps notes."""
        ...

    def verify(self, binding: Mapping[str, Any], plan: Plan) -> Verification:
        """Read registry and effect back."""
        ...

    def mark(self, binding: Mapping[str, Any], version: str, mark: Mark, *, note: str) -> None:
        """Mark a version good or bad where the provider can; a lever without versions does nothing."""
        ...

    def undo(self, plan: Plan) -> Plan:
        """The plan that brings the before-state back, with what must be restored (strategies of a flag)."""
        ...


class Levers(Protocol):
    """Looks levers up by provider name."""

    def get(self, provider: str) -> Lever:
        """Raises `errors.ConfigError` for a provider that is not configured."""
        ...


class OnCall(Protocol):
    """Who is on call now."""

    def now(self, team_id: str) -> tuple[str, ...]:
        """Registry person ids on call for a team, first responder first; empty when nobody could be resolved."""
        ...

    def explain(self, team_id: str) -> str:
        """What people must know about it, as sentences (a source that is down); empty when all is well."""
        ...


# ---------------------------------------------------------------- store


@dataclass(frozen=True, slots=True)
class StoredAlert:
    """An alert episode as stored, with what was decided."""

    id: str
    alert: Alert
    component: str
    failure: str
    decision: Decision
    reason: Reason
    incident_id: int | None
    received_at: datetime
    updated_at: datetime
    seen: int = 1


Episode = tuple[str, str, datetime]  # source, fingerprint, starts_at


@dataclass(frozen=True, slots=True)
class KnownAlert:
    """The columns of a stored episode that the intake needs to decide."""

    id: str
    status: AlertStatus
    incident_id: int | None
    component: str
    failure: str
    decision: Decision
    seen: int


@dataclass(frozen=True, slots=True)
class OpenIncident:
    """The columns of an open incident that the intake needs."""

    id: int
    team: str
    home: str
    alerts_total: int
    alerts_firing: int


@dataclass(frozen=True, slots=True)
class AlertTouch:
    """An episode seen again: its newest status, and how often in this batch."""

    alert_id: str
    status: AlertStatus
    ends_at: datetime | None
    seen: int
    now: datetime


@dataclass(frozen=True, slots=True)
class Growth:
    """What a batch of alerts adds to one incident: events for its chain, and its counts."""

    incident_id: int
    events: Sequence[NewEvent]
    total: int
    firing: int


@dataclass(frozen=True, slots=True)
class NewIncident:
    """What is needed to open an incident; `open_key` is unique among open ones."""

    title: str
    component: str
    failure: str
    open_key: str
    severity: str
    opened_at: datetime
    detected_at: datetime
    opened_by: str
    team: str
    home: str
    signal: Mapping[str, str] = field(default_factory=dict)
    lead: str = ""
    state: str = "triage"
    reopened_from: int | None = None


@dataclass(frozen=True, slots=True)
class Surface:
    """A message in Slack as desired state: `wanted` grows with every change, the projector brings `shown` up to it.

    Attributes:
        id: `card:42`, `owner_note:42`, `preview:17`, `ask:17:U02OMAR`, `post:<uuid>` …; unique.
        kind: the part before the colon; decides how it is built and rendered.
        target: Slack channel id, `dm:U02OMAR`, `incident:42` (its channel, once there is one) or `eph:C01:U01`.
        payload: the message's own content for kinds that are not derived from other rows.
        ts, channel: where Slack shows it; empty until posted. thread: ts of the message it answers, may be empty.
        attempts: tries of the newest version, committed before each call. error: sentence of the last failure.
        seq: order within the target. pinned: whether the pin was set.
    """

    id: str
    kind: str
    target: str
    wanted: int = 1
    shown: int = 0
    payload: Mapping[str, Any] = field(default_factory=dict)
    channel: str = ""
    ts: str = ""
    thread: str = ""
    attempts: int = 0
    error: str = ""
    seq: int = 0
    shown_hash: str = ""
    shown_at: datetime | None = None
    pin: bool = False
    pinned: bool = False
    incident_id: int | None = None


@dataclass(frozen=True, slots=True)
class Timer:
    """A row with a due time, found by the sweep. `id` is unique, so setting it again moves it."""

    id: str
    kind: str
    subject: str
    due_at: datetime
    payload: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Job:
    """A durable job: *bring subject forward*. It carries no content. Pending while `wanted > done`.

    Attributes:
        kind: `deliver`, `channel`, `action`, `document`, `invite`. subject: what it is about.
        lane: jobs of one lane run one by one.
        due_at: not before this. attempts: failures in a row. parked: given up until asked for again; error says why.
    """

    kind: str
    subject: str
    lane: str
    wanted: int
    done: int
    due_at: datetime
    attempts: int = 0
    parked: bool = False
    error: str = ""

    @property
    def id(self) -> str:
        """`kind:subject`."""
        return f"{self.kind}:{self.subject}"


@dataclass(frozen=True, slots=True)
class Captured:
    """A Slack message that stands in the timeline: which event shows it now, by which way, and how often it changed."""

    channel: str
    ts: str
    way: str  # pin | reaction | shortcut
    incident_id: int
    event_id: str  # empty while taken out
    version: int


@dataclass(frozen=True, slots=True)
class Document:
    """A postmortem draft as stored: what people wrote, by block, and where Slack shows the file."""

    incident_id: int
    human: Mapping[str, str]
    rendered_sha256: str = ""
    file_id: str = ""
    channel: str = ""
    ts: str = ""
    version: int = 1


class UnitOfWork(Protocol):
    """One transaction: state + events + jobs. Opened by `Store.begin`; committed at the end of the `with`."""

    # incidents
    def open_incident(self, new: NewIncident) -> tuple[Incident, bool]:
        """Insert, or return the open one with the same key; the flag tells whether it is new."""
        ...

    def incident(self, incident_id: int, *, lock: bool = False) -> Incident | None: ...
    def incident_by_channel(self, channel: str) -> Incident | None: ...
    def incidents(self, *, open_only: bool, limit: int = 50) -> list[Incident]: ...
    def open_incident_for(self, open_key: str) -> Incident | None: ...
    def open_incidents_of(self, component: str) -> list[Incident]: ...
    def save_incident(self, incident: Incident, *, open_key: str | None) -> Incident:
        """Write all fields but the chain's, `version + 1`. `open_key` None: no longer unique. Raises Conflict."""
        ...

    # timeline
    def append(self, incident_id: int, new: NewEvent, *, now: datetime) -> Event | None:
        """Append to the chain; None when the dedup key is already there."""
        ...

    def events(self, incident_id: int, *, alerts: bool = True) -> list[Event]:
        """All events in order of `seq`; without `alerts` those that tell of alerts are left out: a storm has many."""
        ...

    def event(self, event_id: str) -> Event | None: ...
    def verify(self, incident_id: int) -> ChainReport: ...

    # alerts and changes
    def alert(self, source: str, fingerprint: str, starts_at: datetime) -> StoredAlert | None: ...
    def alert_by_id(self, alert_id: str) -> StoredAlert | None: ...
    def add_alert(self, stored: StoredAlert) -> None: ...
    def touch_alert(
        self, alert_id: str, *, status: AlertStatus, ends_at: datetime | None, now: datetime, seen: int
    ) -> None: ...
    def alerts_of(self, incident_id: int, *, limit: int = 100) -> list[StoredAlert]: ...
    def add_change(
        self, change: Change, *, decision: Decision, reason: Reason, incident_id: int | None, now: datetime
    ) -> bool:
        """False when (source, key) is already there."""
        ...

    def changes_before(self, subjects: Sequence[str], *, since: datetime, until: datetime) -> list[Change]: ...
    def quarantine(self, *, source: str, body: str, reason: str, now: datetime) -> str:
        """Keep what could not be used; returns its id."""
        ...

    # actions, approvals, ledger
    def add_action(self, action: Action) -> Action:
        """Insert; gives the id (the one passed is ignored)."""
        ...

    def action(self, action_id: int, *, lock: bool = False) -> Action | None: ...
    def actions_of(self, incident_id: int) -> list[Action]: ...
    def actions_in(self, states: Iterable[ActionState], *, component: str = "") -> list[Action]: ...
    def recent_actions(self, *, since: datetime) -> list[Action]: ...
    def save_action(self, action: Action) -> Action:
        """Write all fields, `version + 1`. Raises Conflict when another wrote since it was read."""
        ...

    def add_approval(self, approval: Approval) -> bool:
        """False when this decider already answered this action."""
        ...

    def approvals(self, action_id: int) -> list[Approval]: ...
    def consume_approvals(self, action_id: int, *, now: datetime) -> int: ...
    def add_override(self, override: Override) -> Override: ...
    def override(self, override_id: int, *, lock: bool = False) -> Override | None: ...
    def overrides(
        self, *, open_only: bool = True, component: str = "", incident_id: int | None = None, kind: str = "disable"
    ) -> list[Override]:
        """Entries of the ledger, the one due first first; of every kind with `kind=""`."""
        ...

    def save_override(self, override: Override) -> Override: ...
    def add_handoff(self, handoff: Handoff) -> Handoff:
        """Insert; gives the id (the one passed is ignored)."""
        ...

    def handoff(self, handoff_id: int, *, lock: bool = False) -> Handoff | None: ...
    def handoffs(self, incident_id: int, *, open_only: bool = False) -> list[Handoff]: ...
    def save_handoff(self, handoff: Handoff) -> Handoff: ...
    def mark_version(
        self, component: str, version: str, mark: Mark, *, note: str, incident_id: int | None, now: datetime
    ) -> None: ...
    def version_marks(self, component: str) -> Mapping[str, tuple[Mark, str, datetime]]: ...
    def record_serving(self, component: str, version: str, *, now: datetime) -> None:
        """Our own memory of which version was set when; the previous one is kept on our side."""
        ...

    def serving_history(self, component: str) -> list[tuple[str, datetime]]: ...

    # surfaces, timers, jobs
    def want_surface(self, surface: Surface) -> Surface:
        """Insert with `wanted` 1, or raise `wanted` by one; payload and target are kept unless given."""
        ...

    def surface(self, surface_id: str) -> Surface | None: ...
    def surfaces_to_show(self, target: str) -> list[Surface]: ...
    def surfaces_of(self, incident_id: int) -> list[Surface]: ...
    def save_surface(self, surface: Surface) -> None: ...
    def set_timer(self, timer: Timer) -> None: ...
    def set_timers(self, timers: Sequence[Timer]) -> None: ...
    def timers(self, ids: Sequence[str]) -> Mapping[str, Timer]:
        """Those of these ids that are set."""
        ...

    def cancel_timer(self, timer_id: str) -> None: ...
    def due_timers(self, *, now: datetime, limit: int = 100) -> list[Timer]: ...
    def next_timer(self) -> Timer | None: ...
    def want_job(self, kind: str, subject: str, *, now: datetime, lane: str = "", delay: float = 0.0) -> None:
        """Ask for a job in this transaction: `wanted + 1`, due after `delay` seconds, un-parked."""
        ...

    # the intake's hot path: many alerts in one transaction
    def alerts_known(self, episodes: Sequence[Episode]) -> Mapping[Episode, KnownAlert]: ...
    def open_incident_ids(self, keys: Sequence[str]) -> Mapping[str, OpenIncident]: ...
    def add_alerts(self, stored: Sequence[StoredAlert]) -> None: ...
    def touch_alerts(self, touches: Sequence[AlertTouch]) -> None: ...
    def append_many(self, incident_id: int, new: Sequence[NewEvent], *, now: datetime) -> int:
        """Append in one pass of the chain, leaving out known dedup keys; returns how many were appended."""
        ...

    def bump_incident(self, incident_id: int, *, total: int, firing: int) -> None:
        """Add to `alerts_total` and `alerts_firing`; `version + 1`."""
        ...

    def grow(self, growths: Sequence[Growth], *, now: datetime) -> None:
        """`append_many` and `bump_incident` for many incidents in one pass; each incident once."""
        ...

    def want_surfaces(self, surfaces: Sequence[Surface]) -> None:
        """`want_surface` for each, in the order given."""
        ...

    def want_jobs(self, jobs: Sequence[tuple[str, str, str]], *, now: datetime) -> None:
        """`want_job` for each (kind, subject, lane), all due now; the same one twice counts once."""
        ...

    def redact(self, event_id: str) -> bool:
        """Blank an event's text for privacy; its digest stays, so that the chain still verifies."""
        ...

    def forget_deliveries(self, *, before: datetime) -> int:
        """Forget deliveries of Slack older than `before`; returns how many."""
        ...

    # memory of what Slack already delivered, captured messages, documents, notices, registry versions
    def first_time(self, key: str, *, now: datetime) -> bool:
        """Whether this delivery (event id, trigger id, …) is new; remembers it."""
        ...

    def captured(self, channel: str, ts: str, way: str) -> Captured | None: ...
    def captured_all(self, channel: str, ts: str) -> list[Captured]: ...
    def save_captured(self, captured: Captured) -> None: ...
    def document(self, incident_id: int) -> Document | None: ...
    def save_document(self, document: Document) -> None: ...
    def notice(self, key: str, text: str, *, now: datetime) -> int:
        """Count something an operator must see (wrong secret, refused scope); returns how often so far."""
        ...

    def notices(self) -> list[tuple[str, str, int, datetime, datetime]]: ...
    def keep_registry(self, content_sha256: str, text: str, *, now: datetime) -> None: ...
    def latest_registry(self) -> tuple[str, str, datetime] | None: ...


class Store(Protocol):
    """Opens transactions. `people` goes before waiting alert batches."""

    def begin(self, *, lane: str = "people") -> AbstractContextManager[UnitOfWork]:
        """A read-write transaction (BEGIN IMMEDIATE on SQLite). Raises `errors.StoreBusy`."""
        ...

    def read(self) -> AbstractContextManager[UnitOfWork]:
        """A read-only look; writing through it is an error."""
        ...


class JobBoard(Protocol):
    """The engine's view of jobs, outside the plays' transactions."""

    def pending(self, *, now: datetime, limit: int = 200) -> list[Job]: ...
    def get(self, job_id: str) -> Job | None: ...
    def finish(self, job: Job) -> None:
        """`done` up to the `wanted` this run saw."""
        ...

    def postpone(self, job: Job, *, due_at: datetime, error: str) -> None: ...
    def reschedule(self, job: Job, *, due_at: datetime) -> None:
        """Not a failure: there is more to do later (`attempts` 0)."""
        ...

    def park(self, job: Job, *, error: str) -> None: ...


# ---------------------------------------------------------------- Slack


@dataclass(frozen=True, slots=True)
class Posted:
    """Where Slack shows a message."""

    channel: str
    ts: str


class Messenger(Protocol):
    """Slack as the jobs need it; raises `errors.SlackError` (kind: what may be done), `errors.OutcomeUnknown`."""

    def post(self, channel: str, message: Mapping[str, Any], *, delivery: str, thread: str = "") -> Posted: ...
    def update(self, posted: Posted, message: Mapping[str, Any], *, delivery: str) -> None: ...
    def post_ephemeral(self, channel: str, user: str, message: Mapping[str, Any]) -> None: ...
    def find_delivery(self, channel: str, delivery: str, *, since: datetime, thread: str = "") -> Posted | None:
        """Look before a repost: the message that carries this delivery id, if Slack has it."""
        ...

    def open_dm(self, user: str) -> str: ...
    def create_channel(self, name: str) -> str:
        """Returns the id. Raises SlackError(code="name_taken")."""
        ...

    def find_channel(self, name: str) -> tuple[str, bool] | None:
        """Id of a channel of exactly this name and whether we created it; used only after an unknown outcome."""
        ...

    def set_topic(self, channel: str, topic: str) -> None: ...
    def invite(self, channel: str, users: Sequence[str]) -> Mapping[str, str]:
        """Invite; returns user -> Slack's error code for those who could not be invited."""
        ...

    def pin(self, posted: Posted) -> None: ...
    def upload(self, channel: str, *, filename: str, title: str, text: str, comment: str) -> str:
        """Share a text file; returns its file id."""
        ...

    def permalink(self, posted: Posted) -> str: ...


class Probe(Protocol):
    """Stands before and after every commit and every outgoing call; tests stop the process there."""

    def hit(self, label: str) -> None: ...
