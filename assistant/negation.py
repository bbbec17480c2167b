"""text, matches -> those of them that no negation reaches: "no fever, but my back hurts" holds one of two.

Rules, not grammar, and few of them: where it is unclear, a match counts, for a needless alarm is cheaper than a
missed one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

_BREAK = (
    r"(?:and|but|yet|though|although|however|except|so|such|this|just|only|now|i|we|he|she|they|you|it|someone|"
    r"relief|better|idea|doubt|wonder|matter|one|(?:help|eas|reliev|work|stop|touch|shift)\w*)\b"
)
"""Words across which a "no" does not reach: "no, but I can't breathe", "did not help the crushing pain"."""
_NEGATED = re.compile(
    r"\b(?:no|not|never|without|denies|denied|isn'?t|wasn'?t|aren'?t|haven'?t|hasn'?t|didn'?t|"
    r"don'?t have|doesn'?t have|nor|neither)"
    rf"(?: (?!{_BREAK})[\w'/-]+(?:,? (?!{_BREAK})[\w'/-]+){{0,2}})? $"
)
"""A negation that reaches to the end: at most three words of the same clause lie between."""
_CLAUSE = re.compile(rf"[,.;:!?]|\b{_BREAK}")


def asserted(matches: Iterable[re.Match[str]], text: str) -> Iterator[re.Match[str]]:
    """Those of `matches` in lower-case `text` that no negation reaches, directly or through the match before them.

    >>> text = "no numbness, tingling since monday"
    >>> [found.group() for found in asserted(re.finditer("numbness|tingling", text), text)]
    ['tingling']
    """
    reach = len(text)
    for match in matches:
        at = match.start()
        if _NEGATED.search(text[:at]) or (reach <= at and not _CLAUSE.search(text, reach, at)):
            reach = at
        else:
            yield match
