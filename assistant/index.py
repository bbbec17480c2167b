"""documents -> an index on disk that can be thrown away and built again.

One builder at a time behind a lock file. A build goes into a directory of its own, every
passage is looked up again before it counts, the manifest is written last, and one rename
makes it current. Chroma answers cheerfully from a damaged directory (it loses vectors to
two writers, or to a deleted HNSW file, and still counts them), so an index is opened only
after its passages have been found by their own vectors.

Sentences and known questions are searched exactly: among thousands of questions that are close to one
another, Chroma's approximate neighbours differ from build to build, and answers with them.

    data/indexes/KEY/lock, current -> "build-...", build-.../{chroma/, sentences.npy, known.npy, manifest.json}
"""

from __future__ import annotations

import atexit
import hashlib
import json
import logging
import os
import re
import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout

from assistant.embed import Embedder, Vectors, file_hash
from assistant.errors import StoreError
from assistant.known import covered, fingerprint
from assistant.normalise import normalise
from assistant.passages import VERSION, by_section, embedding_text, passages_of
from assistant.read import reading_text
from assistant.records import Document, KnownQuestion, Passage
from assistant.store import Remembered, check_retrievable, files_of, open_store

log = logging.getLogger("footnote")

FORMAT = 4
PASSAGES = "passages"
"""The collection of an index."""
BATCH = 2_000
"""Records a write; Chroma refuses more than 5,461 at once."""
SAMPLE = 256
"""Passages looked up by their own vector when an index is opened (all of them when built)."""
LOCK_SECONDS = 600.0
EMBEDDER, MATCHER = "embedder", "matcher"
"""Who made vectors: a key of the manifest, and the name of what is remembered of its texts."""
_CHECKED = ("sentences.npy", "known.npy", *files_of(EMBEDDER), *files_of(MATCHER))

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Index:
    """An open index: the store is LangChain's Chroma, of passages by the embedder; `vectors[i]` belongs to
    sentence i of the documents in order and `known_vectors[i]` to `known[i]`, as float32 unit vectors by the
    matcher."""

    documents: tuple[Document, ...]
    passages: tuple[Passage, ...]
    known: tuple[KnownQuestion, ...]
    vectors: Vectors
    known_vectors: Vectors
    store: Any
    folder: Path

    def __post_init__(self) -> None:
        if len(self.known_vectors) != len(self.known):
            raise ValueError(f"{len(self.known_vectors)} vectors of {len(self.known)} known questions")

    @cached_property
    def covered(self) -> frozenset[str]:
        """Documents that have many known questions."""
        return covered(self.known, self.documents)


@dataclass(frozen=True)
class _Wanted:
    """What an index must hold, and the manifest that says so."""

    documents: tuple[Document, ...]
    passages: tuple[Passage, ...]
    known: tuple[KnownQuestion, ...]
    encoders: dict[str, Embedder]
    manifest: dict[str, Any]


def open_index(
    documents: tuple[Document, ...],
    embedder: Embedder,
    data: Path,
    corpus: Path,
    progress: Progress | None = None,
    known: tuple[KnownQuestion, ...] = (),
    matcher: Embedder | None = None,
) -> Index:
    """The current index of these documents: opened when it agrees with them and is sound,
    built when not. Without a matcher the embedder matches. Raises StoreError when it can be neither.

    `data` that cannot be written is not an error: the index is then built in a temporary
    folder of this process.
    """
    wanted = _wanted(documents, known, {EMBEDDER: embedder, MATCHER: matcher or embedder})
    home = _writable(data / "indexes" / _key(corpus))
    seen = _current(home)
    found = _open_current(home, wanted)
    if found:
        _sweep_half_built(home)
        return found
    try:
        with FileLock(home / "lock").acquire(timeout=LOCK_SECONDS):
            _write(home / "holder", str(os.getpid()))
            found = _open_current(home, wanted) if _current(home) != seen else None  # built while we waited
            return found or _build(home, wanted, progress)
    except Timeout as error:
        raise StoreError(
            f"The index is locked: process {_text(home / 'holder') or 'unknown'} has held {home / 'lock'} for over "
            f"{LOCK_SECONDS:.0f} s. Wait for it to finish indexing, or stop it; the lock goes with the process."
        ) from error
    except OSError as error:
        raise _unwritable(home, error) from error


def _key(corpus: Path) -> str:
    return hashlib.sha256(str(corpus.resolve()).encode()).hexdigest()[:16]


