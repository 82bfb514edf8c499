"""Files of captured messages: once, as bytes with their digest in the chain; what cannot be had leaves a sentence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from hashlib import sha256

import pytest

from playbooks import errors
from playbooks.domain.timeline import EventKind
from playbooks.plays import attachments, capture, closing, redaction
from playbooks.plays.capture import Message
from playbooks.plays.closing import Resolution
from playbooks.ports import FileRef
from tests.plays.stage import HOUR, STRANGER, Stage, on_sqlite
from tests.simulation.bot import person

TS = "1795228000.000100"
GRAPH = FileRef("F1", "declines <b>.png", "image/png", 5, "https://files.slack.com/F1")


@dataclass
class Shelf:
    """Slack's side of the port, with what it answers in the test's hands."""

    found: Sequence[FileRef] | None = (GRAPH,)
    content: bytes = b"graph"
    refuse: list[errors.SlackError] = field(default_factory=list)
    downloads: list[str] = field(default_factory=list)

    def of_message(self, channel: str, ts: str) -> Sequence[FileRef] | None:
        return self.found

    def download(self, file: FileRef, *, most: int) -> bytes:
        self.downloads.append(file.id)
        if self.refuse:
            raise self.refuse.pop()
        return self.content


def _captured(stage: Stage, *, files: bool = True) -> tuple[int, str]:
    number = stage.opened()
    channel = stage.incident(number).channel
    message = Message(channel, TS, "see the graph", person("dana"), datetime.fromtimestamp(float(TS), UTC), "", files)
    capture.add_message(stage.house, stage.by("omar"), message, "pin")
    return number, next(e.id for e in stage.events(number) if e.text == "see the graph")


def _wanted(stage: Stage) -> list[str]:
    return [job.subject for job in stage.bot.board.pending(now=stage.clock.at + HOUR) if job.kind == attachments.KIND]


@on_sqlite
def test_a_job_is_wanted_in_the_same_transaction_only_for_files(stage: Stage) -> None:
    _, event = _captured(stage)
    assert _wanted(stage) == [event]


@on_sqlite
def test_none_is_wanted_without_files(stage: Stage) -> None:
    _captured(stage, files=False)
    assert _wanted(stage) == []


def test_bytes_are_kept_once_and_their_digest_is_in_the_chain(stage: Stage) -> None:
    number, event = _captured(stage)
    shelf = Shelf()
    for _ in range(2):
        attachments.fetch(stage.house, shelf, event)
    assert shelf.downloads == ["F1"]
    said = [e for e in stage.events(number) if e.payload.get("attachment_of") == event]
    digest = sha256(b"graph").hexdigest()
    assert [(e.text, e.payload["sha256"], e.payload["size"]) for e in said] == [
        (f"attachment: declines <b>.png, sha256 {digest}", digest, 5)
    ]
    assert said[0].occurred_at == datetime.fromtimestamp(float(TS), UTC)
    with stage.bot.store.read() as uow:
        (kept,) = uow.attachments(number)
        assert uow.attachment_content(event, "F1") == b"graph"
    assert (kept.name, kept.mime, kept.state, kept.sha256) == ("declines <b>.png", "image/png", "kept", digest)
    closing.resolve(stage.house, stage.by("dana"), number, Resolution())
    stage.clock.at += HOUR
    assert f"sha256 {digest}" in " ".join(stage.lines(number))


@pytest.mark.parametrize(
    ("shelf", "why"),
    [
        (Shelf(found=None), "can no longer be read"),
        (Shelf(found=[replace(GRAPH, url="")]), "no address"),
        (Shelf(found=[replace(GRAPH, size=attachments.MOST_BYTES + 1)]), "larger than 10 MB"),
        (Shelf(refuse=[errors.SlackError("Slack no longer has that file.")]), "no longer has"),
        (Shelf(found=[replace(GRAPH, id=f"F{n}") for n in range(12)]), "2 more files"),
    ],
)
@on_sqlite
def test_what_cannot_be_had_leaves_a_sentence_and_is_not_asked_again(stage: Stage, shelf: Shelf, why: str) -> None:
    shelf = Shelf(shelf.found, shelf.content, list(shelf.refuse))
    number, event = _captured(stage)
    for _ in range(2):
        attachments.fetch(stage.house, shelf, event)
    said = [e.text for e in stage.events(number) if "not kept" in e.text]
    assert len(said) == 1
    assert why in said[0]


@on_sqlite
def test_a_fault_on_the_way_is_tried_again_and_what_is_kept_is_not_fetched_twice(stage: Stage) -> None:
    number, event = _captured(stage)
    shelf = Shelf(found=[GRAPH, replace(GRAPH, id="F2")])
    shelf.refuse = [errors.SlackError("busy", kind=errors.Kind.TRANSIENT)]
    with pytest.raises(errors.SlackError):
        attachments.fetch(stage.house, shelf, event)
    stage.restart()
    attachments.fetch(stage.house, shelf, event)
    attachments.fetch(stage.house, shelf, event)
    assert shelf.downloads == ["F1", "F1", "F2"]
    with stage.bot.store.read() as uow:
        assert [a.state for a in uow.attachments(number)] == ["kept", "kept"]


@pytest.mark.parametrize(("who", "may"), [("dana", True), ("lin", False), (STRANGER, False)])
@on_sqlite
def test_redacting_the_message_drops_its_bytes_and_names(stage: Stage, who: str, may: bool) -> None:
    number, event = _captured(stage)
    attachments.fetch(stage.house, Shelf(), event)
    seq = next(e.seq for e in stage.events(number) if e.id == event)
    if not may:
        with pytest.raises(errors.Denied):
            redaction.redact(stage.house, stage.by(who), number, seq, "it shows a customer")
    else:
        redaction.redact(stage.house, stage.by(who), number, seq, "it shows a customer")
    with stage.bot.store.read() as uow:
        (kept,) = uow.attachments(number)
        assert uow.attachment_content(event, "F1") == (None if may else b"graph")
    assert (kept.state, kept.name) == (("redacted", "") if may else ("kept", "declines <b>.png"))
    assert ("declines" in repr(stage.events(number))) is not may
    assert len(stage.events(number, EventKind.REDACTION)) == (2 if may else 0)


@on_sqlite
def test_what_is_redacted_before_its_files_came_fetches_none(stage: Stage) -> None:
    number, event = _captured(stage)
    seq = next(e.seq for e in stage.events(number) if e.id == event)
    redaction.redact(stage.house, stage.by("dana"), number, seq, "it shows a customer")
    shelf = Shelf()
    attachments.fetch(stage.house, shelf, event)
    assert shelf.downloads == []
    with stage.bot.store.read() as uow:
        assert uow.attachments(number) == []
