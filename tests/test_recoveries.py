"""What lots teach of a contact's saving, and that little evidence changes little."""

import numpy as np
import pandas as pd
import pytest

from detractor.errors import NotFittedError, ParameterError, SchemaError
from detractor.policy import Policy, SavingModel
from detractor.ranking import rank
from detractor.recoveries import RecoveryModel

SIZE = 6000
DICE = np.random.default_rng(3)
LOTS = pd.DataFrame(
    {
        "p_leaves": DICE.uniform(0.2, 0.9, SIZE),
        "recoverability": 0.3,
        "freshness": DICE.uniform(0.2, 1.0, SIZE),
        "detractor": DICE.random(SIZE),
        "anger": DICE.random(SIZE),
        "churn_risk": DICE.random(SIZE),
        "trend": 0.0,
        "texts": DICE.integers(1, 5, SIZE),
    }
)
PRIOR = (LOTS["p_leaves"] * LOTS["recoverability"] * LOTS["freshness"]).to_numpy()
CALLED = DICE.integers(0, 2, SIZE)


def stay(factor: float | np.ndarray) -> np.ndarray:
    """Let a contact save so many times what the prior promises."""
    p = LOTS["p_leaves"].to_numpy() - CALLED * PRIOR * factor
    return np.random.default_rng(4).random(SIZE) >= p


@pytest.mark.parametrize("factor", [0.3, 1.0, 1.6])
def test_the_scale_of_the_prior_is_learned(factor: float) -> None:
    model = RecoveryModel().fit(LOTS, stay(factor), treatment=CALLED)
    assert model.factor_ == pytest.approx(factor, abs=0.25)


def test_who_is_harmed_is_learned() -> None:
    model = RecoveryModel().fit(
        LOTS, stay(np.where(LOTS["anger"] > 0.5, 2.0, -1.0)), treatment=CALLED
    )
    calm, angry = model.predict(LOTS.iloc[:2].assign(anger=[0.05, 0.95]))
    assert calm < 0 < angry


def test_few_lots_leave_the_prior_as_it_is() -> None:
    few = slice(0, 60)
    model = RecoveryModel().fit(LOTS[few], stay(0.0)[few], treatment=CALLED[few])
    assert 0.8 < model.factor_ <= 1.1
    assert model.predict(LOTS) == pytest.approx(PRIOR * model.factor_, rel=0.2)


def test_the_queue_takes_it_in_place_of_the_prior() -> None:
    model = RecoveryModel().fit(LOTS, stay(1.6), treatment=CALLED)
    assert isinstance(model, SavingModel)
    scored = pd.DataFrame({"detractor": [0.9, 0.2], "anger": [0.5, 0.9], "churn_risk": [0.8, 0.1]})
    before, after = rank(scored), rank(scored, policy=Policy(saving_model=model))
    promised = before[["p_leaves", "recoverability", "freshness"]].prod(axis=1)
    saved = after[["p_leaves", "recoverability", "freshness"]].prod(axis=1)
    assert saved.to_numpy() == pytest.approx(model.predict(before))
    assert (saved > promised).all()


def test_mistakes_are_named() -> None:
    with pytest.raises(NotFittedError):
        RecoveryModel().predict(LOTS)
    with pytest.raises(SchemaError, match="trend"):
        RecoveryModel().fit(LOTS.drop(columns="trend"), stay(1.0), treatment=CALLED)
    with pytest.raises(ParameterError, match="held out"):
        RecoveryModel().fit(LOTS, stay(1.0), treatment=np.ones(SIZE))
    with pytest.raises(ParameterError, match="rows"):
        RecoveryModel().fit(LOTS, stay(1.0)[:5], treatment=CALLED)
    with pytest.raises(ParameterError, match="stayed"):
        RecoveryModel().fit(LOTS, np.full(SIZE, 0.5), treatment=CALLED)
