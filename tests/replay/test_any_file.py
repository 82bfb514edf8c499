"""Any file of the format is told again, whatever it leaves out or adds: nothing is lost, and the draft passes."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.clock import RandomIds
from bot.console.hands import PlayHands, StandingClock
from bot.console.retelling import Teller, with_file
from bot.providers.oncall.resolver import OnCallBook
from playbooks import errors
from playbooks.domain.ownership import Registry
from playbooks.domain.timeline import Event, EventKind, Precision, verify_chain
from playbooks.domain.timeline_file import SCHEMA, TimelineFile, read_timeline
from playbooks.plays.house import House
from playbooks.plays.postmortem import draft_of
from playbooks.score import Rubric
from storage.engine import make_engine
from storage.store import SqlStore
from tests.migrated import lay

NUMBERS = count(1)
Told = tuple[TimelineFile, list[Event]]
Tell = Callable[[dict[str, Any]], Told]


@pytest.fixture(scope="module")
def tell(tmp_path_factory: pytest.TempPathFactory) -> Tell:
    """Tells a file's content into one database, each time as another file; its draft passes every check."""
    engine = make_engine(lay(tmp_path_factory.mktemp("any") / "muster.db"))
    store = SqlStore(engine, RandomIds())

    def told(data: dict[str, Any]) -> Told:
        number = next(NUMBERS)
        title = f"{number} {data.get('title', '')}"  # what is called the same and open is the same incident
        file = read_timeline({**data, "schema": SCHEMA, "id": f"file-{number}", "title": title}, "some.json")
        registry, clock = with_file(Registry(), file), StandingClock(file.told[0].at)
        house = House(store, clock, RandomIds(), lambda: registry, OnCallBook(lambda: registry, clock))
        incident_id = Teller(file, PlayHands(house, clock, file.id, file.source)).tell()
        with store.read() as uow:
            incident = uow.incident(incident_id)
            assert incident is not None
            events, draft = list(uow.events(incident_id)), draft_of(house, uow, incident)
        labels = {s.id: s.label for s in house.rules.severities}
        assert verify_chain(incident_id, events, head=incident.chain_head).ok
        rubric = Rubric(events, incident_id=incident_id, head=incident.chain_head, severities=labels)
        assert [(check.id, check.why) for check in rubric.checks(draft.text) if not check.ok] == []
        return file, events

    return told


OFFSETS = st.sampled_from([0, 60, -420, -480, 330, -210, 840, -720]).map(lambda m: timezone(timedelta(minutes=m)))
TIMES = st.builds(lambda s, zone: datetime.fromtimestamp(s, zone), st.integers(1_300_000_000, 1_790_000_000), OFFSETS)
NEAR = st.builds(lambda at, s: at + timedelta(seconds=s), TIMES, st.integers(0, 400_000))
KINDS = st.sampled_from([*EventKind, "acknowledged", "deploy", "coffee break", "", "Impact-Start"])
WORDS = st.one_of(
    st.text(st.characters(codec="utf-8"), max_size=60),
    st.sampled_from(
        ["errors at 35 %", "because of v43", "[E1] 3 h", "<@U1> did it", "“quoted” `code` | pipe", "-", "x: y"]
    ),
)
NAMES = st.one_of(
    st.sampled_from(["responders", "SRE", "monitoring", "on-call", "status page", "Workers KV", ""]), WORDS
)
EXTRA = st.dictionaries(
    st.sampled_from(
        "result action_type audience authority to_team from_team signal note severity state approved_by before after "
        "action phase of due_at automation outcome confidence kind_of".split()
    ),
    st.one_of(WORDS, st.sampled_from(["worked", "failed", "made_worse", "not stated", "public", "sev1"]),
              st.integers(-5, 10**6), st.floats(allow_nan=False), st.booleans(), st.none(),
              st.lists(WORDS, max_size=2)),
    max_size=4,
)  # fmt: skip


PRECISIONS = [*(p.value for p in Precision), "approximate", "relative", "before", "odd"]


@st.composite
def files(draw: st.DrawFn) -> dict[str, Any]:
    """A file over hours, days or a clock change, with whatever its writers thought of."""
    start, count_ = draw(TIMES), draw(st.integers(1, 9))
    rows = []
    for _ in range(count_):
        at = start + timedelta(seconds=draw(st.sampled_from([0, 60, 7200, 90_000]) | st.integers(0, 400_000)))
        row: dict[str, Any] = {
            "at": at.isoformat(),
            "kind": str(draw(KINDS)),
            "what": draw(WORDS),
            "actor": draw(NAMES),
        }
        row |= draw(EXTRA)
        if draw(st.booleans()):
            row["precision"] = draw(st.sampled_from(PRECISIONS))
        if draw(st.booleans()):
            row["component"] = draw(st.sampled_from(["api", "Vector Index", "reward_model", "ß", "x" * 90]) | WORDS)
        if draw(st.integers(0, 3)) == 0:
            row["ended_at"] = (at + timedelta(seconds=draw(st.integers(-600, 90_000)))).isoformat()
        rows.append(row)
    return {
        "title": draw(WORDS),
        "tz_in_source": draw(st.sampled_from(["UTC", "PDT", "UTC+1", "days", ""])),
        "components": draw(st.lists(WORDS, max_size=3)),
        "precision": draw(st.sampled_from(["minute", "day", "minute (some approximate)", ""])),
        "source": draw(st.sampled_from(["https://example.com/post", "a book", "", "javascript:alert(1)"])),
        "events": rows,
    }  # fmt: skip


