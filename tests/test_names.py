"""question -> the same with names of medicines beside what the source calls them."""

from __future__ import annotations

import pytest

from assistant.names import Medicine, Names, load_medicines

MEDICINES = (
    Medicine("acetaminophen", ("tylenol",), ("analgesic", "painkiller"), ("paracetamol",)),
    Medicine("ibuprofen", ("advil",), ("nsaid", "painkiller"), ()),
)


@pytest.mark.parametrize(
    ("source", "question", "explained"),
    [
        ({"paracetamol"}, "Is Tylenol safe?", "Is Tylenol (paracetamol) safe?"),
        ({"paracetamol"}, "Is acetaminophen safe?", "Is acetaminophen (paracetamol) safe?"),
        ({"paracetamol"}, "Is paracetamol safe?", "Is paracetamol safe?"),
        ({"acetaminophen"}, "Is paracetamol safe?", "Is paracetamol (acetaminophen) safe?"),
        ({"nsaid", "painkiller"}, "two advils a day", "two advils (ibuprofen, nsaid, painkiller) a day"),
        ({"tea"}, "Is Tylenol safe?", "Is Tylenol safe?"),
    ],
)
def test_a_name_is_explained_in_the_words_of_the_source(source: set[str], question: str, explained: str) -> None:
    assert Names(MEDICINES, source.__contains__).explain(question)[0] == explained


def test_the_shipped_medicines() -> None:
    medicines = load_medicines()
    assert len(medicines) >= 200
    assert len({m.generic for m in medicines}) == len(medicines)
