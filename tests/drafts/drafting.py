"""Short calls for tests of the document; run as a program it prints the story's draft."""

import sys
from collections.abc import Mapping

from playbooks import render
from playbooks.render import Draft, Problem
from playbooks.score import Check, Rubric
from tests.drafts.chains import Chain, story

LABELS = {"sev1": "SEV1", "sev2": "SEV2", "sev3": "SEV3"}


def draft(chain: Chain, human: Mapping[str, str] | None = None) -> Draft:
    """The draft of a chain."""
    return render.render_draft(
        chain.events, incident_id=chain.incident_id, head=chain.head, human=human or {}, severities=LABELS
    )


def problems(markdown: str, chain: Chain) -> list[Problem]:
    """What `--verify` says."""
    return render.verify(markdown, chain.events, incident_id=chain.incident_id, head=chain.head, severities=LABELS)


def scored(markdown: str, chain: Chain) -> dict[str, Check]:
    """The checks by id."""
    return {check.id: check for check in rubric(chain).checks(markdown)}


def rubric(chain: Chain) -> Rubric:
    """The checks held against a chain."""
    return Rubric(chain.events, incident_id=chain.incident_id, head=chain.head, severities=LABELS)


if __name__ == "__main__":
    sys.stdout.buffer.write(draft(story()).text.encode())
