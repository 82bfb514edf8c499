"""Who is on call: from the list, from a Slack user group, and what is said when neither answers."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from bot.providers.oncall.resolver import OnCallBook
from playbooks.domain.ownership import Registry
from playbooks.errors import ProviderError, SlackError

TEXT = """
api: ownership/v1
people: {ann: {slack: U01ANN}, bob: {slack: U02BOB}, cat: {slack: U03CAT}}
teams:
  list: {on_call: {static: [ann, bob]}}
  group: {on_call: {usergroup: S01ABC}}
  both: {on_call: {usergroup: S02ABC, static: [cat]}}
  later: {on_call: {pagerduty: PXYZ, static: [bob]}}
  never: {on_call: {opsgenie: x}}
  none: {}
"""


@dataclass
class Clock:
    at: datetime = datetime(2026, 11, 21, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at


@dataclass
class Groups:
    answers: dict[str, list[str] | Exception] = field(default_factory=dict)
    asked: int = 0

    def __call__(self, group: str) -> list[str]:
        self.asked += 1
        answer = self.answers[group]
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def groups() -> Groups:
    return Groups({"S01ABC": ["U02BOB", "U99NEW", "U01ANN"], "S02ABC": SlackError("Slack refused: missing scope.")})


@pytest.fixture
def book(clock, groups) -> OnCallBook:
    registry = Registry.load(TEXT)
    return OnCallBook(lambda: registry, clock, group_members=groups)


def test_the_first_of_the_list_is_on_call_and_the_others_stand_behind(book):
    assert book.now("list") == ("ann",)
    assert book.behind("list") == ("bob",)
    assert book.resolve("list").source == "static"
    assert book.resolve("list").fallback == ""


def test_a_user_group_is_read_and_strangers_are_left_out(book):
    assert book.now("group") == ("bob", "ann")
    assert book.resolve("group").source == "usergroup"


def test_the_fallback_and_its_reason_are_visible(book):
    resolved = book.resolve("both")
    assert (resolved.people, resolved.source) == (("cat",), "static")
    assert resolved.fallback == "Slack refused: missing scope"
    assert book.resolve("later").fallback == "PagerDuty is not asked here"
    assert book.now("later") == ("bob",)


@pytest.mark.parametrize(
    ("team", "reason"),
    [
        ("never", "Opsgenie is not asked here"),
        ("none", "the registry names no on call for none"),
        ("ghost", "the registry knows no team ghost"),
    ],
)
def test_nobody_is_said_never_guessed(book, team, reason):
    resolved = book.resolve(team)
    assert (resolved.people, resolved.source, resolved.fallback) == ((), "none", reason)
    assert book.behind(team) == ()


@pytest.mark.parametrize("answer", [[], ["U99NEW"], ProviderError("Slack does not answer.")])
def test_an_empty_group_or_one_of_strangers_resolves_nobody(book, groups, answer):
    groups.answers["S01ABC"] = answer
    resolved = book.resolve("group")
    assert resolved.people == ()
    assert resolved.fallback


def test_without_slack_a_group_falls_back(clock):
    registry = Registry.load(TEXT)
    assert OnCallBook(lambda: registry, clock).resolve("both").fallback == "Slack user groups cannot be read here"


def test_an_answer_is_kept_for_a_minute_by_the_clock_given(book, clock, groups):
    book.now("group")
    book.now("group")
    assert groups.asked == 1
    clock.at += timedelta(seconds=61)
    groups.answers["S01ABC"] = ["U01ANN"]
    assert book.now("group") == ("bob", "ann")  # at once what is known; the new answer comes behind it
    book.settle()
    assert book.now("group") == ("ann",)
    assert groups.asked == 2
    clock.at -= timedelta(hours=1)  # a clock put back does not keep an answer for an hour
    book.now("group")
    assert groups.asked == 3
    book.forget()
    book.now("group")
    assert groups.asked == 4


def test_another_registry_is_asked_anew(clock):
    registries = [Registry.load(TEXT), Registry.load(TEXT.replace("[ann, bob]", "[bob, ann]"))]
    book = OnCallBook(lambda: registries[0], clock)
    assert book.now("list") == ("ann",)
    registries.pop(0)
    assert book.now("list") == ("bob",)
