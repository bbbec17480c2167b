"""question -> hits: dense (Chroma) and lexical (BM25) ranks of passages, fused.

Reciprocal rank fusion with k = 60, the constant of Cormack, Clarke and Buettcher (SIGIR
2009): neither list's scores need to be comparable.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from assistant.index import Index
from assistant.lexical import Lexical
from assistant.passages import embedding_text
from assistant.records import Hit

RRF_K = 60
DEPTH = 20
"""Ranks that are fused at least, so that who asks for fewer hits gets the first of the same."""


class Retriever:
    """Dense and lexical search over the passages of one index."""

    def __init__(self, index: Index) -> None:
        self.index = index
        self.lexical = Lexical([embedding_text(p) for p in index.passages])
        self._by_id = {p.id: p for p in index.passages}

    def __call__(self, question: str, vector: Any, count: int = 20) -> tuple[Hit, ...]:
        """The `count` best passages, best first; `vector` is the question's unit vector."""
        deep = min(max(count, DEPTH), len(self.index.passages))
        dense = [
            document.id
            for document, _ in self.index.store.similarity_search_by_vector_with_relevance_scores(
                [float(x) for x in vector], k=deep
            )
        ]
        scores = self.lexical.scores(question)
        order = np.argsort(-scores, kind="stable")[:deep]
        lexical = [self.index.passages[i].id for i in order if scores[i] > 0]
        fused: dict[str, float] = {}
        for ranking in (dense, lexical):
            for rank, passage in enumerate(ranking, start=1):
                fused[passage] = fused.get(passage, 0.0) + 1.0 / (RRF_K + rank)
        best = sorted(fused, key=lambda p: (-fused[p], p))[:count]
        return tuple(Hit(self._by_id[p], fused[p]) for p in best)
