"""The committed JSON Schemas: up to date, and agreeing with the models on the examples."""

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.config import muster_schema
from playbooks.domain.ownership import Registry
from playbooks.export import export_schema
from playbooks.schemas.written import folder, mapping_schema, ownership_schema

EXAMPLES = Path(__file__).parents[1] / "bot" / "examples"


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("ownership.json", ownership_schema),
        ("muster.json", muster_schema),
        ("mapping.json", mapping_schema),
        ("postmortem.json", export_schema),
    ],
)
def test_the_committed_schemas_are_up_to_date(name, make):
    again = "python -c 'from bot.config import write_schemas; write_schemas()'"
    assert (folder() / name).read_text("utf-8") == make(), f"run: {again}"


def faults(value: Any, schema: dict[str, Any], root: dict[str, Any], at: str = "$") -> list[str]:
    """What a validator of JSON Schema would say, for the key words these schemas use."""
    if "$ref" in schema:
        return faults(value, root["$defs"][schema["$ref"].rsplit("/", 1)[1]], root, at)
    for word in ("anyOf", "oneOf"):
        if word in schema and all(faults(value, one, root, at) for one in schema[word]):
            return [f"{at}: {word}"]
    kinds = {"object": dict, "array": list, "string": str, "boolean": bool, "integer": int, "null": type(None)}
    wanted = schema.get("type")
    names = [wanted] if isinstance(wanted, str) else wanted or []
    if names and not any(isinstance(value, kinds[n]) and (n == "boolean") == isinstance(value, bool) for n in names):
        return [f"{at}: not {names}"]
    found = []
    if "const" in schema and value != schema["const"]:
        found.append(f"{at}: not {schema['const']}")
    if "enum" in schema and value not in schema["enum"]:
        found.append(f"{at}: not in {schema['enum']}")
    if isinstance(value, str) and "pattern" in schema and not re.search(schema["pattern"], value):
        found.append(f"{at}: pattern")
    if isinstance(value, list):
        found += [f"{at}: empty"] if len(value) < schema.get("minItems", 0) else []
        for n, one in enumerate(value):
            found += faults(one, schema.get("items", {}), root, f"{at}[{n}]")
    if isinstance(value, dict):
        found += [f"{at}: without {key}" for key in schema.get("required", []) if key not in value]
        for key, one in value.items():
            found += _key_faults(key, one, schema, root, f"{at}.{key}")
    return found


def _key_faults(key: str, value: Any, schema: dict[str, Any], root: dict[str, Any], at: str) -> list[str]:
    if key in schema.get("properties", {}):
        return faults(value, schema["properties"][key], root, at)
    for pattern, inner in schema.get("patternProperties", {}).items():
        if re.search(pattern, key):
            return faults(value, inner, root, at)
    more = schema.get("additionalProperties", True)
    if isinstance(more, dict):
        return faults(value, more, root, at)
    return [] if more else [f"{at}: no such key"]


def as_json(path: Path) -> Any:
    return json.loads(json.dumps(yaml.safe_load(path.read_text("utf-8")), default=str))


@pytest.mark.parametrize("name", ["ownership", "muster"])
def test_the_examples_validate_against_the_schemas(name):
    schema = json.loads((folder() / f"{name}.json").read_text("utf-8"))
    document = as_json(EXAMPLES / f"{name}.yaml")
    assert faults(document, schema, schema) == []
    assert faults(document | {"nonsense": 1}, schema, schema) == ["$.nonsense: no such key"]


@pytest.mark.parametrize("path", sorted((EXAMPLES / "mappings").glob("*.yaml")), ids=lambda path: path.stem)
def test_the_example_mappings_validate_against_their_schema(path):
    schema = json.loads((folder() / "mapping.json").read_text("utf-8"))
    document = as_json(path)
    assert faults(document, schema, schema) == []
    assert faults(document | {"nonsense": 1}, schema, schema) == ["$.nonsense: no such key"]


def test_the_ownership_schema_refuses_what_the_model_refuses():
    schema = json.loads(ownership_schema())
    document = as_json(EXAMPLES / "ownership.yaml")
    scorer = document["components"]["fraud-scorer"]
    for key, value in (
        ("kind", "modle"),
        ("tier", "1"),
        ("accountable", "A b"),
        ("levers", {"restart": {}}),
        ("id", "x"),
    ):
        broken = document | {"components": {"fraud-scorer": scorer | {key: value}}}
        assert faults(broken, schema, schema), key


def test_the_contracts_registry_is_accepted_as_it_stands():
    text = """
api: ownership/v1
people:
  dana: {slack: U01DANA, email: dana@example.com}
  omar: {slack: U02OMAR, email: omar@example.com}
  lin: {slack: U03LIN, email: lin@example.com}
teams:
  fraud-ml: {channel: C01FRAUDML, members: [dana, omar, lin], on_call: {static: [dana, omar]}}
  payments-data: {}
  ml-platform: {}
  risk-product: {}
components:
  transactions-features: {kind: feature-pipeline, accountable: payments-data}
  merchant-embeddings: {kind: dataset, accountable: payments-data}
  fraud-scorer:
    kind: model
    tier: 1
    accountable: fraud-ml                  # one team, end to end
    stages: {data: payments-data, training: fraud-ml, serving: ml-platform, product: risk-product}
    depends_on: [transactions-features, merchant-embeddings]
    fallback: rules engine v3
    alerts: [{match: {labels.component: fraud-scorer}, failure: drift}]
    levers:
      rollback: {provider: mlflow, model: fraud-scorer, alias: champion, serving: http://models.internal:8080}
    rights:
      roll_back: {decide: [omar], deputy: [lin], approvals: 1, answer_within: PT10M, if_silent: deputy}
      accept_risk: {decide: [team:risk-product], approvals: 2}
    reviewed_on: 2026-09-01
    review_every: P90D
  auto-decline:
    kind: automation
    accountable: fraud-ml
    depends_on: [fraud-scorer]
    levers:
      disable: {provider: unleash, project: default, flag: auto-decline, environment: production}
    rights:
      disable: {decide: [on_call:fraud-ml], approvals: 1, longest: P1D}
"""
    registry = Registry.load(text)
    rights = registry.component("auto-decline").rights
    (entry,) = rights.named()["disable"]
    assert entry.longest == timedelta(days=1)
    lever = registry.component("fraud-scorer").lever("rollback")
    assert lever is not None
    assert lever.binding["serving"] == "http://models.internal:8080"
