"""A document edited as a file comes back: what people wrote is taken, what Muster printed is not theirs to change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from playbooks import errors
from playbooks.domain.documents import DocumentState, StepKind
from playbooks.domain.drafts.blocks import Block, split
from playbooks.domain.drafts.status import PRINTED
from playbooks.plays.document_life import keep_step, renew
from playbooks.plays.house import House, must_find
from playbooks.plays.postmortem import draft_of
from playbooks.ports import Document
from playbooks.render import human_blocks, merge

LARGEST = 1_000_000
"""Characters of a file."""


def take_back(house: House, incident_id: int, markdown: str, *, by: str) -> Sequence[str]:
    """Keep what people wrote in a file of this incident's document. Returns the names of the blocks that changed.

    A text that was there before is kept with the step, so that nothing is lost.

    Raises:
        InputError: too large, or the document of another incident.
        Conflict: a machine block was edited (the next step is a correction), text stands outside every block, a row of
            the table of action items is not in the ledger, or the document is closed.
    """
    if len(markdown) > LARGEST:
        raise errors.InputError("That file is too large for a document.", "It has at most a million characters.")
    with house.store.begin() as uow:
        now = house.now()
        incident = must_find(uow, incident_id)
        life = uow.document_life(incident_id, lock=True)
        if life is not None and life.state is DocumentState.CLOSED:
            raise errors.Conflict(f"The postmortem of {incident.name} is closed.", code="already_there")
        _of_this(markdown, incident.name)
        draft = draft_of(house, uow, incident)
        merge(markdown, draft)
        stands = {block.name: block.content for block in draft.blocks}
        document = uow.document(incident_id) or Document(incident_id, {})
        given = {name: text.replace("\r", "") for name, text in human_blocks(markdown).items()}
        taken = {
            name: text
            for name, text in given.items()
            if name not in PRINTED and not Block(name, False, text).open and stands.get(name) != text
        }
        if not taken:
            return ()
        uow.save_document(replace(document, human={**document.human, **taken}))
        before = {name: document.human[name] for name in taken if name in document.human}
        facts = {"blocks": sorted(taken), "before": before}
        key = f"imported:{now.isoformat()}:{by}"
        keep_step(uow, incident_id, StepKind.IMPORTED, key, by, now, facts)
        renew(uow, incident, now)
    return tuple(taken)


def _of_this(markdown: str, name: str) -> None:
    """Raises InputError for the document of another incident, or for what is none."""
    title = next((block.content for block in split(markdown)[0] if block.machine and block.name == "title"), "")
    head = title.strip().partition("\n")[0].removeprefix("# ").partition(":")[0].strip()
    if head != name:
        what = f"is the document of {head}" if head.startswith("INC-") else "is no document of Muster"
        raise errors.InputError(
            f"That file {what}.", f"Write the right one: `muster postmortem {name} -o FILE`.", code="other_document"
        )
