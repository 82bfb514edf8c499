"""One contract for every messenger: the fake, and Slack's own client against the local workspace over HTTP."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from bot.slack.messenger import SlackMessenger, build_client
from bot.slack.pauses import Pauses
from bot.workspace import Workspace, example_seed
from playbooks import errors
from playbooks.errors import Kind
from playbooks.ports import Messenger, Posted
from tests.contracts.fake_slack import FakeSlack, SlackFault
from tests.contracts.lever_suite import SetClock

NIGHT = datetime(2026, 11, 21, 2, 31, tzinfo=UTC)
FRAUD, RISK, OLD = "C01FRAUDML", "C02RISK", "C03OLD"
DANA, OMAR = "U01DANA", "U02OMAR"
HELLO = {"text": "fraud-scorer is drifting", "blocks": []}


@dataclass
class Bench:
    """A messenger with the workspace behind it, looked at from outside."""

    messenger: Messenger
    clock: SetClock
    fail: Callable[..., None]
    texts: Callable[[str], list[str]]
    pins: Callable[[str], list[str]]
    topic: Callable[[str], str]
    members: Callable[[str], set[str]]
    whispers: Callable[[str, str], list[str]]
    file_text: Callable[[str], str | None]
    delete: Callable[[Posted], None]


@contextmanager
def fake() -> Iterator[Bench]:
    clock = SetClock(NIGHT)
    slack = FakeSlack(clock, users={DANA, OMAR, "U03LIN", "U04MEI", "U05RAVI"})
    slack.add_channel(FRAUD, "fraud-ml", DANA, OMAR, "U03LIN")
    slack.add_channel(RISK, "risk-updates", "U03LIN", "U04MEI")
    slack.add_channel(OLD, "old-incidents", DANA, bot=False)
    slack.archive(OLD)
    yield Bench(
        slack,
        clock,
        slack.fail,
        slack.texts,
        lambda channel: list(slack.channels[channel].pins),
        lambda channel: slack.channels[channel].topic,
        lambda channel: set(slack.channels[channel].members),
        lambda user, channel: [e.text for e in slack.ephemerals if (e.user, e.channel) == (user, channel)],
        lambda number: next((f.text for f in slack.files if f.id == number), None),
        slack.delete,
    )


@contextmanager
def real() -> Iterator[Bench]:
    clock = SetClock(NIGHT)
    with Workspace(example_seed(), clock=lambda: clock.at.timestamp()) as space:

        def fail(
            fault: SlackFault,
            *,
            on: str = "*",
            times: int | None = None,
            code: str = "",
            needed: str = "",
            retry_after: float = 1.0,
        ) -> None:
            faults = space.faults
            if fault is SlackFault.RATE_LIMITED:
                faults.rate_limited(on, times, retry_after=int(retry_after))
            elif fault is SlackFault.SERVER_ERROR:
                faults.server_error(on, times, status=503)
            elif fault is SlackFault.DROP_AFTER:
                faults.drop_after_receive(on, times)
            elif fault is SlackFault.DROP_BEFORE:
                faults.drop_before(on, times)
            else:
                faults.refuse(on, code, times, **({"needed": needed} if needed else {}))

        client = build_client(space.bot_token, space.api_url, timeout=5)
        yield Bench(
            SlackMessenger(client, pauses=Pauses(lambda: clock.at.timestamp())),
            clock,
            fail,
            lambda channel: [m.text for m in space.history(channel) if m.subtype in (None, "")],
            lambda channel: [pin.ts for pin in space.channel(channel).pins],
            lambda channel: space.channel(channel).topic.value,
            lambda channel: set(space.channel(channel).members),
            lambda user, channel: [m.text for m in space.ephemerals(user, channel)],
            space.file_text,
            lambda posted: space.delete_message(space.seed.bot_user_id, posted.ts),
        )


@pytest.fixture(params=[fake, real], ids=["fake", "workspace"])
def bench(request: pytest.FixtureRequest) -> Iterator[Bench]:
    with request.param() as made:
        yield made


def test_a_post_is_found_again_by_its_delivery_id(bench: Bench) -> None:
    posted = bench.messenger.post(FRAUD, HELLO, delivery="owner_note:42")
    assert bench.texts(FRAUD) == [HELLO["text"]]
    assert bench.messenger.find_delivery(FRAUD, "owner_note:42", since=NIGHT) == posted
    assert bench.messenger.find_delivery(FRAUD, "owner_note:43", since=NIGHT) is None
    assert bench.messenger.find_delivery(RISK, "owner_note:42", since=NIGHT) is None


def test_a_delivery_is_not_looked_for_before_since(bench: Bench) -> None:
    bench.messenger.post(FRAUD, HELLO, delivery="card:1")
    bench.clock.at += timedelta(hours=2)
    assert bench.messenger.find_delivery(FRAUD, "card:1", since=NIGHT + timedelta(hours=1)) is None


def test_an_update_changes_in_place_and_stays_findable(bench: Bench) -> None:
    posted = bench.messenger.post(FRAUD, HELLO, delivery="card:1")
    bench.messenger.update(posted, {"text": "it is over", "blocks": []}, delivery="card:1")
    assert bench.texts(FRAUD) == ["it is over"]
    assert bench.messenger.find_delivery(FRAUD, "card:1", since=NIGHT) == posted


def test_an_update_of_a_deleted_message_says_so(bench: Bench) -> None:
    posted = bench.messenger.post(FRAUD, HELLO, delivery="card:1")
    bench.delete(posted)
    with pytest.raises(errors.SlackError) as refused:
        bench.messenger.update(posted, HELLO, delivery="card:1")
    assert (refused.value.code, refused.value.kind) == ("message_not_found", Kind.PERMANENT)


def test_two_posts_in_one_instant_are_two_messages(bench: Bench) -> None:
    first = bench.messenger.post(FRAUD, HELLO, delivery="a")
    assert bench.messenger.post(FRAUD, HELLO, delivery="b").ts > first.ts


@pytest.mark.parametrize(("channel", "code"), [("C0NOWHERE", "channel_not_found"), (OLD, "is_archived")])
def test_a_post_where_it_cannot_be_is_refused_for_good(bench: Bench, channel: str, code: str) -> None:
    with pytest.raises(errors.SlackError) as refused:
        bench.messenger.post(channel, HELLO, delivery="x")
    assert (refused.value.code, refused.value.kind) == (code, Kind.PERMANENT)
    assert refused.value.next_step


def test_a_channel_is_created_once_and_known_as_ours(bench: Bench) -> None:
    channel = bench.messenger.create_channel("inc-42-fraud-scorer-drift")
    with pytest.raises(errors.SlackError) as taken:
        bench.messenger.create_channel("inc-42-fraud-scorer-drift")
    assert (taken.value.code, taken.value.kind) == ("name_taken", Kind.CONFLICT)
    assert bench.messenger.find_channel("inc-42-fraud-scorer-drift") == (channel, True)
    assert bench.messenger.find_channel("fraud-ml") == (FRAUD, False)
    assert bench.messenger.find_channel("inc-43") is None


def test_the_name_of_an_archived_channel_is_taken_too(bench: Bench) -> None:
    with pytest.raises(errors.SlackError, match="exists") as taken:
        bench.messenger.create_channel("old-incidents")
    assert taken.value.code == "name_taken"


def test_a_topic_is_cut_to_what_slack_takes(bench: Bench) -> None:
    channel = bench.messenger.create_channel("inc-1")
    bench.messenger.set_topic(channel, "x" * 300)
    assert bench.topic(channel) == "x" * 249 + "…"


def test_one_refused_person_keeps_nobody_else_out(bench: Bench) -> None:
    channel = bench.messenger.create_channel("inc-1")
    refused = bench.messenger.invite(channel, [DANA, "U09STRANGER", OMAR, DANA])
    assert dict(refused) == {"U09STRANGER": "user_not_found"}
    assert {DANA, OMAR} <= bench.members(channel)
    assert dict(bench.messenger.invite(channel, [DANA])) == {}


def test_nobody_to_invite_is_no_call(bench: Bench) -> None:
    assert dict(bench.messenger.invite("C0NOWHERE", [])) == {}


def test_a_pin_may_be_set_twice(bench: Bench) -> None:
    posted = bench.messenger.post(FRAUD, HELLO, delivery="card:1")
    bench.messenger.pin(posted)
    bench.messenger.pin(posted)
    assert bench.pins(FRAUD) == [posted.ts]


def test_a_pin_on_nothing_is_refused(bench: Bench) -> None:
    with pytest.raises(errors.SlackError) as refused:
        bench.messenger.pin(Posted(FRAUD, "1795228260.000100"))
    assert refused.value.code == "message_not_found"


def test_a_whisper_is_seen_by_one_person_and_not_found_again(bench: Bench) -> None:
    bench.messenger.post_ephemeral(FRAUD, DANA, HELLO)
    assert bench.whispers(DANA, FRAUD) == [HELLO["text"]]
    assert bench.whispers(OMAR, FRAUD) == []
    assert bench.texts(FRAUD) == []


def test_a_whisper_to_somebody_elsewhere_is_refused_for_good(bench: Bench) -> None:
    with pytest.raises(errors.SlackError) as refused:
        bench.messenger.post_ephemeral(RISK, DANA, HELLO)
    assert (refused.value.code, refused.value.kind) == ("user_not_in_channel", Kind.PERMANENT)


def test_a_direct_conversation_is_one_per_person(bench: Bench) -> None:
    here = bench.messenger.open_dm(OMAR)
    assert bench.messenger.open_dm(OMAR) == here
    assert bench.messenger.open_dm(DANA) != here
    posted = bench.messenger.post(here, HELLO, delivery="ask:1:U02OMAR")
    assert bench.messenger.find_delivery(here, "ask:1:U02OMAR", since=NIGHT) == posted


def test_a_stranger_has_no_direct_conversation(bench: Bench) -> None:
    with pytest.raises(errors.SlackError) as refused:
        bench.messenger.open_dm("U09STRANGER")
    assert refused.value.code == "user_not_found"


def test_a_file_is_shared_whole(bench: Bench) -> None:
    text = "# INC-42\n" + "æ line\n" * 3000
    number = bench.messenger.upload(FRAUD, filename="inc-42.md", title="INC-42", text=text, comment="The draft.")
    assert bench.file_text(number) == text


def test_a_link_leads_to_the_message(bench: Bench) -> None:
    posted = bench.messenger.post(FRAUD, HELLO, delivery="x")
    assert posted.ts.replace(".", "") in bench.messenger.permalink(posted)


# ---------------------------------------------------------------- faults

WRITES: dict[str, Callable[[Messenger], object]] = {
    "chat.postMessage": lambda m: m.post(FRAUD, HELLO, delivery="x"),
    "conversations.create": lambda m: m.create_channel("inc-7"),
    "conversations.setTopic": lambda m: m.set_topic(FRAUD, "a topic"),
    "chat.postEphemeral": lambda m: m.post_ephemeral(FRAUD, DANA, HELLO),
}


@pytest.mark.parametrize("method", WRITES)
def test_rate_limited_says_how_long_and_does_nothing(bench: Bench, method: str) -> None:
    bench.fail(SlackFault.RATE_LIMITED, on=method, times=1, retry_after=30)
    with pytest.raises(errors.SlackError) as refused:
        WRITES[method](bench.messenger)
    assert (refused.value.kind, refused.value.retry_after) == (Kind.RATE_LIMITED, 30.0)
    assert bench.texts(FRAUD) == []
    bench.clock.at += timedelta(seconds=30)
    WRITES[method](bench.messenger)


@pytest.mark.parametrize("method", WRITES)
def test_a_server_error_may_be_tried_again(bench: Bench, method: str) -> None:
    bench.fail(SlackFault.SERVER_ERROR, on=method, times=1)
    with pytest.raises(errors.SlackError) as refused:
        WRITES[method](bench.messenger)
    assert refused.value.kind is Kind.TRANSIENT
    WRITES[method](bench.messenger)


@pytest.mark.parametrize("fault", [SlackFault.DROP_AFTER, SlackFault.DROP_BEFORE])
@pytest.mark.parametrize("method", WRITES)
def test_no_answer_to_a_write_is_an_unknown_outcome(bench: Bench, method: str, fault: SlackFault) -> None:
    bench.fail(fault, on=method, times=1)
    with pytest.raises(errors.OutcomeUnknown) as unknown:
        WRITES[method](bench.messenger)
    assert unknown.value.kind is Kind.UNKNOWN_OUTCOME


def test_after_a_lost_answer_the_message_is_there_and_found(bench: Bench) -> None:
    bench.fail(SlackFault.DROP_AFTER, on="chat.postMessage", times=1)
    with pytest.raises(errors.OutcomeUnknown):
        bench.messenger.post(FRAUD, HELLO, delivery="x")
    assert bench.messenger.find_delivery(FRAUD, "x", since=NIGHT) is not None


def test_after_a_cut_on_the_way_there_it_is_not(bench: Bench) -> None:
    bench.fail(SlackFault.DROP_BEFORE, on="chat.postMessage", times=1)
    with pytest.raises(errors.OutcomeUnknown):
        bench.messenger.post(FRAUD, HELLO, delivery="x")
    assert bench.messenger.find_delivery(FRAUD, "x", since=NIGHT) is None


def test_a_channel_made_without_an_answer_is_recognised(bench: Bench) -> None:
    bench.fail(SlackFault.DROP_AFTER, on="conversations.create", times=1)
    with pytest.raises(errors.OutcomeUnknown):
        bench.messenger.create_channel("inc-7")
    found = bench.messenger.find_channel("inc-7")
    assert found is not None
    assert found[1]


def test_a_missing_scope_is_named_with_what_to_do(bench: Bench) -> None:
    bench.fail(SlackFault.REFUSE, on="conversations.create", times=1, code="missing_scope", needed="channels:manage")
    with pytest.raises(errors.SlackError) as refused:
        bench.messenger.create_channel("inc-7")
    assert (refused.value.code, refused.value.kind) == ("missing_scope", Kind.PERMANENT)
    assert "channels:manage" in refused.value.told
    assert "muster manifest" in refused.value.told


def test_a_missing_scope_at_invite_is_the_whole_call(bench: Bench) -> None:
    channel = bench.messenger.create_channel("inc-7")
    bench.fail(SlackFault.REFUSE, on="conversations.invite", times=1, code="missing_scope", needed="channels:manage")
    with pytest.raises(errors.SlackError) as refused:
        bench.messenger.invite(channel, [DANA, OMAR])
    assert refused.value.code == "missing_scope"
