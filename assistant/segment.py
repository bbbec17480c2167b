"""text -> sentence spans.

Boundaries come from `sentencex` (Wikimedia, MIT; knows abbreviations, decimals and quotes in
many languages, gives character offsets). What it leaves to us: a numbered lead-in ("1. First
...") stays with its sentence, and spans carry no white space at their ends.
"""

from __future__ import annotations

import re

from sentencex import get_sentence_boundaries

_LEAD_IN = re.compile(r"\(?(?:\d{1,3}|[A-Za-z]|[ivxIVX]{1,4})[.)]")
LONGEST = 1_000
"""Characters; a longer "sentence" is cut at a space, so that one line of a megabyte stays usable."""


def split_sentences(text: str, language: str = "en") -> list[tuple[int, int]]:
    """Spans of the sentences of `text`, in order, as [start, end) in characters.

    >>> split_sentences("Take 2.5 mg, e.g. at night. Why?")
    [(0, 27), (28, 32)]
    """
    spans: list[tuple[int, int]] = []
    carried: int | None = None
    for boundary in get_sentence_boundaries(language, text):
        start, end = int(boundary["start_index"]), int(boundary["end_index"])
        start, end = _trim(text, start, end)
        if start >= end:
            continue
        if carried is not None:
            start, carried = carried, None
        if _LEAD_IN.fullmatch(text, start, end):
            carried = start
            continue
        spans.extend(_cut(text, start, end))
    if carried is not None:
        spans.append(_trim(text, carried, len(text)))
    return spans


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