def _writable(home: Path) -> Path:
    """`home`, or a folder of this process with a copy of its current build."""
    try:
        home.mkdir(parents=True, exist_ok=True)
        probe = home / f".probe-{uuid.uuid4().hex}"
        probe.write_text("")
        probe.unlink()
        return home
    except OSError as error:
        log.warning("%s cannot be written (%s): the index is kept in a temporary folder", home, error.strerror)
    own = Path(tempfile.mkdtemp(prefix="footnote-"))
    atexit.register(shutil.rmtree, own, ignore_errors=True)
    with suppress(OSError, shutil.Error):
        if current := _current(home):
            shutil.copytree(current, own / current.name, copy_function=shutil.copyfile)
            for path in own.rglob("*"):
                path.chmod(0o700)
            _write(own / "current", current.name)
    return own


def _wanted(
    documents: tuple[Document, ...], known: tuple[KnownQuestion, ...], encoders: dict[str, Embedder]
) -> _Wanted:
    """The hash of every text that is embedded stands for how texts are cut and put together."""
    passages = tuple(p for d in documents for p in passages_of(d, encoders[EMBEDDER].word_pieces))
    embedded = [*(f"{p.id} {embedding_text(p)}" for p in passages), *map(_asked, known), *sentence_texts(documents)]
    manifest = {
        "format": FORMAT,
        "passages": VERSION,
        **{name: encoder.identity for name, encoder in encoders.items()},
        "documents": {d.id: d.sha256 for d in documents},
        "sentences": sum(len(d.sentences) for d in documents),
        "known": fingerprint(known),
        "texts": _hash(embedded),
    }
    return _Wanted(documents, passages, known, encoders, manifest)


def _asked(known: KnownQuestion) -> str:
    """What the matcher sees of a known question."""
    return normalise(known.question)


def _hash(texts: Iterable[str]) -> str:
    total = hashlib.sha256()
    for text in texts:
        total.update(text.encode() + b"\0")
    return total.hexdigest()


def _current(home: Path) -> Path | None:
    """The directory of the current build, or None. Anything odd in the pointer is None."""
    name = _text(home / "current")
    folder = home / name
    return folder if re.fullmatch(r"build-[0-9a-f]{12}", name) and folder.is_dir() else None


def _text(path: Path) -> str:
    """What a small file says, or "" where it cannot be read."""
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return ""


def _read_manifest(folder: Path | None) -> dict[str, Any]:
    """The manifest of a build, or {} where there is none to trust."""
    try:
        loaded = json.loads(_text(folder / "manifest.json")) if folder else None
    except (ValueError, RecursionError):
        return {}
    return loaded if isinstance(loaded, dict) else {}


def _open_current(home: Path, wanted: _Wanted) -> Index | None:
    """The current build if it agrees with `wanted` and its passages can be found, else None."""
    folder = _current(home)
    manifest = _read_manifest(folder)
    if folder is None or any(manifest.get(k) != v for k, v in wanted.manifest.items()):
        return None
    try:
        _check_files(folder, manifest)
        vectors, known_vectors = np.load(folder / "sentences.npy"), np.load(folder / "known.npy")
        store = open_store(folder / "chroma", PASSAGES, Remembered(wanted.encoders[EMBEDDER]))
        check_retrievable(store, [p.id for p in wanted.passages], SAMPLE)
    except Exception as error:  # damage comes as any of a dozen types; the cure is the same: build anew
        log.warning("the index in %s is damaged (%s) and is built anew", folder, error)
        return None
    return Index(wanted.documents, wanted.passages, wanted.known, vectors, known_vectors, store, folder)


def _check_files(folder: Path, manifest: dict[str, Any]) -> None:
    """Raises StoreError unless the vectors on disk are those that were written."""
    for name in _CHECKED:
        if manifest["files"][name] != file_hash(folder / name):
            raise StoreError(f"{name} was altered.")


def _remembered(home: Path, wanted: _Wanted) -> dict[str, Remembered]:
    """Each encoder with what the current build remembers of its texts, where it is the same and readable."""
    folder = _current(home)
    manifest = _read_manifest(folder)
    found: dict[str, Remembered] = {}
    for name, encoder in wanted.encoders.items():
        found[name] = next((r for r in found.values() if r.embedder is encoder), Remembered(encoder))
    same = [name for name, encoder in wanted.encoders.items() if manifest.get(name) == encoder.identity]
    if folder and same:
        try:
            _check_files(folder, manifest)
            for name in same:
                found[name].load(folder, name)
        except Exception as error:  # as in _open_current; the cure is to embed anew
            log.warning("the vectors in %s cannot be used again (%s)", folder, error)
    return found