@settings(max_examples=25, deadline=None)
@given(files())
def test_any_file_is_told(tell: Tell, data: dict[str, Any]):
    file, events = tell(data)
    kept = "\n".join(event.text for event in events)
    assert [one.text for one in file.told if one.text[:40] not in kept] == []


def row(at: str, kind: str, **more: Any) -> dict[str, Any]:
    """A row of a file."""
    return {"at": at, "kind": kind, "what": f"{kind} told", "actor": "responders", **more}


def only(events: list[Event], kind: EventKind) -> Event:
    """The one event of a kind."""
    (found,) = [event for event in events if event.kind is kind]
    return found


def test_three_components_have_clocks_of_their_own(tell: Tell):
    parts = ("dynamodb", "ec2", "nlb")
    rows = [row(f"2025-10-19T23:{n}8:00-07:00", "impact_start", component=c) for n, c in enumerate(parts, start=1)]
    rows += [row(f"2025-10-20T0{n}:25:00-07:00", "resolved", component=c) for n, c in enumerate(parts, start=2)]
    file, events = tell({"events": rows, "components": list(parts)})
    phases = [
        (e.kind.value, e.payload.get("phase")) for e in events if e.kind in (EventKind.IMPACT_START, EventKind.RESOLVED)
    ]
    assert sorted(phases, key=str) == sorted(
        [("impact_start", None), ("impact_start", "ec2"), ("impact_start", "nlb"),
         ("resolved", "dynamodb"), ("resolved", "ec2"), ("resolved", None)], key=str)  # fmt: skip
    assert len(file.told) == 6


def test_several_days_over_a_clock_change(tell: Tell):
    rows = [
        row("2026-10-24T23:30:00+02:00", "impact_start"),
        row("2026-10-25T02:30:00+02:00", "observation", what="half past two, before the clocks go back"),
        row("2026-10-25T02:30:00+01:00", "observation", what="half past two once more"),
        row("2026-10-26T09:00:00+01:00", "resolved"),
    ]
    _, events = tell({"events": rows, "tz_in_source": "Europe/Berlin"})
    seen = [event for event in events if event.kind is EventKind.OBSERVATION]
    assert seen[1].occurred_at - seen[0].occurred_at == timedelta(hours=1)
    assert only(events, EventKind.RESOLVED).occurred_at - only(events, EventKind.IMPACT_START).occurred_at == timedelta(
        hours=34, minutes=30
    )


def test_what_is_known_of_a_time_stays_marked(tell: Tell):
    rows = [
        row("2026-03-01", "impact_start"),
        row("2026-03-02T10:00:00", "report", actor="a user"),
        row("2026-03-03T10:00:00+00:00", "resolved", precision="day"),
    ]
    _, events = tell({"events": rows})
    assert only(events, EventKind.IMPACT_START).new.precision is Precision.DAY
    assert only(events, EventKind.REPORT).new.precision is Precision.INFERRED
    assert [e.new.precision for e in events if e.new.supersedes][-1] is Precision.DAY


def test_authority_team_and_audience_are_facts(tell: Tell):
    rows = [
        row("2026-03-01T10:00:00Z", "impact_start"),
        row("2026-03-01T10:05:00Z", "decision", authority="the duty manager"),
        row("2026-03-01T10:06:00Z", "action", authority="not stated", result="partial"),
        row("2026-03-01T10:10:00Z", "handoff", actor="SRE", to_team="model team"),
        row("2026-03-01T10:20:00Z", "comms", audience="customers"),
    ]
    _, events = tell({"events": rows})
    assert only(events, EventKind.DECISION).payload["right"] == "the duty manager"
    assert "right" not in only(events, EventKind.ACTION).payload
    assert only(events, EventKind.HANDOFF).payload["to_team"] == "model-team"
    assert only(events, EventKind.COMMS).payload["audience"] == "customers"


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({}, "f.json has no events."),
        ({"events": []}, "f.json has no events."),
        ({"events": ["x"]}, "f.json: event 1 is no mapping."),
        ({"events": [{"kind": "alert"}]}, "f.json: event 1 has no time that can be read: “”."),
        ({"events": [row("2026-01-01T00:00:00Z", "note"), row("soon", "note")]}, "f.json: event 2 has no time"),
        ({"events": [row("2026-01-01T00:00:00Z", "note", ended_at="x")]}, "f.json: the end of event 1 has no time"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_sentence(data: dict[str, Any], sentence: str):
    with pytest.raises(errors.InputError) as caught:
        read_timeline(data, "f.json")
    assert caught.value.sentence.startswith(sentence)
    assert caught.value.next_step


def test_instants_people_stated_are_read_beside_words():
    path = Path(__file__).parents[1] / "timelines" / "knight-capital-2012-08-01-runaway-router.json"
    golden = read_timeline(json.loads(path.read_text()), path.name).golden
    assert golden["first_alert_at"] == datetime(2012, 8, 1, 12, 1, tzinfo=UTC)
    assert "warning_lead" not in golden
