"""Escalation while nobody acknowledges: who is asked after how long, by severity and tier."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum

from playbooks.domain.incidents import Severity


class Whom(StrEnum):
    """Who is asked at a step."""

    SECOND_ON_CALL = "second_on_call"
    DEPUTY = "deputy"  # of who may roll back or disable the component
    CHANNEL = "channel"  # the accountable team's own
    TRIAGE = "triage"  # the triage channel and its team's on call


@dataclass(frozen=True, slots=True)
class Step:
    """`after` seconds since the incident opened, `ask` these levels; each is asked once."""

    after: int
    ask: tuple[Whom, ...]


@dataclass(frozen=True, slots=True)
class Policy:
    """Steps for some incidents; empty `severities` and `tiers` mean any. Severities are ids; `` is one not yet set."""

    steps: tuple[Step, ...]
    severities: tuple[str, ...] = ()
    tiers: tuple[int, ...] = ()

    def covers(self, severity: str, tier: int | None) -> bool:
        """Whether it is for an incident of this severity on a component of this tier."""
        return (not self.severities or severity in self.severities) and (not self.tiers or tier in self.tiers)

    def next(self, asked: Collection[Whom]) -> int | None:
        """Place of the first step with a level that was not asked yet, None when everybody was."""
        places = (place for place, step in enumerate(self.steps) if any(whom not in asked for whom in step.ask))
        return next(places, None)

    def gap(self, place: int) -> int:
        """Seconds that the step before this one has to answer; `len(steps)` stands for the end."""
        if place <= 0 or not self.steps:
            return 0
        if place < len(self.steps):
            return self.steps[place].after - self.steps[place - 1].after
        last = self.steps[-1].after
        return last - self.steps[-2].after if len(self.steps) > 1 else last


def policy_for(policies: Sequence[Policy], severity: str, tier: int | None) -> Policy | None:
    """The first policy that covers an incident, None where nobody is asked further."""
    return next((policy for policy in policies if policy.covers(severity, tier)), None)


_MINUTE = 60
_WHOM = ((Whom.SECOND_ON_CALL,), (Whom.DEPUTY, Whom.CHANNEL), (Whom.TRIAGE,))
_AFTER = {1: (5, 10, 15), 2: (10, 20, 30), 3: (30, 60, 120)}
_MILD = Policy((Step(240 * _MINUTE, (Whom.CHANNEL,)),))


def default_policies(severities: Sequence[Severity]) -> tuple[Policy, ...]:
    """What counts without a configured policy: by level; tier 1 is asked as for a level worse; unset is as level 2."""
    found: list[Policy] = []
    for level, minutes in _AFTER.items():
        own = [s.id for s in severities if s.level == level] + ([""] if level == 2 else [])
        worse = [s.id for s in severities if s.level == level + 1] + ([""] if level == 1 else [])
        steps = tuple(Step(after * _MINUTE, whom) for after, whom in zip(minutes, _WHOM, strict=True))
        found += [Policy(steps, tuple(worse), (1,))] if worse else []
        found += [Policy(steps, tuple(own))] if own else []
    found.append(_MILD)
    return tuple(found)
