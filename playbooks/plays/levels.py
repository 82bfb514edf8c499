"""Who is behind a level of an escalation: persons that Slack reaches, channels, and what was made up for."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from playbooks.domain.authority import Holder, Right
from playbooks.domain.escalation import Whom
from playbooks.domain.gaps import GapKind
from playbooks.domain.incidents import Incident
from playbooks.plays.deciding import held_in
from playbooks.plays.house import House
from playbooks.plays.reach import roles_in_line, team_of
from playbooks.ports import UnitOfWork


@dataclass(slots=True)
class Asked:
    """Who is asked at a step: persons (registry ids) and channels, each with its role, and what was made up for."""

    people: dict[str, str] = field(default_factory=dict)
    channels: dict[str, str] = field(default_factory=dict)
    instead: list[str] = field(default_factory=list)

    @property
    def roles(self) -> list[str]:
        """Roles of persons, then channels; each once."""
        return [*dict.fromkeys((*self.people.values(), *self.channels.values()))]


class Levels:
    """The levels of one incident now. `seen`: persons who were asked before, and are not asked again."""

    def __init__(self, house: House, uow: UnitOfWork, incident: Incident, seen: Collection[str]) -> None:
        self._house, self._incident = house, incident
        self._registry, self._team = house.registry(), team_of(house, incident)
        self._known = self._team in self._registry.teams
        self._gone = {s.subject for s in uow.sightings(GapKind.HOLDER_LEFT).values() if not s.well}
        self._first = house.on_call.now(self._team) if self._known else ()
        self._seen = {*seen, *(person for person in self._first if self.reached(person))}

    def reached(self, person: str) -> bool:
        """Whether a direct message to this person arrives, as far as is known."""
        known = self._registry.people.get(person)
        return known is not None and bool(known.slack) and known.slack not in self._gone

    @property
    def on_call_reached(self) -> bool:
        """Whether somebody on call was told by the first message; where no team is known, the channel was."""
        return not self._team or any(self.reached(person) for person in self._first)

    def ask(self, levels: Sequence[Whom]) -> Asked:
        """Everybody of these levels; the next one in line, or a channel, where nobody of them is there."""
        found = Asked()
        of = {
            Whom.SECOND_ON_CALL: self._second_on_call,
            Whom.DEPUTY: self._deputy,
            Whom.CHANNEL: self._channel,
            Whom.TRIAGE: self._triage,
        }
        for whom in levels:
            of[whom](found)
        if not found.people and not found.channels:
            self._next(found)
        if not found.people and not found.channels:
            self._any_channel(found)
        return found

    # ------------------------------------------------------------ levels

    def _second_on_call(self, found: Asked) -> None:
        if not self._known:
            found.instead.append("no team is known")
        elif not self._first:
            found.instead.append("nobody on call resolved")
        elif not self.on_call_reached:
            found.instead.append("who is on call cannot be reached in Slack")
        behind = [*self._first[1:], *(self._house.on_call.behind(self._team) if self._known else ())]
        line = [Holder(person, f"second on call of {self._team}") for person in dict.fromkeys(behind)]
        if self._add(found, line[:1]):
            return
        if self._first and not line:
            found.instead.append(f"{self._team} has no second on call")
        if not self._add(found, line[1:2]):
            self._next(found)

    def _deputy(self, found: Asked) -> None:
        component = self._registry.components.get(self._incident.component)
        held = []
        if component is not None:
            named = [right for right in (Right.ROLL_BACK, Right.DISABLE) if right.value in component.rights.named()]
            held = [held_in(self._house, component.id, right, self._incident) for right in named]
        deputies = _each_once(holder for right in held for holder in right.deputies)
        if self._add(found, deputies):
            return
        known = any(deputy.person in self._seen for deputy in deputies)
        found.instead.append("the deputy was asked already" if known else "no deputy is there")
        self._add(found, _each_once(holder for right in held for holder in right.holders))

    def _channel(self, found: Asked) -> None:
        own = self._registry.teams[self._team].channel if self._known else ""
        if own:
            found.channels.setdefault(own, f"channel of {self._team}")
        elif self._incident.home:
            found.channels.setdefault(self._incident.home, "triage channel")
        else:
            found.instead.append("no channel of the team is known")

    def _triage(self, found: Asked) -> None:
        rules = self._house.rules
        if rules.triage_channel:
            found.channels.setdefault(rules.triage_channel, "triage channel")
        if rules.triage_team in self._registry.teams:
            people = self._house.on_call.now(rules.triage_team)[:1]
            self._add(found, [Holder(person, f"on call {rules.triage_team}") for person in people])
        if not rules.triage_channel and rules.triage_team not in self._registry.teams:
            found.instead.append("no triage channel is configured")

    # ------------------------------------------------------------ parts

    def _add(self, found: Asked, holders: Iterable[Holder]) -> bool:
        """Take who is reached and was not asked; who is not reached is told by role."""
        taken = False
        for holder in holders:
            if holder.person in self._seen or holder.person in found.people:
                continue
            if not self.reached(holder.person):
                found.instead.append(f"the {holder.role} {self._why_not(holder.person)}")
                continue
            found.people[holder.person] = holder.role
            taken = True
        return taken

    def _why_not(self, person: str) -> str:
        known = self._registry.people.get(person)
        return "left Slack" if known is not None and known.slack else "has no Slack account"

    def _next(self, found: Asked) -> None:
        passed = {*self._seen, *found.people}
        line = roles_in_line(self._house, self._incident)
        holder = next((h for h in line if h.person not in passed and self.reached(h.person)), None)
        if holder is not None:
            found.people[holder.person] = holder.role

    def _any_channel(self, found: Asked) -> None:
        channel = self._incident.home or self._house.rules.triage_channel
        if channel:
            found.channels[channel] = "channel of the incident's first message"


def _each_once(holders: Iterable[Holder]) -> list[Holder]:
    first: dict[str, Holder] = {}
    for holder in holders:
        first.setdefault(holder.person, holder)
    return list(first.values())
