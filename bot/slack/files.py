"""Files of messages, with the bot's token: read, never made public, never from anywhere but Slack."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

import httpx

from bot.slack import refusals
from bot.slack.messenger import SlackMessenger
from bot.trust import trusted
from playbooks import errors
from playbooks.ports import FileRef

_METHOD = "files.info"


class SlackFiles(SlackMessenger):
    """Implements `ports.Files`.

    Slack answers a token without `files:read` with its sign-in page and status 200, or sends the client on to it
    (https://docs.slack.dev/reference/objects/file-object/: "url_private … requires an Authorization header").
    """

    def of_message(self, channel: str, ts: str) -> Sequence[FileRef] | None:
        """See `ports.Files`. Raises errors.SlackError where Slack may answer later."""
        around: dict[str, Any] = {"channel": channel, "oldest": ts, "latest": ts, "inclusive": True, "limit": 1}
        try:
            seen = self._read("conversations.history", self._client.conversations_history, **around)
            message = _of(seen, ts)
            if message is None:
                seen = self._read("conversations.replies", self._client.conversations_replies, ts=ts, **around)
                message = _of(seen, ts)
        except errors.SlackError as refused:
            if refused.kind is not errors.Kind.PERMANENT:
                raise
            return None
        found = message.get("files") if message is not None else None
        if message is None:
            return None
        return [_ref(each) for each in found if isinstance(each, dict)] if isinstance(found, list) else []

    def download(self, file: FileRef, *, most: int) -> bytes:
        """See `ports.Files`. Redirects are not followed: the token goes to Slack alone."""
        self._is_slack(file.url)
        headers = {"Authorization": f"Bearer {self._client.token}"}
        try:
            with httpx.stream(
                "GET", file.url, headers=headers, timeout=self._client.timeout, verify=trusted()
            ) as answer:
                if answer.status_code == httpx.codes.OK:
                    return _body(answer, file, most)
                status = answer.status_code
        except httpx.HTTPError as why:
            raise refusals.unreachable(_METHOD) from why
        if status in (301, 302, 303, 307, 308, 401, 403):
            raise _no_scope()
        if status == httpx.codes.NOT_FOUND:
            raise errors.SlackError("Slack no longer has that file.", kind=errors.Kind.PERMANENT, code="file_not_found")
        raise refusals.failed(_METHOD, status)

    def _is_slack(self, url: str) -> None:
        place = urlsplit(url)
        ours = place.netloc == urlsplit(self._client.base_url).netloc
        slack = place.scheme == "https" and (place.hostname or "").endswith(".slack.com") and not place.username
        if not ours and not slack:
            raise errors.SlackError(
                "That file lies outside Slack; the bot's token is not sent there.",
                kind=errors.Kind.PERMANENT,
                code="foreign_file",
            )


def _of(answer: Any, ts: str) -> dict[str, Any] | None:
    return next((dict(m) for m in answer.get("messages") or () if m.get("ts") == ts), None)


def _ref(file: dict[str, Any]) -> FileRef:
    url = str(file.get("url_private_download") or file.get("url_private") or "")
    size = file.get("size")
    known = size if isinstance(size, int) else 0
    return FileRef(str(file.get("id", "")), str(file.get("name", "")), str(file.get("mimetype", "")), known, url)


def _body(answer: httpx.Response, file: FileRef, most: int) -> bytes:
    content = bytearray()
    for piece in answer.iter_bytes():
        content += piece
        if len(content) > most:
            raise errors.SlackError(
                f"That file is larger than {most // 1024 // 1024} MB.",
                kind=errors.Kind.PERMANENT,
                code="file_too_large",
            )
    page = answer.headers.get("content-type", "").startswith("text/html")
    if page and not file.mime.startswith("text/"):
        raise _no_scope()
    return bytes(content)


def _no_scope() -> errors.SlackError:
    return errors.SlackError(
        "Slack does not let the bot read that file.",
        "Ask an admin to reinstall with the scope `files:read` (`muster manifest`).",
        kind=errors.Kind.PERMANENT,
        code="missing_scope",
    )
