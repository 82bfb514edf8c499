"""A topic of SNS that asks whether it may send here: told yes where it is listed, and what happened is noted."""

from __future__ import annotations

from bot.providers.alerts.aws.sns import CONFIRMATION
from bot.providers.signatures import Unreached
from bot.web.problems import Refused
from bot.web.sources import Source
from playbooks.plays.house import House


def subscribed(house: House, source: Source, body: bytes) -> bool:
    """Whether the body was a listed topic's question, which is answered then.

    Raises Refused: 503 where Amazon does not answer, so that the topic asks again; StoreBusy.
    """
    if source.proof is None or CONFIRMATION.encode() not in body:
        return False
    try:
        message = source.proof.message(body)
        if message is None or message.get("Type") != CONFIRMATION:
            return False
        _note(house, source, f"The topic {message['TopicArn']} asks to send to `{source.name}`; it is listed.")
        source.proof.confirm(message)
    except Unreached as unreached:
        raise Refused(503, "unconfirmed", f"{unreached}. Send it again.", retry_after=5) from None
    except ValueError as error:
        _note(house, source, f"A topic's question to `{source.name}` cannot be answered: {error}.")
        return False
    _note(house, source, f"The topic {message['TopicArn']} sends to `{source.name}` from now on.")
    return True


def _note(house: House, source: Source, text: str) -> None:
    with house.store.begin(lane="alerts") as uow:
        uow.notice(f"sns:{source.name}", text, now=house.now())
