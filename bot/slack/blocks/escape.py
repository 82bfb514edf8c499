"""The one way text from outside gets into a Slack message: no mention, link, markup or oversize comes through."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from playbooks.domain import clocks
from playbooks.messages import Who

ELLIPSIS = "…"
TITLE = 150
CLAUSE = 240
LONG = 600
MOST_SECONDS = 10**9

_SPACES = re.compile(r"\s+")
_TOKEN = re.compile(r"<[^<>\n]{1,300}>|&(?:amp|lt|gt);|.", re.DOTALL)
# Formatting signs count for Slack only at the edge of a word; inside one (`fraud_scorer`) they are part of the name.
_MARK = re.compile(r"(?<![^\W_])[*_~]|[*_~](?![^\W_])")
_TWINS = {"*": "∗", "_": "ˍ", "~": "∼"}
# Signs that turn the reading direction or are no characters at all.
_UNSEEN = re.compile("[\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]")
# Unicode's categories Cc and Cs, without the line feed.
_NOT_TEXT = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_BARE_AMPERSAND = re.compile(r"&(?!(?:amp|lt|gt);)")
_COMMAND = re.compile(r"(?<![\w/])/inc(?=[\s`)]|$)")
_CODE = re.compile(r"`([^`\n]+)`")
_DATE = re.compile(r"<!date\^[^|<>]*\|([^<>]*)>")
_LINK = re.compile(r"<https?://[^|<>]*\|([^<>]*)>")
_EMOJI = re.compile(r"(?<!\w):[a-z][a-z0-9_+-]*: ?")
_BOLD = re.compile(r"\*([^*\n]+)\*")


def clean(text: str, *, lines: bool = False) -> str:
    """Without control and direction signs; white space collapsed, or line breaks kept when `lines`."""
    if text.isprintable():  # the usual case: no white space but blanks, and nothing to take out
        return (_SPACES.sub(" ", text) if "  " in text and not lines else text).strip()
    text = _UNSEEN.sub("", text)
    if not lines:
        text = _SPACES.sub(" ", text)
    return _NOT_TEXT.sub("", text).strip()


def shorten(text: str, limit: int) -> str:
    """At most `limit` characters, with an ellipsis where something went."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + ELLIPSIS


