"""Publishing a document: by its state, by hand, through failures and crashes, and never with a name in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from bot.jobs.publish import Publishing
from bot.slack.blocks import render
from playbooks import errors
from playbooks.domain.ownership import Registry
from playbooks.domain.publishing import Destination, Outside, Publication
from playbooks.messages import Published, Resolved
from playbooks.plays import closing, incident, publishing
from playbooks.plays.postmortem import answer, questions
from playbooks.plays.views import build
from playbooks.ports import Document, Surface
from playbooks.render import verify
from tests.contracts.fake_publisher import FakePublisher, OnePublisher, denied, down, lost
from tests.plays.authority_registry import registry
from tests.plays.stage import STRANGER, Stage, on_sqlite
from tests.simulation.bot import REGISTRY, RULES

WIKI, ARCHIVE = Destination("wiki", "fake", "draft"), Destination("archive", "fake", "reviewed")
PUBLISH = "      publish: {decide: [omar], deputy: [lin], approvals: 1}\n"


def staged(engine: Engine, *to: Destination, known: Registry = REGISTRY) -> Stage:
    return Stage(engine, rules=replace(RULES, publish=to or (WIKI,)), registry=known)


@pytest.fixture
def stage(engine: Engine) -> Stage:
    return staged(engine)


def resolved(stage: Stage) -> int:
    """An incident that Dana led to its end."""
    number = stage.opened()
    incident.acknowledge(stage.house, stage.by("dana"), number, lead=True)
    stage.settle()
    closing.resolve(stage.house, stage.by("dana"), number, closing.Resolution())
    stage.settle()
    return number


def wanted(stage: Stage, number: int, state: str = "draft") -> tuple[str, ...]:
    """As the life of the document calls it."""
    with stage.bot.store.begin() as uow:
        found = uow.incident(number)
        assert found is not None
        return publishing.publish(stage.house, uow, found, state, now=stage.clock.now())


def by_hand(stage: Stage, who: str, number: int, *, over: bool = False) -> str:
    said = publishing.publish_by_hand(stage.house, stage.by(who), number, over=over)
    stage.settle()
    return said.text


def row(stage: Stage, number: int, name: str = "wiki") -> Publication:
    with stage.bot.store.read() as uow:
        found = uow.publication(number, name)
    assert found is not None
    return found


def note(stage: Stage, number: int) -> Published:
    """The message that shows where it stands."""
    surface = Surface(f"published:{number}", "published", "", incident_id=number)
    with stage.bot.store.read() as uow:
        found = build(stage.house, uow, surface)
    assert isinstance(found, Published)
    return found


def texts(shown: Mapping[str, Any]) -> str:
    return str(shown["blocks"])


# ---------------------------------------------------------------- by its state


def test_a_draft_goes_where_drafts_go_and_follows_every_change(stage: Stage) -> None:
    number = resolved(stage)
    first = stage.place.texts()[f"inc-{number}"]
    assert f"INC-{number}" in first
    block, _question = questions(stage.house, number)[0]
    answer(stage.house, stage.by("dana"), number, block, "The cache was cold.")
    stage.settle()
    assert "The cache was cold." in stage.place.texts()[f"inc-{number}"]
    assert row(stage, number).digest
    assert row(stage, number).error == ""


@on_sqlite
def test_the_state_decides_and_so_do_team_and_severity(engine: Engine) -> None:
    places = (
        WIKI,
        ARCHIVE,
        Destination("theirs", "fake", "draft", teams=("search",)),
        Destination("worst", "fake", "draft", severities=("sev1",)),
    )
    stage = staged(engine, *places)
    number = resolved(stage)
    assert wanted(stage, number, "draft") == ("wiki",)
    assert wanted(stage, number, "in_review") == ("wiki",)
    assert wanted(stage, number, "reviewed") == wanted(stage, number, "closed") == ("wiki", "archive")


@on_sqlite
def test_asking_twice_makes_one_page(stage: Stage) -> None:
    number = resolved(stage)
    puts = len(stage.place.puts)
    for _ in range(3):
        wanted(stage, number)
        stage.settle()
    assert len(stage.place.puts) == puts
    assert list(stage.place.texts()) == [f"inc-{number}"]


@on_sqlite
def test_the_links_are_shown_in_the_channel_and_at_the_end(stage: Stage) -> None:
    number = resolved(stage)
    link = row(stage, number).link
    assert link.startswith("https://wiki.example.com/")
    assert [(r.name, r.link, r.error) for r in note(stage, number).rows] == [("wiki", link, "")]
    assert len(stage.posted("published:")) == 1
    with stage.bot.store.read() as uow:
        end = next(s for s in uow.surfaces_of(number) if s.kind == "resolved")
        shown = build(stage.house, uow, end)
    assert isinstance(shown, Resolved)
    assert shown.published == (("wiki", link),)
    assert f"<{link}|wiki>" in texts(render(shown))


@on_sqlite
def test_a_canvas_in_the_channel_takes_the_place_of_the_file(engine: Engine) -> None:
    stage = staged(engine, replace(WIKI, in_channel=True))
    number = resolved(stage)
    assert list(stage.place.texts()) == [f"inc-{number}"]
    assert stage.slack.files == []


@on_sqlite
def test_until_the_canvas_is_due_the_draft_is_a_file(engine: Engine) -> None:
    stage = staged(engine, replace(ARCHIVE, in_channel=True))
    number = resolved(stage)
    assert stage.place.texts() == {}
    assert {f.filename for f in stage.slack.files} == {f"inc-{number}-postmortem.md"}


# ---------------------------------------------------------------- failures


@on_sqlite
@pytest.mark.parametrize("after", [False, True])
def test_a_lost_answer_is_looked_up_before_it_is_tried_again(stage: Stage, after: bool) -> None:
    stage.place.fails, stage.place.after = [lost()], after
    number = resolved(stage)
    assert list(stage.place.texts()) == [f"inc-{number}"]
    assert (row(stage, number).attempts, row(stage, number).error) == (0, "")


@on_sqlite
def test_a_place_that_is_down_is_tried_again_and_told_when_it_lasts(stage: Stage) -> None:
    stage.place.fails = [down() for _ in range(5)]
    number = resolved(stage)
    assert list(stage.place.texts()) == [f"inc-{number}"]
    told = [text for m in stage.slack.by_delivery(f"published:{number}") for text in m.versions]
    assert "cannot be reached" in told[0]
    assert "cannot be reached" not in told[-1]


@on_sqlite
def test_a_refusal_is_told_with_the_next_step_and_shown_to_operators(stage: Stage) -> None:
    stage.place.fails = [denied() for _ in range(50)]
    number = resolved(stage)
    assert stage.place.texts() == {}
    shown = note(stage, number)
    assert shown.rows[0].error == "The wiki does not let our credential do this."
    blocks = texts(render(shown))
    assert "Check `providers.wiki.token`." in blocks
    assert f"/postmortem INC-{number} publish" in blocks
    with stage.bot.store.read() as uow:
        assert [(p.incident_id, p.name) for p in uow.failed_publications()] == [(number, "wiki")]
        assert any(key == "publish:wiki:provider_failed" for key, *_ in uow.notices())
    assert stage.bot.parked == []
    stage.place.fails = []
    by_hand(stage, "dana", number)
    assert list(stage.place.texts()) == [f"inc-{number}"]
    assert note(stage, number).rows[0].error == ""
    with stage.bot.store.read() as uow:
        assert uow.failed_publications() == []


@on_sqlite
def test_a_yes_without_an_effect_is_no_publication(stage: Stage) -> None:
    stage.place.forgetful = True
    number = resolved(stage)
    assert row(stage, number).published_at is None
    assert "does not show it" in row(stage, number).error
    assert "Look whether" in row(stage, number).next_step
    assert len(stage.place.puts) == 5


def test_what_others_wrote_there_is_left_until_a_person_says_so(stage: Stage) -> None:
    number = resolved(stage)
    stage.place.write(f"inc-{number}", "# Better words\n")
    block, _question = questions(stage.house, number)[0]
    answer(stage.house, stage.by("dana"), number, block, "The cache was cold.")
    stage.settle()
    assert stage.place.texts()[f"inc-{number}"] == "# Better words\n"
    assert "was changed there since" in row(stage, number).error
    assert f"/postmortem INC-{number} publish over" in row(stage, number).next_step
    by_hand(stage, "dana", number)
    assert stage.place.texts()[f"inc-{number}"] == "# Better words\n"
    by_hand(stage, "dana", number, over=True)
    assert "The cache was cold." in stage.place.texts()[f"inc-{number}"]
    assert row(stage, number).over is False


@on_sqlite
def test_a_page_of_somebody_elses_under_our_key_is_left(stage: Stage) -> None:
    stage.place.write("inc-1", "# Theirs\n")
    number = resolved(stage)
    assert number == 1
    assert stage.place.texts() == {"inc-1": "# Theirs\n"}
    assert "not from here" in row(stage, number).error


@on_sqlite
def test_what_was_taken_away_there_comes_back_when_it_is_wanted(stage: Stage) -> None:
    number = resolved(stage)
    stage.place.remove(f"inc-{number}")
    by_hand(stage, "dana", number)
    assert list(stage.place.texts()) == [f"inc-{number}"]


# ---------------------------------------------------------------- crashes


class Killed(BaseException):
    """The process is gone."""


class Killer:
    """Ends the process at a point; counts the points when it has none."""

    def __init__(self, at: int = 0) -> None:
        self.at, self.seen = at, 0

    def hit(self, label: str) -> None:
        self.seen += 1
        if self.seen == self.at:
            raise Killed


@on_sqlite
def test_killed_at_every_point_it_is_there_once(stage: Stage) -> None:
    """Every outgoing call and every commit of the job, from before the first to after the last."""
    number = resolved(stage)
    points = 0
    at = 0
    while not points or at < points:
        at += 1
        stage.place.pages.clear()
        stage.place.puts.clear()
        with stage.bot.store.begin() as uow:
            uow.save_publication(Publication(number, "wiki", "draft"))
        killer = Killer(0 if not points else at)
        stage.bot.store._probe = killer
        job = Publishing(stage.house, OnePublisher(FakePublisher(stage.place, killer)))
        if not points:
            job.run(f"{number}:wiki")
            points, at = killer.seen, 0
        else:
            with pytest.raises(Killed):
                job.run(f"{number}:wiki")
        stage.bot.store._probe = None
        Publishing(stage.house, OnePublisher(FakePublisher(stage.place))).run(f"{number}:wiki")
        assert list(stage.place.texts()) == [f"inc-{number}"], f"killed at point {at}"
        assert len(stage.place.puts) <= 2
        done = row(stage, number)
        assert (done.trying, done.error, done.link) == ("", "", f"https://wiki.example.com/{done.place}")
    assert points >= 8


# ---------------------------------------------------------------- by hand


@on_sqlite
@pytest.mark.parametrize(("who", "may"), [("dana", True), ("mei", True), ("zoe", False), (STRANGER, False)])
def test_lead_and_team_publish_by_hand_and_nobody_else(stage: Stage, who: str, may: bool) -> None:
    """Dana leads, Mei is of the accountable team, Zoe of another, and one is nobody's."""
    number = resolved(stage)
    stage.place.remove(f"inc-{number}")
    if may:
        assert (
            by_hand(stage, who, number)
            == f"The postmortem of INC-{number} goes to wiki; the links follow in its channel."
        )
        assert list(stage.place.texts()) == [f"inc-{number}"]
        assert row(stage, number).by == who
        return
    with pytest.raises(errors.Denied) as refused:
        by_hand(stage, who, number)
    assert "@dana" in refused.value.told
    assert refused.value.incident == number
    assert stage.place.texts() == {}


