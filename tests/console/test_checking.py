"""`check` and `route`: what the files say, and what would happen; nothing is written."""

import json
import sqlite3
from pathlib import Path

import pytest

from tests.console.conftest import Shell

FIRING = {
    "name": "ScoreDrift",
    "component": "fraud-scorer",
    "severity": "critical",
    "starts_at": "2026-11-21T02:31:00Z",
}


def test_check_lists_gaps_and_is_strict_when_asked(house: Shell) -> None:
    said = house("check")
    assert said.code == 0
    assert "gap   components.manual-review-queue:" in said.out
    assert said.out.splitlines()[-1].startswith("muster.yaml, ownership.yaml: no errors, ")
    strict = house("check", "--strict", "--json")
    assert strict.code == 2
    data = strict.data()
    assert (data["ok"], data["errors"], data["gaps"]) == (False, 0, len(data["findings"]))


def test_check_finds_an_unknown_name_with_its_line(house: Shell) -> None:
    path = house.folder / "ownership.yaml"
    path.write_text(path.read_text().replace("accountable: payments-data", "accountable: payment-data"))
    said = house("check")
    assert said.code == 1
    line = next(n for n, text in enumerate(path.read_text().splitlines(), 1) if "payment-data" in text)
    assert said.out.startswith(f"error ownership.yaml:{line}:")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("provider: local, model", "provider: mlfow, model", "names the provider mlfow, which is not configured"),
        ("alias: champion", "alais: champion", "The local lever's `alais` is not known"),
    ],
)
def test_check_finds_a_wrong_binding(old: str, new: str, said: str, house: Shell) -> None:
    path = house.folder / "ownership.yaml"
    text = path.read_text().splitlines()
    path.write_text("\n".join(line if line.strip().startswith("#") else line.replace(old, new) for line in text) + "\n")
    checked = house("check", "ownership.yaml", "muster.yaml")
    assert checked.code == 1
    assert said in checked.out


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("{provider: git, to: {brnch: main}}", "`to.brnch` of the publisher git is not known. Did you mean `branch`?"),
        ("{provider: wiki}", "The publisher 'wiki' is not configured"),
        ("{provider: git, teams: [nobody]}", "The team nobody is not in the registry"),
        ("{provider: git, severities: [sev9]}", "names the severity sev9"),
        ("{provider: git, since: soon}", "since"),
    ],
)
def test_check_finds_a_wrong_destination(entry: str, said: str, house: Shell) -> None:
    path = house.folder / "muster.yaml"
    text = path.read_text().replace("providers:", "providers:\n  git: {url: /srv/postmortems.git}", 1)
    path.write_text(f"{text}\npublish:\n  archive: {entry}\n")
    checked = house("check")
    assert checked.code == 1
    assert said in checked.out


def test_check_says_that_a_publisher_is_unproven(house: Shell) -> None:
    path = house.folder / "muster.yaml"
    path.write_text(f"{path.read_text()}\npublish:\n  canvas: {{provider: slack_canvas, since: draft}}\n")
    checked = house("check")
    assert checked.code == 0
    assert "publish.canvas: slack_canvas: This publisher was built from the vendor" in checked.out


def test_check_needs_no_secrets(house: Shell) -> None:
    path = house.folder / "muster.yaml"
    path.write_text(path.read_text().replace("local: {path: plant.db}", "local: {url: http://x, token_env: NOWHERE}"))
    assert "token" in house("check").out  # the local lever takes none: an error about the key, not the variable
    path.write_text(path.read_text().replace("local: {", "local: {kind: mlflow, "))
    assert "NOWHERE" not in house("check").out


def test_check_of_a_folder_and_of_a_wrong_file(house: Shell) -> None:
    assert house("check", ".").code == 0
    (house.folder / "other.yaml").write_text("a: 1\n")
    assert house("check", ".").code == 0
    assert house("check", "other.yaml").sentence().startswith("other.yaml is neither an ownership file nor")
    assert house("check", "nowhere.yaml").sentence() == "There is no file nowhere.yaml. Check the path."


def test_check_of_a_broken_configuration(house: Shell) -> None:
    (house.folder / "muster.yaml").write_text("channels: {triag: C1}\n")
    said = house("check")
    assert said.code == 1
    assert "muster.yaml:1" in said.out


def test_route_says_what_would_happen_and_writes_nothing(house: Shell) -> None:
    before = sorted(path.name for path in house.folder.iterdir())
    said = house("route", "alert.json", "--explain")
    assert said.code == 0
    assert "component  fraud-scorer: labels.component = fraud-scorer" in said.out
    assert "owner      fraud-ml, on call dana; told in C01FRAUDML" in said.out
    assert "decision   opened INC-1, because no open incident" in said.out
    assert "fits fraud-scorer: labels.component = fraud-scorer" in said.out
    stages = [line.split()[0] for line in said.out.splitlines() if ": " in line and line.startswith("    ")]
    assert stages[:4] == ["verify", "parse", "dedup", "route"]
    assert "    open       opened: no open incident for this component and failure" in said.out
    assert sorted(path.name for path in house.folder.iterdir()) == before


