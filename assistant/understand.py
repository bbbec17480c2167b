"""question, history -> the question that is looked up, and what was explained on the way.

Three deterministic steps: a follow-up becomes a question that stands alone, misspelt words
are spelt as the source spells them, names of medicines are explained in the source's words.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from assistant import followup
from assistant.evidence import Gatherer
from assistant.names import Names, load_medicines
from assistant.spelling import Speller

_WORD = re.compile(r"[A-Za-z]{2,}")


@dataclass(frozen=True)
class Understood:
    """What is looked up; `notes` are shown to the person."""

    question: str
    notes: tuple[str, ...] = ()


class Understanding:
    """For one source: its words decide what is a slip and what needs explaining."""

    def __init__(self, gatherer: Gatherer, common: Sequence[str]) -> None:
        self.lexical = gatherer.lexical
        self._phrases = [f" {' '.join(_WORD.findall(t.lower()))} " for t in gatherer.texts]
        self.names = Names(load_medicines(), self.uses)
        words = {w.lower() for text in gatherer.texts for w in _WORD.findall(text)}
        self.speller = Speller(words | self.names.words, common)

    def __call__(self, text: str, history: Sequence[str]) -> Understood:
        """Normalised question, normalised earlier questions -> Understood."""
        standalone = followup.resolve(text, history, self.knows)
        explained, notes = self.names.explain(self.speller.correct(standalone))
        return Understood(explained, notes)

    def knows(self, word: str) -> bool:
        """Whether the source uses this word, in any of its forms."""
        return bool(self.lexical.scores(word).any())

    def uses(self, phrase: str) -> bool:
        """Whether the words of the phrase stand side by side in the source, singular or plural."""
        words = _WORD.findall(phrase.lower())
        if not words:
            return False
        wanted = " ".join(words)
        forms = [f" {wanted}{end}" for end in (" ", "s ", "es ")]
        return any(form in text for text in self._phrases for form in forms)