@on_sqlite
@pytest.mark.parametrize(
    ("who", "may"), [("omar", True), ("lin", True), ("dana", False), ("zoe", False), (STRANGER, False)]
)
def test_where_the_registry_names_who_decides_nobody_else_does(engine: Engine, who: str, may: bool) -> None:
    stage = staged(engine, known=registry(more=PUBLISH))
    number = resolved(stage)
    if may:
        by_hand(stage, who, number)
        assert row(stage, number).under.startswith("model owner" if who == "omar" else "deputy")
        return
    with pytest.raises(errors.Denied, match="@omar"):
        by_hand(stage, who, number)


@on_sqlite
def test_where_two_must_agree_the_first_word_waits(engine: Engine) -> None:
    both = "      publish: {decide: [omar, lin, mei], approvals: 2}\n"
    stage = staged(engine, known=registry(more=both))
    number = resolved(stage)
    stage.place.remove(f"inc-{number}")
    assert by_hand(stage, "omar", number) == "Your word is kept; 1 more must agree before it is published."
    assert by_hand(stage, "omar", number).startswith("Your word is kept")
    assert stage.place.texts() == {}
    by_hand(stage, "lin", number)
    assert list(stage.place.texts()) == [f"inc-{number}"]
    assert row(stage, number).by == "omar,lin"
    assert by_hand(stage, "mei", number).startswith("Your word is kept")


