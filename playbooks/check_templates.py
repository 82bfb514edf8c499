"""Checks templates: each is rendered for every case that has files of its own, on chains small, full and hostile."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from playbooks import errors
from playbooks.check import Finding, Level
from playbooks.domain.drafts.facts import facts_of
from playbooks.domain.figures import VERSION, Figures, Grouping, Measure, Mode, Period, groups_of, report
from playbooks.domain.timeline import timeline_view
from playbooks.figure_page import figures_page
from playbooks.messages import Card, Tag
from playbooks.messages.pages import IncidentPage, PageLine
from playbooks.pages import NAMES, STYLE, closed_page, incident_page, page_version, postmortem_page
from playbooks.render import ABOVE, BELOW, Draft, render_draft, template_version
from playbooks.samples import Sample, samples
from playbooks.score import refused, score
from playbooks.templating import ANY, DOCUMENT, OURS, PAGES, Case

_KNOWN = {
    DOCUMENT: frozenset(f"{name}.md.j2" for name in (*ABOVE, *BELOW)),
    PAGES: frozenset({*(path.name for path in (OURS / PAGES).iterdir()), STYLE, *(f"{n}.html.j2" for n in NAMES)}),
}


@dataclass(frozen=True, slots=True)
class Names:
    """What folders may be named after."""

    teams: Collection[str] = ()
    severities: Collection[str] = ()
    failures: Collection[str] = ()

    def what(self, name: str) -> tuple[str, ...]:
        """Which of them a name is: `team`, `severity`, `failure`."""
        kinds = (("team", self.teams), ("severity", self.severities), ("failure", self.failures))
        return tuple(kind for kind, known in kinds if name in known)


def check_templates(templates: Path | None, names: Names) -> list[Finding]:
    """Findings about a user's templates; about ours where there is no folder.

    An error: the folder is missing, a template cannot be rendered (with file and line), or a document made with it
    fails a critical check. A note: a file or folder nothing would ever use.
    """
    if templates is not None and not templates.is_dir():
        todo = "Make it, or take `postmortem.templates` out of muster.yaml."
        return [Finding(Level.ERROR, str(templates), "There is no such folder of templates.", todo)]
    found = list(_unused(templates, names)) if templates is not None else []
    seen: set[tuple[str, str]] = set()
    for case in _cases(templates, names):
        files = (template_version(templates, case), page_version(templates, case))
        if files not in seen:  # two cases with the same files give the same
            seen.add(files)
            found += _tried(templates, case)
    return list(dict.fromkeys(found))


# ------------------------------------------------------------------ folders


def _unused(templates: Path, names: Names) -> Iterator[Finding]:
    for kind, known in _KNOWN.items():
        root = templates / kind
        for path in sorted(root.rglob("*")) if root.is_dir() else ():
            where = str(path.relative_to(templates))
            parts = path.relative_to(root).parts
            if path.is_dir():
                yield from _folder(where, parts, names)
            elif path.name not in known and path.suffix in (".j2", ".css") and not _included(root, path.name):
                sentence = f"Muster has no template {path.name}, and none of yours includes it."
                yield Finding(Level.NOTE, where, sentence, f"Its names are: {', '.join(sorted(known))}.")


def _folder(where: str, parts: tuple[str, ...], names: Names) -> Iterator[Finding]:
    what = names.what(parts[-1])
    order = "The order is TEAM/SEVERITY, TEAM/FAILURE, TEAM, FAILURE, SEVERITY."
    if len(parts) > 2 or (len(parts) == 2 and "team" not in names.what(parts[0])):
        yield Finding(Level.NOTE, where, "No template is looked for in this folder.", order)
    elif len(what) > 1:
        yield Finding(Level.ERROR, where, f"{parts[-1]} is a {' and a '.join(what)}.", "Rename one of them.")
    elif not what:
        sentence = f"{parts[-1]} is no team, severity or failure of the files."
        yield Finding(Level.NOTE, where, sentence, order)


def _included(root: Path, name: str) -> bool:
    return any(name in path.read_text("utf-8", "replace") for path in root.rglob("*.j2") if path.name != name)


def _cases(templates: Path | None, names: Names) -> list[Case]:
    """The case without any names, and one for each folder that has files of its own."""
    found = [ANY]
    for kind in _KNOWN:
        root = templates / kind if templates is not None else OURS / "none"
        for path in sorted(root.rglob("*")) if root.is_dir() else ():
            parts = path.relative_to(root).parts
            if path.is_dir() and len(parts) <= 2:
                found += _case(parts, names)
    return list(dict.fromkeys(found))


def _case(parts: tuple[str, ...], names: Names) -> Iterator[Case]:
    last = names.what(parts[-1])
    team = parts[0] if len(parts) == 2 else ""
    if "team" in last and not team:
        yield Case(team=parts[-1])
    if "severity" in last:
        yield Case(team=team, severity=parts[-1])
    if "failure" in last or not last:
        yield Case(team=team, failure=parts[-1])


# ------------------------------------------------------------------ rendering


def _tried(templates: Path | None, case: Case) -> Iterator[Finding]:
    for sample in samples(case):
        try:
            draft = render_draft(sample.events, incident_id=1, head=sample.head, templates=templates)
            postmortem_page(draft, incident_url="/incidents/1", templates=templates)
            incident_page(_incident(sample), facts_of(sample.events, 1), templates=templates)
            closed_page("This link has expired.", "Ask for a new one.", templates=templates)
            _figures(sample, case, templates)
        except errors.ConfigError as error:
            yield Finding(Level.ERROR, _where(templates), f"{_of(case)}, {sample.name}: {error.sentence}")
            return
        yield from _judged(templates, case, sample, draft)


def _judged(templates: Path | None, case: Case, sample: Sample, draft: Draft) -> Iterator[Finding]:
    checks = score(draft.text, sample.events, incident_id=1, head=sample.head, templates=templates)
    for check in refused(checks):
        sentence = f"{_of(case)}, {sample.name}: the document fails {check.id} ({check.title}): {check.why}"
        yield Finding(Level.ERROR, _where(templates), sentence, "Such a document can be neither closed nor published.")


def _where(templates: Path | None) -> str:
    return str(templates) if templates is not None else "templates"


def _of(case: Case) -> str:
    named = [f"{kind} {name}" for kind in ("team", "severity", "failure") if (name := getattr(case, kind))]
    return " and ".join(named).capitalize() if named else "Any incident"


def _figures(sample: Sample, case: Case, templates: Path | None) -> None:
    """The page of figures over one incident."""
    now = datetime(2026, 1, 16, tzinfo=UTC)
    lengths = dict.fromkeys(Measure, 90)
    name = sample.events[-1].text
    one = Figures(1, VERSION, 1, now, now, name, case.team, case.severity, case.failure, Mode.REAL, lengths)
    period = Period(now - timedelta(days=30), now + timedelta(seconds=1))
    by = {grouping: groups_of([one], period, grouping) for grouping in Grouping}
    figures_page(report([one], period), by, [one], shown_at=now, templates=templates)


def _incident(sample: Sample) -> IncidentPage:
    """The page of an incident as its card could stand."""
    lines = tuple(
        PageLine(e.event.seq, e.event.occurred_at, e.event.kind.value, e.event.text, "", "", bool(e.corrected_from))
        for e in timeline_view(sample.events)
    )
    card = Card(
        tag=Tag(1, "INC-1", sample.events[-1].text, "SEV2", "red_circle", "open"),
        next="decide on a rollback.",
        next_action="rollback",
        lead=None,
        comms=None,
        silent=None,
        opened_at=datetime(2026, 1, 15, tzinfo=UTC),
        over_at=None,
        signal=sample.events[0].text,
        alerts="",
        upstream=(),
        containment="",
        automation=(),
        fallback="",
        decide=(),
        levers=(),
    )
    return IncidentPage(card, "", lines, datetime(2026, 1, 15, tzinfo=UTC), "/postmortems/1")
