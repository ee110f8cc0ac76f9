"""Raise an alarm when a theme or group suddenly says more, and seldom without reason.

Each day of each series is compared with what its own past foretells. The evidence for a doubled
rate is summed (Page's CUSUM of log likelihood ratios, never below 0), and an alarm is raised where
the sum passes a limit h. While nothing changed each day's likelihood ratio has mean 1, so the mean
time to a false alarm is at least exp(h) days (Lorden 1971), whatever the level of the series: with
one a year allowed for 100 series, h is log(36,525) = 10.5.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, inf, log, sqrt
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from detractor.errors import ParameterError
from detractor.mentions import THEME, positions_by_theme
from detractor.movements import days_of
from detractor.schema import Columns, require
from detractor.theme_statistics import exposed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import ArrayLike, NDArray

DAYS_A_YEAR = 365.25

_ALARM = (
    *(THEME, "column", "group", "began", "found", "observed", "expected"),
    *("ratio", "customers", "value", "value_at_risk"),
)
_PRIOR_EVENTS = 0.5  # Jeffreys' prior for a rate
_DRAWN = 4000  # series, to say how late a rise is found


class _Series(NamedTuple):
    """Rows of the feedback that speak of a theme, and all they are counted over."""

    theme: str
    column: str
    group: str
    about: NDArray[np.intp]
    base: NDArray[np.intp]


@dataclass(frozen=True)
class _History:
    """The feedback in which series are watched; days count from its first, which is `start`."""

    feedback: pd.DataFrame
    days: NDArray[np.float64]
    start: float
    columns: Columns

    def watch(self, series: _Series, watch: Watch | None) -> pd.DataFrame:
        """Find the alarms of a series."""
        counts, volumes = self._daily(series.about), self._daily(series.base)
        return watch_series(np.pad(counts, (0, len(volumes) - len(counts))), volumes, watch=watch)

    def alarm(
        self, series: _Series, began: int, found: int, observed: float, expected: float
    ) -> dict[str, object]:
        """Say of an alarm when it was, how large, and who spoke."""
        when = self.days[series.about]
        within = (when >= began) & (when <= found)
        dates = pd.to_datetime([self.start + began, self.start + found], unit="D")
        return {
            THEME: series.theme,
            "column": series.column,
            "group": series.group,
            "began": dates[0],
            "found": dates[1],
            "observed": observed,
            "expected": expected,
            "ratio": observed / expected,
            **exposed(self.feedback.iloc[series.about[within]], self.columns),
        }

    def _daily(self, rows: NDArray[np.intp]) -> NDArray[np.float64]:
        days = self.days[rows]
        return np.bincount(days[~np.isnan(days)].astype(np.int64)).astype(float)


@dataclass(frozen=True, kw_only=True)
class Watch:
    """What counts as a spike, and how often an alarm may be false.

    Parameters
    ----------
    false_alarms : float
        How many false alarms a year are allowed for 100 series that do not change.
    ratio : float
        The rise that shall be found: 2 is a doubled rate.
    history : int
        Days of its own past that foretell a series, at most.
    warm_up : int
        A series is not judged before so many days of past.
    guard : int
        The latest days are left out of the past, so that a slow rise does not teach itself.

    Raises
    ------
    ParameterError
        If a number is outside its range.

    Examples
    --------
    >>> round(Watch().limit, 2)
    10.51
    """

    false_alarms: float = 1.0
    ratio: float = 2.0
    history: int = 180
    warm_up: int = 28
    guard: int = 7

    def __post_init__(self) -> None:
        if self.false_alarms <= 0:
            raise ParameterError(f"false_alarms is above 0 a year, not {self.false_alarms!r}")
        if self.ratio <= 1:
            raise ParameterError(f"ratio is above 1, not {self.ratio!r}; 2 is a doubled rate")
        if self.guard < 0 or self.warm_up <= self.guard or self.history < self.warm_up:
            raise ParameterError(f"{self}: guard < warm_up <= history is needed")

    @property
    def limit(self) -> float:
        """The sum of evidence at which an alarm is raised."""
        return log(100 * DAYS_A_YEAR / self.false_alarms)

    def delay(self, daily: ArrayLike, *, share: float = 0.9, dispersion: float = 1.0) -> float:
        """Say within how many days so large a share of rises by the ratio is found.

        Seen in 4,000 drawn series with a full history, whatever the day on which the rise began,
        and so that more than the share is found by five standard errors.

        Parameters
        ----------
        daily : float or array-like
            The usual daily count; several numbers are the days of a cycle, such as a week, that
            the volume of feedback follows.
        share : float
            Of all rises, between 0 and 1; 0.5 gives the median.
        dispersion : float
            Variance of the daily counts over their mean: 1 as chance makes it, more in clumps.

        Returns
        -------
        float
            Days from the first on which the rate is raised; infinite where so many are not found
            before the rise itself has become the usual.

        Raises
        ------
        ParameterError
            If a number is outside its range.

        Examples
        --------
        >>> Watch().delay(10), Watch().delay(10, dispersion=2)
        (6.0, 12.0)
        """
        usual = np.atleast_1d(np.asarray(daily, dtype=np.float64))
        if not (usual >= 0).all() or usual.sum() == 0:
            raise ParameterError(f"daily counts are 0 or more, and not all 0, not {daily!r}")
        if not 0 < share < 1 or dispersion < 1:
            raise ParameterError(f"share={share!r} is between 0 and 1, {dispersion=!r} at least 1")
        wanted = ceil(_DRAWN * share + 5 * sqrt(_DRAWN * share * (1 - share)))
        return float(np.sort(_waits(usual, dispersion, self))[min(wanted, _DRAWN) - 1])


def watch_series(
    counts: NDArray[np.float64],
    volumes: NDArray[np.float64] | None = None,
    *,
    watch: Watch | None = None,
) -> pd.DataFrame:
    """Find the alarms in one series of daily counts.

    Parameters
    ----------
    counts : array
        Events, day by day.
    volumes : array, optional
        What they are counted over (all feedback, orders); by default every day counts the same.
    watch : Watch, optional
        Rules.

    Returns
    -------
    DataFrame
        One row an alarm: `began` (day number from which the evidence grew), `found` (day number of
        the alarm), `observed` and `expected` events from `began` to `found`.

    Examples
    --------
    >>> quiet, loud = np.tile([3.0, 2.0, 4.0], 40), np.tile([8.0, 6.0], 10)
    >>> watch_series(np.concatenate([quiet, loud]))[["began", "found"]].values.tolist()[0]
    [120, 125]
    """
    watch = watch or Watch()
    volumes = np.ones(len(counts)) if volumes is None else volumes
    expected, shape = _foretell(counts, volumes, watch)
    steps = _evidence(counts, expected, shape, watch.ratio)
    steps[: watch.warm_up] = 0.0
    episodes = _episodes(steps, watch.limit)
    rows = [
        (began, found, counts[began : found + 1].sum(), expected[began : found + 1].sum())
        for began, found in episodes
    ]
    table = pd.DataFrame(rows, columns=["began", "found", "observed", "expected"])
    return table.astype({"began": "int64", "found": "int64"})


def find_spikes(
    mentions: pd.DataFrame,
    feedback: pd.DataFrame,
    *,
    by: Sequence[str] = (),
    columns: Columns | None = None,
    watch: Watch | None = None,
) -> pd.DataFrame:
    """Find when which theme, and which group within it, spoke up more than its past foretold.

    The volume of feedback of the day (of the group) is the exposure, so a mailing that doubles all
    feedback raises no alarm.

    Parameters
    ----------
    mentions : DataFrame
        `Themes.mentions`.
    feedback : DataFrame
        The table the themes were found in, with dates.
    by : sequence of str
        Columns whose values are watched one by one beside the themes as a whole: store, product.
    columns : Columns, optional
        What the columns are called.
    watch : Watch, optional
        Rules; the false alarms it allows are for 100 series, however many there are.

    Returns
    -------
    DataFrame
        One row an alarm, latest first: `theme`, `column` and `group` (empty for the theme as a
        whole), `began`, `found` (dates), `observed`, `expected` and their `ratio` (of a stretch
        chosen because it was high, so rather high, and without an interval), `customers` (a tuple
        of who spoke), `value` (what they are worth together) and `value_at_risk`.

    Raises
    ------
    SchemaError
        If there is no date column, or one of `by` is missing.

    Examples
    --------
    >>> days = pd.date_range("2026-01-01", periods=100).repeat(10)
    >>> feedback = pd.DataFrame({"date": days, "customer_id": range(1000)})
    >>> late = [i for i in range(1000) if i % 10 == 0 or (i >= 900 and i % 10 < 6)]
    >>> mentions = pd.DataFrame({"theme": "late", "position": late})
    >>> spike = find_spikes(mentions, feedback).iloc[0]
    >>> str(spike["found"].date()), len(spike["customers"])
    ('2026-04-04', 24)
    """
    columns = columns or Columns()
    require(feedback, columns.date, *by)
    days = days_of(feedback, columns.date)
    if np.isnan(days).all():
        return pd.DataFrame(columns=list(_ALARM))
    history = _History(feedback, days - np.nanmin(days), float(np.nanmin(days)), columns)
    alarms = [
        history.alarm(series, *alarm)
        for series in _series(mentions, feedback, by)
        for alarm in history.watch(series, watch).itertuples(index=False, name=None)
    ]
    table = pd.DataFrame(alarms, columns=list(_ALARM))
    return table.sort_values("found", ascending=False, kind="stable", ignore_index=True)


def _foretell(
    counts: NDArray[np.float64], volumes: NDArray[np.float64], watch: Watch
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give each day's expected count and the shape of its negative binomial, from its past alone.

    Days are the last axis, of one series or of many. The shape joins what is not known of the rate
    (the fewer past events, the less) with what days vary beyond chance.
    """
    day = np.arange(counts.shape[-1])
    until = np.maximum(day - watch.guard, 0)
    since = np.maximum(until - watch.history, 0)

    def past(values: NDArray[np.float64]) -> NDArray[np.float64]:
        sums = np.insert(np.cumsum(values, axis=-1), 0, 0.0, axis=-1)
        within: NDArray[np.float64] = sums[..., until] - sums[..., since]
        return within

    events, exposure = past(counts) + _PRIOR_EVENTS, np.maximum(past(volumes), 1e-9)
    rate = events / exposure
    squares = past(counts**2) - 2 * rate * past(counts * volumes) + rate**2 * past(volumes**2)
    extra = np.maximum(squares - events, 0) / np.maximum(rate**2 * past(volumes**2), 1e-9)
    return rate * volumes, 1 / (1 / events + extra)


