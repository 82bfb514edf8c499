"""The document: the same bytes for the same chain, people's words kept, machine blocks not to be edited."""

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from playbooks import errors
from playbooks.domain.drafts.page import body_of
from playbooks.domain.timeline import Precision
from playbooks.pages import postmortem_page
from playbooks.render import ABOVE, BELOW, human_blocks, merge, render_draft, verify
from playbooks.score import must_pass
from tests.drafts.chains import DANA, MEI, OMAR, Chain, K, at, recorded, story, timeline_files
from tests.drafts.drafting import LABELS, draft, problems, scored

GOLDEN = Path(__file__).parent / "story.md"
ROOT = Path(__file__).parents[2]


def block(markdown: str, name: str) -> str:
    """The lines of a machine block."""
    return markdown.split(f"<!-- machine:{name} ")[1].split("<!-- /machine -->")[0]


def test_the_story_reads_as_reviewed():
    """`python -m tests.drafts.drafting > tests/drafts/story.md` writes it anew after a wanted change."""
    assert draft(story()).text == GOLDEN.read_text()


def test_the_story_passes_every_check():
    failed = [check for check in scored(draft(story()).text, story()).values() if not check.ok]
    assert failed == []


@pytest.mark.parametrize("path", timeline_files(), ids=lambda p: p.stem)
def test_recorded_timelines_pass_every_check(path):
    _, chain = recorded(path)
    text = draft(chain).text
    checks = scored(text, chain)
    assert len(checks) == 32
    assert [check for check in checks.values() if not check.ok] == []
    assert problems(text, chain) == []


def test_same_bytes_whatever_the_hash_seed():
    found = set()
    for seed in ("0", "1", "4242"):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "TZ": f"Etc/GMT+{seed[0]}"}
        command = [sys.executable, "-m", "tests.drafts.drafting"]
        found.add(subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True).stdout)
    assert found == {GOLDEN.read_bytes()}


def test_regenerated_later_gives_the_same_bytes():
    assert draft(story()).text == draft(story()).text


def test_order_of_input_does_not_matter():
    chain = story()
    backwards = render_draft(chain.events[::-1], incident_id=42, head=chain.head, severities={"sev2": "SEV2"})
    assert backwards.text == draft(chain).text


def test_the_resolution_is_in_the_draft():
    chain = story()
    last = chain.events[-1]
    assert last.kind is K.RESOLVED
    text = draft(chain).text
    assert f"| Resolved | 2026-11-21 09:00:30 UTC | [E{last.seq}] |" in text
    assert f"| [E{last.seq}] | 2026-11-21 09:00:30 UTC | resolved |" in block(text, "timeline")


def test_a_backdated_note_stands_at_its_own_time():
    chain = Chain()
    chain.add(K.DECLARED, at("02:00"), "opened", DANA)
    chain.add(K.NOTE, at("03:00"), "later", DANA)
    chain.add(K.NOTE, at("02:30"), "what we saw", OMAR, recorded=at("04:00"), precision=Precision.APPROX)
    rows = [line for line in block(draft(chain).text, "timeline").split("\n") if line.startswith("| [E")]
    assert [row[2:6] for row in rows] == ["[E1]", "[E3]", "[E2]"]
    assert "2026-11-21 02:30:00 UTC (approx.)" in rows[1]
    assert "04:00" not in rows[1]
    assert "[E3]" in block(draft(chain).text, "record")


def test_three_days():
    chain = Chain()
    chain.add(K.DECLARED, at("01:00", 18), "opened", DANA)
    chain.add(K.RESOLVED, at("02:00", 21), "over", DANA)
    assert "| Declared to resolved | 3 d 1 h [E1]→[E2] |" in draft(chain).text


def test_what_took_effect_stands_in_the_summary_before_what_did_not():
    chain = Chain()
    chain.add(K.DECLARED, at("01:00"), "opened", DANA, component="m", payload={"component": "m", "severity": "sev2"})
    for number, (to, result) in enumerate([("v1", "stale"), ("v2", "failed"), ("v3", "failed"), ("v4", "worked")]):
        facts = {"action": number, "kind": "rollback", "component": "m", "before": "v9", "after": to}
        minute = at(f"01:0{number + 1}")
        chain.add(K.ACTION, minute, "asked", DANA, component="m", payload={**facts, "phase": "requested"})
        chain.add(K.ACTION_RESULT, minute, result, component="m", payload={**facts, "result": result})
        if result == "worked":
            seen = {**facts, "outcome": "confirmed", "evidence": "read back"}
            chain.add(K.VERIFICATION, minute, "confirmed", component="m", payload=seen)
    summary = block(draft(chain).text, "summary").splitlines()
    told = [line for line in summary if "Rollback" in line or "Further" in line]
    assert ["`v1`" in told[0], "`v2`" in told[1], "`v4`" in told[2]] == [True, True, True]
    assert told[3] == "- Further actions on levers: [E6]."


