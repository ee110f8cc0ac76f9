"""Uplift metrics: equal to scikit-uplift 0.5.1 on literal rows, and sound on others."""

import numpy as np
import pytest

from detractor.errors import ParameterError
from detractor.experiments import policy_value
from detractor.uplift_metrics import (
    calibration_slope,
    curve_band,
    profit_curve,
    qini_curve,
    qini_score,
    uplift_at,
    uplift_curve,
    uplift_score,
    weighted_average_uplift,
)

OUTCOME = np.array([1, 0, 1, 1, 0, 0, 1, 0, 1, 0, 0, 1, 0, 1, 0, 0])
TREATMENT = np.array([1, 1, 0, 1, 0, 0, 1, 0, 0, 1, 1, 1, 0, 0, 1, 0])
UPLIFT = np.array([0.9, 0.8, 0.8, 0.7, 0.6, 0.5, 0.5, 0.5, 0.4, 0.3, 0.2, 0.2, 0.1, 0, -0.1, -0.1])
ROWS = (OUTCOME, UPLIFT, TREATMENT)


def test_figures_equal_scikit_uplift() -> None:
    """The numbers were computed with scikit-uplift 0.5.1 on these rows, ties included."""
    assert qini_score(*ROWS) == pytest.approx(0.11187739463601538, abs=1e-9)
    assert qini_score(*ROWS, negative_effect=False) == pytest.approx(0.6488888888888892, abs=1e-9)
    assert uplift_score(*ROWS) == pytest.approx(0.13061224489795914, abs=1e-9)
    assert uplift_at(*ROWS, share=0.5) == pytest.approx(0.5, abs=1e-9)
    assert uplift_at(*ROWS, share=0.25, by_group=True) == pytest.approx(0.0, abs=1e-9)
    assert weighted_average_uplift(*ROWS, bins=4) == pytest.approx(-0.2916666666666667, abs=1e-9)


def test_curves_equal_scikit_uplift() -> None:
    qini = [0, 1, -1, -1, 0.5, 2, 1.4, 1, 1.2, 1.6666666666666665, 1, 1]
    uplift = [0, 1, -1.5, -1.3333333333333335, 0.8333333333333331, 4, 3.15, 2]
    uplift += [2.0571428571428565, 3.095238095238095, 2, 2]
    assert qini_curve(*ROWS).gain == pytest.approx(qini, abs=1e-9)
    assert uplift_curve(*ROWS).gain == pytest.approx(uplift, abs=1e-9)


def test_a_random_order_scores_about_nothing() -> None:
    rng = np.random.default_rng(0)
    treatment = np.tile([0, 1], 5000)
    outcome = rng.random(10000) < 0.3 + 0.1 * treatment
    assert abs(qini_score(outcome, rng.random(10000), treatment)) < 0.03


def test_the_curve_ends_at_the_whole_effect() -> None:
    band = curve_band(uplift_curve, *ROWS, points=3, replicates=20)
    assert band["gain"].iloc[-1] == pytest.approx(2.0)
    assert (band["low"] <= band["high"]).all()


def test_profit_counts_the_cost_of_each_contact() -> None:
    assert profit_curve(*ROWS, value=0.0, cost=2.0).gain[-1] == -32.0


def test_policy_value_weighs_by_propensity() -> None:
    rng = np.random.default_rng(1)
    wanted = rng.integers(0, 2, 20000)
    treatment = (rng.random(20000) < 0.8).astype(int)
    value = policy_value(2.0 * treatment + wanted, wanted, treatment, propensity=0.8)
    assert value.low <= 1.5 <= value.high


def test_predictions_twice_too_far_apart_have_slope_one_half() -> None:
    rng = np.random.default_rng(2)
    effect, treatment = rng.normal(size=8000), np.tile([0, 1], 4000)
    slope = calibration_slope(effect * treatment + rng.normal(size=8000), 2 * effect, treatment)
    assert slope.low < 0.5 < slope.high
    assert slope.excludes(1.0)


@pytest.mark.parametrize(
    "columns",
    [([1, 0], [1, 0], [1, 1]), ([1, 0], [1], [1, 0]), ([1, np.nan], [1, 0], [1, 0])],
    ids=["no-holdout", "lengths", "missing"],
)
def test_unusable_rows_are_named(columns) -> None:  # noqa: ANN001
    with pytest.raises(ParameterError):
        qini_curve(*columns)


def test_a_score_of_shares_refuses_money() -> None:
    with pytest.raises(ParameterError, match="0 or 1"):
        qini_score([5.0, 1.0], [1, 0], [1, 0])
