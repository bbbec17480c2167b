"""Small stand-ins, each readable by eye: a source of two texts, and a fake for every seam of the engine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from langchain_core.documents import Document as LangChainDocument

from assistant.classify import LABELS
from assistant.embed import Embedder, Vectors
from assistant.engine import Assistant, Gates
from assistant.evidence import Gatherer
from assistant.guardrails import Guardrails
from assistant.index import Index
from assistant.passages import passages_of
from assistant.profile import load_profile
from assistant.read import Evidence, Reading
from assistant.records import Citation, Document, Sentence
from assistant.rules import load_rules
from assistant.source import parse

TEA = """# Tea

Tea is a drink.

## Brewing

Green tea is brewed at 80 degrees. Black tea needs boiling water.

## Storing

- Keep tea in a closed tin.
- Light fades it.
"""
POTS = "# Pots\n\nAn iron pot keeps tea hot for an hour. Light fades it.\n"


def documents() -> tuple[Document, ...]:
    """Two texts that share a sentence."""
    return parse(POTS, "pots.md"), parse(TEA, "tea.md")


def sentence(text: str, document: str = "tea.md") -> Sentence:
    """The sentence of `documents()` that begins with `text`."""
    return next(s for d in documents() for s in d.sentences if d.id == document and s.text.startswith(text))


def citation(text: str, document: str = "tea.md", score: float = 1.0) -> Citation:
    """That sentence, cited."""
    found = sentence(text, document)
    title = "Tea" if document == "tea.md" else "Pots"
    return Citation(document, title, found.section, found.text, found.start, found.end, score)


IRON, LIGHT_POTS = citation("An iron", "pots.md"), citation("Light", "pots.md")
DRINK, GREEN, BLACK, TIN, LIGHT = (citation(words) for words in ("Tea is", "Green", "Black", "Keep", "Light"))


def classify(**words: str) -> Callable[[Sequence[str]], list[dict[str, float]]]:
    """A classifier that is sure of a label where its word is in the text, else of `ok`.

    >>> classify(emergency="zebra")(["a zebra"])[0]["emergency"]
    1.0
    """

    def label(text: str) -> str:
        return next((name for name, word in words.items() if word in text), "ok")

    return lambda texts: [{name: float(name == label(text)) for name in LABELS} for text in texts]


class Broken:
    """Raises, however it is touched."""

    def __call__(self, *_: object) -> Any:
        raise MemoryError("out of luck")

    def __getattr__(self, name: str) -> Any:
        raise MemoryError("out of luck")


class FakeEmbedder(Embedder):
    """One dimension a word of WORDS, one for everything else; nothing is loaded."""

    WORDS = ("green", "black", "tin", "light", "iron", "drink")

    def __init__(self) -> None:
        super().__init__("fake")

    def encode(self, texts: Sequence[str]) -> Vectors:
        rows = [[*(float(word in text.lower()) for word in self.WORDS), 0.5] for text in texts]
        vectors = np.asarray(rows, dtype=np.float32).reshape(len(texts), self.dimensions)
        return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)

    def word_pieces(self, text: str) -> int:
        return len(text.split())

    @property
    def dimensions(self) -> int:
        return len(self.WORDS) + 1

    @property
    def vocabulary(self) -> list[str]:
        return ["about", "does", "tell", "what", "which"]


class FakeStore:
    """Exact search where Chroma stands."""

    def __init__(self, ids: Sequence[str], vectors: Vectors) -> None:
        self.ids = ids
        self.vectors = vectors

    def similarity_search_by_vector_with_relevance_scores(
        self, vector: Sequence[float], k: int
    ) -> list[tuple[LangChainDocument, float]]:
        distances = 1.0 - self.vectors @ np.asarray(vector, dtype=np.float32)
        best = np.argsort(distances, kind="stable")[:k]
        return [(LangChainDocument(id=self.ids[i], page_content=""), float(distances[i])) for i in best]


def index(texts: tuple[Document, ...]) -> Index:
    """An index in memory."""
    embedder = FakeEmbedder()
    passages = tuple(p for d in texts for p in passages_of(d, embedder.word_pieces))
    vectors = embedder.encode([s.text for d in texts for s in d.sentences])
    return Index(
        documents=texts,
        passages=passages,
        known=(),
        vectors=vectors,
        known_vectors=embedder.encode([]),
        store=FakeStore([p.id for p in passages], embedder.encode([p.text for p in passages])),
        folder=Path("nowhere"),
    )


def says(**shares: float) -> Callable[[Evidence], Reading]:
    """A reader that has made up its mind: sentence number -> its share, s0 being the first of pots.md.

    >>> says(s1=0.75)(Evidence({"dense": np.zeros(3)}, {})).probability
    0.75
    """

    def read(evidence: Evidence) -> Reading:
        values = np.asarray([shares.get(f"s{n}", 0.0) for n in range(evidence.size)])
        weights = np.log(np.maximum(values, 1e-9))
        total = float(values.sum())
        return Reading(total, values, weights, float(np.log(max(1.0 - total, 1e-9))), np.zeros(evidence.size))

    return read


def by_share(question: str, candidates: Sequence[Sentence], reading: Reading, most: int) -> list[int]:
    """The best sentence, and those that have three tenths of its share."""
    assert question
    assert len(candidates) == len(reading.shares)
    order = [int(n) for n in np.argsort(-reading.utilities, kind="stable")]
    return [n for n in order if reading.shares[n] >= 0.3 * reading.shares[order[0]]][:most]


def assistant(reader: Callable[[Evidence], Reading], profile: str = "health", **words: str) -> Assistant:
    """The real chain and rules over the two texts; the classifier knows one word a lane."""
    texts = documents()
    loaded = load_profile(profile, "UK", texts)
    guardrails = Guardrails(loaded, load_rules(), classify(**words))
    gates = Gates(answer=0.5, topic=0.05, cited=6, related=3)
    return Assistant(texts, index(texts), FakeEmbedder(), loaded, guardrails, reader, by_share, gates=gates)


def order() -> list[str]:
    """The sentences in the order in which a reader gets them."""
    return [s.text for s in Gatherer(index(documents()), FakeEmbedder().encode).sentences]
