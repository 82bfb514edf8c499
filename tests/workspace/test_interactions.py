"""Commands, clicks, forms and shortcuts, with a real Bolt app over Socket Mode and over signed HTTP."""

from __future__ import annotations

from typing import Any

import pytest
from slack_bolt import Ack, Respond
from slack_sdk import WebClient

from bot.workspace import NoSuchElement, Refused, Workspace
from tests.workspace.conftest import FRAUD, GENERAL, Clock, Stage, button, field, modal, text


def post_button(stage: Stage, **more: Any) -> str:
    """A message of the bot with one button."""
    blocks = [{"type": "actions", "block_id": "row", "elements": [button("go", **more)]}]
    return str(stage.client.chat_postMessage(channel=FRAUD, text="card", blocks=blocks)["ts"])


# ---------------------------------------------------------------------- commands


def test_a_command_is_answered_in_its_acknowledgement(stage: Stage) -> None:
    seen: list[dict[str, Any]] = []

    @stage.app.command("/inc")
    def inc(ack: Ack, body: dict[str, Any]) -> None:
        seen.append(body)
        ack(f"new: {body['text']}")

    reply = stage.workspace.slash("@dana", FRAUD, "/inc new @omar in #general <b> & https://example.com/x")
    assert reply.ok
    assert reply.text.startswith("new: new <@U02OMAR|omar> in <#C00GENERAL|general> &lt;b&gt; &amp; <https://example")
    assert [m.text for m in stage.workspace.ephemerals("@dana", FRAUD)] == [reply.text]
    assert stage.workspace.history(FRAUD) == []
    (body,) = seen
    assert (body["user_id"], body["channel_name"], body["command"]) == ("U01DANA", "fraud-ml", "/inc")


def test_a_command_may_answer_in_the_channel(stage: Stage) -> None:
    @stage.app.command("/inc")
    def inc(ack: Ack) -> None:
        ack(response_type="in_channel", text="for all")

    stage.workspace.slash("@dana", FRAUD, "/inc list")
    assert [m.text for m in stage.workspace.history(FRAUD)] == ["for all"]


def test_a_command_without_escaping_gets_what_was_typed(http_stage: Stage) -> None:
    http_stage.workspace.seed.commands[0].should_escape = False

    @http_stage.app.command("/inc")
    def inc(ack: Ack, body: dict[str, Any]) -> None:
        ack(body["text"])

    assert http_stage.workspace.slash("@dana", FRAUD, "/inc @omar <b>").body == "@omar <b>"


def test_response_url_five_times_in_thirty_minutes(stage: Stage, clock: Clock) -> None:
    statuses: list[int] = []

    @stage.app.command("/inc")
    def inc(ack: Ack, respond: Respond) -> None:
        ack()
        for n in range(6):
            statuses.append(respond(f"post {n}").status_code)

    reply = stage.workspace.slash("@dana", FRAUD, "/inc help")
    assert len(reply.wait_for_post(5)) == 5
    stage.workspace.wait_until_quiet()
    assert statuses == [200] * 5 + [404]
    assert [m.text for m in stage.workspace.ephemerals("@dana")] == [f"post {n}" for n in range(5)]

    late: list[Respond] = []

    @stage.app.command("/owner")
    def owner(ack: Ack, respond: Respond) -> None:
        ack()
        late.append(respond)

    stage.workspace.slash("@dana", FRAUD, "/owner x")
    clock.advance(30 * 60 + 1)
    answer = late[0]("too late")
    assert (answer.status_code, "expired_url" in answer.body) == (404, True)


def test_response_url_refuses_bad_blocks(stage: Stage) -> None:
    answers: list[Any] = []

    @stage.app.command("/inc")
    def inc(ack: Ack, respond: Respond) -> None:
        ack()
        answers.append(respond(blocks=[{"type": "header", "text": text("x" * 151)}], text="x"))
        answers.append(respond(text="x", delete_original=True))

    stage.workspace.slash("@dana", FRAUD, "/inc help").wait_for_post()
    stage.workspace.wait_until_quiet()
    assert (answers[0].status_code, "invalid_blocks" in answers[0].body) == (400, True)


