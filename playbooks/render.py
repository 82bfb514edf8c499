"""The postmortem as a document: templates filled with facts, fenced, merged with what people wrote, and verified."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NotRequired, TypedDict, Unpack

import jinja2
import jinja2.runtime

from playbooks import errors
from playbooks.domain.drafts import words
from playbooks.domain.drafts.blocks import (
    PLACEHOLDER,
    Block,
    Problem,
    digest_of,
    document,
    human_blocks,
    merged,
    split,
    with_human,
)
from playbooks.domain.drafts.deeds import Privileged
from playbooks.domain.drafts.entries import Entry
from playbooks.domain.drafts.facts import Facts, Figures, as_json, draft_figures, facts_of
from playbooks.domain.drafts.phrases import FILTERS, roles_by_person, severity, spoken, told
from playbooks.domain.drafts.prompts import Prompt
from playbooks.domain.drafts.state import stateless
from playbooks.domain.drafts.status import PRINTED, Status, foreign_rows, printed
from playbooks.domain.timeline import Event, EventKind, verify_chain
from playbooks.templating import ANY, DOCUMENT, FAULTS, Case, environment, folders, refusal, sources_of, version_of

__all__ = [
    "Asked",
    "Basis",
    "Block",
    "Draft",
    "Figures",
    "Problem",
    "Status",
    "as_json",
    "asked_by",
    "case_of",
    "compare",
    "draft_figures",
    "human_blocks",
    "merge",
    "render_draft",
    "verify",
]

# Facts first, questions next, the long list of events last.
ABOVE = (
    "title",
    "summary",
    "instants",
    "durations",
    "changes",
    "similar",
    "state",
    "decisions",
    "rights",
    "privileged",
    "actions",
    "hypotheses",
    "verification",
    "handoffs",
    "communication",
    "questions",
)
MOST_ACTIONS = 3
"""Actions on levers that the summary names: those that took effect go before those that did not."""
BELOW = ("invitees", "record", "timeline", "provenance")

_MESSAGE = f"""## Message to people outside

> What may be said to those affected, in their words.

