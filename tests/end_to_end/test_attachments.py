"""A pinned graph: fetched with the bot's token from the workspace, kept, and never shown to the public."""

from __future__ import annotations

from hashlib import sha256

import httpx
import pytest

from bot.slack.files import SlackFiles
from bot.slack.messenger import build_client
from bot.workspace.state import StoredFile
from playbooks import errors
from playbooks.ports import FileRef
from tests.end_to_end.acting import opened
from tests.end_to_end.scene import DANA, Scene

PICTURE = b"\x89PNG\r\n\x1a\n" + b"declines" * 50


def _shared(at: Scene, channel: str, name: str = "declines.png") -> str:
    file = StoredFile("F0GRAPH", name, len(PICTURE), DANA, 1_795_228_000, content_hex=PICTURE.hex(), uploaded=True)
    file.complete = True
    with at.workspace.state.lock:
        at.workspace.state.contents.files[file.id] = file
    return at.workspace.acts.say(DANA, channel, "declines since 22:10", files=[file.id]).ts


def test_a_pinned_file_is_kept_with_its_digest(night: Scene) -> None:
    channel = opened(night)
    night.workspace.pin(DANA, _shared(night, channel))
    store = night.service.house.store

    def kept() -> bool:
        with store.read() as uow:
            return any(each.state == "kept" for each in uow.attachments(1))

    night.until(kept, "the file is kept")
    digest = sha256(PICTURE).hexdigest()
    with store.read() as uow:
        (attachment,) = uow.attachments(1)
        assert uow.attachment_content(attachment.event_id, "F0GRAPH") == PICTURE
        assert f"attachment: declines.png, sha256 {digest}" in [e.text for e in uow.events(1)]
        assert uow.verify(1).ok
    assert night.workspace.calls_of("files.sharedPublicURL") == []


def test_the_token_opens_it_and_goes_to_slack_alone(night: Scene) -> None:
    channel = opened(night)
    ts = _shared(night, channel)
    base = f"{night.workspace.base_url}api/"
    files = SlackFiles(build_client(night.workspace.bot_token, base))
    (file,) = files.of_message(channel, ts) or ()
    assert files.download(file, most=10_000) == PICTURE
    assert httpx.get(file.url).status_code == 403
    with pytest.raises(errors.SlackError, match="larger"):
        files.download(file, most=100)
    with pytest.raises(errors.SlackError, match="does not let"):
        SlackFiles(build_client("xoxb-wrong", base)).download(file, most=10_000)
    for url in (
        "https://evil.example/x",
        "http://files.slack.com/x",
        "https://me@files.slack.com/x",
        "https://slack.com.evil/x",
    ):
        with pytest.raises(errors.SlackError, match="outside Slack"):
            files.download(FileRef("F1", "x", "image/png", 1, url), most=10)
    assert files.of_message(channel, "1.000001") is None
