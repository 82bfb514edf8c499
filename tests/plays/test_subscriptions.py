"""A topic of SNS that asks whether it may send: answered where it is listed, and asked again while Amazon is away."""

from __future__ import annotations

import pytest

from bot.providers.sns_proof import SnsProof
from bot.web.problems import Refused
from bot.web.sources import Source, source
from bot.web.subscriptions import subscribed
from tests.plays.stage import Stage, on_sqlite
from tests.sources.test_sns import CERTIFICATE, CONFIRM, TOPIC, Amazon, envelope, signed

pytestmark = on_sqlite


def _question(**more: object) -> bytes:
    told = envelope(Type="SubscriptionConfirmation", Token="2336", SubscribeURL=CONFIRM, Message="You have chosen …")
    del told["Subject"]
    return signed(told | more)


def _source(amazon: Amazon, *topics: str) -> Source:
    return source("aws", "sns", [], proof=SnsProof(topics or (TOPIC,), amazon))


def _noted(stage: Stage) -> list[tuple[str, int]]:
    with stage.bot.store.read() as uow:
        return [(text, count) for key, text, count, _, _ in uow.notices() if key == "sns:aws"]


def test_a_listed_topic_is_told_yes(stage: Stage) -> None:
    amazon = Amazon()
    assert subscribed(stage.house, _source(amazon), _question())
    assert amazon.asked == [CERTIFICATE, CONFIRM]
    assert _noted(stage) == [(f"The topic {TOPIC} sends to `aws` from now on.", 2)]


def test_a_topic_that_is_not_listed_is_not_answered(stage: Stage) -> None:
    amazon = Amazon()
    assert not subscribed(stage.house, _source(amazon, TOPIC + "-other"), _question())
    assert amazon.asked == []
    assert _noted(stage) == []


def test_a_question_that_amazon_did_not_sign_is_not_answered(stage: Stage) -> None:
    amazon = Amazon()
    assert not subscribed(stage.house, _source(amazon), _question().replace(b"2336", b"2337", 1))
    assert amazon.asked == [CERTIFICATE]


@pytest.mark.parametrize("url", ["https://evil.example/?Action=ConfirmSubscription", "http://169.254.169.254/", ""])
def test_an_address_that_is_not_amazons_is_never_asked(stage: Stage, url: str) -> None:
    amazon = Amazon()
    amazon.answers[url] = b""
    assert not subscribed(stage.house, _source(amazon), _question(SubscribeURL=url))
    assert amazon.asked == [CERTIFICATE]
    assert "no address of SNS" in _noted(stage)[0][0]


@pytest.mark.parametrize("away", [CERTIFICATE, CONFIRM])
def test_while_amazon_is_away_the_topic_is_asked_to_come_again(stage: Stage, away: str) -> None:
    amazon = Amazon()
    del amazon.answers[away]
    with pytest.raises(Refused) as refused:
        subscribed(stage.house, _source(amazon), _question())
    assert (refused.value.status, refused.value.retry_after) == (503, 5)
    amazon.answers[CERTIFICATE], amazon.answers[CONFIRM] = Amazon().answers.values()
    assert subscribed(stage.house, _source(amazon), _question())


def test_other_messages_are_no_questions(stage: Stage) -> None:
    assert not subscribed(stage.house, _source(Amazon()), signed(envelope()))
    assert not subscribed(stage.house, _source(Amazon()), b'{"Type": "SubscriptionConfirmation"')
    assert not subscribed(stage.house, source("aws", "sns", ["s"]), _question())