{PLACEHOLDER}"""


@dataclass(frozen=True, slots=True)
class Draft:
    """A rendered draft.

    Attributes:
        text: the Markdown document. facts: what it states. blocks: its parts in order.
        open_prompts: names of the questions nobody has answered yet.
    """

    text: str
    facts: Facts
    open_prompts: tuple[str, ...]
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """What a draft asks people.

    Attributes:
        facts: what the draft states. open_prompts: names of the questions nobody has answered yet. blocks: all that
            is people's, in order.
    """

    facts: Facts
    open_prompts: tuple[str, ...]
    blocks: tuple[Block, ...]


class Basis(TypedDict):
    """What a draft is made from, beside the events of its chain.

    Attributes:
        incident_id: whose. head: the chain's head as recorded beside the incident.
        templates: a folder whose files win over Muster's own. severities: severity id to label.
    """

    incident_id: int
    head: str
    templates: NotRequired[Path | None]
    severities: NotRequired[Mapping[str, str]]


def render_draft(
    events: Sequence[Event],
    *,
    human: Mapping[str, str] = {},
    status: Status = Status(),
    **basis: Unpack[Basis],
) -> Draft:
    """Render the draft of an incident from its chain; the same input gives the same bytes at any time.

    Args:
        events: the whole chain. human: what people wrote, by block name.
        status: the document's own life, which is not in the chain.

    Raises:
        errors.ChainBroken: the chain does not verify. errors.ConfigError: a template cannot be rendered.
    """
    incident_id, head, severities = basis["incident_id"], basis["head"], basis.get("severities", {})
    facts, ordered = _stated(events, incident_id, head)
    context = _context(facts, head, severities)
    env, version = _environment(basis.get("templates"), case_of(facts))
    context.update(template_version=version, severities=severities, persons=roles_by_person(ordered))
    machine = {name: Block(name, True, _fill(env, name, context)) for name in (*ABOVE, *BELOW)}
    placed, still_open = _placed(facts, machine, human)
    own = printed(status, len(facts.prompts), len(still_open))
    placed = [Block(b.name, False, own[b.name]) if b.name in PRINTED else b for b in placed]
    return Draft(document(placed), facts, still_open, tuple(placed))


def asked_by(events: Sequence[Event], incident_id: int, head: str, human: Mapping[str, str]) -> Asked:
    """What the draft of an incident asks; no template is needed for that. Raises errors.ChainBroken."""
    facts, _ = _stated(events, incident_id, head)
    blocks, still_open = _placed(facts, {name: Block(name, True, "") for name in (*ABOVE, *BELOW)}, human)
    return Asked(facts, still_open, tuple(block for block in blocks if not block.machine))


def _stated(events: Sequence[Event], incident_id: int, head: str) -> tuple[Facts, list[Event]]:
    """What a chain that verifies says, and its events in order."""
    ordered = sorted(events, key=lambda e: e.seq)
    _check_chain(incident_id, ordered, head)
    return facts_of(ordered, incident_id), ordered


def _placed(
    facts: Facts, machine: Mapping[str, Block], human: Mapping[str, str]
) -> tuple[list[Block], tuple[str, ...]]:
    """The blocks in their order with what people wrote, and the names of the questions that are still open."""
    fresh = [machine["title"], Block("status", False, ""), *(machine[name] for name in ABOVE[1:])]
    fresh += [Block(p.name, False, _question(p)) for p in facts.prompts]
    fresh += [Block("action-items", False, ""), Block("message", False, _MESSAGE)]
    fresh += [Block("review", False, ""), *(machine[name] for name in BELOW)]
    placed = with_human(fresh, {name: text for name, text in human.items() if name not in PRINTED})
    asked = {p.name for p in facts.prompts}
    return placed, tuple(b.name for b in placed if b.name in asked and b.open)


def merge(existing_markdown: str, fresh: Draft) -> str:
    """A fresh draft with the human blocks of the existing document, byte for byte.

    Raises:
        errors.Conflict: a machine block was edited; the next step is a correction event. Or the table of action items
            has a row that nobody gave: it would be lost.
    """
    strange = foreign_rows(human_blocks(existing_markdown).get("action-items", ""))
    if strange:
        raise errors.Conflict(
            f"The table of action items has a row that is not in the ledger: {strange[0][:80]}",
            "Add it with `/postmortem item …` and take it out of the file; a new rendering would drop it.",
            code="item_not_given",
        )
    return merged(existing_markdown, fresh.blocks, PRINTED)


def verify(markdown: str, events: Sequence[Event], **basis: Unpack[Basis]) -> list[Problem]:
    """What in a document is not what the chain says: empty when every machine block equals a fresh render."""
    try:
        fresh = render_draft(events, **basis)
    except errors.ChainBroken as broken:
        return [Problem("", broken.sentence)]
    return compare(markdown, fresh)


def compare(markdown: str, fresh: Draft) -> list[Problem]:
    """What in a document is not what a fresh draft of the same chain says."""
    blocks, problems = split(markdown)
    wanted = [b for b in fresh.blocks if b.machine]
    found = [b for b in blocks if b.machine]
    by_name = {b.name: b for b in found}
    for block in wanted:
        there = by_name.get(block.name)
        if there is None:
            problems.append(Problem(block.name, "the machine block is missing"))
        elif _plain(there) != _plain(block):
            problems.append(Problem(block.name, "the machine block is not what the timeline gives"))
    names = [b.name for b in wanted]
    problems += [Problem(b.name, "no machine block of this name is rendered") for b in found if b.name not in names]
    if not problems and [b.name for b in found] != names:
        problems.append(Problem("", "the machine blocks are in another order"))
    return problems


def _plain(block: Block) -> tuple[str, str]:
    """Content and fence digest, free of an editor's line ends; a block just rendered has its digest still to come."""
    return block.content.replace("\r\n", "\n").removesuffix("\r"), block.digest or digest_of(block.content)


def _check_chain(incident_id: int, events: Sequence[Event], head: str) -> None:
    report = verify_chain(incident_id, events, head=head)
    if not report.ok:
        raise errors.ChainBroken(
            f"The timeline of INC-{incident_id} does not verify at event {report.broken_at}: {report.why}.",
            f"See `muster audit INC-{incident_id}`; restore the database from a backup before drafting.",
        )


