"""Documents as files in any git repository, through the git program: one commit a version, on a branch of yours.

The push carries the commit that was read before as its condition (`--force-with-lease`), so what somebody else pushed
meanwhile is never overwritten. https://git-scm.com/docs/git-push has both, read in November 2026.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from bot.providers.bound import BoundPublisher
from bot.providers.publishers.files import Branch, Folder, path_of
from playbooks.plugin import (
    ConfigError,
    Kind,
    Maturity,
    OutcomeUnknown,
    Page,
    Placed,
    ProviderError,
    Strict,
    Tools,
    parse_settings,
)

_SCHEMES = ("https://", "http://", "ssh://", "git://", "file://", "/")
_SCP = re.compile(r"[\w.-]+@[\w.-]+:[\w./~-]+")
_DENIED = re.compile(
    r"authentication failed|permission denied|could not read (username|password)|403|401", re.IGNORECASE
)
_ABSENT = re.compile(r"not found|does not exist|does not appear to be a git repository", re.IGNORECASE)
_MOST_SAID = 200
# What git and ssh need of the environment; Muster's own secrets stand there, too, and are none of their business.
_KEPT = frozenset(
    "path home user logname tmpdir ssh_auth_sock ssl_cert_file ssl_cert_dir xdg_config_home http_proxy https_proxy "
    "all_proxy no_proxy".split()
)


def _address(value: str) -> str:
    if not value.startswith(_SCHEMES) and not _SCP.fullmatch(value):
        raise ValueError("must be an address git can push to, or an absolute path")
    if re.match(r"\w+://[^/@]*:[^/@]*@", value):
        raise ValueError("has a password in it; write it as `password_env`")
    return value


class GitPublisher(BoundPublisher["GitPublisher.Binding"]):
    """Files in a git repository, over https, ssh or a path."""

    tested_with = "git 2.39: bare repositories and git daemon"
    maturity = Maturity.PROVEN

    class Settings(Strict):
        """`username` and `password` (a token) for https; ssh uses the keys of who runs Muster.

        `timeout`: seconds for one exchange with the repository.
        """

        url: Annotated[str, AfterValidator(_address)]
        username: str = "muster"
        password: str = ""
        author: str = Field("Muster <muster@localhost>", pattern=r"^[^<>\n]+ <[^<>\s]+@[^<>\s]+>$")
        timeout: float = Field(default=30.0, gt=0)

    class Binding(Strict):
        """`branch` must be there, unless the repository is empty; `link`: address for people, with `{path}`."""

        branch: Branch = "main"
        folder: Folder = "postmortems"
        link: str = Field("", pattern=r"^(https?://\S+)?$")

    def __init__(self, name: str, settings: Mapping[str, Any], tools: Tools) -> None:
        self.name = name
        self._set = parse_settings(self.Settings, name, settings)
        self._probe = tools.probe

    def describe(self, to: Mapping[str, Any]) -> str:
        """See `ports.Publisher`."""
        bound = self._parse(to)
        with self._work() as work:
            self._tip(work, bound)
        return f"{self._set.url}, branch {bound.branch}, {bound.folder or 'its top'}"

    def find(self, to: Mapping[str, Any], page: Page, known: Placed | None) -> Placed | None:
        """See `ports.Publisher`."""
        bound = self._parse(to)
        path = path_of(bound.folder, page)
        with self._work() as work:
            tip = self._fetched(work, bound)
            blob = tip and work.run("rev-parse", "--quiet", "--verify", f"{tip}:{path}", may_fail=True)
            if not blob:
                return None
            stands = work.output("cat-file", "blob", blob)
        return Placed(path, bound.link.replace("{path}", path), sha256(stands).hexdigest(), bound.branch)

    def put(self, to: Mapping[str, Any], page: Page, found: Placed | None) -> Placed:
        """See `ports.Publisher`."""
        bound = self._parse(to)
        path = path_of(bound.folder, page)
        with self._work() as work:
            tip = self._fetched(work, bound)
            if tip:
                work.run("read-tree", tip)
            blob = work.run("hash-object", "-w", "--stdin", given=page.text.encode())
            work.run("update-index", "--add", "--cacheinfo", f"100644,{blob},{path}")
            tree = work.run("write-tree")
            parents = ("-p", tip) if tip else ()
            if not tip or tree != work.run("rev-parse", f"{tip}^{{tree}}"):
                commit = work.run("commit-tree", tree, *parents, "-m", page.note or page.title)
                self._push(work, bound, commit, tip)
        return Placed(path, bound.link.replace("{path}", path), page.digest, bound.branch)

    # ---------------------------------------------------------------- the repository

    def _tip(self, work: _Work, bound: GitPublisher.Binding) -> str:
        """The branch's commit; empty for an empty repository. Raises ConfigError where only the branch is missing."""
        listed = self._asked(work, "ls-remote", "--heads", self._set.url)
        heads = {name: commit for commit, tab, name in (line.partition("\t") for line in listed.splitlines()) if tab}
        if heads and f"refs/heads/{bound.branch}" not in heads:
            raise ConfigError(
                f"The repository of {self.name} has no branch {bound.branch}.", "Make it, or name another in `to`."
            )
        return heads.get(f"refs/heads/{bound.branch}", "")

    def _fetched(self, work: _Work, bound: GitPublisher.Binding) -> str:
        tip = self._tip(work, bound)
        if tip:
            self._asked(work, "fetch", "--quiet", "--depth=1", "--no-tags", self._set.url, f"refs/heads/{bound.branch}")
            tip = work.run("rev-parse", "FETCH_HEAD")
        return tip

    def _asked(self, work: _Work, *words: str) -> str:
        """A question to the other side. Raises ProviderError."""
        self._hit(f"before git {words[0]} {self.name}")
        try:
            answer = work.run(*words)
        except subprocess.TimeoutExpired:
            raise ProviderError(f"{self.name} did not answer git within {self._set.timeout:g} s.") from None
        except _Refused as refused:
            raise self._told(refused.said, words[0]) from None
        self._hit(f"after git {words[0]} {self.name}")
        return answer

    def _push(self, work: _Work, bound: GitPublisher.Binding, commit: str, tip: str) -> None:
        branch = f"refs/heads/{bound.branch}"
        self._hit(f"before git push {self.name}")
        try:
            # A commit beside the newest one would be refused anyway; the lease also guards the first one.
            work.run("push", "--porcelain", f"--force-with-lease={branch}:{tip}", self._set.url, f"{commit}:{branch}")
        except subprocess.TimeoutExpired:
            raise OutcomeUnknown(
                f"{self.name} did not answer git within {self._set.timeout:g} s (push).", "It is read back first."
            ) from None
        except _Refused as refused:
            raise self._told(refused.said, "push") from None
        self._hit(f"after git push {self.name}")

    def _told(self, said: str, what: str) -> ProviderError:
        """The error for what git said, by its words in English."""
        line = self._clean(said)
        if "[rejected]" in said or "stale info" in said or "fetch first" in said or "cannot lock ref" in said:
            return ProviderError(f"Somebody else pushed to {self.name} at the same time.", "It is tried again.")
        if "[remote rejected]" in said:
            step = "See which rule of the repository forbids it."
            return ProviderError(f"{self.name} refused the commit: {line}", step, kind=Kind.PERMANENT)
        if _DENIED.search(said):
            step = f"Check `providers.{self.name}.password`, or the ssh key of who runs Muster, and what it may do."
            return ProviderError(
                f"{self.name} does not let our credential do this ({what}).",
                step,
                code="provider_denied",
                kind=Kind.PERMANENT,
            )
        if _ABSENT.search(said) and "host" not in said.lower():
            step = f"Check `providers.{self.name}.url`."
            return ProviderError(f"{self.name} has no repository there: {line}", step, kind=Kind.PERMANENT)
        failed = OutcomeUnknown if what == "push" else ProviderError
        return failed(f"git {what} to {self.name} failed: {line}", "It is tried again.")

    def _clean(self, said: str) -> str:
        """What people need of it: what the other side's rules say, why a branch was refused, or git's last word."""
        lines = [line.strip() for line in said.splitlines() if line.strip()]
        remote = [line.removeprefix("remote:").strip() for line in lines if line.startswith("remote:")]
        why = [found[1] for line in lines if (found := re.search(r"rejected\] \((.*)\)", line))]
        fatal = [line.removeprefix("fatal:").strip() for line in lines if line.startswith("fatal:")]
        text = " ".join([*why, *remote] or fatal[:1] or lines[-1:] or ["it says nothing"])
        text = text.replace(self._set.password, "…") if self._set.password else text
        line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
        short = line if len(line) <= _MOST_SAID else f"{line[:_MOST_SAID]}…"
        return short if short.endswith((".", "…")) else f"{short}."

    @contextmanager
    def _work(self) -> Iterator[_Work]:
        with tempfile.TemporaryDirectory(prefix="muster-git-") as folder:
            work = _Work(Path(folder), self._environment(), self._set.timeout)
            work.run("init", "--quiet", "--bare", ".")
            yield work

    def _environment(self) -> dict[str, str]:
        """For git: English words, no questions, only what may be asked for, the credential outside of the arguments."""
        author, _, address = self._set.author.rpartition(" ")
        kept = {name: value for name, value in os.environ.items() if name.lower() in _KEPT}
        return {
            **kept,
            "LC_ALL": "C",
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_ALLOW_PROTOCOL": "file:git:http:https:ssh",
            "GIT_SSH_COMMAND": "ssh -o BatchMode=yes",
            **{f"GIT_{who}_NAME": author for who in ("AUTHOR", "COMMITTER")},
            **{f"GIT_{who}_EMAIL": address.strip("<>") for who in ("AUTHOR", "COMMITTER")},
            **self._credential(),
        }

    def _credential(self) -> dict[str, str]:
        """As git's own variables for configuration, so that no process list shows it."""
        if not self._set.password or not self._set.url.startswith("http"):
            return {}
        basic = b64encode(f"{self._set.username}:{self._set.password}".encode()).decode()
        return {
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": "http.extraHeader",
            "GIT_CONFIG_VALUE_0": f"Authorization: Basic {basic}",
        }

    def _hit(self, label: str) -> None:
        if self._probe is not None:
            self._probe.hit(label)


