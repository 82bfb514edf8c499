"""What the stages of the pipeline look at, read once for a batch, and what their rulings leave to be done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from playbooks.domain.alerts import Alert
from playbooks.domain.incidents import Incident, State, open_key, severity_for_alert
from playbooks.domain.pipeline.case import Case, Context, Ruling, Standing
from playbooks.domain.pipeline.deciding import rule
from playbooks.domain.pipeline.silences import by_component
from playbooks.domain.pipeline.sustained import asked
from playbooks.domain.routing import Routed
from playbooks.domain.wording import plain
from playbooks.plays.house import House, spoken, want
from playbooks.ports import Arrival, OpenIncident, Surface, Timer, UnitOfWork

HELD = "held"


@dataclass(slots=True)
class Passage:
    """The stages of one batch: their context, and what their rulings leave to be written with it.

    Attributes:
        joined: open incidents that alerts of other keys joined, by id.
    """

    house: House
    context: Context
    muted: Counter[int] = field(default_factory=Counter)
    held: dict[str, tuple[str, str, datetime]] = field(default_factory=dict)
    joined: dict[int, OpenIncident] = field(default_factory=dict)
    told: dict[tuple[int, str], tuple[Alert, Routed]] = field(default_factory=dict)
    _known: dict[int, OpenIncident] = field(default_factory=dict)

    def rule(self, case: Case) -> Ruling | None:
        """What a stage rules, remembered for `settle`; None where the alert passes."""
        ruling = rule(case, self.context)
        if not case.stored:
            series = (case.alert.source, case.alert.fingerprint)
            self.context.episodes[series] = self.context.episodes.get(series, 0) + 1
        if ruling is None:
            if not case.attached and asked(case.alert, case.routed, self.context.rules) is not None:
                self._hold(case.routed, self.context.now)  # the points that were held until now join it
            return None
        if ruling.silence is not None:
            self.muted[ruling.silence] += 0 if case.stored else 1
        if ruling.until is not None:
            self._hold(case.routed, ruling.until)
        if ruling.incident is not None:
            self.joined[ruling.incident] = self._known[ruling.incident]
            if self._known[ruling.incident].component != case.routed.component:
                self.told.setdefault((ruling.incident, case.routed.component), (case.alert, case.routed))
        return ruling

    def _hold(self, routed: Routed, until: datetime) -> None:
        key = open_key(routed.component, routed.failure)
        held = self.held.get(key)
        due = until if held is None else min(until, held[2])
        self.held[key] = (routed.component, routed.failure, due)

    def opened(self, incident: Incident, held: OpenIncident) -> None:
        """What opened in this batch counts for the alerts after it."""
        self._stand(incident, held)

    def _stand(self, incident: Incident, held: OpenIncident) -> None:
        severity = self.house.rules.severity(incident.severity)
        stands = Standing(
            incident.id,
            incident.component,
            severity.level if severity else 0,
            incident.opened_at,
            incident.state is State.MITIGATED,
        )
        self.context.standing.setdefault(incident.component, []).append(stands)
        self._known[incident.id] = held


def look(
    house: House,
    uow: UnitOfWork,
    cases: Sequence[tuple[Alert, Routed]],
    arrival: Arrival,
    now: datetime,
) -> Passage:
    """Read what the stages need for these firing episodes that are new; nothing where there is none.

    Args:
        arrival: with the open incidents of their keys.
    """
    rules = house.rules.pipeline
    registry = house.registry()
    passage = Passage(house, Context(now, rules))
    if not cases:
        return passage
    context = passage.context
    context.silences = by_component(arrival.silences)
    alone = [(a, r) for a, r in cases if open_key(r.component, r.failure) not in arrival.open]
    if not alone:
        return passage
    if rules.flap_after:
        since = now - timedelta(seconds=rules.flap_within)
        context.episodes = dict(uow.episodes_since(list({(a.source, a.fingerprint) for a, _ in alone}), since))
    upstream: dict[str, tuple[str, ...]] = {}

    def reads(component: str) -> tuple[str, ...]:
        if component not in upstream:
            upstream[component] = registry.upstream(component) if component in registry.components else ()
        return upstream[component]

    def level_of(case: Case) -> int:
        severity = house.rules.severity(
            severity_for_alert(case.routed.severity or case.alert.severity, house.rules.severities)
        )
        return severity.level if severity else 0

    context.upstream, context.level_of = reads, level_of
    names = {r.component for _, r in alone if r.component}
    wanted = {up for name in names for up in reads(name)} if rules.inhibit_within else set()
    wanted |= names if rules.group_window else set()
    for incident in uow.open_incidents_in(wanted):
        passage._stand(incident, open_of(incident))
    ruled = [(r.component, entry.within) for a, r in alone if (entry := asked(a, r, rules)) is not None]
    if ruled:
        since = now - max(within for _, within in ruled)
        context.points = dict(uow.points({component for component, _ in ruled}, since))
    return passage


def open_of(incident: Incident) -> OpenIncident:
    """The columns of an open incident that the intake needs."""
    return OpenIncident(
        incident.id,
        incident.team,
        incident.home,
        incident.alerts_total,
        incident.alerts_firing,
        incident.component,
    )


def settle(uow: UnitOfWork, passage: Passage) -> None:
    """Write what the rulings of a batch leave: counts of silences, timers of what is held, news for owners."""
    now = passage.context.now
    if passage.muted:
        uow.count_muted({number: count for number, count in passage.muted.items() if count})
        for number in sorted(passage.muted):
            _show(uow, number, now)
    if passage.held:
        timers = {f"{HELD}:{key}": value for key, value in passage.held.items()}
        there = uow.timers(sorted(timers))
        uow.set_timers(
            [
                Timer(name, HELD, component, due, {"failure": failure})
                for name, (component, failure, due) in sorted(timers.items())
                if name not in there or there[name].due_at > due
            ]
        )
    for (number, _), (alert, routed) in sorted(passage.told.items()):
        _tell_downstream(passage.house, uow, number, alert, routed, now)


def _show(uow: UnitOfWork, number: int, now: datetime) -> None:
    shown = uow.surface(f"silence:{number}")
    if shown is not None:
        want(uow, shown, now=now)


def _tell_downstream(house: House, uow: UnitOfWork, number: int, alert: Alert, routed: Routed, now: datetime) -> None:
    """The owner of what reads the failing component is told once and not paged."""
    name = f"say:downstream:{number}:{routed.component}"
    team = house.registry().teams.get(routed.team)
    channel = (team.channel if team is not None else "") or house.rules.triage_channel
    if not channel or uow.surface(name) is not None:
        return
    incident = uow.incident(number)
    if incident is None:
        return
    text = (
        f"*{routed.component}* raised {plain(alert.name)}. It reads *{incident.component}*, where {incident.name} is "
        "open since before: the alert joined that incident, and nobody is paged twice."
    )
    hint = (
        f"Not the same? `{house.rules.root} new {routed.component}` opens an incident of its own. "
        f"What still fires when {incident.name} is over opens one by itself."
    )
    payload = spoken(text, hint=hint)
    want(uow, Surface(name, "say", channel, payload=payload, incident_id=number), now=now)