def _evidence(
    counts: NDArray[np.float64],
    expected: NDArray[np.float64],
    shape: NDArray[np.float64],
    ratio: float,
) -> NDArray[np.float64]:
    """Give the log likelihood ratio of the raised rate against the usual one, day by day."""
    grown = np.log((shape + ratio * expected) / (shape + expected))
    evidence: NDArray[np.float64] = counts * (log(ratio) - grown) - shape * grown
    return evidence


def _episodes(steps: NDArray[np.float64], limit: float) -> list[tuple[int, int]]:
    """Sum evidence, never below 0; one alarm an episode, until the sum is back at 0."""
    found: list[tuple[int, int]] = []
    total, began, raised = 0.0, 0, False
    for day, step in enumerate(steps.tolist()):
        if total <= 0:
            total, began, raised = 0.0, day, False
        # Capped, so that an episode ends soon after the rate is back.
        total = min(total + step, limit)
        if total >= limit and not raised:
            found.append((began, day))
            raised = True
    return found


def _waits(usual: NDArray[np.float64], dispersion: float, watch: Watch) -> NDArray[np.float64]:
    """Draw series whose rate rises once their history is full, and count the days to the alarm."""
    rng, past = np.random.default_rng(0), watch.history + watch.guard
    day = np.arange(_DRAWN)[:, None] + np.arange(2 * past)
    volumes = usual[day % len(usual)]
    expected = volumes * np.where(np.arange(2 * past) < past, 1.0, watch.ratio)
    if dispersion > 1:
        shape = np.maximum(expected / (dispersion - 1), 1e-9)
        counts = rng.negative_binomial(shape, 1 / dispersion)
    else:
        counts = rng.poisson(expected)
    steps = _evidence(counts, *_foretell(counts.astype(float), volumes, watch), watch.ratio)
    total, waited = np.zeros(_DRAWN), np.full(_DRAWN, inf)
    for today in range(watch.warm_up, 2 * past):
        total = np.clip(total + steps[:, today], 0, watch.limit)
        if today >= past:
            waited = np.where(total >= watch.limit, np.minimum(waited, today - past + 1), waited)
    return waited


def _series(mentions: pd.DataFrame, feedback: pd.DataFrame, by: Sequence[str]) -> Iterator[_Series]:
    """Yield each theme as a whole, then within each value of each column."""
    every = np.arange(len(feedback))
    groups = [
        (column, str(value), np.asarray(rows, dtype=np.intp))
        for column in by
        for value, rows in feedback.groupby(column, observed=True).indices.items()
    ]
    for theme, positions in positions_by_theme(mentions).items():
        yield _Series(theme, "", "", positions, every)
        for column, value, rows in groups:
            about = np.intersect1d(positions, rows)
            if len(about):
                yield _Series(theme, column, value, about, rows)
