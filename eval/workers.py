"""settings, how many -> processes that answer side by side.

Processes, not threads: torch holds one number of threads for all of a process, and what Python
does between two forward passes would be done by one thread at a time.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import replace

from assistant.engine import Assistant, build
from assistant.settings import Settings
from eval.cases import Case
from eval.run import Answering, Row, ask

Build = Callable[[Settings], Assistant]

_assistant: Assistant | None = None
"""Of a worker process, made once when it starts."""


def in_processes(settings: Settings, workers: int, build: Build = build) -> Answering:
    """Answers in so many processes, as soon as each has one; the index must be there already.

    build: a function that another process can import. torch's threads are shared out, one at least
    to each process; rows do not depend on how many there are.
    """
    shared = replace(settings, threads=max(1, settings.threads // workers))

    def answering(cases: Sequence[Case]) -> Iterator[tuple[Case, Row]]:
        spawn = multiprocessing.get_context("spawn")
        count = min(workers, len(cases))
        with ProcessPoolExecutor(count, mp_context=spawn, initializer=_start, initargs=(build, shared)) as pool:
            waiting = {pool.submit(_answer, case): case for case in cases}
            try:
                for done in as_completed(waiting):
                    yield waiting[done], done.result()
            finally:
                pool.shutdown(wait=False, cancel_futures=True)

    return answering


def _start(build: Build, settings: Settings) -> None:
    global _assistant
    _assistant = build(settings)


def _answer(case: Case) -> Row:
    if _assistant is None:
        raise RuntimeError("the worker was not started")
    return ask(_assistant, case)
