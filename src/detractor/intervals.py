"""Intervals for the figures we print: an estimate, and the range that the data leave open.

Every function gives an `Interval`. Where the data say nothing (no rows) the estimate is NaN and the
range is everything the figure could be, so a report never fails on an empty group.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.optimize import brentq
from scipy.special import betainc, betaincinv, ndtri, stdtrit

from detractor.errors import ParameterError
from detractor.skewness import moments, skewed_ends

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike, NDArray

CONFIDENCE = 0.95
"""The share of such intervals that hold the true value, unless the caller says otherwise."""


class Interval(NamedTuple):
    """An estimate with the range that the data leave open.

    Examples
    --------
    >>> Interval(0.5, 0.4, 0.6).excludes(0.0)
    True
    """

    estimate: float
    low: float
    high: float

    def excludes(self, value: float) -> bool:
        """Say whether the range lies wholly on one side of a value."""
        return bool(self.low > value or self.high < value)


def wilson(successes: float, n: float, *, confidence: float = CONFIDENCE) -> Interval:
    """Give the share of successes with Wilson's score interval (1927).

    Parameters
    ----------
    successes, n : float
        Counts, 0 <= successes <= n. They may be weighted.
    confidence : float
        Between 0 and 1.

    Raises
    ------
    ParameterError
        If a count or the confidence is outside its range.

    Examples
    --------
    >>> share = wilson(8, 10)
    >>> round(share.low, 3), round(share.high, 3)
    (0.49, 0.943)
    >>> wilson(0, 0)
    Interval(estimate=nan, low=0.0, high=1.0)
    """
    z = float(ndtri(_upper_tail(confidence)))
    _check_counts(successes, n)
    if n == 0:
        return Interval(float("nan"), 0.0, 1.0)
    share = successes / n
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z * float(np.sqrt(share * (1 - share) / n + z * z / (4 * n * n))) / (1 + z * z / n)
    low = 0.0 if successes == 0 else centre - half
    high = 1.0 if successes == n else centre + half
    return Interval(share, low, high)


def proportion_difference(
    treated: tuple[float, float], control: tuple[float, float], *, confidence: float = CONFIDENCE
) -> Interval:
    """Give the difference of two independent shares with Newcombe's interval (1998, method 10).

    Parameters
    ----------
    treated, control : (successes, n)
        Counts of the two groups.
    confidence : float
        Between 0 and 1.

    Examples
    --------
    >>> gain = proportion_difference((56, 70), (48, 80))
    >>> [round(value, 4) for value in gain]
    [0.2, 0.0524, 0.3339]
    """
    with_it = wilson(*treated, confidence=confidence)
    without = wilson(*control, confidence=confidence)
    if treated[1] == 0 or control[1] == 0:
        return Interval(float("nan"), -1.0, 1.0)
    estimate = with_it.estimate - without.estimate
    below = np.hypot(with_it.estimate - with_it.low, without.high - without.estimate)
    above = np.hypot(with_it.high - with_it.estimate, without.estimate - without.low)
    return Interval(estimate, float(estimate - below), float(estimate + above))


def mean_interval(
    values: ArrayLike, *, bounded: bool = False, confidence: float = CONFIDENCE
) -> Interval:
    """Give the mean with Student's interval, corrected for skewness (Hall 1992).

    Money is skewed, and Student's interval then holds the truth too seldom. Missing values are left
    out. For differences of pairs, such as a score before and after, pass the differences.

    Parameters
    ----------
    values : array-like
        Below about 20 of them no interval can see how long the tail is; it then holds the truth
        less often than it says.
    bounded : bool
        Whether values lie between fixed bounds, as scores do, so that no tail is hidden.
    confidence : float
        Between 0 and 1.

    Examples
    --------
    >>> [round(value, 3) for value in mean_interval([1.0, 2.0, 3.0, 4.0])]
    [2.5, 0.446, 4.554]
    >>> mean_interval([5.0])
    Interval(estimate=5.0, low=-inf, high=inf)
    """
    sample = moments(values)
    quantile = _upper_tail(confidence)
    if sample.n < 2:
        return _unbounded(sample.mean)
    ends = skewed_ends(
        float(stdtrit(sample.n - 1, quantile)),
        sample.skewness / np.sqrt(sample.n),
        n=sample.n,
        bounded=bounded,
    )
    return _around(sample.mean, float(np.sqrt(sample.variance)), ends)


def mean_difference(
    treated: ArrayLike, control: ArrayLike, *, confidence: float = CONFIDENCE
) -> Interval:
    """Give the difference of two independent means with Welch's interval, corrected for skewness.

    Where one group is much smaller, its tail does not cancel the other's (Zhou and Dinh 2005). A
    small group does not show its own tail, so both are taken to be of one shape.

    Parameters
    ----------
    treated, control : array-like
        Values of the two groups. Below about 20 in one of them, see `mean_interval`.
    confidence : float
        Between 0 and 1.

    Examples
    --------
    >>> [round(value, 3) for value in mean_difference([4.0, 5.0, 6.0], [1.0, 2.0, 3.0])]
    [3.0, 0.733, 5.267]
    """
    groups = moments(treated), moments(control)
    quantile = _upper_tail(confidence)
    estimate = groups[0].mean - groups[1].mean
    if min(group.n for group in groups) < 2:
        return _unbounded(estimate)
    variance = sum(group.variance for group in groups)
    if variance == 0:
        return Interval(estimate, estimate, estimate)
    count = sum(group.n for group in groups)
    freedom = variance**2 / sum(group.variance**2 / (group.n - 1) for group in groups)
    shape = sum(group.n * group.skewness for group in groups) / count
    first, second = (group.variance**1.5 / np.sqrt(group.n) for group in groups)
    skewness = shape * (first - second) / variance**1.5
    ends = skewed_ends(float(stdtrit(freedom, quantile)), skewness, n=count, bounded=False)
    return _around(estimate, float(np.sqrt(variance)), ends)


def effect_interval(
    treated: ArrayLike, control: ArrayLike, *, confidence: float = CONFIDENCE
) -> Interval:
    """Give the difference of two groups' outcomes: of shares where all are 0 or 1, else of means.

    Examples
    --------
    >>> effect_interval([1, 1, 1, 0], [1, 0, 0, 0]) == proportion_difference((3, 4), (1, 4))
    True
    >>> effect_interval([4.0, 5.0, 6.0], [1.0, 2.0, 3.0]).estimate
    3.0
    """
    groups = [_known(values) for values in (treated, control)]
    if all(np.isin(group, (0.0, 1.0)).all() for group in groups):
        counts = [(float(group.sum()), len(group)) for group in groups]
        return proportion_difference(counts[0], counts[1], confidence=confidence)
    return mean_difference(treated, control, confidence=confidence)


def quantile_interval(
    values: ArrayLike, level: float = 0.5, *, confidence: float = CONFIDENCE
) -> Interval:
    """Give a quantile, the median by default, with the interval of order statistics.

    No shape of the values is assumed. Order statistics are interpolated (Hutson 1999), so the
    coverage is near the nominal and not above it. A side that too few values leave open is
    infinite: the median needs six.

    Examples
    --------
    >>> [round(value, 2) for value in quantile_interval(range(1, 20))]
    [10.0, 5.78, 14.22]
    >>> quantile_interval([3.0, 4.0])
    Interval(estimate=3.5, low=-inf, high=inf)
    """
    if not 0 < level < 1:
        raise ParameterError(f"a quantile's level lies between 0 and 1, not {level!r}")
    known = np.sort(_known(values))
    tail = 1 - _upper_tail(confidence)
    if len(known) == 0:
        return _unbounded(float("nan"))
    low = _order_statistic(known, _fractional_rank(len(known), level, 1 - tail))
    high = _order_statistic(known, _fractional_rank(len(known), level, tail))
    return Interval(float(np.quantile(known, level)), low, high)


def rate_ratio(
    after: tuple[float, float], before: tuple[float, float], *, confidence: float = CONFIDENCE
) -> Interval:
    """Give the ratio of two rates with the Jeffreys interval of the conditional binomial.

    Given the total of events, the events after are binomial. The Jeffreys interval of that share
    (Brown, Cai and DasGupta 2001) misses on both sides alike and holds the truth near the nominal
    for as few as four events.

    Parameters
    ----------
    after, before : (events, exposure)
        Whole counts of events, and what they are counted over: days, customers, orders.
    confidence : float
        Between 0 and 1.

    Examples
    --------
    >>> fall = rate_ratio((4, 1000), (20, 1000))
    >>> [round(value, 3) for value in fall]
    [0.2, 0.063, 0.536]
    >>> rate_ratio((0, 10), (0, 10))
    Interval(estimate=nan, low=0.0, high=inf)
    """
    (events, exposure), (base_events, base_exposure) = after, before
    tail = 1 - _upper_tail(confidence)
    counts = (events, base_events)
    if any(count < 0 or count != int(count) for count in counts):
        raise ParameterError(f"events are whole counts, not {counts}; round or count them")
    if min(exposure, base_exposure) <= 0:
        raise ParameterError(f"exposures are above 0, not {(exposure, base_exposure)}")
    if events + base_events == 0:
        return Interval(float("nan"), 0.0, float("inf"))
    scale = base_exposure / exposure
    estimate = events / base_events * scale if base_events else float("inf")
    shape = events + 0.5, base_events + 0.5
    low, high = (float(betaincinv(*shape, part)) for part in (tail, 1 - tail))
    return Interval(
        estimate,
        low / (1 - low) * scale if events else 0.0,
        high / (1 - high) * scale if base_events else float("inf"),
    )


def ratio_of_means(
    numerator: ArrayLike, denominator: ArrayLike, *, confidence: float = CONFIDENCE
) -> Interval:
    """Give the ratio of the means of paired values with Fieller's interval (1954).

    Examples
    --------
    >>> [round(value, 2) for value in ratio_of_means([9.0, 11.0, 10.0, 12.0], [2.0, 2.0, 2.1, 2.2])]
    [5.06, 4.25, 5.83]
    """
    top, bottom = np.asarray(numerator, float), np.asarray(denominator, float)
    both = np.isfinite(top) & np.isfinite(bottom)
    top, bottom = top[both], bottom[both]
    quantile = _upper_tail(confidence)
    if len(top) < 2 or bottom.mean() == 0:
        return _unbounded(top.mean() / bottom.mean() if len(top) and bottom.any() else float("nan"))
    covariance = np.cov(top, bottom) / len(top)
    return fieller(
        (top.mean(), bottom.mean()), covariance, t=float(stdtrit(len(top) - 1, quantile))
    )


def fieller(means: tuple[float, float], covariance: NDArray[np.float64], *, t: float) -> Interval:
    """Give the ratio of two normal means from their covariance by Fieller's theorem.

    Unbounded where the denominator cannot be told from 0.

    Examples
    --------
    >>> import numpy as np
    >>> [round(value, 3) for value in fieller((10.0, 5.0), np.diag([1.0, 0.01]), t=1.96)]
    [2.0, 1.603, 2.403]
    """
    top, bottom = means
    estimate = top / bottom
    a = bottom**2 - t**2 * covariance[1, 1]
    b = top * bottom - t**2 * covariance[0, 1]
    c = top**2 - t**2 * covariance[0, 0]
    if a <= 0:
        return _unbounded(estimate)
    half = float(np.sqrt(max(b * b - a * c, 0.0)))
    return Interval(float(estimate), float((b - half) / a), float((b + half) / a))


def bootstrap(
    statistic: Callable[..., float],
    *samples: ArrayLike,
    replicates: int = 1000,
    seed: int = 0,
    confidence: float = CONFIDENCE,
) -> Interval:
    """Give any statistic with the percentile interval of a seeded bootstrap.

    Parameters
    ----------
    statistic : callable
        Takes as many arrays as there are samples and gives one number.
    *samples : array-like
        Independent samples; the rows of each are drawn again with replacement.
    replicates : int
        How many times.
    seed : int
        The same seed gives the same interval.
    confidence : float
        Between 0 and 1.

    Examples
    --------
    >>> import numpy as np
    >>> shares = bootstrap(np.median, np.arange(101.0), replicates=500)
    >>> shares.estimate, shares.low < 50 < shares.high
    (50.0, True)
    """
    tail = 1 - _upper_tail(confidence)
    arrays = [np.asarray(sample) for sample in samples]
    rng = np.random.default_rng(seed)
    draws = [
        statistic(*(array[rng.integers(0, len(array), len(array))] for array in arrays))
        for _ in range(replicates)
    ]
    low, high = np.nanquantile(draws, [tail, 1 - tail], method="weibull")
    return Interval(float(statistic(*arrays)), float(low), float(high))


def _upper_tail(confidence: float) -> float:
    if not 0 < confidence < 1:
        raise ParameterError(f"confidence lies between 0 and 1, not {confidence!r}; 0.95 is usual")
    return (1 + confidence) / 2


def _check_counts(successes: float, n: float) -> None:
    if not 0 <= successes <= n:
        raise ParameterError(f"{successes} successes of {n}: counts need 0 <= successes <= n")


def _known(values: ArrayLike) -> NDArray[np.float64]:
    array = np.asarray(values, dtype=np.float64)
    return array[~np.isnan(array)]


def _around(estimate: float, error: float, ends: tuple[float, float]) -> Interval:
    low, high = ends
    return Interval(estimate, estimate + error * low, estimate + error * high)


def _unbounded(estimate: float) -> Interval:
    return Interval(float(estimate), float("-inf"), float("inf"))


def _fractional_rank(n: int, level: float, target: float) -> float:
    """Find k, not always whole, with P(Beta(k, n + 1 - k) <= level) = target."""

    def excess(k: float) -> float:
        return float(betainc(k, n + 1 - k, level)) - target

    smallest, largest = 1e-9, n + 1 - 1e-9
    return float(brentq(excess, smallest, largest))


def _order_statistic(ordered: NDArray[np.float64], rank: float) -> float:
    if rank < 1:
        return float("-inf")
    if rank > len(ordered):
        return float("inf")
    return float(np.interp(rank, np.arange(1, len(ordered) + 1), ordered))
