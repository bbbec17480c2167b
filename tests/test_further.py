"""question, candidates, reading -> what is cited beside the best sentence."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from assistant.errors import DataError
from assistant.further import FEATURES, Further, asks_for_several, features, load_further
from assistant.read import Reading
from assistant.records import Sentence


def sentence(number: int, section: str, kind: str = "item") -> Sentence:
    return Sentence(f"s{number}", "tea.md", section, f"Sentence {number}.", number, number + 1, kind)  # type: ignore[arg-type]


CANDIDATES = [sentence(0, "Kinds"), sentence(1, "Kinds"), sentence(2, "Kinds"), sentence(3, "Water", "sentence")]
READING = Reading(0.9, np.array([0.3, 0.4, 0.1, 0.1]), np.array([2.0, 2.5, 1.0, 1.0]), 0.5, np.array([1.0, 3.0, 0, 0]))


@pytest.mark.parametrize(
    ("question", "several"),
    [
        ("Which teas are there?", True),
        ("what are my options", True),
        ("name the steps", True),
        ("What else keeps it dry?", True),
        ("Does a tin keep tea dry?", False),
        ("What is a tin?", False),
        ("How hot is the water?", False),
    ],
)
def test_whether_a_question_asks_for_several_things(question: str, several: bool) -> None:
    assert asks_for_several(question) is several


def test_features() -> None:
    told = dict(zip(FEATURES, features("Which teas are there?", CANDIDATES, READING, 1, 0), strict=True))
    assert told == {
        "behind": 0.5,
        "above_none": 1.5,
        "section": 1.0,
        "beside": 1.0,
        "items": 1.0,
        "several": 1.0,
        "several_section": 1.0,
        "several_items": 1.0,
        "reader_behind": 2.0,
    }
    assert features("Is it hot?", CANDIDATES, READING, 1, 3)[2:8] == (0.0,) * 6


@pytest.mark.parametrize(
    ("question", "most", "cited"),
    [
        ("Which teas are there?", 6, [1, 0, 2]),
        ("Which teas are there?", 2, [1, 0]),
        ("Is it hot?", 6, [1]),
    ],
)
def test_items_of_the_list_come_along_where_several_are_asked_for(question: str, most: int, cited: list[int]) -> None:
    weights = dict.fromkeys(FEATURES, 0.0) | {"several_items": 4.0}
    assert Further(weights, -2.0, 0.5)(question, CANDIDATES, READING, most) == cited


def test_one_candidate_is_cited_alone() -> None:
    alone = Reading(0.9, np.ones(1), np.ones(1), 0.0, np.zeros(1))
    assert load_further("plain")("Which teas are there?", CANDIDATES[:1], alone, 6) == [0]


@pytest.mark.parametrize("content", ["", "[]", json.dumps({"further-plain": {"weights": {"behind": 1}, "bias": 0}})])
def test_an_unusable_file_is_told_with_its_cure(tmp_path: Path, content: str) -> None:
    (tmp_path / "evidence.json").write_text(content, encoding="utf-8")
    with pytest.raises(DataError, match=r"weights of further sentences cannot be read .* training/fit_evidence"):
        load_further("plain", tmp_path / "evidence.json")