HOSTILE = "a | b `c` <script>alert(1)</script> <!-- /machine --> [E99] **bold** [x](javascript:alert(1)) & $x$"


def hostile() -> Chain:
    chain = Chain()
    chain.add(
        K.DECLARED,
        at("01:00"),
        f"{HOSTILE}\n<!-- /machine -->\n<!-- human:impact -->",
        DANA,
        component=HOSTILE,
        source_ref=f"https://x/{HOSTILE}",
        payload={"title": HOSTILE, "component": HOSTILE, "severity": HOSTILE, "stages": {HOSTILE: HOSTILE}},
    )
    chain.add(K.VERIFICATION, at("01:01"), HOSTILE, DANA, payload={"outcome": HOSTILE, "evidence": HOSTILE})
    chain.add(K.CHANGE, at("00:30"), HOSTILE, payload={"kind": HOSTILE, "subject": HOSTILE, "before": HOSTILE})
    chain.add(K.COMMS, at("01:30"), HOSTILE, DANA, payload={"audience": HOSTILE})
    return chain


def test_hostile_text_breaks_neither_fences_nor_tables():
    chain = hostile()
    text = draft(chain).text
    assert "<script" not in text
    assert problems(text, chain) == []
    checks = scored(text, chain)
    assert [c for c in checks.values() if c.critical and not c.ok] == []
    for line in text.split("\n"):
        if line.startswith("| [E"):
            assert line.replace("\\|", "").count("|") == 7
    assert [line for line in text.split("\n") if line == "<!-- /machine -->"] == ["<!-- /machine -->"] * len(
        (*ABOVE, *BELOW)
    )


def test_html_passes_nothing_through():
    body = body_of(draft(hostile()).text + "\n<img src=x onerror=alert(1)>\n[x](javascript:alert(1))\n")
    page = "\n".join(section.body for section in body.sections)
    assert "<script" not in page
    assert "<img" not in page
    assert 'href="javascript' not in page
    assert "&lt;script&gt;" in page


def test_html_has_tables_citations_and_targets():
    page = postmortem_page(draft(story())).html
    assert '<a class="cite" href="#e11">E11</a>' in page
    assert page.count('<tr id="e11">') == 1
    assert "<code>v42</code>" in page
    assert "machine:" not in page


def test_a_persons_text_survives_byte_for_byte():
    chain = story()
    first = draft(chain).text
    written = "> **Impact.** edited\r\n\r\n| a | table |\n\n  4,112 declines, see `report` \t\n# and a heading"
    old = human_blocks(first)["impact"]
    edited = first.replace(old, written, 1)
    chain.add(K.NOTE, at("03:00"), "late", OMAR, recorded=at("10:00"))
    again = merge(edited, draft(chain))
    assert human_blocks(again)["impact"] == written
    assert problems(again, chain) == []
    assert "late" in block(again, "timeline")
    assert "impact" not in draft(chain, human_blocks(again)).open_prompts
    assert merge(again, draft(chain)) == again


def test_an_answer_to_a_question_no_longer_asked_is_kept():
    chain = story()
    human = {"former-question": "> **Old.** Asked once\n\nAnswered.", "never-answered": "> Old?\n\n_To be written._"}
    text = draft(chain, human).text
    assert "Answered." in text
    assert "never-answered" not in text


def test_an_edited_machine_block_is_refused_by_name():
    text = draft(story()).text.replace("| Noticed by | alert |", "| Noticed by | us |")
    with pytest.raises(errors.Conflict) as caught:
        merge(text, draft(story()))
    assert "instants" in caught.value.sentence
    assert "add a correction event instead" in caught.value.next_step
    assert [p.block for p in problems(text, story())] == ["instants"]


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text + "stray words\n",
        lambda text: text.replace("<!-- /human -->", "", 1),
        lambda text: text + text,
    ],
)
def test_a_document_that_cannot_be_taken_apart_is_refused(damage):
    with pytest.raises(errors.Conflict):
        merge(damage(draft(story()).text), draft(story()))


