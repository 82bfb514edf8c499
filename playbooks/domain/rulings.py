"""Whether a person may decide in a case, with the reason: the one answer that commands, messages and tests share."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from playbooks.domain.authority import Authority, Holder, OnCallNow, Right, authority, may_decide, of_entry
from playbooks.domain.cases import ANY_CASE, Beyond, Case, beyond_limits, beyond_words, off_hours
from playbooks.domain.ownership import Registry


class Why(StrEnum):
    """Why somebody may decide, or may not."""

    HOLDER = "holder"
    ON_CALL = "on_call"
    DEPUTY = "deputy"
    NOT_NEEDED = "not_needed"  # the registry asks for nobody
    NOT_HELD = "not_held"
    OWN_REQUEST = "own_request"
    OFF_HOURS = "off_hours"
    BEYOND_SEVERITY = "beyond_severity"
    BEYOND_TIER = "beyond_tier"
    BEYOND_ENVIRONMENT = "beyond_environment"


@dataclass(frozen=True, slots=True)
class Ruling:
    """The answer.

    Attributes:
        holder: the capacity in which the person decides, None when not at all.
        held: who holds the right in this case. clause: where the right is theirs in other cases, which ones.
    """

    why: Why
    held: Authority
    holder: Holder | None = None
    clause: str = ""


def ruling(
    registry: Registry,
    component_id: str,
    right: Right,
    person: str,
    on_call: OnCallNow,
    case: Case,
    *,
    requester: str = "",
) -> Ruling:
    """Whether a person may decide; `requester` asked for it, where somebody did. Raises UnknownName."""
    held = authority(registry, component_id, right, on_call, case)
    if held.approvals >= 2 and requester and person == requester:
        return Ruling(Why.OWN_REQUEST, held)
    holder = may_decide(held, person)
    if holder is not None:
        by_call = holder.role.startswith("on call")
        why = Why.DEPUTY if holder in held.deputies else Why.ON_CALL if by_call else Why.HOLDER
        return Ruling(why, held, holder)
    if held.approvals == 0:
        return Ruling(Why.NOT_NEEDED, held)
    found, clause = _elsewhere(registry, component_id, right, person, on_call, case)
    return Ruling(found, held, None, clause)


_OF = {
    Beyond.SEVERITY: Why.BEYOND_SEVERITY,
    Beyond.TIER: Why.BEYOND_TIER,
    Beyond.ENVIRONMENT: Why.BEYOND_ENVIRONMENT,
    Beyond.HOURS: Why.OFF_HOURS,
}


def _elsewhere(
    registry: Registry, component_id: str, right: Right, person: str, on_call: OnCallNow, case: Case
) -> tuple[Why, str]:
    """Why an entry that names the person does not count in this case."""
    component = registry.component(component_id)
    for entry in component.rights.named().get(right.value, ()):
        if may_decide(of_entry(registry, component, right, entry, on_call, ANY_CASE), person) is None:
            continue
        beyond = beyond_limits(entry, component, right.value, case)
        if beyond is None and off_hours(entry, case):
            beyond = Beyond.HOURS
        if beyond is not None:
            return _OF[beyond], f"you hold it, but {beyond_words(beyond, entry, component, right.value, case)}"
    return Why.NOT_HELD, ""
