"""Learn from past contacts, some withheld at random, whom a contact saves or drives away."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.special import ndtri, softmax
from sklearn.base import BaseEstimator
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.model_selection import StratifiedKFold
from sklearn.preprocessing import OneHotEncoder

from detractor.errors import NotFittedError, ParameterError, suggestion
from detractor.interactions import ShrunkenInteractions
from detractor.intervals import effect_interval
from detractor.learners import (
    ClassTransformation,
    Proportional,
    TransformedOutcome,
    TwoModels,
    boosted_estimator,
    plain_estimator,
)
from detractor.schema import require

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

LEARNERS = ("shrunken", "two_model", "class_transformation", "transformed_outcome")
"""The ways to learn the saving; "auto" starts from the first."""

MIXED = ("shrunken", "proportional")
"""What "auto" mixes: a gain of its own for each customer, or one in proportion to the response."""

FAR = 2.0
"""Standard errors by which boosted trees must lead the mixture to be taken in its place."""

PRIOR_MEAN, PRIOR_SPREAD = 0.3, 0.1
"""Mean and standard deviation of Beta(6, 14), the prior of `Policy`; the latter times the share
that leaves is the prior's spread of the saving, against which evidence is weighed."""

REPEATS = 3
"""Random splits over which the choice is averaged: a single one may favour a learner by chance."""

DRAWS = 500
"""Draws of what the losses could have been, for the weights of the mixture."""


