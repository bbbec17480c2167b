"""LlamaIndex: what its CitationQueryEngine hands to the language model as numbered sources."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from llama_index.core import Document, VectorStoreIndex
from llama_index.core.base.embeddings.base import BaseEmbedding
from llama_index.core.llms import MockLLM
from llama_index.core.node_parser import SentenceSplitter
from llama_index.core.query_engine import CitationQueryEngine

from eval.peers.embedding import vectors
from eval.peers.protocol import Hit, Source


class MiniLM(BaseEmbedding):  # type: ignore[misc]
    """The packaged model as LlamaIndex wants it."""

    def _get_text_embedding(self, text: str) -> list[float]:
        return vectors([text])[0]

    def _get_text_embeddings(self, texts: list[str]) -> list[list[float]]:
        return vectors(texts)

    def _get_query_embedding(self, query: str) -> list[float]:
        return vectors([query])[0]

    async def _aget_query_embedding(self, query: str) -> list[float]:
        return vectors([query])[0]


class Citations:
    """Splitter, number of nodes and citation size are the library's own; the model that would write is a stand-in."""

    def index(self, sources: Sequence[Source]) -> None:
        documents = [Document(text=source.text) for source in sources]
        index = VectorStoreIndex.from_documents(documents, transformations=[SentenceSplitter()], embed_model=MiniLM())
        self.engine: Any = CitationQueryEngine.from_args(index, llm=MockLLM())

    def search(self, question: str, _: Sequence[str]) -> Sequence[Hit]:
        nodes = self.engine.query(question).source_nodes
        return [Hit(re.sub(r"^Source \d+:\n", "", node.node.get_content()), float(node.score or 0.0)) for node in nodes]
