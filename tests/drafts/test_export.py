"""The JSON export: as its schema says, every fact with events of the chain, people's fields null and listed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from playbooks.export import FORMAT, PostmortemExport, export_of, export_schema, export_text
from tests.drafts.chains import DANA, Chain, K, at, recorded, story, timeline_files
from tests.drafts.crowds import HOSTILE, few, many
from tests.drafts.drafting import draft
from tests.test_schemas import faults

CHAINS: dict[str, Callable[[], Chain]] = {
    "few": few,
    "story": story,
    "hostile": lambda: many(120, HOSTILE),
    **{path.stem: lambda path=path: recorded(path)[1] for path in timeline_files()},  # type: ignore[misc]
}


def exported(chain: Chain) -> dict[str, Any]:
    return dict(json.loads(export_text(draft(chain), head=chain.head)))


def cited(value: Any) -> Iterator[int]:
    """Every event number of the typed part."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key in ("event", "from_event", "to_event"):
                yield inner
            elif key == "events" and isinstance(inner, list):
                yield from inner
            else:
                yield from cited(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from cited(inner)


@pytest.mark.parametrize("name", list(CHAINS))
def test_it_is_as_its_schema_says_and_cites_the_chain(name: str) -> None:
    chain = CHAINS[name]()
    made = exported(chain)
    schema = json.loads(export_schema())
    assert faults(made, schema, schema) == []
    assert PostmortemExport.model_validate(made).format == FORMAT
    typed = {key: value for key, value in made.items() if key not in ("facts", "provenance")}
    known = {event.seq for event in chain.events}
    assert set(cited(typed)) <= known
    assert made["description"] is None or len(made["description"]["value"]) <= 500


def test_the_night() -> None:
    made = exported(story())
    assert made["incident"] == "INC-42"
    assert made["title"] == {"value": "fraud-scorer is drifting", "events": [3]}
    assert made["incident_date"] == "2026-11-21"
    assert made["implicated_systems"] == [
        {"value": "fraud-scorer", "events": [3]},
        {"value": "auto-decline", "events": [14]},
    ]
    first = made["response"][0]
    assert first["decided_by"] == [{"value": "model owner", "events": [9]}]
    assert (first["before"], first["after"]) == ("v43", "v42")
    assert first["read_back"] == {"value": "confirmed", "events": [12]}
    assert made["times"]["resolved"] == {"at": "2026-11-21T09:00:30Z", "event": 29, "precision": "exact"}
    assert {"name": "Detected to acknowledged", "seconds": 66, "from_event": 2, "to_event": 4, "coarse": False} in made[
        "lengths"
    ]
    assert made["provenance"]["chain_head"] == story().head
    assert "[E" not in made["description"]["value"]
    assert "`" not in made["description"]["value"]


def test_what_only_people_know_is_null_and_listed() -> None:
    made = exported(story())
    for name in ("alleged_developer", "alleged_deployer", "harmed_or_nearly_harmed_parties"):
        assert made[name] is None
        assert name in made["open"]
    assert all(value is None for value in made["harm"].values())
    assert "harm.kind" in made["open"]
    assert "references.aiid" in made["open"]


def test_no_person_is_named() -> None:
    text = export_text(draft(story()), head=story().head)
    assert not any(name in text for name in ("U01DANA", "U02OMAR", '"dana"', '"omar"'))


def test_the_same_chain_gives_the_same_bytes_in_the_order_of_the_model() -> None:
    text = export_text(draft(story()), head=story().head)
    assert text == export_text(draft(story()), head=story().head)
    assert list(json.loads(text)) == list(PostmortemExport.model_fields)


def test_an_empty_beginning() -> None:
    chain = Chain()
    chain.add(K.NOTE, at("10:00"), "one line", DANA)
    made = export_of(draft(chain), head=chain.head)
    assert (made.title, made.incident_date, made.implicated_systems) == (None, None, ())
