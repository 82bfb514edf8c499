"""Each of the 32 checks can fail alone: a document damaged in one place fails that check, besides the rendering."""

import re
from collections.abc import Callable

import pytest

from tests.drafts.chains import DANA, MEI, OMAR, Chain, K, at, story
from tests.drafts.drafting import draft, scored

Damage = Callable[[str], str]


def odd() -> Chain:
    """Resolved before it was declared, decided without a right, two teams, a change, one action by hand."""
    chain = Chain()
    add = chain.add
    add(
        K.CHANGE,
        at("01:00"),
        "index rebuilt",
        payload={"kind": "index", "subject": "docs", "before": "7", "after": "8"},
    )
    add(K.CHANGE, at("01:10"), "prompt", payload={"kind": "prompt", "subject": "bot", "before": "p1", "after": "p2"})
    add(K.IMPACT_START, at("02:00"), "answers out of date", MEI)
    add(K.REPORT, at("02:10"), "a user wrote", DANA)
    add(K.ACTION, at("02:20"), "index put back", DANA, payload={"result": "worked", "action_type": "rollback"})
    add(K.DECISION, at("02:25"), "stay on the old one", MEI, payload={"decision": "stay"})
    add(K.MITIGATED, at("02:30"), "relief", OMAR)
    add(K.RESOLVED, at("02:40"), "over", OMAR)
    add(K.DECLARED, at("04:00"), "declared afterwards", MEI)
    return chain


def put(old: str, new: str) -> Damage:
    """Replace one place that must be there."""

    def damage(text: str) -> str:
        assert old in text, old
        return text.replace(old, new, 1)

    return damage


def cut(pattern: str, by: str = "") -> Damage:
    """Replace what a pattern finds first."""

    def damage(text: str) -> str:
        assert re.search(pattern, text), pattern
        return re.sub(pattern, by, text, count=1)

    return damage


def into(block: str, line: str) -> Damage:
    """A line at the end of a machine block."""
    return cut(rf"(<!-- machine:{block} (?:[^\n]*\n)(?:(?!<!-- /)[^\n]*\n)*)", rf"\g<1>{line}\n")


def without_citations(text: str) -> str:
    """Questions that name no event."""
    head, first, rest = text.partition("<!-- human:impact")
    asked, mark, tail = rest.partition("<!-- human:action-items")
    return head + first + asked.replace("[E", "(E").replace("]", ")") + mark + tail


