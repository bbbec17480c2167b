"""question, sentences in their place -> logits of "this sentence answers".

The shipped reader is the packaged MiniLM with its transformer layers tuned
(`training/train_reader.py`): `data/reader.safetensors`, which sentence-transformers'
CrossEncoder loads, and the same in 8 bits, `data/reader.onnx`, which answers.  Any Hub
cross-encoder can be named instead.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from assistant.embed import packaged_model
from assistant.errors import ModelError
from assistant.quantised import QuantisedReader
from assistant.read import Array
from assistant.tuned import unpacked

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder

WEIGHTS = Path(__file__).parent / "data" / "reader.safetensors"
GRAPH = WEIGHTS.with_suffix(".onnx")
SHIPPED = "shipped"
LONGEST = 192
"""Word pieces of question and sentence together; the rest of a longer sentence is not read."""


class CrossReader:
    """Loaded at first use, shared by threads. Raises ModelError when it cannot be loaded.

    name: `shipped`, or a folder or Hub id of a cross-encoder.
    """

    def __init__(self, name: str = SHIPPED, graph: Path = GRAPH, threads: int = 2) -> None:
        self.name = name
        self.graph = graph
        self.threads = threads
        self._lock = threading.Lock()
        self._read: Callable[[str, Sequence[str]], Array] | None = None

    def ready(self) -> Callable[[str, Sequence[str]], Array]:
        """What reads; loads it where that has not happened yet."""
        with self._lock:
            if self._read is None:
                self._read = self._load()
            return self._read

    def _load(self) -> Callable[[str, Sequence[str]], Array]:
        try:
            if self.name == SHIPPED:
                return QuantisedReader(self.graph, LONGEST, self.threads)
            from sentence_transformers import CrossEncoder

            return _reading(CrossEncoder(self.name, device="cpu", max_length=LONGEST))
        except Exception as error:
            raise ModelError(
                f"The reader {self.name!r} cannot be loaded ({error}). "
                + (
                    f"Restore {self.graph}."
                    if self.name == SHIPPED
                    else "Name a cross-encoder that this machine can reach (HF_HUB_OFFLINE=0 lets it download), "
                    f"or unset FOOTNOTE_READER for {SHIPPED!r}."
                )
            ) from error

    def __call__(self, question: str, texts: Sequence[str]) -> Array:
        """(texts,) raw logits, float64, in the order of `texts`. Raises ModelError for what is not a number."""
        if not texts:
            return np.zeros(0)
        logits = self.ready()(question, texts)
        if not np.isfinite(logits).all():
            raise ModelError(f"The reader {self.name!r} gives values that are not numbers. Restore {self.graph}.")
        return logits


def shipped_encoder(weights: Path = WEIGHTS) -> Any:
    """The shipped reader as sentence-transformers' CrossEncoder, float32: for training, export and comparison."""
    from safetensors.torch import load_file
    from sentence_transformers import CrossEncoder

    logging.getLogger("sentence_transformers").setLevel(logging.ERROR)  # it announces the conversion each time
    encoder: Any = CrossEncoder(
        str(packaged_model()), num_labels=1, device="cpu", max_length=LONGEST, local_files_only=True
    )
    model = encoder[0].auto_model
    tensors = unpacked(load_file(str(weights)), model.bert.state_dict())
    named = {k if k.startswith("classifier.") else f"bert.{k}": v for k, v in tensors.items()}
    report = model.load_state_dict(named, strict=False)
    missing = [k for k in report.missing_keys if "embeddings." not in k]
    if missing or report.unexpected_keys:
        raise ModelError(f"{weights}: tensors missing {missing[:3]}, unknown {report.unexpected_keys[:3]}")
    return encoder


def _reading(encoder: CrossEncoder) -> Callable[[str, Sequence[str]], Array]:
    import torch

    def read(question: str, texts: Sequence[str]) -> Array:
        pairs = [(question, text) for text in texts]
        scores = encoder.predict(pairs, batch_size=8, activation_fn=torch.nn.Identity(), show_progress_bar=False)
        return np.asarray(scores, dtype=np.float64).reshape(len(texts))

    return read
