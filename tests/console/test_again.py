"""The same draft later: from a copy of the database, in a process of its own, in another zone."""

from tests.console.conftest import ROOT, Shell

TIMELINE = ROOT / "tests" / "timelines" / "openai-2025-06-10-gpu-hosts-offline.json"


def test_a_copied_database_gives_the_same_bytes_in_a_fresh_process(house: Shell) -> None:
    assert house("replay", TIMELINE).code == 0
    assert house("postmortem", "INC-1", "-o", "first.md").code == 0
    assert house("db", "backup", "copy.db").code == 0
    house.environ |= {
        "MUSTER_DATABASE_URL": f"sqlite:///{house.folder / 'copy.db'}",
        "PYTHONHASHSEED": "4242",
        "TZ": "Pacific/Apia",
    }
    assert house.ended("postmortem", "INC-1", "-o", "again.md").code == 0
    first, again = (house.folder / name for name in ("first.md", "again.md"))
    assert again.read_bytes() == first.read_bytes()
    assert "2025-06-10 06:36:00 UTC" in first.read_text()
    verified = house("postmortem", "INC-1", "--verify", "--score", "-o", "first.md")
    assert verified.code == 0, verified.out
    assert "32 of 32 checks hold" in verified.out


def test_what_an_editor_did_to_the_file_is_told(house: Shell) -> None:
    assert house("replay", TIMELINE).code == 0
    assert house("postmortem", "INC-1", "-o", "draft.md").code == 0
    path, text = house.folder / "draft.md", (house.folder / "draft.md").read_text()

    def told(edited: str) -> str:
        path.write_bytes(edited.encode())
        said = house("postmortem", "INC-1", "--verify", "--score", "-o", "draft.md")
        assert said.code == (0 if "✓ every machine block" in said.out else 1)
        return said.out

    assert "32 of 32 checks hold" in told(text.replace("\n", "\r\n"))
    blocks = text.split("\n\n<!-- ")
    named = {block.split(" ")[0]: f"\n\n<!-- {block}" for block in blocks[1:]}
    gone = told(text.replace(named["machine:state"], ""))
    assert "✗ state: the machine block is missing" in gone
    assert "✗ R5 state of the AI system" in gone
    moved = told(
        text.replace(named["machine:state"], "").replace(
            named["machine:changes"], f"{named['machine:state']}{named['machine:changes']}"
        )
    )
    assert "✗ document: the machine blocks are in another order" in moved
    unasked = told(text.replace(named["human:learning"], ""))
    assert "✗ H1 at least five questions, counted: 1 of the questions are missing" in unasked
    outside = told(text.replace("<!-- human:learning -->", "My own words.\n\n<!-- human:learning -->"))
    assert "✗ document: text outside every block: My own words." in outside
