"""The examples of docs/levers.md are bindings and settings that can be used."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.providers.registry import LeverShelf

TEXT = (Path(__file__).parents[2] / "docs" / "levers.md").read_text()
EXAMPLES = [yaml.safe_load(text) for text in re.findall(r"^```yaml\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)]


class _AnySecret(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return "c2VjcmV0"

    def get(self, name: str, default: str | None = None) -> str:  # type: ignore[override]
        return self[name]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: next(iter(example["providers"])))
def test_an_example_can_be_used(example: Mapping[str, Any]) -> None:
    shelf = LeverShelf(example["providers"], environ=_AnySecret())
    for bound in example["levers"].values():
        shelf.check(bound["provider"], {key: value for key, value in bound.items() if key != "provider"})
    shelf.close()
