"""What a person is asked to do by hand: who is asked, in which words, and what reads it back."""

from __future__ import annotations

import json
from dataclasses import dataclass

from playbooks.domain.actions import Plan, version_name

KEY = "by_hand"  # in a plan's detail: who approves a plan approves who is asked, and for what


@dataclass(frozen=True, slots=True)
class Errand:
    """A plan that a person carries out.

    Attributes:
        ask: holders as in a right (`omar`, `team:ml-platform`, `on_call:ml-platform`). escalate: who is asked too when
            nobody answers; empty for whoever is on call for the accountable team.
        instructions: what to do; `{before}` and `{after}` stand for the states. undo: the same for the way back to on.
        remind_every: seconds between two reminders. reader: the provider that reads it back, empty for none.
    """

    ask: tuple[str, ...]
    instructions: str
    escalate: tuple[str, ...] = ()
    undo: str = ""
    remind_every: int = 600
    reader: str = ""

    def as_detail(self) -> dict[str, str]:
        """For the detail of a description, and so of every plan made of it."""
        data = {
            "ask": list(self.ask),
            "instructions": self.instructions,
            "escalate": list(self.escalate),
            "undo": self.undo,
            "remind_every": self.remind_every,
            "reader": self.reader,
        }
        return {KEY: json.dumps(data, sort_keys=True)}

    def told(self, plan: Plan) -> str:
        """What to do for this plan."""
        words = self.undo if plan.after == "on" and self.undo else self.instructions
        before = version_name(plan.before) or "what runs now"
        return words.replace("{before}", before).replace("{after}", version_name(plan.after))


def errand_of(plan: Plan | None) -> Errand | None:
    """What a person is asked to do for a plan; None where a lever does it."""
    if plan is None or KEY not in plan.detail:
        return None
    data = json.loads(plan.detail[KEY])
    return Errand(**{**data, "ask": tuple(data["ask"]), "escalate": tuple(data["escalate"])})
