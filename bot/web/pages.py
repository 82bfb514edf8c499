"""Pages for people: what a signed link opens, with the headers that keep it to its reader; refusals as a page."""

from __future__ import annotations

import re
from dataclasses import dataclass

import structlog
from starlette.responses import HTMLResponse, Response

from playbooks import errors
from playbooks.domain.links import Door, Room
from playbooks.pages import Page, closed_page
from playbooks.plays.house import House
from playbooks.plays.views.pages import page_of

log = structlog.get_logger(__name__)

_NUMBER = re.compile(r"[1-9][0-9]{0,8}", re.ASCII)
_AGAIN = {
    Room.INCIDENT: "Ask for a new one in Slack: `{root} timeline` in the incident's channel.",
    Room.POSTMORTEM: "Ask for a new one in Slack: `/postmortem INC-…`.",
    Room.STATS: "Ask for a new one in Slack: `{root} stats`.",
}
_SENTENCES = {
    Door.WRONG: "This link opens nothing: it is cut off, or not one of ours.",
    Door.EXPIRED: "This link has expired.",
}


@dataclass(frozen=True, slots=True)
class Opened:
    """The answer to a link. `door` says why, for counting."""

    response: Response
    door: Door


def open_page(house: House, room: Room, number: str, *, until: str, sign: str) -> Opened:
    """The page a link stands for, or the page that says what to do instead.

    Raises `errors.StoreBusy` and whatever else the play raises: `broken` is its page.
    """
    door = Door.WRONG
    if _NUMBER.fullmatch(number):
        door = house.links.door(room, int(number), until=until, sign=sign, now=house.now())
    if door is not Door.OPEN:
        step = _AGAIN[room].format(root=house.rules.root)
        return Opened(_shown(closed_page(_SENTENCES[door], step), 403), door)
    try:
        return Opened(_shown(page_of(house, room, int(number), until=until), 200), door)
    except errors.UnknownName as unknown:
        return Opened(_shown(closed_page(unknown.sentence, "Ask in Slack which one is meant."), 404), door)


def broken(error: errors.MusterError) -> Opened:
    """The page for a failure on this side, behind a door that opened."""
    log.error("page_failed", code=error.code)
    next_step = error.next_step or "Try again in a minute."
    answer = _shown(closed_page(error.sentence, next_step), 503)
    answer.headers["Retry-After"] = "5"
    return Opened(answer, Door.OPEN)


def _shown(page: Page, status: int) -> Response:
    """Kept by nobody, framed by nobody, with no script, and the address told to no other site."""
    policy = (
        f"default-src 'none'; style-src 'sha256-{page.style_sha256}'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    )
    headers = {
        "Cache-Control": "no-store",
        "Content-Security-Policy": policy,
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "X-Robots-Tag": "noindex",
    }
    return HTMLResponse(page.html, status, headers)
