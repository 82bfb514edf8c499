"""The book over sources that fail: fall-back in order, last good answers, and callers who never wait long."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from bot.providers.oncall.readers import Readers
from bot.providers.oncall.resolver import OnCallBook
from playbooks.domain.ownership import Registry
from tests.providers.oncall_server import GENIE_KEY, PAGERDUTY_TOKEN, Tools, entry, tools

TEXT = """
api: ownership/v1
people:
  dana: {slack: U01DANA, email: dana@example.com}
  omar: {slack: U02OMAR, email: omar@example.com}
  lin: {slack: U03LIN}
teams:
  fraud: {on_call: {pagerduty: PSCHED1, opsgenie: night, static: [lin]}}
  risk: {on_call: {pagerduty: {schedule: PSCHED1}}}
  turned: {on_call: {static: [lin], opsgenie: night, pagerduty: PSCHED1}}
  rota: {on_call: {rota: {people: [omar, dana], start: 2026-11-16T09:00, every: P7D}}}
  later: {on_call: {rota: {people: [omar, dana], start: 2027-01-01}, pagerduty: PSCHED1}}
"""


@dataclass
class Clock:
    at: datetime = datetime(2026, 11, 21, 2, 31, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at

    def move(self, **span: int) -> None:
        self.at += timedelta(**span)


@pytest.fixture
def server() -> Iterator[Tools]:
    with tools() as here:
        here.oncalls["PSCHED1"] = [entry("dana@example.com")]
        here.recipients["night"] = ["omar@example.com"]
        yield here


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def registries() -> list[Registry]:
    return [Registry.load(TEXT)]


@pytest.fixture
def book(server, clock, registries) -> Iterator[OnCallBook]:
    settings = {
        "pagerduty": {"url": server.url, "token_env": "PD", "timeout": 5.0},
        "opsgenie": {"url": server.url, "token_env": "GENIE", "timeout": 5.0},
    }
    readers = Readers(settings, environ={"PD": PAGERDUTY_TOKEN, "GENIE": GENIE_KEY})
    made = OnCallBook(lambda: registries[-1], clock, readers=readers, good_for=timedelta(hours=1), patience=10)
    yield made
    server.gate.set()
    made.close()


def test_the_source_written_first_is_asked_and_all_is_well(book):
    resolved = book.resolve("fraud")
    assert (resolved.people, resolved.source, resolved.fallback) == (("dana",), "pagerduty", "")
    assert book.explain("fraud") == ""
    assert (book.now("turned"), book.resolve("turned").source) == (("omar",), "opsgenie")
    assert (book.now("rota"), book.behind("rota")) == (("omar",), ("dana",))
    assert book.behind("fraud") == ()
    assert book.resolve("later").fallback == "the rota has not begun yet"


def test_nobody_and_strangers_fall_through_and_are_told(book, server):
    server.oncalls["PSCHED1"] = [entry("x@example.com")]
    assert book.resolve("fraud").source == "opsgenie"
    assert book.explain("fraud") == (
        "PagerDuty says x@example.com, who is not in the registry. Who is on call is from Opsgenie."
    )
    assert book.explain("risk") == (
        "Nobody on call could be resolved: PagerDuty says x@example.com, who is not in the registry."
    )


def test_a_stranger_beside_somebody_known_is_told(book, server):
    server.oncalls["PSCHED1"].append(entry("x@example.com", 2))
    assert book.now("fraud") == ("dana",)
    assert book.explain("fraud") == "PagerDuty says x@example.com, who is not in the registry."


def test_the_last_good_answer_counts_for_a_while_and_its_age_is_said(book, server, clock):
    book.refresh()
    server.status = 503
    clock.move(minutes=30)
    book.refresh()
    assert book.now("fraud") == ("dana",)
    assert book.explain("fraud") == "PagerDuty failed with 503 (who is on call); its last answer is 30 min old."
    clock.move(minutes=30)
    book.refresh()
    resolved = book.resolve("fraud")
    assert (resolved.people, resolved.source) == (("lin",), "static")
    assert book.now("risk") == ()
    assert book.explain("risk") == "Nobody on call could be resolved: PagerDuty failed with 503 (who is on call)."
    server.status = 0
    clock.move(minutes=1)
    book.refresh()
    assert (book.now("fraud"), book.explain("fraud")) == (("dana",), "")


def test_that_nobody_is_on_call_is_believed_although_somebody_was(book, server, clock):
    book.refresh()
    server.oncalls["PSCHED1"] = []
    clock.move(minutes=1)
    book.refresh()
    assert book.now("risk") == ()
    assert book.explain("risk") == (
        "Nobody on call could be resolved: PagerDuty says that nobody is on call for PSCHED1."
    )


def test_who_asks_while_a_source_is_slow_gets_what_is_known(book, server, clock):
    book.refresh()
    server.gate.clear()
    server.oncalls["PSCHED1"] = [entry("omar@example.com")]
    clock.move(minutes=2)
    before, asked = time.monotonic(), len(server.asked)
    assert [book.now("fraud") for _ in range(50)] == [("dana",)] * 50
    assert time.monotonic() - before < 2
    server.gate.set()
    book.settle(10)
    assert book.now("fraud") == ("omar",)
    assert len(server.asked) == asked + 1  # one question, however many ask


def test_who_asks_first_waits_only_so_long(server, clock, registries):
    settings = {"pagerduty": {"url": server.url, "token_env": "PD"}}
    slow = OnCallBook(
        lambda: registries[-1], clock, readers=Readers(settings, environ={"PD": PAGERDUTY_TOKEN}), patience=0.05
    )
    server.gate.clear()
    assert slow.explain("risk") == "Nobody on call could be resolved: PagerDuty has not answered yet."
    slow._ear.patience = 20.0  # waited for once: who asks next while that is under way does not wait
    before = time.monotonic()
    assert slow.now("risk") == ()
    assert time.monotonic() - before < 5
    server.gate.set()
    slow.settle(10)
    assert slow.now("risk") == ("dana",)
    slow.close()


def test_a_tool_that_is_down_is_asked_once_a_round(book, server, registries):
    teams = "".join(f"  t{n}: {{on_call: {{pagerduty: PTEAM{n:03}}}}}\n" for n in range(30))
    registries.append(Registry.load(TEXT + teams))
    server.status = 500
    book.refresh()
    assert len(server.asked) == 4  # each read twice
    assert book.explain("t29") == "Nobody on call could be resolved: PagerDuty failed with 500 (who is on call)."


def test_a_tool_that_wants_a_rest_gets_it(book, server, clock):
    server.status, server.headers = 429, {"Retry-After": "300"}
    book.refresh()
    asked = len(server.asked)
    assert asked == 2
    server.status = 0
    clock.move(minutes=4)
    book.refresh()
    assert book.now("risk") == ()
    assert "takes no more calls for 300 s" in book.explain("risk")
    assert len(server.asked) == asked
    clock.move(minutes=1)
    book.refresh()
    assert book.now("risk") == ("dana",)


def test_another_registry_keeps_what_is_known_until_it_is_asked(book, server, registries):
    book.refresh()
    server.gate.clear()
    registries.append(Registry.load(TEXT + "components: {}\n"))
    book._ear.patience = 0.05
    assert book.now("fraud") == ("dana",)
    registries.append(
        Registry.load(TEXT.replace("  dana: {slack: U01DANA, email: dana@example.com}\n", "").replace("dana", "lin"))
    )
    assert book.resolve("fraud").people == ("omar",)  # whom the registry does not know any more is nobody
    assert book.explain("fraud") == (
        "PagerDuty last named people who are not in the registry any more. Who is on call is from Opsgenie."
    )


def test_a_team_that_is_gone_is_forgotten(book, server, registries):
    book.refresh()
    registries.append(Registry.load("api: ownership/v1\n"))
    book.refresh()
    assert book.resolve("fraud").fallback == "the registry knows no team fraud"
    assert book._ear._heard == {}
