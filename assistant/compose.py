"""sentences with their scores -> citations and the text of an answer, word for word."""

from __future__ import annotations

from collections.abc import Sequence

from assistant.records import Citation, Document, Sentence


def cite(sentence: Sentence, document: Document, score: float) -> Citation:
    """A sentence of a document as a citation."""
    return Citation(
        document=sentence.document,
        title=document.title,
        section=sentence.section,
        quote=sentence.text,
        start=sentence.start,
        end=sentence.end,
        score=round(score, 4),
    )


def in_reading_order(citations: Sequence[Citation]) -> tuple[Citation, ...]:
    """By document, then by place in it."""
    return tuple(sorted(citations, key=lambda c: (c.document, c.start)))


def answer_text(citations: Sequence[Citation]) -> str:
    """The quoted sentences in reading order and nothing else."""
    return " ".join(c.quote for c in in_reading_order(citations))