def test_silence_and_errors_are_told_to_the_person(workspace: Workspace) -> None:
    workspace.courier.ack_seconds = 0.1
    reply = workspace.slash("@dana", FRAUD, "/inc help")
    assert (reply.ok, reply.failure) == (False, "dispatch_failed")
    assert "could not be reached" in workspace.ephemerals("@dana")[0].text


def test_an_unknown_command_fails(http_stage: Stage) -> None:
    reply = http_stage.workspace.slash("@dana", FRAUD, "/nosuch")
    assert (reply.status, reply.failure) == (404, "dispatch_failed")


def test_people_only_act_where_they_are(workspace: Workspace) -> None:
    with pytest.raises(Refused, match="not_in_channel"):
        workspace.slash("@ravi", FRAUD, "/inc help")
    with pytest.raises(Refused, match="account_inactive"):
        workspace.say("U06GONE", GENERAL, "boo")
    with pytest.raises(ValueError, match="slash"):
        workspace.slash("@dana", FRAUD, "inc help")


# ---------------------------------------------------------------------- clicks


def test_a_click_replaces_the_message(stage: Stage) -> None:
    seen: list[dict[str, Any]] = []

    @stage.app.action("go")
    def go(ack: Ack, body: dict[str, Any], respond: Respond) -> None:
        ack()
        seen.append(body)
        respond(text="done", replace_original=True)

    ts = post_button(stage)
    stage.workspace.click("@omar", ts, "go").wait_for_post()
    (body,) = seen
    assert body["container"] == {"type": "message", "message_ts": ts, "channel_id": FRAUD, "is_ephemeral": False}
    assert body["actions"][0]["value"] == "1"
    assert body["message"]["ts"] == ts
    assert [(m.ts, m.text, m.blocks) for m in stage.workspace.history(FRAUD)] == [(ts, "done", [])]


def test_a_click_in_an_ephemeral(stage: Stage) -> None:
    @stage.app.action("go")
    def go(ack: Ack, body: dict[str, Any], respond: Respond) -> None:
        ack()
        assert body["container"]["is_ephemeral"]
        assert "message" not in body
        respond(delete_original=True)

    blocks = [{"type": "actions", "elements": [button("go")]}]
    ts = stage.client.chat_postEphemeral(channel=FRAUD, user="U01DANA", text="x", blocks=blocks)["message_ts"]
    with pytest.raises(NoSuchElement):
        stage.workspace.click("@omar", ts, "go")
    stage.workspace.click("@dana", ts, "go").wait_for_post()
    assert stage.workspace.ephemerals("@dana") == []


@pytest.mark.parametrize(
    ("element", "value", "held"),
    [
        ({"type": "users_select"}, "U02OMAR", {"selected_user": "U02OMAR"}),
        ({"type": "channels_select"}, FRAUD, {"selected_channel": FRAUD}),
        ({"type": "datepicker"}, "2026-11-21", {"selected_date": "2026-11-21"}),
        ({"type": "timepicker"}, "03:10", {"selected_time": "03:10"}),
        ({"type": "datetimepicker"}, 1795228260, {"selected_date_time": 1795228260}),
        (
            {"type": "static_select", "options": [{"text": text("Two"), "value": "2"}]},
            "2",
            {"selected_option": {"text": text("Two"), "value": "2"}},
        ),
        (
            {"type": "overflow", "options": [{"text": text("Two"), "value": "2"}]},
            "2",
            {"selected_option": {"text": text("Two"), "value": "2"}},
        ),
        (
            {"type": "checkboxes", "options": [{"text": text("Two"), "value": "2"}]},
            ["2"],
            {"selected_options": [{"text": text("Two"), "value": "2"}]},
        ),
    ],
    ids=lambda value: value.get("type") if isinstance(value, dict) else None,
)
def test_menus_and_pickers(http_stage: Stage, element: dict[str, Any], value: Any, held: dict[str, Any]) -> None:
    seen: list[dict[str, Any]] = []

    @http_stage.app.action("pick")
    def pick(ack: Ack, action: dict[str, Any]) -> None:
        ack()
        seen.append(action)

    blocks = [{"type": "actions", "elements": [{**element, "action_id": "pick"}]}]
    ts = http_stage.client.chat_postMessage(channel=FRAUD, text="x", blocks=blocks)["ts"]
    assert http_stage.workspace.click("@dana", ts, "pick", value).ok
    assert {name: seen[0][name] for name in held} == held


