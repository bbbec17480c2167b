"""Logistic regression with a small ridge, as the last weights of two models are fitted."""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize

RIDGE = 1e-3


def logistic(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, float]:
    """(rows, features) values, (rows,) 0 or 1 -> (features,) weights and the bias, all of them under the
    ridge: features of different scales are for the caller to scale."""

    def loss(w: np.ndarray) -> tuple[float, np.ndarray]:
        z = x @ w[:-1] + w[-1]
        p = 1 / (1 + np.exp(-z))
        value = np.logaddexp(0, z).sum() - float(y @ z) + RIDGE * len(y) * float(w @ w)
        return value, np.append(x.T @ (p - y), (p - y).sum()) + 2 * RIDGE * len(y) * w

    w = minimize(loss, np.zeros(x.shape[1] + 1), jac=True, method="L-BFGS-B").x
    return w[:-1], float(w[-1])
