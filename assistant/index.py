"""documents -> an index on disk that can be thrown away and built again.

One builder at a time behind a lock file. A build goes into a directory of its own, every
passage is looked up again before it counts, the manifest is written last, and one rename
makes it current. Chroma answers cheerfully from a damaged directory (it loses vectors to
two writers, or to a deleted HNSW file, and still counts them), so an index is opened only
after its passages have been found by their own vectors.

    data/indexes/KEY/lock, current -> "build-...", build-.../{chroma/, sentences.npy, manifest.json}
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout
from langchain_core.embeddings import Embeddings

from assistant.embed import Embedder, Vectors
from assistant.errors import StoreError
from assistant.known import fingerprint
from assistant.normalise import normalise
from assistant.passages import VERSION, embedding_text, passages_of
from assistant.read import reading_text
from assistant.records import Document, KnownQuestion, Passage

FORMAT = 1
PASSAGES, KNOWN = "passages", "known"
"""The two collections of an index."""
BATCH = 2_000
"""Records a write; Chroma refuses more than 5,461 at once."""
SAMPLE = 256
"""Passages looked up by their own vector when an index is opened (all of them when built)."""
LOCK_SECONDS = 600.0

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Index:
    """An open index: the stores are LangChain's Chroma; `vectors[i]` belongs to sentence i of the
    documents in order, as float32 unit vectors."""

    documents: tuple[Document, ...]
    passages: tuple[Passage, ...]
    known: tuple[KnownQuestion, ...]
    vectors: Vectors
    store: Any
    known_store: Any
    folder: Path


class _Remembered(Embeddings):
    """LangChain's Embeddings over our embedder, with vectors that an older build knows."""

    def __init__(self, embedder: Embedder, known: dict[str, Any] | None = None) -> None:
        self.embedder = embedder
        self.known = known or {}
        self.used: dict[str, None] = {}

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        fresh = [t for t in dict.fromkeys(texts) if t not in self.known]
        for text, vector in zip(fresh, self.embedder.encode(fresh), strict=True):
            self.known[text] = vector
        self.used.update(dict.fromkeys(texts))
        return [[float(x) for x in self.known[t]] for t in texts]

    def embed_query(self, text: str) -> list[float]:
        return [float(x) for x in self.embedder.encode([text])[0]]


def open_index(
    documents: tuple[Document, ...],
    embedder: Embedder,
    data: Path,
    corpus: Path,
    progress: Progress | None = None,
    known: tuple[KnownQuestion, ...] = (),
) -> Index:
    """The current index of these documents: opened when it agrees with them and is sound,
    built when not. Raises StoreError when it can be neither.

    `data` that cannot be written is not an error: the index is then built in a temporary
    folder of this process.
    """
    home = _writable(data / "indexes" / _key(corpus))
    wanted = _manifest(documents, known, embedder)
    found = _open_current(home, wanted, documents, known, embedder)
    if found:
        return found
    lock = FileLock(home / "lock")
    try:
        with lock.acquire(timeout=LOCK_SECONDS):
            found = _open_current(home, wanted, documents, known, embedder)  # built while we waited
            return found or _build(home, wanted, documents, known, embedder, progress)
    except Timeout as error:
        raise StoreError(
            f"Another process has held {home / 'lock'} for {LOCK_SECONDS:.0f} s. Wait for it to "
            "finish indexing, or stop it; the lock goes with the process."
        ) from error


def _key(corpus: Path) -> str:
    return hashlib.sha256(str(corpus.resolve()).encode()).hexdigest()[:16]


def _writable(home: Path) -> Path:
    try:
        home.mkdir(parents=True, exist_ok=True)
        probe = home / f".probe-{uuid.uuid4().hex}"
        probe.write_text("")
        probe.unlink()
        return home
    except OSError:
        return Path(tempfile.mkdtemp(prefix="footnote-"))


def _manifest(documents: Sequence[Document], known: Sequence[KnownQuestion], embedder: Embedder) -> dict[str, Any]:
    """What an index must agree with to answer for these documents."""
    return {
        "format": FORMAT,
        "passages": VERSION,
        "embedder": embedder.identity,
        "documents": {d.id: d.sha256 for d in documents},
        "sentences": sum(len(d.sentences) for d in documents),
        "known": fingerprint(known),
    }


