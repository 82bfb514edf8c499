"""One alert on its way through the stages, what the stages may look at, and what a stage may rule."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from playbooks.domain.alerts import Alert, Decision, Reason
from playbooks.domain.pipeline.silences import Silence
from playbooks.domain.routing import Routed

Series = tuple[str, str]  # source, fingerprint


class Stage(StrEnum):
    """The stages by the names people read."""

    VERIFY = "verify"
    PARSE = "parse"
    DEDUP = "dedup"
    ROUTE = "route"
    FLAP = "flap"
    SILENCE = "silence"
    MONITOR = "monitor"
    SUSTAINED = "sustained"
    INHIBIT = "inhibit"
    GROUP = "group"
    OPEN = "open"


Step = tuple[str, str, str]  # stage, what it did, why


@dataclass(frozen=True, slots=True)
class PipelineRules:
    """The configured part of the stages; times in seconds, 0 turns a stage off.

    Attributes:
        flap_after: earlier episodes of a series within `flap_within` from which on a new one is held for `flap_hold`.
        inhibit_within: how long after an incident opened the alerts of what reads its component join it.
        group_window: how long after an incident opened another failure of its component joins it.
        reopen_within: how long after it was resolved an incident is opened again by an alert.
        link_within: how far back a new incident refers to the last one for the same failure.
        longest_silence: of a silence or a maintenance.
        report_people: how many people's reports within `report_within` open an incident.
    """

    flap_after: int = 5
    flap_within: int = 3600
    flap_hold: int = 600
    inhibit_within: int = 4 * 3600
    group_window: int = 0
    reopen_within: int = 900
    link_within: int = 30 * 86400
    longest_silence: int = 7 * 86400
    report_people: int = 3
    report_within: int = 3600


@dataclass(frozen=True, slots=True)
class Case:
    """A firing episode that is new, or is decided again.

    Attributes:
        attached: an incident for its own component and failure is open.
        received_at: when the episode was first received. stored: whether it is among the stored episodes already.
    """

    alert: Alert
    routed: Routed
    attached: bool
    received_at: datetime
    stored: bool = False


@dataclass(frozen=True, slots=True)
class Standing:
    """An open incident as the stages see it. `level` of its severity, 1 is worst, 0 while unset."""

    id: int
    component: str
    level: int
    opened_at: datetime
    contained: bool = False


@dataclass(slots=True)
class Context:
    """What the stages may look at, read once for a whole batch.

    Attributes:
        episodes: stored episodes of a series within `flap_within`.
        standing: open incidents by component, oldest first. upstream: what a component reads, nearest first.
        points: held points by (component, failure), for rules on sustained breaches.
        level_of: level of the severity of a case, 0 where it is unknown.
    """

    now: datetime
    rules: PipelineRules
    silences: Mapping[str, tuple[Silence, ...]] = field(default_factory=dict)
    episodes: dict[Series, int] = field(default_factory=dict)
    standing: dict[str, list[Standing]] = field(default_factory=dict)
    points: dict[tuple[str, str], int] = field(default_factory=dict)
    upstream: Callable[[str], Iterable[str]] = lambda _component: ()
    level_of: Callable[[Case], int] = lambda _case: 0


@dataclass(frozen=True, slots=True)
class Ruling:
    """What a stage decided, with the words for the decision path.

    Attributes:
        incident: that the alert joins. silence: that covers it. until: when a held alert is looked at again.
    """

    stage: Stage
    decision: Decision
    reason: Reason
    why: str
    incident: int | None = None
    silence: int | None = None
    until: datetime | None = None

    @property
    def step(self) -> Step:
        """The last step of the alert's path."""
        return (self.stage.value, self.decision.value, self.why)
