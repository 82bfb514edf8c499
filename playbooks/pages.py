"""The pages for people: a postmortem and an incident as HTML, with the drawn timeline; everything escaped."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from markupsafe import Markup

from playbooks.domain.drafts import words
from playbooks.domain.drafts.entries import Span
from playbooks.domain.drafts.facts import Facts
from playbooks.domain.drafts.page import body_of
from playbooks.domain.pictures.lanes import Bar, Lane, Picture, label, picture_of
from playbooks.domain.pictures.svg import NARROW, WIDE, clock, svg_of
from playbooks.messages.pages import IncidentPage
from playbooks.render import Draft, case_of
from playbooks.templating import ANY, FAULTS, PAGES, Case, environment, folders, refusal, source, version_of

NAMES = ("postmortem", "incident", "closed", "stats")
STYLE = "style.css"
_SHOWN = 6


@dataclass(frozen=True, slots=True)
class Page:
    """A whole page. `style_sha256` is the digest of its only style sheet, for the browser's policy (CSP level 2)."""

    html: str
    style_sha256: str


@dataclass(frozen=True, slots=True)
class Tile:
    """One figure at the head of a page."""

    name: str
    value: str
    note: str
    tone: str = "plain"


def postmortem_page(
    draft: Draft, *, severities: Mapping[str, str] = {}, incident_url: str = "", templates: Path | None = None
) -> Page:
    """The document as a page. Raises `errors.ConfigError` where a template cannot be rendered."""
    facts = draft.facts
    body = body_of(draft.text)
    context = {
        "name": f"INC-{facts.incident_id}",
        "title": words.one_line(facts.declared.title) or f"INC-{facts.incident_id}",
        "severity": _severity(facts, severities),
        "component": label(facts.declared.component, 63),
        "team": label(facts.declared.team, 63),
        "resolved": facts.instants.resolved is not None,
        "tiles": _tiles(facts),
        "decisions": _decisions(facts),
        "more_decisions": max(0, len(facts.privileged) - _SHOWN),
        "intro": Markup(body.intro),  # noqa: S704  `body_of` escapes everything
        "sections": [(s.anchor, Markup(s.name), Markup(s.body)) for s in body.sections],  # noqa: S704
        "incident_url": incident_url,
        **_drawn(facts),
    }
    return filled("postmortem", context, templates, case_of(facts))


def incident_page(view: IncidentPage, facts: Facts, *, templates: Path | None = None) -> Page:
    """An incident as it stands. Raises `errors.ConfigError` where a template cannot be rendered."""
    tiles = _tiles(facts, "not recorded" if facts.instants.resolved else "not yet")
    context = {"view": view, "tiles": tiles, "clock": clock, **_drawn(facts)}
    return filled("incident", context, templates, case_of(facts))


def closed_page(sentence: str, next_step: str, *, templates: Path | None = None) -> Page:
    """A page instead of the one asked for: what is wrong, and what to do."""
    return filled("closed", {"sentence": sentence, "next_step": next_step}, templates, ANY)


def page_version(templates: Path | None, case: Case = ANY) -> str:
    """The version of the pages' templates in use."""
    env = environment(folders(templates, PAGES, case), html=True)
    return version_of(env, [*(f"{name}.html.j2" for name in NAMES), STYLE])


def filled(name: str, context: Mapping[str, Any], templates: Path | None, case: Case) -> Page:
    """A page's template with its values. Raises `errors.ConfigError` where it cannot be rendered."""
    env = environment(folders(templates, PAGES, case), html=True)
    style = source(env, STYLE).replace("</", "")
    try:
        text = env.get_template(f"{name}.html.j2").render({**context, "style": Markup(style)})  # noqa: S704  a file
    except FAULTS as error:
        raise refusal(error, PAGES, f"{name}.html.j2", env) from error
    return Page(text, b64encode(sha256(style.encode()).digest()).decode())


# ------------------------------------------------------------------ at a glance


def _severity(facts: Facts, severities: Mapping[str, str]) -> str:
    now = facts.severities[-1][0] if facts.severities else facts.declared.severity
    return label(severities.get(now, now), 20)


