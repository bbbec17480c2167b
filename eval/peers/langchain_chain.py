"""LangChain, as its retrieval tutorials build it: split by characters, Chroma, a score threshold."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from langchain_chroma import Chroma
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_text_splitters import RecursiveCharacterTextSplitter

from eval.peers.embedding import vectors
from eval.peers.protocol import Hit, Source


class MiniLM(Embeddings):
    """The packaged model as LangChain wants it."""

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        return vectors(texts)

    def embed_query(self, text: str) -> list[float]:
        return vectors([text])[0]


class Tutorial:
    """Four passages, as `as_retriever` gives by default."""

    def index(self, sources: Sequence[Source]) -> None:
        splitter = RecursiveCharacterTextSplitter(chunk_size=1000, chunk_overlap=200, add_start_index=True)
        passages: list[Any] = splitter.split_documents(
            [Document(page_content=source.text, metadata={"source": source.name}) for source in sources]
        )
        self.store = Chroma.from_documents(passages, MiniLM(), collection_name=f"peer-{uuid.uuid4().hex}")

    def search(self, question: str, _: Sequence[str]) -> Sequence[Hit]:
        """What the retriever of search_type="similarity_score_threshold" cuts: its passages with their relevance."""
        found = self.store.similarity_search_with_relevance_scores(question, k=4)
        return [Hit(document.page_content, float(score)) for document, score in found]