class UpliftModel(BaseEstimator):  # type: ignore[misc]
    """Predict the saving of a contact: the outcome with it less the outcome without it.

    Fit it to customers who were contacted or held out at random. A negative prediction is a
    sleeping dog: a customer whom a contact drives away. Where chance decided only among customers
    of a queue, `detractor.recoveries.RecoveryModel` is the one to give to `Policy`: this one knows
    no prior, and takes customers it has not seen for average ones.

    Parameters
    ----------
    learner : str
        "auto", or one of `LEARNERS`. "shrunken" is one regression whose treatment interactions
        shrink as far as the data allow; "two_model" fits contacted and held-out customers apart;
        "class_transformation" (Jaskowski and Jaroszewicz 2012) and "transformed_outcome" (Athey and
        Imbens 2016) fit one model to a target whose mean is the uplift. "auto" averages those of
        `MIXED`, weighted by how likely each is to have the smallest loss, cross-fitted; where two
        models of boosted trees do clearly better, by `FAR` standard errors, it takes them.
    estimator : estimator, optional
        The scikit-learn classifier or regressor of the last three; logistic regression or ridge
        when not given. It is cloned.
    folds : int
        Parts of the cross-fit, by which "auto" weighs and predictions are calibrated; it is done
        `REPEATS` times, each with a split of its own.
    random_state : int
        Draws the folds; at least 0.

    Attributes
    ----------
    weights_ : dict of str to float
        Share of each learner in the prediction.
    learner_ : str
        The learner that weighs most.
    effect_ : Interval
        Mean effect of a contact with its 95 % interval.
    freedom_ : float
        Effective number of features by which the saving differs.
    slope_ : float
        How far cross-fitted predictions were trusted, 0 to 1; 1 for "shrunken".
    feature_names_in_ : ndarray of str
        Columns that `predict` reads.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> customers = pd.DataFrame({"anger": rng.random(4000)})
    >>> contacted = rng.integers(0, 2, 4000)
    >>> stayed = rng.random(4000) < 0.5 + contacted * (customers["anger"] - 0.5) * 0.6
    >>> model = UpliftModel(learner="shrunken").fit(customers, stayed, treatment=contacted)
    >>> saving = model.predict(pd.DataFrame({"anger": [0.1, 0.9]}))
    >>> bool(saving[0] < -0.1), bool(saving[1] > 0.1)
    (True, True)
    """

    def __init__(
        self,
        *,
        learner: str = "auto",
        estimator: BaseEstimator | None = None,
        folds: int = 5,
        random_state: int = 0,
    ) -> None:
        self.learner = learner
        self.estimator = estimator
        self.folds = folds
        self.random_state = random_state

    def fit(self, X: pd.DataFrame, y: ArrayLike, *, treatment: ArrayLike) -> UpliftModel:
        """Learn from features, an outcome (yes or no, or a number), and who was contacted.

        Parameters
        ----------
        X : DataFrame
            One row a customer: what was known before the contact. Text columns are categories;
            missing numbers are replaced by the median.
        y : array-like
            Higher is better: stayed, or money kept.
        treatment : array-like
            1 contacted, 0 held out, assigned at random.

        Raises
        ------
        ParameterError
            The learner is unknown, `random_state` is no whole number from 0, lengths differ, or an
            arm has fewer than two rows a fold.
        """
        outcome = np.asarray(y, dtype=np.float64)
        treated = np.asarray(treatment, dtype=np.float64)
        frame = _framed(X)
        self._check(frame, outcome, treated)
        self.feature_names_in_ = np.asarray(frame.columns, dtype=object)
        self.n_features_in_ = frame.shape[1]
        self.binary_ = bool(np.isin(outcome, (0.0, 1.0)).all())
        self.effect_ = effect_interval(outcome[treated == 1], outcome[treated == 0])
        self.encoder_ = _encoder(frame).fit(frame)
        features = np.asarray(self.encoder_.transform(frame), dtype=np.float64)
        self.weights_, self.slope_ = self._weigh(features, outcome, treated)
        self.learner_ = max(self.weights_, key=lambda name: self.weights_[name])
        self.models_ = {
            name: self._learner(name).fit(features, outcome, treated) for name in self.weights_
        }
        self.freedom_ = sum(
            weight * getattr(self.models_[name], "freedom_", float(features.shape[1]))
            for name, weight in self.weights_.items()
        )
        held_out = outcome[treated == 0]
        self.scale_ = float(1 - held_out.mean()) if self.binary_ else float(held_out.std())
        return self

    def predict(self, X: pd.DataFrame) -> Floats:
        """Give each customer's saving from a contact, in units of the outcome.

        Raises
        ------
        NotFittedError
            Before `fit`.
        SchemaError
            If a feature is missing.
        """
        if not hasattr(self, "models_"):
            raise NotFittedError("this UpliftModel is not fitted; call fit on past contacts first")
        frame = _framed(X)
        require(frame, *map(str, self.feature_names_in_))
        encoded = self.encoder_.transform(frame[list(self.feature_names_in_)])
        features, centre = np.asarray(encoded, dtype=np.float64), self.effect_.estimate
        raw = sum(
            weight * self.models_[name].predict(features) for name, weight in self.weights_.items()
        )
        return np.asarray(centre + self.slope_ * (raw - centre), dtype=np.float64)

    @property
    def error(self) -> float:
        """Typical standard error of a prediction, in units of the outcome.

        That of the mean effect, grown by the number of effective parameters, as in a regression.
        """
        if not hasattr(self, "effect_"):
            raise NotFittedError("this UpliftModel is not fitted; call fit on past contacts first")
        mean_error = (self.effect_.high - self.effect_.low) / (2 * float(ndtri(0.975)))
        return float(mean_error * np.sqrt(1 + self.freedom_))

    @property
    def weight(self) -> float:
        """How much this evidence weighs against the prior, 0 to 1: grows with the contacts.

        Empirical Bayes: the prior's variance over the sum of both variances.
        """
        error = self.error
        if not np.isfinite(error):
            return 0.0
        spread = PRIOR_SPREAD * self.scale_
        return float(spread**2 / (spread**2 + error**2)) if spread else 0.0

    def weigh(self, prior: ArrayLike) -> Floats:
        """Say how much this evidence weighs against each customer's own prior saving, 0 to 1.

        The prior is the less certain the more it promises, so it yields first where it promises
        much; a small one holds, however large the customer.

        Parameters
        ----------
        prior : array-like
            Saving of a contact by the prior, in units of the outcome.

        Raises
        ------
        NotFittedError
            Before `fit`.

        Examples
        --------
        >>> rng = np.random.default_rng(0)
        >>> customers = pd.DataFrame({"anger": rng.random(4000)})
        >>> contacted = rng.integers(0, 2, 4000)
        >>> stayed = rng.random(4000) < 0.5 + 0.2 * contacted
        >>> model = UpliftModel(learner="shrunken").fit(customers, stayed, treatment=contacted)
        >>> model.weigh([0.01, 0.3]).round(2).tolist()
        [0.04, 0.97]
        """
        spread = PRIOR_SPREAD / PRIOR_MEAN * np.abs(np.asarray(prior, dtype=np.float64))
        return np.asarray(spread**2 / (spread**2 + self.error**2), dtype=np.float64)

    def _check(self, frame: pd.DataFrame, outcome: Floats, treated: Floats) -> None:
        known = ("auto", *LEARNERS)
        if self.learner not in known:
            raise ParameterError(f"learner={self.learner!r}: {suggestion(self.learner, known)}")
        if not len(frame) == len(outcome) == len(treated):
            lengths = len(frame), len(outcome), len(treated)
            raise ParameterError(f"X, y and treatment have {lengths} rows; give one each")
        if not np.isfinite(outcome).all():
            raise ParameterError("y must be numbers; drop customers whose outcome is not known yet")
        counts = [int((treated == arm).sum()) for arm in (0, 1)]
        if sum(counts) != len(treated) or min(counts) < 2 * self.folds:
            raise ParameterError(
                f"{counts[1]} contacted and {counts[0]} held out: "
                f"need at least {2 * self.folds} of each, marked 1 and 0"
            )

    def _weigh(
        self, features: Floats, outcome: Floats, treated: Floats
    ) -> tuple[dict[str, float], float]:
        """Settle the share of each learner, and how far their prediction is trusted."""
        if self.learner == "shrunken":
            return {"shrunken": 1.0}, 1.0
        splits, centred = self._splits(treated), treated - treated.mean()
        residual = np.stack([_residuals(features, outcome, folds) for folds in splits])
        left = residual - centred * self.effect_.estimate

        def apart(name: str) -> Floats:
            rows = features, outcome, treated
            predicted = np.stack([self._crossfit(name, folds, *rows) for folds in splits])
            return np.asarray(centred * (predicted - self.effect_.estimate), dtype=np.float64)

        if self.learner != "auto":
            return {self.learner: 1.0}, _trust(left, apart(self.learner))
        parts = np.stack([apart(name) for name in MIXED])
        weights = _likely_best(left, parts, self.random_state)
        mixture, bent = np.tensordot(weights, parts, axes=1), apart("boosted")
        if _leads_far(left, bent, mixture):
            return {"boosted": 1.0}, _trust(left, bent)
        return dict(zip(MIXED, weights.tolist(), strict=True)), _trust(left, mixture)

    def _splits(self, treated: Floats) -> list[list[tuple[Any, Any]]]:
        first = self.random_state
        if not isinstance(first, (int, np.integer)) or first < 0:
            raise ParameterError(f"random_state={first!r} is no seed; give a whole number from 0")
        seeds = range(first, first + REPEATS)
        kinds = [StratifiedKFold(self.folds, shuffle=True, random_state=seed) for seed in seeds]
        return [list(kind.split(treated, treated)) for kind in kinds]

    def _crossfit(self, name: str, folds: list[tuple[Any, Any]], *rows: Floats) -> Floats:
        features, outcome, treated = rows
        predicted = np.empty(len(outcome))
        for train, test in folds:
            model = self._learner(name).fit(features[train], outcome[train], treated[train])
            predicted[test] = model.predict(features[test])
        return predicted

    def _learner(self, name: str) -> BaseEstimator:
        if name == "shrunken":
            return ShrunkenInteractions()
        if name == "boosted":
            return TwoModels(boosted_estimator(self.binary_))
        if name == "proportional":
            return Proportional(plain_estimator(self.binary_))
        if name == "two_model":
            return TwoModels(self.estimator or plain_estimator(self.binary_))
        if name == "class_transformation":
            return ClassTransformation(self.estimator or plain_estimator(True))
        return TransformedOutcome(self.estimator or plain_estimator(False))


