"""One row of the Web API's table: who handles a method and which scopes allow it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .args import Args
from .hub import Hub

Handler = Callable[[Hub, Args], dict[str, Any]]


@dataclass(frozen=True)
class Method:
    """A handler and its scopes; any one of ``scopes`` is enough, none means any token may call it.

    ``by_kind`` holds for methods whose scope depends on the kind of conversation: ``channels:history``
    for a public channel, ``groups:history`` for a private one; the named suffix is checked after the lookup.
    """

    handler: Handler
    scopes: tuple[str, ...] = ()
    by_kind: str = ""
    token: str = "bot"
