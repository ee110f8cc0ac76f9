"""Compare the rates of two stretches of days: how sure is it that they differ.

A rate is events over exposure. Days vary more than chance where complaints come in clumps, so each
interval is widened by what the days themselves show.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, isfinite, log
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import brentq
from scipy.special import betainc, betaincinv, betaln, expit, logit, ndtri

from detractor.intervals import CONFIDENCE, Interval, rate_ratio

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    Sides = Mapping[str, "Side"]

PEAKED = 0.15
"""Of the themes that are fixed, the share whose rate had truly changed before the fix, where the
counts say nothing. This and the next are set by simulation of outbreaks and of themes chosen for
their days before."""
PEAK_WEIGHT = 10.0
"""A true change may be of any size: the share of events that fall in the days before has a beta
prior of so many events."""
_FEWEST_PEERS = 5  # of fewer themes nobody can say how alike they are
_FEWEST_DAYS = 8  # before the fix, to see whether the fall began there


@dataclass(frozen=True, kw_only=True)
class Side:
    """Daily mentions and daily exposure of one stretch of days.

    Examples
    --------
    >>> Side(events=np.array([1.0, 0.0]), exposure=np.array([10.0, 12.0])).total
    (1, 22.0)
    """

    events: NDArray[np.float64]
    exposure: NDArray[np.float64]

    @property
    def total(self) -> tuple[int, float]:
        """Events and exposure of all days."""
        return round(float(self.events.sum())), float(self.exposure.sum())


def ratio_of_rates(after: Side, before: Side, dispersion: float) -> Interval:
    """Give the rate ratio, widened where days vary more than chance.

    Examples
    --------
    >>> before, after = (Side(events=np.full(20, n), exposure=np.ones(20)) for n in (4.0, 2.0))
    >>> [round(value, 2) for value in ratio_of_rates(after, before, 1.0)]
    [0.5, 0.34, 0.73]
    """
    return _widen(rate_ratio(after.total, before.total), dispersion)


def _widen(exact: Interval, dispersion: float) -> Interval:
    """Widen the range of the ratio's logarithm where days vary more than chance."""
    if dispersion <= 1 or not np.isfinite(exact.estimate) or exact.estimate <= 0:
        return exact
    wider = float(np.sqrt(dispersion))
    low = exact.estimate * (exact.low / exact.estimate) ** wider if exact.low > 0 else 0.0
    high = exact.estimate * (exact.high / exact.estimate) ** wider
    return Interval(exact.estimate, float(low), float(high))


def typical(events: NDArray[np.float64], exposure: float) -> tuple[float, float]:
    """Give what the rates of other themes tell of a theme's own, as events and their exposure.

    A theme chosen because it was largest is partly so by chance, the more, the more alike all are.
    So the mean of the others counts beside its own events: as many as in the gamma prior whose
    variance the others show beyond chance (moments, as Clayton and Kaldor 1987), and no more than
    one theme has.

    Parameters
    ----------
    events : array, shape (n_themes,)
        Of each other theme in the same days.
    exposure : float
        Of those days.

    Examples
    --------
    >>> alike, unlike = np.array([9.0, 11, 10, 8, 12]), np.array([1.0, 50, 7, 2, 90])
    >>> for events in (alike, unlike):
    ...     print([round(value, 1) for value in typical(events, 100.0)])
    [10.0, 100.0]
    [0.6, 2.0]
    """
    if len(events) < _FEWEST_PEERS or not (mean := float(events.mean())):
        return 0.0, 0.0
    beyond_chance = float(events.var(ddof=1)) - mean
    told = min(mean, mean**2 / beyond_chance) if beyond_chance > 0 else mean
    return told, exposure * told / mean


def ratio_to_expected(
    theme: Sides, usual_drift: float, dispersion: float, told: tuple[float, float] = (0.0, 0.0)
) -> Interval:
    """Give the rate after against that of the days before, with the usual days as far as they tell.

    Two readings are mixed by how well they foretell the days before: that these are as usual (the
    usual days count too), and that the rate had changed (only these do). `usual_drift` is by how
    much all other themes changed from the usual days to those before, `told` what is `typical` of
    them in the usual days.

    Examples
    --------
    >>> usual, chance, trouble, after = (
    ...     Side(events=np.full(20, n), exposure=np.ones(20)) for n in (2.0, 2.5, 9.0, 2.0)
    ... )
    >>> for before in (chance, trouble):
    ...     sides = {"usual": usual, "before": before, "after": after}
    ...     print(round(ratio_to_expected(sides, 1.0, 1.0).estimate, 2))
    0.88
    0.22
    """
    return _read_both_ways(theme, "before", usual_drift, dispersion, told)


def ratio_to_usual(
    theme: Sides, usual_drift: float, dispersion: float, told: tuple[float, float] = (0.0, 0.0)
) -> Interval:
    """Give the rate after against the usual one, with the days before as far as they are as usual.

    See `ratio_to_expected`; a theme chosen because it rose may have been low by chance.

    Examples
    --------
    >>> usual, before, after = (
    ...     Side(events=np.full(20, n), exposure=np.ones(20)) for n in (2.0, 2.5, 2.0)
    ... )
    >>> sides = {"usual": usual, "before": before, "after": after}
    >>> round(ratio_to_usual(sides, 1.0, 1.0).estimate, 2)
    0.9
    """
    if not has_usual(theme):
        return Interval(float("nan"), 0.0, float("inf"))
    return _read_both_ways(theme, "usual", usual_drift, dispersion, told)


