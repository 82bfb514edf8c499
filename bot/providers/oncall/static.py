"""On call from the registry itself: the first of the list is on call, the others stand behind."""

from __future__ import annotations

from playbooks.domain.ownership import Team


def read_static(team: Team) -> tuple[str, ...]:
    """Registry id of the person on call, at most one; empty where the team has no static list."""
    return (team.on_call.static or ())[:1] if team.on_call else ()


def behind(team: Team) -> tuple[str, ...]:
    """Registry ids of those who stand behind the first one, in order."""
    return (team.on_call.static or ())[1:] if team.on_call else ()
