"""raw text -> the text that rules and models see; the person's own words are kept elsewhere.

NFKC, invisible and control characters out, look-alike letters (Cyrillic, Greek, small
capitals) folded to Latin where a word mixes them with Latin or consists of them in an
otherwise Latin message, white space collapsed.
"""

from __future__ import annotations

import re
import unicodedata

from confusable_homoglyphs import confusables

_QUOTES = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "´": "'", "`": "'"})
_SPACE = re.compile(r"\s+")
_WORD = re.compile(r"\w+")


def normalise(text: str) -> str:
    """Idempotent. `chest\\u200b p\\u0430in` -> `chest pain`."""
    text = "".join(c for c in text if unicodedata.category(c) != "Cs")
    text = unicodedata.normalize("NFKC", text).translate(_QUOTES)
    text = "".join(
        " " if c in "\n\r\t\v\f\u2028\u2029" else c
        for c in text
        if c in "\n\r\t\v\f" or unicodedata.category(c) not in ("Cc", "Cf", "Co")
    )
    if not text.isascii():
        text = _fold(text)
    return _SPACE.sub(" ", text).strip()


def _fold(text: str) -> str:
    """Look-alike letters of words that mix alphabets, or stand in a Latin message, as Latin."""
    latin = sum(unicodedata.name(c, "").startswith("LATIN") for c in text)
    letters = sum(c.isalpha() for c in text)
    mostly_latin = latin * 2 > letters

    def word(match: re.Match[str]) -> str:
        found = match.group()
        if found.isascii():
            return found
        mixed = any(c.isascii() and c.isalpha() for c in found)
        return "".join(_latin(c) if mixed or mostly_latin else c for c in found)

    return _WORD.sub(word, text)


def _latin(character: str) -> str:
    if character.isascii():
        return character
    name = unicodedata.name(character, "")
    if name.startswith("LATIN LETTER SMALL CAPITAL ") and len(name.split()[-1]) == 1:
        return name[-1].lower()
    if name.startswith("LATIN") or not character.isalpha():
        return character
    if character.lower() in _ALIKE:
        return _ALIKE[character.lower()]
    found = confusables.is_confusable(character, greedy=True, preferred_aliases=["latin"])
    for alike in found[0]["homoglyphs"] if found else ():
        if len(alike["c"]) == 1 and alike["c"].isascii() and alike["c"].isalpha():
            return str(alike["c"]).lower()
    return character


_ALIKE = {"і": "i", "к": "k", "м": "m", "н": "h", "т": "t", "в": "b", "п": "n", "и": "u", "α": "a", "ο": "o"}
"""Letters that the Unicode table of confusables pairs only in capitals, or not at all."""
