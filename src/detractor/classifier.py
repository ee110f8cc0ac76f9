"""`DetractorClassifier`: learn the three heads from labelled texts, in scikit-learn manners."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, KFold

from detractor.artifact import save as save_model
from detractor.calibration import Calibration, fit_calibration
from detractor.errors import NotFittedError, ParameterError, SchemaError
from detractor.features import FeedbackFeatures
from detractor.model import FeedbackModel, Linear
from detractor.schema import HEADS
from detractor.text import coerce

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

MINIMUM_PER_CLASS = 5
"""Labels of each kind below which a head is not learned (assumption)."""


class DetractorClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Linear heads over hashed features, calibrated on texts that the fit has not seen.

    Parameters
    ----------
    base : FeedbackModel, optional
        A model to build on, such as ``detractor.load()``: the heads then learn what to add to its
        logits, and a head without labels stays as it is.
    C : float
        Inverse strength of the penalty on the weights.
    n_features : int
        Columns of hashed features, a power of two.
    folds : int
        Parts for calibration: each is scored by a fit on the others.
    seed : int
        For the order of the folds.

    Attributes
    ----------
    model_ : FeedbackModel
        What was learned.
    classes_ : ndarray
        The names of the three heads.

    Examples
    --------
    >>> texts = ["great, thank you", "awful, I am leaving"] * 20
    >>> labels = pd.DataFrame({"detractor": [0, 1] * 20})
    >>> model = DetractorClassifier().fit(texts, labels)
    >>> bool(model.predict_proba(["awful"])["detractor"].item() > 0.5)
    True
    """

    def __init__(
        self,
        *,
        base: FeedbackModel | None = None,
        C: float = 4.0,
        n_features: int = 2**18,
        folds: int = 5,
        seed: int = 0,
    ) -> None:
        self.base = base
        self.C = C
        self.n_features = n_features
        self.folds = folds
        self.seed = seed

    def fit(self, texts: object, labels: object, *, groups: object = None) -> Self:
        """Learn from labelled texts.

        Parameters
        ----------
        texts : list, array or Series of n texts
        labels : DataFrame, or array-like of shape (n,) or (n, 3)
            Columns `detractor`, `anger`, `churn_risk`, any of them; 0 or 1, NaN where unknown. A
            single column without a name is `detractor`.
        groups : array-like of shape (n,), optional
            The source of each text: calibration then uses only sources that the fit has not seen.

        Returns
        -------
        DetractorClassifier
            Itself.

        Raises
        ------
        SchemaError
            If the labels have no known column, other values than 0, 1 and NaN, or another length.
        ParameterError
            If no head has enough labels, or a parameter is outside its range.
        """
        self._check_parameters()
        rows = coerce(texts).texts
        table = _read_labels(labels, len(rows))
        matrix = FeedbackFeatures(n_features=self.n_features).transform(rows)
        # The penalty keeps columns that nothing uses at 0, so they are left out; one has to stay.
        used = np.unique(np.append(matrix.indices, 0))
        matrix = matrix[:, used]
        base = self.base.logits(rows)[0] if self.base is not None else None
        parts = None if groups is None else np.asarray(groups)
        weights = np.zeros((self.n_features, len(HEADS)), dtype=np.float32)
        intercepts, blend = np.zeros(len(HEADS)), np.ones(len(HEADS))
        slopes, shifts = np.ones(len(HEADS)), np.zeros(len(HEADS))
        if self.base is not None:
            slopes = self.base.calibration.slopes.copy()
            shifts = self.base.calibration.intercepts.copy()
        learned = []
        for head, name in enumerate(HEADS):
            known = np.flatnonzero(np.isfinite(table[:, head]))
            target = table[known, head]
            if min((target == 0).sum(), (target == 1).sum()) < MINIMUM_PER_CLASS:
                continue
            column = None if base is None else base[known, head]
            inputs = _with_base(matrix[known], column)
            held = self._held_out(inputs, target, None if parts is None else parts[known])
            fitted = self._head().fit(inputs, target)
            weights[used, head] = fitted.coef_[0, : len(used)]
            if column is not None:
                blend[head] = fitted.coef_[0, len(used)]
            intercepts[head] = fitted.intercept_[0]
            slopes[head], shifts[head] = fit_calibration(held, target)
            learned.append(name)
        if not learned:
            raise ParameterError(
                f"no head has {MINIMUM_PER_CLASS} labels of each kind; label more texts"
            )
        self.model_ = FeedbackModel(
            calibration=Calibration(slopes, shifts),
            reader=None if self.base is None else self.base.reader,
            linear=_on_top(self.base, Linear(weights, intercepts, blend)),
            header=self._header(table, learned),
        )
        self.classes_ = np.array(HEADS)
        return self

    def predict_proba(self, texts: object) -> pd.DataFrame:
        """Give the three probabilities of each text, with the index of the input.

        Returns
        -------
        pandas.DataFrame, shape (n, 3)
            Columns `detractor`, `anger`, `churn_risk`, 0 to 1. `churn_risk` is the intent to leave
            that the text states or clearly implies, not a forecast of behaviour.

        Raises
        ------
        NotFittedError
            Before `fit`.
        """
        batch = coerce(texts)
        table = self._fitted().predict_proba(batch.texts)
        return table if batch.index is None else table.set_axis(batch.index, axis=0)

    def predict(self, texts: object) -> pd.DataFrame:
        """Say for each text and head whether its probability is at least a half."""
        return self.predict_proba(texts) >= 0.5

    def save(self, path: str | Path) -> None:
        """Write the model to a file that ``detractor.load`` reads without running anything."""
        save_model(self._fitted(), path)

    def _fitted(self) -> FeedbackModel:
        model = getattr(self, "model_", None)
        if model is None:
            raise NotFittedError("this DetractorClassifier has learned nothing yet; call fit first")
        return model  # type: ignore[no-any-return]

    def _head(self) -> LogisticRegression:
        return LogisticRegression(C=self.C, max_iter=300, tol=1e-4)

    def _held_out(
        self, inputs: sparse.csr_matrix, target: NDArray[np.float64], groups: NDArray[Any] | None
    ) -> NDArray[np.float64]:
        """Score each part by a fit on the others; NaN where that cannot be."""
        held = np.full(target.size, np.nan)
        if groups is not None and len(np.unique(groups)) > 1:
            splitter: Any = GroupKFold(n_splits=min(self.folds, len(np.unique(groups))))
        else:
            splitter = KFold(n_splits=self.folds, shuffle=True, random_state=self.seed)
        for train, test in splitter.split(inputs, groups=groups):
            if np.unique(target[train]).size == 2:
                fitted = clone(self._head()).fit(inputs[train], target[train])
                held[test] = fitted.decision_function(inputs[test])
        return held

    def _header(self, table: NDArray[np.float64], learned: list[str]) -> dict[str, Any]:
        counts = {
            name: {"labels": int(np.isfinite(column).sum()), "positive": int(np.nansum(column))}
            for name, column in zip(HEADS, table.T, strict=True)
        }
        base = dict(self.base.header) if self.base is not None else None
        parameters = {key: value for key, value in self.get_params().items() if key != "base"}
        return {
            "name": "own labels", "learned": learned, "labels": counts,
            "parameters": parameters, "base": base,
        }  # fmt: skip

    def _check_parameters(self) -> None:
        if not self.C > 0:
            raise ParameterError(f"C={self.C!r} is not above 0; try 4.0")
        if self.folds < 2:
            raise ParameterError(f"folds={self.folds!r} is below 2; try 5")
        FeedbackFeatures(n_features=self.n_features).fit(None)

    def __sklearn_tags__(self) -> Any:  # noqa: ANN401, scikit-learn's own class
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        return tags


