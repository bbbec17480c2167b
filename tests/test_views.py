"""The assistant in other people's LangChain graphs."""

from __future__ import annotations

from typing import Any

import pytest
from langchain_core.documents import Document as LangChainDocument
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.runnables import RunnableLambda

from assistant.embed import Embedder
from assistant.engine import Assistant
from assistant.errors import QuestionError
from assistant.index import Index
from assistant.records import Document, Reply
from assistant.retrieve import Retriever
from assistant.views import FootnoteRetriever, as_runnable
from tests import fakes


@pytest.fixture
def assistant() -> Assistant:
    """Sure that the iron pot answers, whatever is asked."""
    return fakes.assistant(fakes.says(s0=0.9))


@pytest.fixture
def reads_article(article: tuple[Document, ...], article_index: Index, embedder: Embedder) -> Assistant:
    """The fake engine with the real embedder and the real index of the article behind its retriever."""
    made = fakes.assistant(fakes.says(s0=0.9))
    made.documents = {d.id: d for d in article}
    made.index, made.embedder, made.retriever = article_index, embedder, Retriever(article_index)
    return made


def test_the_runnable_answers_as_the_assistant_does(assistant: Assistant) -> None:
    question = "How long does an iron pot keep tea hot?"
    runnable = as_runnable(assistant)
    expected = assistant.ask(question)
    assert (expected.verdict, expected.citations[0].quote) == ("answered", "An iron pot keeps tea hot for an hour.")
    assert runnable.invoke(question) == expected
    assert runnable.invoke({"question": question}) == expected
    assert runnable.invoke({"question": question, "history": None}) == expected
    assert runnable.batch([question, question]) == [expected, expected]
    assert list(runnable.stream(question)) == [expected]


async def ainvoke(assistant: Assistant, question: str) -> Reply:
    return await as_runnable(assistant).ainvoke(question)


def test_it_composes_and_is_awaited(assistant: Assistant) -> None:
    import asyncio

    verdict = as_runnable(assistant) | RunnableLambda(lambda reply: reply.verdict)
    assert verdict.invoke("How hot is tea?") == "answered"
    assert asyncio.run(ainvoke(assistant, "How hot is tea?")) == assistant.ask("How hot is tea?")


EARLIER = ["How long does an iron pot keep tea hot?"]


@pytest.mark.parametrize(
    ("history", "asked"),
    [
        ([], []),
        (None, []),
        (EARLIER, EARLIER),
        (tuple(EARLIER), EARLIER),
        ([HumanMessage(EARLIER[0]), AIMessage("For an hour.")], EARLIER),
        ([HumanMessage([{"type": "text", "text": EARLIER[0]}])], EARLIER),
        ([AIMessage("Hello.")], []),
    ],
)
def test_history(assistant: Assistant, monkeypatch: pytest.MonkeyPatch, history: Any, asked: list[str]) -> None:
    seen: list[Any] = []
    monkeypatch.setattr(assistant, "ask", lambda question, history=(): seen.append((question, list(history))))
    as_runnable(assistant).invoke({"question": "And black tea?", "history": history})
    assert seen == [("And black tea?", asked)]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, r"No 'question' among the keys \[\]\."),
        ({"input": "What is tea?"}, r"No 'question' among the keys \['input'\]\."),
        ({"question": 5}, "A question is text, not int."),
        (5, "A question is text, not int."),
        ({"question": "x" * 2_001}, "The question has 2,001 characters"),
        ({"question": "x", "history": "What is tea?"}, "'history' is a list of earlier questions"),
        ({"question": "x", "history": [1]}, "'history' is a list of earlier questions"),
    ],
)
def test_what_is_not_a_question_is_an_error_not_a_refusal(assistant: Assistant, given: object, message: str) -> None:
    with pytest.raises(QuestionError, match=message):
        as_runnable(assistant).invoke(given)


def test_the_retriever(reads_article: Assistant) -> None:
    question = "moist heat and blood flow"
    found = FootnoteRetriever(assistant=reads_article, count=2).invoke(question)
    hits = reads_article.retriever(question, reads_article.embedder.encode([question])[0], 2)
    assert found == [
        LangChainDocument(
            id=hit.passage.id,
            page_content=hit.passage.text,
            metadata={
                "document": "muscle-relaxers.md",
                "title": "Muscle relaxers",
                "section": hit.passage.section,
                "start": hit.passage.start,
                "end": hit.passage.end,
                "score": hit.score,
            },
        )
        for hit in hits
    ]
    text = reads_article.documents["muscle-relaxers.md"].text
    for document in found:
        span = text[document.metadata["start"] : document.metadata["end"]]
        assert document.page_content.split() == span.replace("\n- ", "\n").split()
    assert found[0].page_content.startswith("Applying moist heat can increase blood flow")
    assert len(FootnoteRetriever(assistant=reads_article).invoke("nerve")) == 4


@pytest.mark.parametrize("question", ["", " \n", "?!", "\u200b"])
def test_the_retriever_finds_nothing_for_no_words(reads_article: Assistant, question: str) -> None:
    assert FootnoteRetriever(assistant=reads_article).invoke(question) == []


def test_the_retriever_sees_what_the_assistant_sees(reads_article: Assistant) -> None:
    retriever = FootnoteRetriever(assistant=reads_article)
    assert retriever.invoke("sci\u200batic\u0430\u0000") == retriever.invoke("sciatica")
    with pytest.raises(QuestionError, match="The question has 2,001 characters"):
        retriever.invoke("x" * 2_001)
