"""Intervals: known values, edges, and how often they hold the truth."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from detractor.errors import ParameterError
from detractor.intervals import (
    Interval,
    bootstrap,
    mean_difference,
    mean_interval,
    proportion_difference,
    quantile_interval,
    rate_ratio,
    ratio_of_means,
    wilson,
)


def test_newcombe_gives_the_published_example() -> None:
    assert proportion_difference((56, 70), (48, 80)) == pytest.approx(
        (0.2, 0.0524, 0.3339), abs=1e-4
    )


def test_wilson_gives_the_published_example() -> None:
    assert wilson(81, 263) == pytest.approx((0.3080, 0.2553, 0.3662), abs=1e-4)


@given(st.integers(0, 50), st.integers(0, 50))
def test_wilson_holds_its_estimate(successes: int, failures: int) -> None:
    share = wilson(successes, successes + failures)
    assert 0 <= share.low <= share.high <= 1
    assert np.isnan(share.estimate) or share.low <= share.estimate <= share.high


@given(st.integers(0, 40), st.integers(0, 40))
def test_rate_ratio_turns_over_when_the_periods_change_places(after: int, before: int) -> None:
    there, back = rate_ratio((after, 3.0), (before, 5.0)), rate_ratio((before, 5.0), (after, 3.0))
    if after and before:
        assert there.low == pytest.approx(1 / back.high)
        assert there.low < there.estimate < there.high


def test_empty_groups_say_nothing() -> None:
    empty = np.array([])
    for interval in (mean_interval(empty), quantile_interval(empty), mean_difference(empty, empty)):
        assert np.isnan(interval.estimate)
        assert interval[1:] == (-np.inf, np.inf)
    assert np.isnan(proportion_difference((0, 0), (1, 2)).estimate)


def test_equal_values_leave_nothing_open() -> None:
    assert mean_difference([2.0, 2.0], [1.0, 1.0]) == Interval(1.0, 1.0, 1.0)


@pytest.mark.parametrize(
    "call",
    [
        lambda: wilson(3, 2),
        lambda: wilson(1, 2, confidence=95),
        lambda: rate_ratio((0.5, 1), (1, 1)),
        lambda: rate_ratio((1, 0), (1, 1)),
        lambda: quantile_interval([1.0], 1.0),
    ],
    ids=["more-than-all", "percent", "half-an-event", "no-exposure", "level"],
)
def test_impossible_arguments_are_named(call) -> None:  # noqa: ANN001
    with pytest.raises(ParameterError):
        call()


def test_the_bootstrap_repeats_itself() -> None:
    values = np.random.default_rng(1).normal(size=80)
    assert bootstrap(np.mean, values, replicates=50, seed=3) == bootstrap(
        np.mean, values, replicates=50, seed=3
    )


def test_wilson_holds_the_truth_on_average() -> None:
    """Exact, over a grid of shares; at one share it swings with the grain of whole counts."""
    intervals = [wilson(successes, 40) for successes in range(41)]
    held = [
        sum(
            binom.pmf(successes, 40, share)
            for successes, interval in enumerate(intervals)
            if interval.low <= share <= interval.high
        )
        for share in np.linspace(0.05, 0.95, 91)
    ]
    assert 0.94 <= np.mean(held) <= 0.96


def _held(draw, truth: float, *, rounds: int = 1000) -> float:  # noqa: ANN001
    rng = np.random.default_rng(5)
    intervals = [draw(rng) for _ in range(rounds)]
    return float(np.mean([interval.low <= truth <= interval.high for interval in intervals]))


@pytest.mark.parametrize(
    ("draw", "truth"),
    [
        (
            lambda rng: proportion_difference(
                (rng.binomial(80, 0.7), 80), (rng.binomial(40, 0.6), 40)
            ),
            0.1,
        ),
        (lambda rng: mean_interval(rng.normal(size=12)), 0.0),
        (lambda rng: mean_difference(rng.normal(size=12), rng.normal(size=30) * 3), 0.0),
        (lambda rng: quantile_interval(rng.exponential(size=40)), np.log(2)),
        (lambda rng: rate_ratio((rng.poisson(8), 100), (rng.poisson(24), 150)), 0.5),
        (
            lambda rng: ratio_of_means(rng.normal(6, 2, size=30), rng.normal(3, 0.5, size=30)),
            2.0,
        ),
    ],
    ids=["difference", "mean", "means", "median", "rates", "ratio"],
)
def test_intervals_hold_the_truth_as_often_as_they_say(draw, truth: float) -> None:  # noqa: ANN001
    assert 0.93 <= _held(draw, truth) <= 0.97