def _read_labels(labels: object, n: int) -> NDArray[np.float64]:
    """Put labels of any form into one array of shape (n, 3)."""
    table = np.full((n, len(HEADS)), np.nan)
    if isinstance(labels, pd.DataFrame):
        names = [name for name in HEADS if name in labels.columns]
        given = labels[names].to_numpy(dtype=float, na_value=np.nan)
    else:
        given = np.asarray(labels, dtype=float)
        given = given.reshape(-1, 1) if given.ndim < 2 else given
        names = list(HEADS[: given.shape[1]])
    if not names or given.ndim != 2 or given.shape[1] > len(HEADS):
        raise SchemaError(f"labels need at least one of the columns {', '.join(HEADS)}")
    if given.shape[0] != n:
        raise SchemaError(f"{given.shape[0]} rows of labels for {n} texts; give one row a text")
    wrong = given[np.isfinite(given) & (given != 0) & (given != 1)]
    if wrong.size:
        raise SchemaError(f"label {wrong[0]:g} is neither 0, 1 nor missing; make labels binary")
    for column, name in enumerate(names):
        table[:, HEADS.index(name)] = given[:, column]
    return table


def _with_base(matrix: sparse.csr_matrix, logits: NDArray[np.float64] | None) -> Any:  # noqa: ANN401, scipy's stubs lag
    if logits is None:
        return matrix
    return sparse.hstack([matrix, sparse.csr_matrix(logits[:, None])], format="csr")


def _on_top(base: FeedbackModel | None, linear: Linear) -> Linear:
    """Add new linear weights to those that the base has already."""
    if base is None or base.linear is None:
        return linear
    old = base.linear
    if old.weights.shape != linear.weights.shape:
        raise ParameterError(
            f"the base has {old.weights.shape[0]} features, this estimator "
            f"{linear.weights.shape[0]}; set n_features={old.weights.shape[0]}"
        )
    return Linear(
        (old.weights * linear.blend + linear.weights).astype(np.float32),
        old.intercepts * linear.blend + linear.intercepts,
        old.blend * linear.blend,
    )
