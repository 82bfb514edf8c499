"""What a postmortem needs before it is reviewed or closed, told in one sentence; the same checks as `--score`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from playbooks import errors
from playbooks.domain.action_items import Item
from playbooks.domain.documents import POINTS, DocumentLife, DocumentState
from playbooks.domain.incidents import Incident
from playbooks.plays.document_life import items_of, rule_of
from playbooks.plays.house import House, must_find
from playbooks.plays.postmortem import basis_of, draft_of
from playbooks.ports import UnitOfWork
from playbooks.score import Check, refused, score

_ANSWER = "answer them with `/postmortem`"
_ITEM = "`/postmortem item …`, or `/postmortem no-action because …`"
_CHECKS = "the reviewer gives all eight checks with the button *Mark reviewed…*"


@dataclass(frozen=True, slots=True)
class Looked:
    """A document as it was looked at, outside any lock. `seen` changes with whatever the checks depend on."""

    seen: tuple[object, ...]
    asked: int
    still_open: int
    faults: tuple[Check, ...]
    scored: bool = True


def look(house: House, incident_id: int) -> Looked:
    """Render and score a document: with thousands of events too slow for a transaction. Raises UnknownName."""
    with house.store.read() as uow:
        incident = must_find(uow, incident_id, lock=False)
        return look_in(house, uow, incident)


def look_in(house: House, uow: UnitOfWork, incident: Incident, *, most: int | None = None) -> Looked:
    """`look` inside a transaction that is open already; of more than `most` events without its checks.

    Raises ChainBroken.
    """
    draft = draft_of(house, uow, incident)
    if most is not None and draft.facts.events > most:
        return Looked(_seen(uow, incident), len(draft.facts.prompts), len(draft.open_prompts), (), scored=False)
    checks = score(draft.text, uow.events(incident.id), **basis_of(house, incident))
    return Looked(_seen(uow, incident), len(draft.facts.prompts), len(draft.open_prompts), tuple(refused(checks)))


def _seen(uow: UnitOfWork, incident: Incident) -> tuple[object, ...]:
    document = uow.document(incident.id)
    return incident.chain_head, dict(document.human) if document is not None else {}, items_of(uow, incident.id)


def must_hold(
    house: House, uow: UnitOfWork, incident: Incident, life: DocumentLife, looked: Looked, wanted: str
) -> None:
    """Raises Conflict with everything that is missing, and the next step."""
    if looked.seen != _seen(uow, incident):
        raise errors.Conflict(
            f"The postmortem of {incident.name} changed meanwhile.", "Look at it again, then repeat it.", code="changed"
        )
    lacking = lacks(house, incident, life, looked, items_of(uow, incident.id))
    if lacking:
        what = "; ".join(said for said, _ in lacking)
        raise errors.Conflict(
            f"The postmortem of {incident.name} can't be {wanted} yet: {what}.",
            f"Next: {lacking[0][1]}.",
            code="document_lacks",
        )


def lacks(
    house: House, incident: Incident, life: DocumentLife, looked: Looked, items: Sequence[Item]
) -> list[tuple[str, str]]:
    """What is missing, each with its next step; empty when it may be reviewed, or closed once it is."""
    found = []
    if looked.still_open:
        n = looked.still_open
        found.append((f"{n} question{' is' if n == 1 else 's are'} open", _ANSWER))
    if not any(item.complete for item in items) and not life.no_action:
        half = next((item for item in items if not item.complete), None)
        if half is None:
            found.append(("it has no action item, and no reason for none", _ITEM))
        else:
            step = f"`/postmortem item D-{half.number} {_example(half)}`"
            found.append((f"its action item D-{half.number} lacks {', '.join(half.lacking)}", step))
    needed = rule_of(house, incident).points
    if needed and (life.points or 0) < needed and life.state is not DocumentState.DRAFT:
        given = f"{life.points} of {POINTS}" if life.points is not None else "no"
        found.append((f"the reviewer gave {given} points, and {needed} are needed", _CHECKS))
    if looked.faults:
        first = looked.faults[0]
        more = f" and {len(looked.faults) - 1} more" if len(looked.faults) > 1 else ""
        step = f"mend that; `muster postmortem {incident.name} --score` tells all of it"
        found.append((f"check {first.id} fails ({first.why}){more}", step))
    return found


def _example(item: Item) -> str:
    words = {"type": "prevent", "ticket": "ticket ABC-123", "done when": "done when the alert fired in a drill"}
    return " ".join(words[name] for name in item.lacking if name in words)