def _residuals(features: Floats, outcome: Floats, folds: list[tuple[Any, Any]]) -> Floats:
    """Take out of the outcome what the features explain, cross-fitted (Nie and Wager 2021)."""
    explained = np.empty(len(outcome))
    for train, test in folds:
        explained[test] = (
            plain_estimator(False).fit(features[train], outcome[train]).predict(features[test])
        )
    return outcome - explained


def _trust(left: Floats, apart: Floats) -> float:
    """Find how far predictions agree with what is left of the outcome, from little to fully."""
    strength = float((apart**2).sum())
    if strength == 0:
        return 1.0
    # Above 0, so that the order of the customers is kept even where it is worth little.
    return min(max(float((apart * left).sum()) / strength, 0.01), 1.0)


def _likelihood(left: Floats, apart: Floats) -> Floats:
    """Give each customer's log likelihood, the mean over splits (rows), with earned trust."""
    trusted = _trust(left, apart) * apart
    loss = ((left - trusted) ** 2).mean(axis=0) / max(left.var(), 1e-300)
    return np.asarray(-loss / 2, dtype=np.float64)


def _leads_far(left: Floats, rival: Floats, ours: Floats) -> bool:
    lead = _likelihood(left, rival) - _likelihood(left, ours)
    return bool(lead.mean() > FAR * lead.std() / np.sqrt(len(lead)))


