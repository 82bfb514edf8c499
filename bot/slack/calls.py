"""A call from Slack as the command handlers see it: who, where, by which delivery, in which zone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from typing import Any

from structlog import get_logger

from bot.slack.alert_messages import AlertChannel
from bot.slack.grammar import DecideArgs, ExtendArgs, Parsed, Person, StandArgs
from playbooks import errors
from playbooks.domain.ownership import Registry
from playbooks.domain.timeline import EventSource
from playbooks.domain.who import WhoView
from playbooks.messages import Message, Refusal, Who
from playbooks.plays import refusals
from playbooks.plays.house import House, actor_for, who
from playbooks.plays.orders import Order

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Call:
    """One delivery of Slack.

    Attributes:
        user, channel: Slack ids; channel may be empty (App Home). once: identity of the delivery.
        source: slash, button, message. zone: of the person. link: permalink of the message concerned, may be empty.
    """

    user: str
    channel: str
    once: str
    source: EventSource
    zone: tzinfo = UTC
    link: str = ""


@dataclass(frozen=True, slots=True)
class OpenModal:
    """The answer is a form: the edge opens it; `instead` is what is said when it cannot be opened."""

    view: Mapping[str, Any]
    instead: str


Reply = Message | WhoView | OpenModal


@dataclass(frozen=True, slots=True)
class Desk:
    """What command handlers use.

    Attributes:
        zone_of: a Slack user's time zone, UTC when unknown. self_user: the bot's own Slack id.
        sync: reads the registry again and says what came of it. registry_state: what stands against today's files.
        registry_then: a version of the registry by its hash. alert_channels: where messages of apps are alerts.
    """

    house: House
    commands: Mapping[str, str] = field(default_factory=dict)
    zone_of: Callable[[str], tzinfo] = lambda _user: UTC
    self_user: Callable[[], str] = lambda: ""
    sync: Callable[[], str] = lambda: "The registry is as it was."
    registry_state: Callable[[], str] = lambda: ""
    registry_then: Callable[[str], Registry] | None = None
    alert_channels: Mapping[str, AlertChannel] = field(default_factory=dict)

    def order(self, call: Call, role: str = "") -> Order:
        """The order behind a call, with the actor as the registry knows them."""
        return Order(actor_for(self.house.registry(), call.user, role), call.channel, call.source, call.once, call.link)

    def actor_id(self, person: Person, call: Call) -> str:
        """Actor id of a person named in a command; nobody named means the one who types.

        Raises UnknownName for a name that is no mention and not in the registry.
        """
        if not person.slack and not person.name:
            return actor_for(self.house.registry(), call.user).id
        registry = self.house.registry()
        if person.slack:
            return registry.person_by_slack(person.slack) or f"slack:{person.slack}"
        if person.name in registry.people:
            return person.name
        raise errors.UnknownName(f"I don't know {person.name}.", "Mention the person with @.")

    def incident(self, call: Call, parsed: Parsed) -> int | None:
        """The incident meant: named, else the channel's own (by its stored id, never by its name)."""
        if parsed.incident is not None:
            return parsed.incident
        if not call.channel:
            return None
        with self.house.store.read() as uow:
            found = uow.incident_by_channel(call.channel)
        return found.id if found else None

    def now(self) -> datetime:
        """The time, UTC."""
        return self.house.now()

    def refused(self, call: Call, error: errors.Denied, about: refusals.About) -> None:
        """A refusal is written down before it is told. Raises StoreBusy."""
        incident = refusals.record(self.house, self.order(call), error, about)
        log.info("refused", code=error.code, user=call.user, command=about.command, incident=incident, **error.facts)


def about_of(parsed: Parsed) -> refusals.About:
    """What a typed command or a sent form is about."""
    args = parsed.args
    action = args.action if isinstance(args, DecideArgs) and parsed.verb != "review" else None
    entry = args.override if isinstance(args, ExtendArgs | StandArgs) else None
    return refusals.About(parsed.verb, parsed.incident, action, entry, _component(parsed))


def refusal_of(house: House, error: errors.MusterError, parsed: Parsed | None = None) -> Refusal:
    """An error as help: its sentence, the next step, whom to ask, and the nearest command as a button."""
    registry = house.registry()
    ask: tuple[Who, ...] = ()
    who_may = ""
    suggestion = label = ""
    if isinstance(error, errors.Denied):
        ask = tuple(w for p in error.ask[:3] if (w := who(registry, p)) is not None)
        who_may = _component(parsed) or error.facts.get("component", "")
    if isinstance(error, errors.UnknownName) and error.nearest and parsed is not None:
        suggestion = _instead(parsed, error.nearest[0])
        label = _label(parsed.verb, error.nearest[0]) if suggestion else ""
    return Refusal(error.sentence, error.next_step, ask, who_may, suggestion, label)


def _component(parsed: Parsed | None) -> str:
    return str(getattr(parsed.args, "component", "")) if parsed is not None else ""


def _instead(parsed: Parsed, nearest: str) -> str:
    """The same command with the nearest name in place; empty where it is not about a component."""
    typed = _component(parsed)
    if not typed:
        return ""
    short = {"rollback": "/rollback", "disable": "/disable", "enable": "/enable", "who": "/owner"}.get(parsed.verb)
    if short is None:
        return ""
    words = [short, nearest]
    args = parsed.args
    for word, name in (("to", "to"), ("for", "span"), ("until", "until"), ("because", "because")):
        value = str(getattr(args, name, "") or "")
        if value:
            words += [word, value]
    if parsed.verb == "disable" and not getattr(args, "span", "") and not getattr(args, "until", ""):
        words[2:2] = ["for", "4h"]  # an end to begin with: the preview shows it before anything happens
    return " ".join(words)


def _label(verb: str, component: str) -> str:
    """What the button with the nearest name says: `Disable auto-decline…`."""
    does = {"rollback": "Roll back", "disable": "Disable", "enable": "Enable"}.get(verb)
    return f"{does} {component}…" if does else f"Who owns {component}?"
