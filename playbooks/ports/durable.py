"""What the store keeps to be done: messages to show, timers, jobs; and the board that runs them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol


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


class Durable(Protocol):
    """Surfaces to show, timers that fall due, jobs to run: what a restart takes up again."""

    def want_surface(self, surface: Surface) -> Surface:
        """Insert with `wanted` 1, or raise `wanted` by one; payload and target are kept unless given."""
        ...

    def surface(self, surface_id: str) -> Surface | None: ...
    def surfaces_to_show(self, target: str) -> list[Surface]: ...
    def surfaces_of(self, incident_id: int) -> list[Surface]: ...
    def surfaces_named(self, prefix: str) -> list[Surface]:
        """Those whose id begins so, in the order of ids."""
        ...

    def save_surface(self, surface: Surface) -> None: ...
    def save_shown(self, surface: Surface) -> None:
        """Write how far Slack is, and nothing of what it is to show: that may have changed since it was read."""
        ...

    def set_timer(self, timer: Timer) -> None: ...
    def set_timers(self, timers: Sequence[Timer]) -> None: ...
    def add_timers(self, timers: Sequence[Timer]) -> None:
        """`set_timer` for each that is not set; those that are stay as they are."""
        ...

    def timers(self, ids: Sequence[str]) -> Mapping[str, Timer]:
        """Those of these ids that are set."""
        ...

    def cancel_timer(self, timer_id: str) -> None: ...
    def take_timer(self, timer_id: str, *, now: datetime) -> Timer | None:
        """Take away a timer that is due, so that no other process fires it; None when there is no such one."""
        ...

    def due_timers(self, *, now: datetime, limit: int = 100) -> list[Timer]: ...
    def next_timer(self) -> Timer | None: ...
    def want_job(self, kind: str, subject: str, *, now: datetime, lane: str = "", delay: float = 0.0) -> None:
        """Ask for a job in this transaction: `wanted + 1`, due after `delay` seconds, un-parked.

        The same asked for twice counts once.
        """
        ...

    def want_surfaces(self, surfaces: Sequence[Surface]) -> None:
        """`want_surface` for each, in the order given."""
        ...

    def want_jobs(self, jobs: Sequence[tuple[str, str, str]], *, now: datetime) -> None:
        """`want_job` for each (kind, subject, lane), all due now."""
        ...


class Lanes(Protocol):
    """Keeps the jobs of one lane one at a time, across all processes."""

    def enter(self, lane: str) -> bool:
        """Whether the lane is ours now; False while another process is in it. Raises errors.StoreBusy."""
        ...

    def leave(self, lane: str) -> None:
        """Give it free. Never fails."""
        ...

    def close(self) -> None:
        """Give all of them free."""
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
