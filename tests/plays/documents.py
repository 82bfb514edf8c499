"""A resolved incident and its postmortem, brought as far as a test needs them."""

from __future__ import annotations

from dataclasses import replace

from playbooks.domain.action_items import Filled
from playbooks.domain.documents import DocumentLife
from playbooks.plays import (
    closing,
    document_moves,
    followups,
    incident,
    postmortem,
)
from playbooks.plays.closing import Resolution
from playbooks.plays.postmortem import draft_of
from playbooks.score import score
from tests.plays.stage import Stage

FULL = Filled("detect", "ML-7", "the alert fired in a drill")


def resolved(stage: Stage, severity: str = "sev2") -> int:
    """An incident of fraud-scorer led by dana, resolved."""
    number = stage.opened()
    incident.acknowledge(stage.house, stage.by("dana"), number, lead=True)
    levels_set(stage, number, severity)
    closing.resolve(stage.house, stage.by("dana"), number, Resolution())
    stage.settle()
    return number


def levels_set(stage: Stage, number: int, severity: str) -> None:
    with stage.bot.store.begin() as uow:
        found = uow.incident(number, lock=True)
        assert found is not None
        uow.save_incident(replace(found, severity=severity), open_key="fraud-scorer|drift")


def answered(stage: Stage, number: int) -> None:
    """Every question has an answer."""
    for block, _ in postmortem.questions(stage.house, number):
        postmortem.answer(stage.house, stage.by("dana"), number, block, "As far as we know, 212 declines.")


def item(stage: Stage, number: int, filled: Filled = FULL) -> None:
    followups.add(stage.house, stage.by("dana"), number, "alert on the age of the embeddings", "omar", None, filled)


def ready(stage: Stage) -> int:
    """A document that lacks nothing, in review."""
    number = resolved(stage)
    answered(stage, number)
    item(stage, number)
    document_moves.send_to_review(stage.house, stage.by("dana"), number)
    stage.settle()
    return number


def life(stage: Stage, number: int) -> DocumentLife:
    with stage.bot.store.read() as uow:
        found = uow.document_life(number)
    assert found is not None
    return found


def text(stage: Stage, number: int) -> str:
    with stage.bot.store.read() as uow:
        return draft_of(stage.house, uow, stage.incident(number)).text


def failed(stage: Stage, number: int) -> list[str]:
    """Checks of the rubric that the document as it stands does not pass."""
    found = stage.incident(number)
    labels = {s.id: s.label for s in stage.rules.severities}
    chain = stage.events(number)
    checks = score(text(stage, number), chain, incident_id=number, head=found.chain_head, severities=labels)
    return [check.id for check in checks if not check.ok]
