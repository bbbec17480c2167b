"""What the tests of the index share: a readable embedder, texts, and builds in processes of their own.

A worker is forked from a server that has only imported Chroma, so that each starts in a moment
and none inherits a client.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import resource
import signal
from collections.abc import Callable, Sequence
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

import numpy as np

from assistant import index
from assistant.embed import Embedder, Vectors
from assistant.errors import FootnoteError
from assistant.records import Document, KnownQuestion
from assistant.source import parse

CORPUS = Path("/corpus")
"""Names the index; nothing is read there."""

TEA = "# Tea\n\nTea is a drink.\n\n## Brewing\n\nGreen tea is brewed cool. Black tea needs boiling water.\n"
POTS = "# Pots\n\nAn iron pot keeps tea hot for an hour.\n"


class WordLengths(Embedder):
    """A text -> the lengths of its last eight words, less four, as a unit vector; counts what it embeds.

    >>> WordLengths().encode(["a pot of tea"]).round(2).tolist()
    [[0.0, 0.0, 0.0, 0.0, -0.8, -0.27, -0.53, -0.27]]
    """

    def __init__(self, identity: str = "word-lengths") -> None:
        super().__init__(identity)
        self.seen: list[str] = []

    def encode(self, texts: Sequence[str]) -> Vectors:
        self.seen += texts
        lengths = [[len(word) - 4.0 for word in text.split()[-8:]] for text in texts]
        vectors = np.asarray([[0.0] * (8 - len(row)) + row for row in lengths], dtype=np.float32).reshape(-1, 8)
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        return np.asarray(vectors / np.where(norms == 0, 1, norms), dtype=np.float32)

    def word_pieces(self, text: str) -> int:
        return len(text.split())

    @property
    def dimensions(self) -> int:
        return 8


def texts(**changed: str) -> tuple[Document, ...]:
    """pots.md and tea.md; an argument replaces a text, or leaves it out where it is empty."""
    named = {"pots": POTS, "tea": TEA} | changed
    return tuple(parse(text, f"{name}.md") for name, text in sorted(named.items()) if text)


def numbers(count: int) -> tuple[Document, ...]:
    """A document of so many sections of one sentence; each digit of its number is a word as long."""
    sections = []
    for n in range(count):
        digits = " ".join("x" * (2 * int(d) + 1) for d in f"{n:04}")
        sections.append(f"## {n}\n\nNumber {digits}.\n")
    return (parse("\n".join(sections), "numbers.md"),)


KNOWN = (
    KnownQuestion("k1", "What is tea?", "tea.md", ("tea.md#7-22",)),
    KnownQuestion("k2", "Who invented the saucer?", "tea.md", ()),
)


def open_here(data: Path, embedder: Embedder | None = None, **changed: str) -> index.Index:
    """The index of `texts(**changed)` in this process."""
    return index.open_index(texts(**changed), embedder or WordLengths(), data, CORPUS, known=KNOWN)


def start(work: Callable[..., None], *args: Any) -> ForkServerProcess:
    """Runs `work` of this module in a process of its own."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.builders", "langchain_chroma", "chromadb.api.rust"])
    process = context.Process(target=work, args=args)
    process.start()
    return process


def finish(process: ForkServerProcess) -> int | None:
    """Its exit code; -9 after SIGKILL."""
    process.join(60)
    return process.exitcode


def build_killed(data: Path, event: str, changed: dict[str, str]) -> None:
    """Builds and kills itself at an event: "progress STAGE DONE", "write NAME" or "wrote NAME"."""
    write = index._write

    def at(happened: str) -> None:
        if happened == event:
            os.kill(os.getpid(), signal.SIGKILL)

    def watched(path: Path, text: str) -> None:
        at(f"write {path.name}")
        write(path, text)
        at(f"wrote {path.name}")

    index._write = watched
    index.BATCH = 1
    index.open_index(
        texts(**changed),
        WordLengths(),
        data,
        CORPUS,
        lambda stage, done, _: at(f"progress {stage} {done}"),
        KNOWN,
    )


def build_reporting(data: Path, out: Path, changed: dict[str, str], most_bytes: int = -1) -> None:
    """Builds, no file larger than `most_bytes`, and writes what came of it to `out`, as JSON."""
    embedder = WordLengths()
    result: dict[str, Any]
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    if most_bytes >= 0:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, limits[1]))
    try:
        found = open_here(data, embedder, **changed)
        result = {"folder": found.folder.name, "embedded": len(embedder.seen), "passages": len(found.passages)}
    except FootnoteError as error:
        result = {"error": type(error).__name__, "message": str(error)}
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    out.write_text(json.dumps(result), encoding="utf-8")


def hold(lock: Path, held: Path) -> None:
    """Takes the lock as a builder does and keeps it until it is killed."""
    from filelock import FileLock

    with FileLock(lock):
        (lock.parent / "holder").write_text(str(os.getpid()), encoding="utf-8")
        held.touch()
        signal.pause()