def _context(facts: Facts, head: str, severities: Mapping[str, str]) -> dict[str, Any]:
    at = facts.instants
    applied: list[Privileged] = [a for a in facts.privileged if a.applied]
    weighty = sorted(range(len(applied)), key=lambda place: not applied[place].took_effect)[:MOST_ACTIONS]
    start = facts.changes.until
    inside = {c.at.seq for c in facts.changes.rows}
    changes = [e for e in facts.entries if e.kind is EventKind.CHANGE and start is not None and e.at <= start.at]
    return {
        "facts": facts,
        "head": head,
        "questions": len(facts.prompts),
        "applied": applied,
        "foremost": [a for place, a in enumerate(applied) if place in weighty],
        "further": [a for place, a in enumerate(applied) if place not in weighty],
        "total": dict(facts.spans)["Impact start to resolved"],
        "known": [(name, span) for name, span in facts.spans if span is not None],
        "unknown": [name for name, span in facts.spans if span is None],
        "older": [e.seq for e in changes if e.seq not in inside],
        "stateless": stateless(facts.state, facts.unread),
        "playbook": next((e.text("playbook") for e in facts.entries if e.text("playbook")), ""),
        "steps": [o for o in facts.overrides if o.phase in ("extended", "overdue", "escalated")],
        "at": at,
    }


def _question(prompt: Prompt) -> str:
    return f"> **{prompt.title}.** {prompt.question}\n\n{PLACEHOLDER}"


# ---------------------------------------------------------------- templates


def _finalize(value: object) -> object:
    """Autoescape for Markdown: whatever no filter has made safe is written as literal text."""
    if isinstance(value, words.Safe | jinja2.Undefined) or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    return words.escape(str(value))


@jinja2.pass_context
def _severity(context: jinja2.runtime.Context, text: str) -> words.Safe:
    return severity(text, context["severities"])


@jinja2.pass_context
def _told(context: jinja2.runtime.Context, entry: Entry) -> words.Safe:
    return told(entry, context["persons"])


def case_of(facts: Facts) -> Case:
    """What chooses the templates of an incident: its team, its newest severity and its failure mode."""
    newest = facts.severities[-1][0] if facts.severities else facts.declared.severity
    return Case(facts.declared.team, newest, facts.declared.failure)


def _environment(templates: Path | None, case: Case) -> tuple[jinja2.Environment, str]:
    """The templates in use, and their version: the digest of their sources."""
    env = environment(folders(templates, DOCUMENT, case), html=False)
    env.finalize = _finalize  # Markdown, not HTML: `_finalize` escapes; for HTML the pages do
    env.filters.update(FILTERS, severity=_severity, told=_told)
    return env, version_of(env, [f"{name}.md.j2" for name in (*ABOVE, *BELOW)])


def template_version(templates: Path | None, case: Case = ANY) -> str:
    """The version of the templates in use, as the provenance line gives it."""
    return _environment(templates, case)[1]


def template_words(templates: Path | None, case: Case = ANY) -> dict[str, frozenset[str]]:
    """By block, the words its template holds: what stands outside of tags, and the literals inside of them."""
    env, _ = _environment(templates, case)
    return {name: spoken(_literal(sources_of(env, f"{name}.md.j2"))) for name in (*ABOVE, *BELOW)}


def _literal(source: str) -> str:
    bare = re.sub(r"\{#.*?#\}", " ", source, flags=re.DOTALL)
    return re.sub(r"\{[{%].*?[}%]\}", lambda tag: " ".join(re.findall(r"\"[^\"]*\"|'[^']*'", tag[0])), bare)


def _fill(env: jinja2.Environment, name: str, context: Mapping[str, Any]) -> str:
    try:
        text = env.get_template(f"{name}.md.j2").render(context)
    except FAULTS as error:
        raise refusal(error, DOCUMENT, f"{name}.md.j2", env) from error
    lines = [line.rstrip() for line in text.strip().split("\n")]
    return "\n".join(line for i, line in enumerate(lines) if line or (i and lines[i - 1]))
