"""What known questions say for a sentence: exactly the nearest ones, however many there are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from assistant.embed import Vectors
from assistant.evidence import FAR, Gatherer
from assistant.records import KnownQuestion
from tests.fakes import FakeEmbedder, documents, index

COUNT = 3_000
"""More than an approximate index looks at for one question."""


def crowd() -> Vectors:
    """(COUNT, dimensions) unit vectors that are close to one another, as reworded questions are."""
    rows = np.random.default_rng(7).normal(size=(COUNT, FakeEmbedder().dimensions)) * 0.05 + 1.0
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def test_the_nearest_of_a_crowd_are_found() -> None:
    """Every third asks what sentence 0 answers, every third what sentence 1 does, the others what nothing does."""
    made = index(documents())
    first, second = made.documents[0].sentences[:2]
    golds = ((first.id,), (second.id,), ())
    known = tuple(KnownQuestion(f"k{n}", f"question {n}", first.document, golds[n % 3]) for n in range(COUNT))
    vectors = crowd()
    asked = vectors[1_500]
    gather = Gatherer(replace(made, known=known, known_vectors=vectors), lambda _: asked[None])
    _, evidence = gather("any", ())
    nearest = [np.sort((vectors @ asked)[group::3])[::-1][:3] for group in range(3)]
    assert evidence.sentence["known"][:3] == pytest.approx([nearest[0][0], nearest[1][0], FAR])
    assert evidence.sentence["known3"][:2] == pytest.approx([nearest[0].mean(), nearest[1].mean()])
    assert evidence.question["known_none"] == pytest.approx(nearest[2][0])
    assert evidence.question["known_none3"] == pytest.approx(nearest[2].mean())


def test_without_known_questions_nothing_speaks_either_way() -> None:
    _, evidence = Gatherer(index(documents()), FakeEmbedder().encode)("What is tea?", ())
    assert set(evidence.sentence["known"]) == {FAR}
    assert (evidence.question["known_none"], evidence.question["known_none_share"]) == (FAR, 0.5)
