"""word -> how rare it is in everyday English.

The counts are those of pyspellchecker's list (MIT, maintained, offline), made of film subtitles.
"""

from __future__ import annotations

import math
from functools import cache

from spellchecker import SpellChecker

COMMON, RARE = 3.5, 6.0
"""-log10 of the share of all words: "hurt" has 3.6, "diabetes" 5.9."""


@cache
def english_counts() -> dict[str, int]:
    """English words, lower case, each with how often it was counted."""
    return dict(SpellChecker(language="en", distance=1).word_frequency.items())


@cache
def _all_words() -> int:
    return sum(english_counts().values())


def rarity(word: str) -> float:
    """0 for a common word, 1 for a rare one or one that no list knows.

    >>> rarity("hurt") < 0.1, rarity("gallstones")
    (True, 1.0)
    """
    count = english_counts().get(word.lower(), 0)
    if not count:
        return 1.0
    scarce = -math.log10(count / _all_words())
    return min(1.0, max(0.0, (scarce - COMMON) / (RARE - COMMON)))
