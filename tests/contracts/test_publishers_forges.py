"""The publisher contract on GitHub and GitLab, against stand-ins made to their documentation, over HTTP."""

from collections.abc import Iterator
from typing import Any

import pytest

from bot.providers.publishing import PublisherShelf
from playbooks.plugin import ConfigError, Kind, ProviderError
from tests.contracts import github_contents, gitlab_files
from tests.contracts.github_contents import GithubRepository
from tests.contracts.gitlab_files import GitlabProject
from tests.contracts.publisher_suite import FIRST, OTHER, SECOND, PublisherBench, PublisherContract
from tests.contracts.spoiler import Spoiler
from tests.contracts.stand_in import standing_in

Forge = GithubRepository | GitlabProject


@pytest.fixture
def spoiler(forge: Forge) -> Iterator[Spoiler]:
    with standing_in(forge) as server:
        spoiler = Spoiler(server.url, lambda method, _path: method != "GET")
        yield spoiler
        spoiler.close()


def _bench(
    forge: Forge, spoiler: Spoiler, patience: float, kind: str, token: str, to: dict[str, Any]
) -> Iterator[PublisherBench]:
    shelf = PublisherShelf({"forge": {"kind": kind, "url": spoiler.url, "token": token, "timeout": patience}})
    yield PublisherBench(
        shelf.get("forge"), to, forge.texts, forge.write, forge.remove, spoiler.trouble, (token,), named=("main",)
    )
    shelf.close()


class _ByRequest:
    """A document that people are asked to merge is one open request, whatever happens."""

    def proposed(self, forge: Forge) -> dict[str, str]:
        """Key to text of what open requests would bring, and of what was merged."""
        branches = [name for name in forge.branches if name.startswith("muster/")]
        found = dict(forge.texts())
        for name in branches:
            key = name.removeprefix("muster/")
            opened = forge.open_pulls() if isinstance(forge, GithubRepository) else forge.open_requests()
            if opened:
                found[key] = forge.texts(name)[key]
        return found


# ---------------------------------------------------------------- GitHub

GITHUB = {"repository": "acme/postmortems"}


class TestGithub(PublisherContract):
    @pytest.fixture
    def forge(self) -> GithubRepository:
        return GithubRepository()

    @pytest.fixture
    def bench(self, forge: GithubRepository, spoiler: Spoiler, patience: float) -> Iterator[PublisherBench]:
        yield from _bench(forge, spoiler, patience, "github", github_contents.TOKEN, GITHUB)

    def test_each_version_is_one_commit(self, bench: PublisherBench, forge: GithubRepository) -> None:
        for page in (FIRST, FIRST, SECOND):
            there = bench.publish(page)
        assert [message for message, _ in forge.log] == ["begin", FIRST.note, SECOND.note]
        assert there.link == "https://github.com/acme/postmortems/blob/main/postmortems/inc-42-postmortem.md"

    def test_what_others_commit_meanwhile_is_kept(self, bench: PublisherBench, forge: GithubRepository) -> None:
        bench.publish(FIRST)
        forge.meanwhile = lambda: forge.write("inc-42", "# Theirs\n")
        with pytest.raises(ProviderError, match="same time") as told:
            bench.publisher.put(GITHUB, SECOND, None)
        assert told.value.kind is Kind.TRANSIENT
        assert forge.texts() == {"inc-42": "# Theirs\n"}

    def test_a_first_commit_of_somebody_else_meanwhile_is_kept(
        self, bench: PublisherBench, forge: GithubRepository
    ) -> None:
        forge.meanwhile = lambda: forge.write("inc-42", "# Theirs\n")
        with pytest.raises(ProviderError, match="same time"):
            bench.publisher.put(GITHUB, FIRST, None)
        assert forge.texts() == {"inc-42": "# Theirs\n"}

    def test_a_large_file_is_read_whole(self, bench: PublisherBench, forge: GithubRepository) -> None:
        """GitHub leaves the content of files beyond 1 MB out; it has to be asked for as it is."""
        bench.publish(OTHER)
        forge.small = 1
        with standing_in(forge) as server:
            shelf = PublisherShelf({"github": {"url": server.url, "token": github_contents.TOKEN}})
            there = shelf.get("github").find(GITHUB, OTHER, None)
            shelf.close()
        assert there is not None
        assert there.digest == OTHER.digest

    def test_a_missing_branch_is_told(self, bench: PublisherBench) -> None:
        with pytest.raises(ConfigError, match="no branch docs"):
            bench.publisher.describe({**GITHUB, "branch": "docs"})

    def test_many_calls_are_told_by_403(self, bench: PublisherBench, forge: GithubRepository) -> None:
        limits = {"x-ratelimit-remaining": "0", "retry-after": "60"}
        with standing_in(lambda _: (403, {"message": "API rate limit exceeded"}, limits)) as server:
            shelf = PublisherShelf({"github": {"url": server.url, "token": "t"}})
            with pytest.raises(ProviderError) as told:
                shelf.get("github").find(GITHUB, FIRST, None)
            shelf.close()
        assert (told.value.kind, told.value.retry_after) == (Kind.RATE_LIMITED, 60.0)


