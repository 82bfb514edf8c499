"""What every play needs: store, clock, ids, the registry in force, who is on call, and the configured rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from pathlib import Path

from playbooks import errors
from playbooks.domain.actions import Maturity
from playbooks.domain.documents import ReviewRule
from playbooks.domain.escalation import Policy, default_policies
from playbooks.domain.incidents import DEFAULT_SEVERITIES, Incident, Severity
from playbooks.domain.links import Links
from playbooks.domain.ownership import Registry
from playbooks.domain.people import Actor, ActorKind
from playbooks.domain.pipeline.case import PipelineRules
from playbooks.domain.publishing import Destination
from playbooks.domain.reporting_file import Clock as DutyClock
from playbooks.messages import Tag, Who
from playbooks.ports import Clock, Ids, OnCall, Store, Surface, UnitOfWork


@dataclass(frozen=True, slots=True)
class Rules:
    """The configured part of how incidents are run; times in seconds.

    Attributes:
        triage_channel, triage_team: who is told of alerts that belong to nobody.
        updates_channel: where updates to people are posted beside the incident's own channel, empty for nowhere.
        debt_channel: where the ledger is posted every week; else where updates go, else the triage channel.
        approval_ttl: how long an approval may be given. warn_before: warning before the end of a time box.
        escalate_every: between two questions to the holders when a time box ended and may not restore itself.
        escalation: who is asked after how long while nobody acknowledges, the first policy that covers counts.
        storm_after: episodes of one incident that get an event each; later ones are counted together.
        verify_every: between two looks at an effect that is not seen yet.
        longest_disable, longest_risk, longest_freeze: where the registry sets no `longest`.
        risk_warning: warning before the end of an accepted risk. ask_again_every: between two questions about an entry
            of the ledger that is overdue. freeze_for: length of a freeze that names none.
        weekly_day, weekly_at, zone: when weekly posts are due: day of the week (0 is Monday) and time in the zone.
        untold_teams: teams that are not told when the review of a neighbour's incident is closed.
        matcher_silent_after: a matcher that never matched for so long is a gap.
        pipeline: what alerts go through before they open something.
        templates: a folder whose templates win over Muster's own.
        publish: where documents go outside, and from which state on.
        clocks: of authorities, by id. clocks_used: those that run where a decision names none.
        holidays: days that are no working days.
        reviews: what each severity asks of its postmortem, by its id; empty for the defaults.
        quiet_after: after how long without a word a source counts as quiet, by its name; others may be quiet for ever.
    """

    severities: tuple[Severity, ...] = DEFAULT_SEVERITIES
    triage_channel: str = ""
    updates_channel: str = ""
    debt_channel: str = ""
    triage_team: str = ""
    channel_prefix: str = "inc"
    root: str = "/inc"
    approval_ttl: int = 900
    warn_before: int = 900
    escalate_every: int = 1800
    escalation: tuple[Policy, ...] = default_policies(DEFAULT_SEVERITIES)
    storm_after: int = 50
    verify_every: int = 2
    longest_disable: int = 7 * 86400
    longest_risk: int = 90 * 86400
    risk_warning: int = 3 * 86400
    ask_again_every: int = 86400
    freeze_for: int = 86400
    longest_freeze: int = 14 * 86400
    changes_window: int = 72 * 3600
    reactions: tuple[str, ...] = ("stopwatch", "pushpin")
    weekly_day: int = 0
    weekly_at: time = time(9)
    zone: str = "UTC"
    matcher_silent_after: int = 14 * 86400
    untold_teams: tuple[str, ...] = ()
    pipeline: PipelineRules = field(default_factory=PipelineRules)
    quiet_after: Mapping[str, int] = field(default_factory=dict)
    clocks: Mapping[str, DutyClock] = field(default_factory=dict)
    clocks_used: tuple[str, ...] = ()
    holidays: frozenset[date] = frozenset()
    templates: Path | None = None
    publish: tuple[Destination, ...] = ()
    reviews: Mapping[str, ReviewRule] = field(default_factory=dict)

    def severity(self, severity_id: str) -> Severity | None:
        """The configured severity of this id, None when unset or no longer configured."""
        return next((s for s in self.severities if s.id == severity_id), None)


@dataclass(frozen=True, slots=True)
class House:
    """Everything a play may touch. Built once by the composition root.

    `maturity` tells of a lever provider whether it ever ran against the real service. `links` hands out addresses of
    pages, none where they are off.
    """

    store: Store
    clock: Clock
    ids: Ids
    registry: Callable[[], Registry]
    on_call: OnCall
    rules: Rules = field(default_factory=Rules)
    maturity: Callable[[str], Maturity] = lambda _provider: Maturity.PROVEN
    links: Links = field(default_factory=Links)

    def now(self) -> datetime:
        """The time, UTC."""
        return self.clock.now()

    def who(self, actor_id: str, role: str = "") -> Who | None:
        """A person for a message: from a registry id or `slack:U…`; None for an empty id."""
        return who(self.registry(), actor_id, role)


def who(registry: Registry, actor_id: str, role: str = "") -> Who | None:
    """A person for a message: from a registry id or `slack:U…`; None for an empty id."""
    if not actor_id:
        return None
    if actor_id.startswith("slack:"):
        return Who(actor_id.removeprefix("slack:"), actor_id.removeprefix("slack:"), role)
    person = registry.people.get(actor_id)
    return Who(actor_id, person.slack if person is not None else "", role)


def actor_for(registry: Registry, slack_id: str, role: str = "") -> Actor:
    """The actor behind a Slack id: a person of the registry where known, else a stranger with the Slack id alone."""
    person_id = registry.person_by_slack(slack_id)
    if person_id is None:
        return Actor(ActorKind.HUMAN, f"slack:{slack_id}", slack_id, role or "person outside the registry")
    teams = registry.teams_of(person_id)
    return Actor(
        ActorKind.HUMAN,
        person_id,
        slack_id,
        role or (f"member of {teams[0]}" if teams else "person"),
        teams[0] if teams else "",
    )


def known_person(registry: Registry, slack_id: str) -> str:
    """Actor id for a Slack user id: the registry id where known, else `slack:U…`."""
    return registry.person_by_slack(slack_id) or f"slack:{slack_id}"


def must_find(uow: UnitOfWork, incident_id: int, *, lock: bool = True) -> Incident:
    """The incident, locked for writing. Raises `errors.UnknownName` when there is none."""
    found = uow.incident(incident_id, lock=lock)
    if found is None:
        raise errors.UnknownName(f"There is no INC-{incident_id}.", "See `/inc list`.")
    return found


def refresh(uow: UnitOfWork, incident: Incident, *, now: datetime) -> None:
    """Ask for the newest card, owner's message and channel topic of an incident, in this transaction."""
    number, here = incident.id, f"incident:{incident.id}"
    surfaces = [Surface(f"owner_note:{number}", "owner_note", incident.home, incident_id=number), card_of(number)]
    if incident.channel:
        surfaces.append(Surface(f"topic:{number}", "topic", here, incident_id=number))
    old = {"page"} if incident.open else {"page", "suggest"}  # buttons that lead nowhere now, or say another state
    surfaces += [surface for surface in uow.surfaces_of(number) if surface.kind in old]
    want_all(uow, surfaces, now=now)
    redraw(uow, incident, now=now)


