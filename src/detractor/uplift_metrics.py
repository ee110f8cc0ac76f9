"""Judge who gains from a contact: curves, areas, calibration and the value of a targeting policy.

Every function takes the outcome, the predicted uplift and the treatment (1 contacted, 0 held out)
of customers who were assigned at random, in that order, and ranks by uplift from high to low. The
definitions are those of Radcliffe (2007) and Devriendt, Guns and Verbeke (2020), and where
scikit-uplift 0.5.1 defines a figure the value is the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
from scipy.special import ndtri

from detractor.errors import ParameterError
from detractor.intervals import CONFIDENCE, Interval, effect_interval

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]


class Curve(NamedTuple):
    """A gain over the number of customers contacted, best first."""

    contacted: Floats
    gain: Floats

    def area(self) -> float:
        """Give the area between the curve and the straight line to its end.

        Examples
        --------
        >>> Curve(np.array([0.0, 1.0, 2.0]), np.array([0.0, 1.0, 1.0])).area()
        0.5
        """
        straight = self.contacted[-1] * self.gain[-1] / 2
        return float(np.trapezoid(self.gain, self.contacted) - straight)

    def at(self, shares: ArrayLike) -> Floats:
        """Give the gain at shares of the customers, 0 to 1.

        Examples
        --------
        >>> Curve(np.array([0.0, 4.0]), np.array([0.0, 2.0])).at([0.5, 1.0])
        array([1., 2.])
        """
        wanted = np.asarray(shares, dtype=np.float64) * self.contacted[-1]
        return np.asarray(np.interp(wanted, self.contacted, self.gain), dtype=np.float64)


class _Sums(NamedTuple):
    """Running counts and outcomes of both groups, at the last customer of each tied uplift."""

    contacted: Floats
    treated: Floats
    treated_outcome: Floats
    control: Floats
    control_outcome: Floats


def qini_curve(outcome: ArrayLike, uplift: ArrayLike, treatment: ArrayLike) -> Curve:
    """Give the extra outcome among the treated, best first (Radcliffe 2007).

    Parameters
    ----------
    outcome : array-like
        1 where it went well, else 0; or any number, such as money kept.
    uplift : array-like
        Predicted gain of a contact.
    treatment : array-like
        1 contacted, 0 held out.

    Raises
    ------
    ParameterError
        If lengths differ, a group is empty, or the treatment is not 0 and 1.

    Examples
    --------
    >>> qini_curve([1, 0, 0, 1], [4, 3, 2, 1], [1, 0, 1, 0]).gain.tolist()
    [0.0, 1.0, 1.0, 1.0, 0.0]
    """
    sums = _running_sums(*_checked(outcome, uplift, treatment))
    return _from_zero(
        sums.contacted,
        sums.treated_outcome - sums.control_outcome * _ratio(sums.treated, sums.control),
    )


def uplift_curve(outcome: ArrayLike, uplift: ArrayLike, treatment: ArrayLike) -> Curve:
    """Give the difference of mean outcomes times the customers, best first.

    Examples
    --------
    >>> uplift_curve([1, 0, 0, 1], [4, 3, 2, 1], [1, 0, 1, 0]).gain.tolist()
    [0.0, 1.0, 2.0, 1.5, 0.0]
    """
    sums = _running_sums(*_checked(outcome, uplift, treatment))
    rates = _ratio(sums.treated_outcome, sums.treated) - _ratio(sums.control_outcome, sums.control)
    return _from_zero(sums.contacted, rates * sums.contacted)


def qini_score(
    outcome: ArrayLike, uplift: ArrayLike, treatment: ArrayLike, *, negative_effect: bool = True
) -> float:
    """Give the area under the Qini curve as a share of the best possible; 0 is chance.

    NaN where no ranking could be better than chance.

    Parameters
    ----------
    outcome, uplift, treatment : array-like
        As for `qini_curve`; the outcome is 0 or 1.
    negative_effect : bool
        Whether the best possible ranking is thought to know who is harmed by a contact.

    Examples
    --------
    >>> round(qini_score([1, 0, 0, 1], [4, 3, 2, 1], [1, 0, 1, 0]), 3)
    1.0
    """
    y, score, t = _checked(outcome, uplift, treatment)
    _check_binary(y)
    if negative_effect:
        best = qini_curve(y, y * t - y * (1 - t), t).area()
    else:
        extra = max(y[t == 1].sum() - y[t == 0].mean() * (t == 1).sum(), 0.0)
        best = Curve(np.array([0, extra, len(y)]), np.array([0, extra, extra])).area()
    return _share(qini_curve(y, score, t).area(), best)


def uplift_score(outcome: ArrayLike, uplift: ArrayLike, treatment: ArrayLike) -> float:
    """Give the area under the uplift curve as a share of the best possible; 0 is chance.

    Examples
    --------
    >>> uplift_score([1, 0, 0, 1], [4, 3, 2, 1], [1, 0, 1, 0])
    1.0
    """
    y, score, t = _checked(outcome, uplift, treatment)
    _check_binary(y)
    control_responders = ((y == 1) & (t == 0)).sum()
    treated_failures = ((y == 0) & (t == 1)).sum()
    perfect = 2.0 * (y == t) + (y if control_responders > treated_failures else t)
    return _share(uplift_curve(y, score, t).area(), uplift_curve(y, perfect, t).area())


def uplift_at(
    outcome: ArrayLike,
    uplift: ArrayLike,
    treatment: ArrayLike,
    *,
    share: float = 0.3,
    by_group: bool = False,
) -> float:
    """Give the difference of mean outcomes among the customers ranked highest.

    Parameters
    ----------
    outcome, uplift, treatment : array-like
        As for `qini_curve`.
    share : float
        Share of the customers, above 0 and at most 1.
    by_group : bool
        Take the share of the treated and of the held out, each by their own ranks.

    Examples
    --------
    >>> uplift_at([1, 0, 0, 1], [4, 3, 2, 1], [1, 0, 1, 0], share=0.5)
    1.0
    """
    y, score, t = _checked(outcome, uplift, treatment)
    if not 0 < share <= 1:
        raise ParameterError(f"share is above 0 and at most 1, not {share!r}")
    order = _ranked(score)
    y, t = y[order], t[order]
    if by_group:
        means = [_mean(y[t == arm][: int((t == arm).sum() * share)]) for arm in (1, 0)]
    else:
        top = int(len(y) * share)
        means = [_mean(y[:top][t[:top] == arm]) for arm in (1, 0)]
    return means[0] - means[1]


def uplift_table(
    outcome: ArrayLike, uplift: ArrayLike, treatment: ArrayLike, *, bins: int = 10
) -> pd.DataFrame:
    """Compare the predicted with the observed uplift, by equal parts of the ranking.

    Returns
    -------
    DataFrame
        One row a part, best first: customers held out and treated, mean outcomes, the observed
        uplift with its 95 % interval, and the mean prediction. In a calibrated model the last two
        agree.

    Examples
    --------
    >>> table = uplift_table([1, 0, 1, 0], [.9, .8, .1, .1], [1, 0, 1, 0], bins=2)
    >>> table[["observed", "predicted"]].to_numpy().round(2).tolist()
    [[1.0, 0.85], [1.0, 0.1]]
    """
    y, score, t = _checked(outcome, uplift, treatment)
    if not 1 <= bins < len(y):
        raise ParameterError(f"bins are at least 1 and fewer than the {len(y)} rows, not {bins}")
    rows = []
    for part in np.array_split(_ranked(score), bins):
        treated, control = y[part][t[part] == 1], y[part][t[part] == 0]
        observed = effect_interval(treated, control)
        rows.append(
            {
                "n_treated": len(treated),
                "n_control": len(control),
                "treated_outcome": _mean(treated),
                "control_outcome": _mean(control),
                "observed": observed.estimate,
                "low": observed.low,
                "high": observed.high,
                "predicted": float(score[part].mean()),
            }
        )
    return pd.DataFrame(rows)


def weighted_average_uplift(
    outcome: ArrayLike, uplift: ArrayLike, treatment: ArrayLike, *, bins: int = 10
) -> float:
    """Give the mean of the observed uplift of equal parts, weighted by their treated customers.

    Examples
    --------
    >>> weighted_average_uplift([1, 0, 1, 0], [.9, .8, .1, .1], [1, 0, 1, 0], bins=2)
    1.0
    """
    table = uplift_table(outcome, uplift, treatment, bins=bins)
    return float(np.average(table["observed"], weights=table["n_treated"]))


def calibration_slope(outcome: ArrayLike, uplift: ArrayLike, treatment: ArrayLike) -> Interval:
    """Give how much the observed uplift grows when the predicted uplift grows by 1.

    1 is right, less than 1 means that the predictions are too far apart, 0 that they say nothing.
    The slope is the interaction in a regression of the outcome on treatment, prediction and their
    product, with its heteroscedasticity-consistent (HC1) interval.

    Examples
    --------
    >>> uplift = np.tile([0.0, 0.0, 1.0, 1.0], 50)
    >>> treatment = np.tile([0, 1, 0, 1], 50)
    >>> calibration_slope(uplift * treatment * 0.5, uplift, treatment).estimate.__round__(3)
    0.5
    """
    y, score, t = _checked(outcome, uplift, treatment)
    centred = t - t.mean()
    design = np.column_stack([np.ones_like(y), score, centred, centred * score])
    inverse = np.linalg.pinv(design.T @ design)
    weights = inverse @ design.T @ y
    residual = y - design @ weights
    meat = (design * residual[:, None] ** 2).T @ design
    variance = (inverse @ meat @ inverse)[3, 3] * len(y) / max(len(y) - 4, 1)
    half = float(ndtri((1 + CONFIDENCE) / 2) * np.sqrt(max(variance, 0.0)))
    return Interval(float(weights[3]), float(weights[3] - half), float(weights[3] + half))


def profit_curve(
    outcome: ArrayLike, uplift: ArrayLike, treatment: ArrayLike, *, value: float, cost: float
) -> Curve:
    """Give the profit of contacting the best first: extra outcomes at a value, less the cost.

    Parameters
    ----------
    outcome, uplift, treatment : array-like
        As for `qini_curve`.
    value : float
        Money a unit of outcome is worth.
    cost : float
        Money a contact costs.

    Examples
    --------
    >>> profit_curve([1, 0, 0, 1], [4, 3, 2, 1], [1, 0, 1, 0], value=10, cost=1).gain.tolist()
    [0.0, 9.0, 18.0, 12.0, -4.0]
    """
    curve = uplift_curve(outcome, uplift, treatment)
    return Curve(curve.contacted, value * curve.gain - cost * curve.contacted)


def curve_band(
    curve: Callable[[ArrayLike, ArrayLike, ArrayLike], Curve],
    *columns: ArrayLike,
    points: int = 21,
    replicates: int = 200,
    seed: int = 0,
) -> pd.DataFrame:
    """Give a curve on a grid of shares with its pointwise 95 % band, by a seeded bootstrap.

    Treated and held-out customers are drawn again separately, as they were assigned.

    Parameters
    ----------
    curve : callable
        `qini_curve`, `uplift_curve`, or a function of the same three columns.
    *columns : array-like
        Outcome, uplift, treatment.
    points, replicates, seed : int
        Size of the grid, number of draws, and the seed of the draws.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> t = np.tile([0, 1], 200)
    >>> band = curve_band(qini_curve, rng.random(400) < 0.5, rng.random(400), t, points=3)
    >>> list(band.columns), len(band)
    (['share', 'gain', 'low', 'high'], 3)
    """
    y, score, t = _checked(*columns)
    shares = np.linspace(0, 1, points)
    rng = np.random.default_rng(seed)
    arms = [np.flatnonzero(t == arm) for arm in (0, 1)]
    draws = np.empty((replicates, points))
    for row in range(replicates):
        picked = np.concatenate([rng.choice(arm, len(arm)) for arm in arms])
        draws[row] = curve(y[picked], score[picked], t[picked]).at(shares)
    # Ranks out of one more than the draws (Weibull), so that few draws hold as much as many.
    low, high = np.quantile(draws, [0.025, 0.975], axis=0, method="weibull")
    gain = curve(y, score, t).at(shares)
    return pd.DataFrame({"share": shares, "gain": gain, "low": low, "high": high})


def _checked(*columns: ArrayLike) -> tuple[Floats, Floats, Floats]:
    outcome, score, treatment = (np.asarray(column, dtype=np.float64) for column in columns)
    if not len(outcome) == len(score) == len(treatment):
        lengths = len(outcome), len(score), len(treatment)
        raise ParameterError(f"outcome, uplift and treatment have {lengths} rows; give one each")
    if set(np.unique(treatment)) != {0.0, 1.0}:
        raise ParameterError("treatment must hold 1 (contacted) and 0 (held out), both of them")
    if not (np.isfinite(outcome).all() and np.isfinite(score).all()):
        raise ParameterError("outcome and uplift must be numbers; drop rows that lack one")
    return outcome, score, treatment


def _check_binary(outcome: Floats) -> None:
    if not set(np.unique(outcome)) <= {0.0, 1.0}:
        raise ParameterError("this score needs an outcome of 0 or 1; for others use the curve")


def _ranked(score: Floats) -> NDArray[np.intp]:
    """Order from high to low; of equal scores the later row first, as scikit-uplift does."""
    return np.argsort(score, kind="stable")[::-1]


def _running_sums(outcome: Floats, score: Floats, treatment: Floats) -> _Sums:
    order = _ranked(score)
    y, t = outcome[order], treatment[order]
    last = np.r_[np.flatnonzero(np.diff(score[order])), len(y) - 1]
    treated, treated_outcome = np.cumsum(t)[last], np.cumsum(y * t)[last]
    contacted = last + 1.0
    return _Sums(
        contacted, treated, treated_outcome, contacted - treated, np.cumsum(y * (1 - t))[last]
    )


def _share(area: float, best: float) -> float:
    return area / best if best > 0 else float("nan")


def _ratio(top: Floats, bottom: Floats) -> Floats:
    return np.divide(top, bottom, out=np.zeros_like(top), where=bottom != 0)


def _from_zero(contacted: Floats, gain: Floats) -> Curve:
    return Curve(np.r_[0.0, contacted], np.r_[0.0, gain])


def _mean(values: Floats) -> float:
    return float(values.mean()) if len(values) else float("nan")
