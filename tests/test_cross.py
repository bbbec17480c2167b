"""question, texts -> logits: the 8-bit reader against the weights that it was made from, and broken files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from assistant.cross import GRAPH, CrossReader, shipped_encoder
from assistant.errors import ModelError
from assistant.settings import from_environment

QUESTION = "How long do the tablets keep?"
TEXTS = [
    "Tablets - Storage: Keep the tablets in a dry place for no more than two years.",
    "Tablets - Storage: The box is blue.",
    "Tablets - Who makes them: They come from Leeds. " + "Nothing else is known about the factory. " * 40,
]


def test_eight_bits_read_as_the_whole_weights_do() -> None:
    from torch.nn import Identity

    whole = shipped_encoder().predict([(QUESTION, t) for t in TEXTS], activation_fn=Identity(), show_progress_bar=False)
    quantised = CrossReader()(QUESTION, TEXTS)
    assert np.abs(quantised - whole).max() < 1.0
    assert int(quantised.argmax()) == int(np.argmax(whole)) == 0


def test_the_same_logits_in_any_order_and_company() -> None:
    read = CrossReader()
    alone = np.concatenate([read(QUESTION, [t]) for t in TEXTS])
    assert np.allclose(read(QUESTION, TEXTS[::-1])[::-1], read(QUESTION, TEXTS), atol=1e-3)
    assert np.abs(read(QUESTION, TEXTS) - alone).max() < 0.7  # activations are scaled by the batch
    assert read(QUESTION, []).shape == (0,)


@pytest.mark.parametrize("content", [None, b"", b"not a graph", GRAPH.read_bytes()[:100_000]])
def test_a_broken_graph_is_told_with_its_cure(tmp_path: Path, content: bytes | None) -> None:
    graph = tmp_path / "reader.onnx"
    if content is not None:
        graph.write_bytes(content)
    with pytest.raises(ModelError, match=r"The reader 'shipped' cannot be loaded .* Restore .*reader\.onnx"):
        CrossReader(graph=graph)("a", ["b"])


def test_a_reader_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"none' cannot be loaded .* unset FOOTNOTE_READER for 'shipped'"):
        CrossReader(str(tmp_path / "none"))("a", ["b"])


def test_another_cross_encoder_reads(tmp_path: Path) -> None:
    shipped_encoder().save(str(tmp_path / "other"))
    other = CrossReader(str(tmp_path / "other"))
    assert np.abs(other(QUESTION, TEXTS) - CrossReader()(QUESTION, TEXTS)).max() < 1.0


def test_the_environment_names_reader_and_weights(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FOOTNOTE_READER", "mine")
    monkeypatch.setenv("FOOTNOTE_EVIDENCE", str(tmp_path / "mine.json"))
    settings = from_environment()
    assert (settings.reader, settings.evidence) == ("mine", tmp_path / "mine.json")


def test_what_is_not_a_number_never_becomes_an_answer() -> None:
    reader = CrossReader()
    reader._read = lambda *_: np.array([float("nan")])
    with pytest.raises(ModelError, match="not numbers"):
        reader("a", ["b"])
