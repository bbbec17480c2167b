"""What bounds the use of a language model: a circuit breaker, and tokens a day."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime


@dataclass(frozen=True)
class Limits:
    """seconds: of one answer, retries included. attempts: requests of one answer at most.
    answer_tokens: that a model may write. day_tokens: read and written by this process in a
    day (UTC). failures: in a row, that open the breaker for `pause` seconds."""

    seconds: float = 20.0
    attempts: int = 3
    answer_tokens: int = 800
    day_tokens: int = 1_000_000
    failures: int = 5
    pause: float = 60.0


class Breaker:
    """Closed until `failures` in a row, then open for `pause` seconds, then half open: one request
    is let through, and closes it or opens it again (Nygard, Release It!). Shared by threads."""

    def __init__(self, failures: int, pause: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.failures = failures
        self.pause = pause
        self._clock = clock
        self._lock = threading.Lock()
        self._failed = 0
        self._opened: float | None = None

    def allows(self) -> bool:
        """Whether to ask now; whoever gets a yes says how it went."""
        with self._lock:
            if self._opened is None:
                return True
            if self._clock() - self._opened < self.pause:
                return False
            self._opened = self._clock()  # one trial; the others wait for another pause
            return True

    def worked(self) -> None:
        """Closes it."""
        with self._lock:
            self._failed, self._opened = 0, None

    def failed(self) -> None:
        """Opens it after enough of these in a row."""
        with self._lock:
            self._failed += 1
            if self._failed >= self.failures:
                self._opened = self._clock()


class Budget:
    """Tokens of one day in UTC. Shared by threads."""

    def __init__(self, tokens: int, today: Callable[[], date] = lambda: datetime.now(UTC).date()) -> None:
        self.tokens = tokens
        self._today = today
        self._lock = threading.Lock()
        self._day = today()
        self._spent = 0

    def left(self) -> int:
        """What may still be spent today."""
        with self._lock:
            if self._today() != self._day:
                self._day, self._spent = self._today(), 0
            return self.tokens - self._spent

    def spend(self, tokens: int) -> None:
        """Counts against the day on which `left` was last asked."""
        with self._lock:
            self._spent += tokens
