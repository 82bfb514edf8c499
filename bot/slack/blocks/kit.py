"""Parts every message is made of: sections, context lines, buttons, and the plain text beside them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from slack_sdk.models.blocks import (
    ActionsBlock,
    Block,
    ButtonElement,
    ContextBlock,
    DividerBlock,
    InteractiveElement,
    LinkButtonElement,
    MarkdownTextObject,
    Option,
    OverflowMenuElement,
    PlainTextObject,
    SectionBlock,
    StaticSelectElement,
)

from bot.slack import ids
from bot.slack.blocks import escape
from playbooks import errors
from playbooks.messages import Fact, Tag

Rendered = dict[str, Any]
Element = InteractiveElement

SECTION = 3000
# Slack splits or truncates beyond 4,000; a notification needs far less.
FALLBACK = 3000
BUTTON_TEXT = 75


def _text(mrkdwn: str) -> MarkdownTextObject:
    # verbatim: Slack must not look for links, channels or names in what others wrote.
    return MarkdownTextObject(text=escape.cut(mrkdwn, SECTION) or " ", verbatim=True)


def section(*lines: str, accessory: InteractiveElement | None = None) -> SectionBlock:
    """Lines of one paragraph; empty ones are left out."""
    return SectionBlock(text=_text("\n".join(line for line in lines if line)), accessory=accessory)


def context(*lines: str) -> list[Block]:
    """Small print; nothing when every line is empty."""
    kept = [line for line in lines if line]
    return [ContextBlock(elements=[_text("\n".join(kept))])] if kept else []


def divider() -> DividerBlock:
    """A rule."""
    return DividerBlock()


def button(label: str, action_id: str, value: ids.Value, *, style: str | None = None) -> ButtonElement:
    """A button; `style` primary or danger."""
    text = PlainTextObject(text=escape.shorten(escape.clean(label), BUTTON_TEXT) or "…", emoji=False)
    return ButtonElement(text=text, action_id=action_id, value=ids.encode(value), style=style)


def link_button(label: str, action_id: str, url: str, value: ids.Value) -> ButtonElement:
    """A button that opens a page; without a usable address an ordinary one."""
    if escape.link(url, "") == "":
        return button(label, action_id, value)
    text = PlainTextObject(text=escape.shorten(label, BUTTON_TEXT), emoji=False)
    made = LinkButtonElement(text=text, action_id=action_id, url=url)
    made.value = ids.encode(value)
    return made


def page_button(url: str) -> list[Element]:
    """The button to a page for people; none without an address."""
    return [link_button("Open as a page", ids.OPEN_PAGE, url, ids.Value())] if url else []


def choice(placeholder: str, action_id: str, options: Iterable[tuple[str, ids.Value]]) -> StaticSelectElement | None:
    """A menu; options Slack has no room for are left out, and without any there is no menu."""
    fitting = _options(options, most=100)
    if not fitting:
        return None
    return StaticSelectElement(placeholder=escape.shorten(placeholder, 150), action_id=action_id, options=fitting)


def overflow(options: Iterable[tuple[str, ids.Value]]) -> OverflowMenuElement:
    """The menu behind the three dots."""
    return OverflowMenuElement(action_id=ids.MORE, options=_options(options, most=5))


def _options(options: Iterable[tuple[str, ids.Value]], *, most: int) -> list[Option]:
    fitting: list[Option] = []
    for label, value in options:
        try:
            wire = ids.encode(value, limit=ids.OPTION_VALUE)
        except errors.InputError:
            continue
        text = PlainTextObject(text=escape.shorten(escape.clean(label), 75) or "…", emoji=False)
        fitting.append(Option(text=text, value=wire))
    return fitting[:most]


def actions(*elements: InteractiveElement | None) -> list[Block]:
    """A row of buttons; nothing when there are none."""
    kept = [element for element in elements if element is not None]
    return [ActionsBlock(elements=kept)] if kept else []


def message(*blocks: Block | Sequence[Block], spoken: str = "") -> Rendered:
    """The finished message: blocks, and their words as plain text."""
    flat: list[Block] = []
    for block in blocks:
        if isinstance(block, Block):
            flat.append(block)
        else:
            flat.extend(block)
    wire = [block.to_dict() for block in flat[:50]]
    text = escape.spoken(spoken or "\n".join(_words(wire)))
    return {"text": escape.cut(text, FALLBACK) or "…", "blocks": wire}


def below(shown: Rendered, line: str) -> Rendered:
    """A finished message with one more line of small print."""
    small = [block.to_dict() for block in context(line)]
    text = f"{escape.cut(str(shown['text']), FALLBACK - 200)} {escape.spoken(line)}"
    return {**shown, "text": text, "blocks": [*shown["blocks"][:49], *small]}


def _words(blocks: Iterable[Mapping[str, Any]]) -> Iterable[str]:
    for block in blocks:
        if block["type"] == "section" and "text" in block:
            yield block["text"]["text"]
        elif block["type"] == "context":
            yield from (element["text"] for element in block["elements"] if "text" in element)


def dots(*parts: str) -> str:
    """Parts with a middle dot between, empty ones left out."""
    return " · ".join(part for part in parts if part)


def fact(item: Fact) -> str:
    """`label: value`, with a warning sign where it warns."""
    label = escape.value(item.label, 80)
    when = f" {escape.moment(item.at)}" if item.at is not None else ""
    shown = escape.value(item.value) + when + (" ⚠︎" if item.warn else "")
    return f"{label}: {shown}" if label else shown


def headline(tag: Tag) -> str:
    """`INC-42 · fraud-scorer is drifting` in bold."""
    return escape.bold(f"{escape.value(tag.name, 20)} · {escape.value(tag.title, escape.TITLE) or 'untitled'}")


def light(tag: Tag) -> str:
    """The severity's coloured sign; nothing when its name is no emoji name."""
    name = tag.emoji.strip(":")
    return f":{name}: " if name and all(c.isalnum() or c in "_+-" for c in name) and name.isascii() else ""
