"""Implements `ports.Directory` over Slack's `users.info`."""

from __future__ import annotations

from dataclasses import dataclass

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError

from bot.slack import refusals


@dataclass(frozen=True, slots=True)
class SlackDirectory:
    """The people of the workspace; asked on a schedule, never while somebody waits."""

    client: WebClient

    def gone(self, slack: str) -> str:
        """See `ports.Directory`."""
        try:
            user = self.client.users_info(user=slack).get("user") or {}
        except SlackApiError as error:
            if error.response.get("error") in ("user_not_found", "user_not_visible"):
                return "is not in this Slack workspace."
            raise refusals.refused("users.info", error.response, write=False) from error
        except (SlackClientError, OSError) as error:
            raise refusals.unreachable("users.info") from error
        return "has left Slack: the account is deactivated." if user.get("deleted") else ""
