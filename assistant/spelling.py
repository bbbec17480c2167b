"""question -> the same question with misspelt words as the source, or everyday English, spells them.

Only words that nobody knows are touched: not in a list of 160,000 English words
(pyspellchecker's, MIT, maintained, offline), not in the embedder's vocabulary, not in the
source, not the name of a medicine. Edit distances are rapidfuzz's (MIT, maintained).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

from rapidfuzz import process
from rapidfuzz.distance import OSA, JaroWinkler
from spellchecker import SpellChecker

_WORD = re.compile(r"[A-Za-z][A-Za-z']{3,}")
_DOUBLE = re.compile(r"(.)\1+")
_SOUNDS = (
    ("ph", "f"),
    ("gh", "g"),
    ("ck", "k"),
    ("sc", "s"),
    ("c", "k"),
    ("qu", "k"),
    ("x", "ks"),
    ("z", "s"),
    ("y", "i"),
)


class Speller:
    """Corrects towards `preferred` words (the source's, the medicines') first, then `common` ones."""

    def __init__(self, preferred: Iterable[str], common: Iterable[str]) -> None:
        self.preferred = sorted({w.lower() for w in preferred if len(w) > 3 and w.isalpha()})
        self.common = [w for w in common if len(w) > 3 and w.isalpha()]
        self._known = english() | frozenset(self.preferred) | frozenset(self.common)
        self._sounds = {_sound(w): w for w in reversed(self.preferred)}

    def correct(self, text: str) -> str:
        """Words that are known, short or far from everything stay as they are."""
        return _WORD.sub(lambda match: self._word(match.group()), text)

    def _word(self, word: str) -> str:
        lower = word.lower()
        if "'" in word or self._is_known(lower):
            return word
        alike = self._sounds.get(_sound(lower))
        if alike and len(lower) > 5:
            return alike
        most = 1 if len(lower) < 6 else 2 if len(lower) < 9 else 3
        found = process.extract(lower, self.preferred, scorer=OSA.distance, score_cutoff=most, limit=5)
        near = [w for w, _, _ in found if w[0] == lower[0] or _sound(w)[:1] == _sound(lower)[:1]]
        if near:
            return max(near, key=lambda w: (JaroWinkler.similarity(lower, w), w))
        slip = process.extractOne(lower, self.common, scorer=OSA.distance, score_cutoff=1)
        return slip[0] if slip and slip[0][0] == lower[0] else word

    def _is_known(self, word: str) -> bool:
        stems = (
            word,
            *(word.removesuffix(end) for end in ("s", "es", "ed", "ing", "ly", "er", "d") if word.endswith(end)),
        )
        return any(stem in self._known or stem + "e" in self._known for stem in stems if len(stem) > 2) or len(word) < 4


@cache
def english() -> frozenset[str]:
    """English words, lower case."""
    return frozenset(SpellChecker(language="en", distance=1).word_frequency.words())


def _sound(word: str) -> str:
    """A rough key: what a word sounds like, without doubled letters and inner vowels."""
    for written, spoken in _SOUNDS:
        word = word.replace(written, spoken)
    word = _DOUBLE.sub(r"\1", word)
    return word[:1] + re.sub(r"[aeiouhw]", "", word[1:])
