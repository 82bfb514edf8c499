"""The pinned card of an incident channel: where it stands, and the one next thing to do."""

from __future__ import annotations

from collections.abc import Iterator

from bot.slack import ids
from bot.slack.blocks import escape, kit, reading
from playbooks.messages import Card, Fact, Lever

SHOWN_LEVERS = 3


def render(card: Card, *, root: str = "/inc") -> kit.Rendered:
    """The card; always the whole of the newest version."""
    return kit.message(
        kit.section(_head(card), _next(card, root), _signal(card), _around(card), _hold(card), *_overrides(card)),
        kit.context(_small(card)),
        kit.actions(*_buttons(card)),
    )


def _head(card: Card) -> str:
    tag = card.tag
    parts = [kit.headline(tag), escape.value(tag.severity, 20) or "no severity yet", escape.value(tag.state, 40)]
    parts.append(f"lead {escape.mention(card.lead)}" if card.lead else "nobody leads")
    if card.comms:
        parts.append(f"comms {escape.mention(card.comms)}")
    if card.over_at is None:
        lasted = f"open since {escape.moment(card.opened_at)}"
    else:
        lasted = f"open for {escape.span((card.over_at - card.opened_at).total_seconds())}"
    return kit.dots(*parts, lasted)


def _next(card: Card, root: str) -> str:
    if card.over and not card.next:
        return ""
    line = f"*Next:* {escape.prose(card.next, root=root, limit=300)}"
    return f"{line} {_decide(card)}".rstrip() if card.decide else line


def _decide(card: Card) -> str:
    people = card.decide[:4]
    names = escape.several([escape.mention(who) for who in people], "or")
    roles = "; ".join(escape.value(who.role, 60) for who in people if who.role)
    if card.next_action != "rollback":
        return f"{names} may say so" + (f" ({roles})." if roles else ".")
    asks = f"{escape.mention(card.lead)} may ask; " if card.lead else ""
    return f"{asks}{names} may approve" + (f" ({roles})." if roles else ".")


def _signal(card: Card) -> str:
    said = reading.line(card.signal, card.since, card.silent, 300)
    return f"Signal: {said}" if said else ""


def _around(card: Card) -> str:
    upstream = ", ".join(_upstream(item) for item in card.upstream[:4])
    if len(card.upstream) > 4:
        upstream += f" and {len(card.upstream) - 4} more"
    return kit.dots(
        escape.value(card.alerts, 80),
        f"upstream: {upstream}" if upstream else "",
    )


def _upstream(item: Fact) -> str:
    return f"{escape.bold(escape.value(item.label, 60))} {escape.value(item.value, 80)}" + (" ⚠︎" if item.warn else "")


def _hold(card: Card) -> str:
    automation = ", ".join(_upstream(item) for item in card.automation[:4])
    return kit.dots(
        f"Containment: {escape.value(card.containment)}" if card.containment else "",
        f"Automation: {automation}" if automation else "",
        f"Fallback: {escape.value(card.fallback)}" if card.fallback else "",
    )


def _overrides(card: Card) -> Iterator[str]:
    for component, due, number in card.overrides[:3]:
        ends = escape.until(due, card.opened_at)
        yield f"{escape.bold(escape.value(component, 60))} is *OFF* until {ends} (debt D-{number})"
    if len(card.overrides) > 3:
        yield f"and {len(card.overrides) - 3} more overrides"
    for line in card.standing[:3]:
        name = escape.bold(escape.value(line.component, 60))
        ends = escape.until(line.due_at, card.opened_at)
        said = f"{name} is *FROZEN* until" if line.kind == "freeze" else f"Risk of {name} accepted until"
        late = " ⚠︎ asked again" if line.overdue else ""
        yield f"{said} {ends} (debt D-{line.number}){late}"


def _small(card: Card) -> str:
    due = f"Next update due {escape.moment(card.update_due)}" if card.update_due and not card.over else ""
    page = escape.link(card.page, "page of this incident") if card.page and not card.over else ""
    return kit.dots(due, escape.value(card.suggestion), page)


def _buttons(card: Card) -> Iterator[kit.Element]:
    value = ids.Value(incident=card.tag.number)
    if card.over:
        yield kit.button("Postmortem", ids.POSTMORTEM, value, style="primary")
        if card.page:
            yield kit.link_button("Open draft", ids.OPEN_DRAFT, card.page, value)
        return
    main = _main(card, value)
    if main is not None:
        yield main
    yield from _levers(card)
    if card.next_action != "update":
        yield kit.button("Update", ids.UPDATE_OPEN, value)
    label = {"impact": "Impact began…", "aware": "We are aware…"}.get(card.asks)
    if label is not None:
        said = ids.Value(incident=card.tag.number, text=card.asks)
        yield kit.button(label, ids.MILESTONE_OPEN, said)
    if card.lead is not None:
        yield kit.button("Hand off…", ids.HANDOFF_OPEN, value)
    yield kit.overflow(_more(card))


def _main(card: Card, value: ids.Value) -> kit.Element | None:
    labels = {
        "ack": ("I take it", ids.TAKE),
        "update": ("Update", ids.UPDATE_OPEN),
        "mitigated": ("It is mitigated", ids.MITIGATED),
        "resolve": ("Resolve…", ids.RESOLVE_OPEN),
        "postmortem": ("Postmortem", ids.POSTMORTEM),
    }
    if card.next_action not in labels:
        return None
    label, action_id = labels[card.next_action]
    return kit.button(label, action_id, value, style="primary")


def _levers(card: Card) -> Iterator[kit.Element]:
    kinds = [lever.kind for lever in card.levers]
    primary = card.next_action if card.next_action in ("rollback", "disable") else ""
    for position, lever in enumerate(card.levers[:SHOWN_LEVERS]):
        first = primary == lever.kind and lever.kind not in kinds[:position]
        place = kinds[:position].count(lever.kind)
        yield _lever(card, lever, place, alone=kinds.count("rollback") == 1, primary=first)


def _lever(card: Card, lever: Lever, place: int, *, alone: bool, primary: bool) -> kit.Element:
    value = ids.Value(incident=card.tag.number, component=lever.component[:100])
    if lever.kind == "rollback":
        label, action_id = ("Roll back…" if alone else f"Roll back {lever.component[:40]}…"), ids.ROLLBACK_OPEN
    else:
        label, action_id = f"Disable {lever.component[:40]}…", ids.DISABLE_OPEN
    return kit.button(label, ids.numbered(action_id, place), value, style="primary" if primary else None)


def _more(card: Card) -> list[tuple[str, ids.Value]]:
    rest = [("Add a note…", "note"), ("Set severity…", "sev"), ("Summary", "summary"), ("Timeline", "timeline")]
    if card.next_action != "resolve":
        rest.append(("Resolve…", "resolve"))
    return [(label, ids.Value(incident=card.tag.number, text=verb)) for label, verb in rest]
