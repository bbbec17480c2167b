"""The pool: at most so many at once, at most so many waiting, and whoever leaves gives the place back."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import pytest

from assistant.records import Reply
from assistant.web.errors import Refused
from assistant.web.pool import Pool


class Slow:
    """Answers when it is let; `order` holds the questions as they were begun, `most` how many ran at once."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.order: list[str] = []
        self.now = self.most = 0
        self.lock = threading.Lock()

    def __call__(self, question: str, history: Sequence[str] = ()) -> Reply:
        with self.lock:
            self.order.append(question)
            self.now += 1
            self.most = max(self.most, self.now)
        self.open.wait(10)
        with self.lock:
            self.now -= 1
        if question == "bad":
            raise MemoryError
        return Reply(question, "abstained", "off_topic", " ".join(history))


def run(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(work())


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not true():
            await asyncio.sleep(0.001)


async def refused(question: Coroutine[Any, Any, Reply]) -> str:
    with pytest.raises(Refused) as caught:
        await question
    assert (caught.value.status, caught.value.retry_after) == (503, 2)
    return caught.value.code


def test_an_answer_with_its_history_and_seconds() -> None:
    async def work() -> None:
        pool = Pool(lambda question, history: Reply(question, "answered", "answered", " ".join(history)))
        seen: list[tuple[str, float]] = []
        pool.answered.append(lambda reply, seconds: seen.append((reply.question, seconds)))
        assert (await pool("q", ["a", "b"])).text == "a b"
        assert [question for question, seconds in seen if 0 < seconds < 5] == ["q"]
        assert (pool.busy, pool.depth) == (0, 0)

    run(work)


@pytest.mark.parametrize(("workers", "places"), [(1, 0), (1, 3), (2, 2)])
def test_a_full_queue_turns_away_at_once(workers: int, places: int) -> None:
    async def work() -> None:
        slow = Slow()
        pool = Pool(slow, workers, places)
        taken = [asyncio.create_task(pool(f"{n}")) for n in range(workers + places)]
        await until(lambda: len(slow.order) == workers and pool.depth == places)
        assert await refused(pool("one more")) == "busy"
        slow.open.set()
        replies = await asyncio.gather(*taken)
        assert [r.question for r in replies] == slow.order
        assert slow.most == workers
        assert (pool.busy, pool.depth) == (0, 0)
        assert (await pool("again")).question == "again"

    run(work)


def test_the_loop_goes_on_while_an_answer_is_slow() -> None:
    async def work() -> None:
        slow = Slow()
        pool = Pool(slow)
        task = asyncio.create_task(pool("q"))
        await until(lambda: slow.now == 1)
        began = time.perf_counter()
        await asyncio.sleep(0)
        assert time.perf_counter() - began < 0.5
        assert not task.done()
        slow.open.set()
        await task

    run(work)


def test_whoever_leaves_the_queue_gives_the_place_back() -> None:
    async def work() -> None:
        slow = Slow()
        pool = Pool(slow, 1, 1)
        first, second = asyncio.create_task(pool("1")), asyncio.create_task(pool("2"))
        await until(lambda: pool.depth == 1)
        assert await refused(pool("3")) == "busy"
        second.cancel()
        await asyncio.gather(second, return_exceptions=True)
        assert pool.depth == 0
        third = asyncio.create_task(pool("3"))
        await until(lambda: pool.depth == 1)
        slow.open.set()
        assert [r.question for r in await asyncio.gather(first, third)] == ["1", "3"]
        assert slow.order == ["1", "3"]

    run(work)


def test_a_worker_is_busy_until_its_work_is_done_whoever_has_left() -> None:
    async def work() -> None:
        slow = Slow()
        pool = Pool(slow, 1, 4, timeout=0.05)
        assert await refused(pool("hangs")) == "timeout"
        assert await refused(pool("waits behind it")) == "timeout"
        assert (pool.busy, pool.depth, slow.order) == (1, 0, ["hangs"])
        slow.open.set()
        await until(lambda: pool.busy == 0)
        pool.timeout = 5
        assert (await pool("next")).question == "next"

    run(work)


def test_a_place_that_comes_as_its_caller_leaves_goes_to_the_next() -> None:
    async def work() -> None:
        slow = Slow()
        pool = Pool(slow, 1, 2)
        first, leaver, last = (asyncio.create_task(pool(name)) for name in ("1", "leaver", "last"))
        await until(lambda: pool.depth == 2)
        pool._free()  # the worker is handed to the leaver ...
        leaver.cancel()  # ... who leaves before taking it
        await asyncio.gather(leaver, return_exceptions=True)
        slow.open.set()
        assert [r.question for r in await asyncio.gather(first, last)] == ["1", "last"]

    run(work)


def test_what_the_engine_raises_reaches_the_caller_and_frees_the_worker() -> None:
    async def work() -> None:
        slow = Slow()
        slow.open.set()
        pool = Pool(slow)
        with pytest.raises(MemoryError):
            await pool("bad")
        assert pool.busy == 0

    run(work)


def test_a_stop_takes_no_new_question_and_finishes_the_old() -> None:
    async def work() -> None:
        slow = Slow()
        pool = Pool(slow, 1, 4)
        tasks = [asyncio.create_task(pool(name)) for name in ("1", "2")]
        await until(lambda: pool.depth == 1)
        pool.draining = True
        assert await refused(pool("3")) == "stopping"
        slow.open.set()
        assert [r.question for r in await asyncio.gather(*tasks)] == ["1", "2"]

    run(work)


def test_two_hundred_at_once() -> None:
    async def work() -> None:
        pool = Pool(lambda question, _: Reply(question, "answered", "answered", ""), 1, 16)
        ended = await asyncio.gather(*(pool(f"{n}") for n in range(200)), return_exceptions=True)
        answered = [r for r in ended if isinstance(r, Reply)]
        away = [r for r in ended if isinstance(r, Refused)]
        assert (len(answered), len(away)) == (17, 183)
        assert (pool.busy, pool.depth) == (0, 0)

    run(work)
