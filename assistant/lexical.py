"""texts -> a BM25 index; question -> a score a text.

`bm25s` (MIT, numpy only, maintained; rank-bm25 has had no release since 2022) with the
Snowball stemmer, so that "spasms" meets "spasm".
"""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence

import bm25s
import numpy as np
import numpy.typing as npt
import Stemmer

from assistant.followup import STOP_WORDS

_WORD = re.compile(r"[a-z]{3,}")


class Lexical:
    """BM25 over a fixed list of texts."""

    def __init__(self, texts: Sequence[str]) -> None:
        self.size = len(texts)
        self._lock = threading.Lock()  # the stemmer keeps state
        self._stemmer = Stemmer.Stemmer("english")
        self._index: bm25s.BM25 | None = None
        tokens = self._tokens(list(texts))
        if any(tokens):
            self._index = bm25s.BM25(method="lucene")
            self._index.index(tokens, show_progress=False)

    def _tokens(self, texts: list[str]) -> list[list[str]]:
        with self._lock:
            tokens = bm25s.tokenize(texts, stopwords="en", stemmer=self._stemmer, return_ids=False, show_progress=False)
        return [list(t) for t in tokens]

    def scores(self, question: str) -> npt.NDArray[np.float32]:
        """(texts,) BM25 scores, 0 where no word is shared."""
        tokens = self._tokens([question])[0]
        if self._index is None or not tokens:
            return np.zeros(self.size, dtype=np.float32)
        return np.asarray(self._index.get_scores(tokens), dtype=np.float32)


def content_stems(text: str) -> frozenset[str]:
    """Stems of the words that carry content.

    >>> sorted(content_stems("What do the relaxed muscles do?"))
    ['muscl', 'relax']
    """
    words = {w for w in _WORD.findall(text.lower()) if w not in STOP_WORDS}
    return frozenset(Stemmer.Stemmer("english").stemWords(sorted(words)))