def test_windows_line_ends_are_no_edit():
    chain = story()
    text = draft(chain).text.replace("\n", "\r\n")
    assert problems(text, chain) == []
    assert problems(merge(text, draft(chain)), chain) == []


def test_a_broken_chain_is_not_drafted():
    chain = story()
    with pytest.raises(errors.ChainBroken):
        render_draft(chain.events[:-1], incident_id=42, head=chain.head)
    assert verify("", chain.events[1:], incident_id=42, head=chain.head)


def test_an_empty_chain_says_so():
    chain = Chain()
    text = draft(chain).text
    assert "No event recorded" in text
    assert [c for c in scored(text, chain).values() if c.critical and not c.ok] == []


def test_persons_are_named_by_role():
    text = draft(story()).text.lower()
    for name in ("dana", "u01dana", "omar", "mei"):
        assert name not in text.replace("meinen", "")


def test_a_users_template_wins(tmp_path):
    chain = story()
    (tmp_path / "summary.md.j2").write_text("## In short\n\n- {{ facts.declared.title|quote }} [E3]\n")
    ours = draft(chain).text
    theirs = render_draft(chain.events, incident_id=42, head=chain.head, templates=tmp_path)
    assert "## In short" in theirs.text
    assert block(ours, "provenance") != block(theirs.text, "provenance")
    assert verify(theirs.text, chain.events, incident_id=42, head=chain.head, templates=tmp_path) == []


@pytest.mark.parametrize("source", ["{{ nothing }}", "{% if %}", "{{ ''.__class__.__mro__ }}", "{{ facts|nofilter }}"])
def test_a_template_that_cannot_be_rendered_is_named(tmp_path, source):
    chain = story()
    (tmp_path / "summary.md.j2").write_text(source)
    with pytest.raises(errors.ConfigError, match=r"summary\.md\.j2"):
        render_draft(chain.events, incident_id=42, head=chain.head, templates=tmp_path)


def test_a_template_that_forgets_to_escape_is_escaped(tmp_path):
    chain = hostile()
    (tmp_path / "summary.md.j2").write_text("{{ facts.declared.title }} [E1]")
    text = render_draft(chain.events, incident_id=42, head=chain.head, templates=tmp_path).text
    assert "<script" not in text


def test_times_move_with_the_events_and_lengths_do_not():
    moved = Chain(42)
    for event in story().events:
        new = event.new
        by = timedelta(days=400)
        moved.add(new.kind, new.occurred_at + by, new.text, new.actor, recorded=event.recorded_at + by)
    assert "2027-12-26" in draft(moved).text
    assert "| Impact start to mitigated | 56 min 41 s" in draft(moved).text


def test_mei_is_invited_once():
    invited = block(draft(story()).text, "invitees")
    assert invited.count(MEI.role) == 1


def test_a_document_with_a_critical_fault_is_refused_in_a_sentence():
    chain = story()
    text = draft(chain).text
    assert len(must_pass(text, chain.events, incident_id=42, head=chain.head, severities=LABELS)) == 32
    damaged = text.replace("Who was affected", "See [E77]: who was affected")
    with pytest.raises(errors.Conflict) as caught:
        must_pass(damaged, chain.events, incident_id=42, head=chain.head, severities=LABELS)
    assert caught.value.code == "document_refused"
    assert "P2 impact: E77 does not exist" in caught.value.sentence
    assert "--score" in caught.value.next_step


def test_status_and_review_tell_one_state():
    text = draft(story()).text
    for old, new in (("**Draft** ·", "**Closed** ·"), ("State: **Draft**", "State: **Closed**"), ("**Draft** ·", "·")):
        assert old in text
        assert not scored(text.replace(old, new), story())["H5"].ok


def test_a_row_nobody_gave_is_refused_and_one_of_the_ledger_is_renewed():
    fresh = draft(story())
    empty = "|  |  |  |  |  |  |"
    with pytest.raises(errors.Conflict, match="not in the ledger"):
        merge(fresh.text.replace(empty, "| more tests | prevent | omar | soon | ML-7 | done |"), fresh)
    known = merge(fresh.text.replace(empty, "| D-7 more tests | prevent | omar | soon | ML-7 | done |"), fresh)
    assert known == fresh.text
