"""JSON Schemas as text, for editors; generated from the models and committed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from playbooks.domain.ownership_file import OwnershipFile

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema_text(model: type[BaseModel], title: str) -> str:
    """The model's JSON Schema with a title, indented, ending in a line break."""
    schema: dict[str, Any] = {"$schema": DIALECT, **model.model_json_schema(by_alias=True), "title": title}
    _close(schema)
    return json.dumps(schema, indent=2, ensure_ascii=False, sort_keys=True) + "\n"


def _close(node: object) -> None:
    """Keys outside a pattern are errors to the models; the generated schemas leave them open."""
    if isinstance(node, dict):
        if "patternProperties" in node:
            node.setdefault("additionalProperties", False)
        for inner in node.values():
            _close(inner)
    elif isinstance(node, list):
        for inner in node:
            _close(inner)


def ownership_schema() -> str:
    """Schema of `ownership.yaml`."""
    schema = json.loads(schema_text(OwnershipFile, "Muster ownership registry (ownership/v1)"))
    # With imports a component of ours may leave to them what it is and who answers for it; `muster check` knows.
    schema["$defs"]["Component"].pop("required", None)
    return json.dumps(schema, indent=2, ensure_ascii=False, sort_keys=True) + "\n"


def mapping_schema() -> str:
    """Schema of a mapping file."""
    from playbooks.domain.mapping_file import MappingFile  # its models cost a start of the bot 45 ms

    return schema_text(MappingFile, "Muster mapping of a tool's alerts (mapping/v1)")


def folder() -> Path:
    """Where the committed schemas are."""
    return Path(__file__).parent