def _build(home: Path, wanted: _Wanted, progress: Progress | None) -> Index:
    """Builds beside the current index, checks, swaps, sweeps. The caller holds the lock.

    What fails leaves the old index current and its own directory removed.
    """
    folder = home / f"build-{uuid.uuid4().hex[:12]}"
    old = _current(home)
    try:
        folder.mkdir()
        index = _build_in(folder, wanted, _remembered(home, wanted), progress)
        _write(home / "current", folder.name)
    except BaseException as error:
        from chromadb.errors import ChromaError

        shutil.rmtree(folder, ignore_errors=True)
        if isinstance(error, (OSError, ChromaError)):  # a full disk comes as either
            raise _unwritable(home, error) from error
        raise
    _sweep(home, keep={folder, old})
    return index


def _unwritable(home: Path, error: BaseException) -> StoreError:
    return StoreError(
        f"The index could not be written to {home} ({getattr(error, 'strerror', None) or error}). Free some "
        "space, or set FOOTNOTE_DATA to another folder. The old index is untouched."
    )


def _build_in(folder: Path, wanted: _Wanted, remembered: dict[str, Remembered], progress: Progress | None) -> Index:
    passages, known = wanted.passages, wanted.known
    embeddings, matched = remembered[EMBEDDER], remembered[MATCHER]
    store = open_store(folder / "chroma", PASSAGES, embeddings)
    for at in range(0, len(passages), BATCH):
        part = passages[at : at + BATCH]
        texts = [embedding_text(p) for p in part]
        _embed(embeddings, texts, _counter(progress, "passages", at, len(passages)))
        store.add_texts(
            texts=texts,
            metadatas=[{"document": p.document, "section": p.section, "start": p.start} for p in part],
            ids=[p.id for p in part],
        )
    questions = [_asked(k) for k in known]
    _embed(matched, questions, _counter(progress, "known questions", 0, len(known)))
    known_vectors = matched.vectors(questions)
    np.save(folder / "known.npy", known_vectors)
    sentences = sentence_texts(wanted.documents)
    _embed(matched, sentences, _counter(progress, "sentences", 0, len(sentences)))
    vectors = matched.vectors(sentences)
    np.save(folder / "sentences.npy", vectors)
    check_retrievable(store, [p.id for p in passages], len(passages))
    for name, memory in remembered.items():
        memory.save(folder, name)
    files = {name: file_hash(folder / name) for name in _CHECKED}
    _write(folder / "manifest.json", json.dumps({**wanted.manifest, "files": files}))
    return Index(wanted.documents, passages, known, vectors, known_vectors, store, folder)


def _counter(progress: Progress | None, stage: str, at: int, total: int) -> Callable[[int], None]:
    """Reports how many records of a stage are done, counted from `at`."""

    def count(done: int) -> None:
        if progress:
            progress(stage, at + done, total)

    return count


def _embed(embeddings: Remembered, texts: Sequence[str], report: Callable[[int], None]) -> None:
    """Fills the memory of `embeddings` in steps, so that progress can be shown."""
    for at in range(0, len(texts), 256):
        embeddings.embed_documents(list(texts[at : at + 256]))
        report(min(at + 256, len(texts)))


def sentence_texts(documents: Sequence[Document]) -> list[str]:
    """What the matcher and the reader see of every sentence, in order."""
    texts = []
    for document in documents:
        for section in by_section(document):
            for previous, sentence in zip(["", *(s.text for s in section)], section, strict=False):
                texts.append(reading_text(document.title, sentence.section, sentence.text, previous))
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


def _sweep_half_built(home: Path) -> None:
    """Removes what a killed build left, unless somebody is building at this moment."""
    if _half_built(home):
        with suppress(Timeout, OSError), FileLock(home / "lock").acquire(blocking=False):
            for folder in _half_built(home):  # again: the one seen before may be whole by now
                shutil.rmtree(folder, ignore_errors=True)


def _half_built(home: Path) -> list[Path]:
    return [folder for folder in home.glob("build-*") if not (folder / "manifest.json").exists()]
