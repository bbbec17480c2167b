"""Sentences by BM25 alone: bm25s with its own defaults and English stop words."""

from __future__ import annotations

from collections.abc import Sequence

import bm25s

from assistant.source import parse
from eval.peers.protocol import Hit, Source

COUNT = 10


class Sentences:
    """A sentence is what Footnote takes for one."""

    def index(self, sources: Sequence[Source]) -> None:
        self.texts = [s.text for source in sources for s in parse(source.text, source.name).sentences]
        self.bm25 = bm25s.BM25()
        self.bm25.index(bm25s.tokenize(self.texts, stopwords="en", show_progress=False), show_progress=False)

    def search(self, question: str, _: Sequence[str]) -> Sequence[Hit]:
        tokens = bm25s.tokenize([question], stopwords="en", show_progress=False)
        found, scores = self.bm25.retrieve(tokens, k=min(COUNT, len(self.texts)), show_progress=False)
        return [Hit(self.texts[int(n)], float(score)) for n, score in zip(found[0], scores[0], strict=True)]
