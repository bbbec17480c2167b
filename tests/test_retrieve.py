"""question -> hits: the two ranks fused by hand on a small source, and against exact search on the real one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from assistant.embed import Embedder, Vectors
from assistant.index import Index, open_index
from assistant.passages import embedding_text
from assistant.records import Hit
from assistant.retrieve import Retriever
from assistant.source import parse
from tests.builders import CORPUS, WordLengths, numbers

LETTERS = "# X\n\n## A\n\napple pear\n\n## B\n\napple\n\n## C\n\nfig fig plum\n\n## D\n\nquince\n"


def rrf(*ranks: int) -> float:
    """Cormack, Clarke and Buettcher 2009, k = 60."""
    return sum(1 / (60 + rank) for rank in ranks)


@pytest.fixture(scope="module")
def letters(tmp_path_factory: pytest.TempPathFactory) -> Index:
    """Four passages, A to D, in a real Chroma."""
    return open_index((parse(LETTERS, "x.md"),), WordLengths(), tmp_path_factory.mktemp("letters"), CORPUS)


def sections(hits: tuple[Hit, ...]) -> list[tuple[str, float]]:
    return [(hit.passage.section, hit.score) for hit in hits]


def test_fusion_by_hand(letters: Index) -> None:
    retrieve = Retriever(letters)
    vectors = WordLengths().encode([embedding_text(p) for p in letters.passages])
    vector = vectors[2]
    order = np.argsort(-vectors @ vector, kind="stable")
    rank = {letters.passages[i].section: n for n, i in enumerate(order, start=1)}
    assert rank["C"] == 1

    assert sections(retrieve("kettle", vector)) == sorted(
        [(name, rrf(rank[name])) for name in "ABCD"], key=lambda row: -row[1]
    )
    found = dict(sections(retrieve("apple", vector)))
    assert found == {"A": rrf(rank["A"], 2), "B": rrf(rank["B"], 1), "C": rrf(1), "D": rrf(rank["D"])}
    assert list(found.values()) == sorted(found.values(), reverse=True)


@pytest.mark.parametrize(("count", "expected"), [(1, 1), (3, 3), (4, 4), (50, 4)])
def test_at_most_so_many_as_there_are(letters: Index, count: int, expected: int) -> None:
    vector = WordLengths().encode(["fig"])[0]
    assert len(Retriever(letters)("fig", vector, count)) == expected


@pytest.mark.parametrize("count", [1, 2, 4, 10])
def test_fewer_hits_are_the_first_of_more(article_index: Index, embedder: Embedder, count: int) -> None:
    vector = embedder.encode(["does warmth loosen a tight muscle"])[0]
    retrieve = Retriever(article_index)
    more = retrieve("does warmth loosen a tight muscle", vector)
    assert retrieve("does warmth loosen a tight muscle", vector, count) == more[:count]


QUESTIONS = (
    "does warmth loosen a tight muscle",
    "why would tablets stop working after a while",
    "pressure on a nerve",
    "is an MRI needed",
    "how should I sit at work",
    "parking",
    "",
)


@pytest.fixture(scope="module")
def vectors(article_index: Index, embedder: Embedder) -> Vectors:
    """Of the article's passages, embedded outside the index."""
    return embedder.encode([embedding_text(p) for p in article_index.passages])


@pytest.mark.parametrize("question", QUESTIONS)
def test_chroma_answers_as_exact_search_does(
    article_index: Index, embedder: Embedder, vectors: Vectors, question: str
) -> None:
    vector = embedder.encode([question])[0]
    similarities = vectors @ vector
    exact = [article_index.passages[i].id for i in np.argsort(-similarities, kind="stable")]
    found = article_index.store.similarity_search_by_vector_with_relevance_scores(vector.tolist(), k=len(vectors))
    assert [document.id for document, _ in found] == exact
    assert [d for _, d in found] == pytest.approx(sorted(1 - similarities), abs=1e-5)


def test_chroma_answers_as_exact_search_does_in_a_large_index(tmp_path: Path) -> None:
    embedder = WordLengths()
    index = open_index(numbers(1_500), embedder, tmp_path, CORPUS)
    vectors = embedder.encode([embedding_text(p) for p in index.passages])
    agree = []
    for vector in vectors[::75]:
        exact = np.sort(1 - vectors @ vector)[:20]
        found = index.store.similarity_search_by_vector_with_relevance_scores(vector.tolist(), k=20)
        agree.append(np.mean(np.abs([d for _, d in found] - exact) < 1e-4))
    assert np.mean(agree) > 0.99
    assert len(Retriever(index)("Number", vectors[0], 300)) == 300


@pytest.mark.parametrize(
    ("question", "section"),
    [
        ("moist heat and blood flow", "Physical and Manual Therapies"),
        ("TENS", "Physical and Manual Therapies"),  # a word that only the lexical rank knows well
        ("the body gets used to the tablets", "Common Reasons for Treatment Failure"),
        ("sciatica", "Identifying the Underlying Issue"),
    ],
)
def test_the_best_hit_on_the_article(article_index: Index, embedder: Embedder, question: str, section: str) -> None:
    hits = Retriever(article_index)(question, embedder.encode([question])[0])
    assert hits[0].passage.section == section
    assert len(hits) == len({h.passage.id for h in hits}) == len(article_index.passages)
    assert [h.score for h in hits] == sorted((h.score for h in hits), reverse=True)


def test_the_same_question_gives_the_same_hits(article_index: Index, embedder: Embedder) -> None:
    vector = embedder.encode(["nerve pain"])[0]
    assert Retriever(article_index)("nerve pain", vector) == Retriever(article_index)("nerve pain", vector)
