"""question, hits -> candidate sentences and what speaks for each of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from assistant.embed import Vectors
from assistant.index import Index, sentence_texts
from assistant.lexical import Lexical
from assistant.read import Evidence
from assistant.records import Hit, Sentence

READ_ALL = 64
"""A source of at most so many sentences is read whole; of a larger one, as many candidates."""


class Gatherer:
    """Evidence for the sentences of one index."""

    def __init__(self, index: Index) -> None:
        self.index = index
        self.sentences: tuple[Sentence, ...] = tuple(s for d in index.documents for s in d.sentences)
        self.texts = sentence_texts(index.documents)
        self.lexical = Lexical(self.texts)
        self._at = {s.id: n for n, s in enumerate(self.sentences)}

    def __call__(self, question: str, vector: Vectors, hits: Sequence[Hit]) -> tuple[list[Sentence], Evidence]:
        """The candidates in source order, and their evidence.

        dense: cosine of the question with the sentence in its place. lexical: BM25, squashed
        to 0..1. best_dense, best_lexical: the highest of each, for the question as a whole.
        """
        dense = self.index.vectors @ vector
        lexical = self.lexical.scores(question)
        rows = self._rows(dense, lexical, hits)
        squashed = lexical[rows] / (lexical[rows] + 5.0)
        own = dense[rows].astype(np.float64)
        evidence = Evidence(
            {"dense": own, "lexical": squashed.astype(np.float64)},
            {"best_dense": float(own.max(initial=0.0)), "best_lexical": float(squashed.max(initial=0.0))},
        )
        return [self.sentences[i] for i in rows], evidence

    def _rows(self, dense: npt.NDArray[np.float32], lexical: npt.NDArray[np.float32], hits: Sequence[Hit]) -> list[int]:
        if len(self.sentences) <= READ_ALL:
            return list(range(len(self.sentences)))
        rows = dict.fromkeys(int(i) for i in np.argsort(-dense, kind="stable")[: READ_ALL // 2])
        rows.update(dict.fromkeys(int(i) for i in np.argsort(-lexical, kind="stable")[: READ_ALL // 4]))
        for hit in hits:
            rows.update(dict.fromkeys(self._at[s] for s in hit.passage.sentences))
        return sorted(list(rows)[:READ_ALL])
