"""Rows that look mislabelled: a model that never saw their label is sure of the other one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pandas as pd

from detractor.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import ArrayLike, NDArray


class Learner(Protocol):
    """What is fitted on each fold: `DetractorClassifier`, or anything of its form."""

    def fit(self, texts: list[str], labels: pd.DataFrame, /) -> Any:  # noqa: ANN401
        """Learn from texts and labels (columns of `HEADS`, NaN where unknown)."""
        ...  # pragma: no cover

    def predict_proba(self, texts: list[str], /) -> pd.DataFrame:
        """Give the probabilities of the heads, one row a text."""
        ...  # pragma: no cover


def out_of_fold(
    make: Callable[[], Learner],
    texts: Sequence[str],
    labels: pd.DataFrame,
    *,
    groups: Sequence[object] | None = None,
    folds: int = 5,
    seed: int = 0,
) -> pd.DataFrame:
    """Give each text the probabilities of a model that has not seen it.

    Parameters
    ----------
    make : callable
        Makes an unfitted learner; called once a fold.
    labels : DataFrame
        Columns of `HEADS`, one row a text, NaN where unknown.
    groups : sequence, optional
        Texts of one group stay together (a customer, a source). With at most `folds` groups, each
        group is a fold of its own.
    folds : int
        At least 2.
    seed : int
        Of the assignment to folds.

    Returns
    -------
    DataFrame
        Indexed as `labels`, with its columns.

    Raises
    ------
    ParameterError
        If lengths differ, or there are too few folds, texts or groups.

    Examples
    --------
    >>> class Share:
    ...     def fit(self, texts, labels):
    ...         self.mean = labels.mean()
    ...         return self
    ...     def predict_proba(self, texts):
    ...         return pd.DataFrame([self.mean] * len(texts))
    >>> out_of_fold(Share, ["a", "b"], pd.DataFrame({"anger": [1.0, 0.0]}), folds=2)
       anger
    0    0.0
    1    1.0
    """
    if len(texts) != len(labels):
        raise ParameterError(f"{len(texts)} texts for {len(labels)} rows of labels; give one each")
    fold = _assign(len(texts) if groups is None else list(groups), folds, seed)
    if len(fold) != len(texts):
        raise ParameterError(f"{len(fold)} groups for {len(texts)} texts; give one each")
    lines = np.array(list(texts), dtype=object)
    result = pd.DataFrame(np.nan, index=labels.index, columns=labels.columns)
    for held in np.unique(fold):
        train, test = np.flatnonzero(fold != held), np.flatnonzero(fold == held)
        model = make()
        model.fit(lines[train].tolist(), labels.iloc[train])
        given = model.predict_proba(lines[test].tolist())
        result.iloc[test] = given[list(labels.columns)].to_numpy("float64")
    return result


def find_mislabelled(
    truth: ArrayLike, probabilities: ArrayLike, *, index: pd.Index | None = None
) -> pd.DataFrame:
    """List the rows whose label a model that never saw it confidently contradicts.

    A row counts when its probability is beyond the average of the rows that carry the other label
    (the rule of confident learning: Northcutt, Jiang and Chuang, JAIR 2021), so it holds on
    unbalanced and badly calibrated data too. A person decides; nothing is relabelled.

    Parameters
    ----------
    truth : array of 0, 1 or NaN
    probabilities : array of float
        From `out_of_fold`; of a model that has seen the labels they say nothing.
    index : Index, optional
        Of the result; positions by default.

    Returns
    -------
    DataFrame
        `label`, `probability`, `doubt` (how far beyond that average), most doubtful first.

    Raises
    ------
    ParameterError
        If the lengths differ.

    Examples
    --------
    >>> find_mislabelled([0, 0, 0, 1, 1, 0], [0.1, 0.2, 0.1, 0.8, 0.9, 0.95])
       label  probability  doubt
    5    0.0         0.95    0.1
    """
    y = np.asarray(truth, dtype="float64")
    p = np.asarray(probabilities, dtype="float64")
    if y.shape != p.shape:
        raise ParameterError(f"{y.shape} labels for {p.shape} probabilities; give one each")
    doubt = np.where(y == 0, p - _average(p[y == 1]), _average(p[y == 0]) - p)
    table = pd.DataFrame({"label": y, "probability": p, "doubt": doubt.round(12)}, index=index)
    return table[table["doubt"] > 0].sort_values("doubt", ascending=False, kind="stable")


def _average(values: NDArray[np.float64]) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")


def _assign(groups: int | list[object], folds: int, seed: int) -> NDArray[np.int64]:
    codes = np.arange(groups) if isinstance(groups, int) else pd.factorize(pd.Series(groups))[0]
    count = int(codes.max(initial=-1)) + 1
    if folds < 2 or count < 2:
        raise ParameterError(
            f"{folds} folds over {count} groups or texts; there must be two of each"
        )
    if count <= folds:
        return codes.astype(np.int64)
    # the largest groups first, each to the fold that is smallest so far
    sizes = np.bincount(codes)
    order = np.random.default_rng(seed).permutation(count)
    order = order[np.argsort(-sizes[order], kind="stable")]
    filled, place = np.zeros(folds, dtype=np.int64), np.zeros(count, dtype=np.int64)
    for group in order:
        place[group] = int(filled.argmin())
        filled[place[group]] += sizes[group]
    return place[codes]
