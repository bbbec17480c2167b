"""The assistant as a LangChain Runnable and its retriever as a BaseRetriever, for other people's graphs."""

from __future__ import annotations

from typing import Any

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document as LangChainDocument
from langchain_core.messages import BaseMessage
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import Runnable, RunnableLambda
from pydantic import ConfigDict

from assistant.engine import Assistant, check_question
from assistant.errors import QuestionError
from assistant.normalise import normalise
from assistant.records import Reply


def as_runnable(assistant: Assistant) -> Runnable[Any, Reply]:
    """question, or {"question": ..., "history": [earlier questions, or LangChain messages]} -> Reply.

    Raises QuestionError for anything else. Of messages, those of the human are questions.
    """

    def ask(given: object) -> Reply:
        if not isinstance(given, dict):
            return assistant.ask(given)  # type: ignore[arg-type]  # ask() says what a question is
        if "question" not in given:
            raise QuestionError(f"No 'question' among the keys {sorted(map(str, given))}.")
        history = given.get("history") or ()
        turns: list[Any] = list(history) if isinstance(history, (list, tuple)) else [None]
        if not all(isinstance(turn, (str, BaseMessage)) for turn in turns):
            raise QuestionError("'history' is a list of earlier questions, oldest first: text, or LangChain messages.")
        return assistant.ask(given["question"], [_text(turn) for turn in turns if _asked(turn)])

    return RunnableLambda(ask, name="footnote")


def _asked(turn: str | BaseMessage) -> bool:
    return isinstance(turn, str) or turn.type == "human"


def _text(turn: str | BaseMessage) -> str:
    return turn if isinstance(turn, str) else str(turn.text)


class FootnoteRetriever(BaseRetriever):
    """question -> the best passages, dense and lexical ranks fused, with their exact spans; none
    for a question without a word. Raises QuestionError for one that is too long."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    assistant: Assistant
    count: int = 4

    def _get_relevant_documents(
        self,
        query: str,
        *,
        run_manager: CallbackManagerForRetrieverRun,  # noqa: ARG002  LangChain calls it by name
    ) -> list[LangChainDocument]:
        check_question(query)
        question = normalise(query)
        if not any(c.isalnum() for c in question):
            return []
        vector = self.assistant.embedder.encode([question])[0]
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
            for hit in self.assistant.retriever(question, vector, self.count)
        ]
