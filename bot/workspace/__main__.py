"""``python -m bot.workspace``: the workspace alone, for a bot started elsewhere."""

from __future__ import annotations

import argparse
import sys
import threading
from pathlib import Path

from .seed import Seed, example_seed
from .server import Workspace


def main(arguments: list[str] | None = None) -> int:
    """Run until interrupted."""
    parser = argparse.ArgumentParser(
        prog="python -m bot.workspace",
        description="A local stand-in for a Slack workspace.",
        epilog="example: python -m bot.workspace --port 8065 --http http://127.0.0.1:8080/slack/events",
    )
    parser.add_argument("--port", type=int, default=8065, help="port of the page and the Web API (default 8065)")
    parser.add_argument("--http", metavar="URL", help="deliver over signed HTTP to this address")
    parser.add_argument("--seed", type=Path, metavar="FILE", help="a seed as JSON instead of the example team")
    parser.add_argument("--state", type=Path, metavar="FILE", help="keep the history in this file")
    parser.add_argument("--strict", action="store_true", help="enforce Slack's published rate limits")
    given = parser.parse_args(arguments)
    seed = Seed.model_validate_json(given.seed.read_bytes()) if given.seed else example_seed()
    workspace = Workspace(
        seed, port=given.port, http_target=given.http, strict_limits=given.strict, state_path=given.state
    )
    workspace.start()
    lines = [
        f"The workspace is at {workspace.base_url}",
        f"SLACK_API_URL={workspace.api_url}",
        f"SLACK_BOT_TOKEN={workspace.bot_token}",
        f"SLACK_APP_TOKEN={workspace.app_token}",
        f"SLACK_SIGNING_SECRET={workspace.signing_secret}",
    ]
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        workspace.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
