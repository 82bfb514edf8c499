"""Imports from files, folders and addresses, over the reloads of a registry; what was good last stays."""

import json
import os
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from bot.providers.owners.sources import ImportSources
from bot.registry_file import RegistryHolder, load_packed, load_registry, unpack, unpack_imports
from playbooks.errors import ConfigError
from playbooks.schemas.marked import DocumentError
from tests.loopback import LoopbackServer

GROUP = "apiVersion: backstage.io/v1alpha1\nkind: Group\nmetadata: {name: data}\n"


def component(name: str, owner: str = "data") -> str:
    head = "---\napiVersion: backstage.io/v1alpha1\nkind: Component\n"
    return f"{head}metadata: {{name: {name}}}\nspec: {{owner: {owner}}}\n"


class Clock:
    def __init__(self) -> None:
        self.at = datetime(2026, 11, 20, 17, 5, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at

    def later(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


class Catalog:
    """A server whose answer a test sets; it knows ETags."""

    def __init__(self) -> None:
        self.status, self.body, self.etag, self.wait = 200, (GROUP + component("a")).encode(), "", 0.0
        self.requests: list[dict[str, str]] = []
        self.answers: list[int] = []
        self.never = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.requests.append({"path": self.path, **{k.lower(): v for k, v in self.headers.items()}})
                outer.never.wait(outer.wait)
                same = outer.etag and self.headers.get("If-None-Match") == outer.etag and outer.status == 200
                status = 304 if same else outer.status
                outer.answers.append(status)
                self.send_response(status)
                if outer.etag:
                    self.send_header("ETag", outer.etag)
                body = b"" if same else outer.body
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self.server = LoopbackServer(Handler).start()
        self.url = self.server.url


@pytest.fixture
def catalog() -> Iterator[Catalog]:
    served = Catalog()
    yield served
    served.server.close()


def own(tmp_path: Path, *imports: object, more: str = "") -> Path:
    file = tmp_path / "ownership.yaml"
    file.write_text(f"api: ownership/v1\nimports: {json.dumps(imports)}\n{more}", "utf-8")
    return file


def touch(path: Path, text: str) -> None:
    before = path.stat().st_mtime_ns if path.exists() else 0
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    os.utime(path, ns=(before + 10**9, before + 10**9))


def test_a_file_is_read_again_when_it_changes(tmp_path):
    touch(tmp_path / "catalog-info.yaml", GROUP + component("a"))
    holder = RegistryHolder([own(tmp_path, {"kind": "backstage", "path": "catalog-info.yaml"})], Clock())
    first = holder.current()
    assert list(first.components) == ["a"]
    assert not holder.reload()
    touch(tmp_path / "catalog-info.yaml", GROUP + component("a") + component("b"))
    assert holder.reload()
    assert list(holder.current().components) == ["a", "b"]
    assert holder.current().sha256 != first.sha256
    assert holder.complaint == ""


def test_a_broken_file_leaves_the_last_good_and_says_so(tmp_path):
    clock = Clock()
    touch(tmp_path / "catalog-info.yaml", GROUP + component("a"))
    holder = RegistryHolder([own(tmp_path, {"kind": "backstage", "path": "catalog-info.yaml"})], clock)
    clock.later(60)
    for text, why in (
        ("a: b: c", "catalog-info.yaml:1: not YAML: mapping values are not allowed in this context"),
        ("<html>Sign in</html>", "there is nothing of the kind backstage in it"),
        ("", "there is nothing of the kind backstage in it"),
    ):
        touch(tmp_path / "catalog-info.yaml", text)
        assert not holder.reload()
        assert list(holder.current().components) == ["a"]
        assert holder.complaint == (
            "I'm using the import `backstage catalog-info.yaml` of 20 Nov 17:05 UTC (last good); "
            f"today's cannot be used: {why}."
        )
        assert not holder.reload()
    (tmp_path / "catalog-info.yaml").unlink()
    assert not holder.reload()
    assert holder.complaint.endswith("There is no file at catalog-info.yaml.")
    touch(tmp_path / "catalog-info.yaml", GROUP + component("b"))
    assert holder.reload()
    assert holder.complaint == ""


def test_a_broken_import_at_the_start_is_told_and_the_rest_is_in_force(tmp_path):
    more = "teams: {t: {}}\ncomponents: {c: {kind: model, accountable: t}}\n"
    file = own(tmp_path, {"kind": "backstage", "path": "gone.yaml"}, more=more)
    holder = RegistryHolder([file], Clock())
    assert list(holder.current().components) == ["c"]
    assert holder.complaint == ("The import `backstage gone.yaml` cannot be used: There is no file at gone.yaml.")
    registry, complaints = load_registry([(file, file.read_text("utf-8"))], Clock())
    assert list(registry.components) == ["c"]
    assert complaints == [holder.complaint]


def test_folders_and_patterns(tmp_path):
    touch(tmp_path / "org/groups.yml", GROUP)
    touch(tmp_path / "org/deep/a.yaml", component("a"))
    touch(tmp_path / "org/.hidden/b.yaml", component("b"))
    touch(tmp_path / "org/deploy.yaml", "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: x}\n")
    touch(tmp_path / "services/x/catalog-info.yaml", component("x"))
    touch(tmp_path / ".github/CODEOWNERS", "* @org/data\n")
    file = own(
        tmp_path,
        {"kind": "backstage", "path": "org"},
        {"kind": "backstage", "path": "services/*/catalog-info.yaml"},
        {"kind": "codeowners", "path": ".", "components": {"code": "src/"}},
    )
    holder = RegistryHolder([file], Clock())
    assert sorted(holder.current().components) == ["a", "code", "x"]
    assert holder.complaint == ""
    touch(tmp_path / "services/y/catalog-info.yaml", component("y"))
    assert holder.reload()
    assert "y" in holder.current().components


def test_one_broken_file_of_a_folder(tmp_path):
    touch(tmp_path / "org/a.yaml", GROUP + component("a"))
    touch(tmp_path / "org/b.yaml", "{")
    file = own(tmp_path, {"kind": "backstage", "path": "org"})
    holder = RegistryHolder([file], Clock())
    assert list(holder.current().components) == ["a"]  # nothing was good before, so what can be read counts
    assert "cannot be used: org/b.yaml:" in holder.complaint


def test_an_address_is_asked_when_it_is_due_and_knows_what_we_have(tmp_path, catalog):
    clock = Clock()
    catalog.etag = '"1"'
    file = own(tmp_path, {"kind": "backstage", "url": f"{catalog.url}/c/all.yaml?x=1&token=s", "refresh": "PT5M"})
    holder = RegistryHolder([file], clock)
    assert catalog.requests[0]["path"] == "/c/all.yaml?x=1&token=s"
    assert "if-none-match" not in catalog.requests[0]
    assert not holder.reload()
    assert len(catalog.requests) == 1
    clock.later(301)
    assert not holder.reload()
    assert catalog.answers == [200, 304]
    catalog.etag, catalog.body = '"2"', (GROUP + component("b")).encode()
    assert not holder.reload()
    clock.later(301)
    assert holder.reload()
    assert list(holder.current().components) == ["b"]
    assert holder.complaint == ""


def test_an_address_that_fails_leaves_the_last_good(tmp_path, catalog):
    clock = Clock()
    url = f"{catalog.url}/all.yaml?token=s3cret"
    sources = ImportSources(clock, timeout=0.3)
    holder = RegistryHolder([own(tmp_path, {"kind": "backstage", "url": url})], clock, sources=sources)
    good = (200, catalog.body, 0.0)
    for (status, body, wait), why in (
        ((500, b"oh", 0.0), "failed with 500"),
        ((404, b"{}", 0.0), "refused"),
        ((302, b"", 0.0), "redirect"),
        ((401, b"", 0.0), "does not know our credential"),
        ((200, b"<html>Sign in</html>", 0.0), "nothing of the kind backstage"),
        ((200, b"\xff\xfe\x00", 0.0), "is not UTF-8"),
        ((200, b"[" * 10000, 0.0), "nested deeper"),
        ((200, b"", 1.0), "did not answer within 0.3 s"),
    ):
        clock.later(601)
        catalog.status, catalog.body, catalog.wait = status, body, wait
        assert not holder.reload()
        assert list(holder.current().components) == ["a"]
        assert why in holder.complaint
        assert "17:05 UTC (last good)" in holder.complaint or "(last good)" in holder.complaint
        assert "s3cret" not in holder.complaint
        catalog.status, catalog.body, catalog.wait = good
        clock.later(601)
        holder.reload()
        assert holder.complaint == ""
    catalog.server.close()
    clock.later(601)
    assert not holder.reload()
    assert "cannot be reached" in holder.complaint


def test_a_broken_answer_is_asked_for_in_full_again(tmp_path, catalog):
    clock = Clock()
    file = own(tmp_path, {"kind": "backstage", "url": f"{catalog.url}/x"})
    holder = RegistryHolder([file], clock)
    catalog.body, catalog.etag = b"<html>", '"bad"'
    clock.later(601)
    assert not holder.reload()
    clock.later(601)
    assert not holder.reload()
    assert "(last good)" in holder.complaint  # not: 304, so all is well
    assert catalog.answers == [200, 200, 200]


def test_a_token_is_sent_and_never_told(tmp_path, catalog):
    entry = {"kind": "backstage", "url": catalog.url, "token_env": "CATALOG_TOKEN"}
    file = own(tmp_path, entry)
    sources = ImportSources(Clock(), env={"CATALOG_TOKEN": "s3cret"})
    holder = RegistryHolder([file], Clock(), sources=sources)
    assert catalog.requests[0]["authorization"] == "Bearer s3cret"
    assert catalog.requests[0]["path"] == "/"
    catalog.status, catalog.body = 400, b"bad token s3cret"
    assert "s3cret" not in holder.sync()
    assert holder.complaint
    without = RegistryHolder([file], Clock(), sources=ImportSources(Clock(), env={}))
    assert "CATALOG_TOKEN is not set" in without.complaint


def test_sync_asks_at_once_and_says_what_changed(tmp_path, catalog):
    holder = RegistryHolder([own(tmp_path, {"kind": "backstage", "url": catalog.url})], Clock())
    assert holder.sync() == "The registry is as it was: 1 component, 1 team, 0 people."
    catalog.body = (GROUP + component("b") + component("c")).encode()
    assert holder.sync() == "The registry is new: 2 components added (b, c), 1 component removed (a)."
    catalog.body += component("b", "other").encode()
    said = holder.sync()
    assert "Its imports leave 1 conflict open:\n• " in said
    assert "b" in said.splitlines()[-1]
    catalog.status = 500
    assert "(last good); today's cannot be used" in holder.sync()


def test_what_was_in_force_is_kept_with_its_imports(tmp_path, catalog):
    kept: list[tuple[str, str]] = []
    clock = Clock()
    file = own(tmp_path, {"kind": "backstage", "url": catalog.url}, more="people: {dana: {}}\n")
    holder = RegistryHolder([file], clock, keep=lambda sha, text: kept.append((sha, text)))
    sha, text = kept[0]
    assert sha == holder.current().sha256
    again = load_packed(text, clock.now())
    assert again == holder.current()
    assert [name for name, _ in unpack(text)] == ["ownership.yaml"]
    assert [entry.url for entry, _ in unpack_imports(text)] == [catalog.url]
    # A start while the address fails takes that layer from what was kept.
    catalog.status = 500
    yesterday = clock.now() - timedelta(days=1)
    later = RegistryHolder([file], clock, last_good=lambda: (sha, text, yesterday))
    assert list(later.current().components) == ["a"]
    assert later.complaint.startswith(f"I'm using the import `backstage {catalog.url}` of 19 Nov 17:05 UTC (last good)")
    # One where our own file is broken takes all of it.
    file.write_text("api: [", "utf-8")
    broken = RegistryHolder([file], clock, last_good=lambda: (sha, text, yesterday))
    assert broken.current() == again
    assert broken.complaint.startswith("I'm using the registry of 19 Nov 17:05 UTC (last good)")


def test_our_broken_file_over_good_imports(tmp_path):
    touch(tmp_path / "c.yaml", GROUP + component("a"))
    file = own(tmp_path, {"kind": "backstage", "path": "c.yaml"})
    holder = RegistryHolder([file], Clock())
    touch(file, file.read_text("utf-8") + "components: {x: {accountable: nobody}}\n")
    assert not holder.reload()
    assert list(holder.current().components) == ["a"]
    assert "today's has 1 error in `ownership.yaml:3`" in holder.complaint
    touch(tmp_path / "c.yaml", GROUP + component("b"))
    assert not holder.reload()
    assert isinstance(holder.problem, DocumentError)


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        ({"kind": "backstage"}, "names one of path and url"),
        ({"kind": "backstage", "path": "x", "url": "http://x"}, "names one of path and url"),
        ({"kind": "codeowners", "path": "x"}, "names 'components' where it is codeowners"),
        ({"kind": "backstage", "path": "x", "components": {"a": "b"}}, "names 'components' where it is codeowners"),
        ({"kind": "backstage", "path": "x", "syntax": "gitlab"}, "names 'syntax' only"),
        ({"kind": "backstage", "path": "x", "token_env": "TOKEN"}, "names 'token_env' only"),
        ({"kind": "backstage", "url": "ftp://x"}, "is no http(s) address"),
        ({"kind": "backstage", "url": "http://u:p@x"}, "is no http(s) address"),
        ({"kind": "backstage", "url": "http://x", "token_env": "x y"}, "must be the name of an environment variable"),
        ({"kind": "other", "path": "x"}, "imports[0].kind"),
        ({"kind": "backstage", "path": "x", "more": 1}, "no such key"),
    ],
)
def test_entries_that_cannot_be_meant(tmp_path, entry, why):
    with pytest.raises(ConfigError) as caught:
        RegistryHolder([own(tmp_path, entry)], Clock())
    assert why in caught.value.sentence
