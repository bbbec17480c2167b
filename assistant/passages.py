"""document -> passages: windows of whole sentences inside one section."""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Callable, Iterator
from itertools import groupby

from assistant.records import Document, Passage, Sentence

VERSION = "passages-1"
"""Changes whenever the same document would give other passages; the index records it."""

WORD_PIECES = 230
"""The embedder sees 256 word pieces; what is left holds the heading put before each passage."""

SENTENCES = 5
"""At most so many sentences a passage, one of them shared with the next."""


def passages_of(document: Document, word_pieces: Callable[[str], int]) -> Iterator[Passage]:
    """Windows of a document in reading order; every sentence is in at least one.

    `word_pieces` counts what the embedder would see of a text. A single sentence longer than
    the limit is a passage of its own, and the embedder sees its beginning.
    """
    for sentences in by_section(document):
        section = sentences[0].section
        costs = [word_pieces(s.text) for s in sentences]
        budget = WORD_PIECES - word_pieces(f"{document.title} {section}")
        at = 0
        while at < len(sentences):
            end, cost = at + 1, costs[at]
            while end < len(sentences) and end - at < SENTENCES and cost + costs[end] <= budget:
                cost += costs[end]
                end += 1
            yield _passage(document, section, sentences[at:end])
            if end == len(sentences):
                break
            at = end - 1 if end - at > 2 else end


def by_section(document: Document) -> Iterator[list[Sentence]]:
    """The sentences of each section that has any; two sections may bear the same heading."""
    starts = [section.start for section in document.sections]
    for _, run in groupby(document.sentences, key=lambda s: bisect_right(starts, s.start)):
        yield list(run)


def _passage(document: Document, section: str, sentences: list[Sentence]) -> Passage:
    start, end = sentences[0].start, sentences[-1].end
    text = " ".join(s.text for s in sentences)
    key = f"{document.id}\0{section}\0{start}\0{text}"
    return Passage(
        id=hashlib.sha256(key.encode()).hexdigest()[:24],
        document=document.id,
        title=document.title,
        section=section,
        text=text,
        start=start,
        end=end,
        sentences=tuple(s.id for s in sentences),
    )


def embedding_text(passage: Passage) -> str:
    """What the embedder sees of a passage: its place, then its words."""
    return f"{passage.title} - {passage.section}: {passage.text}"