def test_a_button_tells_what_the_pickers_hold(http_stage: Stage) -> None:
    seen: list[dict[str, Any]] = []

    @http_stage.app.action("go")
    def go(ack: Ack, body: dict[str, Any]) -> None:
        ack()
        seen.append(body["state"]["values"]["row"])

    @http_stage.app.action("who")
    def who(ack: Ack) -> None:
        ack()

    people = {"type": "users_select", "action_id": "who"}
    day = {"type": "datepicker", "action_id": "day", "initial_date": "2026-11-21"}
    blocks = [{"type": "actions", "block_id": "row", "elements": [people, day, button("go")]}]
    card = [{"blocks": blocks}]
    ts = http_stage.client.chat_postMessage(channel=FRAUD, text="x", attachments=card)["ts"]
    http_stage.workspace.click("@dana", ts, "who", "U02OMAR")
    http_stage.workspace.click("@dana", ts, "go")
    http_stage.workspace.click("@omar", ts, "go")
    assert [row["who"]["selected_user"] for row in seen] == ["U02OMAR", None]
    assert seen[0]["day"]["selected_date"] == "2026-11-21"


def test_what_is_not_there_cannot_be_clicked(workspace: Workspace, client: WebClient) -> None:
    ts = client.chat_postMessage(channel=FRAUD, text="plain")["ts"]
    with pytest.raises(NoSuchElement, match="no element 'go'"):
        workspace.click("@dana", ts, "go")


# ---------------------------------------------------------------------- forms


def test_a_form_with_errors_then_accepted(stage: Stage) -> None:
    @stage.app.command("/inc")
    def inc(ack: Ack, body: dict[str, Any], client: WebClient) -> None:
        ack()
        client.views_open(trigger_id=body["trigger_id"], view=modal(field("title"), private_metadata="INC-42"))

    accepted: list[str] = []

    @stage.app.view("form")
    def form(ack: Ack, view: dict[str, Any]) -> None:
        typed = view["state"]["values"]["title"]["a"]["value"]
        if len(typed) < 3:
            ack(response_action="errors", errors={"title": "Too short"})
        else:
            ack()
            accepted.append(f"{view['private_metadata']} {typed}")

    reply = stage.workspace.slash("@dana", FRAUD, "/inc new")
    view = reply.wait_for_view()
    assert stage.workspace.submit_view("@dana", view).errors == {"title": "Please complete this required field."}
    assert stage.workspace.submit_view("@dana", view, {"title": "x"}).errors == {"title": "Too short"}
    assert stage.workspace.top_view("@dana") is not None
    assert stage.workspace.submit_view("@dana", values={"title": {"a": "drift"}}).ok
    assert stage.workspace.top_view("@dana") is None
    stage.workspace.wait_until_quiet()
    assert accepted == ["INC-42 drift"]


def test_a_form_is_updated_pushed_and_cleared(stage: Stage) -> None:
    answers: list[dict[str, Any]] = [
        {"response_action": "update", "view": modal(field("c"))},
        {"response_action": "push", "view": modal(field("d"))},
        {"response_action": "clear"},
    ]

    @stage.app.view("form")
    def form(ack: Ack) -> None:
        ack(**answers.pop(0))

    space = stage.workspace
    first = stage.client.views_open(trigger_id=space.hub.new_trigger("U01DANA"), view=modal())["view"]["id"]
    space.submit_view("@dana", first, {"b": "x"})
    space.submit_view("@dana", first, {"c": "x"})
    top = space.top_view("@dana")
    assert top is not None
    assert (top.previous_view_id, top.root_view_id) == (first, first)
    space.submit_view("@dana", values={"d": "x"})
    assert space.top_view("@dana") is None


