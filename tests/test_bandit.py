"""The bandit: seeded, always exploring, and soon on the better gesture."""

import numpy as np
import pytest

from detractor.bandit import Bandit
from detractor.errors import ParameterError

RATES = {"apology": 0.2, "refund": 0.3, "call": 0.5}


def test_it_finds_the_best_gesture() -> None:
    rng = np.random.default_rng(0)
    bandit = Bandit(tuple(RATES))
    for night in range(30):
        chosen = bandit.choose(20, seed=night)["gesture"].tolist()
        bandit = bandit.learn(chosen, rng.random(20) < [RATES[name] for name in chosen])
    assert bandit.propensities(seed=99)["call"] > 0.8
    assert bandit.rates()["call"].low > 0.3


def test_choices_repeat_with_the_seed_and_propensities_sum_to_one() -> None:
    bandit = Bandit(("a", "b"))
    assert bandit.choose(50, seed=4).equals(bandit.choose(50, seed=4))
    assert not bandit.choose(50, seed=4).equals(bandit.choose(50, seed=5))
    assert sum(bandit.propensities(seed=4).values()) == pytest.approx(1.0)


def test_the_exploration_share_is_a_floor() -> None:
    bandit = Bandit(("good", "bad"), saved=(500, 0), lost=(0, 500), exploration=0.2)
    assert bandit.propensities(seed=0)["bad"] == pytest.approx(0.1)


def test_unknown_outcomes_teach_nothing() -> None:
    assert Bandit(("a",)).learn(["a", "a"], [np.nan, 1]).saved == (1.0,)


@pytest.mark.parametrize(
    "call",
    [
        lambda: Bandit(()),
        lambda: Bandit(("a", "a")),
        lambda: Bandit(("a",), exploration=2),
        lambda: Bandit(("a",), saved=(1, 2)),
        lambda: Bandit(("a",)).learn(["b"], [1]),
    ],
    ids=["none", "twice", "share", "counts", "unknown"],
)
def test_mistakes_are_named(call) -> None:  # noqa: ANN001
    with pytest.raises(ParameterError):
        call()
