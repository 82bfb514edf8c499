"""Pages behind signed links: open for who has one, closed and without a word for everybody else; kept by nobody."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from bot.settings import Settings
from bot.slack import ids
from bot.workspace.state import Message
from playbooks.domain.links import Links, Room
from playbooks.errors import ConfigError
from tests.drafts.reading_html import read_page
from tests.end_to_end.acting import taken
from tests.end_to_end.scene import DANA, HOME, MEI, SAM, TRIAGE, Scene, scene

KEY, OLD = "page-key-3f9a1c0b77d2", "page-key-of-last-month"
PUBLIC = "https://muster.example.com"
SECRET_TEXT = "customers of <Acme & Sons> are declined"


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """A service with pages on; INC-1 is taken and has a note."""
    environ = {"MUSTER_LINK_KEY": f"{KEY}, {OLD}", "MUSTER_PUBLIC_URL": f"{PUBLIC}/"}
    with scene(tmp_path_factory.mktemp("pages"), environ=environ) as running:
        running.drift()
        taken(running)
        channel = running.incident_channel(member=DANA)
        running.workspace.slash(DANA, channel, f"/inc note {SECRET_TEXT}")
        running.settle()
        yield running


def addresses(message: Message) -> list[str]:
    """The page links of a message: of its buttons, and in its text."""
    said = json.dumps(message.blocks).replace("&amp;", "&")
    return re.findall(rf"{PUBLIC}/(?:incidents|postmortems)/\d+\?until=\d+&sign=[\w-]+", said)


def fetched(running: Scene, url: str) -> httpx.Response:
    """What a link shows, from the service itself."""
    parts = urlsplit(url)
    return running.http.get(f"{running.service.url}{parts.path}?{parts.query}")


def link(running: Scene, room: Room, number: int = 1) -> str:
    house = running.service.house
    return house.links.to(room, number, now=house.now())


def test_the_card_the_timeline_and_the_postmortem_hand_out_links(night: Scene) -> None:
    """Whoever asks in Slack gets a link: the holder, the other team, and a stranger to the registry alike."""
    channel = night.incident_channel()
    (from_card,) = addresses(night.message(channel, "Signal:"))
    assert "/incidents/1?" in from_card
    assert fetched(night, from_card).status_code == 200
    for person in (DANA, MEI, SAM):
        night.workspace.slash(person, HOME, "/inc timeline INC-1")
        (from_timeline,) = addresses(night.whisper(person, "timeline", button=ids.OPEN_PAGE))
        assert fetched(night, from_timeline).status_code == 200
    night.workspace.slash(DANA, channel, "/postmortem")
    (from_draft,) = addresses(night.whisper(DANA, "Postmortem of INC-1", button=ids.OPEN_PAGE))
    answer = fetched(night, from_draft)
    assert "/postmortems/1?" in from_draft
    assert answer.status_code == 200
    assert "INC-1 postmortem" in answer.text


def test_what_the_page_of_the_incident_shows(night: Scene) -> None:
    answer = fetched(night, link(night, Room.INCIDENT))
    elements = read_page(answer.text)
    text = next(e for e in elements if e.tag == "body").text
    assert "Next:" in text
    assert "not yet" in text
    assert "Leaddana" in re.sub(r"\s+", "", text)
    assert SECRET_TEXT in text
    assert "<Acme" not in answer.text
    beside = next(e.attributes["href"] for e in elements if e.tag == "a" and e.text == "The postmortem")
    assert night.http.get(f"{night.service.url}{beside}").status_code == 200


@pytest.mark.parametrize("room", list(Room))
def test_a_page_is_kept_framed_and_told_by_nobody(night: Scene, room: Room) -> None:
    answer = fetched(night, link(night, room))
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-frame-options"] == "DENY"
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    assert "<script" not in answer.text


@pytest.mark.parametrize("change", ["cut", "other", "none", "later", "number", "room", "foreign"])
def test_a_wrong_link_shows_one_sentence_and_nothing_else(night: Scene, change: str) -> None:
    url = link(night, Room.POSTMORTEM)
    broken = {
        "cut": url[:-7],
        "other": url[:-1] + ("A" if url[-1] != "A" else "B"),
        "none": url.split("?")[0],
        "later": re.sub(r"until=(\d+)", lambda m: f"until={int(m[1]) + 86400}", url),
        "number": url.replace("/1?", "/2?"),
        "room": url.replace("postmortems", "incidents"),
        "foreign": Links(PUBLIC, ("a-key-that-is-not-ours",)).to(Room.POSTMORTEM, 1, now=night.service.house.now()),
    }[change]
    answer = fetched(night, broken)
    assert (answer.status_code, answer.headers["cache-control"]) == (403, "no-store")
    elements = read_page(answer.text)
    assert [e.text for e in elements if e.tag == "h1"] == [
        "This link opens nothing: it is cut off, or not one of ours."
    ]
    assert len([e for e in elements if e.tag == "p"]) == 1
    assert not any(word in answer.text for word in ("fraud", "INC-1", SECRET_TEXT[:9], KEY))


def test_odd_addresses_are_answered_the_same_way(night: Scene) -> None:
    for path in ("/incidents/0", "/incidents/1x", "/postmortems/١", "/incidents/" + "9" * 40, "/incidents/%00"):
        answer = night.http.get(f"{night.service.url}{path}?until=%F0&sign=%00%ff")
        assert answer.status_code == 403
        assert "This link opens nothing" in answer.text


def test_a_signed_link_to_an_incident_there_is_not(night: Scene) -> None:
    answer = fetched(night, link(night, Room.INCIDENT, 404))
    assert answer.status_code == 404
    assert "There is no INC-404." in answer.text


def test_a_key_of_last_month_still_opens(night: Scene) -> None:
    old = Links(PUBLIC, (OLD,)).to(Room.INCIDENT, 1, now=night.service.house.now())
    assert fetched(night, old).status_code == 200


def test_wrong_links_are_counted_and_told_to_the_operators(night: Scene) -> None:
    fetched(night, link(night, Room.INCIDENT)[:-3])
    night.service.schedules.run_all()
    night.message(TRIAGE, "`pages`", "wrong or missing secret")
    metrics = night.http.get(f"{night.service.url}/metrics").text
    assert 'reason="link_wrong"' in metrics


def test_an_expired_link_says_where_a_new_one_is(night: Scene) -> None:
    house = night.service.house
    old = house.links.to(Room.POSTMORTEM, 1, now=house.now() - timedelta(days=9))
    answer = fetched(night, old)
    assert answer.status_code == 403
    assert "This link has expired." in answer.text
    assert "/postmortem" in answer.text
    assert "fraud" not in answer.text


def test_a_broken_chain_is_told_on_the_page(night: Scene) -> None:
    """Last of this module: it spoils the timeline."""
    path = night.settings.database_url.get_secret_value().removeprefix("sqlite:///")
    with closing(sqlite3.connect(path, timeout=20, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            connection.execute(f'DROP TRIGGER "{name}"')
        forged = connection.execute("UPDATE event_body SET text = 'forged' WHERE text LIKE '%Acme%'")
        assert forged.rowcount
        connection.execute("COMMIT")
    answer = fetched(night, link(night, Room.POSTMORTEM))
    assert answer.status_code == 503
    assert "does not verify" in answer.text
    assert "forged" not in answer.text


def test_without_a_key_there_are_no_links_and_no_pages(tmp_path: Path) -> None:
    with scene(tmp_path, environ={"MUSTER_PUBLIC_URL": PUBLIC}) as running:
        running.drift()
        taken(running)
        channel = running.incident_channel(member=DANA)
        running.workspace.slash(DANA, channel, "/inc timeline")
        assert addresses(running.whisper(DANA, "timeline")) == []
        assert addresses(running.message(channel, "Signal:")) == []
        url = Links(PUBLIC, (KEY,)).to(Room.INCIDENT, 1, now=running.service.house.now())
        assert fetched(running, url).status_code == 403


@pytest.mark.parametrize("key", ["short", f"{KEY},short"])
def test_a_key_that_could_be_guessed_is_refused(key: str) -> None:
    with pytest.raises(ConfigError, match="MUSTER_LINK_KEY") as refused:
        Settings.load({"MUSTER_LINK_KEY": key}, env_file=None)
    assert "short" not in refused.value.told.replace("shorter", "")


def test_the_figures_are_behind_a_link_of_their_own(night: Scene) -> None:
    """Who has the link reads them, and the other periods from there; another page's link, or none, opens nothing."""
    house = night.service.house
    channel = night.incident_channel(member=DANA)
    night.workspace.slash(DANA, channel, "/inc stats 90d")
    night.settle()
    (told,) = [m for m in night.workspace.ephemerals(DANA) if "Figures of the last 90 days" in m.text]
    (shown,) = re.findall(rf"{PUBLIC}/stats/90\?until=\d+&sign=[\w-]+", json.dumps(told.blocks).replace("&amp;", "&"))
    assert fetched(night, shown).status_code == 200
    url = house.links.to(Room.STATS, 30, now=house.now())
    answer = fetched(night, url)
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    elements = read_page(answer.text)
    assert "Figures of the last 30 days" in next(e.text for e in elements if e.tag == "h1")
    others = [e.attributes["href"] for e in elements if e.tag == "a" and e.attributes["href"].startswith("/stats/")]
    assert len(others) == 3
    assert all(night.http.get(f"{night.service.url}{path}").status_code == 200 for path in others)
    parts = urlsplit(url)
    assert night.http.get(f"{night.service.url}/stats?{parts.query}").text == answer.text
    for path in ("/stats", "/stats/30", f"/stats/90?{parts.query}", f"/incidents/30?{parts.query}"):
        assert night.http.get(f"{night.service.url}{path}").status_code == 403
    far = house.links.to(Room.STATS, 99999, now=house.now())
    assert fetched(night, far).status_code == 404
