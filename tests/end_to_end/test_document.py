"""The life of a postmortem through Slack: each step by its button, seen by those whom it concerns."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from bot.slack import ids
from bot.workspace.state import Message, View
from playbooks.domain.documents import CHECKS, DocumentState
from tests.end_to_end.acting import opened
from tests.end_to_end.scene import DANA, LIN, OMAR, SAM, Scene, scene

Look = Callable[[str, str, str], None]
POINTS = {"postmortem": {"reviews": {"sev2": {"days": 3, "points": 12}}}}


def _form(at: Scene, user: str) -> View:
    found = at.workspace.wait_for(lambda: at.workspace.top_view(user), 10, f"the form of {user}")
    assert found is not None
    return found


def _clicked(at: Scene, user: str, message: Message, button: str, look: Look, name: str) -> View:
    at.workspace.click(user, message, button)
    view = _form(at, user)
    look(name, message.channel, user)
    return view


def _state(at: Scene) -> DocumentState:
    with at.service.house.store.read() as uow:
        found = uow.document_life(1)
    assert found is not None
    return found.state


def life(at: Scene, look: Look) -> None:
    """Resolve, answer, add an action item, review with the checks, close, vote."""
    work, channel = at.workspace, opened(at)
    work.slash(DANA, channel, "/inc lead")
    work.slash(DANA, channel, "/inc sev 2 because declines doubled")
    work.slash(DANA, channel, "/inc resolve it is back")
    ended = at.message(channel, "INC-1 resolved", "Owner <@U01DANA>", "review due", button=ids.ANSWER_OPEN)
    at.settle()
    look("1-resolved", channel, DANA)

    while _asks(at):
        work.slash(DANA, channel, "/postmortem answer")
        block = _form(at, DANA)
        work.submit_view(DANA, block, {"text": "212 declines, by the payment log."})
    at.settle()
    work.slash(DANA, channel, "/postmortem")
    at.whisper(DANA, "Postmortem of INC-1: draft", "at least one complete action item", button=ids.ITEM_OPEN)
    look("2-status", channel, DANA)

    ended = at.message(channel, "INC-1 resolved", button=ids.ITEM_OPEN)
    form = _clicked(at, DANA, ended, ids.ITEM_OPEN, look, "3-item")
    work.submit_view(DANA, form, {"text": "Page when PSI passes 0.2", "type": "detect", "person": OMAR})
    at.whisper(DANA, "lacks: ticket, done when")
    work.slash(OMAR, channel, "/postmortem item D-1 ticket ML-7 done when the alert fired in a drill")
    at.whisper(OMAR, "D-1 is filled in")
    at.settle()

    work.join(SAM, channel)
    work.slash(SAM, channel, "/postmortem review")
    at.whisper(SAM, "is for its owner, the lead and the team fraud-ml")
    look("4-refused", channel, SAM)
    ended = at.message(channel, "INC-1 resolved", button=ids.SEND_TO_REVIEW)
    work.click(DANA, ended, ids.SEND_TO_REVIEW)
    asked = at.message(channel, "is in review", "<@U02OMAR>", button=ids.REVIEWED_OPEN)
    look("5-review", channel, OMAR)

    form = _clicked(at, OMAR, asked, ids.REVIEWED_OPEN, look, "6-checks")
    work.submit_view(OMAR, form, {f"check_{name}": "2" for name in CHECKS})
    at.message(channel, "reviewed", "postmortem of INC-1")
    at.settle()
    assert _state(at) is DocumentState.REVIEWED

    ended = at.message(channel, "INC-1 resolved", button=ids.CLOSE_DOCUMENT)
    work.click(DANA, ended, ids.CLOSE_DOCUMENT)
    votes = at.message(channel, "two questions, a click each", button=ids.VOTE)
    work.click(DANA, votes, ids.VOTE)
    at.message(channel, "Did you learn something that changes your work? (1 yes, 0 no)")
    at.settle()
    look("7-closed", channel, DANA)
    assert _state(at) is DocumentState.CLOSED
    with at.service.house.store.read() as uow:
        found = uow.incident(1)
    assert found is not None
    assert found.state.value == "closed"


def _asks(at: Scene) -> bool:
    from playbooks.plays.postmortem import questions

    return bool(questions(at.service.house, 1))


def test_a_life_by_buttons(tmp_path: Path) -> None:
    with scene(tmp_path, config=POINTS) as at:
        life(at, lambda name, channel, user: None)


def test_an_overdue_review_reaches_its_owner_and_the_team(tmp_path: Path) -> None:
    with scene(tmp_path, config=POINTS) as at:
        overdue(at, lambda name, channel, user: None)


def overdue(at: Scene, look: Look) -> None:
    """Nobody writes it: the owner is asked, then the team; it is handed over."""
    work, channel = at.workspace, opened(at)
    work.slash(DANA, channel, "/inc lead")
    work.slash(DANA, channel, "/inc sev 2 because declines doubled")
    work.slash(DANA, channel, "/inc resolve it is back")
    at.message(channel, "INC-1 resolved")
    at.settle()
    at.advance(days=9)
    asked = at.message(at.dm(DANA), "INC-1", "'s postmortem", button=ids.DOCUMENT_OWNER_OPEN)
    at.settle()
    look("8-overdue", at.dm(DANA), DANA)
    at.advance(days=1, hours=1)
    at.message("C01FRAUDML", "the review of *INC-1*'s postmortem was due")
    asked = at.message(at.dm(DANA), "INC-1", "'s postmortem was due", button=ids.DOCUMENT_OWNER_OPEN)
    form = _clicked(at, DANA, asked, ids.DOCUMENT_OWNER_OPEN, look, "9-owner")
    work.submit_view(DANA, form, {"person": LIN})
    at.message(channel, "gave <@U03LIN> the postmortem of INC-1")
    work.slash(DANA, channel, "/inc debt")
    at.whisper(DANA, "postmortem of INC-1 is still a draft")
    look("10-debt", channel, DANA)
