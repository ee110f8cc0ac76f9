"""Correct the ends of a mean's interval for skewness, as money and other long tails need."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

HIDDEN = 7.0
"""Over the number of values: by what share a sample of unbounded values shows too little skewness.
Set by simulation of exponential and lognormal values (benchmarks/interval_coverage.py)."""

DOUBTED = 200
"""So many values make the skewness seen half believed where it narrows. Set likewise."""


class Moments(NamedTuple):
    """The mean of known values, the variance of that mean, and the skewness of the values."""

    n: int
    mean: float
    variance: float
    skewness: float


def moments(values: ArrayLike) -> Moments:
    """Describe the values that are not missing.

    Examples
    --------
    >>> moments([1.0, 2.0, 3.0, float("nan")])
    Moments(n=3, mean=2.0, variance=0.3333333333333333, skewness=0.0)
    """
    array = np.asarray(values, dtype=np.float64)
    known = array[~np.isnan(array)]
    n = len(known)
    if n < 2:
        return Moments(n, float(known.mean()) if n else float("nan"), 0.0, 0.0)
    apart = known - known.mean()
    squared = float((apart**2).mean())
    skewness = float((apart**3).mean()) / squared**1.5 if squared else 0.0
    return Moments(n, float(known.mean()), squared / (n - 1), skewness)


def skewed_ends(quantile: float, skewness: float, *, n: int, bounded: bool) -> tuple[float, float]:
    """Give the ends of the interval of a standardised mean by Hall's cubic transformation (1992).

    Few values show less skewness than there is, so on the side of the long tail it is raised; on
    the other side, where it would narrow the interval, few values are hardly believed. Bounded
    values hide nothing, and half is believed on both sides.

    Parameters
    ----------
    quantile : float
        Of Student's distribution, above the median.
    skewness : float
        Of the mean.
    n : int
        How many values the skewness was seen in.
    bounded : bool
        Whether the values lie between fixed bounds, as scores do.

    Examples
    --------
    >>> [round(end, 2) for end in skewed_ends(2.0, 0.3, n=30, bounded=False)]
    [-1.94, 3.09]
    >>> [round(end, 2) for end in skewed_ends(2.0, 0.0, n=30, bounded=False)]
    [-2.0, 2.0]
    """
    long, short = skewness * (1 + HIDDEN / n), skewness * n / (n + DOUBTED)
    if bounded:
        long = short = skewness / 2
    above, below = (long, short) if skewness > 0 else (short, long)
    return -_unskewed(quantile, below), -_unskewed(-quantile, above)


def _unskewed(quantile: float, skewness: float) -> float:
    """Undo Hall's transformation at a quantile."""
    if abs(skewness) < 1e-6:
        return quantile
    return float(3 / skewness * (np.cbrt(1 + skewness * (quantile - skewness / 6)) - 1))
