"""SNS over HTTPS: its envelope, with CloudWatch alarms or EventBridge events in `Message`.

Bodies come with `Content-Type: text/plain`. Raw message delivery sends the message alone, and nothing is signed then.
A topic's own texts that are neither alarm nor event are kept. Signatures: `bot.providers.sns_proof`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic_core import from_json

from bot.providers.alerts.aws import cloudwatch, eventbridge
from bot.providers.alerts.reading import AlertSource, BadAlert, Headers, NoAlert, ReadResult, not_mappable
from bot.providers.alerts.telling import Came, dig, each, parsed, rows, text
from playbooks.domain.alerts import Alert

CONFIRMATION = "SubscriptionConfirmation"


def read(headers: Headers, body: bytes, *, source: str, received_at: datetime) -> ReadResult:
    """See `reading.Read`."""
    data = parsed(body)
    if cloudwatch.is_alarm(data) or eventbridge.is_event(data):
        return each(Came(headers, source, received_at, text(headers, "x-amz-sns-message-id")), [data], _of_message)
    envelopes = _envelopes(data)
    if not envelopes:
        raise not_mappable("it is no message of SNS: it has no `Type` and `Message`")
    key = ",".join(text(envelope, "MessageId") for envelope in envelopes)
    return each(Came(headers, source, received_at, key), envelopes, _of_envelope)


def _envelopes(data: Any) -> list[Mapping[str, Any]]:
    """The messages of a body; one that a Lambda function handed on holds them under `Records`."""
    found: list[Any] = [dig(record, "Sns") for record in rows(dig(data, "Records"))] or [data]
    well = all(isinstance(one, dict) and "Type" in one and "Message" in one for one in found)
    return found if well else []


def _of_envelope(came: Came, envelope: Mapping[str, Any]) -> Alert:
    kind, topic = text(envelope, "Type"), text(envelope, "TopicArn")
    if kind == CONFIRMATION:
        raise BadAlert(f"{topic} asks whether it may send here; list it under `topics` of the source, then ask again")
    if kind != "Notification":
        raise NoAlert(f"{kind} of {topic}")
    message = envelope["Message"]
    if isinstance(message, str):
        try:
            message = from_json(message)
        except ValueError:
            raise BadAlert(f"{topic} sent a text, no alarm: {message[:200]}") from None
    return _of_message(came, message, topic)


def _of_message(came: Came, message: Any, topic: str = "") -> Alert:
    if cloudwatch.is_alarm(message):
        return cloudwatch.alarm(came, message, topic)
    if eventbridge.is_event(message):
        return eventbridge.event_alert(came, message)
    raise BadAlert("its message is neither an alarm of CloudWatch nor an event of EventBridge")


SOURCE = AlertSource(read, in_address=("token",))
