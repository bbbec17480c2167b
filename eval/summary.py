"""cases, answers.jsonl -> a few lines for the terminal."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from eval.cases import Case
from eval.run import Finished
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


def spent(finished: Finished, workers: int) -> str:
    """What the run took, beside what its answers say they took: the difference is start and bookkeeping,
    or, with several workers, what was done side by side."""
    times = [row["latency_ms"] for row in read_answers(finished.path) if row["id"] in finished.asked]
    with_ = f"{workers} workers" if workers > 1 else "1 worker"
    return (
        f"{len(times)} answers in {finished.seconds:.1f} s of wall time with {with_}; "
        f"their latencies add up to {sum(times) / 1000:.1f} s"
    )


def read_answers(path: Path) -> list[dict[str, Any]]:
    """The rows of a finished answers.jsonl."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]