def _store(folder: Path, collection: str, embeddings: Embeddings) -> Any:
    import chromadb
    from chromadb.config import Settings
    from langchain_chroma import Chroma

    client = chromadb.PersistentClient(str(folder), settings=Settings(anonymized_telemetry=False, allow_reset=False))
    return Chroma(
        collection_name=collection,
        embedding_function=embeddings,
        client=client,
        collection_configuration={"hnsw": {"space": "cosine", "ef_search": 200}},
    )


def _current(home: Path) -> Path | None:
    """The directory of the current build, or None. Anything odd in the pointer is None."""
    try:
        name = (home / "current").read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return None
    folder = home / name
    return folder if name.startswith("build-") and folder.parent == home and folder.is_dir() else None


def _read_manifest(folder: Path) -> dict[str, Any] | None:
    try:
        loaded = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return loaded if isinstance(loaded, dict) else None


def _open_current(
    home: Path,
    wanted: dict[str, Any],
    documents: tuple[Document, ...],
    known: tuple[KnownQuestion, ...],
    embedder: Embedder,
) -> Index | None:
    """The current build if it agrees with `wanted` and its passages can be found, else None."""
    folder = _current(home)
    manifest = _read_manifest(folder) if folder else None
    if folder is None or manifest is None or any(manifest.get(k) != v for k, v in wanted.items()):
        return None
    passages = _passages(documents, embedder)
    if [p.id for p in passages] != manifest.get("ids"):
        return None
    try:
        vectors = np.load(folder / "sentences.npy")
        if vectors.shape[0] != wanted["sentences"] or not np.isfinite(vectors).all():
            return None
        store = _store(folder / "chroma", PASSAGES, _Remembered(embedder))
        _check_retrievable(store, [p.id for p in passages], SAMPLE)
        known_store = _store(folder / "chroma", KNOWN, _Remembered(embedder))
        _check_retrievable(known_store, [k.id for k in known], SAMPLE)
    except Exception:  # damage comes as any of a dozen types; the cure is the same: build anew
        return None
    return Index(documents, passages, known, vectors, store, known_store, folder)


def _passages(documents: tuple[Document, ...], embedder: Embedder) -> tuple[Passage, ...]:
    return tuple(p for d in documents for p in passages_of(d, embedder.word_pieces))


