"""Data Contract Specification (datacontract.com): a data set and its owner."""

from __future__ import annotations

from bot.providers.owners.reading import Notes, documents, email_ref, line_of, team_ref, text_at
from playbooks.domain.imported import ComponentFact, Imported, Ref, Source, an_email, to_id


def read(text: str, *, name: str) -> Imported:
    """Facts of one file; documents of other kinds are passed over. Raises DocumentError where it is no YAML."""
    notes = Notes(name)
    components: list[ComponentFact] = []
    for part in documents(text, name):
        contract = part.mapping
        if not text_at(contract, "dataContractSpecification"):
            continue
        word = text_at(contract, "id")
        source = Source(name, part.line, f"contract:{line_of(word, 100)}")
        made = to_id(word)
        if not made:
            notes.add(source, "id is missing or cannot become an id")
            continue
        named = text_at(contract, "info", "owner")
        email = an_email(named)
        owner = email_ref(email) if email else team_ref(named) if named else None
        if owner is None:
            notes.add(source, "it names no owner")
        stages = (("data", owner),) if owner is not None and not owner.person else ()
        title = line_of(text_at(contract, "info", "title"))
        ref = Ref(f"contract:{word.lower()}", made)
        components.append(ComponentFact(ref, source, "dataset", owner, title, None, stages))
    return notes.result(components=components)
