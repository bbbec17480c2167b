"""statement, the sentences that it cites -> why they do not support it, or "" where they do.

Two judges: the checks of `claims.py`, some of which decide alone, and a tuned MiniLM
(`training/train_verifier.py`) that reads the statement beside those sentences, once. What it
says is weighed with the checks that only tell (`training/fit_support.py`).
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from assistant.claims import TELLING, Check, checks
from assistant.errors import DataError
from assistant.names import Medicine, load_medicines
from assistant.tuned import LONGEST, Tuned

LABELS = ("fault",)
WEIGHTS = Path(__file__).parent / "data" / "verifier.safetensors"
JUDGEMENT = Path(__file__).parent / "data" / "support.json"
SUPPORTED = 0.72
"""Least probability of "supported" that is shown."""

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


def odds(score: float) -> float:
    """Log odds of a probability, at most about 21 either way."""
    return math.log(max(score, 1e-9) / max(1.0 - score, 1e-9))


@dataclass(frozen=True)
class Judgement:
    """Log odds of "supported": what the verifier says, and what each telling check that fails adds."""

    bias: float
    verifier: float
    checks: dict[str, float]

    def __call__(self, score: float, failed: Sequence[str]) -> float:
        """Probability that the evidence supports the statement. score: the verifier's."""
        utility = self.bias + self.verifier * odds(score) + sum(self.checks[name] for name in failed)
        return 1 / (1 + math.exp(-utility))


def load_judgement(path: Path = JUDGEMENT) -> Judgement:
    """Raises DataError when the file is unusable."""
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
        checked = {name: float(table["checks"][name]) for name in TELLING}
        return Judgement(float(table["bias"]), float(table["verifier"]), checked)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"{path}: the weights of a statement's checks cannot be read ({error!r}). "
            "Restore the file, or fit them anew with training/fit_support.py."
        ) from error


class Supported:
    """Holds no state between statements, safe to share."""

    def __init__(
        self,
        score: Callable[[str, str], float],
        medicines: Sequence[Medicine],
        judgement: Judgement,
        threshold: float = SUPPORTED,
    ) -> None:
        self.score = score
        self.judgement = judgement
        self.threshold = threshold
        self._checks: dict[str, Check] = checks(medicines)

    def __call__(self, statement: str, evidence: Sequence[str]) -> str:
        """The reason code of the first check that decides, or of what speaks against it; of no evidence, "uncited"."""
        if not evidence:
            return "uncited"
        cited = " ".join(evidence)
        if any(statement == sentence for sentence in evidence):
            return ""
        failed = []
        for reason, fails in self._checks.items():
            if fails(statement, cited):
                if reason not in TELLING:
                    return reason
                failed.append(reason)
        if self.judgement(self.score(statement, cited), failed) >= self.threshold:
            return ""
        return failed[0] if failed else "unsupported"


def shipped() -> Supported:
    """With the weights and the medicines that ship. Raises ModelError or DataError at once, not at the first answer."""
    verifier = Verifier()
    verifier.ready()
    return Supported(verifier, load_medicines(), load_judgement())