def _check_retrievable(store: Any, expected: Sequence[str], sample: int) -> None:
    """Raises StoreError unless each sampled record is the answer to its own vector."""
    count = store._collection.count()
    if count != len(expected):
        raise StoreError(f"The index holds {count} records, expected {len(expected)}.")
    step = max(1, len(expected) // sample)
    ids = list(expected[::step])
    for at in range(0, len(ids), 100):
        part = ids[at : at + 100]
        stored = store._collection.get(ids=part, include=["embeddings"])
        vectors = np.asarray(stored["embeddings"], dtype=np.float32)
        if len(stored["ids"]) != len(part) or not np.isfinite(vectors).all():
            raise StoreError("The index has lost records.")
        found = store._collection.query(query_embeddings=vectors, n_results=3, include=["distances"])
        for own, distances in zip(stored["ids"], found["distances"], strict=True):
            if not distances or distances[0] > 1e-3:
                raise StoreError(f"Record {own} cannot be found by its own vector.")


def _remembered_vectors(home: Path, embedder: Embedder) -> dict[str, Any]:
    """Text -> vector of what the current build embedded with the same model, where readable."""
    folder = _current(home)
    manifest = _read_manifest(folder) if folder else None
    if folder is None or manifest is None or manifest.get("embedder") != embedder.identity:
        return {}
    try:
        texts = json.loads((folder / "texts.json").read_text(encoding="utf-8"))
        vectors = np.load(folder / "vectors.npy")
    except (OSError, ValueError):
        return {}
    if len(texts) != len(vectors) or not np.isfinite(vectors).all():
        return {}
    return dict(zip(texts, vectors, strict=True))


def _build(
    home: Path,
    wanted: dict[str, Any],
    documents: tuple[Document, ...],
    known: tuple[KnownQuestion, ...],
    embedder: Embedder,
    progress: Progress | None,
) -> Index:
    """Builds beside the current index, checks, swaps, sweeps. The caller holds the lock."""
    try:
        return _build_in(home, wanted, documents, known, embedder, progress)
    except OSError as error:
        raise StoreError(
            f"The index could not be written to {home} ({error.strerror or error}). Free some "
            "space, or set FOOTNOTE_DATA to another folder. The old index is untouched."
        ) from error


def _build_in(
    home: Path,
    wanted: dict[str, Any],
    documents: tuple[Document, ...],
    known: tuple[KnownQuestion, ...],
    embedder: Embedder,
    progress: Progress | None,
) -> Index:
    old = _current(home)
    remembered = _remembered_vectors(home, embedder)
    folder = home / f"build-{uuid.uuid4().hex[:12]}"
    folder.mkdir()
    report = progress or (lambda stage, done, total: None)
    embeddings = _Remembered(embedder, remembered)
    passages = _passages(documents, embedder)
    store = _store(folder / "chroma", PASSAGES, embeddings)
    for at in range(0, len(passages), BATCH):
        part = passages[at : at + BATCH]
        texts = [embedding_text(p) for p in part]
        _embed(embeddings, texts, lambda done: report("passages", at + done, len(passages)))
        store.add_texts(
            texts=texts,
            metadatas=[{"document": p.document, "section": p.section, "start": p.start} for p in part],
            ids=[p.id for p in part],
        )
    known_store = _store(folder / "chroma", KNOWN, embeddings)
    for at in range(0, len(known), BATCH):
        asked = known[at : at + BATCH]
        questions = [normalise(k.question) for k in asked]
        _embed(embeddings, questions, lambda done, at=at: report("known questions", at + done, len(known)))
        known_store.add_texts(texts=questions, ids=[k.id for k in asked])
    sentences = sentence_texts(documents)
    _embed(embeddings, sentences, lambda done: report("sentences", done, len(sentences)))
    vectors = np.asarray([embeddings.known[t] for t in sentences], dtype=np.float32)
    np.save(folder / "sentences.npy", vectors)
    _check_retrievable(store, [p.id for p in passages], len(passages))
    _check_retrievable(known_store, [k.id for k in known], max(1, len(known)))
    used = list(embeddings.used)
    np.save(
        folder / "vectors.npy",
        np.asarray([embeddings.known[t] for t in used], dtype=np.float32).reshape(len(used), -1),
    )
    _write(folder / "texts.json", json.dumps(used, ensure_ascii=False))
    _write(folder / "manifest.json", json.dumps({**wanted, "ids": [p.id for p in passages]}))
    _write(home / "current", folder.name)
    _sweep(home, keep={folder, old})
    return Index(documents, passages, known, vectors, store, known_store, folder)


def _embed(embeddings: _Remembered, texts: Sequence[str], report: Callable[[int], None]) -> None:
    """Fills the memory of `embeddings` in steps, so that progress can be shown."""
    for at in range(0, len(texts), 256):
        embeddings.embed_documents(list(texts[at : at + 256]))
        report(min(at + 256, len(texts)))


def sentence_texts(documents: Sequence[Document]) -> list[str]:
    """What the embedder and the reader see of every sentence, in order."""
    texts = []
    for document in documents:
        previous = ""
        section = None
        for sentence in document.sentences:
            if sentence.section != section:
                section, previous = sentence.section, ""
            texts.append(reading_text(document.title, sentence.section, sentence.text, previous))
            previous = sentence.text
    return texts


def _write(path: Path, text: str) -> None:
    """Writes a file so that it is there whole or not at all."""
    part = path.with_name(f"{path.name}.{uuid.uuid4().hex[:8]}.part")
    with part.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def _sweep(home: Path, keep: set[Path | None]) -> None:
    """Removes half-built and outdated directories; the one before stays for its readers."""
    for folder in home.glob("build-*"):
        if folder not in keep:
            shutil.rmtree(folder, ignore_errors=True)
    for part in home.glob("*.part"):
        part.unlink(missing_ok=True)
