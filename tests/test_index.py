"""The index is a cache that can be thrown away: opened while it is sound and agrees, built anew when not."""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock

from assistant import index
from assistant.errors import StoreError
from assistant.index import Index, open_index, sentence_texts
from assistant.passages import embedding_text
from tests.builders import (
    CORPUS,
    KNOWN,
    POTS,
    TEA,
    WordLengths,
    build_killed,
    build_reporting,
    finish,
    hold,
    numbers,
    open_here,
    start,
    texts,
)

POT, DRINK, COOL, BOILING = (
    "An iron pot keeps tea hot for an hour.",
    "Tea is a drink.",
    "Green tea is brewed cool.",
    "Black tea needs boiling water.",
)
EMBEDDED = [
    f"Pots - Pots: {POT}",
    f"Tea - Tea: {DRINK}",
    f"Tea - Brewing: {COOL} {BOILING}",
    "What is tea?",
    "Who invented the saucer?",
    f"Tea - Brewing: {COOL}",
    f"Tea - Brewing: {BOILING}",
]
"""Every text that the embedder sees of the two documents; a passage of one sentence is seen once."""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with a sound index of the two texts, for copies to be made of."""
    folder = tmp_path_factory.mktemp("built") / "data"
    open_here(folder)
    return folder


@pytest.fixture
def data(built: Path, tmp_path: Path) -> Path:
    """A data folder with a sound index of the two texts, to be hurt."""
    shutil.copytree(built, tmp_path / "data")
    return tmp_path / "data"


def home(data: Path) -> Path:
    """Where the index of CORPUS lives."""
    (found,) = (data / "indexes").iterdir()
    return found


def current(data: Path) -> Path:
    """The directory of the current build."""
    return home(data) / (home(data) / "current").read_text()


def builds(data: Path) -> list[str]:
    return sorted(p.name for p in home(data).glob("build-*"))


def found(opened: Index, text: str) -> str:
    """The passage nearest to a text, as Chroma has it."""
    vector = WordLengths().encode([text])[0]
    ((document, _),) = opened.store.similarity_search_by_vector_with_relevance_scores(vector.tolist(), k=1)
    return str(document.page_content)


def opened_again(data: Path, **changed: str) -> tuple[Index, list[str]]:
    """An index from a copy of the data folder, as a fresh process would see it, and what was embedded."""
    copy = data.with_name(f"{data.name}-copy")
    shutil.copytree(data, copy)
    embedder = WordLengths()
    return open_here(copy, embedder, **changed), embedder.seen


def test_known_questions_and_sentences_are_the_matchers(tmp_path: Path) -> None:
    embedder, matcher = WordLengths(), WordLengths("matcher")
    opened = open_index(texts(), embedder, tmp_path, CORPUS, known=KNOWN, matcher=matcher)
    matched = [*(k.question for k in KNOWN), *sentence_texts(texts())]
    assert (embedder.seen, matcher.seen) == ([embedding_text(p) for p in opened.passages], matched)
    other = WordLengths("another matcher")
    embedder.seen.clear()
    open_index(texts(), embedder, tmp_path, CORPUS, known=KNOWN, matcher=other)
    assert (embedder.seen, other.seen) == ([], matched)
    changed = texts(pots=POTS.replace("an hour", "a day"))
    open_index(changed, embedder, tmp_path, CORPUS, known=KNOWN, matcher=other)
    assert other.seen[-1] == "Pots - Pots: An iron pot keeps tea hot for a day."
    assert len(other.seen) == len(matched) + 1


def test_a_first_start_embeds_every_text_once(tmp_path: Path) -> None:
    embedder = WordLengths()
    opened = open_here(tmp_path, embedder)
    assert embedder.seen == EMBEDDED
    assert [p.text for p in opened.passages] == [POT, DRINK, f"{COOL} {BOILING}"]
    sentences = [f"Pots - Pots: {POT}", f"Tea - Tea: {DRINK}", f"Tea - Brewing: {COOL}", f"Tea - Brewing: {BOILING}"]
    assert np.array_equal(opened.vectors, WordLengths().encode(sentences))
    assert opened.store.get()["documents"] == [f"{p.title} - {p.section}: {p.text}" for p in opened.passages]
    assert opened.store.get()["metadatas"] == [
        {"document": p.document, "section": p.section, "start": p.start} for p in opened.passages
    ]
    assert np.array_equal(opened.known_vectors, WordLengths().encode(["What is tea?", "Who invented the saucer?"]))
    assert found(opened, POT) == f"Pots - Pots: {POT}"


def test_a_second_start_embeds_nothing_and_builds_nothing(data: Path) -> None:
    before = builds(data)
    opened, embedded = opened_again(data)
    assert (embedded, opened.folder.name, builds(data)) == ([], before[0], before)
    assert found(opened, POT) == f"Pots - Pots: {POT}"


@pytest.mark.parametrize(
    ("changed", "embedded", "passages"),
    [
        (
            {"tea": TEA.replace("cool", "at 80 degrees")},
            [
                f"Tea - Brewing: Green tea is brewed at 80 degrees. {BOILING}",
                "Tea - Brewing: Green tea is brewed at 80 degrees.",
            ],
            [POT, DRINK, f"Green tea is brewed at 80 degrees. {BOILING}"],
        ),
        (
            {"tea": "Moved down.\n\n" + TEA},
            ["Tea - Tea: Moved down."],
            [POT, "Moved down.", DRINK, f"{COOL} {BOILING}"],
        ),
        ({"cups": "A cup.\n"}, ["Cups - Cups: A cup."], ["A cup.", POT, DRINK, f"{COOL} {BOILING}"]),
        ({"pots": ""}, [], [DRINK, f"{COOL} {BOILING}"]),
        (
            {"pots": "", "urns": "# Pots\n\nAn iron pot keeps tea hot for an hour.\n"},
            [],
            [DRINK, f"{COOL} {BOILING}", POT],
        ),
    ],
    ids=["edited", "shifted", "added", "removed", "renamed"],
)
def test_only_what_changed_is_embedded(
    data: Path, changed: dict[str, str], embedded: list[str], passages: list[str]
) -> None:
    opened, seen = opened_again(data, **changed)
    assert seen == embedded
    assert [p.text for p in opened.passages] == passages
    assert sorted(opened.store.get()["ids"]) == sorted(p.id for p in opened.passages)


def test_a_reader_keeps_its_index_while_the_next_is_built(data: Path) -> None:
    reader = open_here(data)
    newer = open_here(data, pots="")
    assert found(reader, POT) == f"Pots - Pots: {POT}"
    assert POT not in found(newer, POT)
    assert builds(data) == sorted([reader.folder.name, newer.folder.name])


def test_builds_before_the_last_two_go(data: Path) -> None:
    second, third = open_here(data, pots=""), open_here(data, tea="")
    assert builds(data) == sorted([second.folder.name, third.folder.name])


def other_model(_: pytest.MonkeyPatch) -> WordLengths:
    return WordLengths("another model")


def other_chunking(patch: pytest.MonkeyPatch) -> WordLengths:
    patch.setattr(index, "VERSION", "passages-0")
    return WordLengths()


def other_format(patch: pytest.MonkeyPatch) -> WordLengths:
    patch.setattr(index, "FORMAT", 0)
    return WordLengths()


def other_wording(patch: pytest.MonkeyPatch) -> WordLengths:
    patch.setattr(index, "embedding_text", lambda passage: f"{passage.title}. {passage.text}")
    return WordLengths()


@pytest.mark.parametrize(
    ("differ", "embedded"),
    [(other_model, 7), (other_chunking, 0), (other_format, 0), (other_wording, 3)],
)
def test_an_index_made_otherwise_is_built_anew(
    data: Path, differ: Callable[[pytest.MonkeyPatch], WordLengths], embedded: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    embedder = differ(monkeypatch)
    opened = open_here(data, embedder)
    assert (len(embedder.seen), len(builds(data)), opened.folder) == (embedded, 2, current(data))


def test_other_known_questions_are_another_index(data: Path) -> None:
    embedder = WordLengths()
    opened = open_index(texts(), embedder, data, CORPUS, known=KNOWN[:1])
    assert (embedder.seen, opened.known, len(builds(data))) == ([], KNOWN[:1], 2)
    assert np.array_equal(opened.known_vectors, WordLengths().encode(["What is tea?"]))


def test_two_corpora_do_not_meet(data: Path) -> None:
    embedder = WordLengths()
    open_index(texts(), embedder, data, Path("/elsewhere"), known=KNOWN)
    assert (len(embedder.seen), len(list((data / "indexes").iterdir()))) == (7, 2)


def cut(name: str, to: int = 0) -> Callable[[Path], None]:
    """Cuts a file of the current build to so many bytes."""

    def damage(data: Path) -> None:
        (path,) = current(data).rglob(name)
        path.write_bytes(path.read_bytes()[:to])

    return damage


def write(name: str, content: bytes) -> Callable[[Path], None]:
    """Overwrites a file beside the pointer, or of the current build."""

    def damage(data: Path) -> None:
        path = home(data) / name if name == "current" else next(current(data).rglob(name))
        path.write_bytes(content)

    return damage


def remove(name: str) -> Callable[[Path], None]:
    def damage(data: Path) -> None:
        path = home(data) / name if name == "current" else current(data) / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()

    return damage


def nan_vectors(data: Path) -> None:
    np.save(current(data) / "sentences.npy", np.full((4, 8), np.nan, dtype=np.float32))


def swapped_vectors(data: Path) -> None:
    vectors = np.load(current(data) / "embedder.npy")
    np.save(current(data) / "embedder.npy", vectors[::-1])


def foreign_build(data: Path) -> None:
    """The pointer leads to a folder of somebody else."""
    (home(data) / "build-0123456789ab").mkdir()
    (home(data) / "build-0123456789ab" / "holiday.jpg").write_bytes(b"sun")
    (home(data) / "current").write_text("build-0123456789ab")


def files_for_folders(data: Path) -> None:
    shutil.rmtree(current(data) / "chroma")
    (current(data) / "chroma").write_text("not a folder")


@pytest.mark.parametrize(
    ("damage", "embedded"),
    [
        (cut("chroma.sqlite3"), 0),
        (cut("chroma.sqlite3", 5_000), 0),
        (write("chroma.sqlite3", b"garbage" * 1_000), 0),
        (remove("chroma"), 0),
        (files_for_folders, 0),
        (remove("manifest.json"), 7),
        (cut("manifest.json", 20), 7),
        (write("manifest.json", b"[]"), 7),
        (write("manifest.json", b"\xff\xfe"), 7),
        (write("manifest.json", b"[" * 100_000), 7),
        (remove("current"), 7),
        (write("current", b""), 7),
        (write("current", b"\xff\x00"), 7),
        (write("current", b"build-" + b"x" * 5_000), 7),
        (write("current", b"build-../../elsewhere"), 7),
        (write("current", b"../indexes"), 7),
        (foreign_build, 7),
        (cut("sentences.npy"), 7),
        (cut("sentences.npy", 100), 7),
        (write("sentences.npy", b"PK\x03\x04 not an array"), 7),
        (cut("known.npy", 100), 7),
        (nan_vectors, 7),
        (cut("embedder.npy"), 7),
        (swapped_vectors, 7),
        (remove("embedder.json"), 7),
        (write("embedder.json", b"{}"), 7),
        (remove("matcher.json"), 7),
    ],
)
def test_damage_is_noticed_and_mended_from_the_source(
    data: Path, damage: Callable[[Path], None], embedded: int
) -> None:
    old = current(data)
    damage(data)
    opened, seen = opened_again(data)
    assert (opened.folder.name == old.name, len(seen)) == (False, embedded)
    assert found(opened, POT) == f"Pots - Pots: {POT}"
    assert opened.vectors.shape == (4, 8)


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index of 1,300 passages: Chroma writes HNSW files from 1,000 on."""
    folder = tmp_path_factory.mktemp("large") / "data"
    open_index(numbers(1_300), WordLengths(), folder, CORPUS)
    return folder