def _tiles(facts: Facts, absent: str = "not recorded") -> list[Tile]:
    """The lengths a reader asks for first; `absent` stands for one whose end is not there."""
    spans = dict(facts.spans)
    asked = [a.asked_to_given for a in facts.privileged if a.asked_to_given is not None]
    whole = spans["Impact start to resolved"]
    return [
        _tile("Silent", facts.silent, "impact start to detected", "silent"),
        _tile("Until taken", spans["Detected to acknowledged"], "detected to acknowledged", "waiting", absent),
        _tile(
            "Until decided",
            max(asked, key=lambda s: s.seconds, default=None),
            "asked to given, longest",
            "plain",
            absent,
        ),
        _tile("Until mitigated", spans["Impact start to mitigated"], "impact start to mitigated", "responding", absent),
        _tile("In all", whole, "impact start to resolved", "watching")
        if whole is not None
        else _tile("In all", spans["Declared to resolved"], "declared to resolved", "watching", absent),
    ]


def _tile(name: str, span: Span | None, what: str, tone: str, absent: str = "not recorded") -> Tile:
    if span is None:
        return Tile(name, absent, what, tone)
    about = "≈ " if span.coarse else ""
    return Tile(name, f"{about}{words.length(span.seconds)}", f"{what}, E{span.start.seq} to E{span.end.seq}", tone)


@dataclass(frozen=True, slots=True)
class Decision:
    """One privileged action in a line: what, and who decided with which outcome."""

    what: str
    who: str
    how: str
    event: int


def _decisions(facts: Facts) -> list[Decision]:
    found = []
    for action in facts.privileged[:_SHOWN]:
        verbs = {"rollback": "Rollback", "disable": "Switch-off", "enable": "Switch-on"}
        kind = verbs.get(action.kind, label(action.kind.capitalize(), 40))
        change = f": {label(action.before, 40)} → {label(action.after, 40)}" if action.before and action.after else ""
        by = ", ".join(label(d.text, 60) for d in action.deciders)
        verdict = action.verdict.text if action.verdict else "not decided"
        given = action.asked_to_given
        took = "" if given is None else f" after {words.length(given.seconds)}" if given.seconds else " at once"
        outcome = action.outcome.text if action.outcome else action.result.text if action.result else ""
        found.append(
            Decision(
                f"{kind} of {label(action.component, 60)}{change}" if action.component else f"{kind}{change}",
                f"{label(verdict, 40).capitalize()}{f' by {by}' if by else ''}{took}",
                label(outcome.replace("_", " "), 40) if outcome else "result not recorded",
                action.seqs[0],
            )
        )
    return found


# ------------------------------------------------------------------ the drawing


@dataclass(frozen=True, slots=True)
class Told:
    """A row of the table that says what the drawing shows."""

    lane: str
    what: str
    start: str
    end: str
    events: tuple[int, ...]


def _drawn(facts: Facts) -> dict[str, Any]:
    picture = picture_of(facts)
    if picture is None:
        return {"wide": "", "narrow": "", "told": ()}
    return {"wide": svg_of(picture, WIDE), "narrow": svg_of(picture, NARROW), "told": _told(picture)}


def _told(picture: Picture) -> list[Told]:
    """Every bar and mark of the drawing in words, lane by lane."""
    rows = [_row("Time", bar) for bar in picture.phases]
    for lane in picture.lanes:
        rows += [_row(lane.name, bar) for bar in lane.bars]
        rows += _marked(lane)
    return rows


def _row(lane: str, bar: Bar) -> Told:
    end = clock(bar.end.at, dated=True) if bar.end is not None and bar.end.at != bar.start.at else ""
    marks = "; ".join(f"{m.says} {clock(m.at.at, dated=True)}" for m in bar.marks if len(bar.marks) > 1)
    events = dict.fromkeys([bar.start.seq, *([bar.end.seq] if bar.end else []), *(m.at.seq for m in bar.marks)])
    what = f"{bar.says} ({marks})" if marks else bar.says
    return Told(lane, what, clock(bar.start.at, dated=True), end, tuple(events))


def _marked(lane: Lane) -> list[Told]:
    return [Told(lane.name, m.says, clock(m.at.at, dated=True), "", (m.at.seq,)) for m in lane.marks]
