"""Which body runs a job of which kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.jobs.outcome import DONE, Later, RunResult
from playbooks import errors
from playbooks.plays import ai_state, attachments, inspection, outreach, similar
from playbooks.plays.effects import advance
from playbooks.plays.house import House
from playbooks.ports import Directory, Files, Job, Levers

Body = Callable[[str], RunResult]


@dataclass(frozen=True, slots=True)
class Bodies:
    """All job bodies by kind; what the engine runs."""

    by_kind: Mapping[str, Body]

    def run(self, job: Job) -> RunResult:
        """Run one job. Raises what its body raises; a kind nobody knows is parked with a sentence."""
        body = self.by_kind.get(job.kind)
        if body is None:
            raise errors.MusterError(
                f"No body for jobs of kind {job.kind}.", "Upgrade every replica.", code="unknown_job"
            )
        return body(job.subject)


def action_body(house: House, levers: Levers) -> Body:
    """The job body `action`: brings one action forward until it is over or waits for people."""

    def run(subject: str) -> RunResult:
        step = advance(house, levers, int(subject))
        while step.again_at is not None and step.again_at <= house.now():
            step = advance(house, levers, int(subject))
        return _later(step.again_at)

    return run


def state_body(house: House, levers: Levers) -> Body:
    """The job body `state`: one snapshot of the AI system of an incident."""
    return _done_after(lambda subject: ai_state.take(house, levers, subject))


def similar_body(house: House) -> Body:
    """The job body `similar`: records and shows what came before a new incident."""
    return _done_after(lambda subject: similar.recall(house, int(subject)))


def learned_body(house: House) -> Body:
    """The job body `learned`: tells the neighbours of an incident whose review is closed."""
    return _done_after(lambda subject: outreach.tell(house, int(subject)))


def attachments_body(house: House, files: Files) -> Body:
    """The job body `attachments`: keeps the files of one captured message."""
    return _done_after(lambda subject: attachments.fetch(house, files, subject))


def inspection_body(house: House, levers: Levers, directory: Directory) -> Body:
    """The job body `inspect`: one look a subject (`people`, `levers`, `alerts`, `gaps`), a slice a run."""
    return lambda subject: _later(inspection.look(house, levers, directory, subject))


def _done_after(act: Callable[[str], object]) -> Body:
    def run(subject: str) -> RunResult:
        act(subject)
        return DONE

    return run


def _later(at: datetime | None) -> RunResult:
    return Later(at) if at is not None else DONE
