"""The app manifest: what Slack takes, what Muster needs, and nothing without a reason."""

import pytest
import yaml

from bot.slack import grammar, ids
from bot.slack.manifest import EVENTS, SCOPES, check, manifest, text
from playbooks import errors


def test_socket_mode_needs_no_address() -> None:
    """The easy start."""
    made = manifest()
    assert made["settings"]["socket_mode_enabled"] is True
    assert "request_url" not in str(made)
    assert "url" not in made["features"]["slash_commands"][0]


def test_over_http_everything_goes_to_one_address() -> None:
    """Events, commands and clicks."""
    made = manifest(socket=False, url="https://muster.example.com/", root="/incident")
    address = "https://muster.example.com/slack/events"
    assert made["settings"]["event_subscriptions"]["request_url"] == address
    assert made["settings"]["interactivity"]["request_url"] == address
    assert {command["url"] for command in made["features"]["slash_commands"]} == {address}
    assert made["features"]["slash_commands"][0]["command"] == "/incident"
    assert made["settings"]["socket_mode_enabled"] is False


@pytest.mark.parametrize("url", ["", "http://muster.example.com", "muster.example.com", "https://"])
def test_an_address_slack_cannot_reach_is_refused(url: str) -> None:
    """With the form it should have."""
    with pytest.raises(errors.InputError):
        manifest(socket=False, url=url)


@pytest.mark.parametrize("root", ["inc", "/", "/in c", "/" + "x" * 40, "/Inc"])
def test_a_root_that_is_no_command_is_refused(root: str) -> None:
    """Slack's own rule."""
    with pytest.raises(errors.InputError):
        manifest(root=root)


def test_every_command_and_shortcut_is_there() -> None:
    """What the grammar reads, and what exists."""
    made = manifest()
    commands = [command["command"] for command in made["features"]["slash_commands"]]
    assert commands == ["/inc", *grammar.SHORT]
    assert all(command["should_escape"] for command in made["features"]["slash_commands"])
    assert [shortcut["callback_id"] for shortcut in made["features"]["shortcuts"]] == [
        ids.SHORTCUT_TIMELINE,
        ids.SHORTCUT_REPORT,
        ids.SHORTCUT_OPEN_INCIDENT,
        ids.SHORTCUT_DECLARE,
    ]
    assert made["settings"]["event_subscriptions"]["bot_events"] == sorted(EVENTS)
    assert made["oauth_config"]["scopes"]["bot"] == sorted(scope for scope, _ in SCOPES)


def test_the_text_is_the_manifest_with_a_reason_for_each_scope() -> None:
    """What an admin reads before saying yes."""
    shown = text()
    assert yaml.safe_load(shown) == manifest()
    for scope, reason in SCOPES:
        assert f"- {scope}  # {reason}" in shown


def test_what_slack_would_refuse_is_found() -> None:
    """Its published limits."""
    made = manifest()
    made["features"]["shortcuts"][0]["name"] = "x" * 25
    made["display_information"]["description"] = ""
    made["features"]["slash_commands"] *= 9
    assert len(check(made)) == 3
