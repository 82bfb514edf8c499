"""Slack's published rate limits, for runs that want them enforced."""

from __future__ import annotations

import math
from collections import defaultdict, deque

_SECOND_TIER = """
conversations.create conversations.archive conversations.unarchive conversations.rename conversations.setTopic
conversations.setPurpose conversations.list bookmarks.add bookmarks.edit bookmarks.remove pins.add pins.remove
pins.list reactions.remove usergroups.list usergroups.users.list users.list users.conversations emoji.list
""".split()
_THIRD_TIER = """
chat.update chat.delete conversations.history conversations.replies conversations.info conversations.invite
conversations.join conversations.kick conversations.leave conversations.open reactions.add reactions.get
bookmarks.list users.lookupByEmail team.info bots.info files.list files.delete
""".split()
_FOURTH_TIER = """
views.open views.publish views.update views.push users.info chat.postEphemeral conversations.members
files.getUploadURLExternal files.completeUploadExternal files.info
""".split()

PER_MINUTE: dict[str, int] = {
    "apps.connections.open": 1,
    "auth.test": 600,
    "chat.getPermalink": 600,
    **dict.fromkeys(_SECOND_TIER, 20),
    **dict.fromkeys(_THIRD_TIER, 50),
    **dict.fromkeys(_FOURTH_TIER, 100),
}
# "1 per second per channel, short bursts allowed": a burst of this many is let through.
POST_BURST = 5


class Rates:
    """Sliding one-minute windows per method, and one message a second per channel."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str], deque[float]] = defaultdict(deque)

    def wait(self, method: str, channel: str, now: float) -> int:
        """Seconds to wait before this call would be taken; 0 takes it."""
        if method == "chat.postMessage":
            return self._window((method, channel), POST_BURST, float(POST_BURST), now)
        if method == "apps.connections.open":
            # Tier 1 is "1+"; a reconnecting app must not be locked out by the letter of it.
            return self._window((method, ""), 10, 60.0, now)
        limit = PER_MINUTE.get(method)
        return self._window((method, ""), limit, 60.0, now) if limit else 0

    def _window(self, key: tuple[str, str], limit: int, seconds: float, now: float) -> int:
        seen = self._seen[key]
        while seen and now - seen[0] >= seconds:
            seen.popleft()
        if len(seen) >= limit:
            return max(1, math.ceil(seconds - (now - seen[0])))
        seen.append(now)
        return 0
