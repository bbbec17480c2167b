"""text -> sentence spans.

Boundaries come from `sentencex` (Wikimedia, MIT; knows abbreviations, decimals and quotes in
many languages, gives character offsets). What it leaves to us: a numbered lead-in ("1. First
...") stays with its sentence, "approx. 5 mL" is not cut, spans carry no white space at their
ends, and time grows with the length of the text even where quotes are never closed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from sentencex import get_sentence_boundaries

_LEAD_IN = re.compile(r"\(?(?:\d{1,3}|[A-Za-z]|[ivxIVX]{1,4})[.)]")
_ABBREVIATED = re.compile(
    r"\b(?:approx|max|min|incl|excl|esp|resp|tabs?|caps|inj|conc|temp|dept|ext|sect|abbr|ca|cf|vol|eq|ch|hrs?|mins|"
    r"mg|mcg|ml|kg)\.$",
    re.IGNORECASE,
)
"""Ends a piece that goes on where the next begins in lower case or with a digit."""
_CLOSING = re.compile(r"[)\]”’»¹²³⁰⁴-⁹]+(?=\s|$)")
"""Belongs to the sentence that it touches: a closing bracket, a raised note number."""
LONGEST = 1_000
"""Characters; a longer "sentence" is cut at a space, so that one line of a megabyte stays usable."""
_WINDOW = 20_000
"""Characters that `sentencex` sees at once; it takes 10 s for a megabyte of unclosed quotes."""


def split_sentences(text: str, language: str = "en") -> list[tuple[int, int]]:
    """Spans of the sentences of `text`, in order, as [start, end) in characters.

    >>> split_sentences("Take 2.5 mg, e.g. at night. Why?")
    [(0, 27), (28, 32)]
    """
    spans: list[tuple[int, int]] = []
    carried: int | None = None
    for start, end in _boundaries(text, language):
        start, end = _trim(text, start, end)
        if start >= end:
            continue
        if spans and spans[-1][1] == start and (closing := _CLOSING.match(text, start, end)):
            spans[-1] = (spans[-1][0], closing.end())
            start, end = _trim(text, closing.end(), end)
            if start >= end:
                continue
        if carried is not None:
            start, carried = carried, None
        elif spans and _goes_on(text, spans[-1], start):
            start = spans.pop()[0]
        if _LEAD_IN.fullmatch(text, start, end):
            carried = start
            continue
        spans.append((start, end))
    if carried is not None:
        spans.append(_trim(text, carried, len(text)))
    return [piece for start, end in spans for piece in _cut(text, start, end)]


def _boundaries(text: str, language: str) -> Iterator[tuple[int, int]]:
    at = 0
    while at < len(text):
        to = at + _WINDOW
        if to < len(text):
            to = next((k for k in (text.rfind(mark, at, to) + 1 for mark in (". ", "\n", " ")) if k > at), to)
        for found in get_sentence_boundaries(language, text[at:to]):
            yield at + int(found["start_index"]), at + int(found["end_index"])
        at = to


def _goes_on(text: str, before: tuple[int, int], start: int) -> bool:
    follows = text[start].islower() or text[start].isdigit()
    return follows and _ABBREVIATED.search(text[max(before[0], before[1] - 12) : before[1]]) is not None


def _trim(text: str, start: int, end: int) -> tuple[int, int]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end


def _cut(text: str, start: int, end: int) -> list[tuple[int, int]]:
    pieces = []
    while end - start > LONGEST:
        space = text.rfind(" ", start + LONGEST // 2, start + LONGEST)
        at = space if space > 0 else start + LONGEST
        pieces.append(_trim(text, start, at))
        start = at
    pieces.append(_trim(text, start, end))
    return [(a, b) for a, b in pieces if a < b]
