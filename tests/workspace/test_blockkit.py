"""Block Kit's limits: each one row, on its edge and one past it; and the refusals through the Web API."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.models.blocks import ActionsBlock, ButtonElement, HeaderBlock, SectionBlock

from bot.workspace import Workspace
from bot.workspace.blockkit import ACTIONS, BLOCKS, INPUTS, check_blocks, check_view
from tests.workspace.conftest import FRAUD, button, field, modal, text

Block = dict[str, Any]


def mrkdwn(n: int) -> Block:
    return text("x" * n, "mrkdwn")


def section(**more: Any) -> Block:
    return {"type": "section", "text": mrkdwn(1), **more}


def actions(*elements: Block) -> Block:
    return {"type": "actions", "elements": list(elements)}


def options(n: int, words: int = 1, value: int = 1) -> list[Block]:
    return [{"text": text("x" * words), "value": f"{i:0{value}d}"[:value]} for i in range(n)]


def select(**more: Any) -> Block:
    return {"type": "static_select", "action_id": "s", "options": options(1), **more}


def confirm(**more: Any) -> Block:
    return {"title": text("t"), "text": text("t"), "confirm": text("y"), "deny": text("n"), **more}


def buttons(n: int) -> list[Block]:
    return [button(f"b{i}") for i in range(n)]


# (name, a function of a number to one block, the largest number Slack takes)
LIMITS: list[tuple[str, Any, int]] = [
    ("header text", lambda n: {"type": "header", "text": text("x" * n)}, 150),
    ("section text", lambda n: {"type": "section", "text": mrkdwn(n)}, 3000),
    ("section fields", lambda n: {"type": "section", "fields": [mrkdwn(1)] * n}, 10),
    ("section field text", lambda n: {"type": "section", "fields": [mrkdwn(n)]}, 2000),
    ("block id", lambda n: section(block_id="x" * n), 255),
    ("actions elements", lambda n: actions(*buttons(n)), 25),
    ("context elements", lambda n: {"type": "context", "elements": [mrkdwn(1)] * n}, 10),
    ("markdown text", lambda n: {"type": "markdown", "text": "x" * n}, 12_000),
    ("button text", lambda n: actions({**button("b"), "text": text("x" * n)}), 75),
    ("button value", lambda n: actions(button("b", "x" * n)), 2000),
    ("button url", lambda n: actions(button("b", url="x" * n)), 3000),
    ("action id", lambda n: actions(button("x" * n)), 255),
    ("option text", lambda n: actions(select(options=options(1, words=n))), 75),
    ("option value", lambda n: actions(select(options=options(1, value=n))), 150),
    ("options", lambda n: actions(select(options=options(n, value=3))), 100),
    ("overflow options", lambda n: actions({"type": "overflow", "action_id": "o", "options": options(n)}), 5),
    ("checkboxes", lambda n: actions({"type": "checkboxes", "action_id": "c", "options": options(n, value=2)}), 10),
    (
        "radio buttons",
        lambda n: actions({"type": "radio_buttons", "action_id": "r", "options": options(n, value=2)}),
        10,
    ),
    ("placeholder", lambda n: actions(select(placeholder=text("x" * n))), 150),
    ("confirm title", lambda n: actions(button("b", confirm=confirm(title=text("x" * n)))), 100),
    ("confirm text", lambda n: actions(button("b", confirm=confirm(text=mrkdwn(n)))), 300),
    ("confirm button", lambda n: actions(button("b", confirm=confirm(confirm=text("x" * n)))), 30),
    ("deny button", lambda n: actions(button("b", confirm=confirm(deny=text("x" * n)))), 30),
    ("image url", lambda n: {"type": "image", "alt_text": "a", "image_url": "x" * n}, 3000),
    ("image alt", lambda n: {"type": "image", "alt_text": "a" * n, "image_url": "https://x"}, 2000),
    ("input label", lambda n: field("b") | {"label": text("x" * n)}, 2000),
    ("input hint", lambda n: field("b", hint=text("x" * n)), 2000),
]


@pytest.mark.parametrize(("make", "most"), [row[1:] for row in LIMITS], ids=[row[0] for row in LIMITS])
def test_each_limit(make: Any, most: int) -> None:
    assert check_blocks([make(most)], "message") == []
    (fault,) = check_blocks([make(most + 1)], "message")
    assert "[json-pointer:/blocks/0" in fault


@pytest.mark.parametrize(("surface", "most"), [("message", 50), ("modal", 100), ("home", 100)])
def test_number_of_blocks(surface: str, most: int) -> None:
    assert check_blocks([section()] * most, surface) == []
    assert check_blocks([section()] * (most + 1), surface) == [
        f"no more than {most} items allowed [json-pointer:/blocks]"
    ]


@pytest.mark.parametrize(
    ("block", "said", "where"),
    [
        ({"type": "nonsense"}, "unsupported type: nonsense", "/type"),
        ({}, "missing required field: type", ""),
        ("text", "must be an object", ""),
        ({"type": "section"}, "missing required field: text or fields", ""),
        ({"type": "header"}, "missing required field: text", ""),
        ({"type": "header", "text": mrkdwn(1)}, "unsupported type: mrkdwn", "/text/type"),
        ({"type": "header", "text": text("")}, "must be more than 0 characters", "/text/text"),
        ({"type": "actions"}, "missing required field: elements", ""),
        ({"type": "actions", "elements": []}, "must have at least one item", "/elements"),
        (actions({"type": "plain_text_input"}), "unsupported type: plain_text_input", "/elements/0/type"),
        (section(accessory={"type": "email_text_input"}), "unsupported type: email_text_input", "/accessory/type"),
        (field("b", button("x")), "unsupported type: button", "/element/type"),
        (actions({"type": "button", "action_id": "a"}), "missing required field: text", "/elements/0"),
        (actions(button("b", style="loud")), "must be one of: primary, danger", "/elements/0/style"),
        (actions({"type": "static_select"}), "missing required field: options", "/elements/0"),
        (actions(select(initial_option=options(2)[1])), "must be one of the options", "/elements/0/initial_option"),
        (
            actions({"type": "datepicker", "initial_date": "soon"}),
            "must match the expected format",
            "/elements/0/initial_date",
        ),
        (
            actions({"type": "timepicker", "initial_time": "25:00"}),
            "must match the expected format",
            "/elements/0/initial_time",
        ),
        (
            actions({"type": "datetimepicker", "initial_date_time": 1}),
            "must be a 10 digit integer",
            "/elements/0/initial_date_time",
        ),
        ({"type": "rich_text", "elements": [{"type": "odd"}]}, "unsupported type: odd", "/elements/0/type"),
        ({"type": "section", "text": {**mrkdwn(1), "emoji": True}}, "invalid additional property: emoji", "/text"),
    ],
)
def test_what_is_wrong_is_named(block: Any, said: str, where: str) -> None:
    assert check_blocks([block], "message") == [f"{said} [json-pointer:/blocks/0{where}]"]


def test_ids_are_unique() -> None:
    assert "block_id" in check_blocks([section(block_id="a"), section(block_id="a")], "message")[0]
    assert "action_id" in check_blocks([actions(button("a"), button("a"))], "message")[0]
    assert check_blocks([actions(button("a")), actions(button("a"))], "message") == []


def test_markdown_is_for_messages_only() -> None:
    assert check_blocks([{"type": "markdown", "text": "x"}], "modal")


@pytest.mark.parametrize(
    ("more", "where"),
    [
        ({"title": text("x" * 25)}, "/view/title/text"),
        ({"submit": text("x" * 25)}, "/view/submit/text"),
        ({"close": text("x" * 25)}, "/view/close/text"),
        ({"title": None}, "/view"),
        ({"private_metadata": "x" * 3001}, "/view/private_metadata"),
        ({"callback_id": "x" * 256}, "/view/callback_id"),
        ({"submit": None}, "/view/submit"),
        ({"type": "window"}, "/view"),
        ({"blocks": "none"}, "/view/blocks"),
    ],
)
def test_views(more: Block, where: str) -> None:
    assert check_view(modal()) == []
    (fault,) = check_view(modal() | more)
    assert fault.endswith(f"[json-pointer:{where}]")


NAMES = "type text elements element fields accessory options option_groups initial_option title label confirm".split()


@settings(max_examples=300, deadline=None)
@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.text(max_size=8)
        | st.sampled_from(sorted({*BLOCKS, *INPUTS, *ACTIONS})),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(
                st.sampled_from(NAMES),
                inner,
                max_size=5,
            )
        ),
        max_leaves=25,
    )
)
def test_nonsense_is_refused_and_never_crashes(nonsense: Any) -> None:
    for surface in ("message", "modal", "home"):
        assert all(isinstance(message, str) for message in check_blocks(nonsense, surface))
    check_view(nonsense)


def test_slacks_own_models_pass() -> None:
    blocks = [
        HeaderBlock(text="INC-42"),
        SectionBlock(text="*drift*", fields=["a", "b"]),
        ActionsBlock(elements=[ButtonElement(text="I take it", action_id="take", value="42", style="primary")]),
    ]
    assert check_blocks([block.to_dict() for block in blocks], "message") == []


# ---------------------------------------------------------------------- through the Web API


def refused(call: Any, **kwargs: Any) -> Any:
    with pytest.raises(SlackApiError) as caught:
        call(**kwargs)
    return caught.value.response


def test_messages_are_refused_as_slack_words_it(client: WebClient, workspace: Workspace) -> None:
    bad = [{"type": "header", "text": text("x" * 151)}]
    ts = client.chat_postMessage(channel=FRAUD, text="x")["ts"]
    for call, more in [
        (client.chat_postMessage, {}),
        (client.chat_update, {"ts": ts}),
        (client.chat_postEphemeral, {"user": "U01DANA"}),
    ]:
        answer = refused(call, channel=FRAUD, text="x", blocks=bad, **more)
        assert answer["error"] == "invalid_blocks"
        assert answer["response_metadata"]["messages"] == [
            "[ERROR] must be less than 151 characters [json-pointer:/blocks/0/text/text]"
        ]
    long = [{"type": "section", "text": mrkdwn(3000)}] * 5
    assert refused(client.chat_postMessage, channel=FRAUD, text="x", blocks=long)["error"] == "msg_blocks_too_long"
    assert refused(client.chat_postMessage, channel=FRAUD, text="x", blocks="{")["error"] == "invalid_blocks_format"
    inside = [{"blocks": bad}]
    answer = refused(client.chat_postMessage, channel=FRAUD, text="x", attachments=inside)
    assert "/attachments/0/blocks/0" in answer["response_metadata"]["messages"][0]
    many = [{"text": "x"}] * 101
    answer = refused(client.chat_postMessage, channel=FRAUD, text="x", attachments=many)
    assert answer["error"] == "too_many_attachments"


def test_views_are_refused_without_spending_the_trigger(client: WebClient, workspace: Workspace) -> None:
    trigger = workspace.hub.new_trigger("U01DANA")
    answer = refused(client.views_open, trigger_id=trigger, view=modal() | {"title": text("x" * 25)})
    assert answer["error"] == "invalid_arguments"
    assert "[json-pointer:/view/title/text]" in answer["response_metadata"]["messages"][0]
    assert client.views_open(trigger_id=trigger, view=modal())["ok"]
    huge = modal(*[field(f"b{n}", hint=text("x" * 2000)) | {"label": text("x" * 2000)} for n in range(70)])
    big = refused(client.views_open, trigger_id=workspace.hub.new_trigger("U01DANA"), view=huge)
    assert big["error"] == "view_too_large"
