"""Memory over hours of load: of what came in, nothing stays in memory. Counted in blocks, so no clock is asked."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from playbooks.domain.timeline import utc_text
from tests.plays.stage import NIGHT, Stage, alert, on_sqlite

WARM, MANY = 200, 400
KEPT = 400  # one small object for each would be as many


def kept(take: Callable[[int], object]) -> int:
    """Blocks of memory in use that were not before, after many are taken in and some were already."""

    def after(numbers: range) -> int:
        for number in numbers:
            take(number)
        gc.collect()
        return sys.getallocatedblocks()

    warm = after(range(WARM))
    return after(range(WARM, WARM + MANY)) - warm


@on_sqlite
def test_of_alerts_that_came_in_nothing_stays_in_memory(stage: Stage) -> None:
    stage.opened()

    def take(number: int) -> None:
        stage.clock.at += timedelta(microseconds=number)  # no two batches come at one moment
        new = alert(str(number), minute=1)
        new = replace(new, starts_at=new.starts_at + timedelta(milliseconds=number))
        stage.alert(new)
        stage.alert(new)

    assert kept(take) < KEPT


def test_of_moments_written_into_the_chain_few_stay_in_memory() -> None:
    assert kept(lambda number: utc_text(NIGHT + timedelta(milliseconds=number))) < KEPT
