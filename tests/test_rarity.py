"""Word -> how rare it is; question -> how much of it is of another topic."""

from __future__ import annotations

import pytest

from assistant.evidence import Gatherer
from assistant.rarity import rarity
from tests.fakes import FakeEmbedder, documents, index


@pytest.mark.parametrize(("common", "rare"), [("hurt", "sciatica"), ("drink", "gallstones"), ("people", "hernia")])
def test_rare_words_weigh_more(common: str, rare: str) -> None:
    assert 0 <= rarity(common) < rarity(rare) <= 1


@pytest.mark.parametrize("word", ["xyzzyx", "Flexeril", ""])
def test_a_word_that_no_list_knows_is_as_rare_as_can_be(word: str) -> None:
    assert rarity(word) == 1.0


def test_case_is_no_matter() -> None:
    assert rarity("Jazz") == rarity("jazz")


@pytest.mark.parametrize(
    ("question", "foreign"),
    [("How is black tea brewed?", False), ("How is gallstone surgery done?", True), ("Why?", False)],
)
def test_words_of_another_topic(question: str, foreign: bool) -> None:
    gatherer = Gatherer(index(documents()), FakeEmbedder().encode)
    _, evidence = gatherer(question, ())
    shares = [evidence.question[name] for name in ("foreign", "foreign_weight", "foreign_rarest")]
    assert all(0 <= share <= 1 for share in shares)
    assert all(share > 0.5 for share in shares) is foreign
