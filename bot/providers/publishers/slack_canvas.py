"""Documents as a canvas in the incident's channel, or as a file where Slack says that there can be none.

https://docs.slack.dev/reference/methods/conversations.canvases.create, …/canvases.create, …/canvases.edit and
…/canvases.sections.lookup, read in November 2026. A canvas cannot be read back as the text it was made of, so its last
line holds our key and the text's digest, and Slack is asked for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.providers.bound import BoundPublisher
from bot.providers.publishers.rewriting import cut_tables, without_fences
from playbooks.plugin import (
    Canvases,
    ConfigError,
    Kind,
    Maturity,
    MusterError,
    Page,
    Placed,
    Strict,
    Tools,
    digest_of,
    parse_settings,
)

CANVAS, FILE = "canvas", "file"
MOST = 1 << 20  # characters of Markdown, conversations.canvases.create
CELLS = 300  # of one table, https://docs.slack.dev/surfaces/canvases
# Slack's own words for: not on this plan, not in this workspace, not in this channel, not with this app's scopes.
NO_CANVAS = frozenset(
    {
        "canvas_creation_failed",
        "canvas_disabled_file_team",
        "canvas_disabled_user_team",
        "canvas_editing_failed",
        "canvas_tab_creation_failed",
        "channel_canvas_creation_failed",
        "free_team_canvas_tab_already_exists",
        "free_teams_cannot_create_non_tabbed_canvases",
        "free_teams_cannot_edit_standalone_canvases",
        "method_not_supported_for_channel_type",
        "missing_scope",
        "not_allowed_token_type",
        "restricted_action",
        "team_tier_cannot_create_channel_canvases",
    }
)


class SlackCanvasPublisher(BoundPublisher["SlackCanvasPublisher.Binding"]):
    """A canvas in the incident's channel; a file where the plan has no canvases."""

    tested_with = "the local workspace, made to Slack's documentation"
    maturity = Maturity.UNPROVEN
    needs_settings = False

    class Settings(Strict):
        """None: it speaks as the bot does."""

    class Binding(Strict):
        """`as_file`: share files even where canvases can be made."""

        as_file: bool = False

    def __init__(self, name: str, settings: Mapping[str, Any], tools: Tools) -> None:
        self.name = name
        parse_settings(self.Settings, name, settings)
        self._given = tools.canvases

    @property
    def _slack(self) -> Canvases:
        if self._given is None:
            raise ConfigError(f"{self.name} publishes in Slack, and there is no Slack here.", "Set SLACK_BOT_TOKEN.")
        return self._given

    def describe(self, to: Mapping[str, Any]) -> str:
        """See `ports.Publisher`. Which of the two it is, only a channel shows."""
        if self._parse(to).as_file:
            return "a file in the incident's channel"
        return "a canvas in the incident's channel, or a file where there can be none"

    def find(self, to: Mapping[str, Any], page: Page, known: Placed | None) -> Placed | None:
        """See `ports.Publisher`."""
        self._must_have_channel(page)
        chosen = self._parse(to).as_file or (known is not None and known.form == FILE)
        canvas = None if chosen else self._canvas(page, known)
        return canvas or self._file(page)

    def put(self, to: Mapping[str, Any], page: Page, found: Placed | None) -> Placed:
        """See `ports.Publisher`. What was chosen for a page once is kept."""
        self._must_have_channel(page)
        if found is not None and found.digest == page.digest:
            return found
        bound, text = self._parse(to), _for_canvas(page)
        if not bound.as_file and (found is None or found.form == CANVAS) and len(text) <= MOST:
            try:
                return Placed(self._write(page, text, found), "", page.digest, CANVAS)
            except MusterError as refused:
                if refused.code not in NO_CANVAS:
                    raise
        file = self._slack.upload(
            page.channel, filename=page.filename, title=page.title, text=page.text, comment=page.note
        )
        return Placed(file, "", page.digest, FILE)

    # ---------------------------------------------------------------- canvases

    def _write(self, page: Page, text: str, found: Placed | None) -> str:
        if found is not None:
            self._slack.replace(found.place, markdown=text)
            return found.place
        try:
            return self._slack.create_own(page.channel, title=page.title, markdown=text)
        except MusterError as refused:
            if refused.code != "channel_canvas_already_exists":
                raise
        return self._slack.create(page.channel, title=page.title, markdown=text)  # theirs stays theirs

    def _canvas(self, page: Page, known: Placed | None) -> Placed | None:
        there = self._slack.in_channel(page.channel)
        for canvas in sorted(there, key=lambda each: known is None or each != known.place):
            if self._slack.contains(canvas, _mark(page.key)):
                return Placed(canvas, self._slack.link(canvas), self._digest(canvas, page, known), CANVAS)
        return None

    def _digest(self, canvas: str, page: Page, known: Placed | None) -> str:
        for digest in (page.digest, known.digest if known is not None else ""):
            if digest and self._slack.contains(canvas, _mark(page.key) + digest):
                return digest
        return ""

    # ---------------------------------------------------------------- files

    def _file(self, page: Page) -> Placed | None:
        """The newest one: Slack has no way to write a file anew."""
        for file in self._slack.files(page.channel, page.filename)[:1]:
            content = self._slack.read(file)
            if content is not None:
                return Placed(file, self._slack.link(file), digest_of(content.decode("utf-8", "replace")), FILE)
        return None

    def _must_have_channel(self, page: Page) -> None:
        if not page.channel:
            sentence = "There is no channel in which the document could stand."
            raise MusterError(sentence, "It is published once there is one.", code="no_channel", kind=Kind.CONFLICT)


def _for_canvas(page: Page) -> str:
    return f"{cut_tables(without_fences(page.text), CELLS).rstrip()}\n\n---\n\n`{_mark(page.key)}{page.digest}`\n"


def _mark(key: str) -> str:
    return f"muster:{key}:"
