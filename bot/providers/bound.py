"""The frame of a provider whose entries are of one class: they are parsed, and idle connections are closed."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from playbooks.plugin import Strict, parse_binding, parse_destination

if TYPE_CHECKING:  # some of these make no calls at all
    from bot.providers.httpcall import HttpCaller

B = TypeVar("B", bound=Strict)


class _Bound(ABC, Generic[B]):
    """A provider with one class of entries, its `Binding`."""

    name: str
    Binding: type[B]

    def check(self, entry: Mapping[str, Any]) -> None:
        """Parse an entry, without any call. Raises ConfigError that names the wrong key."""
        self._parse(entry)

    @abstractmethod
    def _parse(self, entry: Mapping[str, Any]) -> B: ...


class BoundLever(_Bound[B]):
    """A lever: an entry is a component's binding."""

    def _parse(self, entry: Mapping[str, Any]) -> B:
        return parse_binding(self.Binding, self.name, entry)


class BoundPublisher(_Bound[B]):
    """A publisher: an entry is the `to` of a destination."""

    def _parse(self, entry: Mapping[str, Any]) -> B:
        return parse_destination(self.Binding, self.name, entry)


class OverHttp:
    """A provider that makes its calls through one `HttpCaller`."""

    _http: HttpCaller

    def close(self) -> None:
        """Close idle connections."""
        self._http.close()
