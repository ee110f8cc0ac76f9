"""Ways to learn the gain of a contact from scikit-learn estimators of the outcome.

Each has ``fit(X, y, treatment)`` and ``predict(X)``, on arrays without missing values, and clones
the estimator it is given.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.dummy import DummyRegressor
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from detractor.errors import ParameterError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


class TwoModels:
    """Contacted and held-out customers apart.

    Examples
    --------
    >>> X = np.tile([[0.0], [0.0], [1.0], [1.0]], (50, 1))
    >>> treatment = np.tile([0.0, 1.0], 100)
    >>> y = np.tile([0.0, 0.0, 0.0, 1.0], 50)
    >>> learner = TwoModels(plain_estimator(True)).fit(X, y, treatment)
    >>> gain = learner.predict(np.array([[0.0], [1.0]]))
    >>> bool(gain[1] - gain[0] > 0.5)
    True
    """

    def __init__(self, estimator: BaseEstimator) -> None:
        self.models = [clone(estimator), clone(estimator)]

    def fit(self, X: Floats, y: Floats, treatment: Floats) -> TwoModels:
        """Fit one estimator an arm."""
        for arm, model in enumerate(self.models):
            rows = treatment == arm
            self.models[arm] = _fitted(model, X[rows], y[rows])
        return self

    def predict(self, X: Floats) -> Floats:
        """Give the gain of a contact."""
        return _expect(self.models[1], X) - _expect(self.models[0], X)


class ClassTransformation:
    """One classifier of "contacted and well, or held out and not", weighted to equal arms.

    Examples
    --------
    >>> X = np.tile([[0.0], [0.0], [1.0], [1.0]], (50, 1))
    >>> treatment = np.tile([0.0, 1.0], 100)
    >>> y = np.tile([0.0, 0.0, 0.0, 1.0], 50)
    >>> learner = ClassTransformation(plain_estimator(True)).fit(X, y, treatment)
    >>> gain = learner.predict(np.array([[0.0], [1.0]]))
    >>> bool(gain[1] - gain[0] > 0.5)
    True
    """

    def __init__(self, estimator: BaseEstimator) -> None:
        self.model = clone(estimator)

    def fit(self, X: Floats, y: Floats, treatment: Floats) -> ClassTransformation:
        """Fit the classifier; the outcome is 0 or 1."""
        if not np.isin(y, (0.0, 1.0)).all():
            raise ParameterError("class_transformation needs an outcome of 0 or 1")
        share = treatment.mean()
        weights = np.where(treatment == 1, 0.5 / share, 0.5 / (1 - share))
        self.model.fit(X, (y == treatment).astype(float), **_weighted(self.model, weights))
        return self

    def predict(self, X: Floats) -> Floats:
        """Give the gain of a contact."""
        return 2 * _expect(self.model, X) - 1


class TransformedOutcome:
    """One regression of the outcome over the propensity, whose mean is the uplift.

    Examples
    --------
    >>> X = np.tile([[0.0], [0.0], [1.0], [1.0]], (50, 1))
    >>> treatment = np.tile([0.0, 1.0], 100)
    >>> y = np.tile([0.0, 0.0, 0.0, 1.0], 50)
    >>> learner = TransformedOutcome(plain_estimator(False)).fit(X, y, treatment)
    >>> gain = learner.predict(np.array([[0.0], [1.0]]))
    >>> bool(gain[1] - gain[0] > 0.5)
    True
    """

    def __init__(self, estimator: BaseEstimator) -> None:
        self.model = clone(estimator)

    def fit(self, X: Floats, y: Floats, treatment: Floats) -> TransformedOutcome:
        """Fit the regression."""
        share = treatment.mean()
        target = (y - y.mean()) * (treatment - share) / (share * (1 - share))
        self.model.fit(X, target)
        return self

    def predict(self, X: Floats) -> Floats:
        """Give the gain of a contact."""
        return _expect(self.model, X)


class Proportional:
    """Whoever may go either way gains most: the same gain in log odds for all.

    For an outcome that is a number, the gain is the same share of what is expected. It is a
    response model on the scale of the gain, and hard to beat where a contact works alike.

    Examples
    --------
    >>> X = np.tile([[0.0], [0.0], [1.0], [1.0]], (50, 1))
    >>> treatment = np.tile([0.0, 1.0], 100)
    >>> y = np.tile([0.0, 0.0, 0.0, 1.0], 50)
    >>> learner = Proportional(plain_estimator(True)).fit(X, y, treatment)
    >>> gain = learner.predict(np.array([[0.0], [1.0]]))
    >>> bool(gain[1] - gain[0] > 0.5)
    True
    """

    def __init__(self, estimator: BaseEstimator) -> None:
        self.model = clone(estimator)

    def fit(self, X: Floats, y: Floats, treatment: Floats) -> Proportional:
        """Fit the outcome whoever was contacted, and the mean gain."""
        self.model = _fitted(self.model, X, y)
        effect = y[treatment == 1].mean() - y[treatment == 0].mean()
        mean = float(self._room(X).mean())
        self.gain = float(effect) / mean if mean else 0.0
        return self

    def predict(self, X: Floats) -> Floats:
        """Give the gain of a contact."""
        return self.gain * self._room(X)

    def _room(self, X: Floats) -> Floats:
        expected = _expect(self.model, X)
        binary = hasattr(self.model, "predict_proba")
        return expected * (1 - expected) if binary else expected


def _fitted(model: BaseEstimator, X: Floats, y: Floats) -> BaseEstimator:
    """Fit, or where all went alike, as a classifier refuses, predict just that."""
    return (model if np.ptp(y) > 0 else DummyRegressor()).fit(X, y)


def _expect(model: BaseEstimator, X: Floats) -> Floats:
    if not hasattr(model, "predict_proba"):
        return np.asarray(model.predict(X), dtype=np.float64)
    return np.asarray(model.predict_proba(X) @ model.classes_, dtype=np.float64)


def _weighted(model: BaseEstimator, weights: Floats) -> dict[str, Floats]:
    """Pass weights to a plain estimator or to the last step of a pipeline."""
    steps = getattr(model, "steps", None)
    return {f"{steps[-1][0]}__sample_weight" if steps else "sample_weight": weights}


def plain_estimator(binary: bool) -> BaseEstimator:
    """Give logistic regression for yes or no, ridge regression for a number.

    Examples
    --------
    >>> plain_estimator(False).steps[-1][0]
    'ridge'
    """
    return make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000) if binary else Ridge())


def boosted_estimator(binary: bool) -> BaseEstimator:
    """Give small boosted trees for yes or no, or for a number.

    Examples
    --------
    >>> boosted_estimator(True).max_iter
    50
    """
    kind = HistGradientBoostingClassifier if binary else HistGradientBoostingRegressor
    return kind(
        max_iter=50, learning_rate=0.08, max_leaf_nodes=4, min_samples_leaf=100, random_state=0
    )
