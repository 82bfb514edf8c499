"""GitHub as one provider: an account's token, and the two ways a workflow can be moved."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from bot.providers.httpcall import HttpCaller
from bot.providers.levers.github.actions import API_VERSION, Actions
from bot.providers.levers.github.dispatch import DispatchBinding, WorkflowDispatch
from bot.providers.levers.github.workflow import WorkflowBinding, WorkflowSwitch
from bot.providers.targets import TargetLever
from playbooks.plugin import Maturity, Strict, Tools, parse_settings


class GithubLever(TargetLever):
    """Workflows of GitHub Actions, disabled or started as the change."""

    tested_with = "a stand-in made to the REST API's documentation, version 2022-11-28"
    maturity = Maturity.UNPROVEN

    class Settings(Strict):
        """`token`: with the repository permission actions=write. `url`: of an Enterprise Server, with `/api/v3`."""

        url: str = "https://api.github.com"
        token: str = Field(min_length=1)
        timeout: float = Field(default=10.0, gt=0)

    class Binding(WorkflowBinding, DispatchBinding):
        """All keys there are; a component writes those of one kind."""

    def __init__(self, name: str, settings: Mapping[str, Any], tools: Tools) -> None:
        set_to = parse_settings(self.Settings, name, settings)
        self._http = HttpCaller(
            name,
            set_to.url,
            headers={
                "Accept": "application/vnd.github+json",
                "Authorization": f"Bearer {set_to.token}",
                "X-GitHub-Api-Version": API_VERSION,
            },
            secrets=(set_to.token,),
            timeout=set_to.timeout,
            limits_by_403=True,
            probe=tools.probe,
        )
        actions = Actions(self._http)
        super().__init__(name, {"workflow": WorkflowSwitch(actions), "dispatch": WorkflowDispatch(actions)})

    def close(self) -> None:
        """Close idle connections."""
        self._http.close()
