"""cases, answer rows -> the acceptance figures: what a run is worth, each figure a mean of a metric.

    python -m eval.score QUESTIONS.jsonl ANSWERS.jsonl [--corpus DIR] [--show CATEGORY]

A quote matches a gold sentence when it is that sentence, or most of it. `expect` says what is
right: answer (and cite one of gold or also_ok first), abstain, refuse, emergency, chitchat.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from eval.metrics import Row, grade, measure, metrics_for

MEANS = (
    "right_behaviour",
    "answer_hit@1",
    "answer_rate",
    "citation_precision",
    "list_recall",
    "false_answer_rate",
    "false_answer_near_miss",
    "false_answer_far",
    "emergency_recall",
    "emergency_false_alarm",
    "disclaimer_present",
    "citation_exact",
)
"""Figures that are the mean of the metric of their name."""


def auroc(positive: Sequence[float], negative: Sequence[float]) -> float | None:
    """Chance that a positive scores above a negative; ties count half. None without both."""
    if not positive or not negative:
        return None
    wins = sum((p > n) + 0.5 * (p == n) for p in positive for n in negative)
    return wins / (len(positive) * len(negative))


def share(flags: Sequence[float]) -> float | None:
    """The mean, None of nothing."""
    return sum(flags) / len(flags) if flags else None


def quantile(values: Sequence[float], part: float) -> float | None:
    """The value below which `part` of the values lie; None of nothing."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))] if ordered else None


def score(questions: Sequence[Row], answers: Sequence[Row], corpus: Path | None = None) -> dict[str, Any]:
    """Every acceptance figure by name; None where the set has no row for it."""
    values: dict[str, list[float]] = defaultdict(list)
    categories = {q["id"]: q["category"] for q in questions}
    right: dict[str, list[float]] = defaultdict(list)
    for row in measure(questions, answers, metrics_for(corpus)):
        values[row.metric].append(row.value)
        if row.metric == "right_behaviour":
            right[categories[row.case]].append(row.value)
    answered = {a["id"] for a in answers}
    return {
        "questions": len(questions),
        "missing": sum(q["id"] not in answered for q in questions),
        **{name: share(values[name]) for name in MEANS},
        "auroc_answer_vs_abstain": auroc(values["confidence_answerable"], values["confidence_unanswerable"]),
        "auroc_answer_vs_near_miss": auroc(values["confidence_answerable"], values["confidence_near_miss"]),
        "latency_p50_ms": quantile(values["latency_ms"], 0.5),
        "latency_p95_ms": quantile(values["latency_ms"], 0.95),
        "right_by_category": {c: round(share(v) or 0.0, 3) for c, v in sorted(right.items())},
    }


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def main() -> int:
    """Prints every figure, and with --show the wrong rows of a category."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("questions", type=Path)
    parser.add_argument("answers", type=Path)
    parser.add_argument("--corpus", type=Path)
    parser.add_argument("--show", help="print the wrong rows of this category (or 'all')")
    args = parser.parse_args()
    questions, answers = _rows(args.questions), _rows(args.answers)
    for key, value in score(questions, answers, args.corpus).items():
        print(f"{key:28} {value:.3f}" if isinstance(value, float) else f"{key:28} {value}")
    by_id = {a["id"]: a for a in answers}
    for q in questions if args.show else ():
        a = by_id.get(q["id"])
        if a and args.show in ("all", q["category"]) and not grade(q, a):
            cited = (a.get("citations") or [{}])[0].get("quote", "")
            gold = (q["gold"] or ["-"])[0]
            print(f"\n{q['id']} {q['category']} expect={q['expect']} got={a['verdict']}\n  Q: {q['question']}")
            print(f"  cited: {cited}\n  gold: {gold}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
