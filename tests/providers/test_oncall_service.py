"""The running service with PagerDuty: its first message mentions whom PagerDuty names, or says why it does not."""

from pathlib import Path

from bot.demo.stage import example
from tests.end_to_end.scene import HOME, scene
from tests.providers.oncall_server import PAGERDUTY_TOKEN, Tools, entry, tools

STATIC = "on_call: {static: [dana, omar]}"


def registry() -> str:
    text = example("ownership.yaml")
    assert STATIC in text
    assert "email: omar@example.com" in text
    return text.replace(STATIC, "on_call: {pagerduty: PSCHED1, static: [dana, omar]}")


def first_message(tmp_path: Path, server: Tools) -> str:
    config = {"providers": {"pagerduty": {"url": server.url, "token_env": "PAGERDUTY_TOKEN"}}}
    environ = {"PAGERDUTY_TOKEN": PAGERDUTY_TOKEN}
    with scene(tmp_path, config=config, environ=environ, registry=registry()) as running:
        assert "on_call" in {tick.id for tick in running.service.schedules.ticks}
        running.until(lambda: bool(server.asked), "PagerDuty is asked before anybody needs to know")
        running.drift()
        return str(running.message(HOME, "is on call"))


def test_whom_pagerduty_names_is_mentioned(tmp_path):
    with tools() as server:
        server.oncalls["PSCHED1"] = [entry("Omar@example.com")]
        said = first_message(tmp_path, server)
    assert "<@U02OMAR> is on call" in said
    assert "PagerDuty" not in said


def test_that_pagerduty_refuses_is_said_and_the_list_counts(tmp_path):
    with tools() as server:
        server.status = 401
        said = first_message(tmp_path, server)
    assert "<@U01DANA> is on call" in said
    assert "PagerDuty does not know our credential" in said
    assert "Who is on call is from the list of the registry." in said
    assert PAGERDUTY_TOKEN not in said
