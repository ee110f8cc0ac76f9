"""Estimate for whom a treatment works, shrunk as far as the data fail to show a difference.

One regression holds the main effects and, for every feature, its interaction with the treatment.
The interactions share a normal prior whose spread is found by empirical Bayes: where treated and
held-out customers differ alike across features, they shrink to nothing and the ranking falls back
to who responds at all; where the data speak, they approach two separate models. So one estimator
spans the range from a response model to two models, and needs no validation part to choose.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

SPREADS = np.geomspace(1e-4, 3.0, 60)
"""Standard deviations tried for the interactions, per standard deviation of a feature."""

STEPS = 50


class ShrunkenInteractions(BaseEstimator):  # type: ignore[misc]
    """A regression with treatment interactions that shrink by empirical Bayes.

    Logistic where the outcome is 0 or 1, linear otherwise.

    Parameters
    ----------
    main_penalty : float
        Ridge penalty on the standardised main effects.

    Attributes
    ----------
    spread_ : float
        Standard deviation found for the interactions; near 0 when no feature matters.
    freedom_ : float
        Effective number of interactions, 0 to the number of features.
    coefficients_ : ndarray
        Intercept, treatment, main effects, interactions, on standardised features.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(2000, 1))
    >>> treatment = np.tile([0, 1], 1000)
    >>> y = X[:, 0] * treatment + rng.normal(size=2000)
    >>> uplift = ShrunkenInteractions().fit(X, y, treatment).predict([[-1.0], [1.0]])
    >>> bool(uplift[0] < -0.8), bool(uplift[1] > 0.8)
    (True, True)
    """

    def __init__(self, *, main_penalty: float = 1.0) -> None:
        self.main_penalty = main_penalty

    def fit(self, X: ArrayLike, y: ArrayLike, treatment: ArrayLike) -> ShrunkenInteractions:
        """Fit to features, outcome, and treatment (1 contacted, 0 held out)."""
        features = np.asarray(X, dtype=np.float64)
        outcome = np.asarray(y, dtype=np.float64)
        treated = np.asarray(treatment, dtype=np.float64)
        self.mean_ = features.mean(axis=0)
        spread = features.std(axis=0)
        self.scale_ = np.where(spread > 1e-12, spread, np.inf)
        self.share_ = float(treated.mean())
        self.binary_ = bool(np.isin(outcome, (0.0, 1.0)).all())
        self.n_features_in_ = features.shape[1]
        design = self._design(features, treated)
        self.spread_, self.freedom_ = self._find_spread(design, outcome)
        self.coefficients_, _ = self._solve(design, outcome, self.spread_)
        return self

    def predict(self, X: ArrayLike) -> Floats:
        """Give the expected outcome if treated less the expected outcome if not."""
        check_is_fitted(self, "coefficients_")
        features = np.asarray(X, dtype=np.float64)
        sides = []
        for arm in (1.0, 0.0):
            level = self._design(features, np.full(len(features), arm)) @ self.coefficients_
            sides.append(expit(level) if self.binary_ else level)
        return np.asarray(sides[0] - sides[1], dtype=np.float64)

    def _design(self, features: Floats, treated: Floats) -> Floats:
        standard = (features - self.mean_) / self.scale_
        centred = (treated - self.share_)[:, None]
        return np.hstack([np.ones((len(features), 1)), centred, standard, centred * standard])

    def _penalty(self, spread: float) -> Floats:
        unpenalised, many = np.full(2, 1e-6), self.n_features_in_
        shrunk = np.full(many, 1 / spread**2)
        return np.concatenate([unpenalised, np.full(many, self.main_penalty), shrunk])

    def _solve(self, design: Floats, outcome: Floats, spread: float) -> tuple[Floats, Floats]:
        """Give the penalised coefficients and the information matrix of the data at them."""
        penalty = self._penalty(spread)
        if not self.binary_:
            plain = np.linalg.solve(design.T @ design + np.diag(penalty), design.T @ outcome)
            noise = max(float(np.var(outcome - design @ plain)), 1e-300)
            information = design.T @ design / noise
            weights = np.linalg.solve(information + np.diag(penalty), design.T @ outcome / noise)
            return np.asarray(weights, dtype=np.float64), information
        weights = np.zeros(design.shape[1])
        for _ in range(STEPS):
            share = expit(design @ weights)
            information = (design * (share * (1 - share))[:, None]).T @ design
            slope = design.T @ (outcome - share) - penalty * weights
            step = np.linalg.solve(information + np.diag(penalty), slope)
            weights = weights + step
            if np.abs(step).max() < 1e-8:
                break
        return np.asarray(weights, dtype=np.float64), information

    def _find_spread(self, design: Floats, outcome: Floats) -> tuple[float, float]:
        """Maximise the marginal likelihood of the interactions over their spread (Laplace)."""
        wide = float(SPREADS[-1])
        weights, information = self._solve(design, outcome, wide)
        first = 2 + self.n_features_in_
        others = information[:first, :first] + np.diag(self._penalty(wide)[:first])
        across = information[:first, first:]
        kept = information[first:, first:] - across.T @ np.linalg.solve(others, across)
        # The penalised estimate b solves (kept + 1/wide^2) b = score; the score has variance kept.
        score = kept @ weights[first:] + weights[first:] / wide**2
        strength, basis = np.linalg.eigh(kept)
        clear = strength > 1e-8 * max(strength.max(), 1e-300)
        strength, seen = strength[clear], (basis.T @ score)[clear]
        spread = _best_spread(strength, seen)
        return spread, float((strength / (strength + 1 / spread**2)).sum())


def _best_spread(strength: Floats, seen: Floats) -> float:
    """Find the spread s that makes scores with variance v + s^2 v^2 likeliest."""
    variances = strength[None, :] + (SPREADS[:, None] * strength[None, :]) ** 2
    surprise = (np.log(variances) + seen**2 / variances).sum(axis=1)
    return float(SPREADS[int(np.argmin(surprise))])
