"""The job body `publish`: one document at one destination."""

from __future__ import annotations

from dataclasses import dataclass

from bot.jobs.outcome import DONE, RunResult
from playbooks.plays.house import House
from playbooks.plays.publication import bring
from playbooks.ports import Publishers


@dataclass(frozen=True, slots=True)
class Publishing:
    """The job's parts."""

    house: House
    publishers: Publishers

    def run(self, subject: str) -> RunResult:
        """Bring `42:wiki` up to date. Raises what may pass when it is tried again."""
        bring(self.house, self.publishers, subject)
        return DONE
