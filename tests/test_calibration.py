import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detractor.calibration import fit_calibration, logistic, logit


@given(st.floats(-700, 700))
def test_logistic_agrees_with_the_library(x: float) -> None:
    assert logistic(x).item() == pytest.approx(1 / (1 + math.exp(-x)), rel=1e-14, abs=1e-300)


def test_logistic_has_defined_ends() -> None:
    assert logistic([-np.inf, np.inf, np.nan])[:2].tolist() == [0.0, 1.0]
    assert np.isnan(logistic(np.nan))


def test_logit_undoes_logistic() -> None:
    values = np.linspace(-8, 8, 33)
    assert logit(logistic(values)) == pytest.approx(values, abs=1e-6)


def test_calibration_finds_the_slope_and_intercept_that_made_the_labels() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=20_000) * 3
    labels = (rng.random(x.size) < logistic(0.5 * x - 1)).astype(float)
    slope, intercept = fit_calibration(x, labels)
    assert slope == pytest.approx(0.5, abs=0.03)
    assert intercept == pytest.approx(-1, abs=0.05)


def test_a_few_labels_cannot_turn_a_model_over() -> None:
    slope, _ = fit_calibration(np.array([3.0, -3.0]), np.array([0.0, 1.0]))
    assert slope > 0


def test_unknown_labels_are_left_out() -> None:
    x = np.array([1.0, -1.0, 5.0])
    assert fit_calibration(x, np.array([1, 0, np.nan])) == fit_calibration(x[:2], np.array([1, 0]))
