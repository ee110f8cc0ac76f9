"""Say whether a fix worked: whether the rate of a theme really fell, or it is not proven yet.

Three guards stand against wishful reading. When all complaints fall, no fix did it: so the change
is divided by the change of all other themes over the same days. A fix is mostly made when things
look worst, and a chance peak falls back by itself: so the days before are held together with the
usual ones as far as chance explains how they differ, and the usual ones with those of other themes
as far as these are alike. And what had fallen before the fix was made, the fix did not do.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.stats import binom

from detractor.errors import ParameterError
from detractor.intervals import CONFIDENCE, Interval
from detractor.mentions import POSITION, THEME
from detractor.movements import days_of
from detractor.rate_changes import (
    Side,
    dispersion_of,
    divide,
    had_fallen,
    has_usual,
    ratio_of_rates,
    ratio_to_expected,
    ratio_to_usual,
    typical,
)
from detractor.schema import Columns, require

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

FIXED, WORSE, NOT_PROVEN = "fixed", "worse", "not proven yet"

POWER = 0.8
"""Chance of proof that the number of further days gives, if the rate stays as it is now."""
HOPED_RATIO = 0.5
"""What is taken as the ratio for planning where nothing points to a fall: a halved rate."""
LONGEST_WAIT = 3650


@dataclass(frozen=True, kw_only=True)
class Fix:
    """What came of a fix.

    Parameters
    ----------
    verdict : str
        "fixed", "not proven yet" or "worse".
    before, after : int
        Mentions in the days before and after.
    ratio : Interval
        Rate after against the rate to be expected without a fix, 95 % (widened where days vary more
        than chance). Expected is the rate before, held together with the usual one as far as chance
        explains how the two differ.
    against_others : Interval
        That ratio divided by the same ratio of all other themes; the verdict rests on both.
    against_usual : Interval
        Rate after against the usual rate, from the days before `before`, and from those too as far
        as chance explains how they differ; open where there are none.
    more_days : int or None
        How many more days prove it with 80 % chance, if the rate stays; None where proven, or where
        ten years would not do.
    reason : str
        The verdict in a sentence.

    Examples
    --------
    >>> one = Interval(1.0, 0.5, 2.0)
    >>> Fix(verdict="not proven yet", before=4, after=4, ratio=one, against_others=one,
    ...     against_usual=one, more_days=12, reason="").more_days
    12
    """

    verdict: str
    before: int
    after: int
    ratio: Interval
    against_others: Interval
    against_usual: Interval
    more_days: int | None
    reason: str


@dataclass(frozen=True, kw_only=True)
class FixWindow:
    """Which days are compared.

    Parameters
    ----------
    before, after : int
        At most so many days on each side of the fix. (Assumption: eight weeks hold the season.)
    settling : int
        Days after the fix that count for neither side, while old cases still come in.

    Raises
    ------
    ParameterError
        If a side has no day.

    Examples
    --------
    >>> FixWindow(before=28).after
    56
    """

    before: int = 56
    after: int = 56
    settling: int = 0

    def __post_init__(self) -> None:
        if min(self.before, self.after) < 1 or self.settling < 0:
            raise ParameterError(f"{self}: each side needs a day, and settling is 0 or more")


def verify_fix(
    theme: str,
    fixed_at: object,
    *,
    mentions: pd.DataFrame,
    feedback: pd.DataFrame,
    columns: Columns | None = None,
    window: FixWindow | None = None,
) -> Fix:
    """Compare the rate of a theme before and after a fix.

    The exposure is the volume of feedback: a theme falls when a smaller share of the feedback
    speaks of it. The day of the fix itself counts for neither side.

    Parameters
    ----------
    theme : str
        As in `mentions`.
    fixed_at : date
        When the fix went live; anything pandas reads as a date.
    mentions : DataFrame
        `Themes.mentions`.
    feedback : DataFrame
        The table the themes were found in, with dates.
    columns : Columns, optional
        What its columns are called.
    window : FixWindow, optional
        Which days are compared.

    Returns
    -------
    Fix

    Raises
    ------
    SchemaError
        If there is no date column.
    ParameterError
        If a side holds no feedback.

    Examples
    --------
    >>> days = pd.date_range("2026-01-01", periods=80).repeat(5)
    >>> feedback = pd.DataFrame({"date": days})
    >>> late = [i for i in range(200) if i % 5 < 2]
    >>> mentions = pd.DataFrame({"theme": "late", "position": late})
    >>> fix = verify_fix("late", "2026-02-10", mentions=mentions, feedback=feedback)
    >>> fix.verdict, fix.ratio.estimate
    ('fixed', 0.0)
    """
    columns, window = columns or Columns(), window or FixWindow()
    require(feedback, columns.date)
    days = days_of(feedback, columns.date)
    offset = days - float(days_of(pd.DataFrame({"day": [fixed_at]}), "day")[0])
    sides = {
        "usual": offset < -window.before,
        "before": (offset < 0) & (offset >= -window.before),
        "after": (offset > window.settling) & (offset <= window.settling + window.after),
    }
    for side in ("before", "after"):
        if not sides[side].any():
            raise ParameterError(f"no feedback {side} the fix at {fixed_at}; widen the window")
    about = _marked(mentions.loc[mentions[THEME] == theme, POSITION], len(feedback))
    other = _marked(mentions.loc[mentions[THEME] != theme, POSITION], len(feedback)) & ~about
    usual = mentions.loc[sides["usual"][mentions[POSITION]], THEME]
    return judge_fix(
        {name: _side(about, offset, chosen) for name, chosen in sides.items()},
        {name: _side(other, offset, chosen) for name, chosen in sides.items()},
        peers=usual[usual != theme].value_counts().to_list(),
    )


def judge_fix(
    theme: dict[str, Side],
    others: dict[str, Side] | None = None,
    *,
    peers: Sequence[float] = (),
) -> Fix:
    """Judge a fix from daily counts, where the exposure is not the feedback: orders, flights.

    Parameters
    ----------
    theme : dict of str to Side
        "before" and "after", and "usual" where there are days before those.
    others : dict of str to Side, optional
        The same of what the theme is compared with.
    peers : sequence of float, optional
        How many events each of the others had in the usual days. Where they are much alike, a theme
        that was larger was so by chance.

    Examples
    --------
    >>> def side(events, days):
    ...     return Side(events=np.full(days, events), exposure=np.full(days, 100.0))
    >>> judge_fix({"before": side(4.0, 28), "after": side(1.0, 28)}).verdict
    'fixed'
    >>> early = judge_fix({"before": side(1.0, 28), "after": side(0.5, 6)})
    >>> early.verdict, early.more_days > 10
    ('not proven yet', True)
    """
    spread = dispersion_of([theme["before"], theme["after"]])
    drift, usual_drift = Interval(1.0, 1.0, 1.0), 1.0
    if others is not None and min(others[side].total[0] for side in ("before", "after")) > 0:
        wide = dispersion_of([others["before"], others["after"]])
        drift = ratio_of_rates(others["after"], others["before"], wide)
        if has_usual(others) and others["usual"].total[0] > 0:
            usual_drift = ratio_of_rates(others["before"], others["usual"], 1.0).estimate
    told = (0.0, 0.0)
    if has_usual(theme):
        told = typical(np.asarray(peers, dtype=np.float64), theme["usual"].total[1])
    ratio = ratio_to_expected(theme, usual_drift, spread, told)
    adjusted = divide(ratio, drift)
    verdict, reason = _verdict((ratio, adjusted), theme, spread)
    days = _more_days(theme, adjusted, spread) if reason == NOT_PROVEN else None
    if days is not None:
        reason += f": needs about {days} more day{'s' if days > 1 else ''}"
    return Fix(
        verdict=verdict,
        before=theme["before"].total[0],
        after=theme["after"].total[0],
        ratio=ratio,
        against_others=adjusted,
        against_usual=ratio_to_usual(theme, usual_drift, spread, told),
        more_days=days,
        reason=reason,
    )


def _verdict(
    ratios: tuple[Interval, Interval], theme: dict[str, Side], dispersion: float
) -> tuple[str, str]:
    # Alone and beside the others: when the largest theme falls, all others rise beside it.
    if min(ratio.low for ratio in ratios) > 1:
        return WORSE, "worse: the rate is higher than before, beyond chance"
    if not ratios[0].high < 1:
        if ratio_of_rates(theme["after"], theme["before"], dispersion).high < 1:
            return NOT_PROVEN, "not proven yet: a chance peak may have fallen back by itself"
        return NOT_PROVEN, NOT_PROVEN
    if not ratios[1].high < 1:
        return NOT_PROVEN, "not proven yet: the rate fell, but other themes may have fallen alike"
    if had_fallen(theme["before"], dispersion):
        return NOT_PROVEN, "not proven yet: the rate had fallen before the fix was made"
    return FIXED, "fixed: the rate is lower than before, beyond chance and beside other themes"


def _more_days(theme: dict[str, Side], adjusted: Interval, dispersion: float) -> int | None:
    """Find how many more days give proof with 80 % chance, if the rate after stays as it is."""
    events, exposure = theme["before"].total
    made, days = theme["after"].total[0], len(theme["after"].exposure)
    ratio = adjusted.estimate
    if events == 0 or not isfinite(ratio):
        return None
    if ratio >= 1:
        ratio = HOPED_RATIO
    daily = theme["after"].total[1] / days
    rate = events / exposure * ratio * daily

    def power(more: int) -> float:
        expected = (made + rate * more) / dispersion
        return _proves(events / dispersion, exposure, expected, daily * (days + more))

    if power(LONGEST_WAIT) < POWER:
        return None
    return bisect_left(range(LONGEST_WAIT), POWER, lo=1, key=power)


def _proves(events: float, exposure: float, expected: float, exposure_after: float) -> float:
    """Give the chance that the interval lies below 1, from the conditional binomial."""
    total = round(events + expected)
    under_null = exposure_after / (exposure + exposure_after)
    truly = expected / (events + expected)
    counts = np.arange(total + 1)
    mid_p = binom.cdf(counts, total, under_null) - binom.pmf(counts, total, under_null) / 2
    proof = counts[mid_p <= (1 - CONFIDENCE) / 2]
    return float(binom.cdf(proof.max(), total, truly)) if len(proof) else 0.0


def _marked(positions: pd.Series, rows: int) -> NDArray[np.bool_]:
    marked = np.zeros(rows, dtype=bool)
    marked[positions.to_numpy(dtype=np.intp)] = True
    return marked


def _side(about: NDArray[np.bool_], offset: NDArray[np.float64], chosen: NDArray[np.bool_]) -> Side:
    """Count by days; days without feedback are no exposure."""
    days = offset[chosen].astype(np.int64)
    if not len(days):
        return Side(events=np.zeros(0), exposure=np.zeros(0))
    start = days.min()
    exposure = np.bincount(days - start).astype(np.float64)
    hits = about[chosen].astype(np.float64)
    events = np.bincount(days - start, weights=hits, minlength=len(exposure))
    return Side(events=events.astype(np.float64), exposure=exposure)
