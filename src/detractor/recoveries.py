"""Learn from contacts drawn by lot by what factor the prior of a contact's saving is off."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from sklearn.base import BaseEstimator

from detractor.customers import FRESHNESS, TEXTS, TREND
from detractor.errors import NotFittedError, ParameterError
from detractor.grouping import Floats
from detractor.schema import HEADS, require
from detractor.uplift import PRIOR_MEAN, PRIOR_SPREAD
from detractor.value import P_LEAVES, RECOVERABILITY

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike

FACTORS = (P_LEAVES, RECOVERABILITY, FRESHNESS)
"""Their product is the saving that the prior promises."""

RATIOS = (*FACTORS, TEXTS)
DEGREES = (*HEADS, TREND)
"""What the factor may differ by: the first by their logarithm."""

DOUBT = PRIOR_SPREAD / PRIOR_MEAN
"""How far the prior may be off, as a share of what it promises: a third, by Beta(6, 14)."""

SPREADS = np.geomspace(0.01 * DOUBT, DOUBT, 24)
"""Standard deviations tried for the slopes of the factor; none exceeds the prior's own."""

LEAST = 1e-4
LEAST_VARIANCE = 0.02
"""Of an outcome, so that no customer counts for very many."""

FEWEST = 10
"""Customers an arm below which nothing is fitted."""


class RecoveryModel(BaseEstimator):  # type: ignore[misc]
    """The prior of a contact's saving, corrected as far as contacts drawn by lot show it to be off.

    The saving is the prior's, ``p_leaves x recoverability x freshness``, times a factor that is 1
    before any contact and then follows what is known of the customer along straight lines. The
    lines shrink to 1 by empirical Bayes, so that a small team keeps the prior. A model of the
    saving without the prior (`UpliftModel`) shrinks to the mean saving instead, which is far too
    much for content customers; use it where lots were drawn among all customers, and this one for
    lots drawn from a queue.

    Attributes
    ----------
    factor_ : float
        By what the prior is off for the customers of the lots, on average.
    slopes_ : dict of str to float
        How the factor moves with each feature, for a standard deviation of it.

    Examples
    --------
    >>> import pandas as pd
    >>> dice = np.random.default_rng(0)
    >>> lots = pd.DataFrame({
    ...     "p_leaves": dice.uniform(0.2, 0.9, 8000), "recoverability": 0.3, "freshness": 1.0,
    ...     "detractor": 0.9, "anger": dice.random(8000), "churn_risk": 0.5, "trend": 0.0,
    ...     "texts": 1,
    ... })
    >>> contacted = dice.integers(0, 2, 8000)
    >>> kept = 0.6 * (1 - lots["anger"])  # 0.3 on average, but the angry are lost
    >>> left = dice.random(8000) < lots["p_leaves"] * (1 - kept * contacted)
    >>> model = RecoveryModel().fit(lots, ~left, treatment=contacted)
    >>> round(model.factor_, 1), model.slopes_["anger"] < -0.3
    (1.0, True)
    """

    weight = 1.0
    """For `Policy`: predictions hold the prior already, so nothing is left to weigh."""

    def fit(self, X: pd.DataFrame, y: ArrayLike, *, treatment: ArrayLike) -> RecoveryModel:
        """Learn from the rows of queues, who stayed, and whom the lot had contacted.

        Parameters
        ----------
        X : DataFrame
            Rows of `rank`, from the night of each lot or by the policy of today.
        y : array-like
            1 stayed, 0 left.
        treatment : array-like
            1 contacted, 0 held out, by lot.

        Raises
        ------
        ParameterError
            If lengths differ, an outcome is not 0 or 1, or an arm has fewer than 10 customers.
        SchemaError
            If a column of the queue is missing.
        """
        stayed, treated = (np.asarray(part, dtype=np.float64) for part in (y, treatment))
        require(X, *RATIOS, *DEGREES)
        _check(len(X), stayed, treated)
        features, promised = _features(X), _promised(X)
        self.bounds_ = tuple(np.quantile(features, [0.01, 0.99], axis=0))
        features = np.clip(features, *self.bounds_)
        self.centre_ = features.mean(axis=0)
        self.spread_ = np.maximum(features.std(axis=0), 1e-9)
        lines = self._lines(features)
        lot = treated - treated.mean()
        rows = _Rows(lines, stayed, 1 - X[P_LEAVES].to_numpy(float) + treated.mean() * promised)
        effects = _effects(rows.left(lot * promised), (lot * promised)[:, None] * lines, rows.sure)
        self.factor_ = float(1 + effects[0])
        self.slopes_ = dict(zip((*RATIOS, *DEGREES), effects[1:].tolist(), strict=True))
        return self

    def predict(self, X: pd.DataFrame) -> Floats:
        """Give each customer's added probability of staying if contacted.

        Customers unlike those of the lots are taken for the nearest that are like them.

        Raises
        ------
        NotFittedError
            Before `fit`.
        SchemaError
            If a column of the queue is missing.
        """
        if not hasattr(self, "factor_"):
            raise NotFittedError("this RecoveryModel is not fitted; call fit on past lots first")
        require(X, *RATIOS, *DEGREES)
        lines: Floats = self._lines(np.clip(_features(X), *self.bounds_))
        factor = lines @ np.array([self.factor_, *self.slopes_.values()])
        return np.asarray(_promised(X) * factor, dtype=np.float64)

    def _lines(self, features: Floats) -> Floats:
        return np.column_stack([np.ones(len(features)), (features - self.centre_) / self.spread_])


