"""A Chroma collection is trusted only after its records were found by their own vectors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from assistant.errors import StoreError
from assistant.store import Remembered, check_retrievable, open_store
from tests.builders import WordLengths

IDS = ["a", "b", "c"]


def store(folder: Path) -> Any:
    """Three records."""
    opened = open_store(folder, "texts", Remembered(WordLengths()))
    opened.add_texts(texts=["one", "three", "fifteen or so"], ids=IDS)
    return opened


def test_a_sound_collection_passes(tmp_path: Path) -> None:
    check_retrievable(store(tmp_path), IDS, sample=3)
    check_retrievable(store(tmp_path), IDS, sample=1)
    check_retrievable(open_store(tmp_path, "empty", Remembered(WordLengths())), [], sample=3)


@pytest.mark.parametrize(
    ("expected", "message"),
    [
        (["a", "b"], "The index holds 3 records, expected 2."),
        (["a", "b", "c", "d"], "The index holds 3 records, expected 4."),
        (["a", "b", "x"], "The index has lost records."),
        ([], "The index holds 3 records, expected 0."),
    ],
)
def test_other_records_than_expected(tmp_path: Path, expected: list[str], message: str) -> None:
    with pytest.raises(StoreError) as error:
        check_retrievable(store(tmp_path), expected, sample=4)
    assert str(error.value) == message


class Loses:
    """A collection of so many records whose search misses the first few, as two writers leave it."""

    def __init__(self, size: int, lost: int) -> None:
        self.size, self.lost = size, lost
        self._collection = self

    def count(self) -> int:
        return self.size

    def get(self, ids: list[str], include: list[str]) -> dict[str, Any]:
        assert include == ["embeddings"]
        return {"ids": ids, "embeddings": np.asarray([[float(i), 1.0] for i in ids])}

    def query(self, query_embeddings: Any, n_results: int, include: list[str]) -> dict[str, Any]:
        assert (n_results, include) == (3, ["distances"])
        return {"distances": [[0.2 if row[0] < self.lost else 0.0, 0.5] for row in query_embeddings]}


@pytest.mark.parametrize(
    ("size", "lost", "sample", "sound"),
    [
        (8_010, 0, 8_010, True),
        (8_010, 199, 8_010, False),  # what two processes that wrote at once left behind
        (20_000, 2, 20_000, True),  # what HNSW misses in a sound index
        (100, 1, 100, False),
        (8_010, 4_000, 256, False),
    ],
)
def test_how_many_misses_are_damage(size: int, lost: int, sample: int, sound: bool) -> None:
    ids = [str(n) for n in range(size)]
    if sound:
        check_retrievable(Loses(size, lost), ids, sample)
    else:
        with pytest.raises(StoreError, match=r"^\d+ of \d+ records cannot be found by their own vectors\.$"):
            check_retrievable(Loses(size, lost), ids, sample)


def test_vectors_are_remembered_and_told_apart() -> None:
    embedder = WordLengths()
    remembered = Remembered(embedder)
    remembered.known["old"] = np.asarray([1.0, 0.0])
    assert remembered.embed_documents(["old", "new", "new"])[0] == [1.0, 0.0]
    assert (embedder.seen, list(remembered.used)) == (["new"], ["old", "new"])
    assert remembered.embed_documents([]) == []
    assert remembered.embed_query("new") == remembered.embed_documents(["new"])[0]


def test_what_is_saved_is_what_was_asked_for(tmp_path: Path) -> None:
    remembered = Remembered(WordLengths())
    remembered.known["never asked for"] = np.zeros(8)
    vectors = remembered.embed_documents(["an old pot", "tea"])
    remembered.save(tmp_path, "pots")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["pots.json", "pots.npy"]
    again = Remembered(WordLengths())
    again.load(tmp_path, "pots")
    assert list(again.known) == ["an old pot", "tea"]
    assert again.embed_documents(["tea"]) == [vectors[1]]
    assert again.embedder.seen == []  # type: ignore[attr-defined]
