"""All stages in their order."""

from __future__ import annotations

from collections.abc import Callable

from playbooks.domain.pipeline.case import Case, Context, Ruling
from playbooks.domain.pipeline.flap import flap
from playbooks.domain.pipeline.grouping import group
from playbooks.domain.pipeline.inhibition import inhibit
from playbooks.domain.pipeline.monitoring import monitor
from playbooks.domain.pipeline.muting import silence
from playbooks.domain.pipeline.sustained import sustained

STAGES: tuple[Callable[[Case, Context], Ruling | None], ...] = (flap, silence, monitor, sustained, inhibit, group)


def rule(case: Case, context: Context) -> Ruling | None:
    """The first ruling of a stage; None where the alert passes all of them."""
    for stage in STAGES:
        ruling = stage(case, context)
        if ruling is not None:
            return ruling
    return None