def refresh_readers(house: House, uow: UnitOfWork, incident: Incident, *, now: datetime) -> None:
    """Cards of what reads a component say whether an incident is open there: its beginning and its end renew them."""
    for other in uow.open_incidents_in(house.registry().readers(incident.component)):
        want_card(uow, other.id, now=now)


def want_card(uow: UnitOfWork, incident_id: int, *, now: datetime) -> None:
    """Ask for the newest card of an incident."""
    want(uow, card_of(incident_id), now=now)


def card_of(incident_id: int) -> Surface:
    """The pinned card of an incident."""
    return Surface(f"card:{incident_id}", "card", f"incident:{incident_id}", pin=True, incident_id=incident_id)


def redraw(uow: UnitOfWork, incident: Incident, *, now: datetime) -> None:
    """What is recorded after the end renews the draft, where there is one."""
    if not incident.open and uow.document(incident.id) is not None:
        uow.want_job("document", str(incident.id), now=now, lane=f"incident:{incident.id}")


def want(uow: UnitOfWork, surface: Surface, *, now: datetime, delay: float = 0.0) -> None:
    """Ask for a message to be shown or renewed, and for the job that brings its target up to date."""
    uow.want_surface(surface)
    uow.want_job("deliver", surface.target, now=now, lane=surface.target, delay=delay)


def want_all(uow: UnitOfWork, surfaces: Sequence[Surface], *, now: datetime) -> None:
    """`want` for each, at once and in few statements."""
    uow.want_surfaces(surfaces)
    uow.want_jobs([("deliver", surface.target, surface.target) for surface in surfaces], now=now)


def spoken(text: str, mentions: Sequence[str] = (), *, hint: str = "", by: str = "") -> dict[str, object]:
    """What a `say` message holds: the sentence, whom its `{0}`, `{1}` name, the next step, and who says it."""
    return {"text": text, "by": by, "hint": hint, "mentions": list(mentions)}


def say_in_channel(
    uow: UnitOfWork, incident: Incident, kind: str, key: str, payload: dict[str, object], *, now: datetime
) -> None:
    """A message of its own in the incident's channel, once per `key`."""
    if uow.surface(f"{kind}:{key}") is not None:
        return
    target = f"incident:{incident.id}"
    want(uow, Surface(f"{kind}:{key}", kind, target, payload=payload, incident_id=incident.id), now=now)


def tag_of(house: House, incident: Incident) -> Tag:
    """The head of every message about an incident."""
    severity = house.rules.severity(incident.severity)
    return Tag(
        incident.id,
        incident.name,
        incident.title,
        severity.label if severity else "",
        severity.emoji if severity else "white_circle",
        incident.state.value,
        incident.channel,
    )
