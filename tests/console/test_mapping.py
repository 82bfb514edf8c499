"""`muster check` and `muster route` with a mapping file."""

from __future__ import annotations

import json
from pathlib import Path

import yaml

from tests.console.conftest import Shell

ZABBIX = Path(__file__).parents[2] / "bot" / "examples" / "mappings" / "zabbix.yaml"


def _mapped(house: Shell, text: str) -> None:
    (house.folder / "zabbix.yaml").write_text(text, "utf-8")
    config = house.folder / "muster.yaml"
    config.write_text(config.read_text() + "\nsources:\n  zabbix: {kind: mapped, mapping: zabbix.yaml}\n")


def test_a_mapping_is_checked_and_tried(house: Shell) -> None:
    _mapped(house, ZABBIX.read_text("utf-8"))
    assert house("check", "zabbix.yaml").code == 0
    assert "error zabbix" not in house("check").out
    sample = yaml.safe_load(ZABBIX.read_text("utf-8"))["sample"]
    told = house("route", "-", "--explain", "--json", given=json.dumps(sample)).data()
    assert told["source"] == "zabbix"
    assert told["alerts"][0]["component"] == "fraud-scorer"
    assert told["alerts"][0]["tried"]
    done = house("replay", _file(house, sample), "--json").data()
    assert done[0]["decision"] == "opened"


def _file(house: Shell, body: object) -> Path:
    path = house.folder / "body.json"
    path.write_text(json.dumps(body))
    return path


def test_a_sample_that_gives_something_else_is_an_error(house: Shell) -> None:
    _mapped(house, ZABBIX.read_text("utf-8").replace("host: gpu-7\n  signal", "host: gpu-8\n  signal"))
    said = house("check")
    assert said.code == 1
    assert "zabbix.yaml: alert 0: labels.host is 'gpu-7', expected is 'gpu-8'." in said.out


def test_a_mapping_that_is_gone_is_one_sentence(house: Shell) -> None:
    _mapped(house, "api: mapping/v1\n")
    assert house("check").code == 1
    (house.folder / "zabbix.yaml").unlink()
    said = house("check")
    assert said.code == 1
    assert "zabbix.yaml cannot be read" in said.out
