"""A model as plain arrays: texts in, calibrated probabilities out. Light to import.

A `FeedbackModel` is what `DetractorClassifier.fit` learns and what a model file holds. Its logit
for a head is the sum of what the compiled reader says (`network`, where there is one) and what the
hashed features say (`linear`, where there is one).
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from detractor.calibration import Calibration, fit_calibration, logistic
from detractor.markup import LEFT, element, table
from detractor.network import Lexicon, Network, align, build_lexicon, read_texts
from detractor.schema import HEADS
from detractor.vocabulary import KnownWords

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    from numpy.typing import NDArray


class CompiledReader(NamedTuple):
    """The compiled network and the words it knows."""

    words: KnownWords
    network: Network
    lexicon: Lexicon


class Linear(NamedTuple):
    """One weight a hashed feature and head."""

    weights: NDArray[np.float32]  # (n_features, 3)
    intercepts: NDArray[np.float64]  # (3,)
    blend: NDArray[np.float64]  # (3,): what the reader's logit is multiplied with


def build_reader(words: KnownWords, network: Network) -> CompiledReader:
    """Join a network with the words it knows."""
    return CompiledReader(words, align(network), build_lexicon(words))


@dataclass(frozen=True, kw_only=True, eq=False)
class FeedbackModel:
    """A fitted model: arrays, and a header that says where they come from.

    Parameters
    ----------
    calibration : Calibration
        From logits to probabilities.
    reader : CompiledReader, optional
        The compiled network.
    linear : Linear, optional
        Weights of the hashed features.
    header : mapping
        What the model saw, its licences and its figures: plain JSON values.

    Examples
    --------
    >>> from detractor.artifact import load
    >>> model = load()
    >>> model.predict_proba(["Great service.", "I want to cancel."]).shape
    (2, 3)
    """

    calibration: Calibration
    reader: CompiledReader | None = None
    linear: Linear | None = None
    header: Mapping[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        told = [repr(self.header["name"])] if "name" in self.header else []
        told += ["reader"] if self.reader is not None else []
        told += [f"{self.linear.weights.shape[0]:,} features"] if self.linear is not None else []
        return f"FeedbackModel({', '.join(told)})"

    def _repr_html_(self) -> str:
        metrics = self.header.get("metrics", {})
        measured = {title: m["auc"] for title, m in metrics.items() if "auc" in m}
        rows = [[title, f"{auc:.3f}"] for title, auc in measured.items()]
        figures = table(["measured", "area under the curve"], rows, style=LEFT) if rows else ""
        return element("div", element("p", repr(self)), figures)

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the probabilities, in order."""
        return HEADS

    def logits(self, texts: Sequence[str]) -> tuple[NDArray[np.float64], NDArray[np.int32] | None]:
        """Compute raw logits, shape (n, 3), and the reader's counts of words where there is one."""
        total = np.zeros((len(texts), len(HEADS)))
        counts = None
        if self.reader is not None:
            reading = read_texts(texts, self.reader.lexicon, self.reader.network)
            total += reading.logits
            counts = reading.counts
        if self.linear is not None:
            features = importlib.import_module("detractor.features")
            n_features = self.linear.weights.shape[0]
            matrix = features.FeedbackFeatures(n_features=n_features).transform(list(texts))
            total = total * self.linear.blend + matrix @ self.linear.weights
            total += self.linear.intercepts
        return total, counts

    def calibrated(self, logits: NDArray[np.float64]) -> NDArray[np.float64]:
        """Turn raw logits into probabilities."""
        return logistic(self.calibration.scale(logits))

    def predict_proba(self, texts: Sequence[str]) -> pd.DataFrame:
        """Give the three probabilities of each text.

        Parameters
        ----------
        texts : sequence of str

        Returns
        -------
        pandas.DataFrame, shape (n, 3)
            Columns `detractor`, `anger` and `churn_risk`. `churn_risk` is the intent to leave that
            the text states or clearly implies, not a forecast of behaviour.
        """
        pandas = importlib.import_module("pandas")
        frame: pd.DataFrame = pandas.DataFrame(
            self.calibrated(self.logits(list(texts))[0]), columns=list(HEADS)
        )
        return frame

    def calibrate(self, texts: Sequence[str], labels: pd.DataFrame) -> FeedbackModel:
        """Fit the calibration anew on a small labelled sample; the ranking of texts stays.

        Parameters
        ----------
        texts : sequence of str
        labels : pandas.DataFrame
            Any of the columns `detractor`, `anger`, `churn_risk`; 0 or 1, NaN where unknown.

        Returns
        -------
        FeedbackModel
            A new model; this one is unchanged. A head without labels keeps its calibration.
        """
        logits, _ = self.logits(list(texts))
        slopes, intercepts = self.calibration.slopes.copy(), self.calibration.intercepts.copy()
        for head, name in enumerate(HEADS):
            if name in labels:
                known = labels[name].to_numpy(dtype=float)
                started = logits[:, head] * slopes[head] + intercepts[head]
                slope, intercept = fit_calibration(started, known)
                slopes[head] *= slope
                intercepts[head] = intercepts[head] * slope + intercept
        return replace(self, calibration=Calibration(slopes, intercepts))
