"""Estimate for whom a treatment works, shrunk as far as the data fail to show a difference.

One regression holds the main effects and, for every feature, its interaction with the treatment.
The interactions share a normal prior whose spread the data tell: where treated and held-out
customers differ alike across features, they shrink to nothing and the ranking falls back to who
responds at all; where the data speak, they approach two separate models. So one estimator spans the
range from a response model to two models, and needs no validation part to choose. How wide the
spread is stays uncertain, so the fit is an average over what is credible, not one guess.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit, softmax
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

SPREADS = np.geomspace(1e-4, 3.0, 60)
"""Standard deviations that interactions may have, all as likely beforehand, for a feature that goes
from no to yes or rises by two standard deviations. Half of them are too small to matter."""

AVERAGED = 7
"""Fits that are averaged, at evenly spaced quantiles of the credible spreads."""

STEPS = 50


class ShrunkenInteractions(BaseEstimator):  # type: ignore[misc]
    """A regression with treatment interactions that shrink as far as the data allow.

    Logistic where the outcome is 0 or 1, linear otherwise. Numbers are divided by two standard
    deviations, so that they weigh like a feature of no and yes (Gelman 2008).

    Parameters
    ----------
    main_penalty : float
        Ridge penalty on the main effects.

    Attributes
    ----------
    spread_ : float
        Standard deviation of the interactions, the median of what is credible; near 0 when no
        feature matters.
    freedom_ : float
        Effective number of interactions, 0 to the number of features.
    coefficients_ : ndarray
        Intercept, treatment, main effects, interactions, on scaled features.

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
        self.scale_ = _scale(features)
        self.share_ = float(treated.mean())
        self.binary_ = bool(np.isin(outcome, (0.0, 1.0)).all())
        self.unit_ = 1.0 if self.binary_ else float(outcome.std()) or 1.0
        self.n_features_in_ = features.shape[1]
        design, outcome = self._design(features, treated), outcome / self.unit_
        spreads, self.freedom_ = self._find_spreads(design, outcome)
        self.spread_ = float(np.median(spreads))
        tried, times = np.unique(spreads, return_counts=True)
        fits = [self._solve(design, outcome, spread)[0] for spread in tried.tolist()]
        self.coefficients_ = np.average(fits, axis=0, weights=times)
        return self

    def predict(self, X: ArrayLike) -> Floats:
        """Give the expected outcome if treated less the expected outcome if not."""
        check_is_fitted(self, "coefficients_")
        features = np.asarray(X, dtype=np.float64)
        sides = []
        for arm in (1.0, 0.0):
            level = self._design(features, np.full(len(features), arm)) @ self.coefficients_
            sides.append(expit(level) if self.binary_ else level)
        return np.asarray(self.unit_ * (sides[0] - sides[1]), dtype=np.float64)

    def _design(self, features: Floats, treated: Floats) -> Floats:
        scaled = (features - self.mean_) / self.scale_
        centred = (treated - self.share_)[:, None]
        return np.hstack([np.ones((len(features), 1)), centred, scaled, centred * scaled])

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

    def _find_spreads(self, design: Floats, outcome: Floats) -> tuple[Floats, float]:
        """Give spreads that are credible by the marginal likelihood (Laplace), and the freedom."""
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
        credible = _credible(strength, seen)
        quantiles = (np.arange(AVERAGED) + 0.5) / AVERAGED
        places = np.searchsorted(np.cumsum(credible), quantiles)
        freedom = (strength / (strength + 1 / SPREADS[:, None] ** 2)).sum(axis=1)
        return SPREADS[np.minimum(places, len(SPREADS) - 1)], float(credible @ freedom)


def _scale(features: Floats) -> Floats:
    """Give what each feature is divided by; infinity where it is always the same."""
    low, high = features.min(axis=0), features.max(axis=0)
    flags = ((features == low) | (features == high)).all(axis=0)
    scale = np.where(flags, high - low, 2 * features.std(axis=0))
    return np.where(scale > 1e-12, scale, np.inf)


def _credible(strength: Floats, seen: Floats) -> Floats:
    """Weigh each of `SPREADS`, s, by the likelihood of scores whose variance is v + s^2 v^2."""
    variances = strength[None, :] + (SPREADS[:, None] * strength[None, :]) ** 2
    surprise = (np.log(variances) + seen**2 / variances).sum(axis=1)
    return np.asarray(softmax(-surprise / 2), dtype=np.float64)
