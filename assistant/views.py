"""The assistant as a LangChain Runnable and its retriever as a BaseRetriever, for other people's graphs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document as LangChainDocument
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import Runnable, RunnableLambda
from pydantic import ConfigDict

from assistant.engine import Assistant
from assistant.records import Reply


def as_runnable(assistant: Assistant) -> Runnable[Any, Reply]:
    """question, or {"question": ..., "history": [earlier questions]} -> Reply."""

    def ask(given: str | dict[str, Any]) -> Reply:
        if isinstance(given, str):
            return assistant.ask(given)
        history: Sequence[str] = given.get("history", ())
        return assistant.ask(given["question"], history)

    return RunnableLambda(ask, name="footnote")


class FootnoteRetriever(BaseRetriever):
    """question -> the best passages, dense and lexical ranks fused, with their exact spans."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    assistant: Assistant
    count: int = 4

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun
    ) -> list[LangChainDocument]:
        vector = self.assistant.embedder.encode([query])[0]
        return [
            LangChainDocument(
                id=hit.passage.id,
                page_content=hit.passage.text,
                metadata={
                    "document": hit.passage.document,
                    "title": hit.passage.title,
                    "section": hit.passage.section,
                    "start": hit.passage.start,
                    "end": hit.passage.end,
                    "score": hit.score,
                },
            )
            for hit in self.assistant.retriever(query, vector, self.count)
        ]
