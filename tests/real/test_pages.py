"""The pages in a real browser: no violation of accessibility rules, nothing over the edge, the policy lets style in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from playbooks.domain.links import Room
from playbooks.pages import Page as Html
from playbooks.pages import closed_page, postmortem_page
from tests.drafts.chains import story
from tests.drafts.crowds import HOSTILE, few, many
from tests.drafts.drafting import LABELS, draft
from tests.drafts.incident_pages import incident
from tests.end_to_end.acting import taken
from tests.end_to_end.scene import scene
from tests.real.browser import Chromium, Page
from tests.real.environments import node_environment

pytestmark = pytest.mark.real

PAGES: dict[str, Callable[[], Html]] = {
    "postmortem-5": lambda: postmortem_page(draft(few()), severities=LABELS),
    "postmortem-night": lambda: postmortem_page(draft(story()), severities=LABELS, incident_url="/incidents/42"),
    "postmortem-500": lambda: postmortem_page(draft(many(500)), severities=LABELS),
    "postmortem-hostile": lambda: postmortem_page(draft(many(120, HOSTILE)), severities=LABELS),
    "incident-5": lambda: incident(few()),
    "incident-500": lambda: incident(many(500)),
    "incident-hostile": lambda: incident(many(120, HOSTILE), words=HOSTILE[0]),
    "closed": lambda: closed_page("This link has expired.", "Ask for a new one in Slack."),
}
SIZES = {"desktop": (1280, 900), "phone": (390, 844)}


@pytest.fixture(scope="module")
def axe() -> str:
    """axe-core, the checker that browsers' own tools use (Deque, MPL-2.0)."""
    return (node_environment("axe") / "node_modules" / "axe-core" / "axe.min.js").read_text("utf-8")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("pages")
    for name, make in PAGES.items():
        (folder / f"{name}.html").write_text(make().html, encoding="utf-8")
    return {name: (folder / f"{name}.html").as_uri() for name in PAGES}


def violations(page: Page, axe: str) -> list[dict[str, Any]]:
    """What axe finds with all its rules, best practices included."""
    page.run(f"{axe}; 0")
    found = page.run(
        "axe.run(document, {resultTypes: ['violations']}).then(r => r.violations.map("
        "v => ({id: v.id, help: v.help, where: v.nodes.slice(0, 3).map(n => n.html.slice(0, 200))})))"
    )
    return list(found)


WHOLE = ("postmortem-5", "postmortem-500", "incident-5", "incident-500")
CASES = [(name, size, dark) for name in WHOLE for size in SIZES for dark in (False, True)]
CASES += [(name, *rest) for name in PAGES if name not in WHOLE for rest in (("phone", False), ("desktop", True))]


@pytest.mark.parametrize(("name", "size", "dark"), CASES)
def test_no_violation_and_nothing_over_the_edge(
    chromium: Chromium, files: dict[str, str], axe: str, name: str, size: str, dark: bool
) -> None:
    width, height = SIZES[size]
    with chromium.page(files[name], width, height, dark=dark) as page:
        assert violations(page, axe) == []
        assert page.run("document.documentElement.scrollWidth") <= width
        page.run("document.querySelectorAll('details').forEach(d => { d.open = true }), 0")
        assert page.run("document.documentElement.scrollWidth") <= width
        assert page.console == []


def test_the_checker_finds_what_is_planted(chromium: Chromium, axe: str, tmp_path: Path) -> None:
    file = tmp_path / "bad.html"
    file.write_text(
        closed_page("Closed.", "Ask.").html.replace('lang="en"', "").replace("--soft:#55606c", "--soft:#ddd")
    )
    with chromium.page(file.as_uri()) as page:
        assert {found["id"] for found in violations(page, axe)} == {"html-has-lang", "color-contrast"}


@pytest.mark.parametrize("size", list(SIZES))
def test_one_drawing_is_seen_and_its_labels_are_apart(chromium: Chromium, files: dict[str, str], size: str) -> None:
    """Measured by the browser's own fonts: the widths on the server are an estimate."""
    for name in ("postmortem-5", "postmortem-night", "postmortem-500", "incident-500"):
        with chromium.page(files[name], *SIZES[size]) as page:
            assert (
                page.run("[...document.querySelectorAll('svg.drawn')].filter(s => s.getClientRects().length).length")
                == 1
            )
            overlaps = page.run(
                "(() => { const s = [...document.querySelectorAll('svg.drawn')].find(s => s.getClientRects().length);"
                " const b = [...s.querySelectorAll('text')].map(t => [t.textContent, t.getBoundingClientRect()]);"
                " const edge = s.getBoundingClientRect(); const bad = [];"
                " b.forEach(([t, r], i) => { if (r.right > edge.right + 3 || r.left < edge.left - 3) bad.push(t);"
                " b.slice(i + 1).forEach(([u, q]) => { if (Math.min(r.right, q.right) - Math.max(r.left, q.left) > 2"
                " && Math.min(r.bottom, q.bottom) - Math.max(r.top, q.top) > r.height * 0.45)"
                " bad.push(t + ' / ' + u) })"
                " }); return bad })()"
            )
            assert overlaps == []


def test_a_long_postmortem_prints_whole_with_its_tables_open(chromium: Chromium, files: dict[str, str]) -> None:
    with chromium.page(files["postmortem-500"]) as page:
        short = page.run("document.documentElement.scrollHeight")
        page.command("Emulation.setEmulatedMedia", media="print")
        assert page.run("document.documentElement.scrollHeight") > 2 * short
        assert page.run("getComputedStyle(document.querySelector('svg.drawn.wide')).display") == "block"
        printed = page.command("Page.printToPDF", printBackground=True, preferCSSPageSize=True)
        assert len(printed["data"]) > 50_000


def test_ten_thousand_events_are_readable(chromium: Chromium, tmp_path: Path) -> None:
    file = tmp_path / "huge.html"
    file.write_text(postmortem_page(draft(many(10_000)), severities=LABELS).html, encoding="utf-8")
    with chromium.page(file.as_uri(), 390, 844) as page:
        assert page.run("performance.timing.loadEventEnd - performance.timing.navigationStart") < 10_000
        assert page.run("document.documentElement.scrollWidth") <= 390
        page.run("location.hash = '#e5000'")
        page.wait("document.getElementById('e5000').getClientRects().length > 0")


def test_the_policy_lets_the_style_in(chromium: Chromium, tmp_path: Path) -> None:
    """Over HTTP, with the headers of the service: a style that the policy refused would not be computed."""
    environ = {"MUSTER_LINK_KEY": "page-key-3f9a1c0b77d2", "MUSTER_PUBLIC_URL": "http://127.0.0.1"}
    with scene(tmp_path, environ=environ) as running:
        running.drift()
        taken(running)
        house = running.service.house
        for room in (Room.INCIDENT, Room.POSTMORTEM):
            url = house.links.to(room, 1, now=house.now()).replace("http://127.0.0.1", running.service.url)
            with chromium.page(url) as page:
                assert page.run("getComputedStyle(document.querySelector('h1')).fontWeight") == "650"
                assert page.run("document.querySelectorAll('script').length") == 0
                beside = "The postmortem" if room is Room.INCIDENT else "The incident"
                page.run(f"[...document.querySelectorAll('a')].find(a => a.textContent === '{beside}').click()")
                page.wait(
                    "document.querySelectorAll('h1').length === 1 && location.pathname !== '/" + room.value + "/1'"
                )
                assert "This link opens nothing" not in page.text()
