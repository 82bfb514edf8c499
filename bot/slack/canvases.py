"""Slack's canvases and files as a publisher needs them, on the same client and with the same errors as messages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx

from bot.slack import refusals
from bot.slack.messenger import Call, SlackMessenger
from bot.trust import trusted
from playbooks import errors

_FILES = 100
_GONE = frozenset({"file_not_found", "file_deleted", "canvas_not_found"})


class SlackCanvases(SlackMessenger):
    """Implements `ports.Canvases` beside `ports.Messenger`."""

    def in_channel(self, channel: str) -> tuple[str, ...]:
        """See `ports.Canvases`. The channel's own stands in `properties.canvas`, the others in `properties.tabs`."""
        info = self._read("conversations.info", self._client.conversations_info, channel=channel)["channel"]
        properties = info.get("properties") or {}
        own = str((properties.get("canvas") or {}).get("file_id") or "")
        tabs = [tab.get("data") or {} for tab in properties.get("tabs") or () if tab.get("type") == "canvas"]
        found = [own, *(str(data.get("file_id") or "") for data in tabs)]
        return tuple(dict.fromkeys(each for each in found if each))

    def contains(self, canvas: str, text: str) -> bool:
        """See `ports.Canvases`. A refusal for want of a scope is raised: who cannot look must not make another one."""
        try:
            answer = self._read(
                "canvases.sections.lookup",
                self._client.canvases_sections_lookup,
                canvas_id=canvas,
                criteria={"contains_text": text},
            )
        except errors.SlackError as refused:
            if refused.code not in _GONE:
                raise
            return False
        return bool(answer.get("sections"))

    def create_own(self, channel: str, *, title: str, markdown: str) -> str:
        """See `ports.Canvases`."""
        make = self._client.conversations_canvases_create
        return self._made("conversations.canvases.create", make, channel, title, markdown)

    def create(self, channel: str, *, title: str, markdown: str) -> str:
        """See `ports.Canvases`."""
        return self._made("canvases.create", self._client.canvases_create, channel, title, markdown)

    def _made(self, method: str, make: Call, channel: str, title: str, markdown: str) -> str:
        answer = self._write(method, make, channel_id=channel, title=title, document_content=_content(markdown))
        return str(answer["canvas_id"])

    def replace(self, canvas: str, *, markdown: str) -> None:
        """See `ports.Canvases`. A replacement that names no section is of the whole."""
        self._write(
            "canvases.edit",
            self._client.canvases_edit,
            canvas_id=canvas,
            changes=[{"operation": "replace", "document_content": _content(markdown)}],
        )

    def files(self, channel: str, filename: str) -> tuple[str, ...]:
        """See `ports.Canvases`."""
        answer = self._read(
            "files.list", self._client.files_list, channel=channel, user=self._self(), count=_FILES, page=1
        )
        ours = [f for f in answer.get("files") or () if f.get("name") == filename and f.get("user") == self._self()]
        return tuple(str(f["id"]) for f in sorted(ours, key=lambda f: int(f.get("created") or 0), reverse=True))

    def read(self, file: str) -> bytes | None:
        """See `ports.Canvases`."""
        info = self._info(file)
        url = str(info.get("url_private_download") or info.get("url_private") or "")
        if not url:
            return None
        self._hit("slack download")
        try:
            answer = httpx.get(
                url,
                headers={"Authorization": f"Bearer {self._client.token}"},
                timeout=self._client.timeout,
                verify=trusted(),
            )
        except httpx.HTTPError as why:
            raise refusals.unreachable("files.info") from why
        if answer.status_code != httpx.codes.OK:
            raise refusals.failed("files.info", answer.status_code)
        return answer.content

    def link(self, file: str) -> str:
        """See `ports.Canvases`."""
        return str(self._info(file).get("permalink") or "")

    def _info(self, file: str) -> Mapping[str, Any]:
        try:
            found: Mapping[str, Any] = self._read("files.info", self._client.files_info, file=file)["file"]
        except errors.SlackError as refused:
            if refused.code not in _GONE:
                raise
            return {}
        return found


def _content(markdown: str) -> dict[str, str]:
    return {"type": "markdown", "markdown": markdown}
