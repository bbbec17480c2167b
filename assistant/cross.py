"""question, sentences in their place -> logits of "this sentence answers".

The shipped reader is the packaged MiniLM with its transformer layers tuned
(`training/train_reader.py`), run by sentence-transformers' CrossEncoder, in bfloat16 where the
processor computes it natively. Any Hub cross-encoder can be named instead.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from assistant.embed import packaged_model
from assistant.errors import ModelError
from assistant.read import Array

WEIGHTS = Path(__file__).parent / "data" / "reader.safetensors"
SHIPPED = "shipped"
LONGEST = 192
"""Word pieces of question and sentence together; the rest of a longer sentence is not read."""


class CrossReader:
    """Loaded at first use, shared by threads. Raises ModelError when it cannot be loaded."""

    def __init__(self, name: str = SHIPPED, weights: Path = WEIGHTS) -> None:
        self.name = name
        self.weights = weights
        self._lock = threading.Lock()
        self._model: Any = None

    @property
    def model(self) -> Any:
        """The CrossEncoder."""
        with self._lock:
            if self._model is None:
                self._model = self._load()
            return self._model

    def _load(self) -> Any:
        import torch
        from sentence_transformers import CrossEncoder

        logging.getLogger("sentence_transformers").setLevel(logging.ERROR)  # it announces the conversion each time
        try:
            if self.name != SHIPPED:
                return CrossEncoder(self.name, device="cpu", max_length=LONGEST)
            from safetensors.torch import load_file

            encoder = CrossEncoder(
                str(packaged_model()), num_labels=1, device="cpu", max_length=LONGEST, local_files_only=True
            )
            model: Any = encoder[0].auto_model
            tuned = {k: v.to(torch.float32) for k, v in load_file(str(self.weights)).items()}
            report = model.load_state_dict(tuned, strict=False)
            missing = [k for k in report.missing_keys if "embeddings." not in k]
            if missing or report.unexpected_keys:
                raise ValueError(f"tensors missing {missing[:3]}, unknown {report.unexpected_keys[:3]}")
            return encoder.bfloat16() if _has_bfloat16() else encoder
        except Exception as error:
            raise ModelError(
                f"The reader {self.name!r} cannot be loaded ({error}). Restore {self.weights}, or name a "
                "cross-encoder that this machine can reach."
            ) from error

    def __call__(self, question: str, texts: Sequence[str]) -> Array:
        """(texts,) raw logits, float64, in the order of `texts`."""
        import torch

        scores = self.model.predict(
            [(question, text) for text in texts],
            batch_size=8,
            activation_fn=torch.nn.Identity(),
            show_progress_bar=False,
        )
        return np.asarray(scores, dtype=np.float64).reshape(len(texts))


def _has_bfloat16() -> bool:
    """Whether this processor multiplies bfloat16 itself; emulated, it would be slower than float32."""
    import torch

    return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())
