"""From logits to probabilities that mean what they say: one slope and one intercept a head."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from detractor.compilation import compiled, prepare

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

_LOG2_E = 1.4426950408889634
_LN2_HIGH, _LN2_LOW = 0.6931471803691238, 1.9082149292705877e-10  # Cody and Waite's split of ln 2
_FACTORIALS = np.array([1 / float(np.prod(np.arange(1.0, n + 1.0))) for n in range(14)])


class Calibration(NamedTuple):
    """Platt scaling, head by head: probability = logistic(slope * logit + intercept)."""

    slopes: NDArray[np.float64]
    intercepts: NDArray[np.float64]

    def scale(self, logits: NDArray[np.float64]) -> NDArray[np.float64]:
        """Turn raw logits, shape (n, heads) or (heads,), into those of the probabilities.

        Examples
        --------
        >>> Calibration(np.array([2.0]), np.array([-1.0])).scale(np.array([[3.0]])).tolist()
        [[5.0]]
        """
        return logits * self.slopes + self.intercepts


@compiled
def _logistic_into(values, result):
    for index in range(values.size):
        if values[index] != values[index]:
            result[index] = values[index]
            continue
        x = -min(700.0, max(-700.0, values[index]))
        whole = np.floor(x * _LOG2_E + 0.5)
        rest = (x - whole * _LN2_HIGH) - whole * _LN2_LOW
        power = 0.0
        for term in range(13, -1, -1):
            power = power * rest + _FACTORIALS[term]
        result[index] = 1.0 / (1.0 + np.ldexp(power, np.int32(whole)))
        if values[index] == -np.inf:
            result[index] = 0.0


def logistic(values: ArrayLike) -> NDArray[np.float64]:
    """Compute 1 / (1 + exp(-x)), the same to the bit on every machine.

    The exponential of a mathematics library differs in the last bit from one version or processor
    to the next; this one is a Taylor polynomial of degree 13 after range reduction.

    Examples
    --------
    >>> logistic([0.0, 40.0, float("nan")]).round(3).tolist()
    [0.5, 1.0, nan]
    """
    given = np.asarray(values, dtype=np.float64)
    result = np.empty(given.shape)
    prepare(given.size)
    _logistic_into(given.ravel(), result.reshape(-1))
    return result


def logit(probabilities: ArrayLike, *, margin: float = 1e-6) -> NDArray[np.float64]:
    """Compute log(p / (1 - p)), probabilities kept `margin` away from 0 and 1.

    Examples
    --------
    >>> logit([0.5]).tolist()
    [0.0]
    """
    clipped = np.clip(np.asarray(probabilities, dtype=np.float64), margin, 1 - margin)
    return np.asarray(np.log(clipped / (1 - clipped)))


def fit_calibration(
    logits: NDArray[np.floating], labels: NDArray[np.floating], *, prior_weight: float = 4.0
) -> tuple[float, float]:
    """Fit slope and intercept of one head by penalised maximum likelihood.

    Parameters
    ----------
    logits : ndarray, shape (n,)
    labels : ndarray, shape (n,)
        0 or 1, NaN where unknown.
    prior_weight : float
        How many labels' worth of belief the identity (slope 1, intercept 0) has, so that a handful
        of labels cannot turn a model over (assumption).

    Returns
    -------
    tuple of float
        Slope and intercept; 1 and 0 where there is no label to learn from.

    Examples
    --------
    >>> import numpy as np
    >>> fit_calibration(np.array([]), np.array([]))
    (1.0, 0.0)
    """
    known = np.isfinite(labels) & np.isfinite(logits)
    x, y = np.asarray(logits[known], np.float64), np.asarray(labels[known], np.float64)
    if x.size == 0:
        return 1.0, 0.0
    from scipy.optimize import minimize

    def loss(parameters: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        slope, intercept = parameters
        z = slope * x + intercept
        wrong = logistic(z) - y
        penalty = prior_weight / 4 * np.array([slope - 1, intercept])
        value = (np.logaddexp(0, z) - y * z).sum() + penalty @ np.array([slope - 1, intercept]) / 2
        return float(value), np.array([wrong @ x, wrong.sum()]) + penalty

    slope, intercept = minimize(loss, np.array([1.0, 0.0]), jac=True, method="BFGS").x.tolist()
    return max(slope, 0.05), intercept
