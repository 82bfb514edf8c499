"""Mapping files: the shipped ones give what they promise, mistakes are told with their line, and nothing is code."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings

from bot.config import Config
from bot.mappings import load, readers
from bot.providers.alerts.mapped import differences, reader
from bot.providers.alerts.reading import ReadResult
from playbooks.domain.alerts import Known
from playbooks.domain.mapping_file import MappingFile
from playbooks.errors import ConfigError, InputError
from playbooks.schemas.marked import DocumentError
from tests.sources.bodies import FIRING, NOW, PAYLOADS, RESOLVED, check, utc
from tests.sources.test_any_body import ANY, well

SHIPPED = sorted((Path(__file__).parents[2] / "bot" / "examples" / "mappings").glob("*.yaml"))
NAMES = [path.stem for path in SHIPPED]


def shipped(name: str) -> MappingFile:
    return load(next(path for path in SHIPPED if path.stem == name))


def mapping(**more: Any) -> MappingFile:
    base: dict[str, Any] = {
        "api": "mapping/v1", "fingerprint": ("id",), "name": "title", "sample": {"id": "1", "title": "x"},
        "expected": ({"fingerprint": "1"},),
    }  # fmt: skip
    return MappingFile.model_validate(base | more)


def read(mapped: MappingFile, body: object) -> ReadResult:
    return reader(mapped)({}, json.dumps(body).encode(), source="tool", received_at=NOW)


@pytest.mark.parametrize("path", SHIPPED, ids=NAMES)
def test_a_shipped_mapping_gives_what_it_promises(path):
    assert differences(load(path)) == []


@pytest.mark.parametrize("name", [name for name in NAMES if (PAYLOADS / name).is_dir()])
def test_a_shipped_mapping_reads_what_was_recorded(name):
    for path in sorted((PAYLOADS / name).glob("*.json")):
        result = reader(shipped(name))({}, path.read_bytes(), source=name, received_at=NOW)
        if name == "netbox":  # a site was made: nothing fires by that
            assert [refused.aside for refused in result.rejected] == [True]
            continue
        assert len(result.alerts) == 1
        assert result.rejected == []


def test_from_firing_to_resolved():
    mapped = shipped("zabbix")
    sample = mapped.sample
    fires = read(mapped, sample).alerts[0]
    ends = read(mapped, sample | {"event_value": "0", "event_id": "1210", "until": "1795229000"}).alerts[0]
    assert (fires.status.value, ends.status.value) == (FIRING, RESOLVED)
    assert (fires.fingerprint, fires.starts_at) == (ends.fingerprint, ends.starts_at)
    check(fires, sample, {"severity": "error", "labels.component": "fraud-scorer"})


def test_alerts_in_a_list_with_values_of_the_whole_body():
    mapped = mapping(
        alerts="events", labels={"site": "$.site", "kind": {"text": "probe"}}, delivery="$.batch", episodes="by_turn"
    )
    result = read(mapped, {"site": "eu", "batch": "b-1", "events": [{"id": 1, "title": "a"}, {"title": "no id"}, 7]})
    (alert,) = result.alerts
    assert alert.labels == {"site": "eu", "kind": "probe"}
    assert alert.said is not None
    assert (alert.said.delivery, alert.said.known) == ("b-1", Known.BY_TURN)
    assert [refused.index for refused in result.rejected] == [1, 2]


def test_the_first_place_that_says_something_counts():
    mapped = mapping(name=("no", "empty", "unfilled", "title"), severity="sev", severity_words={"3": "critical"})
    alert = read(mapped, {"id": 1, "title": "x", "empty": " ", "unfilled": "${X}", "sev": 3}).alerts[0]
    assert (alert.name, alert.severity) == ("x", "critical")


@pytest.mark.parametrize(
    ("status", "body", "found"),
    [
        ({"firing": {"s": ("a", "b")}}, {"s": "b"}, FIRING),
        ({"firing": {"s": ("a", "b")}}, {"s": "c"}, "aside"),
        ({"resolved": {"s": "ok"}}, {"s": "ok"}, RESOLVED),
        ({"resolved": {"s": "ok"}}, {"s": "bad"}, FIRING),
        ({"firing": {"s": {"exists": True}}, "resolved": {"s": {"exists": False}}}, {}, RESOLVED),
        ({"firing": {"s": {"regex": "p[0-9]"}}, "resolved": {"$.t": "true"}}, {"s": "p1x", "t": True}, RESOLVED),
    ],
)
def test_statuses(status, body, found):
    result = read(mapping(status=status), {"id": 1, "title": "x"} | body)
    told = result.alerts[0].status.value if result.alerts else "aside" if result.rejected[0].aside else "kept"
    assert told == found


def test_times_and_stated_starts():
    mapped = mapping(episodes="stated", starts_at="at")
    alert = read(mapped, {"id": 1, "title": "x", "at": "2026-11-21 02:10:00 UTC"}).alerts[0]
    assert (alert.starts_at, alert.said) == (utc(2026, 11, 21, 2, 10), None)
    late = read(mapped, {"id": 1, "title": "x"}).alerts[0]
    assert late.said is not None
    assert late.said.known is Known.WHILE_OPEN  # without its start the episode has to be found


def test_a_body_of_another_format_is_kept_for_triage():
    for mapped, body in ((mapping(when={"tool": "acme"}), {"id": 1}), (mapping(alerts="events"), {"id": 1})):
        with pytest.raises(InputError) as refused:
            read(mapped, body)
        assert refused.value.code == "not_mappable"


@pytest.mark.parametrize("name", ["zabbix", "thousandeyes", "coralogix"])
@given(body=ANY)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_anything(name, body):
    mapped = shipped(name).model_copy(update={"when": None})
    try:
        result = read(mapped, body)
    except InputError:
        return
    for alert in result.alerts:
        well(alert)


# ------------------------------------------------------------------ files


def written(folder: Path, **more: Any) -> Path:
    base = yaml.safe_load(SHIPPED[NAMES.index("zabbix")].read_text("utf-8"))
    path = folder / "tool.yaml"
    path.write_text(yaml.safe_dump({**base, **more}), "utf-8")
    return path


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"fingerprint": []}, "fingerprint"),
        ({"fingerprint": ["a..b"]}, "must be a path such as event.host.name"),
        ({"name": "__import__('os').system('x').y; $"}, None),
        ({"nmae": "x"}, "nmae"),
        ({"status": {}}, "must say when an alert fires"),
        ({"episodes": "sometimes"}, "episodes"),
        ({"expected": []}, "expected"),
        ({"when": {"x": {"regex": "("}}}, "regex"),
        ({"when": [{"x": "1"}, {"x": {"regex": "("}}]}, "regex"),
        ({"aside": []}, "aside"),
        ({"status": {"firing": [{"a..b": "1"}]}}, "must be a path such as event.host.name"),
    ],
)
def test_mistakes_are_told(tmp_path, more, words):
    path = written(tmp_path, **more)
    if words is None:  # a path is only ever a name to look up
        assert read(load(path), load(path).sample).alerts[0].name == "unnamed alert"
        return
    with pytest.raises(ConfigError) as refused:
        load(path)
    assert isinstance(refused.value, DocumentError)
    assert words in " ".join(map(str, refused.value.problems))
    assert all(problem.line for problem in refused.value.problems if problem.path)


def test_a_sample_that_gives_something_else_is_told(tmp_path):
    expected = [{"fingerprint": "7", "labels": {"host": "gpu-8"}}, {"name": "another"}]
    assert differences(load(written(tmp_path, expected=expected))) == [
        "the sample gives 1 alerts, expected are 2",
        "alert 0: fingerprint is '1205', expected is '7'",
        "alert 0: labels.host is 'gpu-7', expected is 'gpu-8'",
    ]


def test_only_a_mapped_source_names_a_mapping(tmp_path):
    written(tmp_path)
    config = Config.load("sources: {zabbix: {kind: mapped, mapping: tool.yaml}}")
    assert readers(config, tmp_path).keys() == {"zabbix"}
    for text in ("sources: {a: {kind: mapped}}", "sources: {a: {kind: generic, mapping: tool.yaml}}"):
        with pytest.raises(ConfigError):
            Config.load(text)
    with pytest.raises(ConfigError):
        readers(Config.load("sources: {zabbix: {kind: mapped, mapping: gone.yaml}}"), tmp_path)
