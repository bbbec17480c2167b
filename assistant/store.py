"""One Chroma collection, through LangChain: opened, and looked up again before it is trusted."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from langchain_core.embeddings import Embeddings

from assistant.embed import Embedder, Vectors
from assistant.errors import StoreError

MISSES = 0.005
"""Share of the looked-up records that may be missed: HNSW over 20,000 clustered vectors misses 2
in a sound index, one that two processes wrote at once misses 2.5 % (measured, chromadb 1.5.9)."""


def files_of(name: str) -> tuple[str, str]:
    """The files that `Remembered` keeps vectors and texts in."""
    return f"{name}.npy", f"{name}.json"


class Remembered(Embeddings):
    """LangChain's Embeddings over our embedder, with vectors that an older build knows."""

    def __init__(self, embedder: Embedder) -> None:
        self.embedder = embedder
        self.known: dict[str, Any] = {}
        self.used: dict[str, None] = {}

    def load(self, folder: Path, name: str) -> None:
        """What `save` wrote under this name. Raises whatever is wrong with the files."""
        vectors, texts = (folder / file for file in files_of(name))
        self.known = dict(zip(json.loads(texts.read_text(encoding="utf-8")), np.load(vectors), strict=True))

    def save(self, folder: Path, name: str) -> None:
        """Writes the texts that were asked for, and their vectors."""
        vectors, texts = (folder / file for file in files_of(name))
        used = list(self.used)
        np.save(vectors, self.vectors(used))
        texts.write_text(json.dumps(used, ensure_ascii=False), encoding="utf-8")

    def vectors(self, texts: Sequence[str]) -> Vectors:
        """(texts, dimensions) float32, of texts that were asked for."""
        rows = [self.known[t] for t in texts]
        return np.asarray(rows, dtype=np.float32).reshape(len(rows), self.embedder.dimensions)

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        fresh = [t for t in dict.fromkeys(texts) if t not in self.known]
        for text, vector in zip(fresh, self.embedder.encode(fresh), strict=True):
            self.known[text] = vector
        self.used.update(dict.fromkeys(texts))
        return [[float(x) for x in self.known[t]] for t in texts]

    def embed_query(self, text: str) -> list[float]:
        return [float(x) for x in self.embedder.encode([text])[0]]


def open_store(folder: Path, collection: str, embeddings: Embeddings) -> Any:
    """LangChain's Chroma over one collection of the database in `folder`; made where it is missing."""
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


def check_retrievable(store: Any, expected: Sequence[str], sample: int) -> None:
    """Raises StoreError unless the sampled records are the answers to their own vectors."""
    count = store._collection.count()
    if count != len(expected):
        raise StoreError(f"The index holds {count} records, expected {len(expected)}.")
    step = max(1, len(expected) // sample)
    ids = list(expected[::step])
    missed = 0
    for at in range(0, len(ids), 100):
        part = ids[at : at + 100]
        stored = store._collection.get(ids=part, include=["embeddings"])
        vectors = np.asarray(stored["embeddings"], dtype=np.float32)
        if len(stored["ids"]) != len(part) or not np.isfinite(vectors).all():
            raise StoreError("The index has lost records.")
        found = store._collection.query(query_embeddings=vectors, n_results=3, include=["distances"])
        missed += sum(not distances or distances[0] > 1e-3 for distances in found["distances"])
    if missed > MISSES * len(ids):
        raise StoreError(f"{missed} of {len(ids)} records cannot be found by their own vectors.")
