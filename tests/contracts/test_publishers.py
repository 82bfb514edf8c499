"""The publisher contract: the fake, git over real repositories, and signed webhooks to somebody's own receiver."""

import hmac
import subprocess
from base64 import b64decode, b64encode
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from bot.providers.publishing import PublisherShelf, load
from playbooks.plugin import ConfigError, Kind, Page, Placed, ProviderError, Publisher
from tests.contracts.fake_publisher import FakePlace, FakePublisher
from tests.contracts.lever_suite import SetClock
from tests.contracts.publisher_suite import FIRST, OTHER, SECOND, PublisherBench, PublisherContract
from tests.contracts.spoiler import Spoiler
from tests.contracts.stand_in import Asked, StandIn, standing_in

NIGHT = datetime(2026, 11, 21, 2, 31, tzinfo=UTC)
SECRET, TOKEN = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "s3cr3t-token"


class TestFake(PublisherContract):
    @pytest.fixture
    def bench(self) -> PublisherBench:
        place = FakePlace()
        return PublisherBench(FakePublisher(place), {}, place.texts, place.write, place.remove, named=("fake",))


# ---------------------------------------------------------------- git


def git(folder: Path, *words: str, given: str = "") -> str:
    """The git program, past the publisher."""
    identity = ("-c", "user.name=Ana", "-c", "user.email=ana@example.com")
    done = subprocess.run(
        ["git", *identity, *words], cwd=folder, input=given.encode(), capture_output=True, check=True, timeout=30
    )
    return done.stdout.decode()


class Bare:
    """A bare repository, looked at and written to past the publisher."""

    def __init__(self, folder: Path, *, empty: bool = False) -> None:
        self.path = folder / "postmortems.git"
        self.clone = folder / "clone"
        git(folder, "init", "--quiet", "--bare", "-b", "main", str(self.path))
        if not empty:
            git(folder, "clone", "--quiet", str(self.path), str(self.clone))
            (self.clone / "README.md").write_text("# Postmortems\n")
            self._commit("begin")

    def texts(self) -> dict[str, str]:
        """Name without its end to text, of all documents on main."""
        if not git(self.path, "branch", "--list", "main"):
            return {}
        names = git(self.path, "ls-tree", "-r", "--name-only", "main", "postmortems/").split()
        return {Path(n).stem.removesuffix("-postmortem"): git(self.path, "show", f"main:{n}") for n in names}

    def log(self) -> list[str]:
        """Subjects of all commits, the newest first."""
        return git(self.path, "log", "--format=%s|%an|%ae", "main").splitlines()

    def write(self, key: str, text: str) -> None:
        """Somebody commits another text."""
        git(self.clone, "pull", "--quiet")
        path = self.clone / "postmortems" / f"{key}-postmortem.md"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        self._commit(f"edit {key}")

    def remove(self, key: str) -> None:
        """Somebody deletes it."""
        git(self.clone, "pull", "--quiet")
        (self.clone / "postmortems" / f"{key}-postmortem.md").unlink()
        self._commit(f"delete {key}")

    def _commit(self, note: str) -> None:
        git(self.clone, "add", "--all")
        git(self.clone, "commit", "--quiet", "-m", note)
        git(self.clone, "push", "--quiet", "origin", "HEAD:main")


@pytest.fixture
def bare(tmp_path: Path) -> Bare:
    return Bare(tmp_path)


def _git(bare: Bare, **more: Any) -> Publisher:
    settings = {"kind": "git", "url": str(bare.path), "author": "Incident bot <bot@example.com>", **more}
    return PublisherShelf({"archive": settings}).get("archive")


LINK = "https://git.example.com/postmortems/src/{path}"


