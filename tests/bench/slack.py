"""The local Slack workspace as a process of its own. usage: python -m tests.bench.slack TEAMS [--strict]"""

from __future__ import annotations

import json
import sys
import threading

from bot.workspace.seed import Seed, SeedChannel, SeedUser
from bot.workspace.server import Workspace
from tests.bench.alerts import channel

TRIAGE = "C90TRIAGE"
PERSON, BOT = "U01DANA", "U0MUSTER"


def seed(teams: int) -> Seed:
    """A person and the channels of the teams."""
    channels = [SeedChannel(id=channel(team), name=f"team-{team}", members=[PERSON, BOT]) for team in range(teams)]
    return Seed(
        users=[SeedUser(id=PERSON, name="dana", real_name="Dana Ortiz", email="dana@example.com")],
        channels=[*channels, SeedChannel(id=TRIAGE, name="triage", members=[PERSON, BOT])],
    )


def main() -> None:
    """Print where it is as one line of JSON, and serve until the process is ended."""
    workspace = Workspace(seed(int(sys.argv[1])), port=0, strict_limits="--strict" in sys.argv).start()
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
