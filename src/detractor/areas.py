"""The area under the receiver operating curve, with an interval also where nearly all is right."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtri, owens_t
from scipy.stats import rankdata

from detractor.intervals import CONFIDENCE, Interval

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

DOUBT = 0.5
"""So many wrong ranks are what Newcombe's variance counts for. Set by simulation of normal,
exponential and mixed classes at areas other than those of benchmarks/interval_coverage.py."""


def area_interval(
    positives: ArrayLike, negatives: ArrayLike, *, confidence: float = CONFIDENCE
) -> Interval:
    """Give the chance that a positive scores above a negative, with a score interval.

    The variance at each area that could be true is that of two normal classes which spread alike,
    times by how much DeLong's (1988) differs from it at the area seen. Where few are ranked wrongly
    that says little, and Newcombe's wider one (2006, method 5) counts as half a wrong rank.

    Parameters
    ----------
    positives, negatives : array-like
        Scores of the two classes.
    confidence : float
        Between 0 and 1.

    Examples
    --------
    >>> [round(value, 3) for value in area_interval([0.35, 0.8], [0.1, 0.4])]
    [0.75, 0.191, 0.972]
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
    wrong, ratio = min(area, 1 - area) * 2 * m * n / (m + n), 1.0
    if wrong and min(m, n) > 1:
        seen = beaten.var(ddof=1) / m + beaten_by.var(ddof=1) / n
        ratio = float(seen) / _normal(area, m, n)
    z = float(ndtri((1 + confidence) / 2))

    def beyond(true: float) -> float:
        variance = wrong * ratio * _normal(true, m, n) + DOUBT * _newcombe(true, m, n)
        return float((area - true) ** 2 - z**2 * variance / (wrong + DOUBT))

    inside = min(max(area, 1e-9), 1 - 1e-9)
    low = float(brentq(beyond, 0, inside)) if area > 0 else 0.0
    return Interval(area, low, float(brentq(beyond, inside, 1)) if area < 1 else 1.0)


def _normal(area: float, m: int, n: int) -> float:
    """Give the variance of the area where both classes are normal and spread alike."""
    both = area - 2 * owens_t(ndtri(area), 1 / np.sqrt(3))
    return float((area * (1 - area) + (m + n - 2) * (both - area**2)) / (m * n))


def _newcombe(area: float, m: int, n: int) -> float:
    """Give Newcombe's variance of the area, from exponential classes with the counts evened out."""
    others = (m + n) / 2 - 1
    pairs = 1 + others * ((1 - area) / (2 - area) + area / (1 + area))
    return area * (1 - area) * pairs / (m * n)
