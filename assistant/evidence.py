"""question, hits -> candidate sentences and what speaks for each of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from assistant.embed import Vectors
from assistant.index import Index, sentence_texts
from assistant.lexical import Lexical, content_stems
from assistant.read import Array, Evidence
from assistant.records import Hit, Sentence

READ_ALL = 64
"""A source of at most so many sentences is read whole; of a larger one, as many candidates."""

KNOWN_FOUND = 60
"""Known questions of covered documents that are looked at for one question."""

NEIGHBOURS = 15
"""The nearest known questions among which the share that nothing answers is taken."""

FAR = 0.1
"""Similarity of a known question that was not among those found."""

CLOSE = 0.4
"""Similarity from which on a known question speaks where a document is not covered by them."""

Encode = Callable[[Sequence[str]], Vectors]
Scorer = Callable[[str, Sequence[str]], Array]


class Gatherer:
    """Evidence for the sentences of one index. `match` is the matcher: texts -> vectors. `score` is the
    cross-encoder: question, texts -> logits; without one its evidence is missing and the weights must be
    those fitted without."""

    def __init__(self, index: Index, match: Encode, score: Scorer | None = None) -> None:
        self.index = index
        self.match = match
        self.score = score
        self.sentences: tuple[Sentence, ...] = tuple(s for d in index.documents for s in d.sentences)
        self.texts = sentence_texts(index.documents)
        self.lexical = Lexical(self.texts)
        self._at = {s.id: n for n, s in enumerate(self.sentences)}
        self._covered = np.array([float(s.document in index.covered) for s in self.sentences])
        many = np.array([k.document in index.covered for k in index.known], dtype=bool)
        self._many = np.flatnonzero(many)
        self._few = np.flatnonzero(~many)
        self._of = {d.id: [self._at[s.id] for s in d.sentences] for d in index.documents}
        answered = [k.question for k in index.known if k.gold]
        self._words = frozenset(w for text in (*self.texts, *answered) for w in content_stems(text))

    def __call__(self, question: str, hits: Sequence[Hit]) -> tuple[list[Sentence], Evidence]:
        """The candidates in source order, and their evidence, all comparable across sources.

        A sentence: `dense`, the matcher's cosine with the sentence in its place; `lexical`, BM25
        squashed to 0..1; `reader`, the cross-encoder's logit; `covered`, 1 where its document has
        many known questions. There `known`, the matcher's cosine with the nearest known question that
        it answers; `known3`, the mean of the three nearest. Elsewhere `close`, by how much the nearest
        passes CLOSE, and `refused`, by how much the nearest that its document does not answer does.

        The question: `known_none` and `known_none3`, the same for known questions that nothing
        answers, `known_none_share`, their share of the nearest fifteen, all of covered documents;
        `foreign`, the share of its words that are of another topic; the best of `known`, `dense` and
        `lexical`, which set the scale for "none of these".
        """
        vector = self.match([question])[0]
        dense = self.index.vectors @ vector
        lexical = self.lexical.scores(question)
        similarities = self.index.known_vectors @ vector
        known, known3, unanswered = self._of_many(similarities)
        close, refused = self._of_few(similarities)
        rows = self._rows(dense, lexical, np.maximum(known, close), hits)
        evidence: dict[str, Array] = {
            "dense": dense[rows].astype(np.float64),
            "lexical": (lexical[rows] / (lexical[rows] + 5.0)).astype(np.float64),
            "known": known[rows],
            "known3": known3[rows],
            "close": np.maximum(0.0, close[rows] - CLOSE),
            "refused": np.maximum(0.0, refused[rows] - CLOSE),
            "covered": self._covered[rows],
        }
        if self.score is not None:
            evidence["reader"] = self.score(question, [self.texts[i] for i in rows])
        whole = {
            **unanswered,
            "known_best": float(known.max(initial=FAR)),
            "foreign": self._foreign(question),
            "best_dense": float(evidence["dense"].max(initial=0.0)),
            "best_lexical": float(evidence["lexical"].max(initial=0.0)),
        }
        return [self.sentences[i] for i in rows], Evidence(evidence, whole)

    def _foreign(self, question: str) -> float:
        """Share of the question's content words that neither the source nor any known question
        that it answers uses: the mark of another topic."""
        words = content_stems(question)
        return len(words - self._words) / len(words) if words else 0.0

    def _of_few(self, similarities: Vectors) -> tuple[Array, Array]:
        """(sentences,) similarity of the nearest known question that each answers, and of the nearest that its
        document does not."""
        nearest, refused = np.full((2, len(self.sentences)), FAR)
        for at in self._few[similarities[self._few] > CLOSE]:
            known = self.index.known[at]
            found, rows = (
                (nearest, [self._at[s] for s in known.gold]) if known.gold else (refused, self._of[known.document])
            )
            found[rows] = np.maximum(found[rows], similarities[at])
        return nearest, refused

    def _of_many(self, similarities: Vectors) -> tuple[Array, Array, dict[str, float]]:
        """(sentences,) nearest and mean of three nearest similarities, and what speaks for "nothing"."""
        nearest = np.full((3, len(self.sentences)), FAR)
        none = np.full(3, FAR)
        neighbours: list[tuple[float, bool]] = []
        for at in self._many[np.argsort(-similarities[self._many], kind="stable")[:KNOWN_FOUND]]:
            similarity = max(FAR, float(similarities[at]))
            gold = self.index.known[at].gold
            neighbours.append((similarity, not gold))
            if not gold:
                none[int(none.argmin())] = max(similarity, float(none.min()))
            for sentence in gold:
                column = nearest[:, self._at[sentence]]
                column[int(column.argmin())] = max(similarity, float(column.min()))
        near = neighbours[:NEIGHBOURS]
        weight = sum(similarity for similarity, _ in near)
        unanswered = {
            "known_none": float(none.max()),
            "known_none3": float(none.mean()),
            "known_none_share": sum(s for s, empty in near if empty) / weight if weight else 0.5,
        }
        return nearest.max(axis=0), nearest.mean(axis=0), unanswered

    def _rows(
        self, dense: npt.NDArray[np.float32], lexical: npt.NDArray[np.float32], known: Array, hits: Sequence[Hit]
    ) -> list[int]:
        """Numbers of the sentences to read, in source order."""
        if len(self.sentences) <= READ_ALL:
            return list(range(len(self.sentences)))
        rows = dict.fromkeys(int(i) for i in np.argsort(-dense, kind="stable")[: READ_ALL // 2])
        rows.update(dict.fromkeys(int(i) for i in np.argsort(-lexical, kind="stable")[: READ_ALL // 4]))
        rows.update(dict.fromkeys(int(i) for i in np.argsort(-known, kind="stable")[:8] if known[i] > FAR))
        for hit in hits:
            rows.update(dict.fromkeys(self._at[s] for s in hit.passage.sentences))
        return sorted(list(rows)[:READ_ALL])
