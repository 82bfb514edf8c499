"""The local Slack workspace as a process of its own. usage: python -m tests.bench.slack"""

from __future__ import annotations

import json
import sys
import threading

from bot.workspace.seed import Seed, SeedChannel, SeedUser
from bot.workspace.server import Workspace
from tests.bench.alerts import TEAMS, channel

TRIAGE = "C90TRIAGE"
PERSON = "U01DANA"


def seed() -> Seed:
    """A person and the channels of the teams."""
    channels = [SeedChannel(id=channel(team), name=f"team-{team}", members=[PERSON]) for team in range(TEAMS)]
    return Seed(
        users=[SeedUser(id=PERSON, name="dana", real_name="Dana Ortiz", email="dana@example.com")],
        channels=[*channels, SeedChannel(id=TRIAGE, name="triage", members=[PERSON])],
    )


def main() -> None:
    """Print where it is as one line of JSON, and serve until the process is ended."""
    workspace = Workspace(seed(), port=0).start()
    known = {
        "SLACK_API_URL": workspace.api_url,
        "SLACK_BOT_TOKEN": workspace.bot_token,
        "SLACK_SIGNING_SECRET": workspace.signing_secret,
    }
    sys.stdout.write(json.dumps(known) + "\n")
    sys.stdout.flush()
    threading.Event().wait()


if __name__ == "__main__":
    main()
