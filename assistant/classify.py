"""message, history -> probabilities of emergency, injection, decision, smalltalk and ok.

A tuned MiniLM (`training/train_guard.py`); weights in data/guard.safetensors.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from assistant.tuned import Tuned

LABELS = ("ok", "emergency", "injection", "decision", "smalltalk")
WEIGHTS = Path(__file__).parent / "data" / "guard.safetensors"
_HISTORY = 2


def guard_text(text: str, history: Sequence[str]) -> str:
    """The message after its last earlier turns, as the classifier was trained to see it."""
    return " / ".join([*history[-_HISTORY:], text])


class Classifier(Tuned):
    """The screen's; its texts come from `guard_text`. Raises ModelError when its file is unusable."""

    def __init__(self, weights: Path = WEIGHTS) -> None:
        super().__init__(weights, LABELS, "The screen's classifier", "training/train_guard.py")
