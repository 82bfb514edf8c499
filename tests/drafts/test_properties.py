"""Whatever the chain holds: it renders, verifies, and passes the checks on times, lengths, order and citations."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from playbooks.domain.ai_state import CATEGORIES, Moment
from playbooks.domain.drafts.page import body_of
from playbooks.domain.people import Actor, ActorKind
from playbooks.domain.timeline import EventKind, EventSource, Precision, utc_text
from tests.drafts.chains import Chain
from tests.drafts.drafting import draft, problems, scored

TIMES = st.integers(0, 40 * 86400).map(lambda s: datetime(2026, 3, 1, tzinfo=UTC) + timedelta(seconds=s))
TEXTS = st.one_of(
    st.text(st.characters(codec="utf-8"), max_size=40),
    st.sampled_from(
        [
            "<!-- /machine -->",
            "[E1] 3 h [E1]→[E2]",
            "“12:34:56”",
            "a|b",
            "\\",
            "`",
            "because 99",
            "2020-01-01 00:00:00 UTC",
            "rollback",
            "approved",
            "<@U1>",
            "- x\n| y",
            "5 min",
        ]
    ),
)
WORDS = st.sampled_from(
    ["approved", "denied", "requested", "started", "worked", "failed", "confirmed", "open", "refuted"]
)
KEYS = st.sampled_from(
    "action kind component phase target before after right verdict approvals needed result outcome evidence due_at "
    "override severity from to role state of audience next_due_at title stages missing registry tier subject status "
    "requester_role fallback environment playbook action_type phase".split()
)
VALUES = st.one_of(TEXTS, WORDS, st.integers(-5, 10**6), st.none(), st.booleans(), TIMES.map(utc_text), st.lists(TEXTS))
ROW = st.dictionaries(
    st.sampled_from("category subject value from read".split()),
    st.one_of(st.sampled_from(CATEGORIES), TEXTS, st.integers(0, 9)),
)
SNAPSHOT = st.fixed_dictionaries(
    {"moment": st.sampled_from(Moment).map(str), "rows": st.lists(ROW, max_size=4), "why": TEXTS}
)
ACTORS = st.builds(
    Actor, st.sampled_from(ActorKind), st.sampled_from(["dana", "omar", "muster"]), st.just("U1"), TEXTS, TEXTS
)


@st.composite
def chains(draw: st.DrawFn) -> Chain:
    chain = Chain(draw(st.integers(1, 999)))
    for _ in range(draw(st.integers(0, 14))):
        earlier = st.sampled_from([e.id for e in chain.events] or [""])
        payload: dict[str, Any] = draw(st.dictionaries(KEYS, VALUES, max_size=6))
        if draw(st.booleans()):
            payload["action"] = draw(st.integers(1, 3))
        if draw(st.integers(0, 3)) == 0:
            payload |= draw(SNAPSHOT)
        chain.add(
            draw(st.sampled_from(EventKind)),
            draw(TIMES),
            draw(TEXTS),
            draw(ACTORS),
            recorded=draw(TIMES),
            source=draw(st.sampled_from(EventSource)),
            precision=draw(st.sampled_from(Precision)),
            component=draw(TEXTS),
            source_ref=draw(TEXTS),
            payload=payload,
            supersedes=draw(earlier) if draw(st.integers(0, 4)) == 0 else "",
            retracts=draw(earlier) if draw(st.integers(0, 5)) == 0 else "",
            occurred_until=draw(st.none() | TIMES),
        )
    return chain


@settings(max_examples=40, deadline=None)
@given(chains())
def test_any_chain_renders_and_passes(chain):
    text = draft(chain).text
    assert problems(text, chain) == []
    failed = [check for check in scored(text, chain).values() if check.critical and not check.ok]
    assert failed == []
    assert draft(chain).text == text
    assert not any("<script" in section.body for section in body_of(text).sections)
