"""reader.safetensors -> reader.onnx, the same network with its matrices in 8 bits (11 MB).

    python training/export_reader.py [--weights FILE] [--out FILE]

The graph begins after the word embeddings, which `assistant.quantised` looks up in the packaged
base model: they were never tuned, and would double the file.  Every matrix product of the
weights is quantised by column to int8, the activations as they come (onnxruntime's dynamic
quantisation); products between activations stay in float32.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import torch
from onnxruntime.quantization import QuantType, quantize_dynamic

from assistant.cross import GRAPH, WEIGHTS, shipped_encoder


class Encoder(torch.nn.Module):
    """(pairs, pieces, 384) embeddings, (pairs, pieces) mask -> (pairs,) logits."""

    def __init__(self, weights: Path) -> None:
        super().__init__()
        model = shipped_encoder(weights)[0].auto_model
        self.layers = model.bert.encoder.layer
        self.pooler = model.bert.pooler
        self.classifier = model.classifier

    def forward(self, hidden: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Each layer by hand: the graph stays free of the library's own bookkeeping."""
        bias = (1.0 - mask[:, None, None, :]) * torch.finfo(torch.float32).min
        for layer in self.layers:
            own = layer.attention.self
            heads, width = own.num_attention_heads, own.attention_head_size
            shape = (hidden.shape[0], hidden.shape[1], heads, width)
            query, key, value = (p(hidden).view(shape).transpose(1, 2) for p in (own.query, own.key, own.value))
            weights = torch.softmax(query @ key.transpose(-1, -2) / width**0.5 + bias, -1)
            context = (weights @ value).transpose(1, 2).reshape(hidden.shape)
            attended = layer.attention.output(context, hidden)
            hidden = layer.output(layer.intermediate(attended), attended)
        return self.classifier(self.pooler(hidden))[:, 0]


def export(weights: Path, out: Path) -> None:
    """Writes the quantised graph; the float graph lies in a temporary folder."""
    encoder = Encoder(weights).eval()
    example = (torch.zeros(2, 8, 384), torch.ones(2, 8))
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder) / "reader.onnx"
        batch, pieces = torch.export.Dim("batch", min=1, max=512), torch.export.Dim("pieces", min=3, max=512)
        torch.onnx.export(
            encoder,
            example,
            str(whole),
            input_names=["hidden", "mask"],
            output_names=["logits"],
            dynamic_shapes={"hidden": {0: batch, 1: pieces}, "mask": {0: batch, 1: pieces}},
            dynamo=True,
            external_data=False,
        )
        quantize_dynamic(whole, out, per_channel=True, weight_type=QuantType.QInt8)


def main() -> None:
    """Exports and says how large the file is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weights", type=Path, default=WEIGHTS)
    parser.add_argument("--out", type=Path, default=GRAPH)
    args = parser.parse_args()
    export(args.weights, args.out)
    print(f"{args.out}: {args.out.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
