"""Say how a theme moves: its trend with an interval, and whether it is one episode or returns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.special import chdtrc, ndtri, stdtrit

from detractor.intervals import CONFIDENCE, Interval

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

TREND_DAYS = 30
"""A trend is the factor by which a theme's share of the feedback changes in so many days."""

PLAIN = 0.2
"""Periods vary more than chance where chance makes as much in fewer tables than this share. Set by
simulation of counts by chance and in clumps."""

ONE_OFF, REPEATING, UNCLEAR = "one-off", "repeating", "unclear"

_WEEK = 7


@dataclass(frozen=True, kw_only=True)
class Recurrence:
    """When mentions count as one episode, and when as a failure that keeps coming back.

    Parameters
    ----------
    fewest : int
        With fewer dated mentions nothing is claimed.
    significance : float
        A burst is one that chance makes in fewer than this share of the shufflings.
    burst_share : float
        And that holds at least this share of all mentions in one week. (Assumption.)
    weeks : int
        Repeating means mentions in at least so many different weeks. (Assumption.)
    shufflings, seed : int
        How often the dates are dealt again, and from which seed.

    Examples
    --------
    >>> Recurrence().significance
    0.05
    """

    fewest: int = 5
    significance: float = 0.05
    burst_share: float = 0.5
    weeks: int = 3
    shufflings: int = 999
    seed: int = 0


def days_of(feedback: pd.DataFrame, date: str) -> NDArray[np.float64]:
    """Count days since 1970 in UTC, NaN where there is no date or no such column.

    Examples
    --------
    >>> days_of(pd.DataFrame({"date": ["1970-01-03", None]}), "date").tolist()
    [2.0, nan]
    """
    if date not in feedback.columns:
        return np.full(len(feedback), np.nan)
    stamps = pd.to_datetime(feedback[date], utc=True, errors="coerce").dt.tz_localize(None)
    whole = stamps.to_numpy(dtype="datetime64[D]")
    return np.where(np.isnat(whole), np.nan, whole.astype(np.int64).astype(np.float64))


def trend(counts: ArrayLike, volumes: ArrayLike, *, period_days: int = 7) -> Interval:
    """Give the factor by which a theme's share of the feedback changes in 30 days.

    A quasi-Poisson regression of the counts on time, with the volume of feedback as exposure: more
    feedback alone is no trend. Where periods vary more than chance makes them in 1 of 5 tables, the
    interval is widened by how much, and Student's; else it holds too often.

    Parameters
    ----------
    counts, volumes : array-like
        Mentions and all feedback, period by period; periods without feedback are left out.
    period_days : int
        Length of a period.

    Returns
    -------
    Interval
        1 is steady, 2 doubles in 30 days. NaN with an open range where fewer than three periods
        or no mentions.

    Examples
    --------
    >>> steady = trend([10, 11, 9, 10, 10, 9], [100] * 6)
    >>> steady.low < 1 < steady.high
    True
    >>> trend([5, 10, 20, 40, 80, 160], [1000] * 6).low > 5
    True
    """
    made = np.asarray(counts, dtype=float)
    volume = np.asarray(volumes, dtype=float)
    time = np.arange(len(made)) * period_days / TREND_DAYS
    observed = volume > 0
    made, volume, time = made[observed], volume[observed], time[observed]
    if len(made) < 3 or made.sum() == 0:
        return Interval(float("nan"), 0.0, float("inf"))
    slope, error, dispersion = _poisson_slope(made, volume, time - time.mean())
    half = _quantile(len(made) - 2, dispersion) * error
    # 30 keeps exp() finite: a theme that appears from nothing has no finite slope.
    low, middle, high = np.exp(np.clip([slope - half, slope, slope + half], -30, 30))
    return Interval(float(middle), float(low), float(high))


