"""The postmortem as JSON: facts with their events, and the fields of the AI incident databases.

Field names of the AI Incident Database (AIID) after its submission form: responsible-ai-collaborative/aiid,
`site/gatsby-site/src/components/submissions/schemas.js` (title and description at most 500 characters, parties and
systems at most 200 each). What only people can say is null, and its name stands in `open`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Annotated, Any, Final, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from playbooks.domain.drafts import words
from playbooks.domain.drafts.deeds import Privileged, Said
from playbooks.domain.drafts.entries import Point
from playbooks.domain.drafts.facts import Facts, as_json
from playbooks.domain.drafts.page import plain_text
from playbooks.domain.drafts.reading import cited
from playbooks.render import Draft

FORMAT: Final = "muster-postmortem/1"
_LONGEST = 500
_PARTY = 200
_DATE = r"^\d{4}-\d\d-\d\d$"

Events = Annotated[tuple[int, ...], Field(description="Numbers of the timeline's events that hold it.")]
Party = Annotated[str, Field(min_length=1, max_length=_PARTY)]
Short = Annotated[str, Field(max_length=_LONGEST)]


class Closed(BaseModel):
    """A model that knows all its keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Stated(Closed):
    """A text with the events that hold it."""

    value: Short
    events: Events


class Instant(Closed):
    """A time with its event; `precision` says how exact it is."""

    at: AwareDatetime
    event: int
    precision: str


class Length(Closed):
    """The time between two events; `coarse` where one of them is not exact."""

    name: str
    seconds: Annotated[int, Field(ge=0)]
    from_event: int
    to_event: int
    coarse: bool


class Times(Closed):
    """Key instants; null where not recorded."""

    impact_start: Instant | None
    first_signal: Instant | None
    detected: Instant | None
    declared: Instant | None
    acknowledged: Instant | None
    first_action: Instant | None
    first_notice: Instant | None
    mitigated: Instant | None
    resolved: Instant | None
    noticed_by: str


class Version(Closed):
    """Something that has a version or a switch, before, during and after the impact."""

    category: str
    subject: str
    before: Stated | None
    during: Stated | None
    after: Stated | None


class Response(Closed):
    """A privileged action: who had the authority, who decided, and whether its effect was read back."""

    action: int
    kind: str
    component: str
    before: str
    after: str
    asked_by: Stated | None
    verdict: Stated | None
    decided_by: tuple[Stated, ...]
    right: Stated | None
    approvals: Annotated[int, Field(ge=0)] | None
    approvals_needed: Annotated[int, Field(ge=0)] | None
    result: Stated | None
    read_back: Stated | None
    verified: Instant | None
    events: Events


class Harm(Closed):
    """What people say about harm (OECD, CSET); never derived."""

    kind: Short | None = None
    materialised: bool | None = None
    severity: Short | None = None
    reversible: bool | None = None
    affected: tuple[Party, ...] | None = None


class References(Closed):
    """Where else it is known."""

    aiid: int | None = None
    atlas: Short | None = None
    cve: Short | None = None
    regulator: Short | None = None


class Question(Closed):
    """A question the facts leave to people."""

    name: str
    question: str
    open: bool
    events: Events


class Provenance(Closed):
    """What it was made from."""

    events: Annotated[int, Field(ge=0)]
    chain_head: str
    last_recorded: Instant | None


class PostmortemExport(Closed):
    """A postmortem for other programs. `facts` has everything the draft states; its keys may grow within a format."""

    format: Literal["muster-postmortem/1"] = "muster-postmortem/1"
    incident: Annotated[str, Field(pattern=r"^INC-\d+$")]
    title: Stated | None
    description: Stated | None
    incident_date: Annotated[str, Field(pattern=_DATE)] | None
    severity: Stated | None
    failure: Stated | None
    team: Stated | None
    implicated_systems: tuple[Stated, ...]
    alleged_developer: tuple[Party, ...] | None = None
    alleged_deployer: tuple[Party, ...] | None = None
    harmed_or_nearly_harmed_parties: tuple[Party, ...] | None = None
    harm: Harm = Harm()
    references: References = References()
    times: Times
    lengths: tuple[Length, ...]
    system: tuple[Version, ...]
    response: tuple[Response, ...]
    questions: tuple[Question, ...]
    open: tuple[str, ...]
    provenance: Provenance
    facts: dict[str, Any]


