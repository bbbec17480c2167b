"""What a weights file holds is put in the base model's place, or told to be broken."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from assistant.errors import ModelError
from assistant.tuned import tune, unpacked


def test_a_difference_is_added_row_by_row() -> None:
    base = {"m": torch.tensor([[1.0, 2.0], [3.0, 4.0]]), "v": torch.zeros(2)}
    stored = {
        "bert.m": torch.tensor([[127, 0], [-127, 64]], dtype=torch.int8),
        "bert.m.scale": torch.tensor([0.01, 0.1]),
        "bert.v": torch.tensor([1.5, 2.5], dtype=torch.float16),
        "head.weight": torch.ones(1, 2, dtype=torch.float16),
    }
    found = unpacked(stored, base)
    assert set(found) == {"m", "v", "head.weight"}
    assert torch.allclose(found["m"], torch.tensor([[2.27, 2.0], [-9.7, 10.4]]))
    assert found["v"].tolist() == [1.5, 2.5]
    assert all(value.dtype == torch.float32 for value in found.values())


class Layered(torch.nn.Module):
    """One layer under the names that a base encoder has."""

    def __init__(self) -> None:
        super().__init__()
        layer = torch.nn.ModuleDict({"0": torch.nn.Linear(2, 2)})
        self.encoder = torch.nn.ModuleDict({"layer": layer})


def stored() -> dict[str, Any]:
    return {
        "bert.encoder.layer.0.weight": torch.ones(2, 2, dtype=torch.int8),
        "bert.encoder.layer.0.weight.scale": torch.ones(2),
        "bert.encoder.layer.0.bias": torch.ones(2),
        "head.bias": torch.ones(1),
    }


def test_layers_go_into_the_model_and_the_head_comes_back(tmp_path: Path) -> None:
    model = Layered()
    before = model.encoder["layer"]["0"].weight.detach().clone()  # type: ignore[index]
    save_file(stored(), str(tmp_path / "w"))
    rest = tune(model, tmp_path / "w", "The toy", "toy.py")
    assert rest["head.bias"].tolist() == [1.0]
    assert torch.allclose(model.encoder["layer"]["0"].weight, before + 1)  # type: ignore[index]


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda t: t.pop("bert.encoder.layer.0.weight.scale"), "cannot be loaded"),
        (lambda t: t.update({"bert.encoder.layer.0.weight.scale": torch.ones(3)}), "cannot be loaded"),
        (lambda t: t.update({"bert.encoder.layer.9.weight": torch.ones(2, 2, dtype=torch.int8)}), "cannot be loaded"),
        (lambda t: t.update({"bert.encoder.layer.0.bias": torch.ones(3)}), "size mismatch"),
        (lambda t: t.pop("bert.encoder.layer.0.bias"), "lacking"),
        (lambda t: t["bert.encoder.layer.0.weight.scale"].fill_(float("nan")), "not finite"),
        (lambda t: t["head.bias"].fill_(float("inf")), "not finite"),
    ],
)
def test_a_spoilt_file_names_itself_and_its_maker(
    tmp_path: Path, spoil: Callable[[dict[str, Any]], object], message: str
) -> None:
    tensors = stored()
    spoil(tensors)
    save_file(tensors, str(tmp_path / "w"))
    with pytest.raises(ModelError, match=message) as caught:
        tune(Layered(), tmp_path / "w", "The toy", "toy.py")
    assert str(caught.value).startswith(f"The toy {tmp_path / 'w'}")
    assert "Restore the file from the repository" in str(caught.value)
