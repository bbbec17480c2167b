"""rows of evidence -> weights of `assistant.further`: what else belongs to the answer of the best sentence."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from evidence_rows import Row
from logistic import logistic

from assistant.further import NEAR, features
from assistant.read import ConditionalLogit


def pairs(rows: Sequence[Row], models: dict[str, ConditionalLogit]) -> list[tuple[str, np.ndarray, np.ndarray]]:
    """(group, (others, features), (others,) whether each belongs) of every row whose best sentence is right."""
    found = []
    for r in rows:
        reading = models[r.group](r.evidence)
        order = np.argsort(-reading.utilities, kind="stable")
        best = int(order[0])
        if best not in r.gold:
            continue
        others = [int(n) for n in order[1:NEAR]]
        values = [features(r.question, r.sentences, reading, best, n) for n in others]
        found.append((r.group, np.array(values), np.array([float(n in r.gold) for n in others])))
    return found


def fit_further(data: Sequence[tuple[str, np.ndarray, np.ndarray]]) -> tuple[np.ndarray, float]:
    """(features,) weights and the bias, fitted on features scaled to deviate by one."""
    x, y = np.concatenate([v for _, v, _ in data]), np.concatenate([g for _, _, g in data])
    scale = x.std(axis=0) + 1e-9
    weights, bias = logistic(x / scale, y)
    return weights / scale, bias


def further_figures(data: Sequence[tuple[str, np.ndarray, np.ndarray]], least: Sequence[float]) -> None:
    """Prints, by threshold, what share of a list is cited and what share of the cited belongs; cross-validated."""
    groups = sorted({g for g, _, _ in data})
    told: dict[str, tuple[np.ndarray, float]] = {}
    for fold in range(7):
        out = set(groups[fold::7])
        if out:
            told.update(dict.fromkeys(out, fit_further([d for d in data if d[0] not in out])))
    for t in least:
        recall, precision = [], []
        for group, x, y in data:
            weights, bias = told[group]
            cited = 1 / (1 + np.exp(-(x @ weights + bias))) >= t
            precision.append((1 + (cited * y).sum()) / (1 + cited.sum()))
            if y.sum():
                recall.append((1 + (cited * y).sum()) / (1 + y.sum()))
        print(
            f"further sentences at {t}: recall of lists {np.mean(recall):.3f} ({len(recall)}), "
            f"precision of all {np.mean(precision):.3f} ({len(precision)})",
            flush=True,
        )
