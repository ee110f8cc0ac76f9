"""Why a text has its scores: phrases of the original text, and what each adds to each logit.

A logit is a sum of parts, one a word (`network`) or one a feature (`features`), plus a bias. Words
are merged into the phrases that a person would mark; the sum stays exact.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from detractor.artifact import load
from detractor.characters import character_span
from detractor.cleaning import clean
from detractor.markup import LEFT, Html, marked, percent, table
from detractor.model import FeedbackModel
from detractor.network import read_parts
from detractor.schema import HEADS
from detractor.sentences import split_clauses

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pandas as pd
    from numpy.typing import NDArray

    from detractor.model import Linear

MAIN_PHRASES = 3
_WEAK_SHARE = 0.25  # of the strongest word: a weaker one does not break a phrase
_WORTH_SHOWING = 0.15  # of a logit: less moves a probability by under 4 points


@dataclass(frozen=True)
class Phrase:
    """A span of the original text and what it adds to the logit of each head.

    Parameters
    ----------
    start, end : int
        Span in characters of the text as it was given.
    text : str
        The characters of the span.
    detractor, anger, churn_risk : float
        What it adds to the calibrated logits; negative where it lowers the probability.
    """

    start: int
    end: int
    text: str
    detractor: float
    anger: float
    churn_risk: float

    @property
    def weight(self) -> float:
        """The largest of the three, whatever its sign."""
        return max(abs(self.detractor), abs(self.anger), abs(self.churn_risk))


def word_contributions(
    text: str, model: FeedbackModel
) -> tuple[list[tuple[int, int]], NDArray[np.float64], NDArray[np.float64]]:
    """Give the span of each word, what it adds to each calibrated logit, and the bias.

    The contributions and the bias sum to the calibrated logit of each head. A word that both the
    reader and the linear weights speak of appears twice, with the same span.
    """
    cleaned = clean(text)
    slopes, intercepts = model.calibration.slopes, model.calibration.intercepts
    spans: list[tuple[int, int]] = []
    parts = np.zeros((0, len(HEADS)))
    bias = np.zeros(len(HEADS))
    if model.reader is not None:
        found = read_parts(cleaned.text, model.reader.lexicon, model.reader.network)
        spans = list(zip(found.starts.tolist(), found.ends.tolist(), strict=True))
        parts, bias = found.contributions.astype(np.float64), found.bias.astype(np.float64)
    if model.linear is not None:
        more, added = _linear_parts(cleaned.text, model.linear)
        spans += more
        parts = np.concatenate([parts * model.linear.blend, added])
        bias = bias * model.linear.blend + model.linear.intercepts
    order = sorted(range(len(spans)), key=spans.__getitem__)
    places = [cleaned.original_span(*character_span(cleaned.text, *spans[row])) for row in order]
    return places, parts[order] * slopes, bias * slopes + intercepts


def _linear_parts(text: str, linear: Linear) -> tuple[list[tuple[int, int]], NDArray[np.float64]]:
    """Say what each word adds through the hashed features; a pair belongs to its second word."""
    features = importlib.import_module("detractor.features")
    columns, owners, spans = features.feature_owners(text, linear.weights.shape[0])
    _, counts = np.unique(columns, return_counts=True)
    length = np.sqrt(max(float((counts.astype(float) ** 2).sum()), 1.0))
    parts = np.zeros((len(spans), len(HEADS)))
    np.add.at(parts, owners, linear.weights[columns] / length)
    return spans, parts


def explain_text(text: str, model: FeedbackModel) -> tuple[list[Phrase], NDArray[np.float64]]:
    """List the phrases of a text in order, and the bias: together they sum to the logits.

    A phrase is a run of words of one clause whose contributions point the same way.
    """
    spans, parts, bias = word_contributions(text, model)
    if not spans:
        return [], bias
    clauses = np.array([start for start, _ in split_clauses(text)] or [0])
    clause = np.searchsorted(clauses, [start for start, _ in spans], side="right")
    direction = np.sign(parts[:, 0] + parts[:, 1] + parts[:, 2])
    strengths = np.abs(parts).max(axis=1)
    weak = strengths < _WEAK_SHARE * strengths.max()
    phrases: list[Phrase] = []
    first = 0
    for index in range(1, len(spans) + 1):
        ends = index == len(spans) or clause[index] != clause[first]
        if not ends:
            turns = direction[index] != direction[first] and not weak[index]
            ends = bool(turns)
        if ends:
            start, end = spans[first][0], spans[index - 1][1]
            sums = [float(value) for value in parts[first:index].sum(axis=0)]
            phrases.append(Phrase(start, end, text[start:end], *sums))
            first = index
    return phrases, bias


def main_phrases(text: str, model: FeedbackModel) -> tuple[Phrase, ...]:
    """Pick the two or three phrases that moved the scores most, in the order of the text."""
    phrases, _ = explain_text(text, model)
    strongest = sorted(phrases, key=lambda phrase: (-phrase.weight, phrase.start))[:MAIN_PHRASES]
    shown = [phrase for phrase in strongest if phrase.weight >= _WORTH_SHOWING]
    return tuple(sorted(shown, key=lambda phrase: phrase.start))


@dataclass(frozen=True)
class Explanation:
    """Why one text has its probabilities.

    Parameters
    ----------
    text : str
        The text as it was given.
    probabilities : mapping
        Head to probability.
    bias : mapping
        Head to what the logit would be without a word.
    phrases : tuple of Phrase
        In the order of the text; for each head their parts and the bias sum to its logit.
    """

    text: str
    probabilities: Mapping[str, float]
    bias: Mapping[str, float]
    phrases: tuple[Phrase, ...]

    def to_frame(self) -> pd.DataFrame:
        """List the phrases, one a row."""
        pandas = importlib.import_module("pandas")
        names = ("start", "end", "text", *HEADS)
        rows = [[getattr(phrase, name) for name in names] for phrase in self.phrases]
        frame: pd.DataFrame = pandas.DataFrame(rows, columns=list(names))
        return frame

    def _repr_html_(self) -> str:
        rows = [
            [f"{head.replace('_', ' ')} {percent(self.probabilities[head])}", self._marked(head)]
            for head in HEADS
        ]
        return table(["probability", "raised by solid, lowered by dotted lines"], rows, style=LEFT)

    def _marked(self, head: str) -> Html:
        spans = [
            (phrase.start, phrase.end, _mark(getattr(phrase, head))) for phrase in self.phrases
        ]
        return marked(self.text, spans)


def _mark(weight: float) -> dict[str, object]:
    """Tint and underline by direction; the line says it also to those who see no colour."""
    colour, line = ("213,94,0", "solid") if weight > 0 else ("0,114,178", "dotted")
    strength = min(abs(weight) / 3, 0.6)
    style = f"color:inherit;background:rgba({colour},{strength:.2f})"
    if abs(weight) >= _WORTH_SHOWING:
        style += f";border-bottom:2px {line} rgb({colour})"
    return {"style": style, "title": f"{weight:+.2f}"}


def explain(text: str, *, model: str | Path | FeedbackModel | None = None) -> Explanation:
    """Say which phrases of a text give it its scores.

    Parameters
    ----------
    text : str
    model : str, Path or FeedbackModel, optional
        The default model otherwise.

    Returns
    -------
    Explanation
        Phrases with spans of the original text. Their parts and the bias sum to the calibrated
        logit of each head. `churn_risk` is the intent that the text states or clearly implies, not
        a forecast of behaviour.

    Examples
    --------
    >>> why = explain("Nice shop, but I am cancelling my account.")
    >>> strongest = max(why.phrases, key=lambda phrase: phrase.churn_risk)
    >>> "cancelling" in strongest.text
    True
    """
    chosen = model if isinstance(model, FeedbackModel) else load(model)
    phrases, bias = explain_text(text, chosen)
    probabilities = chosen.predict_proba([clean(text).text]).iloc[0]
    return Explanation(
        text,
        {head: float(probabilities[head]) for head in HEADS},
        dict(zip(HEADS, bias.tolist(), strict=True)),
        tuple(phrases),
    )
