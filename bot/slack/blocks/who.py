"""Who owns a component, who is on call for it, and who may decide: everything on one screen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date

from bot.slack import ids
from bot.slack.blocks import escape, kit
from playbooks.domain.actions import UNPROVEN_WORDS
from playbooks.domain.rights import Authority, Right
from playbooks.domain.who import StageView, WhoView
from playbooks.messages import Who

_SILENT = {"deputy": "a deputy is asked", "escalate": "it goes up", "act_and_tell": "act and tell"}

People = Mapping[str, Who]


def render(view: WhoView, people: People, *, root: str = "/inc") -> kit.Rendered:
    """The answer to `/owner`; `people` gives the persons behind the registry ids."""
    rights = [_right(held, people) for held in view.rights[:8]]
    return kit.message(
        kit.context(f"⚠︎ Not now, but {escape.value(view.as_of, 120)}") if view.as_of else [],
        kit.section(_whose(view), "" if view.as_of else _on_call(view, people), _stages(view, people)),
        kit.section("*May decide*", *rights) if rights else [],
        kit.section(*around) if any(around := (_around(view), _kept(view, people), *_unproven(view))) else [],
        kit.section(*_missing(view)) if view.missing else [],
        [] if view.as_of else kit.actions(*_buttons(view)),
    )


def _name(text: str) -> str:
    return escape.value(text, 63)


def _person(person: str, people: People) -> str:
    return escape.mention(people.get(person) or Who(person))


def _whose(view: WhoView) -> str:
    team = f"{escape.bold(_name(view.team))} is accountable" if view.team else "*nobody is accountable*"
    what = kit.dots(
        escape.bold(_name(view.component)), _name(view.kind), "" if view.tier is None else f"tier {view.tier}"
    )
    return f"{what} — {team} {escape.channel(view.channel)}".rstrip()


def _on_call(view: WhoView, people: People) -> str:
    if not view.on_call:
        return "On call now: *nobody*"
    first, *others = [_person(person, people) for person in view.on_call]
    return f"On call now: {first}" + (f", then {escape.several(others, 'then')}" if others else "")


def _stages(view: WhoView, people: People) -> str:
    stages = kit.dots(*(_stage(stage, people) for stage in view.stages[:8]))
    return f"Stages: {stages}" if stages else ""


def _stage(stage: StageView, people: People) -> str:
    now = _person(stage.on_call[0], people) if stage.on_call else "nobody on call"
    return f"{_name(stage.stage)} {escape.bold(_name(stage.team))} ({now})"


def _right(held: Authority, people: People) -> str:
    label = {Right.ACCEPT_RISK: "Accept a risk"}.get(held.right, held.right.noun.capitalize())
    if held.missing:
        return f"{label}: ⚠︎ {escape.prose(held.missing)}"
    if held.approvals == 0:
        return f"{label}: nobody need be asked"
    named = [f"{_person(h.person, people)} ({_name(h.role)})" for h in held.holders]
    named += [f"{_person(h.person, people)} (deputy)" for h in held.deputies]
    after = _SILENT.get(held.if_silent)
    limits = [f"after {escape.span(held.answer_within.total_seconds())} {after}"] if after else []
    if held.longest is not None:
        limits.append(f"at most {escape.span(held.longest.total_seconds())}")
    return "; ".join((f"{label}: {held.approvals} of {escape.several(named, 'or', most=6)}", *limits))


def _around(view: WhoView) -> str:
    def names(label: str, components: tuple[str, ...]) -> str:
        return f"{label} {escape.several([escape.bold(_name(c)) for c in components])}" if components else ""

    fallback = f"Fallback: {escape.value(view.fallback)}" if view.fallback else ""
    return kit.dots(names("Depends on", view.depends_on), names("Read by", view.read_by), fallback)


def _kept(view: WhoView, people: People) -> str:
    levers = ", ".join(f"{_name(kind)} ({_name(provider)})" for kind, provider in view.levers[:6])
    due = ""
    if view.review_due is not None:
        due = f"⚠︎ review overdue since {_day(view.review_due)}" if view.overdue else f"again by {_day(view.review_due)}"
    by = f" by {_person(view.confirmed_by, people)}" if view.confirmed_by else ""
    reviewed = f"Reviewed {_day(view.reviewed_on)}{by}" if view.reviewed_on else ""
    return kit.dots(f"Levers: {levers}" if levers else "", ", ".join(p for p in (reviewed, due) if p))


def _unproven(view: WhoView) -> Iterator[str]:
    for provider in view.unproven[:6]:
        yield f"⚠︎ {_name(provider)}: {UNPROVEN_WORDS}"


def _day(day: date) -> str:
    return f"{day.day} {day.strftime('%b %Y')}"


def _missing(view: WhoView) -> Iterator[str]:
    yield "*Missing*"
    for sentence in view.missing[:6]:
        yield f"⚠︎ {escape.prose(sentence, limit=200)}"
    if len(view.missing) > 6:
        yield f"and {len(view.missing) - 6} more"


def _buttons(view: WhoView) -> list[kit.Element]:
    kinds = {kind for kind, _ in view.levers}
    value = ids.Value(component=view.component[:100])
    buttons: list[kit.Element] = []
    if "rollback" in kinds:
        buttons.append(kit.button("Roll back…", ids.ROLLBACK_OPEN, value))
    if "disable" in kinds:
        buttons.append(kit.button("Disable…", ids.DISABLE_OPEN, value))
    if view.entry and (view.overdue or view.reviewed_on is None):
        confirmed = ids.Value(component=view.component[:100], hash=view.entry)
        buttons.append(kit.button("Confirm, nothing changed", ids.CONFIRM_ENTRY, confirmed))
    return buttons
