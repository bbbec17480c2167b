"""sentences with their scores -> citations and the text of an answer, word for word."""

from __future__ import annotations

import pytest

from assistant.compose import answer_text, cite, in_reading_order
from assistant.records import Citation
from tests.fakes import citation, documents, sentence

POTS, TEA = documents()


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (
            cite(sentence("Green"), TEA, 0.123456),
            Citation("tea.md", "Tea", "Brewing", "Green tea is brewed at 80 degrees.", 36, 70, 0.1235),
        ),
        (
            cite(sentence("Keep"), TEA, 1.0),
            Citation("tea.md", "Tea", "Storing", "Keep tea in a closed tin.", 117, 142, 1.0),
        ),
        (
            cite(sentence("Light", "pots.md"), POTS, 0.0),
            Citation("pots.md", "Pots", "Pots", "Light fades it.", 47, 62, 0.0),
        ),
    ],
)
def test_a_citation_is_the_sentence_in_its_place(found: Citation, expected: Citation) -> None:
    assert found == expected
    text = {d.id: d.text for d in documents()}[found.document]
    assert text[found.start : found.end] == found.quote


LIGHT, GREEN, IRON = citation("Light", score=0.6), citation("Green", score=0.3), citation("An iron", "pots.md", 0.1)


@pytest.mark.parametrize(
    ("citations", "text"),
    [
        ([], ""),
        ([GREEN], "Green tea is brewed at 80 degrees."),
        ([LIGHT, GREEN], "Green tea is brewed at 80 degrees. Light fades it."),
        (
            [LIGHT, IRON, GREEN],
            "An iron pot keeps tea hot for an hour. Green tea is brewed at 80 degrees. Light fades it.",
        ),
    ],
)
def test_an_answer_is_the_quotes_in_reading_order_and_nothing_else(citations: list[Citation], text: str) -> None:
    assert answer_text(citations) == text
    assert answer_text(citations[::-1]) == text
    assert " ".join(c.quote for c in in_reading_order(citations)) == text
    assert set(in_reading_order(citations)) == set(citations)
