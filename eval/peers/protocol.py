"""What every system is to this comparison: it indexes sources, and gives hits for a question, best first."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Source:
    """One text; known: the lines of its known questions, which only Footnote can use."""

    name: str
    text: str
    known: str = ""


@dataclass(frozen=True)
class Hit:
    """What a system would show, and how sure it is (higher is surer); `verdict` is that of a system
    which decides for itself, "" of one whose score has to be cut somewhere."""

    text: str
    score: float
    verdict: str = ""


class Peer(Protocol):
    """One system. A sentence that it returns stands as it is; of a passage the nearest sentence is taken."""

    def index(self, sources: Sequence[Source]) -> None:
        """Forgets what it held, and holds these."""

    def search(self, question: str, history: Sequence[str]) -> Sequence[Hit]:
        """Best first; `history` are earlier questions, oldest first, for systems that take them."""


@dataclass(frozen=True)
class About:
    """place: module and class; setting: what its documentation sets by default; needs: packages it is
    installed from; sentences: whether it returns single sentences."""

    name: str
    place: str
    setting: str
    needs: tuple[str, ...]
    sentences: bool = False

    def make(self) -> Peer:
        """Imports the module, and nothing but this one. Raises ModuleNotFoundError."""
        module, name = self.place.split(":")
        made: Peer = getattr(importlib.import_module(module), name)()
        return made


PEERS: tuple[About, ...] = (
    About("bm25", "eval.peers.bm25:Sentences", "bm25s, English stop words, over sentences", ("bm25s",), True),
    About("cosine", "eval.peers.cosine:Sentences", "cosine over sentences", ("sentence-transformers",), True),
    About(
        "langchain",
        "eval.peers.langchain_chain:Tutorial",
        "RecursiveCharacterTextSplitter 1000/200, Chroma, similarity_score_threshold",
        ("langchain-core", "langchain-text-splitters", "langchain-chroma"),
    ),
    About(
        "llamaindex",
        "eval.peers.llamaindex:Citations",
        "SentenceSplitter 1024/20, CitationQueryEngine 512/20, 2 nodes",
        ("llama-index-core",),
    ),
    About(
        "haystack-bm25",
        "eval.peers.haystack_memory:Lexical",
        "DocumentSplitter 200 words, InMemoryBM25Retriever",
        ("haystack-ai",),
    ),
    About(
        "haystack-dense",
        "eval.peers.haystack_memory:Dense",
        "DocumentSplitter 200 words, InMemoryEmbeddingRetriever",
        ("haystack-ai",),
    ),
    About("footnote-plain", "eval.peers.footnote:Plain", "without known questions", ("footnote",), True),
    About("footnote", "eval.peers.footnote:Shipped", "as it ships", ("footnote",), True),
)
"""In the order of the table."""


def peer(name: str) -> About:
    """The one of that name. Raises KeyError."""
    return {about.name: about for about in PEERS}[name]
