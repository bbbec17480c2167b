"""statement, the sentences that it cites -> why they do not support it, or "" where they do.

Two judges, either may reject: the checks of `claims.py`, and a tuned MiniLM
(`training/train_verifier.py`) that reads the statement beside those sentences, once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from assistant.claims import Check, checks
from assistant.names import Medicine, load_medicines
from assistant.tuned import Tuned

LABELS = ("unsupported", "supported")
WEIGHTS = Path(__file__).parent / "data" / "verifier.safetensors"
SUPPORTED = 0.5
"""Least probability of "supported" that is shown; fitted on held-out training documents (training/RESULTS.md)."""

Support = Callable[[str, Sequence[str]], str]
"""statement, the texts of the sentences that it cites -> "" or a reason."""


class Verifier(Tuned):
    """The reader of statements. Raises ModelError when its file is unusable."""

    def __init__(self, weights: Path = WEIGHTS) -> None:
        super().__init__(weights, LABELS, "The verifier", "training/train_verifier.py")

    def __call__(self, statement: str, evidence: str) -> float:
        """Probability, 0..1, that the evidence supports the statement."""
        return self.probabilities([statement], [evidence])[0]["supported"]


class Supported:
    """Holds no state between statements, safe to share."""

    def __init__(
        self,
        score: Callable[[str, str], float],
        medicines: Sequence[Medicine],
        threshold: float = SUPPORTED,
    ) -> None:
        self.score = score
        self.threshold = threshold
        self._checks: dict[str, Check] = checks(medicines)

    def __call__(self, statement: str, evidence: Sequence[str]) -> str:
        """The reason code of the first judge that rejects; of no evidence, "uncited"."""
        if not evidence:
            return "uncited"
        cited = " ".join(evidence)
        if any(statement == sentence for sentence in evidence):
            return ""
        for reason, fails in self._checks.items():
            if fails(statement, cited):
                return reason
        return "" if self.score(statement, cited) >= self.threshold else "unsupported"


def shipped() -> Supported:
    """With the weights and the medicines that ship. Raises ModelError or DataError at once, not at the first answer."""
    verifier = Verifier()
    verifier.ready()
    return Supported(verifier, load_medicines())
