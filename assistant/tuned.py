"""texts, or pairs of texts -> probabilities of labels, by the packaged MiniLM with some layers tuned.

A weights file (safetensors, never pickle) holds what the matrices of the tuned layers differ by from the
packaged base model, in 8 bits with one scale a row, or whole in half precision, and one linear head over the
mean of the word pieces; everything else comes from the base.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from assistant.embed import packaged_model, read_in
from assistant.errors import ModelError

SCALE = ".scale"
"""Ends the name of the scales (one a row, float32) of a matrix that is kept as a difference in int8."""
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
        from transformers import AutoModel, AutoTokenizer

        base = packaged_model()
        bert = AutoModel.from_pretrained(base, add_pooling_layer=False, local_files_only=True)
        weights = tune(bert, self.weights, self.what, self.script)
        try:
            head = torch.nn.Linear(weights["head.weight"].shape[1], len(self.labels))
            head.load_state_dict({k.removeprefix("head."): v for k, v in weights.items()})
        except Exception as error:
            raise _unusable(self.what, self.weights, self.script, error) from error
        read_in(bert)
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


def tune(bert: Any, weights: Path, what: str, script: str) -> dict[str, Any]:
    """Puts the tuned layers of a weights file in a base encoder's place; what the file holds beside them (`head.`).

    Raises ModelError, naming `what` and the `script` that makes the file, where it is broken or not whole.
    """
    from safetensors.torch import load_file

    try:
        tuned = unpacked(load_file(str(weights)), bert.state_dict())
        rest = {k: tuned.pop(k) for k in list(tuned) if k.startswith("head.")}
        keys = bert.load_state_dict(tuned, strict=False)
    except Exception as error:
        raise _unusable(what, weights, script, error) from error
    layers = {_layer(k) for k in tuned}
    lacking = [k for k in keys.missing_keys if _layer(k) in layers]
    broken = [k for k, v in {**tuned, **rest}.items() if not v.isfinite().all()]
    if keys.unexpected_keys or lacking or broken or not layers:
        raise ModelError(
            f"{what} {weights} is not whole: unknown tensors {keys.unexpected_keys}, "
            f"lacking {lacking}, not finite {broken}. Restore the file from the repository."
        )
    return rest


def _unusable(what: str, weights: Path, script: str, error: Exception) -> ModelError:
    return ModelError(
        f"{what} {weights} cannot be loaded ({error}). "
        f"Restore the file from the repository, or train it anew with {script}."
    )


def unpacked(stored: Mapping[str, Any], base: Mapping[str, Any]) -> dict[str, Any]:
    """The tensors of a weights file in float32, under the base model's names (`head.` stays). Raises KeyError for a
    difference without its scales or without a tensor of the base."""
    whole = {}
    for name, value in stored.items():
        if name.endswith(SCALE):
            continue
        own = name.removeprefix("bert.")
        whole[own] = value.float()
        if not value.is_floating_point():
            whole[own] = base[own] + whole[own] * stored[name + SCALE][:, None]
    return whole


def _layer(name: str) -> str:
    """`encoder.layer.3.output.dense.bias` -> `encoder.layer.3`."""
    return ".".join(name.split(".")[:3])
