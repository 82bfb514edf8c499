"""What the registry says of a component's levers: what is bound, and who decides over it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from playbooks import errors
from playbooks.domain.actions import ActionKind
from playbooks.domain.authority import Authority, Holder, Right
from playbooks.domain.incidents import Incident
from playbooks.messages import Who
from playbooks.plays.deciding import held_in
from playbooks.plays.house import House

RIGHT_OF = {
    ActionKind.ROLLBACK: Right.ROLL_BACK,
    ActionKind.DISABLE: Right.DISABLE,
    ActionKind.ENABLE: Right.ENABLE,
    ActionKind.ACCEPT_RISK: Right.ACCEPT_RISK,
    ActionKind.FREEZE: Right.FREEZE,
}
VERB_OF = {kind: right.verb for kind, right in RIGHT_OF.items()}


def binding_of(house: House, component: str, kind: ActionKind) -> Mapping[str, Any]:
    """The lever binding of a component. Raises UnknownName or InputError with the next step."""
    found = house.registry().component(component)
    name = "rollback" if kind is ActionKind.ROLLBACK else "disable"
    binding: Mapping[str, Any] | None = {str(k): v for k, v in found.levers.items()}.get(name)
    if binding is None:
        raise errors.InputError(
            f"No lever is bound to {VERB_OF[kind]} {component}.",
            f"Add `levers: {{{name}: …}}` to {component} in ownership.yaml.",
            code="no_lever",
        )
    return binding


def held_right(house: House, component: str, kind: ActionKind, incident: Incident | None) -> Authority:
    """Who decides this kind of action on this component now, in this incident's case."""
    return held_in(house, component, RIGHT_OF[kind], incident)


def people_of(house: House, holders: tuple[Holder, ...]) -> tuple[Who, ...]:
    """Holders as persons for a message."""
    return tuple(w for h in holders if (w := house.who(h.person, h.role)) is not None)
