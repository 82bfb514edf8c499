"""The publisher contract against GitHub as somebody else than us understood it, and against git's own daemon."""

from __future__ import annotations

import itertools
from base64 import b64decode
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.providers.publishing import PublisherShelf
from playbooks.plugin import Page, Placed, Publisher
from tests.contracts.publisher_suite import FIRST, SECOND, PublisherBench, PublisherContract
from tests.contracts.spoiler import Spoiler
from tests.contracts.test_publishers import Bare
from tests.real import servers

pytestmark = pytest.mark.real
TOKEN = "ghp_emulate_muster"
HEADERS = {"Authorization": f"Bearer {TOKEN}", "X-GitHub-Api-Version": "2022-11-28"}
_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def github() -> Iterator[str]:
    """The address of the stand-in."""
    with servers.emulate_github(TOKEN) as url:
        yield url


class Repository:
    """A new repository of the stand-in, looked at past the publisher."""

    def __init__(self, url: str) -> None:
        self.http = httpx.Client(base_url=url, headers=HEADERS, trust_env=False, timeout=10)
        self.name = f"muster/postmortems-{next(_numbers)}"
        made = self.http.post("/user/repos", json={"name": self.name.partition("/")[2], "auto_init": True})
        assert made.status_code == 201, made.text

    def texts(self, branch: str = "main") -> dict[str, str]:
        """Key to text of all documents on a branch."""
        listed = self.http.get(f"/repos/{self.name}/contents/postmortems", params={"ref": branch})
        if listed.status_code == 404:
            return {}
        found = {}
        for row in listed.json():
            each = self.http.get(f"/repos/{self.name}/contents/{row['path']}", params={"ref": branch}).json()
            found[row["name"].removesuffix("-postmortem.md")] = b64decode(each["content"]).decode()
        return found

    def pulls(self) -> list[Mapping[str, Any]]:
        """Open pull requests."""
        found: list[Mapping[str, Any]] = self.http.get(f"/repos/{self.name}/pulls", params={"state": "open"}).json()
        return found

    def write(self, key: str, text: str) -> None:
        """Somebody commits another text, through GitHub's page."""
        from base64 import b64encode

        where = f"/repos/{self.name}/contents/postmortems/{key}-postmortem.md"
        sha = self.http.get(where).json()["sha"]
        body = {"message": "edit", "content": b64encode(text.encode()).decode(), "sha": sha, "branch": "main"}
        assert self.http.put(where, json=body).status_code == 200

    def remove(self, key: str) -> None:
        """Somebody deletes it."""
        where = f"/repos/{self.name}/contents/postmortems/{key}-postmortem.md"
        body = {"message": "delete", "sha": self.http.get(where).json()["sha"], "branch": "main"}
        assert self.http.request("DELETE", where, json=body).status_code == 200


@pytest.fixture
def repository(github: str) -> Iterator[Repository]:
    made = Repository(github)
    yield made
    made.http.close()


class TestGithub(PublisherContract):
    @pytest.fixture
    def bench(self, github: str, repository: Repository) -> Iterator[PublisherBench]:
        spoiler = Spoiler(github, lambda method, _path: method != "GET")
        shelf = PublisherShelf({"github": {"url": spoiler.url, "token": TOKEN, "timeout": 1.0}})
        to = {"repository": repository.name}
        at = repository
        yield PublisherBench(
            shelf.get("github"), to, at.texts, at.write, at.remove, spoiler.trouble, (TOKEN,), named=("main",)
        )
        shelf.close()
        spoiler.close()


def test_a_pull_request_takes_every_version(github: str, repository: Repository) -> None:
    shelf = PublisherShelf({"github": {"url": github, "token": TOKEN}})
    publisher, to = shelf.get("github"), {"repository": repository.name, "pull_request": True}
    first = _publish(publisher, to, FIRST)
    assert _publish(publisher, to, SECOND) == Placed(first.place, first.link, SECOND.digest, "pull request")
    assert [pull["head"]["ref"] for pull in repository.pulls()] == ["muster/inc-42"]
    assert repository.texts() == {}
    assert repository.texts("muster/inc-42") == {"inc-42": SECOND.text}
    shelf.close()


def _publish(publisher: Publisher, to: Mapping[str, Any], page: Page) -> Placed:
    publisher.put(to, page, publisher.find(to, page, None))
    found = publisher.find(to, page, None)
    assert found is not None
    return found


class TestGitDaemon(PublisherContract):
    """Over the network, as with a server of one's own."""

    @pytest.fixture
    def bench(self, tmp_path: Path) -> Iterator[PublisherBench]:
        bare = Bare(tmp_path)
        with servers.git_daemon(tmp_path) as url:
            publisher = PublisherShelf({"git": {"url": f"{url}/postmortems.git"}}).get("git")
            yield PublisherBench(publisher, {}, bare.texts, bare.write, bare.remove, named=("main",))
