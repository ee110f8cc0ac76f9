"""Expected maximum profit: against direct integration, and by hand."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import beta

from detractor.errors import ParameterError
from detractor.profit import Campaign, expected_maximum_profit


def by_integration(leaves: np.ndarray, score: np.ndarray, values: np.ndarray) -> float:
    """Average the best cut's profit over the acceptance, from the definition."""
    order = np.argsort(-score)
    left, worth = leaves[order], values[order]

    def best(acceptance: float) -> float:
        each = left * (acceptance * (worth - 10)) - 1 - (1 - left) * 10
        return max(0.0, np.cumsum(each).max()) * beta.pdf(acceptance, 6, 14)

    return quad(best, 0, 1, limit=400, epsabs=1e-9)[0] / len(leaves)


@pytest.mark.parametrize("individual", [False, True], ids=["one-value", "own-values"])
def test_profit_equals_the_integral(individual: bool) -> None:
    rng = np.random.default_rng(4)
    leaves = (rng.random(120) < 0.2).astype(float)
    score = leaves + rng.normal(size=120)
    values = rng.lognormal(5, 1, 120) if individual else np.full(120, 200.0)
    ours = expected_maximum_profit(leaves, score, values=values if individual else None)
    assert ours.profit == pytest.approx(by_integration(leaves, score, values), rel=1e-5)


def test_nobody_is_contacted_where_nobody_leaves() -> None:
    assert expected_maximum_profit([0, 0], [0.3, 0.1]) == (0.0, 0.0)


def test_equal_scores_are_contacted_together() -> None:
    best = expected_maximum_profit([1, 0], [0.5, 0.5])
    assert best.share == pytest.approx(1.0, abs=1e-3)


@pytest.mark.parametrize(
    "call",
    [
        lambda: Campaign(alpha=0),
        lambda: Campaign(contact=-1),
        lambda: expected_maximum_profit([1, 2], [0, 0]),
        lambda: expected_maximum_profit([1], [0, 0]),
        lambda: expected_maximum_profit([1], [np.nan]),
    ],
    ids=["alpha", "cost", "leaves", "lengths", "missing"],
)
def test_impossible_arguments_are_named(call) -> None:  # noqa: ANN001
    with pytest.raises(ParameterError):
        call()
