"""documents -> whether they use a phrase, in any form.

Errs towards yes, since "the source does not mention it" must never be wrong: inflections
(Snowball stems), compounds ("overdose" mentions a dose), hyphens, and phrases whose words
stand near each other ("kidney and liver disease"), save those with a word such as "of" in them.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence
from functools import cached_property
from itertools import pairwise

import Stemmer

from assistant.followup import STOP_WORDS
from assistant.normalise import normalise
from assistant.records import Document

_TOKEN = re.compile(r"[^\W_]+|[%$£€@]")
NEAR = 4
"""So many other words may stand between the words of a phrase."""


class Mentions:
    """Reads the whole texts, headings and tables too, on the first question that needs it."""

    def __init__(self, documents: Sequence[Document]) -> None:
        self._documents = documents
        self._lock = threading.Lock()  # the stemmer keeps state
        self._stemmer = Stemmer.Stemmer("english")

    def __call__(self, phrase: str) -> bool:
        """Whether the source uses it; yes for a phrase without words.

        >>> from assistant.source import parse
        >>> uses = Mentions([parse("Side and after-effects of over-dosing", "a.md")])
        >>> [uses(phrase) for phrase in ("side effect", "dose", "overdoses", "effective dose")]
        [True, True, True, False]
        """
        words = _words(phrase)
        if not words:
            return True
        joined = self._stems(["".join(words)])[0]
        if joined in self._pairs or self._places(joined):
            return True
        first, *others = [self._places(stem) for stem in self._stems(words)]
        if not others:
            return False
        if not STOP_WORDS.isdisjoint(words):
            return any(all(p + n in other for n, other in enumerate(others, 1)) for p in first)
        span = len(words) + NEAR
        return any(all(any(abs(q - p) < span for q in other) for other in others) for p in first)

    def _stems(self, words: list[str]) -> list[str]:
        with self._lock:
            return [str(stem) for stem in self._stemmer.stemWords(words)]

    @cached_property
    def _words(self) -> list[list[str]]:
        return [_words(f"{document.title} {document.text}") for document in self._documents]

    @cached_property
    def _at(self) -> dict[str, list[int]]:
        """stem -> its places in the source; documents lie further apart than any phrase is long."""
        at: dict[str, list[int]] = {}
        start = 0
        for words in self._words:
            for n, stem in enumerate(self._stems(words)):
                at.setdefault(stem, []).append(start + n)
            start += len(words) + 100
        return at

    @cached_property
    def _pairs(self) -> frozenset[str]:
        """Neighbouring words written as one: "over-time" is overtime."""
        joined = {a + b for words in self._words for a, b in pairwise(words)}
        return frozenset(self._stems(list(joined)))

    def _places(self, stem: str) -> set[int]:
        """Where the source uses the word, inflected or in a compound."""
        root = stem[:-1] if len(stem) > 5 and stem[-1] in "eiy" else stem
        return {place for other in self._at if _holds(other, stem, root) for place in self._at[other]}


def _words(text: str) -> list[str]:
    return _TOKEN.findall(re.sub(r"'s\b|'", "", normalise(text).lower()))


def _holds(other: str, stem: str, root: str) -> bool:
    """Whether a stem of the source is the stem, or a compound of it at either end."""
    if other == stem:
        return True
    rest = len(other) - len(root)
    if len(root) < 4 or rest < 0:
        return False
    begins = other.startswith(root) and (len(root) > 4 or rest <= 3)
    return begins or (f"{other}e".endswith((stem, f"{stem}e")) and len(other) - len(stem) >= 3)
