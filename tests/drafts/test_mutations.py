"""Damage done to drafts: with F0 all of it is found, without it most."""

import re
from collections.abc import Callable

import pytest

from tests.drafts.chains import Chain, recorded, story, timeline_files
from tests.drafts.drafting import draft, scored
from tests.drafts.watched import watched

Damage = Callable[[str], str]


def swap(pattern: str, by: str, nth: int = 0) -> Damage:
    """Replace the nth match inside machine text."""

    def damage(text: str) -> str:
        found = list(re.finditer(pattern, text))
        if len(found) <= nth:
            return text
        one = found[nth]
        return text[: one.start()] + one.expand(by) + text[one.end() :]

    return damage


def after_heading(block: str, line: str) -> Damage:
    """Put a line at the end of a machine block."""
    return swap(rf"(<!-- machine:{block} [^\n]*\n(?:(?!<!-- /machine)[^\n]*\n)*)", rf"\g<1>{line}\n")


def drop_row(nth: int) -> Damage:
    """Take a row out of the timeline."""
    return swap(r"\| \[E\d+\]↺? \| \d{4}-[^\n]*\n", "", nth)


# name: (damage, whether a lexical check must see it without F0)
DAMAGES: dict[str, tuple[Damage, bool]] = {
    "minute of a row": (swap(r"(\| \[E\d+\] \| \d{4}-\d\d-\d\d \d\d:)\d\d", r"\g<1>59", 1), True),
    "day of an instant": (swap(r"(\| Resolved \| \d{4}-\d\d-)\d\d", r"\g<1>09"), True),
    "year of an instant": (swap(r"(\| Impact start \| )\d{4}", r"\g<1>1999"), True),
    "a time out of nothing": (after_heading("summary", "- It began at 03:33:33 [E1]."), True),
    "a bare date": (after_heading("summary", "- It began on 1999-01-01 [E1]."), True),
    "length": (swap(r"\d+ (h|min|s)( \[E\d+\]→)", r"77 \1\2"), True),
    "length without citation": (swap(r"(\d+ (?:h|min|s)) \[E\d+\]→\[E\d+\]", r"\1 [E1]"), True),
    "end of a length": (swap(r"(\[E\d+\]→)\[E\d+\]", r"\g<1>[E1]"), False),
    "both ends swapped": (swap(r"(min|h) (\[E\d+\])→(\[E\d+\])", r"\1 \3→\2"), True),
    "length of nobody": (after_heading("durations", "It lasted 5 d 3 h."), True),
    "row dropped": (drop_row(1), True),
    "first row dropped": (drop_row(0), True),
    "row doubled": (swap(r"(\| \[E\d+\]↺? \| \d{4}-[^\n]*\n)", r"\1\1", 1), True),
    "rows exchanged": (swap(r"(\| \[E\d+\] \| \d{4}-[^\n]*\n)(\| \[E\d+\] \| \d{4}-[^\n]*\n)", r"\2\1", 0), True),
    "event that does not exist": (swap(r"\[E1\]", "[E999]"), True),
    "fact without citation": (after_heading("verification", "The service was checked by the owner."), True),
    "number out of nothing": (after_heading("communication", "98765 people were told [E1]."), True),
    "percentage": (after_heading("summary", "- Errors rose by 4711 % [E1]."), True),
    "cause": (after_heading("changes", "The deployment caused the outage [E1]."), True),
    "due to": (after_heading("summary", "- Down due to the release [E1]."), True),
    "root cause": (after_heading("state", "Root cause: the release [E1]."), True),
    "version in the state": (swap(r"(\| Model: [^\n]*?)`v?4\d`", r"\1`v99`"), True),
    "category of the state dropped": (swap(r"\| Fallback[^\n]*\n|; fallback", ""), False),
    "reason of the state": (swap(r"(Not read \(“)no ", r"\1one "), True),
    "blame": (after_heading("decisions", "The operator made a careless change [E1]."), True),
    "counterfactual": (after_heading("decisions", "The owner should have been asked [E1]."), True),
    "feeling": (after_heading("summary", "- A terrible night [E1]."), True),
    "person by Slack id": (after_heading("decisions", "Approved by <@U02OMAR> [E1]."), True),
    "person by name": (after_heading("decisions", "Approved by @omar [E1]."), True),
    "quotation nobody said": (after_heading("timeline", "“We are sorry” [E1]"), True),
    "action item invented": (after_heading("record", "Action item: add an alert [E1]."), True),
    "half an action item": (swap(r"\|  \|  \|  \|  \|  \|", "| prevent | | | | done |"), True),
    "plausible false sentence": (
        after_heading("decisions", "The rollback was approved by the service owner [E1]."),
        False,
    ),
    "noticed by": (swap(r"\| Noticed by \| [a-z ]+ \|", "| Noticed by | nobody |"), False),
    "unmarked coarse time": (swap(r" \(to the day\)| \(approx\.\)| \(inferred\)", ""), False),
    "disclaimer gone": (swap(r"\*In order of time only[^\n]*\n", ""), False),
    "block gone": (swap(r"<!-- machine:state [^\n]*\n(?:(?!<!-- /machine)[^\n]*\n)*<!-- /machine -->\n", ""), False),
    "chain head": (swap(r"chain head `[0-9a-f]{4}", "chain head `0000"), False),
    "event count": (swap(r"\n\d+ events", "\n12345 events"), False),
}


def chains() -> list[tuple[str, Chain]]:
    """The story and the recorded timelines."""
    return [("story", story()), ("watched", watched()), *((path.stem, recorded(path)[1]) for path in timeline_files())]


@pytest.mark.parametrize("name", list(DAMAGES))
def test_damage_is_found(name):
    damage, lexical = DAMAGES[name]
    applied = 0
    for title, chain in chains():
        text = draft(chain).text
        damaged = damage(text)
        if damaged == text:
            continue
        applied += 1
        critical = [c.id for c in scored(damaged, chain).values() if c.critical and not c.ok]
        assert critical, f"{name} in {title} passes"
        if lexical:
            assert [c for c in critical if c != "F0"], f"only F0 sees {name} in {title}"
    assert applied


def test_damage_with_a_new_digest_is_found_too():
    import hashlib

    chain = story()
    text = draft(chain).text.replace("decided by model owner", "decided by service owner")
    content = re.search(r"<!-- machine:summary sha256=([0-9a-f]+) -->\n(.*?)\n<!-- /machine -->", text, re.S)
    assert content is not None
    forged = text.replace(content[1], hashlib.sha256(content[2].encode()).hexdigest())
    assert not scored(forged, chain)["F0"].ok