@on_sqlite
def test_a_document_that_is_not_far_enough_stays(engine: Engine) -> None:
    stage = staged(engine, ARCHIVE)
    number = resolved(stage)
    with pytest.raises(errors.Conflict, match="is a draft; archive takes it once it is reviewed"):
        by_hand(stage, "dana", number)
    assert stage.place.texts() == {}


@on_sqlite
def test_nothing_configured_is_told(engine: Engine) -> None:
    stage = Stage(engine)
    number = resolved(stage)
    with pytest.raises(errors.ConfigError, match="nowhere to publish"):
        by_hand(stage, "dana", number)
    with pytest.raises(errors.UnknownName):
        by_hand(stage, "dana", 99)


# ---------------------------------------------------------------- what leaves the house


@on_sqlite
def test_no_person_and_no_mark_of_slack_leaves_the_house(stage: Stage) -> None:
    number = resolved(stage)
    said = (
        "<@U02OMAR> and @dana saw it in <#C01FRAUDML|fraud-ml>; dana@example.com, `omar`, U03LIN, <!here>, <@U99XYZ12>."
    )
    with stage.bot.store.begin() as uow:
        uow.save_document(Document(number, {"message": said}))
    by_hand(stage, "dana", number)
    text = stage.place.texts()[f"inc-{number}"]
    assert "saw it in #fraud-ml" in text
    for mark in ("<@", "<#", "<!h", "U02OMAR", "U03LIN", "dana", "omar"):
        assert mark not in text, mark
    with stage.bot.store.read() as uow:
        found = uow.incident(number)
        assert found is not None
        severities = {s.id: s.label for s in stage.house.rules.severities}
        head = found.chain_head
        assert verify(text, uow.events(number), incident_id=number, head=head, severities=severities) == []


