"""What the past teaches of leaving, and what it may not teach."""

import numpy as np
import pandas as pd
import pytest

from detractor.customers import standing, trends
from detractor.departures import fit_policy
from detractor.errors import ParameterError, SchemaError
from detractor.histories import read_history
from detractor.policy import Policy
from detractor.schema import Columns
from detractor.value import own_forecast, p_leaves

SIZE = 1500
AS_OF = "2025-03-31"


@pytest.fixture(scope="module")
def past() -> pd.DataFrame:
    """Draw two texts a customer, and a forecast for most."""
    dice = np.random.default_rng(5)
    owner = np.repeat(np.arange(SIZE), 2)
    forecast = np.where(dice.random(SIZE) < 0.8, dice.beta(1, 6, SIZE), np.nan)
    days = pd.Timestamp("2025-03-31") - pd.to_timedelta(dice.integers(0, 200, 2 * SIZE), unit="D")
    return pd.DataFrame(
        {
            "customer_id": owner,
            "date": days,
            "detractor": dice.beta(1, 2, 2 * SIZE),
            "anger": dice.beta(1, 5, 2 * SIZE),
            "churn_risk": dice.beta(0.5, 3, 2 * SIZE),
            "churn_probability": forecast[owner],
        }
    )


def leave(past: pd.DataFrame, policy: Policy) -> pd.Series:
    """Let customers leave as a policy believes."""
    history = read_history(past, policy=policy, columns=Columns(), as_of=AS_OF)
    risk = policy.text_risk(*standing(history, policy=policy))
    own = own_forecast(history, policy=policy)
    p = p_leaves(own, risk, trends(history, policy=policy), policy=policy)
    dice = np.random.default_rng(6)
    return pd.Series(dice.random(len(p)) < p, index=history.groups.keys)


def test_true_beliefs_are_found_and_adopted(past: pd.DataFrame) -> None:
    truth = Policy(base_churn=0.2, forecast_weight=0.0, text_weight=1.2, trend_weight=0.0)
    fit = fit_policy(past, leave(past, truth), as_of=AS_OF)
    assert fit.adopted
    assert fit.gain > 3 * fit.error
    assert fit.policy.base_churn == pytest.approx(0.2, abs=0.06)
    assert fit.policy.forecast_weight < 0.25
    assert fit.policy.text_weight == pytest.approx(1.2, abs=0.35)
    assert fit.policy.trend_weight < 0.6
    assert fit.beliefs.loc["text_weight", "before"] == 0.5


def test_beliefs_that_hold_are_kept(past: pd.DataFrame) -> None:
    fit = fit_policy(past, leave(past, Policy()), as_of=AS_OF)
    assert not fit.adopted
    assert fit.policy == Policy()


def test_the_past_is_not_told_by_its_future_nor_by_those_we_called(past: pd.DataFrame) -> None:
    left = leave(past, Policy(text_weight=1.0)).iloc[:1000]
    told = fit_policy(past, left, as_of=AS_OF)
    later = past.assign(date="2025-04-02", churn_risk=0.99)
    called = pd.DataFrame({"customer_id": [SIZE], "contacted_at": ["2025-04-01"]})
    seen = pd.concat([past, later, later.head(1).assign(customer_id=SIZE)])
    everyone = pd.concat([left, pd.Series({SIZE: True})])
    again = fit_policy(seen, everyone, as_of=AS_OF, contacts=called)
    pd.testing.assert_frame_equal(told.beliefs, again.beliefs)
    assert told.customers == again.customers == 1000


def test_customers_contacted_since_are_left_out(past: pd.DataFrame) -> None:
    left = leave(past, Policy())
    calls = {"2025-03-30": SIZE, "2025-04-01": SIZE - 500}
    for day, customers in calls.items():
        called = pd.DataFrame({"customer_id": range(500), "contacted_at": day})
        assert fit_policy(past, left, as_of=AS_OF, contacts=called).customers == customers


def test_too_few_who_left_teach_nothing(past: pd.DataFrame) -> None:
    nobody = pd.Series(False, index=range(SIZE))
    with pytest.raises(ParameterError, match="of 1,500 customers without a contact 0 left"):
        fit_policy(past, nobody, as_of=AS_OF)
    with pytest.raises(SchemaError, match="customer_id"):
        fit_policy(past.drop(columns="customer_id"), nobody, as_of=AS_OF)
