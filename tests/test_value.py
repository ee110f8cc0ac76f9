"""The factors of the saving move the way the evidence points, and multiply out."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detractor.errors import ParameterError
from detractor.policy import Policy
from detractor.ranking import rank
from detractor.value import log_odds, p_leaves

BASE = {"customer_id": "ann", "date": "2026-03-02", "value": 1000.0, "detractor": 0.9}
BASE |= {"anger": 0.4, "churn_risk": 0.6}
SHARE = st.floats(0.001, 0.999)


def only(policy: Policy | None = None, **cells: object) -> pd.Series:
    row = pd.DataFrame([{**BASE, **cells}])
    return rank(row, policy=policy or Policy(holdout_share=0)).iloc[0]


@pytest.mark.parametrize(
    ("cells", "factor", "sign"),
    [
        ({"tenure_years": 8}, "recoverability", 1),
        ({"purchases": 40}, "recoverability", 1),
        ({"loss": True}, "recoverability", -1),
        ({"last_contacted": "2026-03-01"}, "recoverability", -1),
        ({"churn_probability": 0.5}, "p_leaves", 1),
        ({"churn_probability": 0.01}, "p_leaves", -1),
        ({"rating": 1}, "p_leaves", 1),
        ({"rating": 10}, "p_leaves", -1),
    ],
    ids=str,
)
def test_factors_move_as_the_evidence_says(
    cells: dict[str, object], factor: str, sign: int
) -> None:
    assert np.sign(only(**cells)[factor] - only()[factor]) == sign


def test_a_plain_customer_gets_the_prior() -> None:
    assert only()["recoverability"] == pytest.approx(0.3)
    assert only()["freshness"] == pytest.approx(1 - 0.1 * 0.6 * 0.4)


def test_anger_has_reach_only_where_the_policy_says_so() -> None:
    assert only()["reach"] == 1
    assert only(Policy(reach_weight=0.5, holdout_share=0))["reach"] == pytest.approx(1.2)


@given(SHARE, SHARE, SHARE, st.floats(-1, 1))
def test_more_risk_or_a_higher_forecast_never_lowers_p_leaves(
    own: float, low: float, high: float, trend: float
) -> None:
    low, high = sorted([low, high])
    policy = Policy()

    def p(forecast: float, risk: float) -> float:
        one = np.array([forecast]), np.array([risk]), np.array([trend])
        return float(p_leaves(*one, policy=policy)[0])

    assert 0 <= p(own, low) <= p(own, high) <= 1
    assert p(low, own) <= p(high, own)


@pytest.mark.parametrize(("weight", "sign"), [(0.0, 0), (0.5, -1), (1.0, -1)])
def test_a_forecast_counts_by_its_weight(weight: float, sign: int) -> None:
    told = np.array([0.9, np.nan])
    high, unknown = p_leaves(
        told, np.full(2, 0.2), np.zeros(2), policy=Policy(forecast_weight=weight)
    )
    assert np.sign(unknown - high) == sign


class Told:
    """A saving model that says what it is told."""

    def __init__(self, weight: float, saving: object) -> None:
        self.weight, self.saving = weight, saving

    def predict(self, customers: pd.DataFrame) -> np.ndarray:
        """Say it."""
        return np.full(len(customers), self.saving, dtype=float)


def test_a_learned_saving_replaces_the_prior_by_its_weight() -> None:
    prior = only()
    for weight in (0.0, 0.5, 1.0):
        row = only(Policy(saving_model=Told(weight, 0.1), holdout_share=0))
        stays = row["p_leaves"] * row["recoverability"] * row["freshness"]
        before = prior["p_leaves"] * prior["recoverability"] * prior["freshness"]
        assert stays == pytest.approx((1 - weight) * before + weight * 0.1)


def test_a_contact_that_does_harm_has_a_negative_saving_and_is_not_made() -> None:
    row = only(Policy(saving_model=Told(1.0, -0.05), holdout_share=0))
    assert row["expected_saving"] == pytest.approx(-1000 * 0.05 - 10)
    assert not row["contact"]


def test_nobody_is_kept_who_would_not_leave() -> None:
    row = only(Policy(saving_model=Told(1.0, 1.0), holdout_share=0))
    assert row["recoverability"] == 1


@pytest.mark.parametrize("model", [Told(2.0, 0.1), Told(1.0, np.nan)], ids=["weight", "nan"])
def test_a_model_out_of_range_is_refused(model: Told) -> None:
    with pytest.raises(ParameterError, match="saving_model"):
        only(Policy(saving_model=model))


def test_log_odds_stay_finite() -> None:
    assert np.isfinite(log_odds(np.array([0.0, 1.0]))).all()
