"""The shipped clocks, read once from the file beside this."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from playbooks.domain.ownership_file import PATTERN_WORDS
from playbooks.domain.reporting_file import Clock, ClocksFile
from playbooks.schemas.marked import DocumentError, read, validate

CLOCKS = Path(__file__).parent / "clocks.yaml"


@lru_cache(maxsize=1)
def shipped_clocks() -> Mapping[str, Clock]:
    """Clock by id. Raises DocumentError for a file that somebody broke."""
    file, problems = validate(read(CLOCKS.read_text("utf-8"), name=CLOCKS.name), ClocksFile, PATTERN_WORDS)
    if file is None:
        raise DocumentError(CLOCKS.name, problems)
    return file.clocks
