"""raw text -> the text that rules and models see; the person's own words are kept elsewhere.

NFKC; invisible characters, terminal codes and strokes through letters out; look-alike letters
(Cyrillic, Greek, small capitals) folded to Latin where a word mixes them with Latin or stands
in an otherwise Latin message; quotes, dashes and white space made plain.
"""

from __future__ import annotations

import re
import unicodedata

from confusable_homoglyphs import confusables

_PLAIN = str.maketrans(dict.fromkeys("’‘‛´`ʼ′", "'") | dict.fromkeys("“”„", '"') | dict.fromkeys("‐‑−", "-"))
_TERMINAL = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")
_BREAK = "\n\r\t\v\f\x85\u2028\u2029"
_UNSEEN = re.compile(
    r"[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
"""What Unicode calls default ignorable outside the category Cf, and the blank Braille cell."""
_MARK = re.compile(r"[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff]")
_SPACE = re.compile(r"\s+")
_WORD = re.compile(r"\w+")


def normalise(text: str) -> str:
    """Idempotent. `chest\\u200b p\\u0430in` -> `chest pain`."""
    for _ in range(4):  # a letter that is folded may melt with the mark after it, and so on
        before, text = text, _normalised(text)
        if text == before or text.isascii():
            break
    return text


def _normalised(text: str) -> str:
    text = "".join(map(_seen, _TERMINAL.sub("", text)))
    text = _UNSEEN.sub("", text).translate(_PLAIN)
    text = unicodedata.normalize("NFKC", text).translate(_PLAIN)
    if not text.isascii():
        text = _fold(_unmarked(text))
    return _SPACE.sub(" ", text).strip()


def _seen(character: str) -> str:
    """The character, a space for a line break, nothing for what has no shape."""
    if character in _BREAK:
        return " "
    return "" if unicodedata.category(character) in ("Cc", "Cf", "Co", "Cs") else character


def _unmarked(text: str) -> str:
    """Without strokes and dots that did not melt into their Latin letter."""
    kept: list[str] = []
    for character in text:
        if not (kept and _MARK.match(character) and unicodedata.name(kept[-1], "").startswith("LATIN")):
            kept.append(character)
    return "".join(kept)


def _fold(text: str) -> str:
    """Look-alike letters of words that mix alphabets, or stand in a Latin message, as Latin."""
    text = _WORD.sub(lambda word: _latin_word(word.group()) if _mixed(word.group()) else word.group(), text)
    latin = sum(unicodedata.name(c, "").startswith("LATIN") for c in text)
    letters = sum(c.isalpha() for c in text)
    return _WORD.sub(lambda word: _latin_word(word.group()), text) if latin * 2 > letters else text


def _mixed(word: str) -> bool:
    return not word.isascii() and any(c.isascii() and c.isalpha() for c in word)


def _latin_word(word: str) -> str:
    return "".join(map(_latin, word))


def _latin(character: str) -> str:
    if character.isascii():
        return character
    name = unicodedata.name(character, "")
    if name.startswith("LATIN LETTER SMALL CAPITAL ") and len(name.split()[-1]) == 1:
        return name[-1].lower()
    if character.lower() in _ALIKE:
        return _ALIKE[character.lower()]
    if name.startswith("LATIN") or not character.isalpha():
        return character
    found = confusables.is_confusable(character, greedy=True, preferred_aliases=["latin"])
    for alike in found[0]["homoglyphs"] if found else ():
        if len(alike["c"]) == 1 and alike["c"].isascii() and alike["c"].isalpha():
            return str(alike["c"]).lower()
    return character


_ALIKE = {"і": "i", "к": "k", "м": "m", "н": "h", "т": "t", "в": "b", "п": "n", "и": "u", "α": "a", "ο": "o"}
_ALIKE |= {"ı": "i", "ɩ": "i", "ɑ": "a", "ɡ": "g"}
"""Letters that the Unicode table of confusables pairs only in capitals, or not at all."""
