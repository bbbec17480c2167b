"""BM25: texts -> an index, question -> a score a text."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from assistant.lexical import Lexical

TEXTS = ("Spasms hurt.", "Heat relaxes a spasm, heat soothes.", "Cold numbs the area.", "…")


@pytest.mark.parametrize(
    ("question", "best"),
    [
        ("spasm", (0, 1)),  # the stem meets, the shorter text first
        ("SPASMS!", (0, 1)),
        ("heat", (1,)),
        ("numbing cold", (2,)),
        ("the a of", ()),
        ("kettle", ()),
        ("kettle heat", (1,)),
        ("", ()),
        ("?!", ()),
        ("x" * 2_000, ()),
        ("😀 \u202e \x00", ()),
    ],
)
def test_scores(question: str, best: Sequence[int]) -> None:
    scores = Lexical(TEXTS).scores(question)
    assert scores.shape == (4,)
    assert tuple(sorted((n for n in range(4) if scores[n] > 0), key=lambda n: -scores[n])) == best


@pytest.mark.parametrize("texts", [(), ("",), ("…", "the of")])
def test_texts_without_words(texts: Sequence[str]) -> None:
    assert Lexical(texts).scores("heat").tolist() == [0.0] * len(texts)
