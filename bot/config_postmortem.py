"""The part of `muster.yaml` about documents: their templates, and by when they are reviewed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated

from pydantic import Field

from playbooks.domain.documents import ReviewRule, default_rules
from playbooks.domain.file_values import Strict
from playbooks.domain.incidents import Severity


class Review(Strict):
    """What a severity asks of its postmortem; what is left out stays as it is by default."""

    required: bool | None = None
    """Without a review the incident can be closed at once, and nobody is reminded."""
    days: Annotated[int, Field(ge=1, le=90)] | None = None
    """From the day of the resolution to that of the review, at 17:00 on the clock of the accountable team."""
    business: bool | None = None
    """Whether Saturdays and Sundays do not count."""
    points: Annotated[int, Field(ge=0, le=16)] | None = None
    """Points of the reviewer's eight checks that are needed to close; 0: they need not be given."""


class Postmortem(Strict):
    """Documents."""

    templates: str = ""
    """Folder whose templates win over ours."""
    reviews: dict[str, Review] = Field(default_factory=dict)
    """By severity. By default the worst one is due in 3 calendar days, the second in 5 business days, others in 10."""

    def rules(self, severities: Sequence[Severity]) -> dict[str, ReviewRule]:
        """What each severity asks, as the plays know it."""
        found = default_rules(severities)
        for name, review in self.reviews.items():
            found[name] = replace(found[name], **review.model_dump(exclude_none=True))
        return found