class TestGit(PublisherContract):
    @pytest.fixture
    def bench(self, bare: Bare) -> PublisherBench:
        publisher = _git(bare)
        return PublisherBench(publisher, {"link": LINK}, bare.texts, bare.write, bare.remove, named=("branch main",))

    def test_each_version_is_one_commit_and_the_rest_stays(self, bench: PublisherBench, bare: Bare) -> None:
        for page in (FIRST, FIRST, SECOND):
            bench.publish(page)
        assert bare.log() == [
            "INC-42 postmortem, closed|Incident bot|bot@example.com",
            "INC-42 postmortem, reviewed|Incident bot|bot@example.com",
            "begin|Ana|ana@example.com",
        ]
        assert git(bare.path, "show", "main:README.md") == "# Postmortems\n"

    def test_the_link_leads_to_the_file(self, bench: PublisherBench) -> None:
        link = "https://git.example.com/postmortems/src/postmortems/inc-42-postmortem.md"
        assert bench.publish(FIRST).link == link

    def test_what_others_push_meanwhile_is_kept(self, bare: Bare) -> None:
        """Between the read and the push, a colleague pushes."""

        class Meanwhile:
            done = False

            def hit(self, label: str) -> None:
                if label.startswith("before git push") and not self.done:
                    self.done = True
                    bare.write("inc-7", "# Theirs\n")

        settings = {"kind": "git", "url": str(bare.path)}
        publisher = PublisherShelf({"archive": settings}, probe=Meanwhile()).get("archive")
        with pytest.raises(ProviderError, match="same time") as told:
            publisher.put({}, FIRST, None)
        assert told.value.kind is Kind.TRANSIENT
        publisher.put({}, FIRST, None)
        assert bare.texts() == {"inc-7": "# Theirs\n", "inc-42": FIRST.text}

    def test_an_empty_repository_gets_its_first_commit(self, tmp_path: Path) -> None:
        bare = Bare(tmp_path, empty=True)
        _git(bare).put({}, FIRST, None)
        assert bare.texts() == {"inc-42": FIRST.text}

    def test_a_missing_branch_is_told_and_not_made(self, bare: Bare) -> None:
        with pytest.raises(ConfigError, match="no branch docs"):
            _git(bare).put({"branch": "docs"}, FIRST, None)

    def test_a_rule_of_the_repository_is_told(self, bare: Bare) -> None:
        hook = bare.path / "hooks" / "pre-receive"
        hook.write_text("#!/bin/sh\necho 'only by review' >&2\nexit 1\n")
        hook.chmod(0o755)
        with pytest.raises(ProviderError, match="refused the commit") as told:
            _git(bare).put({}, FIRST, None)
        assert told.value.kind is Kind.PERMANENT
        assert "only by review" in told.value.sentence

    def test_no_repository_and_nobody_there_differ(self, bare: Bare, tmp_path: Path) -> None:
        with pytest.raises(ProviderError, match="no repository") as told:
            _git(bare, url=str(tmp_path / "nothing.git")).describe({})
        assert told.value.kind is Kind.PERMANENT
        with pytest.raises(ProviderError) as told:
            _git(bare, url="git://127.0.0.1:9/x.git").describe({})
        assert told.value.kind is Kind.TRANSIENT

    @pytest.mark.parametrize("url", ["ext::sh -c id", "--upload-pack=id", "https://u:p@example.com/x.git", "x"])
    def test_addresses_that_are_none_are_refused(self, bare: Bare, url: str) -> None:
        with pytest.raises(ConfigError, match="url") as told:
            _git(bare, url=url)
        assert "u:p" not in told.value.told

    @pytest.mark.parametrize("to", [{"folder": "../x"}, {"folder": "/x"}, {"branch": "-x"}, {"branch": "a..b"}])
    def test_places_outside_the_repository_are_refused(self, bare: Bare, to: dict[str, str]) -> None:
        with pytest.raises(ConfigError):
            _git(bare).put(to, FIRST, None)


# ---------------------------------------------------------------- webhook


class Archive:
    """A system of somebody's own: signed documents in, their digest out."""

    def __init__(self) -> None:
        self.pages: dict[str, dict[str, Any]] = {}
        self.ids: list[str] = []

    def __call__(self, asked: Asked) -> tuple[int, Any]:
        if not self._signed(asked) or asked.headers.get("authorization") != f"Bearer {TOKEN}":
            return 401, {"message": "who are you?"}
        key = asked.path.removeprefix("/docs/")
        if asked.method == "PUT":
            self.ids.append(asked.headers["webhook-id"])
            assert asked.headers["idempotency-key"] == asked.headers["webhook-id"]
            self.pages[key] = asked.body
            return 200, {}
        if key not in self.pages:
            return 404, {"message": "nothing"}
        text = self.pages[key]["markdown"]
        seen = sha256(text.encode()).hexdigest()
        return 200, {"data": {"sha256": seen}, "url": f"https://docs.example.com/{key}"}

    def _signed(self, asked: Asked) -> bool:
        """As the specification says it, in code of its own."""
        stamp = asked.headers.get("webhook-timestamp", "0")
        content = b".".join((asked.headers.get("webhook-id", "").encode(), stamp.encode(), asked.raw))
        key = b64decode(SECRET.removeprefix("whsec_"))
        wanted = "v1," + b64encode(hmac.new(key, content, sha256).digest()).decode()
        return wanted in asked.headers.get("webhook-signature", "").split(" ")

    def texts(self) -> dict[str, str]:
        """Key to text."""
        return {key: page["markdown"] for key, page in self.pages.items()}

    def write(self, key: str, text: str) -> None:
        """Somebody writes there."""
        self.pages[key] = {**self.pages[key], "markdown": text}

    def remove(self, key: str) -> None:
        """Somebody takes it away."""
        del self.pages[key]