def test_route_compares_with_what_is_open(incident: Shell) -> None:
    def dump() -> list[str]:
        with sqlite3.connect(incident.folder / "muster.db") as db:
            return list(db.iterdump())

    before = dump()
    (row,) = incident("route", "alert.json", "--json").data()["alerts"]
    assert (row["decision"], row["incident"]) == ("duplicate", "INC-1")
    assert [step["stage"] for step in row["path"]] == ["verify", "parse", "dedup"]
    (row,) = incident("route", "-", "--json", given=json.dumps(FIRING | {"name": "Other"})).data()["alerts"]
    assert (row["decision"], row["incident"], row["dedup_key"].split()[0]) == ("attached", "INC-1", "generic")
    (row,) = incident("route", "-", "--json", given=json.dumps(FIRING | {"component": "unknown"})).data()["alerts"]
    assert (row["decision"], row["incident"], row["told_in"]) == ("unowned", "INC-2", "C09TRIAGE")
    assert dump() == before


def test_route_decides_as_the_intake_does(house: Shell, database_url: str) -> None:
    house.environ["MUSTER_DATABASE_URL"] = database_url
    assert house("db", "upgrade").code == 0
    bodies = [
        FIRING,
        FIRING,
        FIRING | {"status": "resolved"},
        FIRING | {"component": "x"},
        {"alerts": [FIRING, FIRING]},
    ]
    for number, body in enumerate(bodies):
        path = house.folder / f"{number}.json"
        path.write_text(json.dumps(body))
        said = [(r["decision"], r["reason"], r["incident"]) for r in house("route", path, "--json").data()["alerts"]]
        done = [(r["decision"], r["reason"], r["incident"]) for r in house("replay", path, "--json").data()]
        assert said == done


@pytest.mark.parametrize(
    ("arguments", "given", "sentence"),
    [
        (["nope.json"], "", "There is no file nope.json. Check the path."),
        (["."], "", ". is a folder. Name a file in it."),
        (["-"], "{", "stdin is no JSON."),
        (["-"], '{"a": 1}', "No configured source can read stdin."),
        (["-", "--source", "nagios"], "{}", "No source of alerts is named nagios. There is: alertmanager, generic"),
        (["-", "--source", "alertmanager"], '{"name": "x"}', "The body is JSON, but it is no Alertmanager body"),
    ],
)
def test_route_of_bad_input_is_one_sentence(arguments: list[str], given: str, sentence: str, house: Shell) -> None:
    assert house("route", *arguments, given=given).sentence().startswith(sentence)


def test_route_without_a_registry(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps(FIRING))
    assert shell("route", "a.json").sentence() == "There is no ownership.yaml. Write one, or let `muster init` do it."


@pytest.mark.parametrize(
    ("right", "binding", "said"),
    [
        ("longest: P14D", "", "after 7 d, and its right to disable lets it last 14 d"),
        ("longest: P14D", ", longest: P14D", ""),
        ("longest: P1D", ", longest: PT12H", "after 12 h, and its right to disable lets it last 1 d"),
        ("longest: P1D", "", ""),
        ("approvals: 0", "", ""),  # the configuration's week
        ("approvals: 0", ", longest: P2D", "after 2 d, and the configuration lets it last 7 d"),
    ],
)
def test_check_finds_a_silence_that_ends_before_its_time_box(right: str, binding: str, said: str, house: Shell) -> None:
    (house.folder / "muster.yaml").write_text("providers: {pager: {kind: alertmanager, url: 'http://x'}}\n")
    lever = f"disable: {{provider: pager, matchers: {{alertname: Drift}}{binding}}}"
    (house.folder / "ownership.yaml").write_text(
        "api: ownership/v1\n"
        "people: {dana: {slack: U01DANA}}\n"
        "teams: {ml: {channel: C01ML, members: [dana], on_call: {static: [dana]}}}\n"
        "components:\n"
        "  scorer:\n"
        "    kind: model\n"
        "    accountable: ml\n"
        f"    levers: {{{lever}}}\n"
        f"    rights: {{disable: {{decide: [dana], {right}}}}}\n"
    )
    checked = house("check", "ownership.yaml", "muster.yaml")
    assert checked.code == (1 if said else 0), checked.out
    assert said in checked.out
    assert ("in the lever's binding" in checked.out) == bool(said)


def test_templates_of_ones_own_are_tried(house: Shell) -> None:
    config = house.folder / "muster.yaml"
    config.write_text(config.read_text().replace("  reviews: {}", "  templates: mine\n  reviews: {}", 1))
    assert "There is no such folder of templates" in house("check").out
    folder = house.folder / "mine" / "postmortem" / "sev1"
    folder.mkdir(parents=True)
    (folder / "summary.md.j2").write_text("## Summary\n\n{{ nobody_knows }}\n")
    told = house("check")
    assert told.code == 1
    assert "postmortem/sev1/summary.md.j2 cannot be rendered, line 3" in told.out
    (folder / "summary.md.j2").unlink()
    assert house("check").code == 0
