"""A disk whose flush costs what a network disk's does: a preloaded library, built with the system's C compiler."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

SLOWER_US = 2000


def slower(folder: Path) -> dict[str, str]:
    """The environment of a server on such a disk; empty where there is no C compiler."""
    compiler = shutil.which("cc")
    if compiler is None:
        return {}
    folder.mkdir(parents=True, exist_ok=True)
    library = folder / "slowsync.so"
    source = Path(__file__).with_name("slowsync.c")
    subprocess.run([compiler, "-O2", "-shared", "-fPIC", "-o", str(library), str(source), "-ldl"], check=True)
    return {"LD_PRELOAD": str(library), "SLOWSYNC_US": str(SLOWER_US)}
