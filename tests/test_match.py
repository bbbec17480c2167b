"""The shipped matcher: the base model with other weights, told apart by them, and refused when they are broken."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from assistant.embed import Embedder
from assistant.errors import ModelError
from assistant.match import WEIGHTS, Matcher

SENTENCES = (
    "Car - Engine: The oil must be changed every ten thousand miles.",
    "Car - Engine: Worn pads make a grinding noise when the driver slows down.",
    "Car - Inside: The seats are covered in grey cloth.",
)


@pytest.fixture(scope="module")
def matcher() -> Matcher:
    return Matcher()


def test_everyday_words_lie_near_their_answer(matcher: Matcher) -> None:
    vectors = matcher.encode([*SENTENCES, "it makes a horrid scraping sound when i brake"])
    assert vectors.shape == (4, 384)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)
    assert int((vectors[:3] @ vectors[3]).argmax()) == 1


def test_it_is_another_model_than_the_base(matcher: Matcher) -> None:
    base = Embedder()
    assert matcher.identity != base.identity
    assert matcher.dimensions == base.dimensions
    assert not np.allclose(matcher.encode(SENTENCES), base.encode(SENTENCES), atol=0.05)


def test_the_same_vectors_again(matcher: Matcher) -> None:
    assert np.array_equal(matcher.encode(SENTENCES), matcher.encode(SENTENCES))
    assert matcher.encode([]).shape == (0, 384)


def test_weights_that_are_missing_or_broken_are_told_before_an_index_is_built(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="Restore the file from the repository"):
        _ = Matcher(tmp_path / "none").identity
    (tmp_path / "cut").write_bytes(WEIGHTS.read_bytes()[:5_000])
    with pytest.raises(ModelError, match=r"The matcher .*cut cannot be loaded"):
        Matcher(tmp_path / "cut").encode(["tea"])
