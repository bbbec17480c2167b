"""Haystack: its splitter and its two retrievers in memory, with their defaults."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from haystack import Document
from haystack.components.preprocessors import DocumentSplitter
from haystack.components.retrievers.in_memory import InMemoryBM25Retriever, InMemoryEmbeddingRetriever
from haystack.document_stores.in_memory import InMemoryDocumentStore

from eval.peers.embedding import vectors
from eval.peers.protocol import Hit, Source


def _passages(sources: Sequence[Source]) -> list[Any]:
    splitter = DocumentSplitter()
    found: list[Any] = splitter.run(documents=[Document(content=source.text) for source in sources])["documents"]
    return found


def _hits(found: dict[str, Any]) -> list[Hit]:
    return [Hit(str(document.content), float(document.score)) for document in found["documents"]]


class Lexical:
    """InMemoryBM25Retriever."""

    def index(self, sources: Sequence[Source]) -> None:
        store = InMemoryDocumentStore()
        store.write_documents(_passages(sources))
        self.retriever: Any = InMemoryBM25Retriever(store)

    def search(self, question: str, _: Sequence[str]) -> Sequence[Hit]:
        return _hits(self.retriever.run(query=question))


class Dense:
    """InMemoryEmbeddingRetriever."""

    def index(self, sources: Sequence[Source]) -> None:
        store = InMemoryDocumentStore()
        passages = _passages(sources)
        embedded = vectors([passage.content for passage in passages])
        store.write_documents([replace(p, embedding=v) for p, v in zip(passages, embedded, strict=True)])
        self.retriever: Any = InMemoryEmbeddingRetriever(store)

    def search(self, question: str, _: Sequence[str]) -> Sequence[Hit]:
        return _hits(self.retriever.run(query_embedding=vectors([question])[0]))
