"""How good are the probabilities? Discrimination, calibration, thresholds.

Everything here takes true labels (1, 0, or NaN where unknown: those rows are left out) and
probabilities in the same order, so it judges a model of any make.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from detractor.areas import area_interval
from detractor.calibration import fit_calibration, logistic, logit
from detractor.errors import ParameterError
from detractor.intervals import wilson

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Sequence

    from numpy.typing import ArrayLike, NDArray

BINS = 15
"""Bins of equal mass for the expected calibration error; an assumption, and customary."""


class Threshold(NamedTuple):
    """Flag a text when its probability is at least `threshold`.

    `cost` is the average per row, NaN where no costs were given.
    """

    threshold: float
    flagged: int
    precision: float
    recall: float
    cost: float


class Line(NamedTuple):
    """Recalibration on the logit scale: ``logit(p') = slope * logit(p) + intercept``."""

    slope: float
    intercept: float

    def apply(self, probabilities: ArrayLike) -> NDArray[np.float64]:
        """Recalibrate probabilities.

        Examples
        --------
        >>> Line(1.0, 0.0).apply([0.2]).round(6).tolist()
        [0.2]
        """
        return logistic(self.slope * logit(probabilities) + self.intercept)


def discrimination(
    truth: ArrayLike, probabilities: ArrayLike, *, by: Sequence[object] | pd.Series | None = None
) -> pd.DataFrame:
    """Measure how well the probabilities order positives before negatives.

    Parameters
    ----------
    truth : array of 0, 1 or NaN
    probabilities : array of float
    by : array, optional
        A group for each row (source, domain, region); each group gets a row of its own.

    Returns
    -------
    DataFrame
        Index `all` and the groups; `n`, `positives`, `auc` (area under the receiver operating
        curve) with its 95 % interval `auc_low`, `auc_high` (see `area_interval`),
        `average_precision`. NaN where a group holds one class only.

    Examples
    --------
    >>> table = discrimination([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    >>> float(table.loc["all", "auc"]), round(float(table.loc["all", "average_precision"]), 3)
    (0.75, 0.833)
    """
    rows = {name: _discrimination(y, p) for name, y, p in _groups(truth, probabilities, by)}
    return pd.DataFrame.from_dict(rows, orient="index")


def calibration(
    truth: ArrayLike, probabilities: ArrayLike, *, by: Sequence[object] | pd.Series | None = None
) -> pd.DataFrame:
    """Measure whether the probabilities mean what they say.

    Returns
    -------
    DataFrame
        Index `all` and the groups; `n`, `observed` and `predicted` shares, `brier`,
        `calibration_error` (see `expected_calibration_error`), and `slope` and `intercept` of the
        line that would put them right (1 and 0 when they are right).

    Examples
    --------
    >>> table = calibration([0, 1, 0, 1], [0.5, 0.5, 0.5, 0.5])
    >>> float(table.loc["all", "brier"]), float(table.loc["all", "calibration_error"])
    (0.25, 0.0)
    """
    rows = {name: _calibration(y, p) for name, y, p in _groups(truth, probabilities, by)}
    return pd.DataFrame.from_dict(rows, orient="index")


def reliability(truth: ArrayLike, probabilities: ArrayLike, *, bins: int = 10) -> pd.DataFrame:
    """Compare predicted with observed shares, in bins of equal mass.

    Returns
    -------
    DataFrame
        One row a bin, from low to high: `n`, `predicted` (mean probability), `observed` (share of
        positives) with its 95 % Wilson interval `low`, `high`. Equal probabilities stay together,
        so there may be fewer bins than asked for.

    Examples
    --------
    >>> reliability([0, 1, 1, 1], [0.2, 0.2, 0.9, 0.9], bins=2)[["n", "predicted", "observed"]]
       n  predicted  observed
    0  2        0.2       0.5
    1  2        0.9       1.0
    """
    y, p = _known(truth, probabilities)
    rows = []
    for chosen in _equal_mass(p, bins):
        share = wilson(float(y[chosen].sum()), len(chosen))
        rows.append((len(chosen), float(p[chosen].mean()), *share))
    return pd.DataFrame(rows, columns=["n", "predicted", "observed", "low", "high"])


def expected_calibration_error(
    truth: ArrayLike, probabilities: ArrayLike, *, bins: int = BINS
) -> float:
    """Average the distance between predicted and observed shares over bins of equal mass.

    Chance alone makes it positive: about ``0.8 * sqrt(share * (1 - share) * bins / n)`` for a
    perfectly calibrated model, so it says little on fewer than a thousand rows.

    Examples
    --------
    >>> expected_calibration_error([0, 1, 1, 1], [0.25, 0.25, 0.75, 0.75], bins=2)
    0.25
    """
    table = reliability(truth, probabilities, bins=bins)
    gaps = (table["predicted"] - table["observed"]).abs()
    return float(np.average(gaps, weights=table["n"])) if len(table) else float("nan")


def fit_line(truth: ArrayLike, probabilities: ArrayLike) -> Line:
    """Fit slope and intercept on the logit scale to a labelled sample, however small.

    `detractor.calibration.fit_calibration` on probabilities: its prior that they are right as they
    are keeps fifty labels from doing harm, and with no labels the line changes nothing.

    Examples
    --------
    >>> fit_line([], [])
    Line(slope=1.0, intercept=0.0)
    >>> fit_line([0] * 90 + [1] * 10, [0.5] * 100).intercept < -1.5
    True
    """
    y, p = _known(truth, probabilities)
    return Line(*fit_calibration(logit(p), y))


def calibration_curve_by_labels(
    truth: ArrayLike,
    probabilities: ArrayLike,
    *,
    sizes: Sequence[int] = (50, 200, 1000),
    repeats: int = 20,
    seed: int = 0,
) -> pd.DataFrame:
    """Show what a few labels of one's own buy: recalibrate on some rows, measure on the others.

    Parameters
    ----------
    sizes : ints
        Label counts to try; those above half of the rows are left out.
    repeats : int
        Random draws a size; at least 1.
    seed : int
        Of the draws.

    Returns
    -------
    DataFrame
        One row a size, 0 (no recalibration) first: `labels`, `brier` and `calibration_error` as
        means over the draws, with `low` and `high`, the 5 % and 95 % quantiles of the latter.

    Raises
    ------
    ParameterError
        If `repeats` is below 1.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(1)
    >>> p = rng.uniform(size=2000)
    >>> curve = calibration_curve_by_labels(rng.uniform(size=2000) < p**2, p, sizes=(200,))
    >>> curve["calibration_error"].is_monotonic_decreasing
    True
    """
    if repeats < 1:
        raise ParameterError(f"repeats={repeats}; give at least 1")
    y, p = _known(truth, probabilities)
    rng = np.random.default_rng(seed)
    rows = []
    for size in [0, *(size for size in sizes if size <= len(y) // 2)]:
        draws = np.array(
            [_recalibrated(y, p, rng.permutation(len(y)), size) for _ in range(repeats)]
        )
        low, high = np.quantile(draws[:, 1], [0.05, 0.95])
        rows.append((size, *draws.mean(axis=0), low, high))
    return pd.DataFrame(rows, columns=["labels", "brier", "calibration_error", "low", "high"])


def tune_threshold(
    truth: ArrayLike,
    probabilities: ArrayLike,
    *,
    cost_fp: float | None = None,
    cost_fn: float | None = None,
    capacity: int | None = None,
) -> Threshold:
    """Choose above which probability to act: by what mistakes cost, or by how many can be handled.

    Parameters
    ----------
    cost_fp, cost_fn : float
        Cost of acting in vain, and of missing a case; both at least 0, in any one unit.
    capacity : int
        Rows that may be flagged in this sample, at most; ties that would exceed it are left out.
        With costs as well, the cheapest threshold within the capacity.

    Returns
    -------
    Threshold
        Infinite when flagging nobody is cheapest.

    Raises
    ------
    ParameterError
        If neither costs nor a capacity are given, only one cost, or a negative number.

    Examples
    --------
    >>> tune_threshold([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], cost_fp=1, cost_fn=3)
    Threshold(threshold=0.35, flagged=3, precision=0.6666666666666666, recall=1.0, cost=0.25)
    >>> tune_threshold([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], capacity=2).threshold
    0.4
    """
    costs = _costs(cost_fp, cost_fn, capacity)
    y, p = _known(truth, probabilities)
    order = np.argsort(-p, kind="stable")
    values = p[order]
    ends = np.flatnonzero(np.r_[values[1:] != values[:-1], True][: len(values)]) + 1
    flagged = np.r_[0, ends].astype(np.int64)
    flagged = flagged if capacity is None else flagged[flagged <= capacity]
    hits = np.r_[0.0, np.cumsum(y[order])][flagged]
    positives = float(y.sum())
    if costs is None:
        best, total = len(flagged) - 1, np.full(len(flagged), np.nan)
    else:
        total = costs[0] * (flagged - hits) + costs[1] * (positives - hits)
        best = int(np.argmin(total))
    count = int(flagged[best])
    return Threshold(
        threshold=float(values[count - 1]) if count else float("inf"),
        flagged=count,
        precision=float(hits[best] / count) if count else float("nan"),
        recall=float(hits[best] / positives) if positives else float("nan"),
        cost=float(total[best] / len(y)) if len(y) else float("nan"),
    )


def _known(
    truth: ArrayLike, probabilities: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    y = np.asarray(truth, dtype="float64")
    p = np.asarray(probabilities, dtype="float64")
    if y.shape != p.shape or y.ndim != 1:
        raise ParameterError(f"{y.shape} labels for {p.shape} probabilities; give one each")
    known = ~(np.isnan(y) | np.isnan(p))
    y, p = y[known], p[known]
    if not np.isin(y, (0.0, 1.0)).all():
        wrong = y[~np.isin(y, (0.0, 1.0))][0]
        raise ParameterError(f"label {wrong:g}; labels are 0, 1 or NaN")
    if len(p) and (p.min() < 0 or p.max() > 1):
        wrong = p[(p < 0) | (p > 1)][0]
        raise ParameterError(f"probability {wrong:g}; probabilities lie between 0 and 1")
    return y, p


def _groups(
    truth: ArrayLike, probabilities: ArrayLike, by: Sequence[object] | pd.Series | None
) -> Iterator[tuple[Hashable, NDArray[np.float64], NDArray[np.float64]]]:
    y = np.asarray(truth, dtype="float64")
    p = np.asarray(probabilities, dtype="float64")
    yield "all", *_known(y, p)
    if by is not None:
        groups = pd.Series(list(by))
        if len(groups) != len(y):
            raise ParameterError(f"{len(groups)} groups for {len(y)} labels; give one each")
        for name, rows in groups.groupby(groups, sort=True).indices.items():
            yield name, *_known(y[rows], p[rows])


def _discrimination(y: NDArray[np.float64], p: NDArray[np.float64]) -> dict[str, float]:
    positives = int(y.sum())
    area = area_interval(p[y == 1], p[y == 0])
    return {
        "n": len(y),
        "positives": positives,
        "auc": area.estimate,
        "auc_low": area.low,
        "auc_high": area.high,
        "average_precision": _average_precision(y, p) if positives else float("nan"),
    }


def _average_precision(y: NDArray[np.float64], p: NDArray[np.float64]) -> float:
    order = np.argsort(-p, kind="stable")
    last_of_ties = np.r_[p[order][1:] != p[order][:-1], True]
    hits = np.cumsum(y[order])[last_of_ties]
    precision = hits / (np.flatnonzero(last_of_ties) + 1)
    return float(np.sum(np.diff(hits, prepend=0.0) * precision) / y.sum())


def _calibration(y: NDArray[np.float64], p: NDArray[np.float64]) -> dict[str, float]:
    if not len(y):
        return dict.fromkeys(_CALIBRATION, float("nan")) | {"n": 0}
    line = fit_line(y, p)
    values = (len(y), y.mean(), p.mean(), np.mean((p - y) ** 2), expected_calibration_error(y, p))
    return dict(zip(_CALIBRATION, (*values, line.slope, line.intercept), strict=True))


_CALIBRATION = ("n", "observed", "predicted", "brier", "calibration_error", "slope", "intercept")


def _equal_mass(p: NDArray[np.float64], bins: int) -> list[NDArray[np.int64]]:
    if bins < 1:
        raise ParameterError(f"bins={bins}; give at least 1")
    ranks = (rankdata(p, method="max") - 1) * bins // max(len(p), 1)
    return [np.flatnonzero(ranks == rank) for rank in np.unique(ranks)]


def _recalibrated(
    y: NDArray[np.float64], p: NDArray[np.float64], order: NDArray[np.int64], size: int
) -> tuple[float, float]:
    sample, rest = order[:size], order[size:]
    mended = fit_line(y[sample], p[sample]).apply(p[rest]) if size else p[rest]
    return float(np.mean((mended - y[rest]) ** 2)), expected_calibration_error(y[rest], mended)


def _costs(
    cost_fp: float | None, cost_fn: float | None, capacity: int | None
) -> tuple[float, float] | None:
    if (cost_fp is None) != (cost_fn is None):
        raise ParameterError("one cost is given; give cost_fp and cost_fn, or neither")
    if cost_fp is None and capacity is None:
        raise ParameterError("no cost and no capacity; give cost_fp and cost_fn, or capacity")
    for name, value in (("cost_fp", cost_fp), ("cost_fn", cost_fn), ("capacity", capacity)):
        if value is not None and not value >= 0:
            raise ParameterError(f"{name}={value}; give a number of at least 0")
    return None if cost_fp is None or cost_fn is None else (cost_fp, cost_fn)
