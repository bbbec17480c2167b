"""question -> the same question as people type it in a hurry: slips of the finger, no marks, capitals. Seeded."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import replace

from eval.cases import Case

SEED = 7
SHARE = 0.25
"""Of the words that are long enough, so many get a slip; one at least."""
SHORTEST = 4
_WORD = re.compile(r"[A-Za-z]+")
_KEYS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_BESIDE = {key: row[max(0, n - 1) : n] + row[n + 1 : n + 2] for row in _KEYS for n, key in enumerate(row)}


def typos(text: str, dice: random.Random) -> str:
    """One slip in a quarter of the words of four letters and more: a letter swapped with the next, left
    out, doubled, or the key beside it; first letters stay, as they mostly do.

    >>> typos("What helps against stiffness?", random.Random(2))
    'Waht helps against stiffness?'
    """
    words = [m for m in _WORD.finditer(text) if len(m.group()) >= SHORTEST]
    chosen = dice.sample(words, max(1, round(SHARE * len(words)))) if words else []
    for word in sorted(chosen, key=lambda m: -m.start()):
        text = text[: word.start()] + _slip(word.group(), dice) + text[word.end() :]
    return text


def _slip(word: str, dice: random.Random) -> str:
    at = dice.randrange(1, len(word))
    kind = dice.choice(("swap", "drop", "double", "beside"))
    if kind == "swap":
        at = min(at, len(word) - 2)
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    if kind == "drop":
        return word[:at] + word[at + 1 :]
    if kind == "double":
        return word[:at] + word[at] + word[at:]
    return word[:at] + dice.choice(_BESIDE[word[at].lower()]) + word[at + 1 :]


def unmarked(text: str, _: random.Random) -> str:
    """No mark but apostrophes, and no capital.

    >>> unmarked("Well, what's Advil (the brand)?", random.Random())
    "well what's advil the brand"
    """
    return " ".join(re.sub(r"[^\w\s'’%]|_", " ", text).lower().split())


def shouted(text: str, _: random.Random) -> str:
    """All capitals.

    >>> shouted("What helps?", random.Random())
    'WHAT HELPS?!!'
    """
    return text.upper().rstrip() + ("!!" if text.rstrip().endswith("?") else "")


SLIPS: dict[str, Callable[[str, random.Random], str]] = {
    "typos": typos,
    "no marks, no capitals": unmarked,
    "shouted": shouted,
}


def corrupted(case: Case, kind: str) -> Case:
    """The case with its question changed; a generator of its own, so that a set may grow."""
    return replace(case, question=SLIPS[kind](case.question, random.Random(f"{SEED} {case.id}")))
