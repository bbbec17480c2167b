"""texts -> unit vectors in which a question lies near the sentences that answer it.

The packaged MiniLM tuned on questions put to whole documents (`training/train_matcher.py`); weights in
data/matcher.safetensors.  The base model places texts that look alike near each other, which a question in
everyday words and its answer do not.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.embed import DEFAULT, Embedder, file_hash
from assistant.errors import ModelError
from assistant.tuned import tune

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

WEIGHTS = Path(__file__).parent / "data" / "matcher.safetensors"


class Matcher(Embedder):
    """Loaded at first use, shared by threads. Raises ModelError when its file is unusable."""

    def __init__(self, weights: Path = WEIGHTS, threads: int | None = None) -> None:
        super().__init__(DEFAULT, threads)
        self.weights = weights

    @cached_property
    def identity(self) -> str:
        """The hash of the weights."""
        if not self.weights.is_file():
            raise ModelError(f"The matcher {self.weights} is missing. Restore the file from the repository.")
        return f"sha256:{file_hash(self.weights)}"

    def _load(self) -> SentenceTransformer:
        model = super()._load()
        tune(model[0].auto_model, self.weights, "The matcher", "training/train_matcher.py")
        return model
