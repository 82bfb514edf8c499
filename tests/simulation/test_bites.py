"""The simulation finds bots that are broken on purpose: each one leaves out a single rule."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest

from bot.jobs.bodies import Body
from bot.jobs.channels import Channels
from bot.jobs.outcome import RunResult
from playbooks.domain.actions import ActionState
from playbooks.domain.incidents import Incident
from playbooks.plays.house import House
from playbooks.plays.timebox import fire
from playbooks.ports import Levers, Messenger, Posted
from tests.contracts.fake_slack import FakeSlack
from tests.simulation.bot import bodies_of
from tests.simulation.exploring import Variant, explore
from tests.simulation.running import Scenario
from tests.simulation.scenarios import ALERTS, ROLLBACK, TIMEBOX
from tests.simulation.world import File


class NeverLooks:
    """A messenger that posts again without looking."""

    def __init__(self, slack: FakeSlack) -> None:
        self._slack = slack

    def __getattr__(self, name: str) -> Any:
        return getattr(self._slack, name)

    def find_delivery(self, channel: str, delivery: str, *, since: datetime, thread: str = "") -> Posted | None:
        """Nothing is ever found."""
        return None


def calls_first(house: House, messenger: Messenger, levers: Levers) -> Mapping[str, Body]:
    """The lever is called before the intent is on disk."""
    usual = bodies_of(house, messenger, levers)

    def action(subject: str) -> RunResult:
        with house.store.read() as uow:
            found = uow.action(int(subject))
        if found is not None and found.state is ActionState.APPROVED and found.plan is not None:
            binding = {"model": found.component, "alias": "champion"}
            levers.get("fake").apply(binding, found.plan, note="too early")
        return usual["action"](subject)

    return {**usual, "action": action}


@dataclass(frozen=True, slots=True)
class Forgetful(Channels):
    """The channel's name is not written down before it is made."""

    def _intend(self, incident: Incident, name: str) -> Incident:
        return incident


def forgets_names(house: House, messenger: Messenger, levers: Levers) -> Mapping[str, Body]:
    """Channels by a creator that keeps nothing in mind."""
    return {**bodies_of(house, messenger, levers), "channel": Forgetful(house, messenger).create}


def two_commits(house: House) -> int:
    """A timer is taken away in one transaction and carried out in the next."""
    with house.store.read() as uow:
        due = uow.due_timers(now=house.now())
    for timer in due:
        with house.store.begin() as uow:
            uow.cancel_timer(timer.id)
        with house.store.begin() as uow:
            uow.set_timer(timer)
        fire(house, timer)
    return len(due)


# The last value is the point to look from, a little before the first that shows the fault.
BROKEN: list[tuple[str, Scenario, Variant, str, int]] = [
    ("never looks", ALERTS, lambda: {"wrap": NeverLooks}, "stands 2 times", 45),
    ("calls first", ROLLBACK, lambda: {"bodies": calls_first}, "instead of ['confirmed']", 100),
    ("forgets names", ALERTS, lambda: {"bodies": forgets_names}, "belongs to no incident", 25),
    ("two commits", TIMEBOX, lambda: {"sweeps": two_commits}, "passed its end unseen", 205),
]


@pytest.mark.parametrize(("scenario", "variant", "words", "first"), [b[1:] for b in BROKEN], ids=[b[0] for b in BROKEN])
def test_a_broken_bot_is_found(database: File, scenario: Scenario, variant: Variant, words: str, first: int) -> None:
    found = explore(database, scenario, range(2), first=first, variant=variant, until=words)
    bites = [what for what in found.broken if words in what]
    assert bites, found.told()
    assert bites[0].startswith("seed ")  # with what replays it
