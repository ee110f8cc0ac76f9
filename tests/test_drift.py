"""Drift: quiet where nothing changed, loud where something did."""

import numpy as np
import pytest

from detractor.drift import calibration_drift, population_stability, watch_drift
from detractor.errors import ParameterError

SCORES = np.random.default_rng(0).beta(2, 5, 4000)


def test_a_fresh_sample_of_the_same_is_stable() -> None:
    assert population_stability(SCORES[:2000], SCORES[2000:]) < 0.02
    assert not watch_drift(SCORES[:2000], SCORES[2000:]).retrain


def test_shifted_scores_call_for_a_fit() -> None:
    assert watch_drift(SCORES, np.sqrt(SCORES)).retrain


def test_outcomes_beyond_the_tolerance_call_for_a_fit() -> None:
    outcome = np.tile([0.0, 1.0], 400)
    drift = watch_drift(SCORES, SCORES, predicted=np.full(800, 0.3), outcome=outcome)
    assert drift.retrain
    assert "outcomes" in drift.reason
    assert not watch_drift(SCORES, SCORES, predicted=np.full(800, 0.48), outcome=outcome).retrain


def test_one_value_only_is_no_failure() -> None:
    assert population_stability([0.5] * 100, [0.5] * 200) < 0.01


def test_mistakes_are_named() -> None:
    with pytest.raises(ParameterError):
        population_stability([], [1.0])
    with pytest.raises(ParameterError):
        population_stability([1.0], [1.0], bins=1)
    with pytest.raises(ParameterError):
        calibration_drift([0.1], [0, 1])


def test_calibration_drift_knows_that_each_has_a_chance_of_their_own() -> None:
    chances = np.tile([0.01, 0.99], 100)
    outcome = np.tile([0.0, 1.0], 100)
    sure, alike = calibration_drift(chances, outcome), calibration_drift([0.5] * 200, outcome)
    assert sure.estimate == pytest.approx(alike.estimate, abs=1e-12)
    assert sure.high - sure.low < 0.3 * (alike.high - alike.low)
    assert calibration_drift([0.2, 0.4, np.nan], [0, 1, 1]) == calibration_drift([0.2, 0.4], [0, 1])
