"""Alerts that arrive in Slack: one episode however often it is said, ended by its own app, our own words never."""

from __future__ import annotations

from typing import Any, cast

from slack_sdk import WebClient

from bot.slack import events
from bot.slack.alert_messages import AlertChannel
from bot.slack.calls import Desk
from bot.slack.messenger import EVENT_TYPE
from playbooks.domain.incidents import State
from tests.plays.stage import MINUTE, Stage

CHANNEL = "C20ALERTS"
APP = {"bot_id": "B01OLD", "user": "U0OLDBOT", "bot_profile": {"name": "Old monitor"}}


def hear(stage: Stage, text: str, ts: str, **more: Any) -> None:
    """An event of the channel, as the listener takes it."""
    desk = Desk(
        stage.house,
        self_user=lambda: "U0MUSTER",
        alert_channels={CHANNEL: AlertChannel("old-monitor", component="service")},
    )
    fields = [{"title": "Service", "value": "ranker"}]
    message: dict[str, Any] = {"type": "message", "channel": CHANNEL, "ts": ts, "text": "", **APP}
    message |= {"attachments": [{"title": text, "fields": fields}]} | more
    events.handle(desk, cast(WebClient, None), lambda _message: {}, message, f"Ev{ts}")


def stamp(stage: Stage) -> str:
    return f"{stage.clock.at.timestamp():.6f}"


def test_a_message_of_an_app_opens_an_incident_of_the_component_it_names(stage: Stage) -> None:
    first = stamp(stage)
    hear(stage, "[FIRING:1] QueueLong", first)
    hear(stage, "[FIRING:1] QueueLong", first)  # delivered again
    stage.clock.at += MINUTE
    hear(stage, "[FIRING:2] QueueLong", stamp(stage))  # said again while it fires
    (one,) = stage.incidents()
    assert (one.component, one.opened_by, one.alerts_total, one.alerts_firing) == ("ranker", "source:old-monitor", 1, 1)
    stage.clock.at += MINUTE
    hear(stage, "[RESOLVED] QueueLong", stamp(stage))
    assert stage.incident(one.id).alerts_firing == 0
    assert stage.incident(one.id).state is State.TRIAGE


def test_an_app_may_end_it_by_changing_its_message(stage: Stage) -> None:
    first = stamp(stage)
    hear(stage, "QueueLong", first)
    stage.clock.at += MINUTE
    inner: dict[str, Any] = {**APP, "ts": first, "edited": {"ts": stamp(stage)}, "text": ""}
    inner |= {"attachments": [{"title": "Resolved: QueueLong", "fields": [{"title": "Service", "value": "ranker"}]}]}
    hear(stage, "", stamp(stage), subtype="message_changed", message=inner)
    assert stage.incident(1).alerts_firing == 0


def test_people_and_our_own_messages_are_no_alerts(stage: Stage) -> None:
    hear(stage, "QueueLong", stamp(stage), bot_id="")
    hear(stage, "QueueLong", stamp(stage), user="U0MUSTER")
    hear(stage, "QueueLong", stamp(stage), user="", metadata={"event_type": EVENT_TYPE})
    hear(stage, "QueueLong", stamp(stage), subtype="channel_topic")
    assert stage.incidents() == []


def test_a_message_without_words_is_kept_for_triage(stage: Stage) -> None:
    hear(stage, "", stamp(stage), attachments=[])
    stage.settle()
    assert stage.incidents() == []
    (told,) = stage.posted("post:raw:old-monitor")
    assert "it has no words" in told
