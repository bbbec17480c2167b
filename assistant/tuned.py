"""texts, or pairs of texts -> probabilities of labels, by the packaged MiniLM with some layers tuned.

A weights file holds the tuned tensors and one linear head over the mean of the word pieces, in
half precision, never pickle; everything else comes from the packaged base model.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from assistant.embed import packaged_model
from assistant.errors import ModelError

LONGEST = 192
"""Word pieces of a text, or of both texts of a pair; what is beyond is not read."""


class Tuned:
    """Loaded at first use, shared by threads. Raises ModelError when its file is unusable.

    what: its name in messages. script: what makes the file anew.
    """

    def __init__(self, weights: Path, labels: Sequence[str], what: str, script: str) -> None:
        self.weights = weights
        self.labels = tuple(labels)
        self.what = what
        self.script = script
        self._lock = threading.Lock()
        self._loaded: tuple[Any, Any, Any] | None = None

    def _load(self) -> tuple[Any, Any, Any]:
        import torch
        from safetensors.torch import load_file
        from transformers import AutoModel, AutoTokenizer

        base = packaged_model()
        try:
            tuned = {k: v.to(torch.float32) for k, v in load_file(str(self.weights)).items()}
            head = torch.nn.Linear(tuned["head.weight"].shape[1], len(self.labels))
            head.load_state_dict({k[5:]: tuned.pop(k) for k in list(tuned) if k.startswith("head.")})
            bert = AutoModel.from_pretrained(base, add_pooling_layer=False, local_files_only=True)
            keys = bert.load_state_dict({k.removeprefix("bert."): v for k, v in tuned.items()}, strict=False)
        except Exception as error:
            raise ModelError(
                f"{self.what} {self.weights} cannot be loaded ({error}). "
                f"Restore the file from the repository, or train it anew with {self.script}."
            ) from error
        tuned_layers = {_layer(k.removeprefix("bert.")) for k in tuned}
        lacking = [k for k in keys.missing_keys if _layer(k) in tuned_layers]
        broken = [k for k, v in {**bert.state_dict(), **head.state_dict()}.items() if not v.isfinite().all()]
        if keys.unexpected_keys or lacking or broken or not tuned_layers:
            raise ModelError(
                f"{self.what} {self.weights} is not whole: unknown tensors {keys.unexpected_keys}, "
                f"lacking {lacking}, not finite {broken}. Restore the file from the repository."
            )
        return AutoTokenizer.from_pretrained(base, local_files_only=True), bert.eval(), head.eval()

    def ready(self) -> tuple[Any, Any, Any]:
        """Tokenizer, encoder and head; loads them where that has not happened yet."""
        with self._lock:
            if self._loaded is None:
                self._loaded = self._load()
            return self._loaded

    def probabilities(self, texts: Sequence[str]) -> list[dict[str, float]]:
        """One dict label -> probability a text."""
        import torch

        tokenizer, bert, head = self.ready()
        with torch.inference_mode():
            encoded = tokenizer(list(texts), padding=True, truncation=True, max_length=LONGEST, return_tensors="pt")
            hidden = bert(**encoded).last_hidden_state
            mask = encoded["attention_mask"][:, :, None].to(hidden.dtype)
            values = torch.softmax(head((hidden * mask).sum(1) / mask.sum(1)), -1)
        return [dict(zip(self.labels, map(float, row), strict=True)) for row in values]


def _layer(name: str) -> str:
    """`encoder.layer.3.output.dense.bias` -> `encoder.layer.3`."""
    return ".".join(name.split(".")[:3])
