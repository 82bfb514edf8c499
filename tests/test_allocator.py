"""The C library's memory, as a process of its own sees it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]

_POOLS = """
import ctypes, sys, threading
from bot import allocator
if sys.argv[1] == "shared":
    allocator.share_pools()
libc, met = ctypes.CDLL(None), threading.Barrier(9)
libc.malloc.restype = libc.fopen.restype = ctypes.c_void_p
def use():
    libc.malloc(100_000)
    met.wait()
for _ in range(8):
    threading.Thread(target=use).start()
met.wait()
file = ctypes.c_void_p(libc.fopen(sys.argv[2].encode(), b"w"))
libc.malloc_info(0, file)
libc.fclose(file)
"""

# Between each two that are freed one stays: the end of the pool is in use, so that it does not shrink by itself.
_MOST = """
import ctypes, psutil, sys
from bot import allocator
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
def taken():
    at = libc.malloc(50_000)
    ctypes.memset(at, 1, 50_000)
    return ctypes.c_void_p(at)
blocks = [(taken(), libc.malloc(2_000)) for _ in range(1_000)]
for block, _ in blocks:
    libc.free(block)
if sys.argv[1] == "given back":
    allocator.give_back()
print(psutil.Process().memory_info().rss)
"""


def told(script: str, *given: str) -> str:
    """What a process says that runs the script."""
    command = [sys.executable, "-c", script, *given]
    return subprocess.run(command, cwd=ROOT, check=True, timeout=60, capture_output=True, text=True).stdout


def pools(how: str, file: Path) -> int:
    """How many pools of memory eight threads made."""
    told(_POOLS, how, str(file))
    return file.read_text().count("<heap nr=")


def test_threads_share_two_pools_of_memory(tmp_path: Path) -> None:
    assert pools("shared", tmp_path / "shared") <= 2 < pools("alone", tmp_path / "alone")


def test_what_a_moment_needed_most_goes_back_to_the_system() -> None:
    assert int(told(_MOST, "kept")) - int(told(_MOST, "given back")) > 35_000_000
