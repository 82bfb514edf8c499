"""`postmortem`, `audit`, `db`: on real databases, some of them tampered with."""

import json
import sqlite3
from pathlib import Path

import pytest

from storage.schema import head
from tests.console.conftest import Shell

DRAFT = "inc-1-postmortem.md"


def test_the_draft_in_its_three_formats(incident: Shell) -> None:
    text = incident("postmortem", "INC-1").out
    assert text.startswith("<!-- machine:title")
    assert incident("postmortem", "1", "--format", "html").out.startswith("<!doctype html>")
    facts = incident("postmortem", "inc-1", "--format", "json").data()
    assert (facts["format"], facts["incident"]) == ("muster-postmortem/1", "INC-1")
    assert incident("postmortem", "1").out == text


def test_what_people_wrote_stays(incident: Shell) -> None:
    assert incident("postmortem", "1", "-o", DRAFT).code == 0
    path = incident.folder / DRAFT
    path.write_text(path.read_text().replace("_To be written._", "We looked at the wrong panel.", 1))
    (incident.folder / "more.json").write_text(json.dumps({"name": "Late", "component": "fraud-scorer"}))
    incident("replay", "more.json", "--source", "generic")
    before = path.read_text()
    assert incident("postmortem", "1", "-o", DRAFT).code == 0
    assert "We looked at the wrong panel." in path.read_text()
    assert path.read_text() != before
    assert incident("postmortem", "1", "--verify", "--score").code == 0


def test_a_file_saved_by_windows_is_the_same_document(incident: Shell) -> None:
    incident("postmortem", "1", "-o", DRAFT)
    path = incident.folder / DRAFT
    path.write_text(
        "\ufeff" + path.read_text().replace("_To be written._", "Written.", 1).replace("\n", "\r\n"), newline=""
    )
    assert incident("postmortem", "1", "--verify").code == 0
    assert incident("postmortem", "1", "--import", DRAFT).code == 0
    assert incident("postmortem", "1", "-o", DRAFT).code == 0
    assert "Written." in path.read_text()


def test_an_answer_given_in_slack_goes_where_the_file_has_none(incident: Shell) -> None:
    from bot.wiring import open_store
    from playbooks.ports import Document
    from playbooks.render import human_blocks

    incident("postmortem", "1", "-o", DRAFT)
    path = incident.folder / DRAFT
    first, second = [n for n, text in human_blocks(path.read_text()).items() if "_To be written._" in text][:2]
    path.write_text(path.read_text().replace("_To be written._", "From the file.", 1))
    store, close = open_store(f"sqlite:///{incident.folder / 'muster.db'}")
    with store.begin() as uow:
        uow.save_document(Document(1, {first: "From Slack, too late.", second: "From Slack."}))
    close()
    assert incident("postmortem", "1", "-o", DRAFT).code == 0
    now = human_blocks(path.read_text())
    assert "From the file." in now[first]
    assert now[second] == "From Slack."


def test_an_edited_machine_line_is_found_and_never_written_over(incident: Shell) -> None:
    incident("postmortem", "1", "-o", DRAFT)
    path = incident.folder / DRAFT
    path.write_text(edited := path.read_text().replace("drift", "deploy", 1))
    found = incident("postmortem", "1", "--verify")
    assert (found.code, found.out) == (1, "✗ title: the machine block is not what the timeline gives\n")
    scored = incident("postmortem", "1", "--verify", "--score", "--format", "json")
    assert scored.code == 1
    assert next(check["id"] for check in scored.data()["score"] if not check["ok"] and check["critical"]) == "F0"
    assert incident("postmortem", "1", "-o", DRAFT).sentence().startswith("The machine block “title” was edited")
    assert path.read_text() == edited


def _forge(path: Path, statement: str, *triggers: str) -> None:
    with sqlite3.connect(path) as db:
        for trigger in triggers:
            db.execute(f"DROP TRIGGER {trigger}")
        db.execute(statement)


