"""Signed links: one page, until one time, by any key in force; everything else opens nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playbooks.domain.links import Door, Links, Room

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
OLD, NEW = "the-old-key-0123456789", "the-new-key-9876543210"
LINKS = Links("https://muster.example.com", (NEW, OLD))


def given_by(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


def opened(links: Links, url: str, *, now: datetime = NOW) -> Door:
    _, room, number = urlsplit(url).path.split("/")
    return links.door(Room(room), int(number), now=now, **given_by(url))


def test_a_link_opens_its_page_until_it_ends() -> None:
    url = LINKS.to(Room.POSTMORTEM, 42, now=NOW)
    assert url.startswith("https://muster.example.com/postmortems/42?until=")
    assert opened(LINKS, url) is Door.OPEN
    assert opened(LINKS, url, now=NOW + timedelta(days=7)) is Door.OPEN
    assert opened(LINKS, url, now=NOW + timedelta(days=8, seconds=1)) is Door.EXPIRED


def test_it_opens_no_other_page() -> None:
    known = given_by(LINKS.to(Room.POSTMORTEM, 42, now=NOW))
    assert LINKS.door(Room.INCIDENT, 42, now=NOW, **known) is Door.WRONG
    assert LINKS.door(Room.POSTMORTEM, 43, now=NOW, **known) is Door.WRONG
    assert LINKS.door(Room.POSTMORTEM, 4, now=NOW, **known) is Door.WRONG
    later = str(int(known["until"]) + 1)
    assert LINKS.door(Room.POSTMORTEM, 42, now=NOW, until=later, sign=known["sign"]) is Door.WRONG


def test_keys_are_replaced_while_old_links_hold() -> None:
    before = Links(LINKS.base, (OLD,)).to(Room.INCIDENT, 1, now=NOW)
    assert opened(LINKS, before) is Door.OPEN
    assert opened(Links(LINKS.base, (NEW,)), before) is Door.WRONG
    assert opened(Links(LINKS.base, (OLD,)), LINKS.to(Room.INCIDENT, 1, now=NOW)) is Door.WRONG


def test_off_without_an_address_or_a_key() -> None:
    assert Links("", (NEW,)).to(Room.INCIDENT, 1, now=NOW) == ""
    assert Links("https://muster.example.com", ()).to(Room.INCIDENT, 1, now=NOW) == ""
    assert Links().door(Room.INCIDENT, 1, until="2000000000", sign="", now=NOW) is Door.WRONG
    assert Links().beside(Room.INCIDENT, 1, until="2000000000") == ""


def test_a_message_shown_again_the_same_day_keeps_its_link() -> None:
    later = datetime(2026, 11, 21, 23, 59, 59, tzinfo=UTC)
    assert LINKS.to(Room.INCIDENT, 1, now=NOW) == LINKS.to(Room.INCIDENT, 1, now=later)
    assert LINKS.to(Room.INCIDENT, 1, now=NOW) != LINKS.to(Room.INCIDENT, 1, now=NOW + timedelta(days=1))


def test_a_link_from_page_to_page_holds_no_longer() -> None:
    first = given_by(LINKS.to(Room.POSTMORTEM, 42, now=NOW))
    beside = LINKS.beside(Room.INCIDENT, 42, until=first["until"])
    assert given_by(beside)["until"] == first["until"]
    assert opened(LINKS, beside) is Door.OPEN
    assert LINKS.beside(Room.INCIDENT, 42, until="9" * 30) == ""


def test_shorter_links_hold_for_those_already_out() -> None:
    url = LINKS.to(Room.INCIDENT, 1, now=NOW)
    short = Links(LINKS.base, LINKS.keys, lasts=3600)
    assert opened(short, url) is Door.EXPIRED


def test_keys_are_not_printed() -> None:
    assert NEW not in repr(LINKS)
    assert OLD not in str(LINKS)


@given(st.text(max_size=60), st.text(max_size=60))
def test_whatever_else_is_sent_opens_nothing(until: str, sign: str) -> None:
    assert LINKS.door(Room.INCIDENT, 1, until=until, sign=sign, now=NOW) is Door.WRONG


@pytest.mark.parametrize("cut", [1, 5, 42])
def test_a_cut_link_opens_nothing(cut: int) -> None:
    known = given_by(LINKS.to(Room.INCIDENT, 1, now=NOW))
    assert LINKS.door(Room.INCIDENT, 1, until=known["until"], sign=known["sign"][:-cut], now=NOW) is Door.WRONG
    arabic = known["until"].translate({ord(str(d)): chr(0x660 + d) for d in range(10)})
    assert LINKS.door(Room.INCIDENT, 1, until=arabic, sign=known["sign"], now=NOW) is Door.WRONG