def lose_hnsw(data: Path) -> None:
    (folder,) = (p.parent for p in current(data).rglob("data_level0.bin"))
    shutil.rmtree(folder)


def halve_hnsw(data: Path) -> None:
    (path,) = current(data).rglob("data_level0.bin")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


@pytest.mark.parametrize("damage", [lose_hnsw, halve_hnsw, cut("index_metadata.pickle", 50)])
def test_lost_vectors_of_a_large_index_are_noticed(large: Path, tmp_path: Path, damage: Callable[[Path], None]) -> None:
    data = tmp_path / "data"
    shutil.copytree(large, data)
    damage(data)
    embedder = WordLengths()
    opened = open_index(numbers(1_300), embedder, data, CORPUS)
    assert (embedder.seen, len(builds(data)), opened.store._collection.count()) == ([], 2, 1_300)
    wanted = embedding_text(opened.passages[777])
    assert found(opened, wanted) == wanted


def test_a_large_index_is_opened_as_it_is(large: Path, tmp_path: Path) -> None:
    shutil.copytree(large, tmp_path / "data")
    embedder = WordLengths()
    opened = open_index(numbers(1_300), embedder, tmp_path / "data", CORPUS)
    assert (embedder.seen, builds(tmp_path / "data")) == ([], [opened.folder.name])


