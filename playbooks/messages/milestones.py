"""A milestone that was stated, as one short message in the incident's channel."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from playbooks.messages.parts import Who


@dataclass(frozen=True, slots=True)
class MilestoneNote:
    """`INC-42: impact began at 02:31, said @dana`.

    Attributes:
        name: of the incident. label: of the milestone. phase: the component whose own clock it is, may be empty.
        precision: how exact `at` is. corrected: an earlier statement was set right. anchor: the chain's head, in words.
    """

    name: str
    label: str
    at: datetime
    phase: str = ""
    precision: str = "exact"
    by: Who | None = None
    corrected: bool = False
    anchor: str = ""
