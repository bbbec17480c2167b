"""What flows between the steps: frozen records of primitive fields with string ids."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Verdict = Literal["answered", "abstained", "declined", "emergency", "smalltalk"]


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence or one list item: `document text[start:end] == text`, in characters."""

    id: str
    document: str
    section: str
    text: str
    start: int
    end: int
    kind: Literal["sentence", "item"] = "sentence"


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and what stands under it; level 1 is the widest."""

    id: str
    heading: str
    level: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Document:
    """One text of the source; `id` is its path below the source folder, with slashes."""

    id: str
    title: str
    text: str
    sha256: str
    sections: tuple[Section, ...]
    sentences: tuple[Sentence, ...]


@dataclass(frozen=True, slots=True)
class Passage:
    """A window of whole sentences of one section, small enough for the embedder."""

    id: str
    document: str
    title: str
    section: str
    text: str
    start: int
    end: int
    sentences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class KnownQuestion:
    """A question that people ask, with the ids of the sentences that answer it, or none."""

    id: str
    question: str
    document: str
    gold: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage that retrieval found; `score` is its fused reciprocal rank."""

    passage: Passage
    score: float


@dataclass(frozen=True, slots=True)
class Citation:
    """A sentence or list item of the source, word for word: text[start:end] == quote."""

    document: str
    title: str
    section: str
    quote: str
    start: int
    end: int
    score: float


@dataclass(frozen=True, slots=True)
class Statement:
    """One sentence of an answer that a language model wrote: the source's own, or in other words.

    citations: which of the reply's citations carry it, counted from 1 in reading order.
    """

    text: str
    provenance: Literal["quoted", "rephrased"]
    citations: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Reply:
    """What every door shows; see the README for the verdicts and the reason codes.

    confidence: calibrated probability, 0..1, that the source answers the question.
    related: nearest passages' sentences where nothing answers; never the answer.
    statements: what stands in place of the bare quotes where a language model rephrased them.
    """

    question: str
    verdict: Verdict
    reason: str
    text: str
    standalone_question: str = ""
    citations: tuple[Citation, ...] = ()
    related: tuple[Citation, ...] = ()
    confidence: float = 0.0
    disclaimer: str = ""
    suggestions: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    statements: tuple[Statement, ...] = ()
    latency_ms: float = field(default=0.0, compare=False)

    def as_dict(self) -> dict[str, Any]:
        """Plain dicts and lists, for JSON."""
        return asdict(self)
