"""Which weekly posts there are: name of the timer -> what is posted."""

from __future__ import annotations

from collections.abc import Mapping

from playbooks import errors
from playbooks.plays import digest, hygiene, recertify, weekly
from playbooks.plays.house import House
from playbooks.ports import Timer

POSTS: Mapping[str, weekly.Post] = {
    "gaps": recertify.post,
    "debt": hygiene.weekly_surfaces,
    "figures": digest.post,
}


def fire(house: House, timer: Timer) -> bool:
    """Post what a due timer of a week is about. Raises UnknownName for a post that this version does not know."""
    post = POSTS.get(timer.subject)
    if post is None:
        raise errors.UnknownName(f"There is no weekly post {timer.subject}.", "It is not posted any more.")
    return weekly.fire(house, timer, post)


def plan(house: House) -> None:
    """See to it that every post has its timer."""
    weekly.plan(house, POSTS)
