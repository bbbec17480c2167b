"""cases, answers.jsonl -> a few lines for the terminal."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from eval.cases import Case
from eval.score import score


def summary(cases: Sequence[Case], answers: Path, corpus: Path | None = None) -> str:
    """Counts by verdict; where the cases carry judgements, the figures of eval/score.py. With
    `corpus`, every citation is looked up in its file again."""
    rows = read_answers(answers)
    counts = Counter(row["verdict"] for row in rows)
    lines = [f"{len(rows)} answers in {answers}: " + ", ".join(f"{n} {v}" for v, n in counts.most_common())]
    judged = [asdict(case) for case in cases if case.expect]
    if judged:
        for name, value in score(judged, rows, corpus).items():
            if isinstance(value, dict):
                lines += [f"  {name}:"] + [f"    {k:22} {v:.3f}" for k, v in value.items()]
            elif value is not None:
                lines.append(f"  {name:28} {value:.3f}" if isinstance(value, float) else f"  {name:28} {value}")
    return "\n".join(lines)


def read_answers(path: Path) -> list[dict[str, Any]]:
    """The rows of a finished answers.jsonl."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]