NEW = {"tea": TEA.replace("cool", "at 80 degrees"), "cups": "A cup.\n"}


@pytest.mark.parametrize(
    ("event", "serves"),
    [
        ("progress passages 1", {}),
        ("progress passages 3", {}),
        ("progress known questions 2", {}),
        ("progress sentences 5", {}),
        ("write manifest.json", {}),
        ("wrote manifest.json", {}),
        ("write current", {}),
        ("wrote current", NEW),
    ],
)
def test_a_build_that_is_killed_leaves_a_whole_index(data: Path, event: str, serves: dict[str, str]) -> None:
    assert finish(start(build_killed, data, event, NEW)) == -9

    opened, embedded = opened_again(data, **serves)
    assert (found(opened, POT), embedded) == (f"Pots - Pots: {POT}", [])
    assert [b for b in opened.folder.parent.glob("build-*") if not (b / "manifest.json").exists()] == []

    completed = open_here(data, None, **NEW)
    assert found(completed, "A cup.") == "Cups - Cups: A cup."
    assert len(builds(data)) <= 2
    assert list(home(data).glob("*.part")) == []


def test_two_processes_that_start_at_once_build_once(tmp_path: Path) -> None:
    outs = [tmp_path / "one.json", tmp_path / "two.json"]
    workers = [start(build_reporting, tmp_path / "data", out, {}) for out in outs]
    assert [finish(w) for w in workers] == [0, 0]
    one, two = (json.loads(out.read_text()) for out in outs)
    assert one["folder"] == two["folder"]
    assert sorted([one["embedded"], two["embedded"]]) == [0, 7]
    assert builds(tmp_path / "data") == [one["folder"]]


