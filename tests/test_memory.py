"""Memory goes back to the system: in a process of its own, whose heap nobody else uses."""

from __future__ import annotations

import platform
import subprocess
import sys
from pathlib import Path

import pytest

from assistant import memory

GLIBC = platform.libc_ver()[0] == "glibc"

HEAP = """
import psutil
from assistant.memory import give_back
resident = lambda: psutil.Process().memory_info().rss
give_back()
rest = resident()
blocks = [bytearray(b"x") * 100_000 for _ in range(1_000)]  # small enough for malloc to take from its heap
blocks = blocks[::100]  # ten stay, between what is freed
kept = resident()
assert give_back()
print(rest, kept, resident())
"""


def test_few_malloc_arenas_where_glibc_is() -> None:
    assert memory.few_arenas() == GLIBC


@pytest.mark.skipif(not GLIBC, reason="another libc keeps its own accounts")
def test_what_was_freed_between_used_pieces_goes_back() -> None:
    out = subprocess.check_output([sys.executable, "-c", HEAP], text=True, cwd=Path(__file__).parents[1])
    rest, kept, after = map(int, out.split())
    assert kept - rest > 50_000_000
    assert after - rest < 10_000_000


def test_another_libc_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "_glibc", lambda: None)
    assert not memory.few_arenas()
    assert not memory.give_back()


def test_given_back_now_and_then_and_once_at_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    given, now = [], [0.0]
    monkeypatch.setattr(memory, "give_back", lambda: given.append(now[0]))
    monkeypatch.setattr("assistant.memory.time.monotonic", lambda: now[0])
    tidy = memory.Tidy(every=5.0)
    assert tidy.wait is None, "a worker that has done nothing waits for ever"
    for now[0] in (1.0, 4.0, 5.5, 6.0, 10.0, 10.5):
        tidy.worked()
    assert given == [5.5, 10.5]
    assert tidy.wait is None
    now[0] = 11.0
    tidy.worked()
    assert tidy.wait == 5.0
    now[0] = 16.0
    tidy.rest()
    assert given == [5.5, 10.5, 16.0]
    assert tidy.wait is None
