"""The owner's view of known questions: what is lost, what contradicts, what has none."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from assistant.embed import Vectors
from assistant.known import read_known
from assistant.questions import check, command, contradictions, stats
from assistant.source import read_source

TEXT = "# Tea\n\n## Keeping\n\nA tin keeps tea dry. Light spoils it.\n\n## Brewing\n\nGreen tea wants cooler water.\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "tea.md").write_text(TEXT, encoding="utf-8")
    return tmp_path


def write(folder: Path, *rows: tuple[str, list[str]]) -> Path:
    lines = [json.dumps({"question": question, "gold": gold}) for question, gold in rows]
    (folder / "tea.questions.jsonl").write_text("\n".join(lines), encoding="utf-8")
    return folder


def first_letter(texts: Sequence[str]) -> Vectors:
    """Texts with the same first letter ask the same."""
    return np.array([[1.0, 0.0] if t[0] == "h" else [0.0, 1.0] for t in texts], dtype=np.float32)


@pytest.mark.parametrize(
    ("rows", "pairs"),
    [
        ([("how dry?", ["A tin keeps tea dry."]), ("has it gone off?", ["Light spoils it."])], 1),
        ([("how dry?", ["A tin keeps tea dry."]), ("how much?", [])], 1),
        ([("how dry?", ["A tin keeps tea dry."]), ("how so?", ["Light spoils it.", "A tin keeps tea dry."])], 0),
        ([("how dry?", ["A tin keeps tea dry."]), ("what spoils it?", ["Light spoils it."])], 0),
        ([("how many?", []), ("how much?", [])], 0),
    ],
)
def test_contradictions(folder: Path, rows: list[tuple[str, list[str]]], pairs: int) -> None:
    documents = read_source(write(folder, *rows))
    known, _ = read_known(folder, documents)
    assert len(contradictions(known, first_letter)) == pairs


def test_check_names_what_is_lost_and_what_is_nearest_now(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    documents = read_source(write(folder, ("what keeps it?", ["A tin keeps green tea dry."])))
    known, lost = read_known(folder, documents)
    assert check(documents, known, lost, first_letter) == 1
    told = capsys.readouterr().out
    assert "tea.questions.jsonl:1: this gold sentence is no longer in the source: 'A tin keeps green tea dry.'" in told
    assert "the nearest one is now: 'A tin keeps tea dry.'" in told
    assert "0 known questions: 1 lost gold sentences, 0 contradictions" in told


def test_check_lists_the_sentences_without_a_question(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    documents = read_source(write(folder, ("what keeps it?", ["A tin keeps tea dry."])))
    assert check(documents, read_known(folder, documents)[0], (), first_letter) == 0
    assert capsys.readouterr().out.splitlines()[:2] == [
        "tea.md: no question for: 'Light spoils it.'",
        "tea.md: no question for: 'Green tea wants cooler water.'",
    ]


def test_stats(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    documents = read_source(folder)
    stats(documents, ())
    assert capsys.readouterr().out == "tea.md: none; write them into tea.questions.jsonl\n"
    write(folder, ("what keeps it?", ["A tin keeps tea dry."]), ("what does it cost?", []))
    stats(documents, read_known(folder, documents)[0])
    assert capsys.readouterr().out == (
        "tea.md: 2 questions, 1 of them not answered by it; 3 sentences with 0 to 1 questions each (median 0), "
        "2 without any\n"
    )


def test_the_command_line(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(["stats", "--corpus", str(folder)]) == 0
    (folder / "tea.questions.jsonl").write_text("{", encoding="utf-8")
    assert command(["check", "--corpus", str(folder)]) == 2
    assert "tea.questions.jsonl:1: not JSON" in capsys.readouterr().err