def recurrence(
    days: NDArray[np.float64],
    all_days: NDArray[np.float64],
    *,
    rule: Recurrence = Recurrence(),
) -> tuple[str, float]:
    """Tell a one-off from a failure that keeps coming back, against chance.

    The busiest week of the mentions is compared with that of as many rows drawn at random from all
    feedback, so a busy week of the survey is no episode.

    Parameters
    ----------
    days : array
        Days of the mentions; NaN are left out.
    all_days : array
        Days of all feedback, the mentions among them.
    rule : Recurrence
        Thresholds.

    Returns
    -------
    (str, float)
        "one-off", "repeating" or "unclear", and the share of shufflings with as busy a week.

    Examples
    --------
    >>> every_day = np.arange(0.0, 365.0)
    >>> recurrence(np.array([100.0, 101, 102, 103, 103]), every_day)
    ('one-off', 0.001)
    >>> recurrence(np.arange(0.0, 360.0, 30), every_day)[0]
    'repeating'
    """
    dated = days[~np.isnan(days)].astype(np.int64)
    background = all_days[~np.isnan(all_days)].astype(np.int64)
    if len(dated) < rule.fewest:
        return UNCLEAR, float("nan")
    start = background.min()
    volume = np.bincount(background - start)
    counts = np.bincount(dated - start, minlength=len(volume))
    busiest = int(_busiest_week(counts[None, :])[0])
    as_busy = int((_busiest_week(_deal(volume, len(dated), rule)) >= busiest).sum())
    p = (1 + as_busy) / (1 + rule.shufflings)
    if p < rule.significance and busiest >= rule.burst_share * len(dated):
        return ONE_OFF, p
    weeks = len(np.unique(dated // _WEEK))
    return (REPEATING if weeks >= rule.weeks else UNCLEAR), p


def weekly_or_daily(
    days: NDArray[np.float64], all_days: NDArray[np.float64]
) -> tuple[list[float], list[float], int]:
    """Count mentions and all feedback by weeks, or by days where there are fewer than ten weeks.

    Returns
    -------
    (list, list, int)
        Mentions and feedback of each period, and its length in days.

    Examples
    --------
    >>> weekly_or_daily(np.array([2.0]), np.array([1.0, 2.0, 2.0]))
    ([0.0, 1.0], [1.0, 2.0], 1)
    """
    start, end = float(np.nanmin(all_days)), float(np.nanmax(all_days))
    length = _WEEK if end - start >= 10 * _WEEK else 1
    bins = np.arange(start, end + length + 1, length)
    counts, _ = np.histogram(days[~np.isnan(days)], bins)
    volumes, _ = np.histogram(all_days[~np.isnan(all_days)], bins)
    return counts.astype(float).tolist(), volumes.astype(float).tolist(), length


def _deal(volume: NDArray[np.int64], size: int, rule: Recurrence) -> NDArray[np.int64]:
    """Draw so many rows of all feedback, again and again, and count them by day.

    Row by row where there are fewer rows to draw than days to count, which over ten years of
    feedback takes a fifth of the time; day by day otherwise.
    """
    generator = np.random.default_rng(rule.seed)
    if size >= len(volume):
        return generator.multivariate_hypergeometric(
            volume, size, size=rule.shufflings, method="marginals"
        )
    day_of = np.repeat(np.arange(len(volume)), volume)
    drawn = (
        day_of[generator.choice(len(day_of), size, replace=False, shuffle=False)]
        for _ in range(rule.shufflings)
    )
    return np.stack([np.bincount(days, minlength=len(volume)) for days in drawn])


def _busiest_week(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Give the largest sum of seven days in a row, for each row of daily counts."""
    running = np.cumsum(counts, axis=1)
    earlier = np.pad(running, ((0, 0), (_WEEK, 0)))[:, : running.shape[1]]
    highest: NDArray[np.int64] = (running - earlier).max(axis=1)
    return highest


def _poisson_slope(
    counts: NDArray[np.float64], volumes: NDArray[np.float64], time: NDArray[np.float64]
) -> tuple[float, float, float]:
    """Fit log rate = level + slope * time by Newton's steps.

    Give the slope, its error where chance alone is at work, and by how much periods vary more.
    """
    design = np.column_stack([np.ones_like(time), time])
    weights = np.array([np.log(counts.sum() / volumes.sum()), 0.0])
    for _ in range(50):
        expected = volumes * np.exp(np.clip(design @ weights, -30, 30))
        information = design.T @ (design * expected[:, None]) + 1e-9 * np.eye(2)
        step = np.linalg.solve(information, design.T @ (counts - expected))
        weights = weights + np.clip(step, -3, 3)
        if np.abs(step).max() < 1e-8:
            break
    pearson = ((counts - expected) ** 2 / np.maximum(expected, 1e-12)).sum()
    dispersion = float(pearson) / (len(counts) - 2)
    return float(weights[1]), float(np.sqrt(np.linalg.inv(information)[1, 1])), dispersion


def _quantile(freedom: int, dispersion: float) -> float:
    """Give how many errors from the estimate the ends lie."""
    tail = (1 + CONFIDENCE) / 2
    if chdtrc(freedom, dispersion * freedom) > PLAIN:
        return float(ndtri(tail))
    return float(stdtrit(freedom, tail) * np.sqrt(dispersion))
