"""GitHub as one provider: an account's token, and the two ways a workflow can be moved."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.providers.bound import OverHttp
from bot.providers.github import GithubSettings, github_caller
from bot.providers.levers.github.actions import Actions
from bot.providers.levers.github.dispatch import DispatchBinding, WorkflowDispatch
from bot.providers.levers.github.workflow import WorkflowBinding, WorkflowSwitch
from bot.providers.targets import TargetLever
from playbooks.plugin import Maturity, Tools


class GithubLever(OverHttp, TargetLever):
    """Workflows of GitHub Actions, disabled or started as the change.

    The token has the repository permission actions=write.
    """

    tested_with = "a stand-in made to the REST API's documentation, version 2022-11-28"
    maturity = Maturity.UNPROVEN

    Settings = GithubSettings

    class Binding(WorkflowBinding, DispatchBinding):
        """All keys there are; a component writes those of one kind."""

    def __init__(self, name: str, settings: Mapping[str, Any], tools: Tools) -> None:
        self._http = github_caller(name, settings, tools)
        actions = Actions(self._http)
        super().__init__(name, {"workflow": WorkflowSwitch(actions), "dispatch": WorkflowDispatch(actions)})
