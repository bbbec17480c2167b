"""What the trainers share: rows of data; the packaged MiniLM with its upper layers tuned, its training, its file."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import torch
from safetensors.torch import save_file
from transformers import AutoModel

from assistant.tuned import SCALE

T = TypeVar("T")
STEPS_AVERAGED = 200


def json_lines(paths: Iterable[Path]) -> list[dict[str, Any]]:
    """The rows of files that hold one JSON object a line, in their order."""
    return [json.loads(line) for path in paths for line in path.read_text(encoding="utf-8").splitlines()]


class TunedEncoder(torch.nn.Module):
    """MiniLM, mean of the word pieces, linear head; only the upper layers and the head are trained."""

    def __init__(self, base: Path, tuned: int, labels: int) -> None:
        super().__init__()
        self.bert = AutoModel.from_pretrained(base, add_pooling_layer=False)
        self.head = torch.nn.Linear(self.bert.config.hidden_size, labels)
        for parameter in self.bert.parameters():
            parameter.requires_grad = False
        for layer in self.bert.encoder.layer[-tuned:]:
            for parameter in layer.parameters():
                parameter.requires_grad = True

    def pooled(self, encoded: Any) -> torch.Tensor:
        """(batch, 384) means of the word pieces."""
        hidden = self.bert(**encoded).last_hidden_state
        mask = encoded["attention_mask"][:, :, None].to(hidden.dtype)
        return (hidden * mask).sum(1) / mask.sum(1)

    def forward(self, encoded: Any) -> torch.Tensor:
        """(batch, labels) logits."""
        return self.head(self.pooled(encoded))


class Averaged:
    """The mean of a model's weights over its last steps (about STEPS_AVERAGED): steadier than those of the last one."""

    def __init__(self, model: torch.nn.Module) -> None:
        self.model = copy.deepcopy(model)
        self._steps = 0

    def add(self, model: torch.nn.Module) -> None:
        """Takes in the weights after one more step."""
        self._steps += 1
        share = max(1 / self._steps, 1 / STEPS_AVERAGED)
        with torch.no_grad():
            for mean, value in zip(self.model.parameters(), model.parameters(), strict=True):
                if value.requires_grad:
                    mean.lerp_(value, share)


class Training:
    """AdamW with clipped gradients; the rate rises over the first tenth of the steps and falls to nearly nothing."""

    def __init__(self, model: torch.nn.Module, rate: float, steps: int, last_rate: float = 0.0) -> None:
        self.parameters = [p for p in model.parameters() if p.requires_grad]
        self._optimizer = torch.optim.AdamW(self.parameters, lr=rate, weight_decay=0.01)
        self._schedule = torch.optim.lr_scheduler.OneCycleLR(
            self._optimizer,
            rate,
            total_steps=steps + 1,
            pct_start=0.1,
            anneal_strategy="linear",
            final_div_factor=rate / 25 / max(last_rate, 1e-9),
        )

    def step(self, loss: torch.Tensor) -> None:
        """One step down the gradient of `loss`."""
        self._optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.parameters, 1.0)
        self._optimizer.step()
        self._schedule.step()


def like_lengths(rows: list[T], size: int, length: Callable[[T], int], rng: random.Random) -> list[list[T]]:
    """Shuffled batches, rows of like length together: padding costs as much as reading."""
    rng.shuffle(rows)
    wide = 20 * size
    parts = []
    for at in range(0, len(rows), wide):
        alike = sorted(rows[at : at + wide], key=length)
        parts += [alike[n : n + size] for n in range(0, len(alike), size)]
    rng.shuffle(parts)
    return parts


def in_short_batches(lengths: Sequence[int], size: int, read: Callable[[list[int]], torch.Tensor]) -> torch.Tensor:
    """What `read` makes of the items whose numbers it is given, so many of like lengths at a time, in their order."""
    order = sorted(range(len(lengths)), key=lambda n: lengths[n])
    parts = [read(order[at : at + size]) for at in range(0, len(order), size)]
    back = torch.empty(len(order), dtype=torch.long)
    back[torch.tensor(order)] = torch.arange(len(order))
    return torch.cat(parts)[back]


def save_tuned(model: torch.nn.Module, base: Path, path: Path) -> None:
    """Writes what `assistant.tuned` reads: of every trained matrix its difference from the base, in 8 bits with one
    scale a row; trained vectors and the head in half precision."""
    packaged = dict(AutoModel.from_pretrained(base).named_parameters())
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(dict(_packed(model.named_parameters(), packaged)), str(path))


def _packed(
    parameters: Iterable[tuple[str, torch.nn.Parameter]], packaged: dict[str, torch.nn.Parameter]
) -> Iterable[tuple[str, torch.Tensor]]:
    for name, parameter in parameters:
        if not parameter.requires_grad:
            continue
        value = parameter.detach()
        if name.startswith(("head.", "classifier.")) or value.dim() == 1:
            yield name, value.to(torch.float16).contiguous()
            continue
        difference = value - packaged[name.removeprefix("bert.")].detach()
        scale = (difference.abs().amax(1) / 127).clamp_min(1e-12)
        yield name, (difference / scale[:, None]).round().to(torch.int8).contiguous()
        yield name + SCALE, scale.contiguous()
