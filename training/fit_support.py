"""statements with the sentences that they cite, a verifier -> weights of `assistant.support.Judgement`.

    python training/fit_support.py --statements FILE ... [--verifier WEIGHTS] [--out support.json]

Fitted on the rows of the threshold's documents alone (`train_verifier.py`), which the verifier was
not trained on. Prints what is kept and what is caught by threshold, cross-validated by document.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from logistic import logistic
from train_reader import held_out
from train_verifier import Row, for_threshold, read_rows

from assistant.claims import TELLING, checks
from assistant.names import load_medicines
from assistant.support import JUDGEMENT, WEIGHTS, Verifier, odds

FOLDS = 7
THRESHOLDS = (0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95)


def measured(rows: Sequence[Row], weights: Path) -> tuple[np.ndarray, np.ndarray]:
    """((rows, 1 + checks) what is weighed, (rows,) whether a check that decides rejects)."""
    verifier = Verifier(weights)
    judges = checks(load_medicines())
    values, rejected = [], []
    for row in rows:
        score = verifier(row.statement, row.evidence)
        failed = {name for name, fails in judges.items() if fails(row.statement, row.evidence)}
        values.append([odds(score), *(float(name in failed) for name in TELLING)])
        rejected.append(bool(failed - set(TELLING)))
    return np.array(values), np.array(rejected)


def cross_validated(rows: Sequence[Row], x: np.ndarray, rejected: np.ndarray) -> np.ndarray:
    """(rows,) probabilities of supported by weights that saw no row of the same document; 0 where a check decides."""
    y = np.array([float(r.supported) for r in rows])
    documents = sorted({r.document for r in rows})
    fold = np.array([documents.index(r.document) % FOLDS for r in rows])
    p = np.zeros(len(rows))
    for n in range(FOLDS):
        weights, bias = logistic(x[(fold != n) & ~rejected], y[(fold != n) & ~rejected])
        p[fold == n] = 1 / (1 + np.exp(-(x[fold == n] @ weights + bias)))
    return np.where(rejected, 0.0, p)


def main() -> None:
    """Measures, fits, prints, writes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--statements", type=Path, nargs="+", required=True)
    parser.add_argument("--verifier", type=Path, default=WEIGHTS)
    parser.add_argument("--out", type=Path, default=JUDGEMENT)
    args = parser.parse_args()
    rows = [r for r in read_rows(args.statements) if for_threshold(r.document) and not held_out(r.document)]
    x, rejected = measured(rows, args.verifier)
    y = np.array([r.supported for r in rows])
    p = cross_validated(rows, x, rejected)
    print(f"{len(rows)} rows, {int(y.sum())} supported; a check that decides rejects {rejected[y].mean():.3f} of those")
    for threshold in THRESHOLDS:
        shown = p >= threshold
        print(f"  from {threshold:.2f}: kept {shown[y].mean():.3f}, caught {1 - shown[~y].mean():.3f}")
    least = float(np.quantile(p[~y], 0.95))
    print(f"  0.95 are caught from {least:.3f}: kept {(p[y] >= least).mean():.3f}")
    weights, bias = logistic(x[~rejected], y[~rejected].astype(float))
    table = {"bias": bias, "verifier": weights[0], "checks": dict(zip(TELLING, weights[1:], strict=True))}
    rounded = json.loads(json.dumps(table), parse_float=lambda text: round(float(text), 4))
    args.out.write_text(json.dumps(rounded, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(rounded))


if __name__ == "__main__":
    main()
