"""pairs of a statement and its sentences -> how the judge of statements does on them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from eval.cases import CasesError
from eval.verifier import Pair, fitted, measured, read_pairs, shared_words


def rows(tmp_path: Path, *lines: Any) -> Path:
    path = tmp_path / "pairs.jsonl"
    text = "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines)
    path.write_text(text, encoding="utf-8")
    return path


def pair(statement: str, fault: str | None = None) -> dict[str, Any]:
    label = "unsupported" if fault else "supported"
    return {"id": "1", "document": "t1_01", "evidence": ["Heat helps."], "statement": statement, "label": label,
            "fault": fault}  # fmt: skip


def test_pairs_are_read(tmp_path: Path) -> None:
    found = read_pairs([rows(tmp_path, pair("Heat is good."), pair("Ice is good.", "entity"))])
    assert found == [
        Pair("Heat is good.", ("Heat helps.",), ""),
        Pair("Ice is good.", ("Heat helps.",), "entity"),
    ]


def test_every_bad_row_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(CasesError) as caught:
        read_pairs([rows(tmp_path, pair("x"), "{", {"label": "maybe", "evidence": ["y"]}, {"label": "supported"})])
    assert [line.partition(": ")[0] for line in str(caught.value).splitlines()] == [
        "pairs.jsonl:2",
        "pairs.jsonl:3",
        "pairs.jsonl:4",
    ]


@pytest.mark.parametrize("lines", [[], ["\n"]])
def test_a_file_without_a_pair(tmp_path: Path, lines: list[str]) -> None:
    with pytest.raises(CasesError):
        read_pairs([rows(tmp_path, *lines)])


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(CasesError, match="cannot be read"):
        read_pairs([tmp_path / "none.jsonl"])


@pytest.mark.parametrize(
    ("statement", "evidence", "share"),
    [
        ("Heat helps.", "Heat helps muscles.", 1.0),
        ("Moist heat.", "Dry heat.", 0.5),
        ("Ice.", "Heat.", 0.0),
        ("", "x", 1.0),
    ],
)
def test_shared_words(statement: str, evidence: str, share: float) -> None:
    assert shared_words(statement, evidence) == share


def test_a_threshold_keeps_85_of_100_supported_training_pairs() -> None:
    train = [Pair("s" * n, ("e",), "") for n in range(1, 101)] + [Pair("s" * 500, ("e",), "number")]
    shown = fitted(lambda statement, _: len(statement), train)
    assert sum(shown(p.statement, p.evidence) for p in train if not p.fault) == 85
    assert not shown("s" * 15, ("e",))


def test_right_is_counted_by_kind_of_fault() -> None:
    pairs = [
        Pair("good", ("e",), ""),
        Pair("bad", ("e",), ""),
        Pair("bad", ("e",), "number"),
        Pair("good", ("e",), "entity"),
    ]
    found, milliseconds = measured(lambda statement, _: statement == "good", pairs)
    assert found == {"kept": (1, 2), "caught": (1, 2), "number": (1, 1), "entity": (0, 1)}
    assert milliseconds < 50