def entities(text: str) -> str:
    """Slack's three entities: what stops mentions and links."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _entities_once(text: str) -> str:
    return _BARE_AMPERSAND.sub("&amp;", text).replace("<", "&lt;").replace(">", "&gt;")


def value(text: str, limit: int = CLAUSE) -> str:
    """A name, a figure, a clause: shown as it is, as no markup at all."""
    short = entities(shorten(clean(text), limit)).replace("`", "ˋ")
    # A colon between spaces or letters may start an emoji; a word joiner after it changes nothing for the eye.
    short = re.sub(r":(?=[0-9_+-]*[a-z][a-z0-9_+-]*:)", ":\u2060", short)
    return _MARK.sub(lambda m: _TWINS[m.group()], short)


def code(text: str, limit: int = CLAUSE) -> str:
    """A command or a name to copy, in a code span; the signs inside stay as they are."""
    return f"`{entities(shorten(clean(text), limit)).replace('`', chr(0x2CB))}`" if clean(text) else ""


def prose(text: str, *, root: str = "/inc", limit: int = LONG, lines: bool = False, known: Sequence[Who] = ()) -> str:
    """A sentence of Muster's or a person's: code spans and bold stay, commands carry the real root, no link or mention.

    Only mentions of `known` persons stay mentions. Text that is escaped already is not escaped again.
    """
    raw = shorten(clean(text, lines=lines), limit)
    parts: list[str] = []
    end = 0
    for span in _CODE.finditer(raw):
        code_text = _entities_once(_COMMAND.sub(lambda _: root, span.group(1)))
        parts += [_plain(raw[end : span.start()], root), f"`{code_text}`"]
        end = span.end()
    parts.append(_plain(raw[end:], root))
    ready = "".join(parts)
    for who in known:
        if mention(who).startswith("<@"):
            ready = ready.replace(f"&lt;@{who.slack}&gt;", mention(who))
    return ready


def _plain(text: str, root: str) -> str:
    text = _entities_once(_COMMAND.sub(lambda _: root, text)).replace("`", "ˋ")
    return _MARK.sub(lambda m: m.group() if m.group() == "*" else _TWINS[m.group()], text)


def bold(text: str) -> str:
    """Bold, for text that is already escaped; what is bold inside it is taken up, since markup cannot nest."""
    inner = text.replace("*", "")
    return f"*{inner}*" if inner else ""


def mention(who: Who) -> str:
    """`<@U…>`, or the name in bold for a person without a Slack id."""
    if re.fullmatch(r"[UW][A-Z0-9]{1,30}", who.slack):
        return f"<@{who.slack}>"
    return bold(value(who.name, 80)) or "somebody"


def with_role(who: Who) -> str:
    """`@omar (model owner)`."""
    return f"{mention(who)} ({value(who.role, 80)})" if who.role else mention(who)


def several(parts: Sequence[str], word: str = "and", *, most: int = 5) -> str:
    """`a, b and c`; beyond `most` the rest is counted."""
    shown = [p for p in parts if p]
    if len(shown) > most:
        shown = [*shown[: most - 1], f"{len(shown) - most + 1} more"]
    if len(shown) < 2:
        return "".join(shown)
    return f"{', '.join(shown[:-1])} {word} {shown[-1]}"


def fill(text: str, mentions: Sequence[Who], *, root: str = "/inc") -> str:
    """A sentence whose `{0}`, `{1}` stand for persons."""

    def person(place: re.Match[str]) -> str:
        number = int(place.group(1))
        return mention(mentions[number]) if number < len(mentions) else place.group()

    return re.sub(r"\{(\d)\}", person, prose(text, root=root, known=mentions))


def moment(at: datetime, form: str = "{time}") -> str:
    """A time in the reader's zone; UTC where the reader's program cannot."""
    utc = at.astimezone(UTC)
    fallback = utc.strftime("%H:%M:%S UTC" if "secs" in form else "%H:%M UTC")
    if "date" in form:
        fallback = f"{utc.day} {utc.strftime('%b')} {fallback}"
    return f"<!date^{int(utc.timestamp())}^{form}|{fallback}>"


def until(at: datetime, since: datetime) -> str:
    """A due time: with its day when it is not within half a day of `since`."""
    far = abs((at - since).total_seconds()) > 12 * 3600
    return moment(at, "{date_short_pretty} at {time}" if far else "{time}")


def day(at: datetime) -> str:
    """A day in the reader's zone."""
    utc = at.astimezone(UTC)
    return f"<!date^{int(utc.timestamp())}^{{date_short_pretty}}|{utc.day} {utc.strftime('%b')}>"


def span(seconds: float | None) -> str:
    """`40 s`, `51 min`, `3 h 45 min`, `2 d 4 h`; empty for None."""
    if seconds is None:
        return ""
    return clocks.say_span(timedelta(seconds=min(max(0, int(seconds)), MOST_SECONDS)))


def version(text: str) -> str:
    """`v42` for the bare number a provider gives, else the name as it is."""
    name = clean(text)
    return f"v{name}" if name.isdecimal() else value(name, 60)


def link(url: str, label: str) -> str:
    """A link to http(s) only; anything else is its label."""
    if not re.fullmatch(r"https?://[^\s<>|\"`]{1,2000}", url):
        return label
    return f"<{url.replace('&', '&amp;')}|{label}>"


def channel(channel_id: str) -> str:
    """`#inc-42-…` by its id; empty when there is none."""
    return f"<#{channel_id}>" if re.fullmatch(r"[CGD][A-Z0-9]{1,30}", channel_id) else ""


def cut(mrkdwn: str, limit: int) -> str:
    """Finished markup cut to `limit` without breaking a token in two."""
    if len(mrkdwn) <= limit:
        return mrkdwn
    room = limit - 2
    kept: list[str] = []
    for token in _TOKEN.findall(mrkdwn):
        if len(token) > room:
            break
        kept.append(token)
        room -= len(token)
    return "".join(kept).rstrip() + ELLIPSIS


def spoken(mrkdwn: str) -> str:
    """Finished markup as plain text for notifications and screen readers; mentions stay, they notify."""
    text = _DATE.sub(r"\1", mrkdwn)
    text = _LINK.sub(r"\1", text)
    text = _EMOJI.sub("", text)
    text = _BOLD.sub(r"\1", text)
    return text.replace("`", "")
