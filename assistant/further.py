"""question, candidates, reading -> which sentences are cited: the best one, and what else belongs to the answer.

Some questions want several sentences ("what are the options?").  Whether a further sentence
belongs to the answer of the best one is a small logistic model of its own: how far it is behind
the best and above "none", whether it stands in the same section and beside it, whether both
are items of one list, whether the question asks for several things.  Fitted by
`training/fit_evidence.py`; weights in data/evidence.json.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Sequence
from pathlib import Path

from assistant.errors import DataError
from assistant.read import EVIDENCE, Reading
from assistant.records import Sentence

_SEVERAL = re.compile(
    r"\b(?:what|which) (?:\w+ ){0,2}?(?!is\b|was\b|has\b|does\b|this\b)\w{3,}(?<!s)s\b|\bwhat (?:are|were|all|else)\b|"
    r"\b(?:list|name|enumerate|everything|every|all|both|several|various|examples?|besides|apart from|other than|"
    r"kinds?|types?|sorts?|ways|options|steps|rundown|overview|summar\w+|the different)\b",
    re.IGNORECASE,
)
"""Words by which a question asks for more than one thing; a mark among others, never a rule."""

NEAR = 12
"""Candidates next to the best one that are looked at."""

FEATURES = (
    "behind",
    "above_none",
    "section",
    "beside",
    "items",
    "several",
    "several_section",
    "several_items",
    "reader_behind",
)
"""In the order of `features`."""


def asks_for_several(question: str) -> bool:
    """Whether its words ask for a list.

    >>> asks_for_several("Which drugs are there?"), asks_for_several("Does heat help?")
    (True, False)
    """
    return _SEVERAL.search(question) is not None


def features(
    question: str, candidates: Sequence[Sentence], reading: Reading, best: int, other: int
) -> tuple[float, ...]:
    """What speaks for citing `other` beside `best`; FEATURES in order."""
    one, two = candidates[best], candidates[other]
    section = (one.document, one.section) == (two.document, two.section)
    items = section and one.kind == two.kind == "item"
    several = asks_for_several(question)
    return (
        min(float(reading.utilities[best] - reading.utilities[other]), 12.0),
        max(-12.0, min(float(reading.utilities[other]) - reading.none, 12.0)),
        float(section),
        float(section and abs(best - other) == 1),
        float(items),
        float(several),
        float(several and section),
        float(several and items),
        max(-6.0, min(float(reading.logits[best] - reading.logits[other]), 12.0)),
    )


Choice = Callable[[str, Sequence[Sentence], Reading, int], Sequence[int]]
"""question, candidates, reading, most -> numbers of the candidates to cite, best first."""


class Further:
    """Fitted weights. `least`: probability from which a further sentence is cited."""

    def __init__(self, weights: dict[str, float], bias: float, least: float) -> None:
        self.weights = tuple(weights[name] for name in FEATURES)
        self.bias = bias
        self.least = least

    def probability(self, values: Sequence[float]) -> float:
        """Of belonging to the answer, 0..1."""
        z = self.bias + sum(w * v for w, v in zip(self.weights, values, strict=True))
        return 1.0 / (1.0 + math.exp(-max(-60.0, min(60.0, z))))

    def __call__(
        self,
        question: str,
        candidates: Sequence[Sentence],
        reading: Reading,
        most: int,
    ) -> list[int]:
        """Numbers of the candidates to cite, best first; at most `most`, never none."""
        order = sorted(range(len(candidates)), key=lambda n: -float(reading.utilities[n]))
        best = order[0]
        others = [
            n for n in order[1:NEAR] if self.probability(features(question, candidates, reading, best, n)) >= self.least
        ]
        return [best, *others][:most]


def by_document(covered: frozenset[str], those: Choice, others: Choice) -> Choice:
    """The choice that was fitted for the document of the best sentence: `those` where it is covered by known
    questions."""

    def choose(question: str, candidates: Sequence[Sentence], reading: Reading, most: int) -> Sequence[int]:
        best = candidates[int(reading.utilities.argmax())]
        return (those if best.document in covered else others)(question, candidates, reading, most)

    return choose


def load_further(name: str, path: Path = EVIDENCE) -> Further:
    """The weights fitted beside the reader's of this name. Raises DataError when the file is unusable."""
    try:
        table = json.loads(path.read_text(encoding="utf-8"))[f"further-{name}"]
        return Further({k: float(v) for k, v in table["weights"].items()}, float(table["bias"]), float(table["least"]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(
            f"{path}: the weights of further sentences cannot be read ({error!r}). "
            "Restore the file, or fit them anew with training/fit_evidence.py."
        ) from error


def load_by_document(covered: frozenset[str], path: Path = EVIDENCE) -> Choice:
    """The weights that ship. Raises DataError when the file is unusable."""
    return by_document(covered, load_further("known", path), load_further("plain", path))
