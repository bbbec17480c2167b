"""cases, answers.jsonl -> a few lines for the terminal."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from eval.cases import Case
from eval.summary import read_answers, summary
from tests.fakes import GREEN, TEA

ANSWER = {
    "id": "a",
    "verdict": "answered",
    "reason": "answered",
    "citations": [{"document": "tea.md", "quote": GREEN.quote, "start": GREEN.start, "end": GREEN.end}],
    "confidence": 0.9,
    "disclaimer": "Ask.",
    "latency_ms": 4.0,
}
REFUSAL = {
    "id": "b",
    "verdict": "abstained",
    "reason": "off_topic",
    "citations": [],
    "confidence": 0.2,
    "latency_ms": 2.0,
}
JUDGED = [
    Case("a", "Is green tea hot?", category="direct", expect="answer", gold=(GREEN.quote,)),
    Case("b", "Who won?", category="far", expect="abstain"),
]


@pytest.fixture
def answers(tmp_path: Path) -> Path:
    path = tmp_path / "answers.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in (ANSWER, REFUSAL)), encoding="utf-8")
    (tmp_path / "tea.md").write_text(TEA, encoding="utf-8")
    return path


def test_without_judgements_the_verdicts_are_counted(answers: Path) -> None:
    cases = [Case("a", "Is green tea hot?"), Case("b", "Who won?")]
    assert summary(cases, answers) == f"2 answers in {answers}: 1 answered, 1 abstained"


def test_with_judgements_every_figure_that_has_rows_is_shown(answers: Path) -> None:
    assert summary(JUDGED, answers, answers.parent).split("\n") == [
        f"2 answers in {answers}: 1 answered, 1 abstained",
        "  questions                    2",
        "  missing                      0",
        "  right_behaviour              1.000",
        "  answer_hit@1                 1.000",
        "  answer_rate                  1.000",
        "  citation_precision           1.000",
        "  false_answer_rate            0.000",
        "  false_answer_far             0.000",
        "  emergency_false_alarm        0.000",
        "  disclaimer_present           1.000",
        "  citation_exact               1.000",
        "  auroc_answer_vs_abstain      1.000",
        "  latency_p50_ms               4.000",
        "  latency_p95_ms               4.000",
        "  right_by_category:",
        "    direct                 1.000",
        "    far                    1.000",
    ]


@pytest.mark.parametrize(
    ("change", "figure"),
    [
        ({"verdict": "abstained", "citations": []}, "  right_behaviour              0.500"),
        ({"disclaimer": " "}, "  disclaimer_present           0.000"),
        ({"citations": [{**ANSWER["citations"][0], "start": GREEN.start + 1}]}, "  citation_exact               0.000"),  # type: ignore[index]
        ({"id": "gone"}, "  missing                      1"),
    ],
)
def test_a_figure_tells_what_is_wrong(answers: Path, change: dict[str, Any], figure: str) -> None:
    rows = [{**ANSWER, **change}, REFUSAL]
    answers.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    assert figure in summary(JUDGED, answers, answers.parent).split("\n")


def test_without_the_corpus_no_citation_counts_as_exact(answers: Path) -> None:
    assert "citation_exact" not in summary(JUDGED, answers)


def test_a_row_is_a_line_whatever_it_holds(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    row = {"id": "a", "question": "one\u2028two\x85three", "verdict": "abstained"}
    path.write_text(json.dumps(row, ensure_ascii=False) + "\n", encoding="utf-8")
    assert read_answers(path) == [row]
    assert summary([Case("a", "?")], path) == f"1 answers in {path}: 1 abstained"