ALONE: dict[str, list[tuple[Callable[[], Chain], Damage]]] = {
    "F0": [(story, put("*Times in UTC. Texts", "*All times in UTC. Texts"))],
    "F1": [
        (story, put("declared 2026-11-21 02:31:22", "declared 2026-11-21 02:31:04")),
        (story, put("- Mitigated 2026-11-21 02:36:41", "- Mitigated 2026-11-21 02:32:10")),
    ],
    "F2": [
        (story, put("1 min 6 s [E2]→[E4]", "1 min 7 s [E2]→[E4]")),
        (story, put("1 min 6 s [E2]→[E4]", "1 min 6 s [E2]→[E5]")),
        (story, put("| Detected to declared | 18 s [E2]→[E3] |\n", "")),
    ],
    "F3": [
        (story, cut(r"\| \[E8\] \| 2026-[^\n]*\n")),
        (story, cut(r"(\| \[E8\] \| 2026-[^\n]*\n)", r"\1\1")),
        (story, cut(r"(\| \[E8\] \| 2026-[^\n]*\n)(\| \[E9\] \| 2026-[^\n]*\n)", r"\2\1")),
        (story, cut(r"(\| \[E28\] \| 2026-[^\n]*\n)((?:\| [^\n]*\n)*)", r"\2\1")),
    ],
    "F4": [
        (story, put("| [E8] | 2026-11-21 02:35:10 UTC |", "| [E8] | 02:35:10 UTC |")),
        (story, put("| [E8] | 2026-11-21 02:35:10 UTC |", "| [E8] | 2026-11-21 02:35:10 |")),
    ],
    "F5": [(odd, cut(r"⚠ Unusual order[^\n]*\n"))],
    "F6": [
        (story, cut(r"\| Acknowledged \|[^\n]*\n")),
        (story, cut(r"\| Acknowledged \| [^|]*\|", "| Acknowledged | not recorded |")),
    ],
    "F7": [
        (story, put("| Noticed by | alert |", "| Noticed by | person |")),
        (story, put("noticed by alert", "noticed by user report")),
    ],
    "F8": [(story, cut(r"- Mitigated 2026[^\n]*\n"))],
    "F9": [
        (story, put("01:40:00 UTC (approx.) | impact", "01:40:00 UTC | impact")),
        (story, put("01:40:00 UTC (approx.) | impact", "01:40:00 UTC (to the day) | impact")),
        (story, put("02:35:10 UTC |", "02:35:10 UTC (inferred) |")),
        (story, put("silent for ≈ 51", "silent for 51")),
    ],
    "F10": [(story, cut(r"\| Longest stretch[^\n]*\n"))],
    "F11": [
        (story, put("tier 1", "tier 4")),
        (story, put("“the flag reads off in production”", "“the flag reads on in production”")),
        (story, put("(approx.) | [E28] |", "(approx.) `v43` | [E28] |")),
    ],
    "P1": [
        (story, into("summary", "- Rollback confirmed by Muster.")),
        (story, into("verification", "The owner looked at it [E12].")),
        (story, into("verification", "Verification was done and is not recorded.")),
    ],
    "P2": [
        (story, put("> **Learning.** What", "> **Learning.** [E99] What")),
        (story, put("- Review due: ", "- Review due: [E77] ")),
    ],
    "P3": [
        (story, cut(r"(\| \[E8\] [^\n]*\| )no link \|", r"\1 |")),
        (story, put("https://alerts.example.com/a/771", "https://alerts.example.com/a/772")),
    ],
    "P4": [
        (story, put("\n29 events", "\n30 events")),
        (story, cut(r"chain head `[0-9a-f]{4}", "chain head `0000")),
        (story, cut(r"template `[0-9a-f]{4}", "template `0000")),
        (story, put("playbook: not recorded", "playbook: `drift`")),
    ],
    "P5": [(story, into("changes", "Change caused impact start [E1]."))],
    "D1": [
        (story, put("| model owner [E9] | `model owner", "| not recorded | `model owner")),
        (odd, cut(r"(\| `stay` \[E6\] \| not recorded \| )[^|]*", r"\1not recorded ")),
    ],
    "D2": [
        (story, cut(r"(\| Disable of [^\n]*\| )2026-11-21 06:37:09 UTC \[E\d+\]( \|[^|]*\|)", r"\1no end set\2")),
        (story, cut(r"(\| Rollback of[^\n]*?\| )worked( \[E11\] \|)", r"\1failed\2")),
    ],
    "D3": [
        (odd, put("<!-- human:authority -->", "<!-- human:other -->")),
        (odd, cut(r"> \*\*Authority\.\*\*[^\n]*", "> **Authority.** See [E1].")),
    ],
    "D4": [
        (story, cut(r"Acting team:[^\n]*\n")),
        (story, put("gap 2 min [E22]→[E23]", "gap not recorded [E22]→[E23]")),
    ],
    "R1": [(odd, cut(r"(\| `rollback` \| [^|]*\| )worked", r"\1unknown"))],
    "R2": [
        (story, cut(r"- 2026-11-21 02:36:41 UTC \[E12\]: [^\n]*\n")),
        (story, cut(r"(UTC \[E12\]: [^\n]*), confirmed,", r"\1, failed,")),
        (odd, into("verification", "No check recorded.")),
    ],
    "R3": [
        (story, cut(r"\*In order of time only[^\n]*\n")),
        (odd, cut(r"(\| [^\n]*`index`[^\n]*\[E1\] \|\n)(\| [^\n]*\[E2\] \|\n)", r"\2\1")),
    ],
    "R4": [
        (story, put("[E21]: kept [E24]", "[E21]: not kept [E24]")),
        (story, cut(r"- Longest silence[^\n]*\n")),
        (odd, cut(r"\*\*Communication:[^\n]*")),
    ],
    "R5": [
        (story, cut(r"(\| Model: [^\n]*)`v43` \[E\d+\] \| `v42`", r"\1`v42` [E9] | `v42`")),
        (story, put("prompt or configuration; ", "")),
    ],
    "H1": [(story, cut(r"<!-- human:learning -->[^<]*<!-- /human -->\n\n"))],
    "H2": [(story, without_citations)],
    "H3": [
        (story, put("|  |  |  |  |  |  |", "| D-3 alert | prevent | platform |  | T-1 | done |")),
        (story, put("|  |  |  |  |  |  |", "| D-3 alert | prevent | platform | TBD | T-1 | done |")),
        (story, put("|  |  |  |  |  |  |", "|  |  |  |  |  |  |\n\n- add an alert")),
    ],
    "H4": [
        (story, into("summary", "- Action by careless Muster [E10].")),
        (story, into("summary", "- Action by <@U02OMAR> [E10].")),
    ],
    "H5": [
        (story, cut(r"- Owner: [^\n]*\n")),
        (story, put("**Draft** ·", "Draft ·")),
        (story, put("State: **Draft**", "State: **Closed**")),
        (story, into("summary", "- Declared [E3]" + " and declared" * 60 + ".")),
    ],
    "H6": [
        (story, cut(r"- model owner of `fraud-ml` \[E9\]\n")),
        (story, put("- model owner of `fraud-ml` [E9]", "- model owner of `fraud-ml` [E10]")),
    ],
}  # fmt: skip


def test_both_documents_pass_undamaged():
    for chain in (story(), odd()):
        assert [c for c in scored(draft(chain).text, chain).values() if not c.ok] == []


def test_every_check_has_a_damage_of_its_own():
    assert list(ALONE) == list(scored(draft(story()).text, story()))


@pytest.mark.parametrize(("check", "number"), [(name, n) for name, cases in ALONE.items() for n in range(len(cases))])
def test_damage_fails_this_check_and_no_other(check, number):
    made, damage = ALONE[check][number]
    chain = made()
    damaged = damage(draft(chain).text)
    failed = {c.id: c.why for c in scored(damaged, chain).values() if not c.ok}
    assert set(failed) - {"F0"} == {check} - {"F0"}, failed
    assert all(failed.values())
