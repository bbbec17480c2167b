"""cases, answers.jsonl -> a few lines for the terminal."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from eval.cases import Case
from eval.score import score


def summary(cases: Sequence[Case], answers: Path) -> str:
    """Counts by verdict; where the cases carry judgements, the figures of eval/score.py."""
    rows = [json.loads(line) for line in answers.read_text(encoding="utf-8").splitlines()]
    counts = Counter(row["verdict"] for row in rows)
    lines = [f"{len(rows)} answers in {answers}: " + ", ".join(f"{n} {v}" for v, n in counts.most_common())]
    judged = [asdict(case) for case in cases if case.expect]
    if judged:
        for name, value in score(judged, rows).items():
            if isinstance(value, dict):
                lines += [f"  {name}:"] + [f"    {k:22} {v:.3f}" for k, v in value.items()]
            elif value is not None:
                lines.append(f"  {name:28} {value:.3f}" if isinstance(value, float) else f"  {name:28} {value}")
    return "\n".join(lines)
