"""`replay`: recorded payloads and timelines through the real code path."""

import json
import time

import pytest

from tests.console.conftest import ROOT, Shell

TIMELINES = ROOT / "tests" / "timelines"


def _line(offset: float, **more: object) -> str:
    body = {"name": "Drift", "component": "fraud-scorer", "starts_at": "2026-11-21T02:31:00Z"}
    return json.dumps({"offset": offset, "source": "generic", "body": body | more})


def test_a_payload_opens_once(house: Shell) -> None:
    assert house("replay", "alert.json").out.startswith("alert.json: opened INC-1, because")
    assert house("replay", "alert.json").out.startswith("alert.json: duplicate INC-1, because")
    assert house("audit", "1").code == 0


def test_lines_come_in_order_of_their_offsets_and_in_their_time(house: Shell) -> None:
    lines = [_line(1.0, status="resolved"), _line(0.0), json.dumps(_change(0.5))]
    (house.folder / "night.jsonl").write_text("\n".join(lines))
    began = time.monotonic()
    rows = house("replay", "night.jsonl", "--speed", "4", "--json").data()
    assert [row["decision"] for row in rows] == ["opened", "change", "resolved"]
    assert time.monotonic() - began >= 0.25


def _change(offset: float) -> dict[str, object]:
    body = {"kind": "deploy", "subject": "fraud-scorer", "after": "v43", "at": "2026-11-21T02:10:00Z"}
    return {"offset": offset, "source": "generic", "kind": "changes", "body": body}


def test_the_timelines_of_a_folder_beside_other_recordings(house: Shell) -> None:
    said = house("replay", TIMELINES, "alert.json")
    assert said.code == 0, said.out
    assert said.out.count("32 of 32 checks hold") == len(list(TIMELINES.glob("*.json")))
    assert "alert.json: opened INC-10, because" in said.out


def test_a_timeline_is_told_once(house: Shell) -> None:
    path = min(TIMELINES.glob("*.json"))
    said = house("replay", path, "--json")
    assert said.code == 0, said.out
    (row,) = said.data()
    assert (row["told"], row["checks"], row["wrong"]) == (len(json.loads(path.read_text())["events"]), 32, [])
    assert row["state"] == "resolved"
    assert house("audit", row["incident"]).code == 0
    again = house("replay", path)
    assert again.sentence().startswith(f"{path.name} was replayed into this database before.")


def test_a_folder_of_payloads(house: Shell) -> None:
    folder = house.folder / "recorded"
    folder.mkdir()
    for name in ("e2e_firing_critical.json", "v4_alerta.json"):
        (folder / name).write_bytes((ROOT / "tests" / "payloads" / "alertmanager" / name).read_bytes())
    said = house("replay", folder, "--json")
    assert said.code == 0, said.err
    assert {row["from"] for row in said.data()} == {"e2e_firing_critical.json", "v4_alerta.json"}


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("a.jsonl", "{", "a.jsonl:1 is no JSON"),
        ("a.jsonl", "{}", "a.jsonl:1 has no `body`."),
        ("a.jsonl", '{"body": {}, "offset": "soon"}', "a.jsonl:1: the offset is no number of seconds."),
        ("a.jsonl", '{"body": {}, "kind": "mails"}', "a.jsonl:1: the kind is neither alerts nor changes."),
        (
            "a.json",
            '{"schema": "incident-timeline/v1", "events": [{"kind": "alert", "at": "10:30"}]}',
            "a.json: event 1 has no time that can be read: “10:30”.",
        ),
        ("a.json", '{"alerts": [{"name": ""}]}', "a.json: alert 0 of alertmanager cannot be used: it has no labels."),
        ("a.json", '{"name": "x"}', ""),
    ],
)
def test_bad_recordings_are_one_sentence(name: str, text: str, sentence: str, house: Shell) -> None:
    (house.folder / name).write_text(text)
    if sentence:
        assert house("replay", name).sentence().startswith(sentence)
    else:
        assert house("replay", name).code == 0


def test_nobody_at_the_other_end(house: Shell) -> None:
    assert (
        house("replay", "--to", "http://127.0.0.1:9", "alert.json").sentence().startswith("The source alertmanager is")
    )
    house.environ["MUSTER_INTAKE_TOKEN"] = "only-for-this-test"
    assert "does not answer" in house("replay", "--to", "http://127.0.0.1:9", "alert.json").sentence()