def export_of(draft: Draft, *, head: str) -> PostmortemExport:
    """The export of a draft; the same draft gives the same export."""
    facts = draft.facts
    declared = facts.declared
    at = facts.instants
    begin = next((p for p in (at.impact_start, at.first_signal, at.declared) if p is not None), None)
    made = PostmortemExport(
        incident=f"INC-{facts.incident_id}",
        title=_declared(declared.title, declared.seq),
        description=_description(draft),
        incident_date=f"{begin.at:%Y-%m-%d}" if begin is not None else None,
        severity=_declared(declared.severity, declared.seq),
        failure=_declared(declared.failure, declared.seq),
        team=_declared(declared.team, declared.seq),
        implicated_systems=tuple(_systems(facts)),
        times=Times(**{name: _instant(getattr(at, name)) for name in _INSTANTS}, noticed_by=at.noticed),
        lengths=tuple(
            Length(name=n, seconds=s.seconds, from_event=s.start.seq, to_event=s.end.seq, coarse=s.coarse)
            for n, s in facts.spans
            if s is not None
        ),
        system=tuple(
            Version(
                category=row.category,
                subject=_short(row.subject),
                before=_said(row.before),
                during=_said(row.during),
                after=_said(row.after),
            )
            for row in facts.state
        ),
        response=tuple(_response(action) for action in facts.privileged),
        questions=tuple(
            Question(name=p.name, question=p.question, open=p.name in draft.open_prompts, events=p.seqs)
            for p in facts.prompts
        ),
        open=(),
        provenance=Provenance(events=facts.events, chain_head=head, last_recorded=_instant(facts.last_recorded)),
        facts=as_json(facts),
    )
    return made.model_copy(update={"open": tuple(_unsaid(made))})


def export_text(draft: Draft, *, head: str) -> str:
    """The export as JSON text, its keys always in the same order."""
    return json.dumps(export_of(draft, head=head).model_dump(mode="json"), indent=2, ensure_ascii=False) + "\n"


def export_schema() -> str:
    """JSON Schema of the export."""
    from playbooks.schemas.written import schema_text

    return schema_text(PostmortemExport, f"Muster postmortem ({FORMAT})")


_INSTANTS = tuple(name for name in Times.model_fields if name != "noticed_by")
_PEOPLE = ("alleged_developer", "alleged_deployer", "harmed_or_nearly_harmed_parties")


def _unsaid(made: PostmortemExport) -> Iterator[str]:
    """Fields that only people can fill and nobody has."""
    yield from (name for name in _PEOPLE if getattr(made, name) is None)
    for part in ("harm", "references"):
        inner = getattr(made, part)
        yield from (f"{part}.{name}" for name in type(inner).model_fields if getattr(inner, name) is None)


def _short(text: str, most: int = _LONGEST) -> str:
    return words.clip(text, most)


def _declared(text: str, seq: int | None) -> Stated | None:
    return Stated(value=_short(text), events=(seq,)) if text and seq is not None else None


def _said(value: Said | None) -> Stated | None:
    return Stated(value=_short(value.text), events=(value.seq,)) if value is not None else None


def _instant(point: Point | None) -> Instant | None:
    return Instant(at=point.at, event=point.seq, precision=point.precision.value) if point is not None else None


def _description(draft: Draft) -> Stated | None:
    """The draft's summary as plain text, whole lines up to 500 characters."""
    block = next((b.content for b in draft.blocks if b.name == "summary"), "")
    kept: list[str] = []
    seqs: list[int] = []
    for line in block.split("\n"):
        if not line.startswith("- "):
            continue
        text = re.sub(r" +([.,;:)])", r"\1", re.sub(r"(→|\s)+", " ", plain_text(line[2:]))).strip()
        if len(" ".join([*kept, text])) > _LONGEST:
            break
        kept.append(text)
        seqs += cited(line)
    return Stated(value=" ".join(kept), events=tuple(dict.fromkeys(seqs))) if kept else None


def _systems(facts: Facts) -> Iterator[Stated]:
    """Every component an event names as concerned, once, with the first event that does."""
    found: dict[str, int] = {}
    if facts.declared.component and facts.declared.seq is not None:
        found[facts.declared.component] = facts.declared.seq
    named: Iterable[tuple[str, int]] = [(a.component, a.seqs[0]) for a in facts.privileged]
    named = [*named, *((o.component, o.at.seq) for o in facts.overrides)]
    for name, seq in named:
        if name:
            found.setdefault(name, seq)
    for name, seq in found.items():
        yield Stated(value=_short(name, _PARTY), events=(seq,))


def _response(action: Privileged) -> Response:
    given, needed = action.approvals or (None, None)
    return Response(
        action=action.number,
        kind=action.kind,
        component=action.component,
        before=action.before,
        after=action.after,
        asked_by=_said(action.asked_by),
        verdict=_said(action.verdict),
        decided_by=tuple(s for s in map(_said, action.deciders) if s is not None),
        right=_said(action.right),
        approvals=given,
        approvals_needed=needed,
        result=_said(action.result),
        read_back=_said(action.outcome),
        verified=_instant(action.verified),
        events=action.seqs,
    )
