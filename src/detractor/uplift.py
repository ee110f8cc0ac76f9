"""Learn from past contacts, some withheld at random, whom a contact saves or drives away."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.special import ndtri
from sklearn.base import BaseEstimator
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.model_selection import StratifiedKFold
from sklearn.preprocessing import OneHotEncoder

from detractor.errors import NotFittedError, ParameterError, suggestion
from detractor.interactions import ShrunkenInteractions
from detractor.intervals import mean_difference
from detractor.learners import (
    ClassTransformation,
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
"""The ways to learn the saving; "auto" compares the first with two boosted models."""

PRIOR_SPREAD = 0.1
"""Standard deviation of Beta(6, 14), the prior of `Policy`; times the share that leaves, it is the
prior's spread of the saving, against which evidence is weighed."""


class UpliftModel(BaseEstimator):  # type: ignore[misc]
    """Predict the saving of a contact: the outcome with it less the outcome without it.

    Fit it to customers who were contacted or held out at random. A negative prediction is a
    sleeping dog: a customer whom a contact drives away.

    Parameters
    ----------
    learner : str
        "auto", or one of `LEARNERS`. "shrunken" is one regression whose treatment interactions
        shrink by empirical Bayes; "two_model" fits contacted and held-out customers apart;
        "class_transformation" (Jaskowski and Jaroszewicz 2012) and "transformed_outcome" (Athey and
        Imbens 2016) fit one model to a target whose mean is the uplift. "auto" takes "shrunken",
        unless two boosted models do better in cross-validation by more than a standard error.
    estimator : estimator, optional
        The scikit-learn classifier or regressor of the last three; logistic regression or ridge
        when not given. It is cloned.
    folds : int
        Parts of the cross-fit, by which "auto" chooses and predictions are calibrated.
    random_state : int
        Draws the folds.

    Attributes
    ----------
    learner_ : str
        What "auto" chose.
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
            If the learner is unknown, lengths differ, or an arm has fewer than two rows a fold.
        """
        outcome = np.asarray(y, dtype=np.float64)
        treated = np.asarray(treatment, dtype=np.float64)
        frame = _framed(X)
        self._check(frame, outcome, treated)
        self.feature_names_in_ = np.asarray(frame.columns, dtype=object)
        self.n_features_in_ = frame.shape[1]
        self.binary_ = bool(np.isin(outcome, (0.0, 1.0)).all())
        self.effect_ = mean_difference(outcome[treated == 1], outcome[treated == 0])
        self.encoder_ = _encoder(frame).fit(frame)
        features = np.asarray(self.encoder_.transform(frame), dtype=np.float64)
        self.learner_, self.slope_, self.centre_ = self._choose(features, outcome, treated)
        self.model_ = self._learner(self.learner_).fit(features, outcome, treated)
        parameters: Any = getattr(self.model_, "freedom_", features.shape[1])
        self.freedom_ = float(parameters)
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
        if not hasattr(self, "model_"):
            raise NotFittedError("this UpliftModel is not fitted; call fit on past contacts first")
        frame = _framed(X)
        require(frame, *map(str, self.feature_names_in_))
        features = self.encoder_.transform(frame[list(self.feature_names_in_)])
        raw = self.model_.predict(np.asarray(features, dtype=np.float64))
        return np.asarray(self.centre_ + self.slope_ * (raw - self.centre_), dtype=np.float64)

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

    def _choose(
        self, features: Floats, outcome: Floats, treated: Floats
    ) -> tuple[str, float, float]:
        """Settle the learner, and how far its predictions are trusted."""
        centre = self.effect_.estimate
        if self.learner == "shrunken":
            return "shrunken", 1.0, centre
        residual, centred = _residuals(features, outcome, treated, self._folds(outcome, treated))
        names = ("shrunken", "boosted") if self.learner == "auto" else (self.learner,)
        losses, slopes = {}, {}
        for name in names:
            predicted = self._crossfit(name, features, outcome, treated)
            slopes[name] = _trust(residual, centred, predicted, centre)
            shrunk = centre + slopes[name] * (predicted - centre)
            losses[name] = (residual - centred * shrunk) ** 2
        if len(names) == 1:
            return names[0], slopes[names[0]], centre
        gain = losses["shrunken"] - losses["boosted"]
        clear = gain.mean() > gain.std(ddof=1) / np.sqrt(len(gain))
        return ("boosted", slopes["boosted"], centre) if clear else ("shrunken", 1.0, centre)

    def _folds(self, outcome: Floats, treated: Floats) -> list[tuple[Any, Any]]:
        splitter = StratifiedKFold(self.folds, shuffle=True, random_state=self.random_state)
        return list(splitter.split(treated, treated))

    def _crossfit(self, name: str, features: Floats, outcome: Floats, treated: Floats) -> Floats:
        predicted = np.empty(len(outcome))
        for train, test in self._folds(outcome, treated):
            model = self._learner(name).fit(features[train], outcome[train], treated[train])
            predicted[test] = model.predict(features[test])
        return predicted

    def _learner(self, name: str) -> BaseEstimator:
        if name == "shrunken":
            return ShrunkenInteractions()
        if name == "boosted":
            return TwoModels(boosted_estimator(self.binary_))
        if name == "two_model":
            return TwoModels(self.estimator or plain_estimator(self.binary_))
        if name == "class_transformation":
            return ClassTransformation(self.estimator or plain_estimator(True))
        return TransformedOutcome(self.estimator or plain_estimator(False))


def _residuals(
    features: Floats, outcome: Floats, treated: Floats, folds: list[tuple[Any, Any]]
) -> tuple[Floats, Floats]:
    """Take out of the outcome what the features explain, cross-fitted (Nie and Wager 2021)."""
    explained = np.empty(len(outcome))
    for train, test in folds:
        explained[test] = (
            plain_estimator(False).fit(features[train], outcome[train]).predict(features[test])
        )
    return outcome - explained, treated - treated.mean()


def _trust(residual: Floats, centred: Floats, predicted: Floats, centre: float) -> float:
    """Find how far predictions agree with the residuals, from little to fully."""
    apart = centred * (predicted - centre)
    strength = float((apart**2).sum())
    if strength == 0:
        return 1.0
    slope = float((apart * (residual - centred * centre)).sum()) / strength
    # Above 0, so that the order of the customers is kept even where it is worth little.
    return min(max(slope, 0.01), 1.0)


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
