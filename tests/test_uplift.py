"""Uplift models: manners of scikit-learn, what they find, and what they refuse."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

from detractor.errors import NotFittedError, ParameterError, SchemaError
from detractor.experiments import days_to_significance, power
from detractor.interactions import ShrunkenInteractions
from detractor.policy import SavingModel
from detractor.uplift import LEARNERS, UpliftModel, sleeping_dogs
from detractor.uplift_metrics import qini_score

RNG = np.random.default_rng(11)
ROWS = 2000
CUSTOMERS = pd.DataFrame(
    {
        "anger": RNG.random(ROWS),
        "plan": RNG.choice(["week", "flex"], ROWS),
        "noise": RNG.random(ROWS),
    }
)
CONTACTED = RNG.integers(0, 2, ROWS)
EFFECT = np.where(CUSTOMERS["anger"] > 0.3, 0.25, -0.2)
STAYED = (RNG.random(ROWS) < 0.5 + CONTACTED * EFFECT).astype(float)


@pytest.mark.parametrize("learner", ["auto", *LEARNERS])
def test_every_learner_finds_whom_a_contact_saves(learner: str) -> None:
    before = CUSTOMERS.copy()
    model = UpliftModel(learner=learner).fit(CUSTOMERS, STAYED, treatment=CONTACTED)
    saving = model.predict(CUSTOMERS)
    assert qini_score(STAYED, saving, CONTACTED) > 0.1
    assert saving.mean() == pytest.approx(model.effect_.estimate, abs=0.05)
    pd.testing.assert_frame_equal(CUSTOMERS, before)


def test_money_is_an_outcome_too() -> None:
    money = 50 * STAYED + RNG.normal(size=ROWS)
    model = UpliftModel(learner="shrunken").fit(CUSTOMERS, money, treatment=CONTACTED)
    assert model.predict(CUSTOMERS.iloc[:5]).shape == (5,)
    assert model.effect_.estimate == pytest.approx(50 * EFFECT.mean(), abs=6)


def test_sleeping_dogs_are_found() -> None:
    model = UpliftModel(learner="shrunken").fit(CUSTOMERS, STAYED, treatment=CONTACTED)
    dogs = sleeping_dogs(model.predict(CUSTOMERS))
    assert (EFFECT[dogs] < 0).mean() > 0.8


def test_manners_of_scikit_learn() -> None:
    model = UpliftModel(learner="shrunken", folds=3)
    assert clone(model).get_params() == model.get_params()
    assert isinstance(model.fit(CUSTOMERS, STAYED, treatment=CONTACTED), SavingModel)
    again = clone(model).fit(CUSTOMERS, STAYED, treatment=CONTACTED)
    assert (again.predict(CUSTOMERS) == model.predict(CUSTOMERS)).all()


def test_the_weight_grows_with_the_evidence() -> None:
    few = slice(0, 60)
    model = UpliftModel(learner="shrunken", folds=3)
    small = clone(model).fit(CUSTOMERS[few], STAYED[few], treatment=CONTACTED[few]).weight
    assert 0 < small < model.fit(CUSTOMERS, STAYED, treatment=CONTACTED).weight < 1


def test_missing_and_unknown_values_have_a_prediction() -> None:
    model = UpliftModel(learner="shrunken").fit(CUSTOMERS, STAYED, treatment=CONTACTED)
    odd = pd.DataFrame({"anger": [np.nan], "plan": ["never seen"], "noise": [0.5]})
    assert np.isfinite(model.predict(odd)).all()


def test_mistakes_are_named() -> None:
    with pytest.raises(NotFittedError):
        UpliftModel().predict(CUSTOMERS)
    with pytest.raises(ParameterError, match="two_model"):
        UpliftModel(learner="two_models").fit(CUSTOMERS, STAYED, treatment=CONTACTED)
    with pytest.raises(ParameterError, match="random_state=-1"):
        UpliftModel(random_state=-1).fit(CUSTOMERS, STAYED, treatment=CONTACTED)
    with pytest.raises(ParameterError, match="held out"):
        UpliftModel().fit(CUSTOMERS, STAYED, treatment=np.ones(ROWS))
    model = UpliftModel(learner="shrunken").fit(CUSTOMERS, STAYED, treatment=CONTACTED)
    with pytest.raises(SchemaError, match="anger"):
        model.predict(CUSTOMERS.drop(columns="anger"))


def test_interactions_vanish_where_the_treatment_works_alike() -> None:
    rng = np.random.default_rng(0)
    X, treatment = rng.normal(size=(3000, 8)), np.tile([0.0, 1.0], 1500)
    y = X[:, 0] + treatment + rng.normal(size=3000)
    assert ShrunkenInteractions().fit(X, y, treatment).spread_ < 0.05


def test_trees_are_taken_where_straight_lines_fail() -> None:
    ends = np.abs(CUSTOMERS["anger"] - 0.5) > 0.25
    stayed = np.random.default_rng(5).random(ROWS) < 0.5 + CONTACTED * np.where(ends, 0.3, -0.3)
    bent = UpliftModel().fit(CUSTOMERS, stayed, treatment=CONTACTED)
    assert bent.learner_ == "boosted"
    assert qini_score(stayed, bent.predict(CUSTOMERS), CONTACTED) > 0.1


def test_the_fit_does_not_depend_on_the_unit_of_money() -> None:
    money = 50 * STAYED + RNG.normal(size=ROWS)
    model = UpliftModel(learner="shrunken")
    euros = model.fit(CUSTOMERS, money, treatment=CONTACTED).predict(CUSTOMERS)
    cents = model.fit(CUSTOMERS, 100 * money, treatment=CONTACTED).predict(CUSTOMERS)
    assert cents == pytest.approx(100 * euros)
    assert np.ptp(euros) > 20


def test_a_smaller_holdout_takes_longer() -> None:
    even = power(base_rate=0.5, effect=0.05, per_day=20)
    assert days_to_significance((0.5, 0.05), per_day=20, holdout=0.1) > 2 * even.days
    with pytest.raises(ParameterError):
        power(base_rate=0.99, effect=0.05, per_day=20)
