"""The area under the receiver operating curve, with an interval also where nearly all is right."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtri
from scipy.stats import rankdata

from detractor.intervals import CONFIDENCE, Interval

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


def area_interval(
    positives: ArrayLike, negatives: ArrayLike, *, confidence: float = CONFIDENCE
) -> Interval:
    """Give the chance that a positive scores above a negative, with Newcombe's interval.

    Newcombe's variance (2006, method 5) takes both classes to spread alike. It yields to DeLong's
    (1988), which is too small where few are ranked wrongly, as far as those can tell.

    Parameters
    ----------
    positives, negatives : array-like
        Scores of the two classes.
    confidence : float
        Between 0 and 1.

    Examples
    --------
    >>> [round(value, 3) for value in area_interval([0.35, 0.8], [0.1, 0.4])]
    [0.75, 0.201, 0.971]
    >>> area_interval([], [0.1])
    Interval(estimate=nan, low=0.0, high=1.0)
    """
    of, other = (np.asarray(scores, dtype=np.float64) for scores in (positives, negatives))
    m, n = len(of), len(other)
    if not m or not n:
        return Interval(float("nan"), 0.0, 1.0)
    ranks = rankdata(np.concatenate([of, other]))
    beaten = (ranks[:m] - rankdata(of)) / n
    beaten_by = (ranks[m:] - rankdata(other)) / m
    area = float(beaten.mean())

    def alike(true: float) -> float:
        others = (m + n) / 2 - 1
        pairs = 1 + others * ((1 - true) / (2 - true) + true / (1 + true))
        return true * (1 - true) * pairs / (m * n)

    wrong, ratio = min(area, 1 - area) * 2 * m * n / (m + n), 1.0
    if wrong and min(m, n) > 1:
        seen = beaten.var(ddof=1) / m + beaten_by.var(ddof=1) / n
        ratio = (wrong * seen / alike(area) + 1) / (wrong + 1)
    z = float(ndtri((1 + confidence) / 2))

    def beyond(true: float) -> float:
        return float((area - true) ** 2 - z**2 * ratio * alike(true))

    inside = min(max(area, 1e-9), 1 - 1e-9)
    low = float(brentq(beyond, 0, inside)) if area > 0 else 0.0
    return Interval(area, low, float(brentq(beyond, inside, 1)) if area < 1 else 1.0)
