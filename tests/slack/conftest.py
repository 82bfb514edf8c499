"""A local workspace, and the messenger that talks to it over real HTTP."""

from collections.abc import Iterator

import pytest

from bot.slack.messenger import SlackMessenger, build_client
from bot.workspace import Workspace, example_seed


@pytest.fixture
def workspace() -> Iterator[Workspace]:
    """A fresh small workspace."""
    with Workspace(example_seed()) as running:
        yield running


@pytest.fixture
def messenger(workspace: Workspace) -> SlackMessenger:
    """A messenger with the workspace's own bot token."""
    return SlackMessenger(build_client(workspace.bot_token, workspace.api_url, 5))
