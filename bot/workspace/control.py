"""Driving the workspace over HTTP, for tests in another process and for the page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.routing import BaseRoute

if TYPE_CHECKING:
    from .server import Workspace


@dataclass(frozen=True)
class Control:
    """A button (callable) or link (URL) the embedding program puts on the page."""

    label: str
    action: Callable[[], object] | str


@dataclass(frozen=True)
class Panel:
    """A small table the page shows and refreshes."""

    title: str
    rows: Callable[[], dict[str, str]]


class ControlApi:
    """Answers ``/_control/…``."""

    def __init__(self, workspace: Workspace, controls: Sequence[Control], panels: Sequence[Panel]) -> None:
        self.workspace = workspace
        self.controls = list(controls)
        self.panels = list(panels)

    def routes(self) -> list[BaseRoute]:
        """The control routes."""
        return []
