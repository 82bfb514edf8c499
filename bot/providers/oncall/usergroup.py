"""On call from a Slack user group, whatever tool keeps it up to date."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from playbooks.domain.ownership import Registry
from playbooks.errors import ProviderError

GroupMembers = Callable[[str], Sequence[str]]
"""User group id -> Slack user ids. Raises MusterError (SlackError, ProviderError) where Slack does not answer."""


def read_usergroup(registry: Registry, group: str, members: GroupMembers) -> tuple[str, ...]:
    """Registry ids of the group's members, in Slack's order. Raises ProviderError where none is in the registry."""
    slack_ids = members(group)
    people = [person for slack in slack_ids if (person := registry.person_by_slack(slack)) is not None]
    if not people:
        what = "has no members" if not slack_ids else "has no member whom the registry knows"
        raise ProviderError(f"The Slack user group {group} {what}.", code="on_call_empty")
    return tuple(dict.fromkeys(people))
