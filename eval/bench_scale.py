"""a collection of answers -> how the cost grows with the source: index time, size, memory and latency.

Each share is built and asked in a process of its own, so that memory is that of this share alone.
"""

from __future__ import annotations

import multiprocessing
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from assistant.settings import Settings
from eval.public_search import Collection, evenly, medquad, write_texts

QUESTIONS = 40


@dataclass(frozen=True)
class Cost:
    """Of one share of the collection. seconds: of the first start, of a later one; milliseconds a question."""

    documents: int
    sentences: int
    build_seconds: float
    open_seconds: float
    disk_mib: float
    memory_mib: float
    p50_ms: float
    p95_ms: float


def cost(settings: Settings, collection: Collection, documents: int) -> Cost:
    """Builds an index of so many documents, opens it again, and asks."""
    from assistant.embed import Embedder
    from assistant.engine import build
    from assistant.settings import stay_offline
    from eval.bench import memory_mib, timed

    stay_offline()
    kept = {key: collection.texts[key] for key in evenly(list(collection.texts), documents)}
    asked = evenly([text for key, text in collection.queries.items() if key in kept], QUESTIONS)
    with tempfile.TemporaryDirectory() as folder:
        corpus, data = Path(folder) / "corpus", Path(folder) / "data"
        write_texts(kept, corpus)
        here = Settings(**{**vars(settings), "corpus": corpus, "data": data})
        Embedder(here.embedder, here.threads).encode(["warm"])  # imports are no cost of the source's size
        began = time.perf_counter()
        build(here)
        built = time.perf_counter()
        assistant = build(here)
        opened = time.perf_counter()
        assistant.ask(asked[0])
        spent = timed([lambda q=q: assistant.ask(q) for q in asked], 1)  # type: ignore[misc]
        size = sum(p.stat().st_size for p in data.rglob("*") if p.is_file())
        sentences = sum(len(d.sentences) for d in assistant.documents.values())
        return Cost(
            len(kept), sentences, built - began, opened - built, size / 2**20, memory_mib(), spent.p50, spent.p95
        )  # fmt: skip


def scale(settings: Settings, path: Path, shares: Sequence[float]) -> Iterator[str]:
    """Lines of a table: a line a share (in per cent), as soon as it is known."""
    collection = medquad(path)
    yield (
        f"{'share':>6} {'documents':>10} {'sentences':>10} {'build s':>9} {'open s':>8} {'disk MiB':>9} "
        f"{'memory MiB':>11} {'p50 ms':>8} {'p95 ms':>8}"
    )
    spawn = multiprocessing.get_context("spawn")
    for share in shares:
        documents = max(1, round(len(collection.texts) * share / 100))
        with ProcessPoolExecutor(1, mp_context=spawn) as process:
            c = process.submit(cost, settings, collection, documents).result()
        yield (
            f"{share:5g}% {c.documents:10,} {c.sentences:10,} {c.build_seconds:9.1f} {c.open_seconds:8.2f} "
            f"{c.disk_mib:9.1f} {c.memory_mib:11.0f} {c.p50_ms:8.1f} {c.p95_ms:8.1f}"
        )
