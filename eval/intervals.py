"""values -> how sure a figure is: Wilson for shares, the bootstrap for means, McNemar for pairs. All repeat exactly."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

RESAMPLES = 2_000
SEED = 7
Z = 1.959963984540054
"""95 % of a normal distribution lie within."""

Interval = tuple[float, float]


def wilson(hits: float, count: int) -> Interval:
    """95 % interval of a share (Wilson 1927): sensible for few rows and for shares of 0 and 1.

    >>> [round(x, 3) for x in wilson(10, 10)]
    [0.722, 1.0]
    """
    if not count:
        return (0.0, 1.0)
    p = hits / count
    centre = p + Z * Z / (2 * count)
    spread = Z * math.sqrt(p * (1 - p) / count + Z * Z / (4 * count * count))
    scale = 1 + Z * Z / count
    return (max(0.0, (centre - spread) / scale), min(1.0, (centre + spread) / scale))


def bootstrap(values: Sequence[float], statistic: Callable[[npt.NDArray[np.float64]], float] | None = None) -> Interval:
    """95 % percentile interval (Efron 1979) of the mean, or of another statistic, by seeded resampling."""
    data = np.asarray(values, dtype=np.float64)
    if not len(data):
        return (math.nan, math.nan)
    rows = np.random.default_rng(SEED).integers(0, len(data), (RESAMPLES, len(data)))
    drawn = data[rows]
    made = drawn.mean(axis=1) if statistic is None else np.asarray([statistic(d) for d in drawn])
    low, high = np.quantile(made, [0.025, 0.975])
    return (float(low), float(high))


def bootstrap_auroc(positive: Sequence[float], negative: Sequence[float]) -> Interval:
    """95 % percentile interval of the AUROC; positives and negatives are drawn apart."""
    if not positive or not negative:
        return (math.nan, math.nan)
    p, n = np.asarray(positive), np.asarray(negative)
    wins = (p[:, None] > n).astype(np.float64) + 0.5 * (p[:, None] == n)
    rng = np.random.default_rng(SEED)
    rows = rng.integers(0, len(p), (RESAMPLES, len(p)))
    columns = rng.integers(0, len(n), (RESAMPLES, len(n)))
    made = [wins[r][:, c].mean() for r, c in zip(rows, columns, strict=True)]
    low, high = np.quantile(made, [0.025, 0.975])
    return (float(low), float(high))


def mcnemar(better: int, worse: int) -> float:
    """Two-sided exact p (McNemar 1947): chance of so uneven a split if either side were as likely.

    >>> mcnemar(5, 0)
    0.0625
    """
    changed = better + worse
    tail = sum(math.comb(changed, k) for k in range(min(better, worse) + 1))
    return float(min(1.0, 2 * tail / 2**changed))
