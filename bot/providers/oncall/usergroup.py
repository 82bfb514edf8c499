"""On call from a Slack user group, whatever tool keeps it up to date."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bot.providers.oncall.matching import Found
from playbooks.domain.ownership import Registry

GroupMembers = Callable[[str], Sequence[str]]
"""User group id -> Slack user ids. Raises MusterError (SlackError, ProviderError) where Slack does not answer."""


def read_usergroup(registry: Registry, group: str, members: GroupMembers) -> Found:
    """The group's members in Slack's order; those whom the registry does not know are left out."""
    slack_ids = members(group)
    people = dict.fromkeys(person for slack in slack_ids if (person := registry.person_by_slack(slack)) is not None)
    if people:
        return Found(tuple(people))
    what = "has no member whom the registry knows" if slack_ids else "has no members"
    return Found((), (f"the Slack user group {group} {what}",))