class _Refused(Exception):
    """git ended with an error; `said` is what it wrote."""

    def __init__(self, said: str) -> None:
        super().__init__(said)
        self.said = said


@dataclass(frozen=True, slots=True)
class _Work:
    """A bare repository that lasts for one exchange."""

    folder: Path
    environment: Mapping[str, str]
    timeout: float

    def run(self, *words: str, given: bytes = b"", may_fail: bool = False) -> str:
        """What git answers, as one text; raises like `output`."""
        return self.output(*words, given=given, may_fail=may_fail).decode("utf-8", "replace").strip()

    def output(self, *words: str, given: bytes = b"", may_fail: bool = False) -> bytes:
        """Run git. Raises _Refused, subprocess.TimeoutExpired; ConfigError where there is no git."""
        try:
            done = subprocess.run(
                ["git", *words],
                cwd=self.folder,
                env=dict(self.environment),
                input=given,
                capture_output=True,
                timeout=self.timeout,
                check=False,
            )
        except FileNotFoundError:
            raise ConfigError(
                "There is no git on this machine.", "Install it, or publish to another place.", code="no_git"
            ) from None
        if done.returncode and not may_fail:
            raise _Refused(f"{done.stdout.decode('utf-8', 'replace')}\n{done.stderr.decode('utf-8', 'replace')}")
        return done.stdout
