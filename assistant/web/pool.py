"""question, history -> Reply, by a few workers and with a bounded queue: whatever comes, health checks answer.

The workers are threads of their own, daemons, so that an answer that hangs holds no other thread and
does not keep the process from ending.
"""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TypeVar

from assistant.memory import Tidy
from assistant.records import Reply
from assistant.web.errors import Refused

T = TypeVar("T")
Ask = Callable[[str, Sequence[str]], Reply]
RETRY = 2
"""Seconds after which a client that was turned away may come back."""


def full() -> Refused:
    """No place left to wait."""
    return Refused(
        503, "busy", "Footnote is answering as many questions as it can. Please ask again in a moment.", RETRY
    )


def late() -> Refused:
    """No answer in time."""
    return Refused(503, "timeout", "No answer was ready in time. Please ask again in a moment.", RETRY)


def stopping() -> Refused:
    """The server is shutting down."""
    return Refused(503, "stopping", "Footnote is being stopped. Please ask again in a moment.", RETRY)


class Pool:
    """Runs `ask` for one event loop. A caller that is cancelled gives its place back at once."""

    def __init__(self, ask: Ask, workers: int = 1, waiting: int = 16, timeout: float = 20.0) -> None:
        self.ask = ask
        self.workers = workers
        self.places = waiting
        self.timeout = timeout
        self.draining = False
        self.busy = 0
        self.answered: list[Callable[[Reply, float], None]] = []
        """Called with each reply and the seconds that its caller waited."""
        self._line: deque[asyncio.Future[None]] = deque()
        self._jobs: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []

    @property
    def depth(self) -> int:
        """How many are waiting for a worker."""
        return sum(not place.done() for place in self._line)

    def check(self) -> None:
        """Raises Refused where a question would not be taken now."""
        if self.draining:
            raise stopping()
        if self.busy >= self.workers and self.depth >= self.places:
            raise full()

    async def __call__(self, question: str, history: Sequence[str] = ()) -> Reply:
        """The reply. Raises Refused when the queue is full, when time runs out or the server stops."""
        self.check()
        began = time.perf_counter()
        try:
            async with asyncio.timeout(self.timeout):
                await self._place()
                reply = await asyncio.shield(self._start(lambda: self.ask(question, history)))
        except TimeoutError:
            raise late() from None
        for tell in self.answered:
            tell(reply, time.perf_counter() - began)
        return reply

    async def _place(self) -> None:
        """Returns when a worker is this caller's."""
        if self.busy < self.workers:
            self.busy += 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._line.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._free()  # the place came in the moment in which the caller left
            elif turn in self._line:
                self._line.remove(turn)
            raise

    def _free(self) -> None:
        """Hands a worker to whoever has waited longest."""
        while self._line:
            turn = self._line.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self.busy -= 1

    def _start(self, work: Callable[[], T]) -> asyncio.Future[T]:
        """A worker is free only when its work is done, whoever has left in the meantime."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[T] = loop.create_future()

        def finish(result: T | None, error: BaseException | None) -> None:
            self._free()
            if done.done():
                return
            if error is not None:
                done.set_exception(error)
            else:
                done.set_result(result)  # type: ignore[arg-type]

        def run() -> None:
            result, error = None, None
            try:
                result = work()
            except BaseException as raised:
                error = raised
            with suppress(RuntimeError):  # the loop has ended, and with it whoever waited
                loop.call_soon_threadsafe(finish, result, error)

        done.add_done_callback(lambda f: f.cancelled() or f.exception())  # nobody may be left to look at it
        if len(self._threads) < self.workers:
            self._threads.append(threading.Thread(target=self._work, name="footnote-answers", daemon=True))
            self._threads[-1].start()
        self._jobs.put(run)
        return done

    def _work(self) -> None:
        tidy = Tidy()
        while True:
            try:
                job = self._jobs.get(timeout=tidy.wait)
            except queue.Empty:
                tidy.rest()
                continue
            job()
            del job  # it holds the reply
            tidy.worked()
