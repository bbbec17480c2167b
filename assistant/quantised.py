"""question, texts -> logits, by the shipped reader in 8 bits: `reader.onnx`, run by onnxruntime.

The same network as `reader.safetensors` (`training/export_reader.py`), three times as fast as
bfloat16 in torch on the same two cores.  Word embeddings were never tuned: they are read
from the packaged base model and looked up here, so the graph begins behind them.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from assistant.embed import packaged_model

Floats = npt.NDArray[np.float32]
BATCH = 8
"""Pairs a run, of like lengths: padding costs as much as reading."""


class QuantisedReader:
    """Ready once made; may be shared by threads. Raises whatever is wrong with its files.

    longest: word pieces of question and text together. threads: of one run.
    """

    def __init__(self, graph: Path, longest: int, threads: int) -> None:
        import onnxruntime
        from safetensors import safe_open
        from tokenizers import Tokenizer

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # a waiting thread leaves its core
        options.enable_cpu_mem_arena = False  # one keeps what the widest batch took: 70 MiB for 1 % of the time
        options.enable_mem_pattern = False
        self._session: Any = onnxruntime.InferenceSession(str(graph), options, providers=["CPUExecutionProvider"])
        base = packaged_model()
        self._tokenizer: Any = Tokenizer.from_file(str(base / "tokenizer.json"))
        self._tokenizer.enable_truncation(longest)
        self._tokenizer.no_padding()
        with safe_open(str(base / "model.safetensors"), "np") as tensors:
            names = ("word_embeddings", "position_embeddings", "token_type_embeddings", "LayerNorm")
            self._words, self._places, self._types, self._gain = (
                tensors.get_tensor(f"embeddings.{name}.weight") for name in names
            )
            self._shift = tensors.get_tensor("embeddings.LayerNorm.bias")

    def __call__(self, question: str, texts: Sequence[str]) -> npt.NDArray[np.float64]:
        """(texts,) raw logits, in the order of `texts`."""
        pairs = self._tokenizer.encode_batch([(question, text) for text in texts])
        order = sorted(range(len(pairs)), key=lambda n: len(pairs[n].ids))
        logits = np.empty(len(pairs))
        for at in range(0, len(order), BATCH):
            part = order[at : at + BATCH]
            logits[part] = self.run(*self.inputs([pairs[n] for n in part]))
        return logits

    def inputs(self, pairs: Sequence[Any]) -> tuple[Floats, Floats]:
        """Encoded pairs -> (pairs, pieces, 384) embeddings and (pairs, pieces) mask."""
        shape = (len(pairs), max(len(pair.ids) for pair in pairs))
        ids, types = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64)
        mask = np.zeros(shape, dtype=np.float32)
        for row, pair in enumerate(pairs):
            length = len(pair.ids)
            ids[row, :length], types[row, :length], mask[row, :length] = pair.ids, pair.type_ids, 1.0
        return self._embedded(ids, types), mask

    def run(self, hidden: Floats, mask: Floats) -> Floats:
        """The bare forward pass: (pairs,) logits."""
        logits: Floats = self._session.run(None, {"hidden": hidden, "mask": mask})[0]
        return logits

    def _embedded(self, ids: npt.NDArray[np.int64], types: npt.NDArray[np.int64]) -> Floats:
        """Words, places and types added up and normalised, as BERT's first layer does."""
        hidden = self._words[ids] + self._places[: ids.shape[1]] + self._types[types]
        hidden -= hidden.mean(-1, keepdims=True)
        hidden /= np.sqrt((hidden * hidden).mean(-1, keepdims=True) + 1e-12)
        return np.asarray(hidden * self._gain + self._shift, dtype=np.float32)
