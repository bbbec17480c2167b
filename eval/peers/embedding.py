"""The packaged all-MiniLM-L6-v2 for every system, loaded once a process."""

from __future__ import annotations

from functools import cache

from assistant.embed import Embedder
from assistant.settings import from_environment


@cache
def embedder() -> Embedder:
    """The same model, by the same library, with the same number of threads."""
    return Embedder(threads=from_environment().threads)


def vectors(texts: list[str]) -> list[list[float]]:
    """One unit vector a text, as lists."""
    return [[float(x) for x in vector] for vector in embedder().encode(texts)]
