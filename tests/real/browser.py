"""A headless Chromium, driven over its own DevTools protocol: open a page, look at it, click, type, photograph."""

import base64
import itertools
import json
import struct
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from websockets.sync.client import ClientConnection, connect

from tests.real.environments import system_program
from tests.real.processes import Server, running, wait_until

_FLAGS = (
    "--headless=new",
    "--no-sandbox",  # tests may run as root, and open only pages of this machine
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--no-first-run",
    "--no-default-browser-check",
    "--mute-audio",
    "--hide-scrollbars",
    "--remote-debugging-port=0",
)


class PageError(AssertionError):
    """The page, or what a test asked of it, went wrong."""


@dataclass
class Page:
    """One tab."""

    connection: ClientConnection
    console: list[str] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def command(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send one DevTools command and return its result; events that come first are looked through."""
        number = next(self._numbers)
        self.connection.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            # axe looks at a page of 500 events for many seconds where other tests run beside it.
            message = json.loads(self.connection.recv(timeout=120))
            if message.get("id") == number:
                if "error" in message:
                    raise PageError(f"{method}: {message['error']}")
                return dict(message.get("result", {}))
            self._note(message)

    def _note(self, message: dict[str, Any]) -> None:
        """Keep what the page complains about."""
        if message.get("method") == "Runtime.exceptionThrown":
            details = message["params"]["exceptionDetails"]
            self.console.append(str(details.get("exception", {}).get("description") or details.get("text")))
        elif message.get("method") == "Runtime.consoleAPICalled" and message["params"]["type"] == "error":
            self.console.append(" ".join(str(part.get("value", part)) for part in message["params"]["args"]))

    def view(self, width: int = 1280, height: int = 800, *, dark: bool = False) -> None:
        """Set the size and whether the person prefers dark pages."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        self.command("Emulation.setDeviceMetricsOverride", **size)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.command("Emulation.setEmulatedMedia", features=[scheme])

    def open(self, url: str) -> None:
        """Go to an address and wait until it is loaded."""
        answer = self.command("Page.navigate", url=url)
        if answer.get("errorText"):
            raise PageError(f"{url}: {answer['errorText']}")
        self.wait("document.readyState === 'complete'")

    def run(self, script: str) -> Any:
        """The value of an expression in the page; promises are waited for."""
        answer = self.command("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            details = answer["exceptionDetails"]
            raise PageError(str(details.get("exception", {}).get("description") or details))
        return answer["result"].get("value")

    def wait(self, condition: str, within: float = 15.0) -> None:
        """Wait until an expression is true in the page."""
        wait_until(lambda: bool(self.run(f"Boolean({condition})")), f"page: {condition}", within)

    def text(self) -> str:
        """What a reader sees."""
        return str(self.run("document.body.innerText"))

    def wait_text(self, part: str, within: float = 15.0) -> None:
        """Wait until the page says this."""
        self.wait(f"document.body.innerText.includes({json.dumps(part)})", within)

    def click(self, selector: str) -> None:
        """Click the middle of the first match, as a mouse does: what covers it gets the click."""
        found = self.run(
            f"(() => {{ const e = document.querySelector({json.dumps(selector)}); if (!e) return null;"
            " e.scrollIntoView({block: 'center'}); const r = e.getBoundingClientRect();"
            " return [r.x + r.width / 2, r.y + r.height / 2]; })()"
        )
        if not found:
            raise PageError(f"nothing matches {selector}")
        place = {"x": found[0], "y": found[1], "button": "left", "clickCount": 1}
        for kind in ("mousePressed", "mouseReleased"):
            self.command("Input.dispatchMouseEvent", type=kind, **place)

    def type(self, text: str) -> None:
        """Type into whatever has the focus."""
        self.command("Input.insertText", text=text)

    def press(self, key: str) -> None:
        """Press a key by name, such as Enter, Escape or Tab."""
        codes = {"Enter": 13, "Escape": 27, "Tab": 9, "ArrowDown": 40, "ArrowUp": 38}
        shape = {"key": key, "code": key, "windowsVirtualKeyCode": codes.get(key, 0)}
        text = {"text": "\r"} if key == "Enter" else {}
        self.command("Input.dispatchKeyEvent", type="keyDown", **shape, **text)
        self.command("Input.dispatchKeyEvent", type="keyUp", **shape)

    def screenshot(self, out_png: Path) -> Path:
        """Photograph what is in view."""
        answer = self.command("Page.captureScreenshot", format="png")
        out_png.parent.mkdir(parents=True, exist_ok=True)
        out_png.write_bytes(base64.b64decode(answer["data"]))
        return out_png


@dataclass(frozen=True)
class Chromium:
    """A running browser."""

    program: Path
    address: str
    server: Server

    @contextmanager
    def page(self, url: str = "", width: int = 1280, height: int = 800, *, dark: bool = False) -> Iterator[Page]:
        """A new tab, closed afterwards."""
        tab = httpx.put(f"http://{self.address}/json/new?about:blank", timeout=30.0).raise_for_status().json()
        with connect(tab["webSocketDebuggerUrl"], max_size=None) as connection:
            page = Page(connection)
            for domain in ("Page", "Runtime"):
                page.command(f"{domain}.enable")
            page.view(width, height, dark=dark)
            if url:
                page.open(url)
            yield page
        httpx.get(f"http://{self.address}/json/close/{tab['id']}", timeout=30.0)

    def screenshot(self, url: str, out_png: Path, width: int = 1280, height: int = 800, *, dark: bool = False) -> Path:
        """Open a page in a tab of its own and photograph it."""
        with self.page(url, width, height, dark=dark) as page:
            return page.screenshot(out_png)


@contextmanager
def chromium() -> Iterator[Chromium]:
    """Start Chromium with an empty profile."""
    program = system_program("chromium", "chromium-browser", "google-chrome")
    with tempfile.TemporaryDirectory(prefix="muster-chromium-", ignore_cleanup_errors=True) as name:
        profile = Path(name)
        port = profile / "DevToolsActivePort"

        def listens() -> bool:
            return port.exists() and "\n" in port.read_text()

        command: list[str | Path] = [program, *_FLAGS, f"--user-data-dir={profile}", "about:blank"]
        # Crash reports and caches go with the profile, not into the home of whoever runs the tests.
        env = {"XDG_CONFIG_HOME": name, "XDG_CACHE_HOME": name}
        with running("chromium", command, listens, profile, env=env) as server:
            yield Chromium(program, f"127.0.0.1:{port.read_text().splitlines()[0]}", server)


def colours(png: Path) -> int:
    """How many different pixels (up to 1,000) a picture has, to tell a page from a blank one."""
    data = png.read_bytes()
    width, height, depth, kind = struct.unpack(">IIBB", data[16:26])
    size = {2: 3, 6: 4}[kind]
    if depth != 8:
        raise ValueError(f"{depth} bits per channel")
    packed, at = b"", 8
    while at < len(data):
        (length,) = struct.unpack(">I", data[at : at + 4])
        if data[at + 4 : at + 8] == b"IDAT":
            packed += data[at + 8 : at + 8 + length]
        at += length + 12
    raw = zlib.decompress(packed)
    stride = width * size
    above = bytearray(stride)
    seen: set[bytes] = set()
    for row in range(height):
        start = row * (stride + 1)
        line = _unfilter(raw[start], bytearray(raw[start + 1 : start + 1 + stride]), above, size)
        seen.update(bytes(line[i : i + size]) for i in range(0, stride, size))
        if len(seen) > 1000:
            break
        above = line
    return len(seen)


def _unfilter(method: int, line: bytearray, above: bytearray, size: int) -> bytearray:
    """Undo one of PNG's five line filters."""
    for i in range(len(line)):
        left = line[i - size] if i >= size else 0
        corner = above[i - size] if i >= size else 0
        if method == 1:
            guess = left
        elif method == 2:
            guess = above[i]
        elif method == 3:
            guess = (left + above[i]) // 2
        elif method == 4:
            nearest = left + above[i] - corner
            guess = min((left, above[i], corner), key=lambda candidate: abs(nearest - candidate))
        else:
            guess = 0
        line[i] = (line[i] + guess) & 0xFF
    return line
