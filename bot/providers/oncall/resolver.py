"""Who is on call now, from the sources each team names in turn; says so where it is not the first of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.providers.oncall import rota
from bot.providers.oncall.heard import Ear, Heard
from bot.providers.oncall.matching import Found
from bot.providers.oncall.readers import WORDS, Readers, place
from bot.providers.oncall.static import behind, read_static
from bot.providers.oncall.usergroup import GroupMembers
from playbooks.domain.on_call_file import Rota, Source
from playbooks.domain.ownership import Registry, Team
from playbooks.domain.wording import one_line
from playbooks.ports import Clock

TTL = timedelta(minutes=1)
GOOD_FOR = timedelta(hours=4)
PATIENCE = 0.5
_CLOSING_SECONDS = 1.0
_NAMES = {"static": "the list of the registry", "rota": "the rota of the registry", "usergroup": "the Slack user group"}


@dataclass(frozen=True, slots=True)
class Resolved:
    """On call as resolved.

    Attributes:
        source: `static`, `rota`, `usergroup`, `pagerduty`, `opsgenie`, `ical` or `none`.
        fallback: why it is not the source named first, or not its answer of today; empty when all is well.
        remarks: what is to be said although all is well: strangers the source named.
    """

    people: tuple[str, ...]
    source: str
    fallback: str
    at: datetime
    remarks: tuple[str, ...] = ()


class OnCallBook:
    """Implements `ports.OnCall`.

    List and rota are read on the spot. Tools outside are asked by `refresh`, and in the background when an answer is
    older than `ttl`: whoever asks gets what is known and waits, for `patience` at most, only where nothing is.

    Args:
        readers: the tools; without them only the registry itself counts. group_members: reads a Slack user group.
        good_for: how long the last answer of a source counts that does not answer any more.
    """

    def __init__(
        self,
        registry: Callable[[], Registry],
        clock: Clock,
        *,
        readers: Readers | None = None,
        group_members: GroupMembers | None = None,
        ttl: timedelta = TTL,
        good_for: timedelta = GOOD_FOR,
        patience: float = PATIENCE,
    ) -> None:
        self._registry = registry
        self._clock = clock
        self._readers = readers or Readers(group_members=group_members)
        self._good_for = good_for
        self._ear = Ear(clock.now, self._readers.read, ttl, patience)

    def now(self, team_id: str) -> tuple[str, ...]:
        """Registry ids on call for a team, first responder first; empty for an unknown team or when nobody resolves."""
        return self.resolve(team_id).people

    def behind(self, team_id: str) -> tuple[str, ...]:
        """Registry ids of those who stand behind, in order; empty where the team has neither rota nor list."""
        team = self._registry().teams.get(team_id)
        if team is None or team.on_call is None:
            return ()
        if team.on_call.rota is not None:
            return rota.order(team.on_call.rota, self._clock.now())[1:]
        return behind(team)

    def resolve(self, team_id: str) -> Resolved:
        """On call with its source, and with the reason where that is not the one the registry names first."""
        registry = self._registry()
        team = registry.teams.get(team_id)
        at = self._clock.now()
        if team is None:
            return Resolved((), "none", f"the registry knows no team {team_id}", at)
        if team.on_call is None:
            return Resolved((), "none", f"the registry names no on call for {team.id}", at)
        reasons: list[str] = []
        for name, source in team.on_call.sources:
            found, why = self._answer(registry, team, name, source, at)
            reasons += [why] if why else []
            if found.people:
                return Resolved(found.people, name, "; ".join(dict.fromkeys(reasons)), at, found.remarks)
            reasons += found.remarks
        return Resolved((), "none", "; ".join(dict.fromkeys(reasons)), at)

    def explain(self, team_id: str) -> str:
        """What people must know about who is on call, as a sentence; empty when the source named first answered."""
        resolved = self.resolve(team_id)
        parts = []
        if not resolved.people:
            parts.append(f"Nobody on call could be resolved: {resolved.fallback}.")
        elif resolved.fallback:
            parts.append(f"{_upper(resolved.fallback)}.")
            if resolved.source != self._first(team_id):
                parts.append(f"Who is on call is from {_NAMES.get(resolved.source) or WORDS[resolved.source]}.")
        parts += [f"{_upper(remark)}." for remark in resolved.remarks]
        return one_line(" ".join(parts), 500)

    def refresh(self) -> None:
        """Ask every source outside that a team names; errors are kept and told with the answer, not raised."""
        registry = self._registry()
        wanted = [
            (name, source, place(name, source))
            for team in registry.teams.values()
            for name, source in (team.on_call.sources if team.on_call else ())
            if name in WORDS
        ]
        self._ear.listen(registry, wanted)

    def settle(self, seconds: float = _CLOSING_SECONDS) -> None:
        """Wait until no question is under way, for so long at most."""
        self._ear.settle(seconds)

    def forget(self) -> None:
        """Ask again at the next question."""
        self._ear.forget()

    def close(self) -> None:
        """Let go of connections."""
        self._ear.settle(_CLOSING_SECONDS)
        self._readers.close()

    def _first(self, team_id: str) -> str:
        team = self._registry().teams.get(team_id)
        return team.on_call.sources[0][0] if team is not None and team.on_call is not None else ""

    def _answer(self, registry: Registry, team: Team, name: str, source: Source, at: datetime) -> tuple[Found, str]:
        """What one source says, and why that is not its word of today."""
        if isinstance(source, Rota):
            person = rota.on_turn(source, at)
            return (Found((person,)), "") if person else (Found((), ("the rota has not begun yet",)), "")
        if name == "static":
            return Found(read_static(team)), ""
        return self._known(self._ear.hear(registry, name, source), registry, name, at)

    def _known(self, heard: Heard, registry: Registry, name: str, at: datetime) -> tuple[Found, str]:
        if heard.found is None:
            return Found(()), _why(heard, name) or f"{WORDS[name]} has not answered yet"
        age = at - heard.at if heard.at is not None else timedelta(0)
        people = tuple(person for person in heard.found.people if person in registry.people)
        if heard.found.people and not people:
            return Found(()), f"{WORDS[name]} last named people who are not in the registry any more"
        if not heard.why:
            return Found(people, heard.found.remarks), ""
        why = _why(heard, name)
        if age >= self._good_for:
            return Found(()), why
        return Found(people, heard.found.remarks), f"{why}; its last answer is {_old(age)}"


def _why(heard: Heard, name: str) -> str:
    """What went wrong, with the tool called as people call it."""
    return WORDS[name] + heard.why.removeprefix(name) if heard.why.startswith(f"{name} ") else heard.why


def _old(age: timedelta) -> str:
    minutes = max(int(age.total_seconds() // 60), 0)
    if minutes < 1:
        return "less than a minute old"
    return f"{minutes} min old" if minutes < 120 else f"{minutes // 60} h old"


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]
