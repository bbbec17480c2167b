"""document -> windows of whole sentences, each inside one section and inside the embedder's view."""

from __future__ import annotations

import pytest

from assistant.embed import Embedder
from assistant.passages import WORD_PIECES, embedding_text, passages_of
from assistant.records import Document, Passage
from assistant.source import parse


def words(text: str) -> int:
    return len(text.split())


def windows(text: str) -> list[str]:
    return [p.text for p in passages_of(parse(text, "x.md"), words)]


def short(*numbers: int) -> str:
    return " ".join(f"Number {n}." for n in numbers)


def long(size: int) -> str:
    """A sentence of so many words."""
    return " ".join(["Long", *["word"] * (size - 2), "end."])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One.", ["One."]),
        (short(1, 2, 3, 4, 5), [short(1, 2, 3, 4, 5)]),
        # five at most, the last of them also begins the next
        (short(*range(1, 7)), [short(1, 2, 3, 4, 5), short(5, 6)]),
        (short(*range(1, 11)), [short(1, 2, 3, 4, 5), short(5, 6, 7, 8, 9), short(9, 10)]),
        # sections are never joined, not even under the same heading
        ("A.\n\n## Use\n\nB.\n\n## Dose\n\nC.", ["A.", "B.", "C."]),
        ("# T\n\n## Aspirin\n\n### Use\n\nA.\n\n## Heat\n\n### Use\n\nB.", ["A.", "B."]),
        # the embedder's view: 230 word pieces, less title and heading ("X X")
        (f"{long(100)} {long(100)} {long(28)} One.", [f"{long(100)} {long(100)} {long(28)}", f"{long(28)} One."]),
        (f"{long(100)} {long(100)} {long(29)} One.", [f"{long(100)} {long(100)}", f"{long(29)} One."]),
        (f"One. {long(180)} {long(60)} Two.", [f"One. {long(180)}", f"{long(60)} Two."]),
        # list items are sentences too
        ("Take:\n\n- tea\n- rest\n", ["Take: tea rest"]),
    ],
)
def test_windows(text: str, expected: list[str]) -> None:
    assert windows(text) == expected


def test_a_passage_knows_its_place() -> None:
    document = parse("# Tea\n\nIt cools.\n\n## Storing\n\nKeep it dry. Light\nfades it.\n", "a/tea.md")
    passages = list(passages_of(document, words))
    assert passages[1] == Passage(
        id=passages[1].id,
        document="a/tea.md",
        title="Tea",
        section="Storing",
        text="Keep it dry. Light\nfades it.",
        start=30,
        end=58,
        sentences=("a/tea.md#30-42", "a/tea.md#43-58"),
    )
    assert document.text[30:58] == "Keep it dry. Light\nfades it."
    assert embedding_text(passages[1]) == "Tea - Storing: Keep it dry. Light\nfades it."


@pytest.mark.parametrize(
    ("text", "name", "same"),
    [
        ("# Tea\n\nIt cools.\n\n## Storing\n\nKeep it dry.\n", "tea.md", [True, True]),
        ("# Tea\n\nIt warms.\n\n## Storing\n\nKeep it dry.\n", "tea.md", [False, True]),
        ("# Tea\n\nIt cools.\n\n## Keeping\n\nKeep it dry.\n", "tea.md", [True, False]),
        ("# Tea\n\nIt cools.\n\n## Storing\n\nKeep it dry.\n", "urn.md", [False, False]),
    ],
)
def test_an_id_stands_for_content_and_place(text: str, name: str, same: list[bool]) -> None:
    tea = [p.id for p in passages_of(parse("# Tea\n\nIt cools.\n\n## Storing\n\nKeep it dry.\n", "tea.md"), words)]
    assert [a == b.id for a, b in zip(tea, passages_of(parse(text, name), words), strict=True)] == same


def test_the_article_as_the_real_embedder_sees_it(article: tuple[Document, ...], embedder: Embedder) -> None:
    (document,) = article
    passages = list(passages_of(document, embedder.word_pieces))
    assert len(passages) == 11
    assert len({p.id for p in passages}) == 11
    assert {s for p in passages for s in p.sentences} == {s.id for s in document.sentences}
    sizes = [embedder.word_pieces(embedding_text(p)) + 2 for p in passages]
    assert max(sizes) <= WORD_PIECES + 10 < 256
    sections = {s.id: s.section for s in document.sentences}
    assert all({sections[s] for s in p.sentences} == {p.section} for p in passages)
