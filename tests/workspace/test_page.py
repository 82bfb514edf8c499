"""The page in a real browser: read, write, click, fill in a form, and see only what one may see."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from slack_bolt import Ack, Respond
from slack_sdk import WebClient

from bot.workspace import Workspace
from tests.real.browser import Chromium, Page, chromium, colours
from tests.real.environments import NotInstalledError
from tests.workspace.conftest import FRAUD, Stage, button, field, modal, text

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def browser() -> Iterator[Chromium]:
    """A headless browser; without one installed these tests are skipped, unless they were promised."""
    try:
        with chromium() as started:
            yield started
    except NotInstalledError as missing:
        if os.environ.get("MUSTER_REAL_REQUIRED"):
            raise
        pytest.skip(str(missing))


@pytest.fixture
def page(browser: Chromium, workspace: Workspace) -> Iterator[Page]:
    """Dana in #fraud-ml."""
    with browser.page(address(workspace), 1280, 900) as opened:
        opened.wait("document.title.startsWith('#fraud-ml')")
        yield opened
        assert opened.console == []


def address(workspace: Workspace, user: str = "U01DANA") -> str:
    return f"{workspace.base_url}archives/{FRAUD}?user={user}"


def write(page: Page, words: str) -> None:
    """Type into the message box and send."""
    page.run("document.querySelector('#text').focus()")
    page.type(words)
    page.press("Enter")


def test_write_react_pin_and_answer_in_a_thread(page: Page, workspace: Workspace) -> None:
    write(page, "psi is *up* @omar")
    workspace.wait_for(lambda: workspace.history(FRAUD))
    (said,) = workspace.history(FRAUD)
    page.wait("document.querySelector('.message strong')?.textContent === 'up'")
    page.wait("document.querySelector('.message .mention')?.textContent === '@omar'")
    workspace.react("@omar", said, "eyes")
    page.wait("document.querySelector('.reaction')")
    page.click(".reaction")
    workspace.wait_for(lambda: said.reactions[0].users == ["U02OMAR", "U01DANA"])
    workspace.pin("@omar", said)
    page.wait_text("1 pinned")
    page.run("document.querySelector('[aria-label=\"Reply in thread\"]').click()")
    page.wait("document.querySelector('#thread textarea')")
    page.run("document.querySelector('#thread textarea').focus()")
    page.type("since 22:10")
    page.press("Enter")
    workspace.wait_for(lambda: [m.text for m in workspace.thread(FRAUD, said.ts)] == ["since 22:10"])
    page.wait_text("1 reply")
    workspace.edit_message("@dana", said, "changed")
    page.wait_text("(edited)")


def test_a_command_and_a_form(browser: Chromium, http_stage: Stage, page: Page) -> None:
    space = http_stage.workspace

    @http_stage.app.command("/inc")
    def inc(ack: Ack, body: dict[str, Any], client: WebClient) -> None:
        ack("only for you")
        client.views_open(trigger_id=body["trigger_id"], view=modal(field("b")))

    accepted: list[str] = []

    @http_stage.app.view("form")
    def form(ack: Ack, view: dict[str, Any]) -> None:
        typed = view["state"]["values"]["b"]["a"]["value"]
        if typed == "bad":
            ack(response_action="errors", errors={"b": "Not that"})
        else:
            ack()
            accepted.append(typed)

    page.run("document.querySelector('#text').focus()")
    page.type("/in")
    page.wait("document.querySelectorAll('.commands [role=option]').length === 1")
    page.press("Tab")
    page.type("new")
    page.press("Enter")
    page.wait("document.querySelector('dialog[open] input')")
    page.wait_text("Only visible to you")
    page.click("dialog button[type=submit]")
    page.wait_text("Please complete this required field.")
    page.run("document.querySelector('dialog input').focus()")
    page.type("bad")
    page.click("dialog button[type=submit]")
    page.wait_text("Not that")
    page.wait("document.querySelector('dialog input').getAttribute('aria-invalid') === 'true'")
    page.run("document.querySelector('dialog input').select()")
    page.type("drift")
    page.press("Enter")
    page.wait("!document.querySelector('dialog')")
    assert accepted == ["drift"]
    with browser.page(address(space, "U02OMAR")) as other:
        other.wait("document.title.startsWith('#fraud-ml')")
        assert "only for you" not in other.text()


def test_a_button_with_a_question_first(http_stage: Stage, page: Page) -> None:
    @http_stage.app.action("go")
    def go(ack: Ack, respond: Respond) -> None:
        ack()
        respond(text="rolled back", replace_original=True)

    question = {"title": text("Roll back?"), "text": text("v43"), "confirm": text("Yes"), "deny": text("No")}
    blocks = [{"type": "actions", "elements": [button("go", confirm=question, style="danger")]}]
    http_stage.client.chat_postMessage(channel=FRAUD, text="card", blocks=blocks)
    page.wait("document.querySelector('.message .btn.danger')")
    page.click(".message .btn.danger")
    page.wait_text("Roll back?")
    page.click("dialog .btn.primary")
    page.wait_text("rolled back")


def test_text_from_outside_stays_text(page: Page, workspace: Workspace, client: WebClient) -> None:
    evil = "<script>document.title='owned'</script> <javascript:alert(1)|click> <img src=x onerror=alert(1)>"
    client.chat_postMessage(channel=FRAUD, text=evil)
    page.wait_text("click")
    assert page.run("document.querySelectorAll('.message script, .message img, .message a').length") == 0
    assert page.run("document.title").startswith("#fraud-ml")


def test_times_are_the_readers(page: Page, workspace: Workspace, client: WebClient) -> None:
    client.chat_postMessage(channel=FRAUD, text="since <!date^1795225200^{date_num} {time}|earlier>")
    page.wait_text("since 2026-11-2")
    shown = page.run("document.querySelector('.body time').textContent")
    page.run("(e => { e.value = 'U04MEI'; e.dispatchEvent(new Event('change')); })(document.querySelector('#me'))")
    page.wait(f"document.querySelector('.body time').textContent !== {shown!r}")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_photographs(browser: Chromium, workspace: Workspace, client: WebClient, tmp_path: Path, dark: bool) -> None:
    client.chat_postMessage(channel=FRAUD, text="*SEV2* fraud-scorer is drifting")
    with browser.page(address(workspace), 1280, 900, dark=dark) as page:
        page.wait_text("is drifting")
        assert colours(page.screenshot(tmp_path / "page.png")) > 50
        background = page.run("getComputedStyle(document.body).backgroundColor")
        assert (background == "rgb(255, 255, 255)") is not dark
