"""Discrimination and calibration against scikit-learn and against arithmetic by hand."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score

from detractor.areas import area_interval
from detractor.errors import ParameterError
from detractor.evaluation import (
    Line,
    calibration,
    calibration_curve_by_labels,
    discrimination,
    expected_calibration_error,
    fit_line,
    reliability,
    tune_threshold,
)

ROWS = st.lists(
    st.tuples(st.integers(0, 1), st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0])),
    min_size=2,
    max_size=40,
)


@given(ROWS)
def test_discrimination_equals_scikit_learn(rows: list[tuple[int, float]]) -> None:
    y, p = np.array(rows).T
    table = discrimination(y, p).loc["all"]
    if y.any():
        assert table["average_precision"] == pytest.approx(average_precision_score(y, p))
    if 0 < y.sum() < len(y):
        assert table["auc"] == pytest.approx(roc_auc_score(y, p))
        assert 0 <= table["auc_low"] <= table["auc"] <= table["auc_high"] <= 1


def test_the_interval_of_an_area_is_the_same_from_either_side() -> None:
    dice = np.random.default_rng(0)
    high, low = dice.normal(1, 2, 20), dice.normal(size=90)
    there, back = area_interval(high, low), area_interval(low, high)
    assert (1 - back.estimate, 1 - back.high, 1 - back.low) == pytest.approx(there)
    assert area_interval(high, low + 99) == pytest.approx((0, 0, 0.06), abs=0.01)


def test_groups_and_unknown_labels() -> None:
    table = discrimination(
        [0, 1, float("nan"), 1], [0.2, 0.9, 0.5, 0.7], by=["shop", "shop", "web", "web"]
    )
    assert table.index.tolist() == ["all", "shop", "web"]
    assert table["n"].tolist() == [3, 2, 1]
    assert table.loc["shop", "auc"] == 1.0
    assert np.isnan(table.loc["web", "auc"])


@given(ROWS, st.integers(1, 20))
def test_reliability_loses_no_row_and_splits_no_tie(
    rows: list[tuple[int, float]], bins: int
) -> None:
    y, p = np.array(rows).T
    table = reliability(y, p, bins=bins)
    assert table["n"].sum() == len(rows)
    assert len(table) <= min(bins, len(set(p)))
    assert (table["predicted"].diff().dropna() > 0).all()
    assert np.average(table["observed"], weights=table["n"]) == pytest.approx(y.mean())


def test_calibration_by_hand() -> None:
    table = calibration([1, 1, 0, 0], [0.8, 0.6, 0.4, 0.2]).loc["all"]
    assert table["brier"] == pytest.approx((0.04 + 0.16 + 0.16 + 0.04) / 4)
    assert table[["observed", "predicted"]].tolist() == pytest.approx([0.5, 0.5])


def test_calibration_of_nothing() -> None:
    assert calibration([], []).loc["all", "n"] == 0
    assert np.isnan(expected_calibration_error([], []))


def test_the_line_is_found() -> None:
    rng = np.random.default_rng(0)
    true = rng.uniform(0.02, 0.98, size=20_000)
    y = rng.uniform(size=len(true)) < true
    skewed = Line(2.0, 0.5).apply(true)
    line = fit_line(y, skewed)
    assert line.slope == pytest.approx(0.5, abs=0.02)
    assert line.intercept == pytest.approx(-0.25, abs=0.03)
    assert expected_calibration_error(y, line.apply(skewed)) < 0.02


def test_separable_labels_leave_the_line_finite() -> None:
    line = fit_line([0, 0, 1, 1], [0.0, 0.0, 1.0, 1.0])
    assert np.isfinite(line).all()


def test_labels_buy_calibration() -> None:
    rng = np.random.default_rng(0)
    p = rng.uniform(size=4000)
    y = rng.uniform(size=4000) < p**3
    curve = calibration_curve_by_labels(y, p, sizes=(50, 500, 9999), repeats=5)
    assert curve["labels"].tolist() == [0, 50, 500]
    assert curve["calibration_error"].iloc[-1] < curve["calibration_error"].iloc[0] / 3
    again = calibration_curve_by_labels(y, p, sizes=(50, 500, 9999), repeats=5)
    pd.testing.assert_frame_equal(curve, again)


def test_the_labels_that_recalibrate_are_not_judged() -> None:
    curve = calibration_curve_by_labels([0, 1], [0.5, 0.5], sizes=(1,))
    wrongly_sure = fit_line([1], [0.5]).apply([0.5])[0]
    assert curve["brier"].tolist() == pytest.approx([0.25, wrongly_sure**2])


@given(ROWS, st.floats(0, 10), st.floats(0, 10), st.one_of(st.none(), st.integers(0, 40)))
def test_no_threshold_is_cheaper(
    rows: list[tuple[int, float]], cost_fp: float, cost_fn: float, capacity: int | None
) -> None:
    y, p = np.array(rows).T
    best = tune_threshold(y, p, cost_fp=cost_fp, cost_fn=cost_fn, capacity=capacity)
    flagged = p >= best.threshold
    assert flagged.sum() == best.flagged
    assert capacity is None or best.flagged <= capacity
    for threshold in [*p, np.inf]:
        other = p >= threshold
        if capacity is None or other.sum() <= capacity:
            cost = (cost_fp * (other & (y == 0)) + cost_fn * (~other & (y == 1))).mean()
            assert best.cost <= cost + 1e-9


def test_ties_do_not_exceed_the_capacity() -> None:
    assert tune_threshold([1, 1, 0], [0.5, 0.5, 0.5], capacity=2).flagged == 0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: discrimination([0, 2], [0.1, 0.2]), "label 2"),
        (lambda: discrimination([0], [0.1, 0.2]), "one each"),
        (lambda: discrimination([0, 1], [0.1, 1.2]), r"probability 1\.2"),
        (lambda: discrimination([0, 1], [0.1, 0.2], by=["a"]), "1 groups"),
        (lambda: reliability([0, 1], [0.1, 0.2], bins=0), "bins=0"),
        (lambda: calibration_curve_by_labels([0, 1], [0.1, 0.2], repeats=0), "repeats=0"),
        (lambda: tune_threshold([0, 1], [0.1, 0.2]), "no cost and no capacity"),
        (lambda: tune_threshold([0, 1], [0.1, 0.2], cost_fp=1), "one cost"),
        (lambda: tune_threshold([0, 1], [0.1, 0.2], capacity=-1), "capacity=-1"),
    ],
)
def test_mistakes_are_named(call: object, message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        call()  # type: ignore[operator]
