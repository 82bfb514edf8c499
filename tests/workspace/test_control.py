"""The workspace driven over HTTP, the page's files and snapshot, and the program by itself."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from slack_bolt import Ack
from slack_sdk import WebClient

from bot.workspace import Control, Panel, Workspace, example_seed
from tests.workspace.conftest import FRAUD, SECRET, Clock, Stage, button, modal


class Remote:
    """A client of the control endpoints."""

    def __init__(self, url: str) -> None:
        self.http = httpx.Client(base_url=f"{url}_control/", timeout=10, trust_env=False)

    def act(self, name: str, /, **body: Any) -> Any:
        answer = self.http.post(name, json=body)
        answer.raise_for_status()
        return answer.json()

    def look(self, name: str, /, **query: str) -> Any:
        answer = self.http.get(name, params=query)
        answer.raise_for_status()
        return answer.json()


@pytest.fixture
def remote(workspace: Workspace) -> Iterator[Remote]:
    made = Remote(workspace.base_url)
    yield made
    made.http.close()


def test_acts_over_http(remote: Remote, workspace: Workspace) -> None:
    said = remote.act("say", user="@dana", channel="fraud-ml", text="hello @omar")
    remote.act("react", user="@omar", message=said["ts"], name="eyes")
    remote.act("unreact", user="@omar", message=said["ts"], name="eyes")
    remote.act("pin", user="@omar", message=said["ts"])
    remote.act("edit", user="@dana", message=said["ts"], text="hi")
    (message,) = remote.look("history", channel=FRAUD)
    assert (message["text"], message["pinned_to"]) == ("hi", [FRAUD])
    remote.act("unpin", user="@omar", message=said["ts"])
    remote.act("delete", user="@dana", message=said["ts"])
    assert remote.look("history", channel=FRAUD) == []
    assert remote.act("open_dm", user="@dana")["id"].startswith("D")
    remote.act("join", user="@mei", channel="fraud-ml")
    remote.act("invite", user="@mei", channel="fraud-ml", invited="@ravi")
    remote.act("leave", user="@mei", channel="fraud-ml")
    assert workspace.channel("fraud-ml").members[-1] == "U05RAVI"


def test_asking_the_app_over_http(http_stage: Stage) -> None:
    @http_stage.app.command("/inc")
    def inc(ack: Ack, body: dict[str, Any], client: WebClient) -> None:
        ack("opened")
        client.views_open(trigger_id=body["trigger_id"], view=modal())

    @http_stage.app.view("form")
    def form(ack: Ack) -> None:
        ack(response_action="errors", errors={"b": "no"})

    @http_stage.app.action("go")
    def go(ack: Ack) -> None:
        ack()

    @http_stage.app.shortcut("declare_incident")
    def declare(ack: Ack) -> None:
        ack()

    remote = Remote(http_stage.workspace.base_url)
    reply = remote.act("slash", user="@dana", channel=FRAUD, line="/inc new")
    assert (reply["ok"], reply["text"], reply["view"]["callback_id"]) == (True, "opened", "form")
    assert remote.look("ephemerals", user="@dana")[0]["text"] == "opened"
    assert remote.look("view", user="@dana")["id"] == reply["view"]["id"]
    assert remote.act("submit", user="@dana", values={"b": "x"})["errors"] == {"b": "no"}
    remote.act("close", user="@dana")
    assert remote.look("view", user="@dana") is None
    blocks = [{"type": "actions", "elements": [button("go")]}]
    ts = http_stage.client.chat_postMessage(channel=FRAUD, text="x", blocks=blocks)["ts"]
    assert remote.act("click", user="@dana", target=ts, action_id="go")["ok"]
    assert remote.act("shortcut", user="@dana", callback_id="declare_incident")["ok"]
    assert remote.look("deliveries")[-1]["state"] == "delivered"
    assert remote.look("home", user="@dana") is None
    assert [c["method"] for c in remote.look("calls", method="views.open")] == ["views.open"]


def test_faults_over_http(remote: Remote, client: WebClient, workspace: Workspace) -> None:
    remote.act("faults", fault="refuse", method="auth.test", error="account_inactive")
    assert client.api_call("api.test")["ok"]
    with pytest.raises(Exception, match="account_inactive"):
        client.auth_test()
    assert remote.http.post("faults", json={"fault": "explode"}).status_code == 400
    remote.act("faults", fault="clear")
    assert remote.act("disconnect") == {"connections": 0}
    assert remote.act("cut") == {"connections": 0}


def test_refusals_over_http(remote: Remote) -> None:
    answer = remote.http.post("say", json={"user": "@ravi", "channel": "fraud-ml", "text": "x"})
    assert (answer.status_code, answer.json()["error"]) == (409, "not_in_channel")
    for name, body in [("nosuch", {}), ("say", {"user": "@dana"}), ("press", {"label": "none"})]:
        assert remote.http.post(name, json=body).status_code == 400
    assert remote.http.post("say", content=b"[]").status_code == 400
    assert remote.http.get("nosuch").status_code == 400
    assert remote.http.get("history").status_code == 400


def test_changes_wait_for_a_change(remote: Remote, workspace: Workspace) -> None:
    before = remote.look("changes", since="-1", timeout="0")["version"]
    assert remote.look("changes", since=str(before), timeout="0.01")["version"] == before
    workspace.say("@dana", FRAUD, "x")
    assert remote.look("changes", since=str(before))["version"] > before


def test_another_sites_page_gets_nothing(workspace: Workspace) -> None:
    for headers in ({"Origin": "https://evil.example"}, {"Host": "evil.example"}):
        for path in ("_control/connection", ""):
            assert httpx.get(workspace.base_url + path, headers=headers).status_code == 403
    own = {"Origin": workspace.base_url.rstrip("/")}
    assert httpx.get(workspace.base_url + "_control/connection", headers=own).json()["bot_token"] == workspace.bot_token


def test_what_a_person_sees(remote: Remote, workspace: Workspace, client: WebClient) -> None:
    client.chat_postEphemeral(channel=FRAUD, user="U01DANA", text="only dana")
    workspace.say("@omar", FRAUD, "hello @dana")

    def seen(user: str, channel: str = FRAUD) -> Any:
        return remote.look("snapshot", user=user, channel=channel)

    dana, omar = seen("U01DANA"), seen("U02OMAR")
    assert [m["text"] for m in dana["channel"]["messages"]] == ["only dana", "hello <@U01DANA>"]
    assert [m["text"] for m in omar["channel"]["messages"]] == ["hello <@U01DANA>"]
    (place,) = [c for c in dana["channels"] if c["id"] == FRAUD]
    assert (place["unread"], place["mentions"]) == (True, 1)
    remote.act("read", user="U01DANA", channel=FRAUD)
    (place,) = [c for c in seen("U01DANA")["channels"] if c["id"] == FRAUD]
    assert place["mentions"] == 0
    assert SECRET not in [c["id"] for c in dana["channels"]]
    assert seen("U01DANA", SECRET)["channel"] is None
    assert seen("U02OMAR", SECRET)["channel"]["name"] == "model-risk-private"


def test_controls_and_panels(clock: Clock) -> None:
    pressed: list[str] = []
    controls = [Control("Advance", lambda: pressed.append("on")), Control("Docs", "https://example.com")]
    panels = [Panel("Model", lambda: {"answers": "v43"})]
    with Workspace(example_seed(), clock=clock, controls=controls, panels=panels) as space:
        remote = Remote(space.base_url)
        remote.act("press", label="Advance")
        seen = remote.look("snapshot")
    assert pressed == ["on"]
    assert seen["panels"] == [{"title": "Model", "rows": {"answers": "v43"}}]
    assert seen["controls"][1] == {"label": "Docs", "url": "https://example.com"}


@pytest.mark.parametrize("path", ["", "archives/C01FRAUDML", "archives/C01FRAUDML/p1795228260000000"])
def test_the_page_and_its_files(workspace: Workspace, path: str) -> None:
    page = httpx.get(workspace.base_url + path)
    assert page.headers["content-type"].startswith("text/html")
    for part in ("app.js", "blocks.js", "style.css", "icon.svg"):
        assert httpx.get(f"{workspace.base_url}page/{part}").status_code == 200
    assert httpx.get(f"{workspace.base_url}page/..%2fserver.py").status_code == 404
    assert "http://" not in page.text
    assert "https://" not in page.text


def test_the_stream_ends_when_the_workspace_stops(seed: Any, clock: Clock) -> None:
    space = Workspace(seed, clock=clock).start()
    with httpx.stream("GET", space.base_url + "_control/stream") as stream:
        lines = stream.iter_lines()
        assert next(lines).startswith("data: ")
        space.stop()
        assert all(line == "" or line.startswith("data: ") for line in lines)
    assert not space.running


def test_a_stopped_workspace_starts_on_its_port(seed: Any, clock: Clock) -> None:
    space = Workspace(seed, clock=clock)
    with space:
        first = space.base_url
    with space:
        assert space.base_url == first
        assert WebClient(space.bot_token, base_url=space.api_url).auth_test()["ok"]


def test_the_program_by_itself() -> None:
    command = [sys.executable, "-m", "bot.workspace", "--port", "0"]
    environment = {"PATH": os.environ["PATH"]}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as program:
        assert program.stdout is not None
        said = dict(line.strip().split("=", 1) for line in (program.stdout.readline() for _ in range(5)) if "=" in line)
        assert WebClient(said["SLACK_BOT_TOKEN"], base_url=said["SLACK_API_URL"]).auth_test()["ok"]
        program.terminate()
