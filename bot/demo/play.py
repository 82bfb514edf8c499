"""`muster demo`: on a page where one plays it, or headless to the end."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable
from pathlib import Path

from bot.demo.script import Night, StepFailed
from bot.demo.stage import Stage, temporary_folder
from playbooks import errors


def headless(tell: Callable[[str], None], *, keep: bool = False, socket_mode: bool = True) -> int:
    """Play the night by script. 0 only if every step was seen to have taken effect."""
    folder = temporary_folder()
    stage = Stage(folder, socket_mode=socket_mode)
    tell("One night with Muster: a local workspace, a model registry with servers and flags, and the bot.")
    try:
        stage.start()
        night = Night(stage, tell)
        night.play()
        draft = folder / "postmortem.md"
        draft.write_text(str(night.seen["draft"]), encoding="utf-8")
        tell(f"All {night.done} steps were seen to have taken effect.")
        return 0
    except StepFailed as failed:
        tell(f"  ✗ {failed}")
        return 1
    except errors.MusterError as error:
        tell(f"  ✗ {error.told}")
        return 1
    finally:
        stage.stop()
        _clean(folder, keep, tell)


def on_page(
    tell: Callable[[str], None], *, keep: bool = False, port: int = 0, stop: threading.Event | None = None
) -> int:
    """Bring the stage up and leave it to the person at the browser, until stopped."""
    folder = temporary_folder()
    stage = Stage(folder, workspace_port=port)
    try:
        stage.start()
        tell(f"Open {stage.workspace.base_url} in a browser: you are Dana, on call for fraud-ml.")
        tell("  1. Press “Send the drift alert” on the page and look into #fraud-ml.")
        tell("  2. Take it, go to the incident's channel, and try `/rollback fraud-scorer because drift since v43`.")
        tell("  3. Become Omar (top left) and approve. Watch the panel: which version answers.")
        tell("  4. `/disable auto-decline for 4h because …`, `/inc mitigated`, then move the clock on.")
        tell("  5. `/inc resolve`, and read the draft.")
        tell("Stop with Ctrl-C.")
        (stop or threading.Event()).wait()
        return 0
    except KeyboardInterrupt:
        tell("")
        return 0
    finally:
        stage.stop()
        _clean(folder, keep, tell)


def _clean(folder: Path, keep: bool, tell: Callable[[str], None]) -> None:
    if keep:
        tell(f"Kept: {folder}")
    else:
        shutil.rmtree(folder, ignore_errors=True)