class _Rows(NamedTuple):
    """Customers of the lots: their features, who stayed, and the share expected to."""

    lines: Floats
    stayed: Floats
    expected: Floats

    @property
    def sure(self) -> Floats:
        """One over the variance of each outcome."""
        share: Floats = self.expected.clip(0, 1)
        return 1 / np.maximum(share * (1 - share), LEAST_VARIANCE)

    def left(self, promised: Floats) -> Floats:
        """Take out of the outcome what is promised, expected, and explained by the features."""
        left = self.stayed - self.expected - promised
        design = np.column_stack([self.expected, self.lines])
        weighed = design * self.sure[:, None]
        ridge = 1e-3 * np.eye(design.shape[1])
        explained = np.linalg.solve(weighed.T @ design + ridge, weighed.T @ left)
        return np.asarray(left - design @ explained, dtype=np.float64)


def _effects(left: Floats, design: Floats, sure: Floats) -> Floats:
    """Give the posterior mean of effects, averaged over spreads of the slopes by their likelihood.

    The first, common to all, has the spread of the prior itself.
    """
    weighed = design * sure[:, None]
    information, score = weighed.T @ design, weighed.T @ left
    means, likelihoods = [], []
    for spread in SPREADS:
        precision = np.r_[1 / DOUBT**2, np.full(design.shape[1] - 1, 1 / spread**2)]
        posterior = information + np.diag(precision)
        mean = np.linalg.solve(posterior, score)
        shrinking = np.log(precision).sum() - np.linalg.slogdet(posterior)[1]
        means.append(mean)
        likelihoods.append((score @ mean + shrinking) / 2)
    weights = np.exp(np.array(likelihoods) - max(likelihoods))
    return np.asarray(np.average(means, axis=0, weights=weights), dtype=np.float64)


def _features(rows: pd.DataFrame) -> Floats:
    ratios = np.log(np.maximum(rows[list(RATIOS)].to_numpy(dtype=np.float64), LEAST))
    return np.column_stack([ratios, rows[list(DEGREES)].to_numpy(dtype=np.float64)])


def _promised(rows: pd.DataFrame) -> Floats:
    promised: Floats = rows[list(FACTORS)].to_numpy(dtype=np.float64).prod(axis=1)
    return promised


def _check(count: int, stayed: Floats, treated: Floats) -> None:
    if not count == len(stayed) == len(treated):
        lengths = count, len(stayed), len(treated)
        raise ParameterError(f"X, y and treatment have {lengths} rows; give one each")
    if not np.isin(stayed, (0.0, 1.0)).all():
        raise ParameterError("y must hold 1 (stayed) and 0 (left); drop who is not known yet")
    arms = [int((treated == arm).sum()) for arm in (0, 1)]
    if sum(arms) != count or min(arms) < FEWEST:
        raise ParameterError(
            f"{arms[1]} contacted and {arms[0]} held out: need at least {FEWEST} of each, "
            "marked 1 and 0"
        )