def test_a_lock_that_is_held_too_long_names_its_holder(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    holder = start(hold, home(data) / "lock", data / "held")
    while not (data / "held").exists():
        holder.join(0.02)
    monkeypatch.setattr(index, "LOCK_SECONDS", 0.2)
    try:
        with pytest.raises(StoreError) as error:
            open_here(data, pots="")
        assert open_here(data).folder == current(data)  # a reader needs no lock
    finally:
        holder.kill()
        holder.join()
    assert str(error.value) == (
        f"The index is locked: process {holder.pid} has held {home(data) / 'lock'} for over 0 s. "
        "Wait for it to finish indexing, or stop it; the lock goes with the process."
    )
    assert len(open_here(data, pots="").passages) == 2


def test_what_a_killed_build_left_goes_but_not_while_somebody_builds(data: Path) -> None:
    left = home(data) / "build-00000000dead"
    left.mkdir()
    with FileLock(home(data) / "lock"):
        open_here(data)
        assert left.exists()
    open_here(data)
    assert not left.exists()
    assert builds(data) == [current(data).name]


@pytest.mark.parametrize("most_bytes", [0, 50_000, 160_000])
def test_a_full_disk_is_reported_and_the_old_index_stays(data: Path, tmp_path: Path, most_bytes: int) -> None:
    old = current(data)
    assert finish(start(build_reporting, data, tmp_path / "out.json", {"pots": ""}, most_bytes)) == 0
    result = json.loads((tmp_path / "out.json").read_text())
    assert result["error"] == "StoreError"
    assert result["message"].startswith(f"The index could not be written to {home(data)} (")
    assert result["message"].endswith("or set FOOTNOTE_DATA to another folder. The old index is untouched.")
    assert (current(data), builds(data)) == (old, [old.name])
    assert found(open_here(data), POT) == f"Pots - Pots: {POT}"


def test_a_data_folder_that_cannot_be_made_is_replaced_for_this_process(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("in the way")
    opened = open_here(tmp_path / "file" / "data")
    assert found(opened, POT) == f"Pots - Pots: {POT}"
    assert opened.folder.parent.name.startswith("footnote-")
    assert [r.getMessage().partition(" cannot be written (")[2] for r in caplog.records] == [
        "Not a directory): the index is kept in a temporary folder"
    ]


def test_a_read_only_data_folder_is_copied_not_embedded_again(
    data: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    writes = Path.write_text

    def refused(path: Path, text: str, encoding: str | None = None) -> int:
        if path.name.startswith(".probe"):
            raise PermissionError(13, "Permission denied")
        return writes(path, text, encoding=encoding)

    monkeypatch.setattr(Path, "write_text", refused)
    before = sorted(data.rglob("*"))
    embedder = WordLengths()
    opened = open_here(data, embedder)
    assert (embedder.seen, found(opened, POT)) == ([], f"Pots - Pots: {POT}")
    assert opened.folder.parent.name.startswith("footnote-")
    assert sorted(data.rglob("*")) == before
    assert caplog.record_tuples == [
        (
            "footnote",
            logging.WARNING,
            f"{home(data)} cannot be written (Permission denied): the index is kept in a temporary folder",
        )
    ]


def test_progress_counts_every_stage_to_its_end(tmp_path: Path) -> None:
    events: list[tuple[str, int, int]] = []
    open_index(numbers(600), WordLengths(), tmp_path, CORPUS, lambda *event: events.append(event), KNOWN)
    assert events == [
        ("passages", 256, 600),
        ("passages", 512, 600),
        ("passages", 600, 600),
        ("known questions", 2, 2),
        ("sentences", 256, 600),
        ("sentences", 512, 600),
        ("sentences", 600, 600),
    ]


def test_nothing_remains_of_a_build_that_is_interrupted(data: Path) -> None:
    def stopped(stage: str, done: int, total: int) -> None:
        raise KeyboardInterrupt(f"{stage} {done}/{total}")

    with pytest.raises(KeyboardInterrupt, match="passages 2/2"):
        open_index(texts(pots=""), WordLengths(), data, CORPUS, stopped, KNOWN)
    assert builds(data) == [current(data).name]
    assert found(open_here(data), POT) == f"Pots - Pots: {POT}"
