"""A publisher without a system behind it, for simulations: the place is plain data and outlives every publisher."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from playbooks.plugin import (
    Kind,
    OutcomeUnknown,
    Page,
    Placed,
    Probe,
    ProviderError,
    Publisher,
    Strict,
    digest_of,
    parse_destination,
)


class FakeTo(Strict):
    """Nothing but a folder."""

    folder: str = ""


@dataclass
class FakePlace:
    """Pages by number, so that a second one for the same key would show.

    Attributes:
        pages: number to (key, text). puts: keys of all that was put. fails: errors that the next calls raise, in order;
            with `after`, the next put takes effect before it raises. forgetful: what is put does not stay.
    """

    pages: dict[int, tuple[str, str]] = field(default_factory=dict)
    puts: list[str] = field(default_factory=list)
    fails: list[ProviderError] = field(default_factory=list)
    after: bool = False
    forgetful: bool = False

    def texts(self) -> dict[str, str]:
        """Key to text; fails where a key has two pages."""
        assert len({key for key, _ in self.pages.values()}) == len(self.pages), "a page is there twice"
        return dict(self.pages.values())

    def write(self, key: str, text: str) -> None:
        """Somebody writes into the page of a key."""
        number = next((n for n, (each, _) in self.pages.items() if each == key), len(self.puts) + 1000)
        self.pages[number] = (key, text)

    def remove(self, key: str) -> None:
        """Somebody takes it away."""
        self.pages = {n: page for n, page in self.pages.items() if page[0] != key}


@dataclass
class FakePublisher:
    """Implements `Publisher` over a `FakePlace`."""

    place: FakePlace
    probe: Probe | None = None

    def check(self, to: Mapping[str, Any]) -> None:
        """Parse a destination."""
        parse_destination(FakeTo, "fake", to)

    def describe(self, to: Mapping[str, Any]) -> str:
        """See `ports.Publisher`."""
        return "a fake place"

    def find(self, to: Mapping[str, Any], page: Page, known: Placed | None) -> Placed | None:
        """See `ports.Publisher`."""
        self._hit("find")
        for number, (key, text) in self.place.pages.items():
            if key == page.key:
                return Placed(str(number), f"https://wiki.example.com/{number}", digest_of(text), "fake")
        return None

    def put(self, to: Mapping[str, Any], page: Page, found: Placed | None) -> Placed:
        """See `ports.Publisher`."""
        self._hit("put")
        failure = self.place.fails.pop(0) if self.place.fails else None
        if failure is not None and not self.place.after:
            raise failure
        number = int(found.place) if found is not None else len(self.place.puts) + 1
        self.place.puts.append(page.key)
        if not self.place.forgetful:
            self.place.pages[number] = (page.key, page.text)
        self._hit("put")
        if failure is not None:
            raise failure
        return Placed(str(number), f"https://wiki.example.com/{number}", page.digest, "fake")

    def _hit(self, label: str) -> None:
        if self.probe is not None:
            self.probe.hit(f"publisher {label}")


@dataclass(frozen=True)
class OnePublisher:
    """Every provider is this publisher."""

    publisher: Publisher

    def get(self, provider: str) -> Publisher:
        """See `ports.Publishers`."""
        return self.publisher


def down() -> ProviderError:
    """Nobody answers."""
    return ProviderError("The wiki cannot be reached.", "It is tried again.")


def denied() -> ProviderError:
    """The credential is refused."""
    step = "Check `providers.wiki.token`."
    return ProviderError("The wiki does not let our credential do this.", step, kind=Kind.PERMANENT)


def lost() -> OutcomeUnknown:
    """The answer was lost."""
    return OutcomeUnknown("The wiki broke the connection off.", "It is read back first.")