def test_closing_is_told_where_asked_for(stage: Stage) -> None:
    closed: list[Any] = []

    @stage.app.view_closed("form")
    def gone(ack: Ack, body: dict[str, Any]) -> None:
        ack()
        closed.append(body["is_cleared"])

    space = stage.workspace
    for tell in (True, False):
        view = modal(notify_on_close=tell)
        stage.client.views_open(trigger_id=space.hub.new_trigger("U01DANA"), view=view)
        space.close_view("@dana")
        assert space.top_view("@dana") is None
    assert closed == [False]


def test_a_click_in_a_modal_and_on_the_home_tab(stage: Stage) -> None:
    seen: list[dict[str, Any]] = []

    @stage.app.action("go")
    def go(ack: Ack, body: dict[str, Any], client: WebClient) -> None:
        ack()
        seen.append(body)
        if body["view"]["type"] == "modal":
            client.views_update(view_id=body["view"]["id"], hash=body["view"]["hash"], view=modal(field("new")))

    row = {"type": "actions", "elements": [button("go")]}
    space = stage.workspace
    view = stage.client.views_open(trigger_id=space.hub.new_trigger("U01DANA"), view=modal(row))["view"]
    space.click("@dana", view["id"], "go")
    space.wait_for(lambda: (v := space.top_view("@dana")) and v.body["blocks"][0]["block_id"] == "new")
    home = stage.client.views_publish(user_id="U01DANA", view={"type": "home", "blocks": [row]})["view"]
    space.click("@dana", home["id"], "go")
    assert [b["container"] for b in seen] == [
        {"type": "view", "view_id": view["id"]},
        {"type": "view", "view_id": home["id"]},
    ]
    assert "response_url" not in seen[0]


def test_wrong_answers_to_a_form(http_stage: Stage) -> None:
    answers: list[dict[str, Any]] = [
        {"response_action": "errors", "errors": {"nowhere": "x"}},
        {"response_action": "update", "view": {**modal(), "title": text("x" * 25)}},
    ]

    @http_stage.app.view("form")
    def form(ack: Ack) -> None:
        ack(**answers.pop(0))

    space = http_stage.workspace
    http_stage.client.views_open(trigger_id=space.hub.new_trigger("U01DANA"), view=modal())
    assert "trouble connecting" in str(space.submit_view("@dana", values={"b": "x"}).failure)
    assert space.submit_view("@dana", values={"b": "x"}).failure == "invalid_arguments"
    with pytest.raises(NoSuchElement, match=r"b\.a"):
        space.submit_view("@dana", values={"nosuch": "x"})


# ---------------------------------------------------------------------- shortcuts


def test_shortcuts(stage: Stage) -> None:
    @stage.app.shortcut("declare_incident")
    def declare(ack: Ack, body: dict[str, Any], client: WebClient) -> None:
        ack()
        client.views_open(trigger_id=body["trigger_id"], view=modal())

    @stage.app.shortcut("add_to_timeline")
    def add(ack: Ack, body: dict[str, Any], respond: Respond) -> None:
        ack()
        respond(f"noted: {body['message']['text']}")

    space = stage.workspace
    assert space.shortcut("@dana", "declare_incident").wait_for_view().user == "U01DANA"
    said = space.say("@omar", FRAUD, "psi is up")
    reply = space.shortcut("@dana", "add_to_timeline", said)
    assert reply.wait_for_message().text == "noted: psi is up"
    assert [m.text for m in space.ephemerals("@dana")] == ["noted: psi is up"]
