"""A hand-off: who offers what to whom, the brief, and how it was answered."""

from __future__ import annotations

import re
from datetime import datetime

from bot.slack import ids
from bot.slack.blocks import escape, kit
from playbooks.messages import Fact, HandoffOffer

_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)")


def render(offer: HandoffOffer, *, root: str = "/inc") -> kit.Rendered:
    """The message of one hand-off, edited until it is answered."""
    return kit.message(
        kit.section(_first(offer), _second(offer, root)),
        kit.section(*(_line(line) for line in offer.brief)) if offer.state == "offered" and offer.brief else [],
        kit.actions(*_buttons(offer)),
    )


def _line(item: Fact) -> str:
    """A line of the brief; times in it are the reader's."""
    parts = _TIME.split(item.value)
    shown = [escape.moment(datetime.fromisoformat(p)) if _TIME.fullmatch(p) else escape.value(p) for p in parts]
    glued = "".join(_spaced(raw, text) for raw, text in zip(parts, shown, strict=True))
    return f"*{escape.value(item.label, 80)}* {glued}".rstrip()


def _spaced(raw: str, shown: str) -> str:
    """Escaping trims; what stood between a word and a time stays."""
    return f"{' ' if raw[:1] == ' ' else ''}{shown}{' ' if raw[-1:] == ' ' else ''}" if raw.strip() else raw


def _first(offer: HandoffOffer) -> str:
    giver, receiver = escape.mention(offer.giver), escape.mention(offer.receiver)
    role, name = escape.value(offer.role, 20), escape.value(offer.tag.name, 20)
    if offer.role == "team":
        return _of_team(offer, giver, escape.bold(escape.value(offer.receiver.name, 63)), name)
    if offer.state == "accepted":
        return f"{receiver} is {role} of *{name}* now; {giver} handed it over."
    if offer.state == "offered":
        return f"{giver} offers {receiver} the {role} of *{name}*."
    return f"{giver} stays {role} of *{name}*: the hand-off to {receiver} was {escape.value(offer.state, 20)}."


def _of_team(offer: HandoffOffer, giver: str, team: str, name: str) -> str:
    if offer.state == "accepted":
        return f"{team} answers for *{name}* now; {giver} handed it over."
    if offer.state == "offered":
        return f"{giver} offers *{name}* to {team}: whoever is on call there accepts and leads it."
    return f"{giver} stays responsible for *{name}*: the hand-off to {team} was {escape.value(offer.state, 20)}."


def _second(offer: HandoffOffer, root: str) -> str:
    if offer.state == "offered":
        return f"Until it is accepted, {escape.mention(offer.giver)} stays responsible."
    at = f"At {escape.moment(offer.answered_at)}" if offer.answered_at else ""
    took = (offer.answered_at - offer.offered_at).total_seconds() if offer.answered_at else None
    gap = f", {escape.span(took)} after it was offered" if took is not None else ""
    reason = f" — {escape.prose(offer.reason, root=root)}" if offer.reason else ""
    return f"{at}{gap}{reason}."


def _buttons(offer: HandoffOffer) -> list[kit.Element]:
    if offer.state != "offered":
        return []
    value = ids.Value(incident=offer.tag.number, handoff=offer.handoff)
    return [
        kit.button("Accept", ids.HANDOFF_ACCEPT, value, style="primary"),
        kit.button("Not now", ids.HANDOFF_DECLINE, value),
    ]
