"""settings, questions -> what it costs: start, index, latency, throughput and memory, each beside its models alone.

The bare forward passes are those of the same questions: what went into the models is recorded
while the chain answers, then given to the models again with nothing around them, by as many
askers. What is left between the two is ours.
"""

from __future__ import annotations

import base64
import json
import pickle
import queue
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from assistant.embed import Embedder
from assistant.engine import Assistant, build
from assistant.index import open_index, sentence_texts
from assistant.known import read_known
from assistant.match import Matcher
from assistant.passages import embedding_text
from assistant.settings import Settings
from assistant.source import read_source
from eval import bench_door
from eval.bench_parts import lines
from eval.cases import Case
from eval.score import quantile

ASKERS = (1, 8, 32)
_COLD = """
import base64, json, pickle, sys, time
began = time.perf_counter()
from assistant.settings import stay_offline
stay_offline()
from assistant.engine import build
imported = time.perf_counter()
assistant = build(pickle.loads(base64.b64decode(sys.argv[1])))
built = time.perf_counter()
assistant.ask(sys.argv[2])
answered = time.perf_counter()
from eval.bench import memory_mib
print(json.dumps([imported - began, built - imported, answered - built, memory_mib()]))
"""


@dataclass(frozen=True)
class Timing:
    """Milliseconds a question, and questions a second, of so many askers at once."""

    askers: int
    p50: float
    p95: float
    p99: float
    per_second: float


def memory_mib() -> float:
    """Resident memory of this process."""
    return float(psutil.Process().memory_info().rss) / 2**20


def cold_start(settings: Settings, question: str) -> tuple[float, list[float]]:
    """A process of its own, from nothing to the first answer: seconds in all; those of import, build
    and first answer, and its MiB of memory after it."""
    values = base64.b64encode(pickle.dumps(settings)).decode()
    began = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", _COLD, values, question], capture_output=True, text=True, check=True)
    return time.perf_counter() - began, json.loads(done.stdout.splitlines()[-1])


def timed(work: Sequence[Callable[[], object]], askers: int) -> Timing:
    """Every piece of work once, taken from one queue by so many threads. The first error is raised."""
    waiting: queue.SimpleQueue[Callable[[], object]] = queue.SimpleQueue()
    for piece in work:
        waiting.put(piece)
    spent: list[float] = []
    errors: list[BaseException] = []

    def asker() -> None:
        while not errors:
            try:
                piece = waiting.get_nowait()
            except queue.Empty:
                return
            began = time.perf_counter()
            try:
                piece()
            except BaseException as error:
                errors.append(error)
            spent.append(1000 * (time.perf_counter() - began))

    threads = [threading.Thread(target=asker) for _ in range(askers)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    p50, p95, p99 = (quantile(spent, part) or 0.0 for part in (0.5, 0.95, 0.99))
    return Timing(askers, p50, p95, p99, len(work) / (time.perf_counter() - began))


@contextmanager
def recorded(assistant: Assistant) -> Iterator[list[Callable[[], object]]]:
    """Collects the calls of the four models, each ready to be made again, while the block runs."""
    calls: list[Callable[[], object]] = []

    def record(model: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any) -> Any:
            calls.append(lambda: model(*args))
            return model(*args)

        return call

    places = (
        (assistant.embedder, "encode"),
        (assistant.guardrails, "classify"),
        (assistant.gatherer, "match"),
        (assistant.gatherer, "score"),
    )
    models = [getattr(owner, name) for owner, name in places]
    for (owner, name), model in zip(places, models, strict=True):
        if model is not None:
            setattr(owner, name, record(model))
    try:
        yield calls
    finally:
        for (owner, name), model in zip(places, models, strict=True):
            setattr(owner, name, model)


def bare_passes(assistant: Assistant, cases: Sequence[Case]) -> list[Callable[[], object]]:
    """For each question the model calls that answering it makes, as one piece of work."""
    pieces: list[Callable[[], object]] = []
    with recorded(assistant) as calls:
        for case in cases:
            calls.clear()
            assistant.ask(case.question, case.history)
            pieces.append(_all_of(tuple(calls)))
    return pieces


def _all_of(calls: tuple[Callable[[], object], ...]) -> Callable[[], object]:
    return lambda: [call() for call in calls]


def latency(assistant: Assistant, cases: Sequence[Case], askers: Sequence[int] = ASKERS) -> list[tuple[Timing, Timing]]:
    """For each number of askers: the chain, and its models alone."""
    whole = [lambda c=case: assistant.ask(c.question, c.history) for case in cases]
    bare = bare_passes(assistant, cases)
    return [(timed(whole, count), timed(bare, count)) for count in askers]


def index_speed(settings: Settings) -> tuple[int, float, float]:
    """Texts embedded, seconds that building the index took, and those of embedding the same texts alone."""
    documents = read_source(settings.corpus)
    known, _ = read_known(settings.corpus, documents)
    embedder, matcher = Embedder(settings.embedder, settings.threads), Matcher(threads=settings.threads)
    for encoder in (embedder, matcher):
        encoder.encode(["warm"])
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        index = open_index(documents, embedder, Path(folder), settings.corpus, None, known, matcher)
        built = time.perf_counter() - began
    work = {
        embedder: [embedding_text(p) for p in index.passages],
        matcher: [*(k.question for k in known), *sentence_texts(documents)],
    }
    began = time.perf_counter()
    for encoder, own in work.items():
        for at in range(0, len(own), 256):
            encoder.encode(own[at : at + 256])
    return sum(map(len, work.values())), built, time.perf_counter() - began


def bench(settings: Settings, cases: Sequence[Case], askers: Sequence[int] = ASKERS) -> Iterator[str]:
    """Lines of a table, each as soon as it is known."""
    question = cases[0].question
    with tempfile.TemporaryDirectory() as folder:
        fresh = Settings(**{**vars(settings), "data": Path(folder)})
        for title in ("first start, builds the index", "later start, opens it"):
            whole, (imports, builds, first, memory) = cold_start(fresh, question)
            yield f"{title:32} {whole:6.2f} s  (import {imports:.2f}, build {builds:.2f}, first answer {first:.2f})"
    yield f"{'memory after the first answer':32} {memory:6.0f} MiB"
    count, built, bare = index_speed(settings)
    yield (
        f"{'index':32} {count / built:6.0f} texts/s  ({count:,} in {built:.2f} s; "
        f"the embedding alone {count / bare:.0f} texts/s, {bare:.2f} s)"
    )
    assistant = build(settings)
    assistant.ask(question)
    head = f"{'p50':>8} {'p95':>8} {'p99':>8} {'per s':>8}"
    yield f"{'ms':10} {head}    models alone: {head}"
    for chain, models in latency(assistant, cases, askers):
        yield f"{chain.askers:3} askers {_cells(chain)}    {'':13} {_cells(models)}"
    yield from lines(assistant, cases)
    yield bench_door.line(assistant, cases)
    yield f"{'memory after all of them':32} {memory_mib():6.0f} MiB  (with what measuring took)"


def _cells(t: Timing) -> str:
    return f"{t.p50:8.1f} {t.p95:8.1f} {t.p99:8.1f} {t.per_second:8.1f}"
