"""glibc's malloc, told to keep less: how much memory a server holds is what its operator pays for.

An answer takes some 30 MiB for a fifth of a second. glibc keeps what was freed for the next one, in an arena a
thread, and what lies scattered between used pieces stays for good: a server would grow by 7 to 8 % in its first
thousand answers. Thresholds for mmap would avoid that too, but cost a twentieth of the time of each answer; giving
back now and then costs two milliseconds.
"""

from __future__ import annotations

import ctypes
import time
from functools import cache

M_ARENA_MAX = -8
"""Of <malloc.h>."""
EVERY = 5.0
"""Seconds between two times of giving back."""


def few_arenas() -> bool:
    """Two malloc arenas for all threads; false with another libc. Before threads start."""
    libc = _glibc()
    return bool(libc and libc.mallopt(M_ARENA_MAX, 2))


def give_back() -> bool:
    """What was freed goes back to the system; false with another libc, or where there was nothing."""
    libc = _glibc()
    return bool(libc and libc.malloc_trim(0))


@cache
def _glibc() -> ctypes.CDLL | None:
    try:
        libc = ctypes.CDLL("libc.so.6")
        libc.mallopt.argtypes = (ctypes.c_int, ctypes.c_int)
        libc.malloc_trim.argtypes = (ctypes.c_size_t,)
    except (OSError, AttributeError):
        return None
    return libc


class Tidy:
    """Gives back what a worker's jobs freed: while it works every few seconds, and once when it has nothing to do."""

    def __init__(self, every: float = EVERY) -> None:
        self.every = every
        self._since = time.monotonic()
        self._dirty = False

    @property
    def wait(self) -> float | None:
        """Seconds that a worker may wait for its next job before `rest` is to be called; None: as long as it likes."""
        return self.every if self._dirty else None

    def worked(self) -> None:
        """A job is done."""
        self._dirty = True
        if time.monotonic() - self._since >= self.every:
            self.rest()

    def rest(self) -> None:
        """Gives back now."""
        give_back()
        self._since, self._dirty = time.monotonic(), False
