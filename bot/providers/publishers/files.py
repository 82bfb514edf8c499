"""What publishers share that keep documents as files: names of branches and folders, and a document's path."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator

from playbooks.plugin import Page

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
