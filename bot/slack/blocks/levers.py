"""Levers: the preview only the requester sees, the request to those who decide, and the one message of an action."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from bot.slack import ids
from bot.slack.blocks import escape, kit
from playbooks.messages import ActionStatus, Ask, Preview, Who

_NOUNS = {"roll back": "Rollback", "disable": "Disable", "enable": "Enable"}
_BAD = frozenset({"contradicted", "failed", "unproven"})
_ENDED = {
    "approved": "approved",
    "applying": "being applied",
    "by_hand": "nobody says yet how it went",
    "verifying": "reading the effect back",
    "confirmed": "confirmed",
    "claimed": "said to be done, not read back",
    "unproven": "applied, but the effect was not seen in time",
    "contradicted": "contradicted by what was read back",
    "failed": "failed",
    "stale": "stopped: the state changed since the preview",
    "denied": "denied",
    "expired": "expired: nobody answered in time",
    "withdrawn": "withdrawn",
}


def change(before: str, after: str) -> str:
    """`v43 → v42`, `on → off`; only the new state when the old one is unknown."""
    new = escape.version(after) or "?"
    return f"{escape.version(before)} → {new}" if before else new


def preview(view: Preview, *, root: str = "/inc") -> kit.Rendered:
    """What a lever would do."""
    head = f"{escape.value(view.verb, 20)} {escape.value(view.component, 63)}: {change(view.before, view.after)}"
    if view.ends_after:
        head += f" for {escape.span(view.ends_after)}"
    warning = f"⚠︎ {escape.prose(view.warning, root=root)}" if view.warning else ""
    maturity = f"⚠︎ {escape.prose(view.maturity, root=root)}" if view.maturity else ""
    state = " ".join(_sentence(escape.value(text, 300)) for text in (view.note, view.current) if text)
    return kit.message(
        kit.section(escape.bold(head), warning, maturity, state, _reach(view), _approval(view, root)),
        kit.context(_bound(view.hash, view.expires_at, view.incident)),
        kit.actions(*_preview_buttons(view)),
    )


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."


def _reach(view: Preview) -> str:
    affects = escape.several([escape.bold(escape.value(name, 63)) for name in view.affects])
    parts = [f"Affects: {affects}." if affects else "Nothing else is known to read it."]
    takes = f"Takes about {escape.span(view.takes)}" if view.takes else ""
    proof = f"proof: {escape.value(view.proof)}" if view.proof else ""
    if takes or proof:
        parts.append(_sentence("; ".join(p for p in (takes, proof) if p)))
    return " ".join(parts)


def _approval(view: Preview, root: str) -> str:
    if view.confirm_is_approval:
        line = "Approval: yours. You hold the right, and nobody else is asked."
    else:
        line = f"Approval: {_deciders(view.deciders, view.deputies, view.needed)}."
    return f"{line} {escape.fill(view.if_silent, view.deputies, root=root)}".rstrip()


def _deciders(deciders: Sequence[Who], deputies: Sequence[Who], needed: int) -> str:
    people = [escape.with_role(who) for who in deciders]
    people += [escape.mention(who) + " (deputy)" for who in deputies]
    if not people:
        return "nobody can decide this now: the registry names no one who can be reached"
    return f"{max(1, needed)} of {escape.several(people, 'or')}"


def _bound(plan_hash: str, expires: datetime, incident: str) -> str:
    plan = f"Plan {escape.code(plan_hash[:4])}" if plan_hash else ""
    limit = f"valid until {escape.moment(expires)} or until the state changes"
    return kit.dots(", ".join(p for p in (plan, limit) if p), escape.value(incident, 20))


def _preview_buttons(view: Preview) -> Iterator[kit.Element | None]:
    value = ids.Value(action=view.action, hash=view.hash[:64])
    if view.confirm_is_approval:
        yield kit.button(f"{view.verb} now", ids.PREVIEW_CONFIRM, value, style="primary")
    else:
        yield kit.button("Ask for approval", ids.PREVIEW_ASK, value, style="primary")
    if view.others:
        options = [(escape.version(o), ids.Value(action=view.action, version=o)) for o in view.others]
        yield kit.choice("Another version", ids.PREVIEW_OTHER, options)
    yield kit.button("Cancel", ids.PREVIEW_CANCEL, value)


def ask(view: Ask, *, root: str = "/inc") -> kit.Rendered:
    """An approval request; once decided, how, and no buttons."""
    what = f"{escape.value(view.verb, 20).lower()} {escape.value(view.component, 63)}"
    if view.until is None:
        what += f" {change(view.before, view.after)}"
    else:
        what += f" until {escape.moment(view.until, '{date_short_pretty} at {time}')}"
    if view.ends_after:
        what += f" for {escape.span(view.ends_after)}"
    head = f"*{escape.mention(view.requester).strip('*')} asks: {what}*"
    where = ", ".join(escape.value(p, 20) for p in (view.incident, view.severity) if p)
    first = head + (f" ({where})" if where else "")
    first += f" — {_sentence(escape.value(view.because, 300))}" if view.because else "."
    if view.closed:
        closed = escape.fill(view.closed, view.closed_by, root=root)
        at = f" {escape.moment(view.closed_at, '{time_secs}')}" if view.closed_at is not None else ""
        return kit.message(kit.section(first, f"{closed}{at}", _ended(view)))
    return kit.message(
        kit.section(first, *[f"⚠︎ {escape.prose(text, root=root)}" for text in view.warnings[:3]], _wanted(view)),
        kit.context(
            _bound(view.hash, view.expires_at, "")
            if view.until is None
            else f"Request {view.action}, open until {escape.moment(view.expires_at, '{date_short_pretty} at {time}')}"
        ),
        kit.actions(*_ask_buttons(view)),
    )


def _ended(view: Ask) -> str:
    """Who decided in a direct message may not be in the channel where the outcome is told."""
    if not view.ended:
        return ""
    said = _ENDED.get(view.ended, escape.value(view.ended, 40))
    at = f" {escape.moment(view.ended_at, '{time_secs}')}" if view.ended == "confirmed" and view.ended_at else ""
    sign = "⚠︎ " if view.ended in _BAD else ""
    return f"{sign}{escape.bold(said[:1].upper() + said[1:])}{at}"


def _wanted(view: Ask) -> str:
    who = _deciders(view.deciders, (), view.needed) if view.deciders else ""
    count = f"{view.given} of {view.needed} given" if view.needed > 1 or view.given else ""
    if not view.in_channel:
        return kit.dots("You may decide this.", count)
    return kit.dots(f"May decide: {who}" if who else "", count)


def _ask_buttons(view: Ask) -> Iterator[kit.Element]:
    value = ids.Value(action=view.action, hash=view.hash[:64])
    yield kit.button("Approve", ids.APPROVE, value, style="primary")
    yield kit.button("Deny…", ids.DENY_OPEN, value)
    yield kit.button("See plan", ids.SEE_PLAN, value)


def status(view: ActionStatus, *, root: str = "/inc") -> kit.Rendered:
    """One message per action that edits itself."""
    verb = escape.value(view.verb, 20)
    head = f"{_NOUNS.get(verb.lower(), verb)} {escape.value(view.component, 63)} {change(view.before, view.after)}"
    sign = "⚠︎ " if view.state in _BAD else ""
    steps = [_step(text, at, view.people) for text, at in view.steps[-6:]]
    if view.state not in (text.partition(" ")[0] for text, _ in view.steps):
        steps.append(escape.bold(_ENDED.get(view.state, escape.value(view.state, 40))))
    elif steps:
        steps[-1] = escape.bold(steps[-1])
    undo = f"undo until decided: {escape.code(view.undo)}" if view.undo else ""
    return kit.message(
        kit.section(
            f"{sign}{kit.dots(escape.bold(head), *steps, undo)}",
            escape.prose(view.error, root=root),
            f"Seen: {escape.value(view.evidence)}" if view.evidence else "",
            escape.prose(view.note, root=root),
        )
    )


def _step(text: str, at: datetime | None, people: Sequence[Who]) -> str:
    shown = escape.fill(escape.shorten(text, 300), people)
    return f"{shown} {escape.moment(at, '{time_secs}')}" if at is not None else shown