def _read_both_ways(
    theme: Sides, named: str, usual_drift: float, dispersion: float, told: tuple[float, float]
) -> Interval:
    """Give the ratio to the rate of the days named, alone and with the others before the fix."""
    after, before = theme["after"].total, theme["before"].total
    if not has_usual(theme) or min(theme[side].total[0] for side in ("before", "usual")) == 0:
        return _widen(rate_ratio(after, theme[named].total), dispersion)
    events, exposure = (own + more for own, more in zip(theme["usual"].total, told, strict=True))
    usual = events, exposure / usual_drift
    peak = _peak_chance(before, usual, dispersion)
    alone, scale = (before, 1.0) if named == "before" else ((events, exposure), usual_drift)
    steady = before[0] + usual[0], (before[1] + usual[1]) * scale
    return _mixed(after, ((peak, alone), (1 - peak, steady)), dispersion)


def _mixed(
    after: tuple[float, float],
    readings: Sequence[tuple[float, tuple[float, float]]],
    dispersion: float,
) -> Interval:
    """Give the ratio of a rate to another that is read in several ways, each with its weight.

    Where days vary more than chance, so many events tell as much as fewer that come one by one.
    """
    made, exposure = (total / dispersion for total in after)
    readings = [(weight, (base[0] / dispersion, base[1] / dispersion)) for weight, base in readings]

    def below(ratio: float) -> float:
        """Give the confidence that the true ratio is below this one."""
        return sum(
            weight * float(betainc(made + 0.5, base[0] + 0.5, odds / (1 + odds)))
            for weight, base in readings
            for odds in (ratio * exposure / base[1],)
        )

    def limit(confidence: float) -> float:
        ends = [
            log(share / (1 - share) * base[1] / exposure)
            for _, base in readings
            for share in (float(betaincinv(made + 0.5, base[0] + 0.5, confidence)),)
        ]
        # A little wider, so that rounding leaves the crossing inside.
        low, high = min(ends) - 0.01, max(ends) + 0.01
        return exp(brentq(lambda value: below(exp(value)) - confidence, low, high))

    tail = (1 - CONFIDENCE) / 2
    rate = sum(weight * base[0] / base[1] for weight, base in readings)
    return Interval(made / exposure / rate, limit(tail) if made else 0.0, limit(1 - tail))


def _peak_chance(
    before: tuple[float, float], usual: tuple[float, float], dispersion: float
) -> float:
    """Give the probability that the rate had truly changed before the fix, by Bayes' rule."""
    seen, rest = before[0] / dispersion, usual[0] / dispersion
    share = before[1] / (before[1] + usual[1])
    prior = PEAK_WEIGHT * share, PEAK_WEIGHT * (1 - share)
    changed = betaln(seen + prior[0], rest + prior[1]) - betaln(*prior)
    steady = seen * log(share) + rest * log(1 - share)
    return float(expit(logit(PEAKED) + changed - steady))


def had_fallen(before: Side, dispersion: float) -> bool:
    """Tell whether the last quarter of the days before was below the rest, beyond chance.

    Examples
    --------
    >>> had_fallen(Side(events=np.repeat([9.0, 1.0], [21, 7]), exposure=np.ones(28)), 1.0)
    True
    """
    cut = len(before.events) * 3 // 4
    early = Side(events=before.events[:cut], exposure=before.exposure[:cut])
    late = Side(events=before.events[cut:], exposure=before.exposure[cut:])
    if min(early.total[1], late.total[1]) <= 0 or len(before.events) < _FEWEST_DAYS:
        return False
    return ratio_of_rates(late, early, dispersion).high < 1


def has_usual(sides: Sides) -> bool:
    """Tell whether there are usual days.

    Examples
    --------
    >>> has_usual({"usual": Side(events=np.zeros(0), exposure=np.zeros(0))})
    False
    """
    return "usual" in sides and sides["usual"].total[1] > 0


def divide(ratio: Interval, drift: Interval) -> Interval:
    """Divide two independent ratios; the distances add on the log scale as squares (MOVER).

    Examples
    --------
    >>> [round(value, 2) for value in divide(Interval(0.5, 0.4, 0.625), Interval(0.5, 0.4, 0.625))]
    [1.0, 0.73, 1.37]
    """
    if not (drift.low > 0 and isfinite(drift.high)):
        return ratio
    middle = ratio.estimate / drift.estimate
    if ratio.estimate <= 0 or not isfinite(ratio.estimate):
        return Interval(middle, ratio.low / drift.high, ratio.high / drift.low)
    below = np.hypot(_log(ratio.estimate / ratio.low), log(drift.high / drift.estimate))
    above = np.hypot(_log(ratio.high / ratio.estimate), log(drift.estimate / drift.low))
    return Interval(middle, float(middle * np.exp(-below)), float(middle * np.exp(above)))


def _log(value: float) -> float:
    return log(value) if isfinite(value) else float("inf")


def dispersion_of(sides: list[Side]) -> float:
    """Estimate how much more than chance days vary, 1 where that is not plain.

    Pearson's statistic over its degrees of freedom counts only when it is beyond what chance makes
    in 1 of 20 tables: widening every interval for noise would cost power and overstate coverage.

    Examples
    --------
    >>> dispersion_of([Side(events=np.tile([0.0, 0.0, 6.0], 10), exposure=np.ones(30))]) > 3
    True
    """
    pearson, freedom = 0.0, 0
    for side in sides:
        events, exposure = side.total
        seen = side.exposure > 0
        if events < 10 or seen.sum() < 7:
            continue
        expected = events * side.exposure[seen] / exposure
        pearson += float(((side.events[seen] - expected) ** 2 / expected).sum())
        freedom += int(seen.sum()) - 1
    if freedom == 0:
        return 1.0
    beyond_chance = pearson > freedom + ndtri(0.95) * np.sqrt(2 * freedom)
    return pearson / freedom if beyond_chance else 1.0
