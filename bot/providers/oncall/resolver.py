"""Who is on call now, from the source each team names; falls back to the static list, and says so."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.providers.oncall.static import behind, read_static
from bot.providers.oncall.usergroup import GroupMembers, read_usergroup
from playbooks.domain.ownership import Registry, Team
from playbooks.errors import MusterError
from playbooks.ports import Clock

TTL = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Resolved:
    """On call as resolved. `source` is `static`, `usergroup` or `none`; `fallback` says why it is not the named one."""

    people: tuple[str, ...]
    source: str
    fallback: str
    at: datetime


class OnCallBook:
    """Implements `ports.OnCall`. An answer is kept for `ttl` by the clock given; Slack is asked outside the lock."""

    def __init__(
        self,
        registry: Callable[[], Registry],
        clock: Clock,
        *,
        group_members: GroupMembers | None = None,
        ttl: timedelta = TTL,
    ) -> None:
        self._registry = registry
        self._clock = clock
        self._group_members = group_members
        self._ttl = ttl
        self._kept: dict[str, tuple[str, Resolved]] = {}
        self._lock = threading.Lock()

    def now(self, team_id: str) -> tuple[str, ...]:
        """Registry ids on call for a team, first responder first; empty for an unknown team or when nobody resolves."""
        return self.resolve(team_id).people

    def behind(self, team_id: str) -> tuple[str, ...]:
        """Registry ids of those who stand behind, in order; empty where the team has no static list."""
        team = self._registry().teams.get(team_id)
        return behind(team) if team is not None else ()

    def resolve(self, team_id: str) -> Resolved:
        """On call with its source, and with the reason where that is not the one the registry names."""
        registry = self._registry()
        team = registry.teams.get(team_id)
        at = self._clock.now()
        if team is None:
            return Resolved((), "none", f"the registry knows no team {team_id}", at)
        with self._lock:
            kept = self._kept.get(team_id)
        if kept and kept[0] == registry.sha256 and timedelta(0) <= at - kept[1].at < self._ttl:
            return kept[1]
        resolved = self._ask(registry, team, at)
        with self._lock:
            self._kept[team_id] = (registry.sha256, resolved)
        return resolved

    def forget(self) -> None:
        """Ask again at the next question."""
        with self._lock:
            self._kept.clear()

    def _ask(self, registry: Registry, team: Team, at: datetime) -> Resolved:
        entry = team.on_call
        if entry is None:
            return Resolved((), "none", f"the registry names no on call for {team.id}", at)
        why = f"{entry.unsupported} is not supported yet" if entry.unsupported else ""
        if entry.usergroup is not None:
            try:
                return Resolved(self._from_slack(registry, entry.usergroup), "usergroup", "", at)
            except MusterError as error:
                why = error.sentence.rstrip(".")
        people = read_static(team)
        return Resolved(people, "static" if people else "none", why, at)

    def _from_slack(self, registry: Registry, group: str) -> tuple[str, ...]:
        if self._group_members is None:
            raise MusterError("Slack user groups cannot be read here", code="no_usergroups")
        return read_usergroup(registry, group, self._group_members)
