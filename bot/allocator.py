"""The C library's memory: two pools for all threads, and what is free in them goes back to the system.

Without glibc nothing of it is done. See https://man7.org/linux/man-pages/man3/mallopt.3.html and
https://man7.org/linux/man-pages/man3/malloc_trim.3.html.
"""

from __future__ import annotations

import ctypes
from contextlib import suppress

_ARENA_MAX = -8  # M_ARENA_MAX of malloc.h
_POOLS = 2


def share_pools() -> None:
    """Two pools instead of one for nearly each thread, which glibc would let grow for hours.

    As `MALLOC_ARENA_MAX=2` does; before the first other thread is started.
    """
    with suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).mallopt(_ARENA_MAX, _POOLS)


def give_back() -> None:
    """Free pages go back to the system: by itself glibc gives back those at the end of a pool alone.

    So a moment's most would be kept for good, and each higher one would be seen as growth. Takes about a millisecond.
    """
    with suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)
