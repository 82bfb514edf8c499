"""The decision path of an alert: what each stage said, as stored with the alert and as people read it."""

from __future__ import annotations

from datetime import datetime

from playbooks.domain.alerts import Decision, Reason
from playbooks.domain.pipeline.case import Stage, Step
from playbooks.domain.routing import Routed

# Decisions that an earlier stage takes than the last one, which opens or attaches.
_DECIDES = {Decision.DUPLICATE: Stage.DEDUP, Decision.RESOLVED: Stage.DEDUP, Decision.EXPECTED: Stage.ROUTE}
_MOST = 24  # steps that are kept of an alert that is decided over and over


def path_of(routed: Routed, last: Step | None, decision: Decision, reason: Reason) -> tuple[Step, ...]:
    """Where it was routed and why, and what decided: a stage, else the last one, which opens or attaches."""
    routing = (Stage.ROUTE.value, routed.component or "nobody", routed.why)
    if last is None:
        why = routed.why if decision is Decision.EXPECTED else reason.value
        last = (_DECIDES.get(decision, Stage.OPEN).value, decision.value, why)
    return (routing, last)


def followed(before: tuple[Step, ...], more: tuple[Step, ...], now: datetime) -> tuple[Step, ...]:
    """A path that goes on with a later decision; of many the first and the newest are kept."""
    stage, did, why = more[-1]
    later = (*before, (stage, did, f"{why} (decided again {now:%d %b %H:%M} UTC)"))
    return later if len(later) <= _MOST else (*later[:2], *later[-(_MOST - 2) :])


# What the stages before and between did when they let it pass, in their order.
_PASSED: tuple[tuple[Stage, str, str], ...] = (
    (Stage.VERIFY, "passed", "the sender's secret or signature was right"),
    (Stage.PARSE, "passed", "the body was read as its source's format"),
    (Stage.DEDUP, "new", "this episode was not known"),
    (Stage.ROUTE, "", ""),
    (Stage.FLAP, "passed", "it does not fire and end over and over, or its incident is open"),
    (Stage.SILENCE, "passed", "no silence and no maintenance covers it"),
    (Stage.MONITOR, "passed", "its matcher is live"),
    (Stage.SUSTAINED, "passed", "the breach is sustained as far as its matcher asks"),
    (Stage.INHIBIT, "passed", "no young incident of what its component reads is open, or its own is"),
    (Stage.GROUP, "passed", "no incident of its component opened just before, or its own is open"),
)


def whole(path: tuple[Step, ...], decision: Decision, reason: Reason) -> tuple[Step, ...]:
    """The path with the stages it passed; what was stored before paths were kept ends with its decision alone."""
    said = {stage for stage, _, _ in path}
    alone = (_DECIDES.get(decision, Stage.OPEN).value, decision.value, reason.value)
    first = path[1] if len(path) > 1 else alone
    found: list[Step] = []
    for stage, did, why in _PASSED:
        if stage.value == first[0]:
            break
        if stage is Stage.ROUTE:
            found += [step for step in path[:1] if Stage.ROUTE.value in said]
        else:
            found.append((stage.value, did, why))
    return (*found, first, *path[2:])


def muted_by(path: tuple[Step, ...]) -> int | None:
    """Number of the silence that muted an alert last, None where none did."""
    for stage, _, why in reversed(path):
        if stage == Stage.SILENCE.value:
            number = why.partition(" ")[0].removeprefix("S-")
            return int(number) if number.isdecimal() else None
    return None
