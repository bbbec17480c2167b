"""questions, each system's best hits -> what a system is worth: figures of hits, and of answers once its score is cut.

A score has to be cut somewhere before a system can say "not in the source". The cut is fitted on the
questions themselves, five times on four fifths for the remaining fifth, so that no question helps to
choose the cut by which it is judged.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from assistant.errors import SourceError
from assistant.source import parse
from eval.cases import Case
from eval.metrics import any_same, plain
from eval.score import auroc, quantile, share

FOLDS = 5
SEED = 7


@dataclass(frozen=True)
class Judged:
    """One question and the best hit of a system; sentence: the one that answers best in it."""

    case: Case
    text: str
    sentence: str
    score: float
    verdict: str
    ms: float

    @property
    def ok(self) -> tuple[str, ...]:
        """The sentences that may be cited."""
        return (*self.case.gold, *self.case.also_ok)

    @property
    def passage_hit(self) -> bool:
        """Whether what is shown holds a sentence that answers."""
        return any_same(self.sentence, self.ok) or any(plain(s) in plain(self.text) for s in self.ok if plain(s))

    @property
    def sentence_hit(self) -> bool:
        """Whether the sentence is one that answers."""
        return any_same(self.sentence, self.ok)


Hits = Callable[[Judged], bool]


def best_cut(rows: Sequence[Judged], hits: Hits) -> float:
    """The score from which on answering gets most of the rows right; of several the highest."""
    order = sorted(rows, key=lambda r: -r.score)
    right = best = sum(r.case.expect == "abstain" for r in rows)
    cut = math.inf
    for at, row in enumerate(order):
        right += hits(row) if row.case.expect == "answer" else -1
        following = order[at + 1].score if at + 1 < len(order) else -math.inf
        if right > best and following < row.score:
            best = right
            cut = (row.score + following) / 2 if math.isfinite(following) and math.isfinite(row.score) else row.score
    return cut


def answered(rows: Sequence[Judged], hits: Hits) -> list[bool]:
    """Whether each question is answered: by the system's own verdict, else by a cut that other folds chose."""
    if any(row.verdict for row in rows):
        return [row.verdict == "answered" for row in rows]
    fold = np.random.default_rng(SEED).permutation(len(rows)) % FOLDS
    judged = [r.case.expect in ("answer", "abstain") for r in rows]
    cuts = [
        best_cut([r for r, f, j in zip(rows, fold, judged, strict=True) if j and f != n], hits) for n in range(FOLDS)
    ]
    return [row.score >= cuts[f] for row, f in zip(rows, fold, strict=True)]


def _right(row: Judged, said: bool, hits: Hits) -> bool:
    expect = row.case.expect
    if expect == "answer":
        return said and hits(row)
    if expect == "abstain":
        return not said and row.verdict != "emergency" and row.verdict != "smalltalk"
    if expect == "refuse":
        return row.verdict == "declined" or (row.case.category == "injection" and not said)
    return row.verdict == {"emergency": "emergency", "chitchat": "smalltalk"}.get(expect)


def figures(rows: Sequence[Judged]) -> dict[str, float | None]:
    """Every figure by name; None where no question measures it."""
    by_passage = answered(rows, lambda r: r.passage_hit)
    by_sentence = answered(rows, lambda r: r.sentence_hit)
    asked = [r for r in rows if r.case.expect == "answer"]
    content = [n for n, r in enumerate(rows) if r.case.expect in ("answer", "abstain")]

    def right(said: Sequence[bool], hits: Hits, which: Sequence[int]) -> float | None:
        return share([_right(rows[n], said[n], hits) for n in which])

    def false(category: str) -> float | None:
        return share(
            [
                said
                for r, said in zip(rows, by_passage, strict=True)
                if r.case.expect == "abstain" and r.case.category == category
            ]
        )

    return {
        "right_passage": right(by_passage, lambda r: r.passage_hit, content),
        "right_sentence": right(by_sentence, lambda r: r.sentence_hit, content),
        "right_all": right(by_sentence, lambda r: r.sentence_hit, range(len(rows))),
        "hit@1_passage": share([r.passage_hit for r in asked]),
        "hit@1_sentence": share([r.sentence_hit for r in asked]),
        "false_near_miss": false("near_miss"),
        "false_far": false("far"),
        "auroc": auroc([r.score for r in asked], [r.score for r in rows if r.case.expect == "abstain"]),
        "ms": quantile([r.ms for r in rows], 0.5),
    }


def nearest_sentence(text: str, question: str, encode: Callable[[list[str]], Any]) -> str:
    """The sentence of a passage that is nearest to the question; of a mere heading, the heading."""
    try:
        sentences = list(dict.fromkeys(s.text for s in parse(text, "passage.md").sentences))
    except SourceError:  # it holds none
        return text
    if len(sentences) == 1:
        return sentences[0]
    vectors = encode([question, *sentences])
    return sentences[int(np.argmax(vectors[1:] @ vectors[0]))]
