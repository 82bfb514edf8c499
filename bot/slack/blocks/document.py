"""A postmortem: where it stands, what is open, and the one thing to do next; and the two questions at its end."""

from __future__ import annotations

from slack_sdk.models.blocks import Block

from bot.slack import ids
from bot.slack.blocks import escape, kit
from bot.slack.blocks.published import links
from playbooks.domain.documents import POINTS, DocumentState
from playbooks.messages import DocumentNote, VoteNote

_BUTTONS = {
    "answer": ("Answer a question…", ids.ANSWER_OPEN),
    "item": ("Add action item…", ids.ITEM_OPEN),
    "none": ("No action…", ids.NO_ACTION_OPEN),
    "review": ("Send to review", ids.SEND_TO_REVIEW),
    "reviewed": ("Mark reviewed…", ids.REVIEWED_OPEN),
    "back": ("Back to draft…", ids.BACK_OPEN),
    "close": ("Close", ids.CLOSE_DOCUMENT),
    "owner": ("Hand over…", ids.DOCUMENT_OWNER_OPEN),
}
_OFFERED = {
    DocumentState.DRAFT: ("answer", "item", "review", "owner"),
    DocumentState.IN_REVIEW: ("reviewed", "answer", "item", "back"),
    DocumentState.REVIEWED: ("close", "item", "back", "owner"),
    DocumentState.CLOSED: (),
}


def button(name: str, incident: int, *, primary: bool = False, owned: bool = True) -> kit.Element:
    """The button of a step, as in `playbooks.domain.documents.next_of`; of an unknown one that to all of them."""
    label, action = _BUTTONS.get(name, ("Where it stands", ids.POSTMORTEM))
    if name == "owner" and not owned:
        label = "Name an owner…"
    return kit.button(label, action, ids.Value(incident=incident), style="primary" if primary else None)


def render(note: DocumentNote, *, root: str = "/inc") -> kit.Rendered:
    """Where a postmortem stands."""
    return kit.message(
        kit.section(_head(note), _next(note)),
        kit.context(_facts(note), *_small(note), links(note.published)),
        kit.actions(*_buttons(note)),
    )


def _head(note: DocumentNote) -> str:
    name = escape.value(note.tag.name, 20)
    owner = escape.mention(note.owner) if note.owner is not None else "nobody yet"
    if note.phase == "review":
        asked = escape.several([escape.mention(who) for who in note.reviewers], "or") or "somebody who was there"
        return f"*The postmortem of {name} is in review.* {asked}: read it, then mark it reviewed. Owner {owner}."
    if note.phase in ("warning", "due", "overdue"):
        when = escape.day(note.due_at) if note.due_at is not None else "soon"
        said = f"was due *{when}*" if note.phase == "overdue" else f"is due *{when}*"
        state = "in review" if note.state is DocumentState.IN_REVIEW else "still a draft"
        return f"{owner}: the review of *{name}*'s postmortem {said}. It is {state}."
    state = escape.value(note.state.replace("_", " "), 20)
    return kit.dots(f"*Postmortem of {name}: {state}*", f"owner {owner}", _due(note))


def _due(note: DocumentNote) -> str:
    if note.state in (DocumentState.REVIEWED, DocumentState.CLOSED):
        return ""
    if not note.required:
        return "no review required"
    if note.due_at is None:
        return ""
    return f"review {'⚠︎ was due' if note.overdue else 'due'} {escape.day(note.due_at)}"


def _next(note: DocumentNote) -> str:
    n = note.open
    if note.phase == "review":
        return ""
    if not note.resolved:
        return "It is reviewed once the incident is resolved; questions can be answered now."
    said = {
        "answer": f"answer {'the open question' if n == 1 else f'the {n} open questions'}.",
        "item": "name at least one complete action item, or sign why nothing is to be done.",
        "review": "send it to review.",
        "reviewed": "somebody other than its owner marks it reviewed.",
        "close": "close it; the incident is closed with it.",
    }.get(note.next)
    return f"*Next:* {said}" if said else ""


def _facts(note: DocumentNote) -> str:
    questions = f"{note.open} of {note.asked} questions open" if note.open else f"all {note.asked} questions answered"
    items = f"{note.items} complete action item{'' if note.items == 1 else 's'}" if note.items else ""
    signed = "no action, signed" if note.no_action else ""
    points = f"{note.points} of {POINTS} points" if note.points is not None else ""
    needed = f"{note.needed} of {POINTS} points needed" if note.needed and note.points is None else ""
    return kit.dots(questions, items or signed or "no complete action item", points or needed)


def _small(note: DocumentNote) -> list[str]:
    lines = [f"D-{number} lacks {escape.value(lacking, 80)}" for number, lacking in note.half[:3]]
    checks = [said for said in note.lacks if said.startswith("check ")]
    if checks:
        lines.append(f"⚠︎ {escape.value(checks[0], 300)}")
    elif note.checked:
        lines.append("all critical checks hold")
    if note.waived:
        lines.append(f"closed without a review: {escape.value(note.waived, 200)}")
    return lines


def _buttons(note: DocumentNote) -> list[kit.Element]:
    offered = [name for name in _OFFERED.get(note.state, ()) if name != "answer" or note.open]
    if not note.resolved:
        offered = ["answer"] if note.open else []
    if note.next == "item":
        offered = ["item", "none", *(name for name in offered if name != "item")]
    if note.phase == "review":
        offered = ["reviewed", "back"]
    if note.next in offered:
        offered = [note.next, *(name for name in offered if name != note.next)]
    first = note.next if note.phase != "review" else "reviewed"
    owned = note.owner is not None
    shown = [button(name, note.tag.number, primary=name == first, owned=owned) for name in offered[:4]]
    return shown + kit.page_button(note.page)


def votes(note: VoteNote, *, root: str = "/inc") -> kit.Rendered:
    """Was it worth it? A click each, counted."""
    name = escape.value(note.tag.name, 20)
    people = escape.several([escape.mention(who) for who in note.invited], most=8)
    blocks: list[Block] = []
    for key, question, yes, no in note.questions:
        count = f" ({yes} yes, {no} no)" if yes or no else ""
        blocks.append(kit.section(f"{escape.value(question, 120)}{count}"))
        given = [
            kit.button(label, ids.numbered(ids.VOTE, place), ids.Value(incident=note.tag.number, text=f"{key}:{word}"))
            for place, (label, word) in enumerate((("Yes", "yes"), ("No", "no")))
        ]
        blocks += kit.actions(*given)
    asked = f" {people}: two questions, a click each." if people else " Two questions, a click each."
    return kit.message(kit.section(f"*{name} and its postmortem are closed.*{asked}"), blocks)
