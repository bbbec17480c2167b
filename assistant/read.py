"""question, candidate sentences -> a score a sentence, the probability that they answer.

The sentences compete with each other and with "none of these" in one conditional logit
(McFadden 1974): utility of a sentence = weights . evidence, utility of none = weights . what
speaks against an answer.  So the choice and the abstention come from one calibrated model,
whose few weights are fitted by `training/fit_evidence.py` and lie in data/evidence.json.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from assistant.errors import DataError

EVIDENCE = Path(__file__).parent / "data" / "evidence.json"

_ANAPHORA = re.compile(
    r"(?:this|these|those|that|it|its|they|them|their|he|she|such|similarly|however|instead|"
    r"otherwise|also|both|either|neither|the (?:resulting|same|latter|former|other)|"
    r"then|once|if (?:so|not|this|these|it|they)|in (?:this|that|these|such))\b",
    re.IGNORECASE,
)

Array = npt.NDArray[np.float64]


def reading_text(title: str, heading: str, sentence: str, previous: str = "") -> str:
    """A sentence as the reader sees it: with its title and heading, and with the sentence
    before it where it leans on that one ("This includes ...").

    >>> reading_text("Heat", "Uses", "It relaxes.", "Heat helps.")
    'Heat - Uses: Heat helps. | It relaxes.'
    """
    place = " - ".join(part for part in (title, heading) if part)
    lead = f"{previous} | " if previous and _ANAPHORA.match(sentence) else ""
    return f"{place}: {lead}{sentence}"


@dataclass(frozen=True)
class Evidence:
    """What speaks for each of n candidates: name -> (n,) values. `question` holds what speaks
    about the question as a whole: name -> value."""

    sentence: dict[str, Array]
    question: dict[str, float]

    @property
    def size(self) -> int:
        """How many candidates there are."""
        return len(next(iter(self.sentence.values())))


@dataclass(frozen=True)
class Reading:
    """probability: that the candidates answer; shares: (n,) each one's part of it;
    utilities: (n,), comparable with `none`; logits: (n,) of the cross-encoder, or zeros.
    off_topic: of another topic than the source, rather than unanswered by it."""

    probability: float
    shares: Array
    utilities: Array
    none: float
    logits: Array
    off_topic: bool = False


Reader = Callable[[Evidence], Reading]


@dataclass(frozen=True)
class ConditionalLogit:
    """Weights of the evidence for a sentence, and of what speaks for "none of these"."""

    sentence: dict[str, float]
    none: dict[str, float]
    bias: float

    def __call__(self, evidence: Evidence) -> Reading:
        """Evidence -> Reading. Evidence that the weights do not name counts for nothing."""
        return _reading(evidence, *self.utilities(evidence))

    def utilities(self, evidence: Evidence) -> tuple[Array, float]:
        """(n,) of the candidates, and of none of them."""
        utilities = np.zeros(evidence.size)
        for name, weight in self.sentence.items():
            utilities = utilities + weight * evidence.sentence.get(name, np.zeros(evidence.size))
        return utilities, self.bias + sum(w * evidence.question.get(n, 0.0) for n, w in self.none.items())


@dataclass(frozen=True)
class ByDocument:
    """Weights that trust known questions for sentences of documents that are covered by them, others for the rest:
    a document that nobody wrote questions for is not silent because known questions are."""

    covered: ConditionalLogit
    other: ConditionalLogit

    def __call__(self, evidence: Evidence) -> Reading:
        """Evidence -> Reading; each utility is over that of none by the same weights."""
        above = [utilities - none for utilities, none in (w.utilities(evidence) for w in (self.covered, self.other))]
        return _reading(evidence, np.where(evidence.sentence["covered"] > 0, *above), 0.0)


def _reading(evidence: Evidence, utilities: Array, none: float) -> Reading:
    top = max(float(utilities.max(initial=none)), none)
    parts = np.exp(utilities - top)
    shares = parts / (parts.sum() + np.exp(none - top))
    logits = evidence.sentence.get("reader", np.zeros(evidence.size))
    return Reading(float(shares.sum()), shares, utilities, none, logits)


def load_reader(name: str, path: Path = EVIDENCE) -> ConditionalLogit:
    """The fitted weights of one evidence set. Raises DataError when the file is unusable."""
    try:
        table = json.loads(path.read_text(encoding="utf-8"))["models"][name]
        return ConditionalLogit(
            {k: float(v) for k, v in table["sentence"].items()},
            {k: float(v) for k, v in table["none"].items()},
            float(table["bias"]),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(
            f"{path}: the evidence weights {name!r} cannot be read ({error!r}). "
            "Restore the file, or fit them anew with training/fit_evidence.py."
        ) from error


def load_by_document(path: Path = EVIDENCE) -> ByDocument:
    """The weights that ship: `known` for covered documents, `plain` for others. Raises DataError when the file is
    unusable."""
    return ByDocument(load_reader("known", path), load_reader("plain", path))


def is_off_topic(evidence: Evidence) -> bool:
    """Whether a question reaches neither a sentence nor a known question that is answered.

    For sources with many known questions only: without them everyday wording is as far away as
    another topic. Cross-validated on the shipped source, author against author, the two
    steps together turn away 2 in 1,000 answerable questions (training/RESULTS.md).
    """
    reach = max(evidence.question["best_dense"], evidence.question["known_best"])
    return reach < 0.45 or (reach < 0.6 and is_foreign(evidence))


def is_foreign(evidence: Evidence) -> bool:
    """Whether most of the question's words are foreign to the source: six in ten."""
    return evidence.question["foreign"] >= 0.6


def nearest(reading: Reading, most: int) -> Sequence[int]:
    """Candidates that come closest, best first, whether or not they answer."""
    return [int(i) for i in np.argsort(-reading.utilities, kind="stable")[:most]]
