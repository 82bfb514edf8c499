"""What publishers share that keep documents as files: names of branches and folders, and a document's path."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator

from playbooks.plugin import Page, ProviderError

_BRANCH = re.compile(r"(?!.*(?:\.\.|//|@\{|\.lock(?:/|$)))[A-Za-z0-9_][\w./+-]{0,199}(?<![./])")
_PART = re.compile(r"[A-Za-z0-9_][\w. +-]{0,99}")


def _branch(value: str) -> str:
    if not _BRANCH.fullmatch(value):
        raise ValueError("is no name of a branch")
    return value


def _folder(value: str) -> str:
    parts = value.split("/") if value else []
    if any(not _PART.fullmatch(part) for part in parts):
        raise ValueError("must be folders such as docs/postmortems, without a slash before or after them")
    return value


Branch = Annotated[str, AfterValidator(_branch)]
Folder = Annotated[str, AfterValidator(_folder)]


def path_of(folder: str, page: Page) -> str:
    """`postmortems/inc-42-postmortem.md`."""
    return f"{folder}/{page.filename}" if folder else page.filename


def work_branch(page: Page) -> str:
    """The branch of our own from which people are asked to merge: `muster/inc-42`."""
    return f"muster/{page.key}"


def moved_meanwhile(provider: str) -> ProviderError:
    """That somebody else changed the file between our look and our commit."""
    return ProviderError(f"Somebody else changed the file at {provider} at the same time.", "It is tried again.")
