"""Slips are mended towards the source's words; words that exist are left alone."""

from __future__ import annotations

import pytest

from assistant.spelling import Speller

SPELLER = Speller(
    ["herniated", "disc", "neuropathic", "acupuncture", "additional", "switching", "steroid", "camphor"],
    ["doctor", "camp", "asteroid", "switch", "what"],
)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("a hernyated disc", "a herniated disc"),
        ("acupuncher", "acupuncture"),
        ("neuropthic", "neuropathic"),
        ("docter", "doctor"),
        # Words that exist, though neither the source nor the model has them.
        ("addictive", "addictive"),
        ("a cramp", "a cramp"),
        ("slouching", "slouching"),
        ("steroids", "steroids"),
        # Short forms, names and gibberish stay.
        ("They've", "They've"),
        ("xqzzt", "xqzzt"),
        ("", ""),
    ],
)
def test_a_word(typed: str, meant: str) -> None:
    assert SPELLER.correct(typed) == meant
