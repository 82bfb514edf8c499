"""Where a document goes outside, from which state on, and what was seen to stand there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

DRAFT, IN_REVIEW, REVIEWED, CLOSED = "draft", "in_review", "reviewed", "closed"
STATES: Final = (DRAFT, IN_REVIEW, REVIEWED, CLOSED)
"""States of a document, in their order."""
_SLACK = re.compile(r"<(@|#|!(?!--)|mailto:|tel:|https?://)([^<>|\n]*)(?:\|([^<>\n]*))?>")
_ALONE = (r"(?<![A-Za-z0-9])", r"(?![-._@]?[A-Za-z0-9])")  # around a name: not within another, emphasis may touch it
_SLACK_ID = re.compile(r"[UW][A-Z0-9]{5,}")


def digest_of(text: str) -> str:
    """SHA-256 of a document's bytes (UTF-8), in hex."""
    return sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Destination:
    """One configured place for documents: an entry under `publish:` in muster.yaml.

    Attributes:
        name: the entry. provider: whose settings stand under `providers:`. since: the document's state from which on it
            is published there, and kept up to date.
        to: what the provider needs to know of the place. teams, severities: ids it is for; none named means any.
        in_channel: it stands in the incident's channel, where otherwise a file would be shared.
    """

    name: str
    provider: str
    since: str = REVIEWED
    to: Mapping[str, Any] = field(default_factory=dict)
    teams: tuple[str, ...] = ()
    severities: tuple[str, ...] = ()
    in_channel: bool = False

    def takes(self, team: str, severity: str) -> bool:
        """Whether documents of this team and severity go there."""
        return (not self.teams or team in self.teams) and (not self.severities or severity in self.severities)

    def reached(self, state: str) -> bool:
        """Whether a document of this state goes there."""
        return STATES.index(state) >= STATES.index(self.since)


@dataclass(frozen=True, slots=True)
class Page:
    """A document as it is handed to a publisher.

    Attributes:
        key: our own name for it, the same for every version (`inc-42`); by it the page is found again.
        title: for people. text: Markdown without anything that only Slack understands.
        note: what changed, in one line, where the place keeps a history. state: of the document.
        channel: Slack id of the incident's channel, for what is published there.
    """

    key: str
    title: str
    text: str
    note: str = ""
    state: str = DRAFT
    channel: str = ""

    @property
    def digest(self) -> str:
        """Of the text."""
        return digest_of(self.text)

    @property
    def filename(self) -> str:
        """`inc-42-postmortem.md`."""
        return f"{self.key}-postmortem.md"


@dataclass(frozen=True, slots=True)
class Placed:
    """What was read back from a place.

    Attributes:
        place: the place's own id of the page; it leads there faster than the key. link: for people, may be empty.
        digest: of the text that stands there, as `Page.digest`; empty where something else stands there.
        form: how it stands there, where the publisher had to choose (`canvas`, `file`).
    """

    place: str
    link: str
    digest: str
    form: str = ""


@dataclass(frozen=True, slots=True)
class Publication:
    """A document at one destination, as stored; the intent is written before the act, the rest read back after.

    Attributes:
        name: of the destination. state: of the document when it was last wanted there.
        place, link, form: see `Placed`. digest: of the text that was last seen to stand there, empty before the first.
        trying: digest of the text that is being published; empty when nothing is under way.
        attempts: tries of it. error, next_step: why the last try failed, empty where it did not.
        over: a person said that what others wrote there may be replaced, once.
        by, under: who asked for it by hand, and by which right; empty where its state did.
        published_at: when it was last seen there.
    """

    incident_id: int
    name: str
    state: str
    place: str = ""
    link: str = ""
    form: str = ""
    digest: str = ""
    trying: str = ""
    attempts: int = 0
    error: str = ""
    next_step: str = ""
    over: bool = False
    by: str = ""
    under: str = ""
    published_at: datetime | None = None


def key_of(incident_name: str) -> str:
    """Our own name for an incident's document: `inc-42`."""
    return incident_name.lower()


class Outside:
    """Takes from what people wrote whatever only Slack understands, and names persons by the roles they had.

    https://docs.slack.dev/messaging/formatting-message-text has the marks. Built once a document: a registry may have
    hundreds of people.

    Args:
        roles: registry ids, Slack ids and e-mail addresses of persons, with the role of each.
    """

    def __init__(self, roles: Mapping[str, str]) -> None:
        self._roles = {name: role for name, role in roles.items() if name}
        names = sorted(self._roles, key=len, reverse=True)
        either = "|".join(re.escape(name) for name in names)
        clear = "|".join(re.escape(name) for name in names if "@" in name or _SLACK_ID.fullmatch(name))
        # A bare word is taken for a name only where it cannot be another word: a person may be called `will`.
        sure = [rf"`({either})`", rf"{_ALONE[0]}@({either}){_ALONE[1]}"] if either else []
        sure += [rf"{_ALONE[0]}({clear}){_ALONE[1]}"] if clear else []
        self._sure = re.compile("|".join(sure)) if sure else None

    def __call__(self, text: str) -> str:
        """The text as it may leave the house."""
        low = _SLACK.sub(self._plain, text)
        return self._sure.sub(self._role, low) if self._sure is not None else low

    def _plain(self, mark: re.Match[str]) -> str:
        kind, target, label = mark[1], mark[2], mark[3] or ""
        if kind == "@":
            return f"({self._roles.get(target, 'a person')})"
        if kind == "#":
            return f"#{label}" if label else "(a channel)"
        if kind == "!":
            return label if target.startswith("date^") and label else "(a group)"
        if kind in ("mailto:", "tel:"):
            return label or target
        return f"[{label}]({kind}{target})" if label else mark[0]

    def _role(self, found: re.Match[str]) -> str:
        name = next(group for group in found.groups() if group is not None)
        return f"({self._roles[name]})"
