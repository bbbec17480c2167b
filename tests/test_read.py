"""Evidence -> probability, choice and topic, on numbers that can be followed by eye."""

from __future__ import annotations

import math

import numpy as np
import pytest

from assistant.read import ByDocument, ConditionalLogit, Evidence, Reading, is_off_topic, nearest, reading_text

MODEL = ConditionalLogit({"dense": 1.0}, {"known_none": 2.0}, 0.5)


def test_sentences_compete_with_each_other_and_with_none() -> None:
    reading = MODEL(Evidence({"dense": np.array([math.log(3), 0.0])}, {"known_none": -0.25}))
    assert reading.none == 0.0
    assert reading.probability == pytest.approx(4 / 5)
    assert reading.shares.tolist() == pytest.approx([3 / 5, 1 / 5])


def test_evidence_without_a_weight_counts_for_nothing() -> None:
    bare = Evidence({"dense": np.array([1.0])}, {})
    more = Evidence({"dense": np.array([1.0]), "moon": np.array([9.0])}, {"moon": 9.0})
    assert MODEL(bare).probability == MODEL(more).probability


def test_each_document_by_its_own_weights() -> None:
    """Each sentence is held against the "none" of its own weights: 0.5 there, 1.5 here."""
    both = ByDocument(ConditionalLogit({"dense": 1.0}, {}, 0.5), ConditionalLogit({"dense": 2.0}, {}, 1.5))
    reading = both(Evidence({"dense": np.array([1.0, 1.0]), "covered": np.array([1.0, 0.0])}, {}))
    assert (reading.utilities.tolist(), reading.none) == ([0.5, 0.5], 0.0)
    assert reading.probability == pytest.approx(2 * math.exp(0.5) / (2 * math.exp(0.5) + 1))
    alone = both(Evidence({"dense": np.array([1.0, 3.0]), "covered": np.zeros(2)}, {}))
    assert alone.probability == pytest.approx(both.other(Evidence({"dense": np.array([1.0, 3.0])}, {})).probability)


def test_what_comes_closest() -> None:
    reading = Reading(0.9, np.array([0.3, 0.5, 0.1]), np.array([0.6, 1.1, -0.5]), 0.0, np.zeros(3))
    assert list(nearest(reading, 2)) == [1, 0]


@pytest.mark.parametrize(
    ("dense", "known", "foreign", "off"),
    [
        (0.2, 0.3, 0.5, True),
        (0.2, 0.3, 0.0, True),  # its words are the source's, and nobody asks the like
        (0.2, 0.5, 0.4, False),  # people ask nearly that
        (0.5, 0.3, 0.4, False),
        (0.5, 0.3, 0.7, True),
        (0.7, 0.3, 1.0, False),
    ],
)
def test_another_topic(dense: float, known: float, foreign: float, off: bool) -> None:
    whole = {"best_dense": dense, "known_best": known, "foreign": foreign}
    assert is_off_topic(Evidence({"dense": np.array([dense])}, whole)) is off


def test_a_sentence_that_leans_on_the_one_before_brings_it_along() -> None:
    assert reading_text("Heat", "Uses", "It relaxes.", "Heat helps.") == "Heat - Uses: Heat helps. | It relaxes."
    assert reading_text("Heat", "", "Ice numbs.", "Heat helps.") == "Heat: Ice numbs."
