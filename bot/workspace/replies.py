"""What a person's act led to: the acknowledgement, and what the app sent afterwards."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .delivery import Delivery
from .state import Json, Message, ResponseUrl, State, View


@dataclass
class Reply:
    """The outcome of a command, click, shortcut or submission."""

    state: State
    delivery: Delivery | None = None
    trigger_id: str = ""
    response: ResponseUrl | None = None
    response_url: str = ""
    shown: list[Message] = field(default_factory=list)
    errors: dict[str, str] = field(default_factory=dict)
    failure: str | None = None

    @property
    def ok(self) -> bool:
        """Acknowledged in time."""
        last = self.delivery.last if self.delivery else None
        return bool(last and last.ok)

    @property
    def status(self) -> int | None:
        """The HTTP status of the answer; ``None`` over Socket Mode or without one."""
        last = self.delivery.last if self.delivery else None
        return last.status if last else None

    @property
    def body(self) -> Any:
        """The acknowledgement's body."""
        last = self.delivery.last if self.delivery else None
        return last.body if last else None

    @property
    def posts(self) -> list[Json]:
        """What the app sent to the response_url so far."""
        return list(self.response.posts) if self.response else []

    @property
    def messages(self) -> list[Message]:
        """Messages shown because of the acknowledgement or the response_url, oldest first."""
        ids = [str(result["ts"]) for result in (self.response.results if self.response else []) if result.get("ts")]
        later = [m for ts in ids if (m := self.state.message(ts)) is not None]
        return [*self.shown, *[m for m in later if m not in self.shown]]

    @property
    def text(self) -> str:
        """The text of the last thing shown; empty when nothing was."""
        messages = self.messages
        return messages[-1].text if messages else ""

    @property
    def blocks(self) -> list[Json]:
        """The blocks of the last thing shown."""
        messages = self.messages
        return messages[-1].blocks if messages else []

    @property
    def view(self) -> View | None:
        """The view opened with this act's trigger, or the one it was answered with."""
        trigger = self.state.contents.triggers.get(self.trigger_id)
        return self.state.contents.views.get(trigger.opened or "") if trigger else None

    def wait_for_post(self, count: int = 1, timeout: float = 5.0) -> list[Json]:
        """Wait until the response_url was used ``count`` times."""
        with self.state.changed_now:
            if not self.state.changed_now.wait_for(lambda: len(self.posts) >= count, timeout):
                raise TimeoutError(f"the response_url was used {len(self.posts)} times, not {count}")
        return self.posts

    def wait_for_message(self, timeout: float = 5.0) -> Message:
        """Wait until something is shown and return the latest."""
        with self.state.changed_now:
            if not self.state.changed_now.wait_for(lambda: bool(self.messages), timeout):
                raise TimeoutError("nothing was shown")
        return self.messages[-1]

    def wait_for_view(self, timeout: float = 5.0) -> View:
        """Wait until the app opened a view with this act's trigger."""
        with self.state.changed_now:
            if not self.state.changed_now.wait_for(lambda: self.view is not None, timeout):
                raise TimeoutError("no view was opened")
        view = self.view
        assert view is not None
        return view