@pytest.mark.parametrize(
    ("said", "left"),
    [
        ("<@U1|ana> did", "(model owner) did"),
        ("<@U404404> did", "(a person) did"),
        ("see <https://x.example/a?b=1|the graph>", "see [the graph](https://x.example/a?b=1)"),
        ("see <https://x.example>", "see <https://x.example>"),
        ("<!subteam^S01|@ml> <!channel>", "(a group) (a group)"),
        ("<!date^1700000000^{date}|14 Nov>", "14 Nov"),
        ("<mailto:ana@example.com|ana@example.com>", "(model owner)"),
        ("ask @ana, not @anabel or ana", "ask (model owner), not @anabel or ana"),
        ("a < b and b > a, `<code>`", "a < b and b > a, `<code>`"),
        ("<!-- human:why -->", "<!-- human:why -->"),
    ],
)
def test_marks_of_slack_in_words(said: str, left: str) -> None:
    outside = Outside({"ana": "model owner", "U1": "model owner", "ana@example.com": "model owner"})
    assert outside(said) == left


NAMES = ["dana", "dana.o", "U01DANA", "dana@example.com"]
around = st.text(alphabet=" .,;:()[]|*_-\n", min_size=1, max_size=5)


@given(
    st.lists(
        st.tuples(around, st.sampled_from(["<@{}>", "@{}", "`{}`", "<@{}|x>"]), st.sampled_from(NAMES)), max_size=9
    )
)
def test_no_way_to_write_a_known_name_gets_through(parts: list[tuple[str, str, str]]) -> None:
    text = "".join(f"{before}{way.format(name)}" for before, way, name in parts) + " "
    left = Outside(dict.fromkeys(NAMES, "model owner"))(text)
    assert not any(name in left for name in NAMES)
