"""The story of a postmortem: answered, sent to review, changed late, reviewed, closed, and asked about."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from playbooks.domain.action_items import Filled
from playbooks.domain.documents import CHECKS, DocumentState, StepKind
from playbooks.domain.incidents import State
from playbooks.plays import document_moves, document_votes, followups, incident, postmortem
from playbooks.plays.orders import Order
from playbooks.ports import Document
from tests.simulation import quiet_scenarios
from tests.simulation.bot import Bot
from tests.simulation.running import Scenario, does, firing, send
from tests.simulation.scenarios import MINUTE, resolve, take
from tests.simulation.world import World

DAY = timedelta(days=1)


def _answers(world: World, bot: Bot, order: Order) -> object:
    """All questions but one have answers from a file; a delivery each would only make the story long."""
    asked = postmortem.questions(bot.house, 1)
    with bot.store.begin() as uow:
        held = uow.document(1)
        human = {**(held.human if held is not None else {}), **{block: "212 declines." for block, _ in asked[1:]}}
        uow.save_document(replace(held, human=human) if held is not None else Document(1, human))
    return postmortem.answer(bot.house, order, 1, asked[0][0], "By the payment log.") if asked else None


def _item(world: World, bot: Bot, order: Order) -> object:
    filled = Filled("detect", "ML-7", "the alert fired in a drill")
    return followups.add(bot.house, order, 1, "alert on the age of the embeddings", "omar", None, filled)


def _told_once(world: World) -> Iterator[str]:
    """It is closed, every step of it stands once, and everything was told once."""
    with world.bot.store.read() as uow:
        life, steps, found = uow.document_life(1), uow.document_steps(1), uow.incident(1)
        items = uow.overrides(open_only=False, incident_id=1, kinds=("follow_up",))
        votes = uow.document_votes(1)
    if life is None or life.state is not DocumentState.CLOSED or found is None or found.state is not State.CLOSED:
        yield f"the document reads {life}, the incident {found and found.state}"
    moves = [step.facts["to"] for step in steps if step.kind is StepKind.MOVED]
    if moves != ["in_review", "reviewed", "closed"] or len(items) != 1 or votes != {"learned": (1, 0)}:
        yield f"the steps are {moves}, {len(items)} action items, votes {votes}"
    messages = [m.delivery for c in world.slack.channels.values() for m in c.messages]
    for start, times in (
        ("postmortem:1:review:", 1),
        ("postmortem:1:votes:", 1),
        ("postmortem:1:warning:", 1),
        ("postmortem:1:due:", 1),
        ("say:postmortem-late:1:", 1),
        ("say:postmortem-reviewed:1:", 1),
    ):
        told = [delivery for delivery in messages if delivery.startswith(start)]
        if len(told) != times:
            yield f"{start} was told {len(told)} times"


DOCUMENT = Scenario(
    "a document's life",
    [
        send("firing", firing("a")),
        does("dana takes it", "dana", take(1)),
        does("dana resolves", "dana", resolve(1), wait=14 * DAY),
        does("dana answers", "dana", _answers),
        does("dana adds an item", "dana", _item),
        does("dana sends it", "dana", lambda w, b, o: document_moves.send_to_review(b.house, o, 1)),
        does("ravi is late", "ravi", lambda w, b, o: incident.note(b.house, o, 1, "stale since 01:10"), wait=MINUTE),
        does(
            "omar reviews",
            "omar",
            lambda w, b, o: document_moves.mark_reviewed(b.house, o, 1, dict.fromkeys(CHECKS, 2)),
        ),
        does("dana closes", "dana", lambda w, b, o: document_moves.close_document(b.house, o, 1)),
        does("dana votes", "dana", lambda w, b, o: document_votes.vote(b.house, o, 1, "learned", True)),
    ],
    _told_once,
    settle=MINUTE,
)

EVERY = (*quiet_scenarios.EVERY, DOCUMENT)
