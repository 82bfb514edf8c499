"""What people put into the forms of a postmortem, as the values of the typed command."""

from __future__ import annotations

from typing import Final, Protocol

from bot.slack import ids
from bot.slack.grammar_values import Args, Person, PostmortemArgs, TaskArgs
from playbooks.domain.action_items import TICKET
from playbooks.domain.documents import CHECKS

_VERB = "postmortem"


class Fields(Protocol):
    """The fields of a form, and what is wrong with them."""

    faults: dict[str, str]

    def text(self, block_id: str, *, needed: str = "") -> str: ...
    def user(self, block_id: str, *, needed: str) -> str: ...


def _item(form: Fields, meta: ids.Value) -> tuple[str, Args]:
    text = " ".join(form.text("text", needed="Say what is to be done.").split())
    user = form.user("person", needed="Choose who does it.")
    kind = form.text("type", needed="Choose what it is for.")
    ticket = form.text("ticket").strip()
    if ticket and not TICKET.fullmatch(ticket):
        form.faults["ticket"] = "Give a link, ABC-123 or #123."
    item = TaskArgs(text, Person(user, user), form.text("until"), kind, ticket, form.text("done_when"))
    return _VERB, PostmortemArgs("item", item=item)


def _checks(form: Fields, meta: ids.Value) -> tuple[str, Args]:
    given = {name: form.text(f"check_{name}") for name in CHECKS}
    filled = [(name, int(value)) for name, value in given.items() if value in ("0", "1", "2")]
    if filled and len(filled) < len(CHECKS):
        for name, value in given.items():
            if not value:
                form.faults[f"check_{name}"] = "Give this one, too: all eight, or none."
    return _VERB, PostmortemArgs("reviewed", checks=tuple(filled))


def _back(form: Fields, meta: ids.Value) -> tuple[str, Args]:
    return _VERB, PostmortemArgs("back", because=form.text("because", needed="Say what is missing."))


def _no_action(form: Fields, meta: ids.Value) -> tuple[str, Args]:
    return _VERB, PostmortemArgs("no-action", because=form.text("because", needed="Say why: the document tells it."))


def _owner(form: Fields, meta: ids.Value) -> tuple[str, Args]:
    user = form.user("person", needed="Choose a person.")
    return _VERB, PostmortemArgs("owner", Person(user, user))


READERS: Final = {
    ids.MODAL_ITEM: _item,
    ids.MODAL_CHECKS: _checks,
    ids.MODAL_BACK: _back,
    ids.MODAL_NO_ACTION: _no_action,
    ids.MODAL_OWNER: _owner,
}
