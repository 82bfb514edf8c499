"""The publisher contract in Slack: canvases, and files where there can be none, against the local workspace."""

import re
from collections.abc import Iterator
from typing import Literal

import pytest

from bot.providers.publishers.rewriting import BY_PEOPLE, STATED, cut_tables, without_fences
from bot.providers.publishers.slack_canvas import CELLS
from bot.providers.publishing import PublisherShelf
from bot.slack.canvases import SlackCanvases
from bot.slack.messenger import build_client
from bot.workspace import Seed, Workspace
from bot.workspace.seed import SeedChannel, SeedUser
from playbooks.errors import ConfigError, Kind, MusterError, OutcomeUnknown
from playbooks.plugin import Page
from tests.contracts.publisher_suite import FIRST, SECOND, PublisherBench, PublisherContract

MARK = re.compile(r"\n\n---\n\n`muster:([a-z0-9-]+):[0-9a-f]{64}`\n$")


Plan = Literal["paid", "free", "none"]


def _space(plan: Plan = "paid") -> Workspace:
    ana = SeedUser(id="U01ANA", name="ana")
    members = ["U01ANA", "U0MUSTER"]
    channels = [SeedChannel(id=c, name=c.lower(), members=members) for c in ("C01INC42", "C01INC4")]
    seed = Seed(users=[ana], channels=channels, plan=plan)
    for channel in seed.channels:
        channel.members = ["U01ANA", seed.bot_user_id]
    return Workspace(seed)


def _bench(space: Workspace) -> PublisherBench:
    slack = SlackCanvases(build_client(space.bot_token, space.api_url, timeout=5))
    publisher = PublisherShelf({}, canvases=slack).get("slack_canvas")
    return PublisherBench(publisher, {}, dict, lambda key, text: None, lambda key: None)


def canvases(space: Workspace) -> dict[str, str]:
    """Key to text of all canvases that are ours; fails where a key has two."""
    found: dict[str, str] = {}
    for file in space.state.contents.files.values():
        mark = MARK.search(file.text or "")
        if file.kind == "canvas" and mark:
            assert mark[1] not in found, "a canvas is there twice"
            found[mark[1]] = MARK.sub("", file.text or "")
    return found


def files(space: Workspace) -> dict[str, str]:
    """Key to text of the newest file of each name."""
    shared = [f for f in space.state.contents.files.values() if f.complete and f.kind != "canvas"]
    return {f.name.removesuffix("-postmortem.md"): f.text or "" for f in shared}


@pytest.fixture
def space() -> Iterator[Workspace]:
    with _space() as space:
        yield space


class TestCanvas(PublisherContract):
    @pytest.fixture
    def bench(self, space: Workspace) -> PublisherBench:
        bench = _bench(space)
        bench.world = lambda: canvases(space)
        bench.shown = lambda text: cut_tables(without_fences(text), CELLS).rstrip()

        def edit(key: str, text: str) -> None:
            found = next(f for f in space.state.contents.files.values() if f"muster:{key}:" in (f.text or ""))
            found.text = f"{text}\n\n`muster:{key}:{'0' * 64}`"

        def remove(key: str) -> None:
            held = space.state.contents
            gone = [n for n, f in held.files.items() if f"muster:{key}:" in (f.text or "")]
            for number in gone:
                del held.files[number]
            for channel in held.channels.values():
                channel.canvas = "" if channel.canvas in gone else channel.canvas
                channel.tabs = [each for each in channel.tabs if each not in gone]

        bench.edit, bench.remove = edit, remove
        return bench

    def test_it_is_the_channels_own_and_a_link_leads_there(self, bench: PublisherBench, space: Workspace) -> None:
        there = bench.publish(FIRST)
        assert (there.form, there.place) == ("canvas", space.channel("C01INC42").canvas)
        assert there.link.endswith(f"/docs/{there.place}")

    def test_a_canvas_that_people_made_first_stays_theirs(self, bench: PublisherBench, space: Workspace) -> None:
        client = build_client(space.bot_token, space.api_url, timeout=5)
        theirs = SlackCanvases(client).create_own("C01INC42", title="Plan", markdown="# Ours\n")
        there = bench.publish(FIRST)
        assert there.place in space.channel("C01INC42").tabs
        assert space.state.contents.files[theirs].text == "# Ours\n"
        assert bench.publish(SECOND).place == there.place

    @pytest.mark.parametrize("method", ["conversations.canvases.create", "canvases.edit"])
    def test_a_lost_answer_of_slack_makes_no_second_one(
        self, bench: PublisherBench, space: Workspace, method: str
    ) -> None:
        if method == "canvases.edit":
            bench.publish(SECOND)
        space.faults.drop_after_receive(method, 1)
        with pytest.raises(OutcomeUnknown):
            bench.publisher.put({}, FIRST, bench.find(FIRST))
        assert bench.publish(FIRST).form == "canvas"
        assert list(canvases(space)) == ["inc-42"]

    def test_slack_in_trouble_is_tried_again(self, bench: PublisherBench, space: Workspace) -> None:
        space.faults.rate_limited("conversations.canvases.create", 1, retry_after=17)
        with pytest.raises(MusterError) as told:
            bench.publisher.put({}, FIRST, None)
        assert (told.value.kind, told.value.retry_after) == (Kind.RATE_LIMITED, 17.0)
        assert files(space) == {}

    def test_long_tables_are_cut_to_what_a_canvas_takes(self, bench: PublisherBench, space: Workspace) -> None:
        rows = "\n".join(f"| {n} | a \\| b | c | d |" for n in range(500))
        text = f"# Long\n\n| N | A | B | C |\n|---|---|---|---|\n{rows}\n"
        page = Page("inc-42", "Long", text, channel="C01INC42")
        assert bench.publish(page).form == "canvas"
        shown = canvases(space)["inc-42"]
        assert all(f"| {n} | a" in shown for n in range(500))
        assert shown.count("| N | A | B | C |") > 5


