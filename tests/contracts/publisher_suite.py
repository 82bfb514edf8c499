"""What every publisher must do, wherever it publishes; subclasses bring the publisher in a `bench`."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from playbooks.plugin import Kind, OutcomeUnknown, Page, Placed, ProviderError, Publisher
from tests.contracts.lever_suite import Trouble

TEXT = """<!-- machine:title sha256=0f -->
# INC-42 · fraud-scorer drifts
<!-- /machine -->

<!-- human:why -->
Émile's “reading” — 変更, 5 %  | a \\| b  \n\n\tTab and trailing blanks  \n
| a | b |
|---|---|
| `x` | **y** [E12] |
<!-- /human -->
"""
FIRST = Page("inc-42", "INC-42: fraud-scorer drifts", TEXT, "INC-42 postmortem, reviewed", "reviewed", "C01INC42")
SECOND = replace(FIRST, text=TEXT + "\nOne more line.\n", note="INC-42 postmortem, closed", state="closed")
OTHER = replace(FIRST, key="inc-4", title="INC-4: another", text="# INC-4\n", channel="C01INC4")


@dataclass
class PublisherBench:
    """A publisher with a place around it.

    Attributes:
        world: reads past the publisher which pages there are: key to text. edit: somebody writes another text into the
            page of a key there. remove: somebody takes it away. trouble: puts a trouble in force for the length of a
            `with`; None where there is no line that could break. secrets: what no error may show.
        shown: a text as the place keeps it. known_only: it cannot be read back.
    """

    publisher: Publisher
    to: Mapping[str, Any]
    world: Callable[[], dict[str, str]]
    edit: Callable[[str, str], None]
    remove: Callable[[str], None]
    trouble: Callable[[Trouble], AbstractContextManager[None]] | None = None
    secrets: tuple[str, ...] = field(default=())
    shown: Callable[[str], str] = str
    named: tuple[str, ...] = ()
    refuses: bool = True

    def find(self, page: Page, known: Placed | None = None) -> Placed | None:
        """What stands there under the page's key."""
        return self.publisher.find(self.to, page, known)

    def publish(self, page: Page) -> Placed:
        """As the play does it: look, put, read back."""
        put = self.publisher.put(self.to, page, self.find(page))
        there = self.find(page, put)
        assert there is not None
        assert there.digest == page.digest
        return there


class PublisherContract:
    """The suite."""

    @pytest.fixture
    def bench(self) -> PublisherBench:
        raise NotImplementedError

    def test_says_where_it_goes_and_changes_nothing(self, bench: PublisherBench) -> None:
        said = bench.publisher.describe(bench.to)
        assert all(word in said for word in bench.named)
        assert not any(secret in said for secret in bench.secrets)
        assert bench.find(FIRST) is None
        assert bench.world() == {}

    def test_refuses_an_unknown_key(self, bench: PublisherBench) -> None:
        check = getattr(bench.publisher, "check")  # noqa: B009  it is no part of the port
        check(bench.to)
        with pytest.raises(Exception, match="foldr"):
            check({**bench.to, "foldr": "x"})

    def test_what_is_put_stands_there_byte_for_byte(self, bench: PublisherBench) -> None:
        bench.publish(FIRST)
        assert bench.world() == {"inc-42": bench.shown(FIRST.text)}

    def test_putting_twice_is_putting_once(self, bench: PublisherBench) -> None:
        once = bench.publish(FIRST)
        assert bench.publish(FIRST) == once
        assert bench.world() == {"inc-42": bench.shown(FIRST.text)}

    def test_a_new_version_replaces_the_old_one(self, bench: PublisherBench) -> None:
        once = bench.publish(FIRST)
        again = bench.publish(SECOND)
        assert again.link == once.link
        assert bench.world() == {"inc-42": bench.shown(SECOND.text)}

    def test_it_is_found_by_its_key_alone(self, bench: PublisherBench) -> None:
        """As after a crash between the act and its record."""
        once = bench.publish(FIRST)
        assert bench.find(FIRST) == once
        assert bench.find(FIRST, once) == once
        lost = replace(once, place="gone", link="", digest="")
        assert bench.find(FIRST, lost) == once

    def test_another_key_is_another_page(self, bench: PublisherBench) -> None:
        bench.publish(FIRST)
        assert bench.find(OTHER) is None
        bench.publish(OTHER)
        assert bench.world() == {"inc-42": bench.shown(FIRST.text), "inc-4": bench.shown(OTHER.text)}

    def test_what_somebody_else_wrote_there_is_seen(self, bench: PublisherBench) -> None:
        once = bench.publish(FIRST)
        bench.edit("inc-42", "# Mine\n")
        there = bench.find(FIRST, once)
        assert there is not None
        assert there.digest != FIRST.digest

    def test_what_was_taken_away_is_put_again(self, bench: PublisherBench) -> None:
        once = bench.publish(FIRST)
        bench.remove("inc-42")
        assert bench.find(FIRST, once) is None
        bench.publish(FIRST)
        assert bench.world() == {"inc-42": bench.shown(FIRST.text)}

    # ------------------------------------------------------------ trouble

    @pytest.mark.parametrize("trouble", [Trouble.SLOW, Trouble.DROP, Trouble.FAILS])
    def test_a_lost_answer_does_not_make_a_second_page(self, bench: PublisherBench, trouble: Trouble) -> None:
        if bench.trouble is None:
            return
        with bench.trouble(trouble), pytest.raises(OutcomeUnknown) as told:
            bench.publisher.put(bench.to, FIRST, None)
        self._keeps_secrets(bench, told.value)
        bench.publish(FIRST)
        assert bench.world() == {"inc-42": bench.shown(FIRST.text)}

    def test_nobody_there_is_to_be_tried_again(self, bench: PublisherBench) -> None:
        if bench.trouble is None:
            return
        with bench.trouble(Trouble.DOWN), pytest.raises(ProviderError) as told:
            bench.publisher.put(bench.to, FIRST, None)
        assert told.value.kind is Kind.TRANSIENT
        assert bench.world() == {}

    def test_too_many_calls_wait_as_long_as_the_place_says(self, bench: PublisherBench) -> None:
        if bench.trouble is None or not bench.refuses:
            return
        with bench.trouble(Trouble.LIMITED), pytest.raises(ProviderError) as told:
            bench.publisher.put(bench.to, FIRST, None)
        assert (told.value.kind, told.value.retry_after) == (Kind.RATE_LIMITED, 17.0)

    def test_a_refusal_is_for_a_person_and_quotes_no_secret(self, bench: PublisherBench) -> None:
        if bench.trouble is None or not bench.refuses:
            return
        with bench.trouble(Trouble.REFUSED), pytest.raises(ProviderError) as told:
            bench.publisher.put(bench.to, FIRST, None)
        assert told.value.kind is Kind.PERMANENT
        assert told.value.next_step
        self._keeps_secrets(bench, told.value)

    def test_a_yes_without_an_effect_is_seen(self, bench: PublisherBench) -> None:
        if bench.trouble is None or not bench.refuses:
            return
        with bench.trouble(Trouble.LIE):
            try:
                put = bench.publisher.put(bench.to, FIRST, None)
            except ProviderError:
                put = None
        there = bench.find(FIRST, put)
        assert there is None or there.digest != FIRST.digest

    def _keeps_secrets(self, bench: PublisherBench, error: ProviderError) -> None:
        assert not any(secret in error.told for secret in bench.secrets)