@pytest.mark.parametrize(
    ("statement", "why"),
    [
        ("UPDATE event_body SET text = 'nothing happened' WHERE event_id = (SELECT id FROM event WHERE seq = 1)", "1"),
        ("UPDATE event SET occurred_at = '2026-11-20 00:00:00.000000' WHERE seq = 2", "2"),
        ("DELETE FROM event WHERE seq = 2", "2"),
    ],
)
def test_audit_finds_a_forged_row(statement: str, why: str, incident: Shell) -> None:
    assert incident("audit", "INC-1").out.startswith("✓ INC-1: ")
    _forge(incident.folder / "muster.db", statement, "event_no_update", "event_no_delete", "event_body_blank_only")
    found = incident("audit", "INC-1")
    assert (found.code, found.out[:7]) == (1, "✗ INC-1")
    assert incident("audit", "1", "--json").data()["ok"] is False
    assert incident("postmortem", "1").code == 1
    assert incident("db", "check").code == 1
    assert why.isdigit()


def test_the_database_from_nothing_to_a_backup(house: Shell, database_url: str, tmp_path: Path) -> None:
    house.environ["MUSTER_DATABASE_URL"] = database_url
    assert house("db", "upgrade").out == f"The database is at schema {head()}.\n"
    assert house("replay", "alert.json").code == 0
    assert house("db", "check", "--json").data() == {"ok": True, "schema": head(), "wanted": head(), "problems": []}
    assert house("audit", "1").code == 0
    if database_url.startswith("postgres"):
        assert house("db", "backup", "copy.db").sentence() == "PostgreSQL is not backed up from here. Use pg_dump."
        return
    assert house("db", "backup", "copy.db").code == 0
    assert house("db", "backup", "copy.db").sentence() == "copy.db exists already. Choose another name."
    house.environ["MUSTER_DATABASE_URL"] = "sqlite:///copy.db"
    assert house("audit", "1").code == 0


@pytest.mark.parametrize("command", [["audit", "1"], ["db", "check"], ["db", "upgrade"], ["db", "backup", "x"]])
def test_a_file_that_is_no_database_is_one_sentence(command: list[str], house: Shell) -> None:
    (house.folder / "notes.txt").write_text("no database at all, but longer than a header of one would be")
    house.environ["MUSTER_DATABASE_URL"] = "sqlite:///notes.txt"
    assert house(*command).sentence() == (
        "The database file is not one of SQLite. Check the path in MUSTER_DATABASE_URL."
    )


def test_check_before_the_first_migration(house: Shell, postgres_url: str) -> None:
    house.environ["MUSTER_DATABASE_URL"] = postgres_url
    said = house("db", "check")
    assert (said.code, said.out) == (1, f"✗ schema none, this version wants {head()}: run `muster db upgrade`\n")
    assert (
        house("audit", "1").sentence() == "The database has another schema than this version. Run `muster db upgrade`."
    )


@pytest.mark.parametrize("command", [["audit", "1"], ["postmortem", "1"], ["db", "check"], ["db", "backup", "x"]])
def test_no_database_is_one_sentence_and_makes_none(command: list[str], shell: Shell) -> None:
    assert shell(*command).sentence().startswith("There is no database muster.db.")
    assert list(shell.folder.iterdir()) == []


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        (["audit", "seven"], "'seven' is no incident. Write it like INC-7."),
        (["audit", "99"], "There is no INC-99. See `/inc list` in Slack."),
        (["postmortem", "99"], "There is no INC-99."),
        (["postmortem", "1", "--verify"], "There is no file inc-1-postmortem.md."),
        (["postmortem", "1", "-o", "no/such/folder.md"], "no/such/folder.md: No such file or directory."),
        (["replay", "."], "muster.db"),
    ],
)
def test_bad_input_is_one_sentence(command: list[str], sentence: str, incident: Shell) -> None:
    if command[0] == "replay":
        assert incident(*command).code == 0  # of a folder only what is .json or .jsonl
    else:
        assert incident(*command).sentence().startswith(sentence)
