"""statement, the sentences that it cites -> why they do not support it, or "" where they do.

Two judges, either may reject: the checks of `claims.py`, and a tuned MiniLM
(`training/train_verifier.py`) that reads the statement beside those sentences, once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from assistant.claims import Check, checks
from assistant.names import Medicine, load_medicines
from assistant.tuned import LONGEST, Tuned

LABELS = ("fault",)
WEIGHTS = Path(__file__).parent / "data" / "verifier.safetensors"
SUPPORTED = 0.85
"""Least probability of "supported" that is shown: so high that the two judges let hardly a fault through. They keep
few good statements then, and the source's own words are shown instead (training/RESULTS.md)."""

Support = Callable[[str, Sequence[str]], str]
"""statement, the texts of the sentences that it cites -> "" or a reason."""


class Verifier(Tuned):
    """Reads a statement beside its evidence, piece by piece. Raises ModelError when its file is unusable."""

    def __init__(self, weights: Path = WEIGHTS) -> None:
        super().__init__(weights, LABELS, "The verifier", "training/train_verifier.py")

    def __call__(self, statement: str, evidence: str) -> float:
        """Probability, 0..1, that the evidence supports the statement: that no piece of it is at fault.

        The statement is read whole; of the evidence, what does not fit beside it is not read.
        """
        import torch

        tokenizer, bert, head = self.ready()
        with torch.inference_mode():
            encoded = tokenizer(statement, evidence, truncation="only_second", max_length=LONGEST, return_tensors="pt")
            own = [n for n, side in enumerate(encoded.sequence_ids(0)) if side == 0 or n == 0]
            logits = head(bert(**encoded).last_hidden_state[0, own])
            return float(torch.exp(-torch.nn.functional.softplus(logits).sum()))


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