READ = {"path": "/docs/{key}", "digest": "/data/sha256", "link": "/url"}


class TestWebhook(PublisherContract):
    @pytest.fixture
    def archive(self) -> Archive:
        return Archive()

    @pytest.fixture
    def server(self, archive: Archive) -> Iterator[StandIn]:
        with standing_in(archive) as server:
            yield server

    @pytest.fixture
    def bench(self, archive: Archive, server: StandIn, patience: float) -> Iterator[PublisherBench]:
        spoiler = Spoiler(server.url, lambda method, _path: method != "GET")
        settings = {"kind": "webhook", "url": spoiler.url, "secret": SECRET, "token": TOKEN, "timeout": patience}
        shelf = PublisherShelf({"docs": settings}, clock=SetClock(NIGHT))
        to = {"path": "/docs/{key}", "read": READ}
        yield PublisherBench(
            shelf.get("docs"),
            to,
            archive.texts,
            archive.write,
            archive.remove,
            spoiler.trouble,
            (SECRET, TOKEN),
            named=("/docs/{key}",),
        )
        shelf.close()
        spoiler.close()

    def test_a_repeat_has_the_same_id_and_another_version_another(
        self, bench: PublisherBench, archive: Archive
    ) -> None:
        for page in (FIRST, FIRST, SECOND):
            bench.publisher.put(bench.to, page, None)
        first, again, second = archive.ids
        assert first == again != second

    def test_one_that_cannot_be_read_is_believed(self, bench: PublisherBench, archive: Archive) -> None:
        to = {"path": "/docs/{key}"}
        assert bench.publisher.find(to, FIRST, None) is None
        put = bench.publisher.put(to, FIRST, None)
        assert put == Placed("inc-42", "", FIRST.digest, "webhook")
        assert bench.publisher.find(to, FIRST, put) == put
        assert "not read back" in bench.publisher.describe(to)

    def test_what_is_sent(self, bench: PublisherBench, archive: Archive) -> None:
        bench.publish(OTHER)
        assert archive.pages["inc-4"] == {
            "key": "inc-4",
            "title": "INC-4: another",
            "state": "reviewed",
            "note": "INC-42 postmortem, reviewed",
            "sha256": OTHER.digest,
            "markdown": "# INC-4\n",
        }

    def test_a_path_takes_the_key_alone(self, bench: PublisherBench) -> None:
        with pytest.raises(ConfigError, match="key"):
            bench.publisher.find({"path": "/docs/{note}"}, FIRST, None)
        page = replace(FIRST, key="../admin")
        assert bench.publisher.find(bench.to, page, None) is None


# ---------------------------------------------------------------- the shelf


def test_a_publisher_that_is_not_there_is_told_with_the_nearest() -> None:
    with pytest.raises(ConfigError, match="did you mean 'webhook'"):
        load("webhok")
    with pytest.raises(ConfigError, match="not configured"):
        PublisherShelf({}).get("webhook")


def test_one_of_another_package_is_found_by_its_entry_point(monkeypatch: pytest.MonkeyPatch) -> None:
    from importlib.metadata import EntryPoint

    point = EntryPoint("pigeon", "tests.contracts.test_publishers:Pigeon", "muster.publishers")
    monkeypatch.setattr("bot.providers.shelf.entry_points", lambda group: [point])
    shelf = PublisherShelf({"loft": {"kind": "pigeon", "ring": "7"}})
    assert shelf.get("loft").describe({}) == "loft, ring 7"


class Pigeon:
    """A publisher as another package would bring it."""

    def __init__(self, name: str, settings: dict[str, Any], tools: object) -> None:
        self.name, self.ring = name, settings["ring"]

    def describe(self, to: object) -> str:
        """See `ports.Publisher`."""
        return f"{self.name}, ring {self.ring}"

    def find(self, to: object, page: Page, known: Placed | None) -> Placed | None:
        """See `ports.Publisher`."""
        return known

    def put(self, to: object, page: Page, found: Placed | None) -> Placed:
        """See `ports.Publisher`."""
        return Placed(page.key, "", page.digest)