def _likely_best(left: Floats, parts: Floats, seed: int) -> Floats:
    """Weigh predictions by their likelihood (pseudo-BMA+, Yao and others 2018).

    The likelihoods are averaged over what the losses of as many other customers could have been,
    so that a lead that may be chance does not take all.
    """
    likelihood = np.stack([_likelihood(left, apart) for apart in parts])
    leads = likelihood - likelihood[0]
    rng = np.random.default_rng(seed)
    draws = rng.multivariate_normal(
        leads.sum(axis=1), np.cov(leads) * leads.shape[1], size=DRAWS, method="eigh"
    )
    return np.asarray(softmax(draws, axis=1).mean(axis=0), dtype=np.float64)


def _framed(X: ArrayLike | pd.DataFrame) -> pd.DataFrame:
    if isinstance(X, pd.DataFrame):
        return X
    array = np.asarray(X)
    return pd.DataFrame(array, columns=[f"x{place}" for place in range(array.shape[1])])


def _encoder(frame: pd.DataFrame) -> BaseEstimator:
    kinds = {name: pd.api.types.is_numeric_dtype(frame[name].dtype) for name in frame.columns}
    numbers = [name for name, numeric in kinds.items() if numeric]
    words = [name for name, numeric in kinds.items() if not numeric]
    return make_column_transformer(
        (SimpleImputer(strategy="median", keep_empty_features=True), numbers),
        (OneHotEncoder(handle_unknown="ignore", sparse_output=False), words),
    )


def sleeping_dogs(saving: ArrayLike, *, error: float = 0.0) -> NDArray[np.bool_]:
    """Say whom a contact is predicted to drive away.

    Parameters
    ----------
    saving : array-like
        Predicted saving of a contact.
    error : float
        Only customers whose prediction lies below minus this much, such as 1.645 times the
        model's `error` for 95 % certainty.

    Examples
    --------
    >>> sleeping_dogs([-0.05, 0.0, 0.2]).tolist()
    [True, False, False]
    """
    return np.asarray(np.asarray(saving, dtype=np.float64) < -error, dtype=np.bool_)
