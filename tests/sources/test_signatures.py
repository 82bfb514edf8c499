"""Signature vectors of real senders: each verifies, and each with one byte changed does not."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.providers.sources import KINDS
from bot.web.sources import source
from tests.sources.bodies import PAYLOADS

KIND_OF = {
    "github": "github",
    "mlflow": "mlflow",
    "openai": "openai",
    "pagerduty_v3": "pagerduty",
    "standard_webhooks": "openai",
    "wandb": "wandb",
}


@dataclass(frozen=True)
class Vector:
    kind: str
    secret: str
    headers: dict[str, str]
    body: bytes
    at: datetime

    def fits(self, **changed: object) -> bool:
        headers = {**self.headers, **changed.get("headers", {})}  # type: ignore[dict-item]
        body = changed.get("body", self.body)
        assert isinstance(body, bytes)
        return source("any", self.kind, [self.secret]).admits(headers, body, now=self.at)


def vectors() -> Iterator[Any]:
    for line in (PAYLOADS / "AUTH_VECTORS.tsv").read_text("utf-8").splitlines()[1:]:
        scheme, secret, given, text, _ = line.split("\t")
        headers = {name.lower(): value for name, value in json.loads(given).items()}
        body = (PAYLOADS / text).read_bytes() if text.endswith(".json") else text.encode()
        stamp = next((value for name, value in headers.items() if name.endswith("timestamp")), "0")
        at = datetime.fromtimestamp(int(stamp), UTC)
        yield pytest.param(Vector(KIND_OF[scheme], secret, headers, body, at), id=f"{scheme}-{text[:40]}")


VECTORS = [each for each in vectors() if each.values[0].kind in KINDS]


@pytest.mark.parametrize("vector", VECTORS)
def test_it_verifies(vector):
    assert vector.fits()


@pytest.mark.parametrize("vector", VECTORS)
def test_with_one_byte_of_the_body_changed_it_does_not(vector):
    for place in {0, 1, len(vector.body) // 2, len(vector.body) - 1}:
        body = bytearray(vector.body)
        body[place] ^= 1
        assert not vector.fits(body=bytes(body))
    assert not vector.fits(body=vector.body + b"\n")
    assert not vector.fits(body=b"")


@pytest.mark.parametrize("vector", VECTORS)
def test_with_one_byte_of_a_header_or_the_secret_changed_it_does_not(vector):
    for name, value in vector.headers.items():
        for place in range(len(value)):
            other = value[:place] + chr(ord(value[place]) ^ 1) + value[place + 1 :]
            assert not vector.fits(headers={name: other}), (name, place)
    assert not source("any", vector.kind, [vector.secret[:-1]]).admits(vector.headers, vector.body, now=vector.at)


@pytest.mark.parametrize("vector", VECTORS)
def test_a_second_secret_is_taken_while_one_is_replaced(vector):
    both = source("any", vector.kind, ["whsec_AAAA", vector.secret])
    assert both.admits(vector.headers, vector.body, now=vector.at)
    assert not source("any", vector.kind, []).admits(vector.headers, vector.body, now=vector.at)
