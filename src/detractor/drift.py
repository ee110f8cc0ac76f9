"""Watch whether scores and outcomes still look as they did when the model was fitted."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from detractor.errors import ParameterError
from detractor.intervals import Interval, mean_interval, wilson

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

BINS = 10

STABLE, SHIFTED = 0.1, 0.25
"""Below the first an index counts as stable, above the second as shifted: credit scoring's rule of
thumb, so an assumption here."""


class Drift(NamedTuple):
    """What changed, and whether to fit again."""

    stability: float
    calibration: Interval
    retrain: bool
    reason: str


def population_stability(reference: ArrayLike, current: ArrayLike, *, bins: int = BINS) -> float:
    """Give the population stability index between two samples of scores.

    The bins hold equal shares of the reference; missing values are left out. Half a row is added to
    every bin, so that an empty one gives a large number and not infinity.

    Parameters
    ----------
    reference, current : array-like
        Scores when the model was fitted, and now.
    bins : int
        At least 2.

    Raises
    ------
    ParameterError
        If a sample is empty or there are fewer than two bins.

    Examples
    --------
    >>> scores = np.linspace(0, 1, 1000)
    >>> population_stability(scores, scores)
    0.0
    >>> population_stability(scores, scores**2) > 0.1
    True
    """
    before, now = _known(reference), _known(current)
    if bins < 2:
        raise ParameterError(f"bins={bins}: at least 2")
    edges = np.unique(np.quantile(before, np.linspace(0, 1, bins + 1)[1:-1]))
    shares = []
    for sample in (before, now):
        counts = np.bincount(np.searchsorted(edges, sample, "right"), minlength=len(edges) + 1)
        shares.append((counts + 0.5) / (counts + 0.5).sum())
    return float(((shares[1] - shares[0]) * np.log(shares[1] / shares[0])).sum())


def calibration_drift(predicted: ArrayLike, outcome: ArrayLike) -> Interval:
    """Give how far outcomes lie above predictions on average, with its 95 % interval.

    Where outcomes are 0 or 1 and predictions their chances, it is Wilson's interval of the share
    seen, for as many customers as would vary like these, each with a chance of their own.

    Parameters
    ----------
    predicted, outcome : array-like
        One of each a customer, in the same units; those not known yet are left out.

    Examples
    --------
    >>> drift = calibration_drift([0.2] * 200, [0, 1] * 100)
    >>> round(drift.estimate, 2), drift.excludes(0.0)
    (0.3, True)
    """
    expected, seen = np.asarray(predicted, np.float64), np.asarray(outcome, np.float64)
    if expected.shape != seen.shape:
        lengths = len(expected), len(seen)
        raise ParameterError(f"predicted and outcome have {lengths} rows; give one each")
    known = np.isfinite(expected) & np.isfinite(seen)
    expected, seen = expected[known], seen[known]
    chances = ((expected >= 0) & (expected <= 1)).all() and np.isin(seen, (0.0, 1.0)).all()
    variance = float((expected * (1 - expected)).mean()) if len(seen) and chances else 0.0
    if not variance:
        return mean_interval(seen - expected)
    mean = float(expected.mean())
    alike = len(seen) * mean * (1 - mean) / variance
    share = wilson(float(seen.mean()) * alike, alike)
    return Interval(*(end - mean for end in share))


def watch_drift(
    reference: ArrayLike,
    current: ArrayLike,
    *,
    predicted: ArrayLike = (),
    outcome: ArrayLike = (),
    tolerance: float = 0.05,
) -> Drift:
    """Say whether a model should be fitted again, and why.

    It should when scores have shifted, or when outcomes differ from predictions by more than a
    tolerance beyond doubt.

    Parameters
    ----------
    reference, current : array-like
        Scores when the model was fitted, and now.
    predicted, outcome : array-like
        Predictions of recent customers and what became of them, as far as known.
    tolerance : float
        Difference of means that does not matter: assumption.

    Examples
    --------
    >>> scores = np.linspace(0, 1, 1000)
    >>> watch_drift(scores, scores).retrain
    False
    >>> watch_drift(scores, scores / 2).reason
    'the scores have shifted (stability index 2.87, above 0.25)'
    """
    stability = population_stability(reference, current)
    calibration = calibration_drift(predicted, outcome)
    if stability > SHIFTED:
        reason = f"the scores have shifted (stability index {stability:.2f}, above {SHIFTED})"
        return Drift(stability, calibration, True, reason)
    if calibration.low > tolerance or calibration.high < -tolerance:
        reason = f"outcomes differ from predictions by {calibration.estimate:+.3f} on average"
        return Drift(stability, calibration, True, reason)
    word = "stable" if stability < STABLE else "moving"
    return Drift(stability, calibration, False, f"the scores are {word} ({stability:.2f})")


def _known(values: ArrayLike) -> Floats:
    array = np.asarray(values, dtype=np.float64)
    array = array[np.isfinite(array)]
    if not len(array):
        raise ParameterError("no scores to compare; give at least one number on each side")
    return array