class TestGithubByPullRequest(_ByRequest, PublisherContract):
    @pytest.fixture
    def forge(self) -> GithubRepository:
        return GithubRepository()

    @pytest.fixture
    def bench(self, forge: GithubRepository, spoiler: Spoiler, patience: float) -> Iterator[PublisherBench]:
        to = {**GITHUB, "pull_request": True}
        for bench in _bench(forge, spoiler, patience, "github", github_contents.TOKEN, to):
            bench.world = lambda: self.proposed(forge)
            bench.edit = lambda key, text: forge.write(key, text, f"muster/{key}")
            bench.remove = lambda key: forge.close(forge.open_pulls()[0]["number"])
            yield bench

    def test_one_request_takes_every_version(self, bench: PublisherBench, forge: GithubRepository) -> None:
        for page in (FIRST, SECOND, SECOND):
            there = bench.publish(page)
        assert [pull["title"] for pull in forge.pulls] == [FIRST.title]
        assert there.link == "https://github.com/acme/postmortems/pull/1"
        assert forge.texts() == {}

    @pytest.mark.parametrize("delete", [True, False])
    def test_after_the_merge_the_file_counts_and_a_new_version_asks_anew(
        self, bench: PublisherBench, forge: GithubRepository, delete: bool
    ) -> None:
        bench.publish(FIRST)
        forge.merge(1, delete=delete)
        forge.write("inc-7", "# Theirs\n")
        merged = bench.find(FIRST)
        assert merged is not None
        assert (merged.digest, merged.form) == (FIRST.digest, "commit")
        assert bench.publish(SECOND).link.endswith("/pull/2")
        assert forge.texts("muster/inc-42") == {"inc-42": SECOND.text, "inc-7": "# Theirs\n"}


# ---------------------------------------------------------------- GitLab

GITLAB = {"project": "sre/postmortems"}


class TestGitlab(PublisherContract):
    @pytest.fixture
    def forge(self) -> GitlabProject:
        return GitlabProject()

    @pytest.fixture
    def bench(self, forge: GitlabProject, spoiler: Spoiler, patience: float) -> Iterator[PublisherBench]:
        yield from _bench(forge, spoiler, patience, "gitlab", gitlab_files.TOKEN, GITLAB)

    def test_each_version_is_one_commit(self, bench: PublisherBench, forge: GitlabProject) -> None:
        for page in (FIRST, FIRST, SECOND):
            there = bench.publish(page)
        assert [message for message, _ in forge.log] == ["begin", FIRST.note, SECOND.note]
        assert there.link == f"{gitlab_files.WEB}/-/blob/main/postmortems/inc-42-postmortem.md"

    def test_what_others_commit_meanwhile_is_kept(self, bench: PublisherBench, forge: GitlabProject) -> None:
        bench.publish(FIRST)
        forge.meanwhile = lambda: forge.write("inc-42", "# Theirs\n")
        with pytest.raises(ProviderError, match="same time") as told:
            bench.publisher.put(GITLAB, SECOND, None)
        assert told.value.kind is Kind.TRANSIENT
        assert forge.texts() == {"inc-42": "# Theirs\n"}

    def test_a_missing_branch_is_told(self, bench: PublisherBench) -> None:
        with pytest.raises(ConfigError, match="no branch docs"):
            bench.publisher.describe({**GITLAB, "branch": "docs"})
        with pytest.raises(ProviderError) as told:
            bench.publisher.describe({"project": "sre/nothing"})
        assert told.value.kind is Kind.PERMANENT


class TestGitlabByMergeRequest(_ByRequest, PublisherContract):
    @pytest.fixture
    def forge(self) -> GitlabProject:
        return GitlabProject()

    @pytest.fixture
    def bench(self, forge: GitlabProject, spoiler: Spoiler, patience: float) -> Iterator[PublisherBench]:
        to = {**GITLAB, "merge_request": True}
        for bench in _bench(forge, spoiler, patience, "gitlab", gitlab_files.TOKEN, to):
            bench.world = lambda: self.proposed(forge)
            bench.edit = lambda key, text: forge.write(key, text, f"muster/{key}")
            bench.remove = lambda key: forge.open_requests()[0].update(state="closed")
            yield bench

    @pytest.mark.parametrize("delete", [True, False])
    def test_one_request_takes_every_version_until_it_is_merged(
        self, bench: PublisherBench, forge: GitlabProject, delete: bool
    ) -> None:
        bench.publish(FIRST)
        assert bench.publish(SECOND).link == f"{gitlab_files.WEB}/-/merge_requests/1"
        assert forge.texts() == {}
        forge.merge(1, delete=delete)
        merged = bench.find(SECOND)
        assert merged is not None
        assert (merged.digest, merged.form) == (SECOND.digest, "commit")
        assert bench.publish(FIRST).link.endswith("/merge_requests/2")
