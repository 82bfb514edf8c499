"""Messages of other apps in configured channels as alerts: title, fields, colour, and which words mean the end.

Read are Slack's message attachments (title, title_link, text, fields, color; docs.slack.dev, legacy secondary
attachments) and blocks (header, section with text and fields). Every `Key: value` becomes a label, so that the
registry's matchers say whose it is, as for any other source.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bot.slack.grammar_words import readable
from bot.slack.stamps import at_of
from playbooks.domain.alerts import Alert, AlertStatus, Known, Said, label_fingerprint
from playbooks.domain.wording import one_line

ENDINGS = ("resolved", "recovered", "closed", "back to normal", "ok:")
_MOST_LABELS = 40
_LONGEST = 400
_EMOJI = re.compile(r":[a-z0-9_+-]{1,40}:")
_LEAD = re.compile(
    r"^\W*(?:firing|triggered|alert(?:ing)?|resolved|recovered|closed|ok|new|critical|warning|error)"
    r"(?:\s*:\s*\d+)?\W+",
    re.IGNORECASE,
)
_KEY = re.compile(r"^\s*\*([^*\n]{1,60}?):?\*:?\s*\n?\s*(.+?)\s*$", re.DOTALL)
_PAIRS = re.compile(r"\n(?=\s*\*)")
_NAMED_LINK = re.compile(r"<[a-z]{2,10}:[^<>|\n]{1,2000}\|([^<>\n]{1,200})>")
_NOT_LABEL = re.compile(r"[^a-z0-9_]+")


@dataclass(frozen=True, slots=True)
class AlertChannel:
    """A channel whose messages of other apps are alerts.

    Attributes:
        source: name under which they come in. apps: names or ids of apps that count, empty for all.
        name, component, severity: labels that hold these, empty where the message has none.
        endings: words in the title that mean the end, small letters.
    """

    source: str
    apps: tuple[str, ...] = ()
    name: str = ""
    component: str = ""
    severity: str = ""
    endings: tuple[str, ...] = ENDINGS


def read_alert(entry: AlertChannel, channel: str, message: Mapping[str, Any], *, edited: str = "") -> Alert | None:
    """The alert a message is; None for a message of an app that does not count, or one without any words.

    Args:
        edited: stamp of the edit where an app changed its message. Raises InputError for a message without a stamp.
    """
    app = _app(message)
    if entry.apps and not {app, str(message.get("app_id") or ""), str(message.get("bot_id") or "")} & set(entry.apps):
        return None
    title, link = _title(message)
    labels = _labels(message)
    name = labels.get(entry.name, "") or _bare(title)
    if not name:
        return None
    if entry.component and labels.get(entry.component):
        labels["component"] = labels[entry.component].strip("`").lower()
    ts = str(message.get("ts") or "")
    at = at_of(edited or ts)
    ends = _ended(entry, title, message)
    known = {"name": name.lower(), "component": labels.get("component", "")}
    return Alert(
        source=entry.source,
        fingerprint=label_fingerprint(known | {"channel": channel}),
        name=name,
        status=AlertStatus.RESOLVED if ends else AlertStatus.FIRING,
        starts_at=at,
        ends_at=at if ends else None,
        severity=labels.get(entry.severity, "") if entry.severity else "",
        summary=one_line(title, _LONGEST),
        labels=labels | {"channel": channel} | ({"app": app} if app else {}),
        annotations={"text": one_line(_plain(str(message.get("text") or "")), _LONGEST)},
        link=link,
        said=Said(Known.WHILE_OPEN, f"{channel}:{ts}:{edited}"),
    )


def _app(message: Mapping[str, Any]) -> str:
    profile = message.get("bot_profile")
    named = profile.get("name") if isinstance(profile, Mapping) else ""
    return str(message.get("username") or named or "")[:80]


def _list(value: Any) -> list[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def _blocks(message: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield from _list(message.get("blocks"))
    for attachment in _list(message.get("attachments")):
        yield from _list(attachment.get("blocks"))


def _words(value: Any) -> str:
    return _plain(str(value.get("text") or "")) if isinstance(value, Mapping) else ""


def _plain(text: str) -> str:
    return readable(_NAMED_LINK.sub(r"\1", text[:4000]))[0]


def _title(message: Mapping[str, Any]) -> tuple[str, str]:
    """The first of: an attachment's title, a header, the message's first line, an attachment's words."""
    attachments = _list(message.get("attachments"))
    link = next((str(a["title_link"]) for a in attachments if a.get("title_link")), "")
    titles = [_plain(str(a.get("title") or "")) for a in attachments]
    headers = [_words(block.get("text")) for block in _blocks(message) if block.get("type") == "header"]
    sections = [_words(block.get("text")) for block in _blocks(message) if block.get("type") == "section"]
    others = [_plain(str(a.get("fallback") or a.get("text") or "")) for a in attachments]
    for text in (*titles, *headers, _plain(str(message.get("text") or "")), *sections, *others):
        first = next((line for line in text.splitlines() if _bare(line)), "")
        if first:
            return first, link
    return "", link


def _bare(title: str) -> str:
    """The title without signs and words that change while it fires: `[FIRING:1] ModelDrift` -> `ModelDrift`."""
    text = _EMOJI.sub(" ", title)
    for _ in range(4):
        shorter = _LEAD.sub("", text)
        if shorter == text or not shorter.strip():
            break
        text = shorter
    return one_line(text.strip(" *_~`|-–—:[]()"), 200)


def _labels(message: Mapping[str, Any]) -> dict[str, str]:
    found: dict[str, str] = {}
    for attachment in _list(message.get("attachments")):
        for item in _list(attachment.get("fields")):
            _put(found, _plain(str(item.get("title") or "")), _plain(str(item.get("value") or "")))
    for block in _blocks(message):
        if block.get("type") == "section":
            for part in [block.get("text"), *_list(block.get("fields"))]:
                raw = str(part.get("text") or "")[:4000] if isinstance(part, Mapping) else ""
                for text in _PAIRS.split(raw):
                    pair = _KEY.match(text)
                    if pair:
                        _put(found, pair[1], _plain(pair[2]))
    return found


def _put(found: dict[str, str], key: str, value: str) -> None:
    name = _NOT_LABEL.sub("_", key.strip().lower()).strip("_")
    if name and value.strip() and len(found) < _MOST_LABELS:
        found.setdefault(name[:60], one_line(value, _LONGEST))


def _ended(entry: AlertChannel, title: str, message: Mapping[str, Any]) -> bool:
    low = title.lower()
    colours = {str(a.get("color") or "").lower() for a in _list(message.get("attachments"))}
    return any(word in low for word in entry.endings) or colours == {"good"}