class TestFile(PublisherContract):
    """As on a plan without canvases."""

    @pytest.fixture
    def space(self) -> Iterator[Workspace]:
        with _space("none") as space:
            yield space

    @pytest.fixture
    def bench(self, space: Workspace) -> PublisherBench:
        bench = _bench(space)
        bench.world = lambda: files(space)

        def edit(key: str, text: str) -> None:
            for file in space.state.contents.files.values():
                if file.name.startswith(f"{key}-"):
                    file.text, file.content_hex = text, text.encode().hex()

        def remove(key: str) -> None:
            held = space.state.contents.files
            for number in [n for n, f in held.items() if f.name.startswith(f"{key}-")]:
                del held[number]

        bench.edit, bench.remove = edit, remove
        return bench

    def test_a_new_version_replaces_the_old_one(self, bench: PublisherBench) -> None:
        """Slack cannot write a file anew: the newest one counts, and its link is another."""
        once, again = bench.publish(FIRST), bench.publish(SECOND)
        assert bench.find(SECOND, once) == again
        assert bench.world() == {"inc-42": SECOND.text}

    def test_what_was_chosen_is_remembered(self, bench: PublisherBench, space: Workspace) -> None:
        there = bench.publish(FIRST)
        assert there.form == "file"
        space.seed.plan = "paid"
        again = bench.publisher.put({}, SECOND, bench.find(SECOND, there))
        assert again.form == "file"
        assert canvases(space) == {}

    def test_the_same_version_is_shared_once(self, bench: PublisherBench, space: Workspace) -> None:
        space.faults.drop_after_receive("files.completeUploadExternal", 1)
        with pytest.raises(OutcomeUnknown):
            bench.publisher.put({}, FIRST, None)
        there = bench.find(FIRST)
        assert there is not None
        assert there.digest == FIRST.digest
        assert len([m for m in space.history("C01INC42") if m.files]) == 1


@pytest.mark.parametrize(
    ("plan", "scopes", "form"),
    [
        ("free", (), "file"),
        ("none", (), "file"),
        ("paid", ("canvases:write",), "file"),
        ("paid", ("canvases:read",), ""),
    ],
)
def test_what_stands_there_follows_slacks_answer(plan: Plan, scopes: tuple[str, ...], form: str) -> None:
    """On a free plan a canvas in a tab could not be written anew; without the scope a file is shared."""
    with _space(plan) as space:
        space.seed.bot_scopes = [scope for scope in space.seed.bot_scopes if scope not in scopes]
        bench = _bench(space)
        if not form:  # what is there cannot be seen: told, and never made a second time
            bench.publisher.put({}, FIRST, bench.find(FIRST))
            for _ in range(2):
                with pytest.raises(MusterError, match="look into a canvas") as told:
                    bench.find(FIRST)
                assert told.value.kind is Kind.PERMANENT
            assert list(canvases(space)) == ["inc-42"]
            return
        assert bench.publish(FIRST).form == form


def test_without_slack_it_says_so() -> None:
    publisher = PublisherShelf({}).get("slack_canvas")
    assert "canvas" in publisher.describe({})
    with pytest.raises(ConfigError, match="no Slack here"):
        publisher.find({}, FIRST, None)


def test_fences_are_told_in_words() -> None:
    told = without_fences(FIRST.text)
    assert "<!--" not in told
    assert told.splitlines()[:3] == ["# INC-42 · fraud-scorer drifts", "", STATED]
    assert told.index(BY_PEOPLE) < told.index("Émile")
    assert "sha256" not in told
